"""A user's own mesh: found in its units, wrapped, moved by the rig, and refused where it is no head."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import trimesh
from other_heads import PLAN, with_parts, write_landmarks, write_obj
from scipy.spatial import cKDTree

from dataset_script.errors import InvalidInput
from dataset_script.facs import AU_MAX, AU_NAMES
from generation.appearance.hair.guides import BareHead
from generation.appearance.hair.strands import grow_hair, in_face
from generation.appearance.hair.styles import STYLES, HairPaint, scalp_mask
from generation.geometry.camera import Camera
from generation.geometry.mesh import uv_sphere, vertex_normals
from generation.geometry.mesh_formats.read import read_mesh
from generation.geometry.surface import Surface
from generation.geometry.visibility import rasterize
from generation.heads import own
from generation.heads.base import EYE, TEETH
from generation.heads.wrapping import parts
from generation.heads.wrapping.align import (
    check_fit,
    check_slits,
    runs_outwards,
    to_head_by_landmarks,
    to_head_by_shape,
)
from generation.heads.wrapping.landmark_files import MIRRORED
from generation.heads.wrapping.parts import find_face, take_apart
from generation.heads.wrapping.template import template
from generation.heads.wrapping.turns import CELLS, axes_in_words, coarse, nearest_turn
from generation.plan import ViewPlan


def levels(**named: float) -> np.ndarray:
    return np.array([named.get(name, 0.0) for name in AU_NAMES])


def pixels(head, shape, control, part: int, yaw: float = 0) -> int:
    camera = Camera.from_plan(ViewPlan(0, yaw, 0, 0, 26, 1.0), 384)
    seen = camera.project(head.vertices(control, shape.eyes).astype(float))
    ids, _, _ = rasterize(seen, head.topology.triangles, 1, 384, True)
    return int((head.topology.part[ids[ids >= 0]] == part).sum())


def test_the_wrap_lies_on_the_mesh(wrapped, mesh):
    off = wrapped.wrap.nearest.distance[template().face]
    assert off.mean() < 0.35 and np.percentile(off, 95) < 1.2
    shape = wrapped.shape(PLAN[0], 0)
    fine = wrapped.vertices(shape.control, shape.eyes).astype(float)
    face = wrapped.topology.masks["face"] > 0.99
    own_skin = mesh.vertices - mesh.eyes[:, :3].mean(axis=0)
    normals = vertex_normals(fine, wrapped.topology.triangles).astype(float)
    away = Surface(own_skin, mesh.triangles).nearest(fine[face], normals[face])
    assert away.distance[away.usable].mean() < 0.5 and away.usable.mean() > 0.9


def test_landmarks_come_near_the_true_ones(wrapped, mesh):
    shape = wrapped.shape(PLAN[0], 0)
    found = wrapped.vertices(shape.control, shape.eyes)[wrapped.topology.landmarks]
    off = np.linalg.norm(found - (mesh.landmarks - mesh.eyes[:, :3].mean(axis=0)), axis=1)
    assert off[36:48].mean() < 2.0 and off[48:].mean() < 3.0  # mm; lids, lips


def test_eyeballs_are_those_of_the_file(wrapped, mesh):
    eyes = wrapped.shape(PLAN[0], 0).eyes
    true = mesh.eyes[:, :3] - mesh.eyes[:, :3].mean(axis=0)
    assert np.abs(eyes[:, :3] - true).max() < 1.5 and np.allclose(eyes[:, 3], mesh.eyes[:, 3], atol=0.01)


def test_the_surface_has_no_folds_in_the_face(wrapped):
    t = template()
    points = wrapped.wrap.points
    triangles = t.triangles[t.face[t.triangles].all(axis=1)]

    def normals(vertices):
        a, b, c = (vertices[triangles[:, k]] for k in range(3))
        return np.cross(b - a, c - a)

    before, after = normals(t.points), normals(points)
    turned = (before * after).sum(axis=1) < 0
    assert turned.mean() < 1e-3


def test_everyone_has_the_shape_and_nobody_the_same_look(wrapped):
    one, other = wrapped.shape(PLAN[0], 0), wrapped.shape(PLAN[1], 0)
    assert (one.control == other.control).all() and (one.eyes == other.eyes).all()
    assert one.ancestry != other.ancestry and one.parameters == {}


def test_lips_are_closed_at_rest(wrapped):
    shape = wrapped.shape(PLAN[0], 0)
    assert pixels(wrapped, shape, shape.control, TEETH) < 10


@pytest.mark.parametrize("yaw", [0, 35])
def test_closed_eyes_show_no_eyeball_and_tight_ones_stay_open(wrapped, rig, yaw):
    shape = wrapped.shape(PLAN[0], 0)
    at_rest = pixels(wrapped, shape, shape.control, EYE, yaw)
    assert at_rest > 150
    for au6, au7 in ((0, 0), (5, 5)):
        closed = rig.pose(shape, levels(AU6=au6, AU7=au7, AU43=1), {})
        assert pixels(wrapped, shape, closed, EYE, yaw) <= 0.02 * at_rest
    tight = rig.pose(shape, levels(AU7=5), {})
    assert 0.1 * at_rest < pixels(wrapped, shape, tight, EYE, yaw) < 0.7 * at_rest


def test_the_rig_moves_it(wrapped, rig):
    shape = wrapped.shape(PLAN[0], 0)
    assert (rig.pose(shape, np.zeros(6), {}) == shape.control).all()
    for name, top in zip(AU_NAMES, AU_MAX, strict=True):
        moved = np.linalg.norm(rig.pose(shape, levels(**{name: top}), {}) - shape.control, axis=1)
        assert 1.0 < moved.max() < 25.0, name


def test_lashes_and_lids_sit_on_the_eyeballs(wrapped):
    shape = wrapped.shape(PLAN[0], 0)
    for side, ball in enumerate(shape.eyes):
        for roots, _ in wrapped.topology.lashes[2 * side : 2 * side + 2]:
            off = np.linalg.norm(shape.control[roots] - ball[:3], axis=1) - ball[3]
            assert (off > 0).all() and (off < 7).all()


@pytest.mark.slow
def test_one_mesh_has_the_same_bytes_in_another_process_on_more_threads(wrapped, obj):
    program = (
        "import hashlib; from pathlib import Path; from generation.heads import own;"
        f"head = own.load(Path({str(obj)!r}));"
        "print(hashlib.sha256(head.wrap.points.tobytes()).hexdigest())"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        env=os.environ | {"OMP_NUM_THREADS": "2", "PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert run.stdout.strip() == hashlib.sha256(wrapped.wrap.points.tobytes()).hexdigest()


def test_units_and_place_are_found_without_landmarks(mesh):
    scale = 0.001
    found = to_head_by_shape(template(), mesh.vertices * scale + 3.0, mesh.triangles)
    assert np.isclose(found.scale, 1 / scale)
    assert np.abs(found(mesh.vertices * scale + 3.0) - mesh.vertices).mean(axis=0).max() < 8  # mm


def test_a_mesh_of_no_usual_unit_is_resized(mesh):
    found = to_head_by_landmarks(template(), mesh.landmarks * 0.005)
    assert 150 < found.scale < 250


@pytest.mark.parametrize(
    "scale",
    [1 / 25.4, 1 / 304.8, 0.037, 1e-6, 1e4, 2 / 330],
    ids=["inches", "feet", "none", "tiny", "large", "-1 to 1"],
)
def test_any_unit_is_found_by_the_fit(mesh, scale):
    found = to_head_by_shape(template(), mesh.vertices * scale + 3 * scale, mesh.triangles)
    assert 0.85 < found.scale * scale < 1.15
    assert np.abs(found(mesh.vertices * scale + 3 * scale) - mesh.vertices).mean(axis=0).max() < 15  # mm


def test_a_head_that_lies_is_told_how(mesh):
    lying = np.stack([mesh.vertices[:, 0], -mesh.vertices[:, 2], mesh.vertices[:, 1]], axis=1)
    with pytest.raises(InvalidInput, match="; z up and -y to the front would fit"):
        to_head_by_shape(template(), lying, mesh.triangles)


@pytest.fixture(scope="module")
def bust(mesh):
    """A head with shoulders, which upside down lie about as a face does: vertices and triangles."""
    return template().points, template().triangles


@pytest.mark.parametrize(("up", "front"), [pytest.param("-y", "-z", marks=pytest.mark.slow), ("-y", "z")])
def test_every_way_to_lie_is_told_by_its_own_turn(bust, up, front):
    axes = {
        sign + name: k * row for sign, k in (("", 1), ("-", -1)) for name, row in zip("xyz", np.eye(3), strict=True)
    }
    lying = bust[0] @ np.stack([np.cross(axes[up], axes[front]), axes[up], axes[front]])
    with pytest.raises(InvalidInput, match=f"; {up} up and {front} to the front would fit: turn it so"):
        to_head_by_shape(template(), lying, bust[1])


def test_a_head_that_lies_is_found_beside_a_larger_body(bust, monkeypatch):
    monkeypatch.setattr(parts, "nearest_turn", lambda _, skin, __: np.eye(3) if len(skin) == len(bust[0]) else None)
    vertices, triangles = bust
    ball, ball_triangles = uv_sphere(24, 32)
    lying = np.concatenate([ball * (300, 300, 500) - (0, 0, 900), vertices[:, [0, 2, 1]] * (1, -1, 1)])
    chosen = find_face(template(), lying, np.concatenate([ball_triangles, triangles + len(ball)]), None)
    assert len(take_apart(lying, np.concatenate([ball_triangles, triangles + len(ball)]), chosen).skin) == len(vertices)


def test_turns_are_found_in_meshes_of_any_size(bust):
    vertices, triangles = bust
    for _ in range(3):
        vertices, triangles = trimesh.remesh.subdivide(vertices, triangles)
    few, joined = coarse(vertices, triangles)
    assert len(triangles) > 500_000 and len(few) < 1.5 * CELLS and joined.max() < len(few)
    turn = nearest_turn(template(), vertices * (-0.1, 0.1, -0.1), triangles)
    assert axes_in_words(turn) == "y up and -z to the front"


@pytest.mark.slow
def test_meshes_that_are_no_upright_heads_are_refused(mesh):
    ball, triangles = uv_sphere(24, 32)
    with pytest.raises(InvalidInput, match="not a head"):
        to_head_by_shape(template(), ball * (75, 115, 95), triangles)
    with pytest.raises(InvalidInput, match="y up, z to the front"):
        to_head_by_shape(template(), mesh.vertices[:, [0, 2, 1]] * (1, -1, 1), mesh.triangles)
    with pytest.raises(InvalidInput, match=r"turned by \d+ degrees"):
        to_head_by_landmarks(template(), mesh.landmarks[:, [0, 2, 1]] * (1, -1, 1))
    with pytest.raises(InvalidInput, match="beside those of a face"):
        to_head_by_landmarks(template(), np.random.default_rng(0).normal(size=(68, 3)))


def test_swapped_sides_are_told_from_a_head_that_looks_back(mesh):
    for swapped in (mesh.landmarks[MIRRORED], 0.1 * mesh.landmarks[MIRRORED] + (3, 160, -2)):
        with pytest.raises(InvalidInput, match=r"--head-landmarks has left and right swapped: .* point 0 is at the"):
            to_head_by_landmarks(template(), swapped)
    with pytest.raises(InvalidInput, match=r"turned by 180 degrees, as --head-landmarks lie"):
        to_head_by_landmarks(template(), mesh.landmarks * (-1, 1, -1))


def test_vertex_numbers_from_one_are_told(mesh, obj, tmp_path):
    path = tmp_path / "numbers.txt"
    numbers = np.array([np.linalg.norm(mesh.vertices - p, axis=1).argmin() for p in mesh.landmarks])
    path.write_text("\n".join(map(str, numbers + 1)))
    with pytest.raises(InvalidInput, match=r"numbers that fit from 1 on; .* take 1 from"):
        own.load(obj, path)


def test_landmarks_beside_the_slits_are_named(mesh, obj, tmp_path):
    """A sound mesh must not be blamed where points of the eyes are wrong, here both lids on the brow."""
    points = mesh.landmarks.copy()
    brow = mesh.landmarks[17:22]
    points[36:40], points[40:42] = brow[[0, 1, 3, 4]], brow[[3, 1]] - (0, 5, 0)
    with pytest.raises(InvalidInput, match=r"right eye has no slit .* if that is not so, --head-landmarks are wrong"):
        own.load(obj, write_landmarks(tmp_path / "l.json", points / 10 + (2.0, 160.0, -3.0)))


@pytest.mark.slow
def test_damaged_surfaces_are_refused_before_anything_is_fitted(mesh, tmp_path):
    fin = np.concatenate([mesh.triangles, [[*mesh.triangles[0][:2], len(mesh.vertices) - 1]]])
    cases = {"a manifold surface|oriented against": fin, "inside out": mesh.triangles[:, ::-1]}
    for line, triangles in cases.items():
        path = write_obj(tmp_path / "bad.obj", mesh.vertices, triangles)
        with pytest.raises(InvalidInput, match=rf"bad\.obj: .*({line})"):
            own.load(path)


@pytest.mark.parametrize("keep", ["whole", "face and shoulders", "face", "left half", "upper half"])
def test_open_surfaces_are_inside_out_only_where_that_is_sure(mesh, keep):
    x, y, z = mesh.vertices[mesh.triangles].mean(axis=1).T
    kept = mesh.triangles[
        {
            "whole": z < np.inf,
            "face and shoulders": z > -60,
            "face": (z > -60) & (y > -120),
            "left half": x > 0,
            "upper half": y > 0,
        }[keep]
    ]
    used, own_numbers = np.unique(kept, return_inverse=True)
    skin, triangles = mesh.vertices[used], own_numbers.reshape(-1, 3)
    assert runs_outwards(skin, triangles)
    assert not runs_outwards(skin, triangles[:, ::-1]) or keep == "left half"  # its sign depends on the point


def test_a_mask_has_no_skull(wrapped):
    t, whole = template(), wrapped.wrap
    check_fit(t, whole)
    cut = replace(whole, weight=whole.weight * (t.points[:, 2] > -60))
    with pytest.raises(InvalidInput, match=r"mask: it has \d+ % of a skull, .*: scan the head from behind"):
        check_fit(t, cut)
    far = replace(whole, nearest=replace(whole.nearest, distance=whole.nearest.distance + 3))
    with pytest.raises(InvalidInput, match="not a head"):
        check_fit(t, far)


def without_slit(mesh, pairs: tuple[tuple[int, ...], tuple[int, ...]], reach: float):
    """The mesh with a bridge of triangles across a slit: from the skin above it to the skin below it."""
    upper, lower = (mesh.landmarks[list(side)].mean(axis=0) for side in pairs)
    tree = cKDTree(mesh.vertices)
    above, below = (tree.query(p + np.array([0, dy, 0]))[1] for p, dy in ((upper, reach), (lower, -reach)))
    count = len(mesh.vertices)
    steps = np.linspace(mesh.vertices[above], mesh.vertices[below], 8)[1:-1]
    chain = [above, *range(count, count + len(steps)), below]
    bridge = [(a, b, b) for a, b in pairwise(chain)]
    return np.concatenate([mesh.vertices, steps]), np.concatenate([mesh.triangles, bridge])


def test_a_mask_with_fused_lips_is_refused_for_both(wrapped, mesh):
    t = template()
    cut = replace(wrapped.wrap, weight=wrapped.wrap.weight * (t.points[:, 2] > -60))
    fused = without_slit(mesh, ((51,), (57,)), 0.0)
    with pytest.raises(InvalidInput, match=r"mask: it has .*; the mouth has no slit"):
        own.check_all(lambda: check_fit(t, cut), lambda: check_slits(*fused, mesh.landmarks))


@pytest.mark.parametrize(
    ("slit", "reach", "line"),
    [
        (((51,), (57,)), 0.0, "mouth has no slit between the lips"),
        (((37, 38), (41, 40)), 4.0, "right eye has no slit"),
        (((43, 44), (47, 46)), 4.0, "left eye has no slit"),
    ],
)
def test_fused_lids_and_lips_are_refused(mesh, slit, reach, line):
    check_slits(mesh.vertices, mesh.triangles, mesh.landmarks)
    with pytest.raises(InvalidInput, match=line):
        check_slits(*without_slit(mesh, slit, reach), mesh.landmarks)


def test_landmarks_of_the_user_are_met(mesh, obj, tmp_path):
    place = np.array([2.0, 160.0, -3.0])
    head = own.load(obj, write_landmarks(tmp_path / "landmarks.json", mesh.landmarks / 10 + place))
    shape = head.shape(PLAN[0], 0)
    found = head.vertices(shape.control, shape.eyes)[head.topology.landmarks]
    off = np.linalg.norm(found - (mesh.landmarks - mesh.eyes[:, :3].mean(axis=0)), axis=1)
    assert off[36:].mean() < 1.0
    assert "two eyeballs" in head.about and "1 parts left out (of 8 vertices)" in head.about


def test_a_head_without_eyeballs_gets_them_from_its_lids(mesh, tmp_path):
    path = write_obj(tmp_path / "skin.obj", mesh.vertices, mesh.triangles)
    assert len(take_apart(*read_mesh(path)).spheres) == 0
    eyes = own.load(path).shape(PLAN[0], 0).eyes
    assert np.abs(eyes[:, 0] - mesh.eyes[:, 0]).max() < 3 and (np.abs(eyes[:, 3] - mesh.eyes[:, 3]) < 2.5).all()


def split_at_the_middle(vertices: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mesh cut into two halves, as texture seams cut it: the left half has vertices of its own, at the end."""
    left = vertices[triangles].mean(axis=1)[:, 0] > 0
    return np.concatenate([vertices, vertices]), triangles + len(vertices) * left[:, None]


@pytest.mark.parametrize("suffix", [".obj", ".ply"])
def test_seams_are_joined_and_landmark_numbers_stay(mesh, tmp_path, suffix):
    vertices, triangles = split_at_the_middle(mesh.vertices, mesh.triangles)
    order = np.random.default_rng(0).permutation(len(vertices))
    place = np.argsort(order)
    path = tmp_path / f"head{suffix}"
    if suffix == ".obj":
        write_obj(path, vertices[order], place[triangles])
    else:
        trimesh.Trimesh(vertices[order], place[triangles], process=False).export(path)
    numbers = place[[int(np.linalg.norm(mesh.vertices - p, axis=1).argmin()) for p in mesh.landmarks]]
    (tmp_path / "numbers.txt").write_text("\n".join(map(str, numbers)))
    head = own.load(path, tmp_path / "numbers.txt")
    assert f"a skin of {len(mesh.vertices):,} vertices" in head.about
    shape = head.shape(PLAN[0], 0)
    found = head.vertices(shape.control, shape.eyes)[head.topology.landmarks]
    off = (found - mesh.landmarks)[36:]
    assert np.linalg.norm(off - off.mean(axis=0), axis=1).mean() < 1.5  # its origin follows from the lids


def test_without_a_head_in_joined_seams_they_are_left_open(mesh):
    vertices, triangles = split_at_the_middle(mesh.vertices, mesh.triangles)
    tried = [len(np.unique(found)) for found in own.joinings(vertices, triangles)]
    assert tried == [len(mesh.vertices), len(np.unique(triangles))]
    assert len(list(own.joinings(mesh.vertices, mesh.triangles))) == 1


def damaged(mesh) -> tuple[np.ndarray, np.ndarray]:
    """Eyeballs first; a doubled triangle, a fin, two turned ones, one without area, one that is not finite."""
    vertices, triangles = with_parts(mesh)
    skin = len(mesh.vertices)
    vertices = np.concatenate([vertices[skin:], vertices[:skin]])
    triangles = (triangles + len(vertices) - skin) % len(vertices)
    bad = triangles[: len(mesh.triangles)]
    bad[[50, 51]] = bad[[50, 51], ::-1]
    flat = [bad[9][0], len(vertices) + 1, bad[9][1]]
    extra = [bad[700], [*bad[100][:2], bad[900][0]], flat, [*bad[8][:2], len(vertices)]]
    start, end = vertices[bad[9][:2]].round(6)  # as the file has them, so that the three points are on one line
    return np.concatenate([vertices, [[np.nan] * 3, 2 * end - start]]), np.concatenate([triangles, extra])


def test_all_faults_of_a_scan_are_named_at_once_and_repaired_on_demand(mesh, tmp_path):
    vertices, triangles = damaged(mesh)
    path = write_obj(tmp_path / "scan.obj", vertices, triangles)
    with pytest.raises(InvalidInput) as refusal:
        own.load(path)
    line, twice = str(refusal.value), triangles[700]
    x, y, z = vertices[twice[0]]
    assert f"triangle {'-'.join(map(str, twice))} at ({x:.5g} {y:.5g} {z:.5g}) stands twice" in line
    for word in ("not finite", "no area", "in 3 triangles", "oriented against each other", "--repair"):
        assert word in line
    assert "\n" not in line
    head = own.load(path, repair=True)
    assert "repaired: " in head.about and "1 doubled" in head.about and "2 triangles turned round" in head.about
    assert head.wrap.nearest.distance[template().face].mean() < 0.35


@pytest.mark.slow
def test_triangles_written_as_quads_are_the_same_head_and_empty_polygons_are_left_out_and_counted(
    wrapped, obj, tmp_path
):
    def path_of(name, lines):
        (tmp_path / name).write_text("\n".join(lines))
        return tmp_path / name

    lines = obj.read_text().splitlines()
    faces = [k for k, line in enumerate(lines) if line.startswith("f ")]
    for k in faces[::2]:
        lines[k] += f" {lines[k].split()[-1]}"  # as ZBrush writes them
    first = lines[faces[0]].split()[1]
    path = path_of(
        "quads.obj", [*lines, f"f {first} {first} {first}", f"f {first} {lines[faces[5]].split()[1]} {first}"]
    )
    head = own.load(path)
    assert (head.wrap.points == wrapped.wrap.points).all()
    assert head.about.startswith("quads.obj: ") and "2 polygons without three different corners left out" in head.about
    with pytest.raises(InvalidInput, match="no polygon has three different corners"):
        own.load(path_of("flat.obj", [*(line for line in lines if line.startswith("v ")), "f 1 2 2"]))


def test_repair_leaves_a_sound_head_as_it_is(wrapped, obj):
    assert (own.load(obj, repair=True).wrap.points == wrapped.wrap.points).all()


def test_triangles_that_are_not_joined_are_named_as_such(tmp_path):
    path = tmp_path / "one.obj"
    path.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 5 0 0\nv 6 0 0\nv 5 1 0\nf 1 2 3\nf 4 5 6\n")
    with pytest.raises(InvalidInput, match=r"largest of its 2 connected parts has 3 vertices.*joined\?"):
        own.load(path)


@pytest.mark.parametrize("style", STYLES)
def test_every_hairstyle_grows_on_a_wrapped_head(wrapped, style):
    shape = wrapped.shape(PLAN[3], 0)
    vertices = wrapped.vertices(shape.control, shape.eyes)
    bare = BareHead(wrapped.topology, vertices, vertex_normals(vertices, wrapped.topology.triangles))
    paint = HairPaint("brown", np.array([0.07, 0.04, 0.02]), 0.3)
    for up in ((0.0, 1.0, 0.0), (0.0, 0.26, 0.966)):
        hair = grow_hair(PLAN[3], bare, scalp_mask(wrapped.topology, 4.0), style, paint, 0, up)
        assert np.isfinite(hair.points).all() and len(hair.points) > 0.6 * STYLES[style].strands
        assert not in_face(hair.points).mean() > 0.001
