"""Heads of other topologies whose shapes are ours: MakeHuman people remeshed, as mesh files and as a FLAME model."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset_script.spec import Spec
from generation.geometry.mesh import uv_sphere
from generation.heads import makehuman
from generation.heads.base import SKIN
from generation.plan import Plan
from generation.rigs import blendshapes
from generation.rigs.neural.copies import Copy, make_copy

PLAN = Plan(Spec(identities=200, preset="balanced", size=64))
PERSON, SEED = 5, 9
FLAME_SKIN, FLAME_SHAPES, FLAME_ALL = 3931, 12, 400
"""Of FLAME's 5,023 vertices 546 are each eye; of its 400 shapes and expressions, these are not zero here."""


@dataclass(frozen=True)
class OtherMesh:
    """Vertices (N, 3) mm, triangles (T, 3) of the skin, landmarks (68, 3) and eyeballs (2, 4) of a remeshed person."""

    copy: Copy
    vertices: np.ndarray
    triangles: np.ndarray
    landmarks: np.ndarray
    eyes: np.ndarray


def skin_of(person: int, seed: int = SEED) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The render vertices of a person's skin (N, 3), all landmarks (68, 3) and eyeballs (2, 4)."""
    head = makehuman.load()
    shape = head.shape(PLAN[person], seed)
    vertices = head.vertices(shape.control, shape.eyes).astype(float)
    used = np.unique(head.topology.triangles[head.topology.part == SKIN])
    return vertices[used], vertices[head.topology.landmarks], shape.eyes


def remeshed(size: int = 6000, person: int = PERSON, kind: str = "remeshed") -> OtherMesh:
    """A person's skin on another topology, decimated with the mouth open, so that lips do not grow together."""
    head, rig = makehuman.load(), blendshapes.load(makehuman.load())
    used, triangles = np.unique(head.topology.triangles[head.topology.part == SKIN], return_inverse=True)
    shape = head.shape(PLAN[person], SEED)
    opened = head.vertices(rig.pose(shape, np.zeros(6), {"AU27": 5.0}), shape.eyes)[used].astype(float)
    copy = make_copy(kind, opened, triangles.reshape(-1, 3).astype(np.int64), size)
    skin, landmarks, eyes = skin_of(person)
    return OtherMesh(copy, copy.of(skin), copy.triangles, landmarks, eyes)


def with_parts(mesh: OtherMesh) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and triangles of the skin, two eyeballs and a part that is neither (a bar in the mouth)."""
    ball, ball_triangles = uv_sphere(18, 32)
    bar = np.array([[x, y, z] for x in (-20, 20) for y in (-70, -66) for z in (5, 9)], float)
    sides = [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
    bar_triangles = np.array([t for a, b, c, d in sides for t in ((a, b, c), (a, c, d))])
    vertices, triangles = [mesh.vertices], [mesh.triangles]
    parts = [(eye[:3] + eye[3] * ball, ball_triangles) for eye in mesh.eyes]
    for points, faces in [*parts, (bar, bar_triangles)]:
        triangles.append(faces + sum(map(len, vertices)))
        vertices.append(points)
    return np.concatenate(vertices), np.concatenate(triangles)


def write_obj(path: Path, vertices: np.ndarray, triangles: np.ndarray) -> Path:
    """The mesh as Wavefront OBJ, with texture coordinates that say nothing."""
    lines = [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in vertices]
    lines += ["vt 0 0", *(f"f {a + 1}/1 {b + 1}/1 {c + 1}/1" for a, b, c in triangles)]
    path.write_text("\n".join(lines) + "\n")
    return path


def write_landmarks(path: Path, points: np.ndarray) -> Path:
    """68 points as JSON."""
    path.write_text(json.dumps(points.round(5).tolist()))
    return path


def flame_arrays() -> tuple[dict[str, np.ndarray], np.ndarray]:
    """A model with FLAME's keys, shapes and metres, and its template's landmarks (68, 3)."""
    mesh = remeshed(FLAME_SKIN)
    _, _, eyes = skin_of(PERSON)
    ball, ball_triangles = uv_sphere(18, 32)
    vertices, triangles = [mesh.vertices], [mesh.triangles]
    for eye in eyes:
        triangles.append(ball_triangles + sum(map(len, vertices)))
        vertices.append(eye[:3] + eye[3] * ball)
    template = np.concatenate(vertices)
    people = [skin_of(20 + k) for k in range(FLAME_SHAPES)]
    skins, balls = np.stack([p[0] for p in people]), np.stack([p[2][:, :3] for p in people])
    moved = mesh.copy.of(skins - skins.mean(axis=0))  # (K, N, 3)
    turned = np.repeat(balls - balls.mean(axis=0), len(ball), axis=1)
    shapes = np.zeros((len(template), 3, FLAME_ALL))
    shapes[..., :FLAME_SHAPES] = np.concatenate([moved, turned], axis=1).transpose(1, 2, 0) / np.sqrt(FLAME_SHAPES)
    size, place = len(template), np.array([0.001, 1.6, -0.02])
    arrays = {
        "v_template": template / 1000 + place,
        "f": np.concatenate(triangles).astype(np.uint32),
        "shapedirs": shapes / 1000,
        "posedirs": np.zeros((size, 3, 36)),
        "J_regressor": np.full((5, size), 1 / size),
        "weights": np.full((size, 5), 0.2),
        "kintree_table": np.array([[-1, 0, 1, 1, 1], [0, 1, 2, 3, 4]]),
    }
    return arrays, mesh.landmarks / 1000 + place
