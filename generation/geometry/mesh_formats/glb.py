"""Binary glTF: all meshes of the scene where its nodes, or the joints of their skin at rest, put them."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from dataset_script.errors import InvalidInput
from dataset_script.strict_json import parse_json

from .accessors import Arrays

COMPRESSED = {
    "KHR_draco_mesh_compression": "Draco",
    "EXT_meshopt_compression": "meshopt",
    "KHR_meshopt_compression": "meshopt",
}
JSON_CHUNK, BINARY_CHUNK = 0x4E4F534A, 0x004E4942
MOST = 6_000_000
"""Vertices and triangles of all parts; a mesh of fewer triangles is refused too, by whoever reads the file."""
TRIANGLES, STRIP, FAN = SURFACES = 4, 5, 6
"""Modes of primitives that are surfaces; others are points and lines."""


class Piece(NamedTuple):
    """A primitive as its file describes it, vertices (V, 3) in scene coordinates and triangles (T, 3) of these."""

    primitive: dict
    vertices: np.ndarray
    triangles: np.ndarray


def read_glb(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V, 3) in scene coordinates and triangles (T, 3) of all primitives, one after the other.

    Raises:
        InvalidInput: the file is compressed, cut short, or no binary glTF of version 2.
    """
    vertices, triangles, count, corners = [np.zeros((0, 3))], [np.zeros((0, 3), np.int64)], 0, 0
    for piece in pieces(*open_glb(content)):
        corners += len(piece.triangles)
        if max(count + len(piece.vertices), corners) > MOST:  # parts may share their values, which many do
            raise InvalidInput(f"has more than {MOST:,} vertices or triangles; decimate it")
        vertices.append(piece.vertices)
        triangles.append(count + piece.triangles)
        count += len(piece.vertices)
    return np.concatenate(vertices), np.concatenate(triangles)


def open_glb(content: bytes) -> tuple[dict, Arrays]:
    """The scene description and its arrays. Raises InvalidInput as `read_glb`."""
    scene, chunk = _chunks(content)
    _check_plain(scene)
    return scene, Arrays(scene, chunk)


def pieces(scene: dict, arrays: Arrays) -> Iterator[Piece]:
    """The primitives of a scene that are surfaces. Raises InvalidInput as `read_glb`."""
    places = _places(scene)
    for number in _shown(scene):
        node = scene["nodes"][number]
        if "mesh" not in node:
            continue
        mesh = scene["meshes"][node["mesh"]]
        joints = _joints(scene["skins"][node["skin"]], arrays, places) if "skin" in node else None
        for primitive in mesh["primitives"]:
            if primitive.get("mode", TRIANGLES) not in SURFACES or "POSITION" not in primitive["attributes"]:
                continue
            points = _points(primitive, node.get("weights", mesh.get("weights", ())), arrays)
            corners = _corners(primitive, len(points), arrays)
            place = places[number] if joints is None else _blended(primitive["attributes"], joints, arrays)
            turn = place[..., :3, :3]
            moved = (turn @ points[:, :, None])[:, :, 0] + place[..., :3, 3]
            mirrored = np.linalg.det(turn).sum() < 0
            yield Piece(primitive, moved, corners[:, ::-1] if mirrored else corners)


def _chunks(content: bytes) -> tuple[dict, bytes]:
    """The scene description, and the content of the binary chunk."""
    if len(content) < 20 or not content.startswith(b"glTF"):
        raise InvalidInput("cannot be read as glb: it is no binary glTF")
    _, version, length, size, kind = struct.unpack_from("<4sIIII", content)
    if version != 2 or kind != JSON_CHUNK:
        raise InvalidInput(f"cannot be read as glb: it is binary glTF of version {version}; allowed is 2")
    if length > len(content):
        raise InvalidInput(
            f"cannot be read as glb: it is cut short, {len(content):,} bytes of the {length:,} that its header names"
        )
    scene, start = parse_json(content[20 : 20 + size]), 20 + size
    if start + 8 <= length:
        size, kind = struct.unpack_from("<II", content, start)
        if kind == BINARY_CHUNK:
            return scene, content[start + 8 : min(start + 8 + size, length)]
    return scene, b""


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


def _shown(scene: dict) -> Iterator[int]:
    """Numbers of the nodes in the scene that the file shows, parents first; of all nodes if it has no scenes."""
    nodes = scene.get("nodes", [])
    if not scene.get("scenes"):
        yield from range(len(nodes))
        return
    waiting, met = list(reversed(scene["scenes"][scene.get("scene", 0)].get("nodes", []))), set()
    while waiting:
        number = waiting.pop()
        if number in met:
            raise InvalidInput(f"cannot be read as glb: node {number} is there twice in its scene")
        met.add(number)
        yield number
        waiting += reversed(nodes[number].get("children", []))


def _places(scene: dict) -> np.ndarray:
    """(N, 4, 4) maps from each node's coordinates to those of the scene."""
    nodes = scene.get("nodes", [])
    parent = {child: k for k, node in enumerate(nodes) for child in node.get("children", [])}
    places, done = np.array([_transform(node) for node in nodes]).reshape(-1, 4, 4), np.zeros(len(nodes), bool)
    for number in range(len(nodes)):
        path = [number]  # up to a node whose place is known
        while (above := parent.get(path[-1])) is not None and not done[above]:
            path.append(above)
            if len(path) > len(nodes):
                raise InvalidInput(f"cannot be read as glb: node {number} is its own parent")
        for node in reversed(path):
            if not done[node] and (above := parent.get(node)) is not None:
                places[node] = places[above] @ places[node]
            done[node] = True
    return places


def _transform(node: dict) -> np.ndarray:
    """(4, 4) of a node, from its coordinates to its parent's."""
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T
    x, y, z, w = node.get("rotation", (0, 0, 0, 1))
    turn = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    place = np.eye(4)
    place[:3, :3] = turn * np.array(node.get("scale", (1, 1, 1)), np.float64)
    place[:3, 3] = node.get("translation", (0, 0, 0))
    return place


def _joints(skin: dict, arrays: Arrays, places: np.ndarray) -> np.ndarray:
    """(J, 4, 4) maps of a skin's joints at rest, from the mesh's coordinates to those of the scene."""
    joints = places[skin["joints"]]
    if "inverseBindMatrices" not in skin:
        return joints
    inverse = arrays.floats(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
    return joints @ inverse[: len(joints)]


def _blended(attributes: dict, joints: np.ndarray, arrays: Arrays) -> np.ndarray:
    """(V, 4, 4) map of each vertex of a skinned primitive; the transform of its node does not count (glTF 2.0)."""
    if "JOINTS_0" not in attributes or "WEIGHTS_0" not in attributes:
        raise InvalidInput("has a mesh with a skin but no joints for its vertices: apply the armature before export")
    sets = [k for k in range(len(attributes)) if f"JOINTS_{k}" in attributes and f"WEIGHTS_{k}" in attributes]
    chosen = np.concatenate([arrays.numbers(attributes[f"JOINTS_{k}"]) for k in sets], axis=1)
    weights = np.concatenate([arrays.floats(attributes[f"WEIGHTS_{k}"]) for k in sets], axis=1)
    weights[weights.sum(axis=1) <= 0, 0] = 1.0
    weights /= weights.sum(axis=1, keepdims=True)
    used = np.where(weights > 0, chosen, 0)  # what has no weight may be any number
    if used.max(initial=0) >= len(joints):
        raise InvalidInput(f"has joints out of range: {used.max()} (from 0), of {len(joints)}")
    blended = np.zeros((len(chosen), 4, 4))
    for k in range(chosen.shape[1]):
        blended += weights[:, k, None, None] * joints[used[:, k]]
    return blended


def _points(primitive: dict, weights: list[float], arrays: Arrays) -> np.ndarray:
    """(V, 3) positions of a primitive, with its morph targets at the `weights` that the file gives them."""
    points = arrays.floats(primitive["attributes"]["POSITION"])
    for weight, target in zip(weights, primitive.get("targets", []), strict=False):
        if weight and "POSITION" in target:
            points = points + weight * arrays.floats(target["POSITION"])
    return points


def _corners(primitive: dict, count: int, arrays: Arrays) -> np.ndarray:
    """(T, 3) triangles of a primitive of `count` vertices, less those with a vertex twice, which strips contain."""
    given = primitive.get("indices")
    order = np.arange(count) if given is None else arrays.numbers(given)[:, 0].astype(np.int64)
    if order.max(initial=-1) >= count:
        raise InvalidInput(f"has indices out of range: vertex {order.max()} (from 0), of {count}")
    mode = primitive.get("mode", TRIANGLES)
    if mode == TRIANGLES:
        corners = order[: len(order) // 3 * 3].reshape(-1, 3)
    elif mode == STRIP:
        corners = np.stack([order[:-2], order[1:-1], order[2:]], axis=1)
        corners[1::2] = corners[1::2, ::-1]
    else:
        corners = np.stack([np.broadcast_to(order[:1], len(order[2:])), order[1:-1], order[2:]], axis=1)
    return corners[(corners != np.roll(corners, 1, axis=1)).all(axis=1)]
