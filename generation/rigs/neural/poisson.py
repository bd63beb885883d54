"""From per-triangle Jacobians to vertices: the Poisson solve of Neural Jacobian Fields, with its gradient.

A Jacobian J (3, 3) says how a triangle's neighbourhood moves: J[c, d] is the change of coordinate c of the deformed
surface along axis d of the neutral one. Only its part in the triangle's plane matters. The vertices are those whose
own Jacobians are nearest to the wanted ones in the area-weighted least-squares sense.

Integrated over the length of a head, small errors of Jacobians add up to large ones of vertices. The screened solve
therefore also takes a guess of the displacements themselves, and minimises

    sum over triangles of area |grad u - (J - I)|^2 + sum over vertices of mass |u - guess|^2 / screen^2:

detail finer than `screen` comes from the Jacobians, everything coarser from the guess.
"""

import numpy as np
import torch
from scipy import sparse

from dataset_script.errors import InvalidInput

from ...geometry.solvers import factorise
from .operators import face_gradients, torch_sparse

MOST_RIGHT_SIDES = 96
"""Right-hand sides of one call of the solver; CUDA takes at most 128, and more at once is no faster on a CPU."""


class PoissonSolver:
    """The factor of one surface; made once, then any number of batches. All integrals are computed in float64.

    Jacobians alone fix a surface up to a translation. It is chosen so that the mean displacement from the neutral,
    weighted by `anchor`, is zero: `anchor` is high where nothing moves, as at the back of the head. With a screen the
    guess fixes the translation, and `anchor` is not used.
    """

    def __init__(
        self,
        vertices: np.ndarray,
        faces: np.ndarray,
        anchor: np.ndarray | None = None,
        screen: float | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        """The solver of a surface that `check_surface` accepts.

        Args:
            vertices, faces: (V, 3) and (F, 3).
            anchor: (V,) weights, not negative, not all zero; None for the same weight everywhere.
            screen: length in the unit of the vertices, above 0; None for the solve from Jacobians alone.
            device: of the Jacobians and the vertices.
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
        if screen is not None and not screen > 0:
            raise InvalidInput(f"screen is {screen}; allowed is above 0, or None")
        weighted = gradient.multiply(np.repeat(area, 3)[:, None]).tocsr()  # area x gradient, (3 F, V)
        laplacian = (gradient.T @ weighted).tocsr()
        # The Laplacian is singular by a constant. The right-hand sides sum to zero, so that a positive number added
        # here changes no solution: it makes the first vertex zero, and `anchor` moves the result afterwards.
        pin = sparse.csr_matrix(([laplacian.diagonal().mean()], ([0], [0])), shape=(size, size))
        self._screen = None
        if screen is not None:
            mass = np.bincount(faces.ravel(), np.repeat(area / 3, 3), size)
            self._screen = torch.from_numpy(mass / screen**2).to(device)
            pin = sparse.diags(mass / screen**2)
        self._factor = factorise(laplacian + pin, device)
        self.num_faces = len(area)
        self.vertices = torch.from_numpy(vertices).to(device)
        self._anchor = torch.from_numpy(anchor / anchor.sum()).to(device)
        self._gradient, self._weighted = (
            torch_sparse(gradient, torch.float64, device),
            torch_sparse(weighted, torch.float64, device),
        )
        self._divergence = torch_sparse(weighted.T, torch.float64, device)

    def displacements(self, deltas: torch.Tensor, guess: torch.Tensor | None = None) -> torch.Tensor:
        """(B, F, 3, 3) Jacobians less the identity -> (B, V, 3) displacements, of the type of `deltas`.

        Zeros give exactly zero. Differentiable; the gradient of the solve is another solve with the same factor.

        Args:
            guess: (B, V, 3) displacements, if and only if the solver has a screen.
        """
        if (guess is None) != (self._screen is None):
            raise InvalidInput("guess is needed by a solver with a screen, and by no other")
        if guess is not None and guess.shape != (len(deltas), len(self.vertices), 3):
            raise InvalidInput(
                f"guess has shape {tuple(guess.shape)}; allowed is ({len(deltas)}, {len(self.vertices)}, 3)"
            )
        if deltas.ndim != 4 or deltas.shape[1:] != (self.num_faces, 3, 3):
            raise InvalidInput(f"deltas has shape {tuple(deltas.shape)}; allowed is (B, {self.num_faces}, 3, 3)")
        return _Integrate.apply(deltas, guess, self)

    def positions(self, jacobians: torch.Tensor) -> torch.Tensor:
        """(B, F, 3, 3) Jacobians -> (B, V, 3) vertices."""
        eye = torch.eye(3, dtype=jacobians.dtype, device=jacobians.device)
        return self.vertices.to(jacobians) + self.displacements(jacobians - eye)

    def jacobians(self, displacements: torch.Tensor) -> torch.Tensor:
        """(B, V, 3) displacements -> (B, F, 3, 3) Jacobians less the identity, rows in the plane of the triangle."""
        rows = self._apply(self._gradient, displacements.to(torch.float64))  # (B, 3 F, 3): axis, then coordinate
        return rows.unflatten(1, (-1, 3)).transpose(2, 3).to(displacements.dtype)

    def _forward(self, deltas: torch.Tensor, guess: torch.Tensor | None) -> torch.Tensor:
        fields = deltas.to(torch.float64).transpose(2, 3).flatten(1, 2)  # (B, 3 F, 3)
        right = self._apply(self._divergence, fields)
        if guess is not None:
            return self._solve(right + self._screen[:, None] * guess.to(torch.float64))
        solution = self._solve(right)
        return solution - torch.einsum("v,bvc->bc", self._anchor, solution)[:, None]

    def _backward(self, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Gradients by the Jacobians and by the guess: the matrix is symmetric, so its transpose is itself."""
        gradient = gradient.to(torch.float64)
        if self._screen is None:
            gradient = gradient - self._anchor[None, :, None] * gradient.sum(dim=1, keepdim=True)
        solution = self._solve(gradient)
        fields = self._apply(self._weighted, solution).unflatten(1, (-1, 3)).transpose(2, 3)
        return fields, None if self._screen is None else self._screen[:, None] * solution

    def _solve(self, right: torch.Tensor) -> torch.Tensor:
        """(B, V, 3) -> (B, V, 3); without a screen vertex 0 at zero."""
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
    def forward(context, deltas: torch.Tensor, guess: torch.Tensor | None, solver: PoissonSolver) -> torch.Tensor:
        context.solver = solver
        return solver._forward(deltas, guess).to(deltas.dtype)

    @staticmethod
    def backward(context, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None, None]:
        deltas, guess = context.solver._backward(gradient)
        return deltas.to(gradient.dtype), None if guess is None else guess.to(gradient.dtype), None
