"""What a frame records beside its picture: heat, landmarks, face box, depth, normals; and how pictures are encoded."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from .geometry.camera import Camera
from .geometry.mesh import vertex_normals
from .geometry.visibility import interpolate
from .heads.base import Topology
from .heatmap import vertex_heat
from .render.base import RenderedView

DEPTH_UNITS_PER_MM = 20
HIDDEN_MM = 4.0
"""A landmark is hidden where everything around it is at least this much nearer to the camera."""


@dataclass(frozen=True)
class FaceView:
    """A rendered view and the face in it, from which the annotations are computed.

    Attributes:
        vertices: (V, 3) float32, mm: the posed render vertices, without clothes.
        topology: of these vertices.
        camera: what the picture was taken with.
        picture: what it shows; S is its size in pixels.
    """

    vertices: np.ndarray
    topology: Topology
    camera: Camera
    picture: RenderedView

    def _project(self, vertices: np.ndarray) -> np.ndarray:
        return self.camera.project(vertices.astype(np.float64))

    def landmarks(self) -> np.ndarray:
        """(68, 2) x and y in pixels."""
        return self._project(self.vertices[self.topology.landmarks])[:, :2]

    def face_box(self) -> np.ndarray:
        """(4,) x0, y0, x1, y1 in pixels: the extent of the face, within the picture."""
        face = self._project(self.vertices[self.topology.masks["face"] > 0.5])[:, :2]
        return np.clip(np.concatenate([face.min(axis=0), face.max(axis=0)]), 0, self.camera.size)

    def depth(self) -> np.ndarray:
        """(S, S) uint16, mm x `DEPTH_UNITS_PER_MM` along the optical axis; 0 where nothing is."""
        depth = self.picture.depth
        return np.where(np.isfinite(depth), np.round(depth * DEPTH_UNITS_PER_MM), 0).clip(0, 65535).astype(np.uint16)

    def normals(self) -> np.ndarray:
        """(S, S, 3) uint8: (n + 1) / 2 x 255 of the unit normal in camera axes; 0 0 0 where nothing is."""
        picture, triangles = self.picture, self.topology.triangles
        normals = (vertex_normals(self.vertices, triangles) @ self.camera.rotation.T).astype(np.float32)
        image = np.stack(
            [interpolate(picture.ids, picture.weights, triangles, np.ascontiguousarray(n)) for n in normals.T], axis=2
        )
        if picture.covering is not None:
            hidden = picture.covering.hidden_by >= 0
            image[hidden] = picture.covering.normal[hidden] @ self.camera.rotation.T
        image /= np.maximum(np.linalg.norm(image, axis=2, keepdims=True), 1e-6)
        return np.where(np.isfinite(picture.depth)[..., None], np.round((image + 1) * 127.5), 0).astype(np.uint8)

    def landmarks_visible(self) -> np.ndarray:
        """(68,) bool: no surface lies well in front of the landmark, in any pixel it touches, nor a prop in its own."""
        size, depth = self.camera.size, self.picture.depth
        seen = self._project(self.vertices[self.topology.landmarks])
        column, row = np.floor(seen[:, :2]).astype(int).T
        inside = (column >= 1) & (row >= 1) & (column < size - 1) & (row < size - 1)
        around = [(r, c) for r in (-1, 0, 1) for c in (-1, 0, 1)]
        nearby = [depth[np.clip(row + r, 0, size - 1), np.clip(column + c, 0, size - 1)] for r, c in around]
        visible = inside & (np.max(nearby, axis=0) > seen[:, 2] - HIDDEN_MM)
        if self.picture.covering is not None:
            own = np.clip(row, 0, size - 1), np.clip(column, 0, size - 1)
            visible &= ~((self.picture.covering.hidden_by[own] >= 0) & (depth[own] < seen[:, 2]))
        return visible


def heat_image(
    neutral: np.ndarray, normals: np.ndarray, vertices: np.ndarray, topology: Topology, picture: RenderedView
) -> np.ndarray:
    """Heat in mm (S, S) float32 on the pixels of `picture`, of a face that moved from `neutral` to `vertices`.

    Args:
        neutral, vertices: (V, 3) mm, render vertices.
        normals: (V, 3) of the neutral face.
    """
    heat = vertex_heat(neutral, vertices, normals, topology)
    return interpolate(picture.ids, picture.weights, topology.triangles, heat)


def encoded(pixels: np.ndarray, form: str, **options: int) -> dict:
    """Pixels as `datasets` stores a picture: a PNG or JPEG file in `bytes`, no `path`."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form, **options)
    return {"bytes": buffer.getvalue(), "path": None}
