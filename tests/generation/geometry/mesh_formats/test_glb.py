"""Binary glTF: what puts a mesh in its scene, and how its numbers may be stored."""

import json

import numpy as np
import pytest
import trimesh
from glb_files import glb, glb_of

from dataset_script.errors import InvalidInput
from generation.geometry.mesh import uv_sphere
from generation.geometry.mesh_formats.read import read_mesh

PARTS = {"meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}], "scenes": [{"nodes": [0]}]}
HALF = 2**-0.5
"""Sine and cosine of half a right angle: quaternions."""


@pytest.fixture(scope="module")
def ball():
    points, triangles = uv_sphere(8, 10)
    return points.astype("<f4"), triangles.astype("<u4")


def read(path, content: bytes):
    path.write_bytes(content)
    return read_mesh(path)


def test_glb_meshes_stand_where_the_scene_puts_them(ball, tmp_path):
    scene = trimesh.Scene()
    for shift in (0, 5):
        place = trimesh.transformations.translation_matrix([shift, 0, 0]) @ np.diag([2, 2, 2, 1])
        scene.add_geometry(trimesh.Trimesh(*ball, process=False), transform=place)
    scene.export(tmp_path / "two.glb")
    vertices, triangles = read_mesh(tmp_path / "two.glb")
    assert len(triangles) == 2 * len(ball[1])
    assert np.allclose(vertices.min(axis=0), [-2, -2, -2], atol=0.2) and np.allclose(
        vertices.max(axis=0)[0], 7, atol=0.2
    )


@pytest.mark.parametrize(
    ("extension", "name", "needed"),
    [
        ("EXT_meshopt_compression", "meshopt", True),
        ("KHR_draco_mesh_compression", "Draco", True),
        ("KHR_draco_mesh_compression", "Draco", False),
    ],
)
def test_compressed_glb_is_named_as_such(tmp_path, capfd, extension, name, needed):
    primitive = {"attributes": {"POSITION": 0}, "extensions": {extension: {"bufferView": 0}}}
    scene = {
        "extensionsUsed": [extension],
        "accessors": [{"componentType": 5126, "count": 3, "type": "VEC3"}],
        "meshes": [{"primitives": [primitive]}],
    }
    path = tmp_path / "head.glb"
    path.write_bytes(glb(scene | ({"extensionsRequired": [extension]} if needed else {})))
    with pytest.raises(InvalidInput, match=rf"is compressed \({name}\): export it without compression"):
        read_mesh(path)
    assert capfd.readouterr() == ("", "")


def test_nodes_turn_resize_and_shift_their_children(ball, tmp_path):
    points, triangles = ball
    nodes = [
        {"children": [1], "translation": [0, 5, 0], "rotation": [HALF, 0, 0, HALF]},
        {"mesh": 0, "matrix": [2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0, 1, 0, 0, 1]},
        {"mesh": 0, "translation": [100, 0, 0]},  # in no scene
    ]
    vertices, found = read(
        tmp_path / "ball.glb", glb_of(PARTS | {"nodes": nodes}, [{}, {}], [points, triangles.ravel()])
    )
    x, y, z = points.T
    assert np.allclose(vertices, np.stack([2 * x + 1, 5 - 2 * z, 2 * y], 1), atol=1e-5)
    assert (found == triangles).all()


def test_a_mirroring_node_turns_its_triangles(ball, tmp_path):
    scene = PARTS | {"nodes": [{"mesh": 0, "scale": [-1, 1, 1]}]}
    vertices, triangles = read(tmp_path / "ball.glb", glb_of(scene, [{}, {}], [ball[0], ball[1].ravel()]))
    assert np.linalg.det(vertices[triangles]).sum() > 0


@pytest.mark.parametrize("dense", [False, True], ids=["over zeros", "over a view"])
def test_sparse_positions_are_read(ball, tmp_path, dense):
    points, triangles = ball
    rows = np.arange(0 if not dense else len(points) // 2, len(points), dtype="<u2")
    base = np.where(np.isin(np.arange(len(points)), rows)[:, None], 9, points).astype("<f4")
    sparse = {
        "count": len(rows),
        "indices": {"bufferView": 2, "componentType": 5123},
        "values": {"bufferView": 3},
    }
    positions = {"sparse": sparse} | ({} if dense else {"bufferView": None})
    arrays = [base, triangles.ravel(), rows, points[rows]]
    content = glb_of(PARTS | {"nodes": [{"mesh": 0}]}, [positions, {}], arrays)
    assert np.allclose(read(tmp_path / "ball.glb", content)[0], points)


def test_normalised_integers_are_shares(ball, tmp_path):
    points, triangles = ball
    stored = np.round(points * 32767).astype("<i2")
    scene = PARTS | {"nodes": [{"mesh": 0, "scale": [3, 3, 3]}]}
    content = glb_of(scene, [{"normalized": True}, {}], [stored, triangles.ravel()])
    assert np.allclose(read(tmp_path / "ball.glb", content)[0], 3 * points, atol=1e-3)


def skinned(ball, joint_of: np.ndarray, inverse: np.ndarray, nodes: list[dict], **attributes: int) -> bytes:
    """A ball whose vertices belong to joints 0 and 1, which are nodes 2 and 3; its own node is moved far away."""
    points, triangles = ball
    joints = np.stack([joint_of, 0 * joint_of, 0 * joint_of, 9 + 0 * joint_of], 1).astype("u1")
    weights = np.tile(np.array([1, 0, 0, 0], "<f4"), (len(points), 1))
    scene = {
        "scenes": [{"nodes": [0, 1]}],
        "nodes": [{"mesh": 0, "skin": 0, "translation": [100, 0, 0]}, *nodes],
        "skins": [{"joints": [2, 3], "inverseBindMatrices": 2}],
        "meshes": [
            {"primitives": [{"attributes": attributes or {"POSITION": 0, "JOINTS_0": 3, "WEIGHTS_0": 4}, "indices": 1}]}
        ],
    }
    stored = np.asarray(inverse, "<f4").transpose(0, 2, 1).reshape(-1, 16)
    return glb_of(scene, [{}] * 5, [points, triangles.ravel(), stored, joints, weights])


ARMATURE = [
    {"children": [2, 3], "rotation": [-HALF, 0, 0, HALF], "scale": [0.01] * 3},
    {"translation": [0, 0, 50]},
    {},
]


def test_joints_place_a_skinned_mesh_and_its_own_node_does_not(ball, tmp_path):
    points, upper = ball[0], ball[0][:, 1] > 0
    shift = np.eye(4)
    shift[2, 3] = -50
    vertices, _ = read(tmp_path / "ball.glb", skinned(ball, ~upper, [shift, np.eye(4)], ARMATURE))
    assert np.allclose(vertices, points[:, [0, 2, 1]] * (0.01, 0.01, -0.01), atol=1e-6)
    vertices, _ = read(tmp_path / "ball.glb", skinned(ball, ~upper, [np.eye(4)] * 2, ARMATURE))
    assert np.allclose(vertices[:, 1], 0.01 * points[:, 2] + 0.5 * upper, atol=1e-6)


def test_a_skin_that_names_no_joints_is_refused(ball, tmp_path):
    content = skinned(ball, np.zeros(len(ball[0]), int), [np.eye(4)] * 2, ARMATURE, POSITION=0)
    with pytest.raises(InvalidInput, match="apply the armature before export"):
        read(tmp_path / "ball.glb", content)


def test_a_vertex_of_a_joint_that_is_not_there_is_refused(ball, tmp_path):
    content = skinned(ball, np.full(len(ball[0]), 2), [np.eye(4)] * 2, ARMATURE)
    with pytest.raises(InvalidInput, match=r"joints out of range: 2 \(from 0\), of 2"):
        read(tmp_path / "ball.glb", content)


def test_morph_targets_count_as_the_file_weighs_them(ball, tmp_path):
    points, triangles = ball
    mesh = {"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "targets": [{"POSITION": 2}]}]}
    content = glb_of(
        PARTS | {"meshes": [mesh | {"weights": [0.5]}], "nodes": [{"mesh": 0}]},
        [{}] * 3,
        [points, triangles.ravel(), points],
    )
    assert np.allclose(read(tmp_path / "ball.glb", content)[0], 1.5 * points)


@pytest.mark.parametrize(
    ("mode", "order", "triangles"),
    [
        (5, [0, 1, 2, 3, 4], [[0, 1, 2], [3, 2, 1], [2, 3, 4]]),
        (5, [0, 1, 2, 2, 3, 3, 4], [[0, 1, 2]]),
        (6, [0, 1, 2, 3], [[0, 1, 2], [0, 2, 3]]),
    ],
)
def test_strips_and_fans_become_triangles(tmp_path, mode, order, triangles):
    scene = PARTS | {"meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "mode": mode}]}]}
    points = np.arange(15, dtype="<f4").reshape(5, 3)
    content = glb_of(scene | {"nodes": [{"mesh": 0}]}, [{}, {}], [points, np.array(order, "<u2")])
    assert read(tmp_path / "strip.glb", content)[1].tolist() == triangles


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"accessors": 0, "count": 10**6}, "ends outside its buffer"),
        ({"nodes": 0, "children": [0]}, "own parent"),
        ({"buffers": 0, "uri": "head.bin"}, "in another file: export it as one .glb"),
    ],
)
def test_broken_scenes_are_refused_in_one_line(ball, tmp_path, change, line):
    content = glb_of(PARTS | {"nodes": [{"mesh": 0}]}, [{}, {}], [ball[0], ball[1].ravel()])
    size = int(np.frombuffer(content, "<u4", 1, 12)[0])
    scene = json.loads(content[20 : 20 + size])
    (name, number), *more = change.items()
    scene[name][number] |= dict(more)
    with pytest.raises(InvalidInput, match=line):
        read(tmp_path / "ball.glb", glb(scene, content[28 + size :]))


def test_an_index_beyond_the_vertices_of_its_primitive_is_refused(ball, tmp_path):
    points, triangles = ball
    content = glb_of(PARTS | {"nodes": [{"mesh": 0}]}, [{}, {}], [points, triangles.ravel() + np.uint32(1)])
    with pytest.raises(InvalidInput, match="out of range: vertex 72"):
        read(tmp_path / "ball.glb", content)
