"""Writes a mesh as binary glTF 2.0."""

import json
import struct

import numpy as np

from .glb import BINARY_CHUNK, JSON_CHUNK

_FLOAT, _UINT = 5126, 5125
_VERTICES, _INDICES = 34962, 34963  # targets of buffer views


def glb_of_mesh(vertices: np.ndarray, normals: np.ndarray, places: np.ndarray, triangles: np.ndarray) -> bytes:
    """A file with one mesh, y up, the front towards +z.

    Args:
        vertices: (V, 3); normals: (V, 3) unit.
        places: (V, 2) in a texture, 0-1, x to the right and y up; glTF counts y down, which is done here.
        triangles: (T, 3), counter-clockwise from outside.
    """
    positions = np.ascontiguousarray(vertices, "<f4")
    texture = np.column_stack([places[:, 0], 1 - places[:, 1]])
    arrays = [
        (positions, "VEC3", _FLOAT, _VERTICES),
        (np.ascontiguousarray(normals, "<f4"), "VEC3", _FLOAT, _VERTICES),
        (np.ascontiguousarray(texture, "<f4"), "VEC2", _FLOAT, _VERTICES),
        (np.ascontiguousarray(triangles, "<u4").reshape(-1), "SCALAR", _UINT, _INDICES),
    ]
    views, accessors, start = [], [], 0
    for number, (array, width, kind, target) in enumerate(arrays):
        views.append({"buffer": 0, "byteOffset": start, "byteLength": array.nbytes, "target": target})
        accessors.append({"bufferView": number, "count": len(array), "type": width, "componentType": kind})
        start += array.nbytes  # all of them are of four bytes: aligned
    accessors[0] |= {"min": positions.min(axis=0).tolist(), "max": positions.max(axis=0).tolist()}
    primitive = {"attributes": {"POSITION": 0, "NORMAL": 1, "TEXCOORD_0": 2}, "indices": 3}
    scene = {
        "asset": {"version": "2.0", "generator": "Pain3D"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "head"}],
        "meshes": [{"primitives": [primitive], "name": "head"}],
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": start}],
    }
    text = json.dumps(scene).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<II", len(text), JSON_CHUNK) + text + struct.pack("<II", start, BINARY_CHUNK)
    chunks += b"".join(array.tobytes() for array, *_ in arrays)
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks
