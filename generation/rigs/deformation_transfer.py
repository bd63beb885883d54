"""Deformation transfer (Sumner & Popovic 2004): the expressions of one face on another of any topology, no training.

A triangle of the target turns, stretches and shears under a unit as the triangle at the same place of the source does,
and the Poisson solve of `neural.poisson` makes a surface of it. Places are matched
by landmarks (a thin-plate spline), then by the nearest triangle that faces the same way.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.interpolate import RBFInterpolator
from scipy.spatial import cKDTree

from dataset_script.errors import InvalidInput

from ..geometry.checks import check_surface
from .neural.model import still
from .neural.poisson import PoissonSolver
from .neural.rig import BoundFace

FACING_MM = 20.0
"""Two triangles whose normals are at a right angle count as this times the square root of two apart."""


@dataclass(frozen=True)
class SourceFace:
    """A face whose expressions are known; millimetres in the head frame.

    Attributes:
        neutral: (N, 3).
        triangles: (T, 3).
        channels: (21, N, 3) displacements of `neural.channels.CHANNELS` at full share.
        landmarks: (L, 3) of the neutral.
    """

    neutral: np.ndarray
    triangles: np.ndarray
    channels: np.ndarray
    landmarks: np.ndarray


class DeformationTransfer:
    """Binds faces to the expressions of a source face, as `neural.rig.NeuralRig` binds them to a network."""

    def __init__(self, source: SourceFace) -> None:
        self._source = source
        gradients = deformation_gradients(source.neutral, source.channels, source.triangles)
        self._deltas = gradients - np.eye(3)  # (C, T, 3, 3)

    def bind(self, vertices: np.ndarray, faces: np.ndarray, landmarks: np.ndarray) -> BoundFace:
        """The face of V vertices with all channels of the source.

        Args:
            landmarks: (L, 3) the same ones as the source's, in the same order.

        Raises:
            InvalidInput: a surface that `check_surface` refuses, or other landmarks than the source's.
        """
        vertices, faces = check_surface(vertices, faces)
        match = self.corresponding(vertices, faces, landmarks)
        solver = PoissonSolver(vertices, faces, still(vertices) * _vertex_areas(vertices, faces))
        moved = solver.displacements(torch.from_numpy(self._deltas[:, match]))
        return BoundFace(vertices, moved.numpy())

    def corresponding(self, vertices: np.ndarray, faces: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """(F,) triangle of the source for every triangle of the target."""
        source, landmarks = self._source, np.asarray(landmarks, np.float64)
        if landmarks.shape != source.landmarks.shape or not np.isfinite(landmarks).all():
            raise InvalidInput(
                f"landmarks has shape {landmarks.shape}; allowed is the source's, {source.landmarks.shape}, finite"
            )
        warp = RBFInterpolator(source.landmarks, landmarks - source.landmarks, kernel="thin_plate_spline")
        warped = source.neutral + warp(source.neutral)
        tree = cKDTree(_places(warped, source.triangles))
        return tree.query(_places(vertices, faces))[1]


def deformation_gradients(neutral: np.ndarray, displacements: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(C, T, 3, 3) maps of each triangle's edges and unit normal to those after the displacements (C, N, 3)."""
    before = _frames(neutral[triangles])
    after = _frames((neutral + displacements)[:, triangles])
    return after @ np.linalg.inv(before)


def _frames(corners: np.ndarray) -> np.ndarray:
    """(..., 3, 3) columns: two edges and the unit normal of triangles (..., 3 corners, 3)."""
    first, second = corners[..., 1, :] - corners[..., 0, :], corners[..., 2, :] - corners[..., 0, :]
    normal = np.cross(first, second)
    normal = normal / np.linalg.norm(normal, axis=-1, keepdims=True)
    return np.stack([first, second, normal], axis=-1)


def _places(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(T, 6) mm: the centroid of each triangle, and its normal in FACING_MM."""
    corners = vertices[triangles]
    return np.concatenate([corners.mean(axis=1), FACING_MM * _frames(corners)[..., 2]], axis=1)


def _vertex_areas(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    corners = vertices[faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 6
    return np.bincount(faces.ravel(), np.repeat(area, 3), len(vertices))
