"""What a frame records beside its picture: heat, landmarks, face box, depth, normals; and how pictures are encoded."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from dataset_script.dense_landmarks import DENSE_VERTICES

from .geometry.camera import Camera
from .geometry.mesh import vertex_normals
from .geometry.mesh_formats.glb_writer import METRES_PER_MM, glb_of_mesh
from .geometry.room import UPRIGHT, head_to_room
from .geometry.visibility import interpolate
from .heads.base import Topology
from .heatmap import vertex_heat
from .render.base import RenderedView

DEPTH_UNITS_PER_MM = 20
HIDDEN_MM = 4.0
"""A landmark is hidden where everything around it is at least this much nearer to the camera."""
UV_STEPS, UV_UNIT = 16383, 4
"""Steps of a place in the texture from 0 to 1, a fiftieth of a millimetre, and units of the picture that each is: finer
ones would be noise. 0 in the picture is nowhere, 1 the first step."""
MESH_STEPS = 2**17
"""Steps of a metre to which the vertices of `mesh` are rounded, 0.008 mm: zeros at their end compress."""
DENSE = np.array(DENSE_VERTICES)


@dataclass(frozen=True)
class FaceView:
    """A rendered view and the face in it, from which the annotations are computed.

    Attributes:
        vertices: (V, 3) float32, mm: the posed render vertices, without clothes.
        topology: of these vertices.
        camera: what the picture was taken with.
        picture: what it shows; S is its size in pixels.
        up: the direction of the neutral head that points up in the room.
    """

    vertices: np.ndarray
    topology: Topology
    camera: Camera
    picture: RenderedView
    up: tuple[float, float, float] = UPRIGHT

    def _project(self, vertices: np.ndarray) -> np.ndarray:
        return self.camera.project(vertices.astype(np.float64))

    def landmarks(self) -> np.ndarray:
        """(68, 2) x and y in pixels."""
        return self._project(self.vertices[self.topology.landmarks])[:, :2]

    def landmarks_3d(self) -> np.ndarray:
        """(68, 3) mm in the room."""
        return self._in_room(self.topology.landmarks)

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

    def uv(self) -> tuple[np.ndarray, np.ndarray]:
        """Two (S, S) uint16: x to the right and y up in the head's texture, 1 + `UV_UNIT` x the step; 0 where the
        picture shows nothing that has a place in it."""
        ids, weights = self.picture.ids, self.picture.weights
        corners = np.arange(3 * len(self.topology.triangles), dtype=np.int32).reshape(-1, 3)
        u, v = np.ascontiguousarray(self.topology.uv.reshape(-1, 2).T)
        places = [interpolate(ids, weights, corners, each) for each in (u, v)]
        charted = (ids >= 0) & (self.topology.uv[ids, 0, 0] >= 0)
        stored = [np.where(charted, 1 + UV_UNIT * np.round(place * UV_STEPS), 0) for place in places]
        return tuple(each.clip(0, 65535).astype(np.uint16) for each in stored)

    def landmarks_visible(self) -> np.ndarray:
        """(68,) bool: no surface lies well in front of the landmark, in any pixel it touches, nor a prop in its own."""
        return self._visible(self.topology.landmarks)

    def dense_landmarks(self) -> np.ndarray:
        """(500, 2) x and y in pixels."""
        return self._project(self.vertices[DENSE])[:, :2]

    def dense_landmarks_3d(self) -> np.ndarray:
        """(500, 3) mm in the room."""
        return self._in_room(DENSE)

    def dense_landmarks_visible(self) -> np.ndarray:
        """(500,) bool: as `landmarks_visible`, and the skin there faces the camera."""
        normals = vertex_normals(self.vertices, self.topology.triangles)[DENSE]
        towards = self.camera.position - self.vertices[DENSE]
        return self._visible(DENSE) & ((normals * towards).sum(axis=1) > 0)

    def mesh(self) -> bytes:
        """The head without clothes and hair as binary glTF: metres, in the axes of the head, vertices as they are."""
        return glb_of_mesh(np.round(self.vertices * (METRES_PER_MM * MESH_STEPS)) / MESH_STEPS, self.topology.triangles)

    def _in_room(self, chosen: np.ndarray) -> np.ndarray:
        return head_to_room(self.camera, self.up)(self.vertices[chosen].astype(np.float64))

    def _visible(self, chosen: np.ndarray) -> np.ndarray:
        size, depth = self.camera.size, self.picture.depth
        seen = self._project(self.vertices[chosen])
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
