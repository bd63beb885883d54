"""Cameras, poses and points that cannot be, each named."""

import copy

import numpy as np
import pytest
from placements import NOWHERE

from dataset_script.placements import placement_problems
from dataset_script.rows import geometry_problems


def turned(**changes):
    return lambda row: row["camera"].update(changes)


def posed(**changes):
    return lambda row: row["head_pose"].update(changes)


MIRROR = np.diag([1.0, 1.0, -1.0]).tolist()
WRONG = [
    (turned(rotation=MIRROR), "camera.rotation is"),
    (turned(rotation=[[1.001, 0, 0], [0, 1, 0], [0, 0, 1]]), "camera.rotation is"),
    (turned(rotation=None), "camera.rotation is None; it must be a rotation"),
    (turned(rotation=[[1, 0, 0], [0, None, 0], [0, 0, 1]]), "camera.rotation is"),
    (turned(translation=[0, 0, float("nan")]), "camera.translation is"),
    (turned(intrinsics={"fx": 0, "fy": 1, "cx": 1, "cy": 1}), "camera.intrinsics is"),
    (turned(yaw=float("inf")), "camera.yaw is inf; it must be finite"),
    (posed(rotation=MIRROR), "head_pose.rotation is"),
    (posed(translation=None), "head_pose.translation is None; it must be finite"),
    (posed(pitch=None), "head_pose.pitch is None; it must be finite"),
    (turned(translation=[0.1, 0, 0]), "landmarks_3d lie up to 0.10 pixels from landmarks"),
    (lambda row: row["landmarks"][7].__setitem__(0, 0.5), "landmarks_3d lie up to 0.50 pixels from landmarks"),
    (lambda row: row["landmarks_3d"][7].__setitem__(2, 0.0), "landmarks_3d lie up to inf pixels from landmarks"),
    (lambda row: row["landmarks_3d"][7].__setitem__(1, float("nan")), "landmarks_3d are not all finite"),
    (lambda row: row["landmarks"][7].__setitem__(1, float("inf")), "landmarks are not all finite"),
]


@pytest.mark.parametrize(("change", "line"), WRONG, ids=[line for _, line in WRONG])
def test_each_is_named_once(change, line):
    row = copy.deepcopy(NOWHERE)
    assert not list(placement_problems(row, nullable=False))
    change(row)
    (problem,) = placement_problems(row, nullable=False)
    assert problem.startswith(line)


def test_dense_landmarks_are_judged_as_the_others_are():
    row = {"camera": NOWHERE["camera"], "dense_landmarks": [[0.0, 0.0]], "dense_landmarks_3d": [[-1.0, -1.0, 1.0]]}
    assert not list(placement_problems(row, nullable=False))
    row["dense_landmarks"] = [[0.0, 1.0]]
    assert list(placement_problems(row, nullable=False)) == [
        "dense_landmarks_3d lie up to 1.00 pixels from dense_landmarks where the camera sees them"
    ]


def test_what_a_source_does_not_tell_is_no_problem():
    empty = {"camera": None, "head_pose": None, "landmarks": None, "landmarks_3d": None}
    assert not list(placement_problems(empty, nullable=True))
    nothing = {"yaw": None, "intrinsics": {"fx": None}, "rotation": [[None] * 3] * 3, "translation": None}
    assert not list(placement_problems({"camera": nothing, "head_pose": {"yaw": None}}, nullable=True))
    assert list(placement_problems({"camera": nothing}, nullable=False))


def test_data_of_older_versions_have_no_extrinsics():
    camera = {name: value for name, value in NOWHERE["camera"].items() if name not in ("rotation", "translation")}
    assert not list(placement_problems({"camera": camera, "landmarks": NOWHERE["landmarks"]}, nullable=False))


def test_uv_where_nothing_is_and_torn_meshes_are_named(png16):
    row = {
        "depth": png16([[0, 9], [9, 9]]),
        "segments": png16([[0, 1], [1, 1]], "L"),
        "au_heatmaps": {},
        "uv": {"u": png16([[0, 5], [5, 5]]), "v": png16([[0, 5], [0, 5]])},
        "mesh": b"glTF\2\0\0\0\x10\0\0\0" + bytes(4),
    }
    assert not list(geometry_problems(row, 2))
    row["uv"]["v"] = png16([[5, 5], [5, 5]])
    row["mesh"] = row["mesh"][:-1]
    assert list(geometry_problems(row, 2)) == [
        "uv.v has places where depth has nothing",
        "mesh is no whole binary glTF file",
    ]
    row["uv"]["u"] = png16([[0, 5], [5, 5]], "L")
    assert any(line.startswith("uv.u is L, 2 x 2 pixels; it must be I;16") for line in geometry_problems(row, 2))


@pytest.fixture
def png16():
    """Makes pictures of rows."""
    import io

    from PIL import Image

    def make(pixels: list, mode: str = "I;16") -> dict:
        buffer = io.BytesIO()
        Image.fromarray(np.array(pixels, np.uint8 if mode == "L" else np.uint16)).save(buffer, "PNG")
        return {"bytes": buffer.getvalue(), "path": None}

    return make
