"""What training minimises, for a batch of B expressions of one face."""

from dataclasses import dataclass

import torch

from .data import TrainingFace


@dataclass(frozen=True)
class LossWeights:
    """Weights of the terms; Jacobians have no unit, vertices and contacts are in mm2, normals are 1 - cosine."""

    jacobians: float = 20.0
    vertices: float = 1.0
    normals: float = 5.0
    contacts: float = 1.0


def losses(
    face: TrainingFace, gates: torch.Tensor, deltas: torch.Tensor, moved: torch.Tensor
) -> dict[str, torch.Tensor]:
    """The terms, each a scalar.

    Args:
        gates: (B, 21).
        deltas: (B, F, 3, 3) predicted Jacobians less the identity.
        moved: (B, V, 3) mm, their displacements.
    """
    truth = torch.einsum("bc,cvd->bvd", gates, face.truth)
    jacobians = torch.einsum("bc,cfij->bfij", gates, face.jacobians)
    rims = torch.einsum("bc,ckd->bkd", gates, face.rim_truth)
    neutral = face.mesh.solver.vertices.to(moved)
    area = face.weights[face.mesh.faces].mean(dim=1)
    error = ((moved - truth) ** 2).sum(dim=2)
    cosine = (_normals(neutral + moved, face.mesh.faces) * _normals(neutral + truth, face.mesh.faces)).sum(dim=2)
    return {
        "jacobians": (((deltas - jacobians) ** 2).sum(dim=(2, 3)) * area).mean(),
        "vertices": (error * face.weights).mean(),
        "normals": ((1 - cosine) * area).mean(),
        "contacts": ((_between(face.rims, moved) - rims) ** 2).sum(dim=2).mean(),
    }


def total(terms: dict[str, torch.Tensor], weights: LossWeights) -> torch.Tensor:
    return sum(getattr(weights, name) * term for name, term in terms.items())


def _normals(vertices: torch.Tensor, faces: torch.Tensor) -> torch.Tensor:
    """(B, F, 3) unit; a triangle of no area has the normal zero."""
    a, b, c = vertices[:, faces].unbind(dim=2)
    normal = torch.linalg.cross(b - a, c - a)
    return normal / normal.norm(dim=2, keepdim=True).clamp(min=1e-6)


def _between(rims: torch.Tensor, moved: torch.Tensor) -> torch.Tensor:
    """Sparse (K, V) times (B, V, 3) -> (B, K, 3)."""
    columns = moved.permute(1, 0, 2).flatten(1)
    return (rims @ columns).unflatten(1, (-1, 3)).transpose(0, 1)
