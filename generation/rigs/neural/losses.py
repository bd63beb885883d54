"""The loss of training, for a batch of B expressions of one face."""

from dataclasses import dataclass

import torch

from .data import TrainingFace

QUIET_MM = 0.3
"""Added to how far an expression moves the face (root mean square), by which its errors are divided."""


@dataclass(frozen=True)
class LossWeights:
    """Weights of the terms.

    Each term is the mean length of an error: of Jacobians (no unit), of vertices and of the vectors between touching
    rims (mm), and of unit normals. The errors of an expression are divided by how far it moves the face: otherwise the
    jaw alone would be learned, and not the lids.
    """

    jacobians: float = 10.0
    vertices: float = 1.0
    normals: float = 2.0
    contacts: float = 0.5


def losses(
    face: TrainingFace,
    gates: torch.Tensor,
    deltas: torch.Tensor,
    moved: torch.Tensor,
) -> dict[str, torch.Tensor]:
    """The terms, each a scalar.

    Args:
        gates: (B, 21).
        deltas: (B, F, 3, 3) predicted Jacobians less the identity.
        moved: (B, V, 3) mm, predicted displacements.
    """
    truth = torch.einsum("bc,cvd->bvd", gates, face.truth)
    jacobians = torch.einsum("bc,cfij->bfij", gates, face.jacobians)
    rims = torch.einsum("bc,ckd->bkd", gates, face.rim_truth)
    neutral = face.mesh.solver.vertices.to(moved)
    corner = face.weights[face.mesh.faces]
    area = corner.mean(dim=1) * (corner > 0).all(dim=1)
    share = 1 / (QUIET_MM + truth.square().sum(dim=2).mean(dim=1).sqrt())  # (B,)
    turned = _normals(neutral + moved, face.mesh.faces) - _normals(neutral + truth, face.mesh.faces)
    return {
        "jacobians": share @ (_length((deltas - jacobians).flatten(2), 1e-2) * area).mean(dim=1) / len(share),
        "vertices": share @ (_length(moved - truth, 5e-2) * face.weights).mean(dim=1) / len(share),
        "normals": share @ (_length(turned, 1e-2) * area).mean(dim=1) / len(share),
        "contacts": share
        @ _length(_between(face.rims, moved) - rims, 5e-2).sum(dim=1)
        / max(rims.shape[1], 1)
        / len(share),
    }


def total(terms: dict[str, torch.Tensor], weights: LossWeights) -> torch.Tensor:
    """The weighted sum of the terms, a scalar."""
    return sum(getattr(weights, name) * term for name, term in terms.items())


def _length(error: torch.Tensor, smooth: float) -> torch.Tensor:
    """Length along the last axis, rounded off below `smooth`."""
    return (error.square().sum(dim=-1) + smooth**2).sqrt() - smooth


def _normals(vertices: torch.Tensor, faces: torch.Tensor) -> torch.Tensor:
    """(B, F, 3) unit; a triangle of no area has the normal zero."""
    a, b, c = vertices[:, faces].unbind(dim=2)
    normal = torch.linalg.cross(b - a, c - a)
    return normal / normal.norm(dim=2, keepdim=True).clamp(min=1e-6)


def _between(rims: torch.Tensor, moved: torch.Tensor) -> torch.Tensor:
    """Sparse (K, V) times (B, V, 3) -> (B, K, 3)."""
    columns = moved.permute(1, 0, 2).flatten(1)
    return (rims @ columns).unflatten(1, (-1, 3)).transpose(0, 1)
