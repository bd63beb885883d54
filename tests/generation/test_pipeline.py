import io
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import pain3d_cli
from dataset_script.errors import InvalidInput
from dataset_script.facs import AU_NAMES
from dataset_script.features import FEATURES
from dataset_script.spec import Spec
from dataset_script.vocabulary import SEGMENTS
from generation.annotate import DEPTH_UNITS_PER_MM
from generation.geometry.camera import Camera
from generation.heatmap import to_bytes, vertex_heat
from generation.pipeline import FrameMaker
from generation.plan import Plan, ViewPlan
from generation.sheets.portrait import Portrait, render_portrait

SPEC = Spec(identities=24, preset="balanced", size=128, geometry=True)
PLAN = Plan(SPEC)


@pytest.fixture(scope="module")
def maker():
    return FrameMaker(SPEC)


@pytest.fixture(scope="module")
def frames(maker):
    return list(maker.make_identity(PLAN[2]))


def pixels(picture: dict) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture["bytes"])))


def test_an_identity_has_33_frames_in_order(frames):
    keys = [(f.row["expression_id"], f.row["view_id"]) for f in frames]
    assert keys == [(e, v) for e in range(11) for v in range(3)]


def test_rows_fit_the_schema(frames):
    for frame in frames[::7]:
        assert set(frame.row) == set(FEATURES["default"]) and set(frame.geometry) == set(FEATURES["geometry"])
        FEATURES["default"].encode_example(frame.row)
        FEATURES["geometry"].encode_example(frame.geometry)


def test_one_frame_alone_equals_the_one_in_the_run(frames):
    for expression, view in ((0, 0), (4, 1), (10, 2)):
        alone = FrameMaker(SPEC).make_frame(PLAN[2], expression, view)
        inside = frames[expression * 3 + view]
        assert alone.row == inside.row and alone.geometry == inside.geometry


@pytest.mark.slow
def test_the_number_of_threads_changes_no_byte():
    code = (
        "import hashlib; from generation.pipeline import FrameMaker; from generation.plan import Plan;"
        "from dataset_script.spec import Spec; spec = Spec(identities=12, size=64, geometry=True); plan = Plan(spec);"
        "frames = [FrameMaker(spec).make_frame(plan[i], 4, 1) for i in (0, 3)];"
        "print(hashlib.sha256(repr([(f.row, f.geometry) for f in frames]).encode()).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"OMP_NUM_THREADS": n, "OPENBLAS_NUM_THREADS": n},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for n in ("1", "2", "4")
    }
    assert len(seen) == 1


def test_neutral_is_cold_and_pain_is_hot(frames):
    for frame in frames:
        heat = pixels(frame.row["heatmap"])
        assert heat.shape == (128, 128) and heat.dtype == np.uint8
        assert (heat.max() > 10) == (frame.row["expression_id"] > 0)


def test_views_of_a_neutral_and_a_pain_frame_are_one_camera_but_for_the_head_motion(frames):
    for frame in frames:
        camera, neutral = frame.row["camera"], frames[frame.row["view_id"]].row["camera"]
        moved = [camera[name] - neutral[name] for name in ("yaw", "pitch", "roll")]
        assert np.allclose(moved, PLAN[2].expressions[frame.row["expression_id"]].head_motion)
        assert (camera["fov"], camera["intrinsics"]) == (neutral["fov"], neutral["intrinsics"])
        assert frame.row["neutral_frame_id"] == frames[frame.row["view_id"]].row["frame_id"]


def test_all_annotations_share_the_pixels(frames):
    for frame in frames[::5]:
        segments, depth = pixels(frame.geometry["segments"]), pixels(frame.geometry["depth"])
        heat = pixels(frame.row["heatmap"])
        strands = np.isin(segments, [SEGMENTS.index(n) for n in ("hair", "brows", "lashes")])
        background = (segments == 0) & ~strands
        assert (depth[background] == 0).all() and (heat[background] == 0).all()
        body = ~np.isin(segments, [0]) & ~strands
        assert (depth[body] > 0).all()
        assert 300 < np.median(depth[body]) / DEPTH_UNITS_PER_MM < 1500
        assert (heat[np.isin(segments, [SEGMENTS.index(n) for n in ("eyes", "teeth", "clothes")])] == 0).all()


def test_normals_are_unit_and_face_the_camera(frames):
    for frame in frames[::8]:
        code = pixels(frame.geometry["normals"]).astype(float)
        seen = code.any(axis=2)
        normals = code[seen] / 127.5 - 1
        assert np.allclose(np.linalg.norm(normals, axis=1), 1, atol=0.03)
        assert (normals[:, 2] > -0.25).mean() > 0.99  # interpolated normals lean a little behind the silhouette
        assert (seen == (pixels(frame.geometry["depth"]) > 0)).all()
        left, right = np.nonzero(seen)[1] < 50, np.nonzero(seen)[1] > 78
        assert normals[left, 0].mean() < -0.1 < 0.1 < normals[right, 0].mean()


def test_landmarks_of_the_far_side_are_hidden(maker):
    bare = replace(PLAN[2], accessories=())
    for frame in (maker.make_frame(bare, 0, view) for view in range(3)):
        visible, yaw = np.array(frame.geometry["landmarks_visible"]), frame.row["camera"]["yaw"]
        if abs(yaw) < 10:
            assert visible[17:].all()
        else:  # turned to image right, the face hides the part of its jaw that is at image right
            far, near = (range(11, 17), range(6)) if yaw > 0 else (range(6), range(11, 17))
            assert visible[list(far)].mean() < visible[list(near)].mean()
            assert visible[[27, 28, 29, 30]].all()


def test_landmarks_lie_on_what_they_name(maker, frames):
    frame = frames[0]
    segments = pixels(frame.geometry["segments"])
    points = np.array(frame.row["landmarks"])
    assert ((points > 0) & (points < 128)).all()

    def near(index: int, name: str) -> bool:
        x, y = np.floor(points[index]).astype(int)
        return SEGMENTS.index(name) in segments[y - 2 : y + 3, x - 2 : x + 3]

    assert all(near(k, "lips") for k in (48, 51, 54, 57))
    assert all(near(k, "eyes") for k in (37, 41, 44, 46))
    left, top, right, bottom = frame.row["face_box"]
    assert (points[17:, 0] > left).all() and (points[17:, 0] < right).all()
    assert (points[17:, 1] > top).all() and (points[17:, 1] < bottom).all()


def test_heat_is_millimetres_of_moved_skin(maker):
    person = maker.person(PLAN[2])
    topology = maker.head.topology
    pain = person.neutral.copy()
    skin = topology.landmarks[30]  # the tip of the nose
    pain[skin] += 3 * person.normals[skin]
    heat = vertex_heat(person.neutral, pain, person.normals, topology)
    assert np.isclose(heat[skin], 3, atol=1e-3) and np.count_nonzero(heat > 1e-4) == 1
    tangent = np.cross(person.normals[skin], [0, 1, 0])
    pain[skin] = person.neutral[skin] + 3 * tangent / np.linalg.norm(tangent)
    assert np.isclose(vertex_heat(person.neutral, pain, person.normals, topology)[skin], 1.5, atol=1e-2)
    ball = len(topology.reference) - 1
    pain[ball] += 9
    assert vertex_heat(person.neutral, pain, person.normals, topology)[ball] == 0
    assert to_bytes(np.array([0, 6, 12, 99.0]), 12.0).tolist() == [0, 128, 255, 255]


def test_per_unit_heatmaps_are_of_the_active_units_only(frames):
    for frame in frames[3::6]:
        for name, level in zip(AU_NAMES, frame.row["au"], strict=True):
            assert (pixels(frame.geometry["au_heatmaps"][name]).max() > 0) == (level > 0)


def test_pictures_show_a_lit_face_in_front_of_a_background(frames):
    for frame in frames[:3]:
        rgb, segments = pixels(frame.row["image"]).astype(float), pixels(frame.geometry["segments"])
        skin = rgb[segments == 1]
        assert 30 < skin.mean() < 235 and skin[:, 0].mean() > skin[:, 2].mean()
        assert {1, 2, 3, 4, 9} <= set(np.unique(segments).tolist())
        assert 0.12 < (segments == 1).mean() < 0.6


def test_the_camera_of_a_row_projects_its_landmarks(maker, frames):
    person = maker.person(PLAN[2])
    for view in range(3):
        camera = Camera.from_plan(PLAN[2].views[view], SPEC.size)
        projected = camera.project(person.neutral[maker.head.topology.landmarks].astype(float))[:, :2]
        assert np.allclose(projected, frames[view].row["landmarks"], atol=1e-3)


def test_a_portrait_checks_its_arguments(maker):
    def portrait(age=40, **view):
        camera = ViewPlan(0, **{"yaw": 0, "pitch": 0, "roll": 0, "fov": 26, "framing": 1.0} | view)
        return Portrait(age, "white", "man", 0, (0,) * 6, {}, camera)

    for arguments, message in (({"age": 7}, "age is 7"), ({"yaw": 200}, "yaw is 200"), ({"fov": 2}, "fov is 2")):
        with pytest.raises(InvalidInput, match=message):
            render_portrait(maker, portrait(**arguments))
    picture, heatmap = render_portrait(maker, portrait())
    assert picture.shape == (128, 128, 3) and not heatmap.any()


def test_render_refuses_other_files_in_one_line(tmp_path, capsys):
    assert pain3d_cli.main(["render", "--out", str(tmp_path / "a.tiff")]) == 2
    assert "must end in" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_a_portrait_wears_what_it_is_told(maker, tmp_path, capsys):
    view = ViewPlan(0, 0.0, 0.0, 0.0, 26.0, 1.0)
    plain = Portrait(72, "white", "woman", 0, (3.0, 0, 0, 0, 4.0, 0), {}, view)
    pictures = [render_portrait(maker, each)[0] for each in (plain, replace(plain, accessories=("oxygen_mask",)))]
    assert (pictures[0] != pictures[1]).any(axis=2).mean() > 0.02
    with pytest.raises(SystemExit):
        pain3d_cli.main(["render", "--wear", "crown", "--out", str(tmp_path / "a.png")])
    assert "invalid choice: 'crown'" in capsys.readouterr().err
