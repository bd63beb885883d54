"""Writes a mesh as binary glTF 2.0."""

import json
import struct
from typing import NamedTuple

import numpy as np

from .glb import BINARY_CHUNK, JSON_CHUNK

METRES_PER_MM = 0.001
"""glTF counts in metres."""
_FLOAT, _SHORT, _UINT = 5126, 5123, 5125
_VERTICES, _INDICES = 34962, 34963  # targets of buffer views
_MOST_SHORT = 65535


class _Array(NamedTuple):
    """The content of a buffer view, and the accessor over it."""

    values: np.ndarray
    width: str
    kind: int
    target: int

    @property
    def content(self) -> bytes:
        content = self.values.tobytes()
        return content + b"\0" * (-len(content) % 4)


def glb_of_mesh(
    vertices: np.ndarray,
    triangles: np.ndarray,
    normals: np.ndarray | None = None,
    places: np.ndarray | None = None,
    colours: np.ndarray | None = None,
) -> bytes:
    """A file with one mesh, y up, the front towards +z. Viewers shade a mesh without normals flat.

    Args:
        vertices: (V, 3), as they are written: glTF's unit is the metre.
        triangles: (T, 3), counter-clockwise from outside.
        normals: (V, 3) unit.
        places: (V, 2) in a texture, 0-1, x to the right and y up; glTF counts y down, which is done here.
        colours: (V, 3) linear, 0-1; the material is then dull and shows them.
    """
    positions = np.ascontiguousarray(vertices, "<f4")
    attributes = {"POSITION": _of_vertices(positions, "VEC3")}
    if normals is not None:
        attributes["NORMAL"] = _of_vertices(normals, "VEC3")
    if places is not None:
        attributes["TEXCOORD_0"] = _of_vertices(np.column_stack([places[:, 0], 1 - places[:, 1]]), "VEC2")
    if colours is not None:
        attributes["COLOR_0"] = _of_vertices(colours, "VEC3")
    arrays = [*attributes.values(), _of_triangles(triangles, len(positions))]
    primitive = {"attributes": {name: k for k, name in enumerate(attributes)}, "indices": len(attributes)}
    scene = _scene(primitive, arrays)
    scene["accessors"][0] |= {"min": positions.min(axis=0).tolist(), "max": positions.max(axis=0).tolist()}
    if colours is not None:
        primitive["material"] = 0
        scene["materials"] = [{"pbrMetallicRoughness": {"metallicFactor": 0.0, "roughnessFactor": 0.6}}]
    return _file(scene, b"".join(array.content for array in arrays))


def _of_vertices(values: np.ndarray, width: str) -> _Array:
    return _Array(np.ascontiguousarray(values, "<f4"), width, _FLOAT, _VERTICES)


def _of_triangles(triangles: np.ndarray, count: int) -> _Array:
    """Two bytes a corner where that is enough for `count` vertices; the highest number means something else."""
    form, kind = ("<u2", _SHORT) if count <= _MOST_SHORT else ("<u4", _UINT)
    return _Array(np.ascontiguousarray(triangles, form).reshape(-1), "SCALAR", kind, _INDICES)


def _scene(primitive: dict, arrays: list[_Array]) -> dict:
    views, accessors, start = [], [], 0
    for number, array in enumerate(arrays):
        views.append({"buffer": 0, "byteOffset": start, "byteLength": array.values.nbytes, "target": array.target})
        accessors.append(
            {"bufferView": number, "count": len(array.values), "type": array.width, "componentType": array.kind}
        )
        start += len(array.content)
    return {
        "asset": {"version": "2.0", "generator": "Pain3D"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "head"}],
        "meshes": [{"primitives": [primitive], "name": "head"}],
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": start}],
    }


def _file(scene: dict, content: bytes) -> bytes:
    text = json.dumps(scene).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<II", len(text), JSON_CHUNK) + text + struct.pack("<II", len(content), BINARY_CHUNK) + content
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks
