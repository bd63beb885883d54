"""A program that takes the place of Hunyuan3D-2.1: reads the head and its portrait, writes the head with maps.

    PYTHON stand_in_painter.py HOW MESH.glb PORTRAIT.png PAINTED.glb

HOW: `anew` unwraps the mesh as Hunyuan3D-2.1 does, each triangle for itself; `kept` keeps its places in the texture.
"""

import io
import json
import struct
import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))
from glb_files import glb_of

CELL = 5
"""Pixels along each side of the square that a triangle has for itself."""
NUMBERS = {5123: "<u2", 5125: "<u4"}
SKIN = np.array([205, 160, 135])
ROUGHNESS, METALLIC = 140, 12


def read(content: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices (V, 3), places (V, 2) with v down, and triangles (T, 3) of a file that the generator writes."""
    size = struct.unpack_from("<I", content, 12)[0]
    scene, chunk = json.loads(content[20 : 20 + size]), content[28 + size :]

    def array(number: int, kind: str, width: int) -> np.ndarray:
        accessor = scene["accessors"][number]
        start = scene["bufferViews"][accessor["bufferView"]]["byteOffset"]
        return np.frombuffer(chunk, kind, accessor["count"] * width, start).reshape(-1, width)

    primitive = scene["meshes"][0]["primitives"][0]
    named = primitive["attributes"]
    kind = NUMBERS[scene["accessors"][primitive["indices"]]["componentType"]]
    triangles = array(primitive["indices"], kind, 1).reshape(-1, 3).astype(np.uint32)
    return array(named["POSITION"], "<f4", 3), array(named["TEXCOORD_0"], "<f4", 2), triangles


def colours(points: np.ndarray) -> np.ndarray:
    """sRGB (N, 3) uint8 of points (N, 3) of the head as handed over: skin that turns redder to one side, in waves."""
    waves = np.column_stack([np.sin(points[:, 0] / 3), np.sin(points[:, 1] / 2), np.sin(points[:, 2] / 2)])
    return (SKIN + 25 * waves).round().astype(np.uint8)


def unwrapped_anew(vertices: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A soup of triangles in another order: vertices (3 T, 3), places (3 T, 2) v down, and the map."""
    order = np.random.default_rng(0).permutation(len(triangles))
    corners = vertices[np.roll(triangles[order], 1, axis=1)]
    wide = int(np.ceil(np.sqrt(len(order))))
    row, column = np.divmod(np.arange(len(order)), wide)
    inside = np.array([[1.5, 1.5], [3.5, 1.5], [1.5, 3.5]])
    places = (CELL * np.stack([column, row], axis=1)[:, None] + inside) / (CELL * wide)
    cells = np.zeros((wide * wide, 3), np.uint8)
    cells[: len(order)] = colours(corners.mean(axis=1))
    picture = cells.reshape(wide, wide, 3).repeat(CELL, axis=0).repeat(CELL, axis=1)
    return corners.reshape(-1, 3), places.reshape(-1, 2), picture


def gradient(wide: int, high: int) -> np.ndarray:
    """(high, wide, 3) uint8: red grows to the right and green downwards."""
    column, row = np.meshgrid((np.arange(wide) + 0.5) / wide, (np.arange(high) + 0.5) / high)
    return (np.stack([column, row, np.full_like(row, 0.5)], axis=2) * 255).round().astype(np.uint8)


def png(picture: np.ndarray, **options: object) -> np.ndarray:
    """The bytes of a picture's file."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", **options)
    return np.frombuffer(buffer.getvalue(), np.uint8)


def packed(high: int = 64, wide: int = 64) -> np.ndarray:
    """A map of one roughness and one metallic value."""
    return np.full((high, wide, 3), (255, ROUGHNESS, METALLIC), np.uint8)


def painted(
    vertices: np.ndarray, places: np.ndarray, triangles: np.ndarray, images: list[np.ndarray], **material: object
) -> bytes:
    """The file of a mesh with `images`, the files of its albedo and of its metallic and roughness."""
    arrays = [
        vertices.astype("<f4"),
        places.astype("<f4"),
        triangles.reshape(-1).astype("<u4"),
        *images,
    ]
    scene = {
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [
            {"primitives": [{"attributes": {"POSITION": 0, "TEXCOORD_0": 1}, "indices": 2, "material": 0}]},
        ],
        "images": [{"bufferView": 3 + k, "mimeType": "image/png"} for k in range(len(images))],
        "textures": [{"source": k} for k in range(len(images))],
        "materials": [
            {
                "pbrMetallicRoughness": {
                    "baseColorTexture": {"index": 0},
                    "metallicRoughnessTexture": {"index": 1},
                    **material,
                }
            }
        ],
    }
    return glb_of(scene, [{}] * len(arrays), arrays)


def answer(how: str, content: bytes) -> bytes:
    """The painted file of the head in the file `content`."""
    vertices, places, triangles = read(content)
    if how == "kept":
        return painted(vertices, places, triangles, [png(gradient(128, 128)), png(packed())])
    soup, places, picture = unwrapped_anew(vertices, triangles)
    return painted(soup, places, np.arange(len(soup)), [png(picture), png(packed())])


if __name__ == "__main__":
    how, mesh, portrait, result = sys.argv[1:]
    with Image.open(portrait) as picture:
        assert picture.mode == "RGBA" and picture.width == picture.height
        assert picture.getchannel("A").getextrema() == (0, 255)
    Path(result).write_bytes(answer(how, Path(mesh).read_bytes()))
    print("Models Loaded.")
