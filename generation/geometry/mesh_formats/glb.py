"""Binary glTF: all meshes of the scene where its nodes put them."""

import io
import json
import struct

import numpy as np

from dataset_script.errors import InvalidInput

COMPRESSED = {
    "KHR_draco_mesh_compression": "Draco",
    "EXT_meshopt_compression": "meshopt",
    "KHR_meshopt_compression": "meshopt",
}
JSON_CHUNK = 0x4E4F534A
LOOKS = ("materials", "textures", "images", "samplers", "animations", "skins", "cameras")
"""What is not read: a picture in a format that nobody knows here does not matter."""


def read_glb(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V, 3) in scene coordinates and triangles (T, 3) of all primitives, one after the other.

    Raises:
        InvalidInput: the file is compressed, cut short, or no binary glTF of version 2.
    """
    import trimesh

    scene, rest = _chunks(content)
    _check_plain(scene)
    for name in LOOKS:
        scene.pop(name, None)
    for mesh in scene.get("meshes", []):
        for primitive in mesh["primitives"]:
            primitive.pop("material", None)
    for node in scene.get("nodes", []):
        node.pop("skin", None)
        node.pop("camera", None)
    if not any("POSITION" in part["attributes"] for mesh in scene.get("meshes", []) for part in mesh["primitives"]):
        return np.zeros((0, 3)), np.zeros((0, 3), np.int64)
    mesh = trimesh.load(io.BytesIO(_packed(scene, rest)), file_type="glb", force="mesh", process=False)
    if not hasattr(mesh, "faces"):
        return np.zeros((0, 3)), np.zeros((0, 3), np.int64)
    triangles = np.array(mesh.faces, np.int64).reshape(-1, 3)
    return np.array(mesh.vertices, np.float64), triangles[(triangles != np.roll(triangles, 1, axis=1)).all(axis=1)]


def _chunks(content: bytes) -> tuple[dict, bytes]:
    """The scene description, and the chunks behind it."""
    if len(content) < 20 or not content.startswith(b"glTF"):
        raise InvalidInput("cannot be read as glb: it is no binary glTF")
    _, version, length, size, kind = struct.unpack_from("<4sIIII", content)
    if version != 2 or kind != JSON_CHUNK:
        raise InvalidInput(f"cannot be read as glb: it is binary glTF of version {version}; allowed is 2")
    if length > len(content):
        raise InvalidInput(
            f"cannot be read as glb: it is cut short, {len(content):,} bytes of the {length:,} that its header names"
        )
    return json.loads(content[20 : 20 + size]), content[20 + size : length]


def _packed(scene: dict, rest: bytes) -> bytes:
    text = json.dumps(scene).encode()
    text += b" " * (-len(text) % 4)
    return struct.pack("<4sIIII", b"glTF", 2, 20 + len(text) + len(rest), len(text), JSON_CHUNK) + text + rest


def _check_plain(scene: dict) -> None:
    """Raises InvalidInput where triangles are compressed and there is no plain copy of them."""
    needed = set(scene.get("extensionsRequired", []))
    accessors = scene.get("accessors", [])
    for mesh in scene.get("meshes", []):
        for primitive in mesh["primitives"]:
            place = primitive["attributes"].get("POSITION")
            if place is not None and "bufferView" not in accessors[place]:
                needed |= set(primitive.get("extensions", {}))
    found = sorted({COMPRESSED[name] for name in needed if name in COMPRESSED})
    if found:
        raise InvalidInput(f"is compressed ({', '.join(found)}): export it without compression")
    if any("uri" in buffer and not buffer["uri"].startswith("data:") for buffer in scene.get("buffers", [])):
        raise InvalidInput("keeps its triangles in another file: export it as one .glb")
