"""Cameras, poses, dense landmarks, UV maps and meshes of real frames."""

import dataclasses
import io
import json

import numpy as np
import pytest
import trimesh
from PIL import Image
from placements import seen

import pain3d_cli
from dataset_script.dense_landmarks import DENSE_MIRROR, DENSE_REGIONS, DENSE_VERTICES, FILE
from dataset_script.features import FEATURES
from dataset_script.rows import geometry_problems, label_problems
from dataset_script.shards import to_table
from dataset_script.spec import Spec
from dataset_script.vocabulary import SEGMENTS
from generation.annotate import MESH_STEPS, UV_STEPS, UV_UNIT
from generation.geometry.mesh_formats.glb import read_glb
from generation.geometry.mesh_formats.read import read_mesh
from generation.heads.build_dense_landmarks import choose
from generation.pipeline import FrameMaker
from generation.plan import Plan

SPEC = Spec(identities=24, preset="balanced", size=128, geometry=True, mesh=True)
PLAN = Plan(SPEC)
BARE = dataclasses.replace(PLAN[2], accessories=())
"""Nothing but hair and the head itself hides a part of this face."""


@pytest.fixture(scope="module")
def maker():
    return FrameMaker(SPEC)


@pytest.fixture(scope="module")
def frames(maker):
    """Neutral and two pain expressions of one person, from the front and from one side."""
    return [maker.make_frame(BARE, e, v) for e in (0, 4, 9) for v in (0, 1)]


@pytest.fixture(scope="module")
def stored(frames):
    """The rows as the files hold them."""
    defaults = to_table("default", [frame.row for frame in frames]).to_pylist()
    return list(zip(defaults, to_table("geometry", [frame.geometry for frame in frames]).to_pylist(), strict=True))


def pixels(picture: dict) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture["bytes"])))


def in_head(pose: dict, points: np.ndarray) -> np.ndarray:
    """Points (N, 3) of the room in the axes of the head."""
    return (np.array(points) - pose["translation"]) @ np.array(pose["rotation"])


def test_stored_points_are_projected_onto_stored_pixels(stored):
    for row, geometry in stored:
        for source, name in ((row, "landmarks"), (geometry, "dense_landmarks")):
            assert np.abs(seen(row["camera"], source[f"{name}_3d"]) - source[name]).max() < 1e-3
        assert geometry["camera"] == row["camera"] and geometry["head_pose"] == row["head_pose"]
        assert not list(label_problems(row)) and not list(label_problems(geometry))
        assert not list(geometry_problems(geometry, SPEC.size))


def test_a_view_has_one_camera_and_its_head_moves(stored):
    for view in (0, 1):
        neutral, *pain = (row for row, _ in stored if row["view_id"] == view)
        assert np.allclose(neutral["head_pose"]["rotation"], np.eye(3)) and not any(neutral["head_pose"]["translation"])
        for row in pain:
            assert row["camera"]["rotation"] == neutral["camera"]["rotation"]
            assert row["camera"]["translation"] == neutral["camera"]["translation"]
            pose = row["head_pose"]
            assert 0.3 < np.abs([pose[name] for name in ("yaw", "pitch", "roll")]).max() < 8


def test_views_of_an_expression_show_one_face_in_the_axes_of_the_head(stored):
    for (front, dense), (side, beside) in zip(stored[::2], stored[1::2], strict=True):
        for one, other, name in ((front, side, "landmarks_3d"), (dense, beside, "dense_landmarks_3d")):
            faces = [in_head(row["head_pose"], row[name]) for row in (one, other)]
            assert np.allclose(*faces, atol=1e-3)


def test_the_first_dense_landmarks_are_the_68(stored):
    for row, geometry in stored:
        assert geometry["dense_landmarks"][:68] == row["landmarks"]


def test_the_list_is_what_the_builder_chooses(maker):
    assert choose(maker.head.topology) == {
        name: {k: tuple(v) for k, v in part.items()} if name == "regions" else part
        for name, part in json.loads(FILE.read_text()).items()
    }


def test_dense_landmarks_lie_in_the_face_box_on_the_face(stored):
    for row, geometry in stored:
        points = np.array(geometry["dense_landmarks"])
        left, top, right, bottom = row["face_box"]
        assert (points > (left - 0.5, top - 0.5)).all() and (points < (right + 0.5, bottom + 0.5)).all()


def test_dense_landmarks_are_symmetric_pairs(maker):
    points = maker.head.topology.reference[list(DENSE_VERTICES)]
    assert np.allclose(points[list(DENSE_MIRROR)] * (-1, 1, 1), points, atol=1e-3)
    for name, (first, end) in DENSE_REGIONS.items():
        sides = np.sign(points[first:end, 0].round(1))
        assert not name.endswith("right") or (sides < 0).all()
        assert not name.endswith("left") or (sides > 0).all()


def test_what_turns_away_is_hidden(stored):
    for row, geometry in stored:
        visible, yaw = np.array(geometry["dense_landmarks_visible"]), row["camera"]["yaw"]
        first, end = DENSE_REGIONS["nose"]
        if row["view_id"] == 0:
            assert visible.mean() > 0.85
        else:  # the nose points to image right: what is hidden is on the subject's left
            far, near = ("left", "right") if yaw > 0 else ("right", "left")
            shares = [visible[slice(*DENSE_REGIONS[f"cheek_{side}"])].mean() for side in (far, near)]
            assert shares[0] < shares[1] and shares[1] > 0.9
            assert 0.3 < visible[first:end].mean() < 1


def test_uv_maps_cover_the_skin_and_nothing_else(frames):
    for frame in frames:
        u, v = (pixels(frame.geometry["uv"][axis]) for axis in "uv")
        assert u.dtype == np.uint16 and ((u > 0) == (v > 0)).all()
        assert not (u[pixels(frame.geometry["depth"]) == 0] > 0).any()
        segments = pixels(frame.geometry["segments"])
        assert (u[segments == SEGMENTS.index("skin")] > 0).mean() > 0.9
        assert not (u[segments == SEGMENTS.index("eyes")] > 0).any()


def test_uv_lead_to_the_point_that_a_pixel_sees(maker, frames):
    """The point of the mesh that the place of a pixel in the texture names is seen in the middle of that pixel."""
    frame, topology = frames[2], maker.head.topology
    u, v = (pixels(frame.geometry["uv"][axis]).astype(float) for axis in "uv")
    rows, columns = np.nonzero(u)
    bare = rows < frame.row["landmarks"][8][1]  # below the chin there are clothes, which the mesh is without
    chosen = np.random.default_rng(0).permutation(np.flatnonzero(bare))[:300]
    at = np.stack([columns, rows], axis=1)[chosen] + 0.5
    places = (np.stack([u, v], axis=2)[rows, columns][chosen] - 1) / (UV_STEPS * UV_UNIT)
    pose = frame.row["head_pose"]
    vertices = 1000 * read_glb(frame.geometry["mesh"])[0] @ np.array(pose["rotation"]).T + pose["translation"]
    charted = np.flatnonzero(topology.uv[:, 0, 0] >= 0)
    found = [vertices[topology.triangles[charted[t]]].T @ w for t, w in map(within(topology.uv[charted]), places)]
    off = np.abs(seen(frame.row["camera"], np.array(found)) - at).max(axis=1)
    assert np.median(off) < 0.01 and np.percentile(off, 95) < 0.1


def within(triangles: np.ndarray):
    """What finds for a place (2,) the flat triangle (T, 3, 2) that holds it, and its weights there."""
    a, b, c = np.moveaxis(triangles.astype(float), 1, 0)

    def twice_area(p, q):
        return p[..., 0] * q[..., 1] - p[..., 1] * q[..., 0]

    whole = twice_area(b - a, c - a)

    def find(place: np.ndarray) -> tuple[int, np.ndarray]:
        second, third = twice_area(place - a, c - a) / whole, twice_area(b - a, place - a) / whole
        weights = np.stack([1 - second - third, second, third], axis=1)
        best = int(weights.min(axis=1).argmax())
        return best, weights[best]

    return find


def test_the_mesh_is_a_whole_glb_of_the_posed_head(maker, frames, stored):
    topology = maker.head.topology
    for frame, (_, geometry) in zip(frames, stored, strict=True):
        vertices, triangles = read_glb(geometry["mesh"])
        assert (triangles == topology.triangles).all()
        dense = in_head(frame.row["head_pose"], frame.geometry["dense_landmarks_3d"])
        assert np.abs(1000 * vertices[list(DENSE_VERTICES)] - dense).max() < 1000 / MESH_STEPS
    assert frames[2].geometry["mesh"] == frames[3].geometry["mesh"] != frames[0].geometry["mesh"]
    mesh = trimesh.load(io.BytesIO(frames[2].geometry["mesh"]), file_type="glb", force="mesh", process=False)
    assert len(mesh.vertices) == len(topology.reference) and 0.2 < mesh.extents[1] < 0.6  # metres


def test_no_mesh_where_none_is_asked_for(frames):
    row = FrameMaker(Spec(identities=24, preset="balanced", size=128, geometry=True)).make_frame(BARE, 4, 0)
    assert row.geometry["mesh"] is None and row.row == frames[2].row
    FEATURES["geometry"].encode_example(row.geometry)


def test_render_writes_the_posed_head_with_the_rig_that_is_named(tmp_path, capsys):
    words = ["render", "--size", "64", "--au4", "5", "--au26", "4", "--out", str(tmp_path / "face.png"), "--mesh"]
    assert pain3d_cli.main([*words, str(tmp_path / "face.glb"), "--rig", "blendshapes"]) == 0
    vertices, triangles = read_mesh(tmp_path / "face.glb")
    assert 0.35 < np.ptp(vertices[:, 1]) < 0.6 and triangles.max() == len(vertices) - 1
    (mesh,) = trimesh.load(tmp_path / "face.glb", process=False).geometry.values()
    colours = np.asarray(mesh.visual.vertex_attributes["color"])[:, :3]
    assert np.ptp(colours, axis=0).min() > 0.3
    nose = np.argmax(np.where(np.abs(vertices[:, 0]) < 0.01, vertices[:, 2], -1))
    assert colours[nose, 0] > 1.5 * colours[nose, 2]  # skin
    assert pain3d_cli.main([*words, str(tmp_path / "face.stl")]) == 2
    assert "face.stl; its name must end in .glb, .ply, .obj" in capsys.readouterr().err
    assert pain3d_cli.main([*words, str(tmp_path / "face.ply"), "--rig", "strings"]) == 2
    assert "rig is 'strings'; allowed: blendshapes, neural" in capsys.readouterr().err
    assert not (tmp_path / "face.ply").exists()
