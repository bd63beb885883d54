"""From per-triangle Jacobians to vertices: the Poisson solve of Neural Jacobian Fields, with its gradient.

A Jacobian J (3, 3) says how a triangle's neighbourhood moves: J[c, d] is the change of coordinate c of the deformed
surface along axis d of the neutral one. Only its part in the triangle's plane matters. The vertices are those whose
own Jacobians are nearest to the wanted ones in the area-weighted least-squares sense.
"""

import numpy as np
import torch
from scipy import sparse

from dataset_script.errors import InvalidInput

from .operators import face_gradients, factorise, torch_sparse

MOST_RIGHT_SIDES = 96
"""Right-hand sides of one call of the solver; CUDA takes at most 128, and more at once is no faster on a CPU."""


class PoissonSolver:
    """The factor of one surface; made once, then any number of batches. All integrals are computed in float64.

    Jacobians fix a surface up to a translation. Here it is chosen so that the mean displacement from the neutral,
    weighted by `anchor`, is zero: hold still what does not move, such as the back of the head.
    """

    def __init__(
        self,
        vertices: np.ndarray,
        faces: np.ndarray,
        anchor: np.ndarray | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        """The solver of a surface that `check_surface` accepts.

        Args:
            vertices, faces: (V, 3) and (F, 3).
            anchor: (V,) weights, not negative, not all zero; None for the same weight everywhere.
            device: where Jacobians and vertices live.
        """
        device = torch.device(device)
        vertices = np.array(vertices, np.float64)
        gradient, area = face_gradients(vertices, faces)
        size = len(vertices)
        anchor = np.ones(size) if anchor is None else np.asarray(anchor, np.float64)
        if anchor.shape != (size,):
            raise InvalidInput(f"anchor has shape {anchor.shape}; allowed is ({size},), one weight a vertex")
        if not (np.isfinite(anchor).all() and (anchor >= 0).all() and anchor.any()):
            raise InvalidInput("anchor has weights that are negative, not finite or all zero; allowed is 0 and more")
        weighted = gradient.multiply(np.repeat(area, 3)[:, None]).tocsr()  # area x gradient, (3 F, V)
        laplacian = (gradient.T @ weighted).tocsr()
        # The Laplacian is singular by a constant. The right-hand sides sum to zero, so that a positive number added
        # here changes no solution: it makes the first vertex zero, and `anchor` moves the result afterwards.
        pin = sparse.csr_matrix(([laplacian.diagonal().mean()], ([0], [0])), shape=(size, size))
        self._factor = factorise(laplacian + pin, device)
        self.num_faces = len(area)
        self.vertices = torch.from_numpy(vertices).to(device)
        self._anchor = torch.from_numpy(anchor / anchor.sum()).to(device)
        self._gradient, self._weighted = (
            torch_sparse(gradient, torch.float64, device),
            torch_sparse(weighted, torch.float64, device),
        )
        self._divergence = torch_sparse(weighted.T, torch.float64, device)

    def displacements(self, deltas: torch.Tensor) -> torch.Tensor:
        """(B, F, 3, 3) Jacobians less the identity -> (B, V, 3) displacements, of the type of `deltas`.

        Zeros give exactly zero. Differentiable; the gradient of the solve is another solve with the same factor.
        """
        if deltas.ndim != 4 or deltas.shape[1:] != (self.num_faces, 3, 3):
            raise InvalidInput(f"deltas has shape {tuple(deltas.shape)}; allowed is (B, {self.num_faces}, 3, 3)")
        return _Integrate.apply(deltas, self)

    def positions(self, jacobians: torch.Tensor) -> torch.Tensor:
        """(B, F, 3, 3) Jacobians -> (B, V, 3) vertices."""
        eye = torch.eye(3, dtype=jacobians.dtype, device=jacobians.device)
        return self.vertices.to(jacobians) + self.displacements(jacobians - eye)

    def jacobians(self, displacements: torch.Tensor) -> torch.Tensor:
        """(B, V, 3) displacements -> (B, F, 3, 3) Jacobians less the identity, rows in the plane of the triangle."""
        rows = self._apply(self._gradient, displacements.to(torch.float64))  # (B, 3 F, 3): axis, then coordinate
        return rows.unflatten(1, (-1, 3)).transpose(2, 3).to(displacements.dtype)

    def _forward(self, deltas: torch.Tensor) -> torch.Tensor:
        fields = deltas.to(torch.float64).transpose(2, 3).flatten(1, 2)  # (B, 3 F, 3)
        solution = self._solve(self._apply(self._divergence, fields))
        return solution - torch.einsum("v,bvc->bc", self._anchor, solution)[:, None]

    def _backward(self, gradient: torch.Tensor) -> torch.Tensor:
        gradient = gradient.to(torch.float64)
        balanced = gradient - self._anchor[None, :, None] * gradient.sum(dim=1, keepdim=True)
        fields = self._apply(self._weighted, self._solve(balanced))
        return fields.unflatten(1, (-1, 3)).transpose(2, 3)

    def _solve(self, right: torch.Tensor) -> torch.Tensor:
        """(B, V, 3) -> (B, V, 3), vertex 0 at zero."""
        columns = right.permute(1, 0, 2).reshape(right.shape[1], -1)
        parts = []
        for part in columns.split(MOST_RIGHT_SIDES, dim=1):
            part = part.contiguous()
            solution = torch.zeros_like(part)
            self._factor.solve(part, solution)
            parts.append(solution)
        return torch.cat(parts, dim=1).unflatten(1, (right.shape[0], 3)).permute(1, 0, 2)

    @staticmethod
    def _apply(matrix: torch.Tensor, fields: torch.Tensor) -> torch.Tensor:
        """Sparse (M, N) times (B, N, 3) -> (B, M, 3)."""
        columns = fields.permute(1, 0, 2).reshape(fields.shape[1], -1)
        return (matrix @ columns).unflatten(1, (fields.shape[0], 3)).permute(1, 0, 2)


class _Integrate(torch.autograd.Function):
    @staticmethod
    def forward(context, deltas: torch.Tensor, solver: PoissonSolver) -> torch.Tensor:
        context.solver = solver
        return solver._forward(deltas).to(deltas.dtype)

    @staticmethod
    def backward(context, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        return context.solver._backward(gradient).to(gradient.dtype), None
