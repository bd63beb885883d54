"""Heads of users: meshes, landmarks, FLAME, the ICT-FaceKit pack, and what paints them."""

import io
import json
import pickle
from pathlib import Path

import numpy as np
import stand_in_painter
import synthetic_ict
from glb_files import glb_of
from parser import Parser

from generation.geometry.mesh import uv_sphere
from generation.geometry.mesh_formats.painted_glb import read_painted_glb
from generation.geometry.mesh_formats.read import read_mesh
from generation.geometry.mesh_formats.write import mesh_file
from generation.heads.flame import read_model
from generation.heads.ict_pack import read_skin
from generation.heads.wrapping.landmark_files import read_landmarks
from generation.photoreal.store import keep_picture, read_picture

VERTICES, TRIANGLES = uv_sphere(6, 8)


def _mesh(suffix: str) -> bytes:
    normals, colours = VERTICES / np.linalg.norm(VERTICES, axis=1, keepdims=True), np.full((len(VERTICES), 3), 0.5)
    return mesh_file(Path(f"a{suffix}"), VERTICES, TRIANGLES, normals, colours)


def obj(folder: Path) -> None:
    (folder / "a.obj").write_bytes(_mesh(".obj"))
    quads = (
        "".join(f"v {x:.3f} {y:.3f} {z:.3f}\n" for x, y, z in VERTICES) + "g a\nf 1/1 2/2 3/3 4/4\nf -1 -2 \\\n -3\n"
    )
    (folder / "quads.obj").write_text(quads)


def ply(folder: Path) -> None:
    (folder / "a.ply").write_bytes(_mesh(".ply"))
    head = "ply\nformat ascii 1.0\nelement vertex 4\nproperty float x\nproperty float y\nproperty float z\n"
    rows = "0 0 0\n1 0 0\n1 1 0\n0 1 0\n"
    lists = "element face 2\nproperty list uchar int vertex_indices\nend_header\n"
    (folder / "ascii.ply").write_text(head + lists + rows + "3 0 1 2\n4 0 1 2 3\n")
    strips = head + "element tristrips 1\nproperty list int int vertex_indices\nend_header\n"
    (folder / "strips.ply").write_text(strips + rows + "4 0 1 2 3\n")
    binary = (head + lists).replace("ascii", "binary_big_endian").encode()
    points = np.array(rows.split(), ">f4").tobytes()
    faces = b"".join(bytes([len(f)]) + np.array(f, ">i4").tobytes() for f in ([0, 1, 2], [0, 1, 2, 3]))
    (folder / "binary.ply").write_bytes(binary + points + faces)


def stl(folder: Path) -> None:
    corners = VERTICES[TRIANGLES].astype("<f4")
    facets = b"".join(b"\0" * 12 + facet.tobytes() + b"\0\0" for facet in corners)
    (folder / "a.stl").write_bytes(b"\0" * 80 + len(corners).to_bytes(4, "little") + facets)
    lines = ["solid a", *(line for facet in corners[:6] for line in _facet(facet)), "endsolid a"]
    (folder / "ascii.stl").write_text("\n".join(lines))


def _facet(corners: np.ndarray) -> list[str]:
    loop = [f"vertex {x} {y} {z}" for x, y, z in corners]
    return ["facet normal 0 0 1", "outer loop", *loop, "endloop", "endfacet"]


def glb(folder: Path) -> None:
    (folder / "a.glb").write_bytes(_mesh(".glb"))
    (folder / "skinned.glb").write_bytes(_skinned())


def _skinned() -> bytes:
    """Two nodes, a skin, a morph target, a strip, and sparse and normalised values."""
    count = len(VERTICES)
    arrays = [
        VERTICES.astype("<f4"),
        TRIANGLES.reshape(-1).astype("<u2"),
        np.zeros((count, 4), "u1"),
        np.full((count, 4), 63, "u1"),
        np.eye(4, dtype="<f4").reshape(1, 16),
        np.array([0, 3], "<u2"),
        np.ones((2, 3), "<f4"),
    ]
    sparse = {"indices": {"bufferView": 5, "componentType": 5123}, "values": {"bufferView": 6}, "count": 2}
    morph = {"bufferView": None, "count": count, "type": "VEC3", "componentType": 5126, "sparse": sparse}
    accessors = [{}, {}, {}, {"normalized": True}, {}, morph, {}]
    attributes = {"POSITION": 0, "JOINTS_0": 2, "WEIGHTS_0": 3}
    primitives = [{"attributes": attributes, "indices": 1, "targets": [{"POSITION": 5}]}]
    primitives.append({"attributes": attributes, "indices": 1, "mode": 5})
    scene = {
        "scenes": [{"nodes": [0]}],
        "nodes": [
            {"children": [1], "rotation": [0, 0, 0, 1], "scale": [1, 2, 1]},
            {"mesh": 0, "skin": 0, "translation": [0, 1, 0], "weights": [0.5]},
        ],
        "meshes": [{"primitives": primitives, "weights": [0.5]}],
        "skins": [{"joints": [0], "inverseBindMatrices": 4}],
    }
    return glb_of(scene, accessors, arrays)


def painted(folder: Path) -> None:
    places = np.random.default_rng(0).uniform(0, 1, (len(VERTICES), 2))
    pictures = [
        stand_in_painter.png(stand_in_painter.gradient(64, 64)),
        stand_in_painter.png(stand_in_painter.packed()),
    ]
    (folder / "a.glb").write_bytes(stand_in_painter.painted(VERTICES, places, TRIANGLES, pictures))


def landmarks(folder: Path) -> None:
    found = np.random.default_rng(0).uniform(-1, 1, (68, 3)).round(4)
    (folder / "points.json").write_text(json.dumps(found.tolist()))
    (folder / "named.json").write_text(json.dumps([dict(zip("xyz", point, strict=True)) for point in found.tolist()]))
    markups = [{"controlPoints": [{"position": point} for point in found.tolist()]}]
    (folder / "slicer.json").write_text(json.dumps({"markups": markups}))
    (folder / "numbers.json").write_text(json.dumps(list(range(68))))
    (folder / "points.txt").write_text("".join(f"{x} {y}, {z}\n" for x, y, z in found))


def _flame() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {"v_template": rng.normal(size=(12, 3)), "f": rng.integers(0, 12, (20, 3)).astype(np.uint32)} | {
        "shapedirs": rng.normal(size=(12, 3, 100)).astype(np.float32)
    }


def flame_npz(folder: Path) -> None:
    np.savez(folder / "plain.npz", **_flame())
    np.savez_compressed(folder / "packed.npz", **_flame())


def flame_pkl(folder: Path) -> None:
    for protocol in (0, 2, 4):
        (folder / f"protocol{protocol}.pkl").write_bytes(pickle.dumps(_flame(), protocol))


def ict(folder: Path) -> None:
    stored = io.BytesIO()
    synthetic_ict.write(folder / "plain.npz")
    with np.load(folder / "plain.npz") as arrays:
        np.savez_compressed(stored, **arrays)
    (folder / "plain.npz").unlink()
    (folder / "packed.npz").write_bytes(stored.getvalue())


def portrait(folder: Path) -> None:
    keep_picture(folder / "a.png", np.zeros((16, 16, 3), np.uint8), "made")


PARSERS = [
    Parser("meshes.obj", "OBJ", obj, read_mesh, 2),
    Parser("meshes.ply", "PLY", ply, read_mesh, 4),
    Parser("meshes.stl", "STL", stl, read_mesh, 3),
    Parser("meshes.glb", "binary glTF", glb, read_mesh, 3),
    Parser("meshes.painted", "binary glTF with maps", painted, lambda p: read_painted_glb(p.read_bytes()), 0.7),
    Parser(
        "meshes.landmarks",
        "68 landmarks of a head",
        landmarks,
        lambda p: read_landmarks(p, VERTICES.repeat(3, 0), True),
        4,
    ),
    Parser("meshes.flame_npz", "FLAME, npz", flame_npz, read_model, 3),
    Parser("meshes.flame_pkl", "FLAME, pkl", flame_pkl, read_model, 3),
    Parser("meshes.ict", "ICT-FaceKit pack", ict, read_skin, 0.03),
    Parser("meshes.portrait", "portraits of a painted look", portrait, lambda p: read_picture(p, "made"), 0.3),
]
