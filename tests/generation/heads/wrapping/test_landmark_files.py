import json

import numpy as np
import pytest

from dataset_script.errors import InvalidInput
from generation.geometry.mesh_formats.read import read_mesh
from generation.heads.wrapping.landmark_files import check_on_skin, read_landmarks


def test_landmarks_are_vertex_numbers_or_points(mesh, obj, tmp_path):
    vertices, _ = read_mesh(obj)
    numbers = [int(np.linalg.norm(mesh.vertices - p, axis=1).argmin()) for p in mesh.landmarks]
    (tmp_path / "numbers.txt").write_text("\n".join(map(str, numbers)))
    (tmp_path / "points.json").write_text(json.dumps(vertices[numbers].tolist()))
    one, other = (read_landmarks(tmp_path / name, vertices, True) for name in ("numbers.txt", "points.json"))
    assert one.shape == (68, 3) and np.allclose(one, other)
    check_on_skin(tmp_path / "numbers.txt", one, vertices[: len(mesh.vertices)])


POINTS = np.random.default_rng(0).normal(size=(68, 3)).round(4)


def as_lines(separator: str) -> str:
    return "\n".join(separator.join(map(str, point)) for point in POINTS.tolist()) + "\n\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *(("l.txt", as_lines(separator)) for separator in (" ", ",", ", ", ";", "\t", " ; ")),
        ("l.txt", "\ufeff" + as_lines(",").replace("\n", "\r\n")),
        ("l.json", json.dumps([dict(zip("xyz", point, strict=True)) for point in POINTS.tolist()])),
        (
            "l.mrk.json",
            json.dumps({"markups": [{"controlPoints": [{"id": "1", "position": p} for p in POINTS.tolist()]}]}),
        ),
    ],
)
def test_points_as_programs_write_them(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    assert np.allclose(read_landmarks(tmp_path / name, np.zeros((3, 3)), False), POINTS)


@pytest.mark.parametrize(
    ("name", "content", "indexed", "line"),
    [
        ("l.csv", "", True, r"must end in \.json or \.txt"),
        ("l.json", "{", True, "does not hold 68"),
        ("l.json", "[1, 2, 3]", True, r"shape \(3,\)|vertex numbers"),
        ("l.json", json.dumps([10**7] * 68), True, "holds 1e\\+07 to 1e\\+07; allowed are vertex numbers 0 to"),
        ("l.json", json.dumps([1.5] * 68), True, "allowed are vertex numbers"),
        ("l.json", json.dumps([1] * 68), False, "must hold 68 points"),
        (
            "l.txt",
            as_lines(",").replace("\n", ",Point\n"),
            True,
            "not hold 68 numbers or points: a .txt file has a line",
        ),
        (
            "l.txt",
            as_lines(" ").replace("\n", " 1\n", 1),
            True,
            "not hold 68 numbers or points: a .txt file has a line",
        ),
        ("l.json", '{"points": []}', True, "not hold 68 numbers or points: a .txt file has a line"),
        ("l.json", '[{"x": 1, "y": 2}]', True, "not hold 68 numbers or points: a .txt file has a line"),
        ("l.json", "3", True, "not hold 68 numbers or points: a .txt file has a line"),
        ("l.txt", "nan 0 0\n" * 68, True, "not finite"),
    ],
)
def test_bad_landmarks_are_refused(obj, tmp_path, name, content, indexed, line):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(InvalidInput, match=line):
        read_landmarks(path, read_mesh(obj)[0], indexed)


def test_landmarks_beside_the_skin_and_numbers_of_lost_vertices_are_refused(obj, tmp_path):
    vertices, _ = read_mesh(obj)
    path = tmp_path / "l.json"
    path.write_text(json.dumps([[0, 0, 0]] * 68))
    with pytest.raises(InvalidInput, match="away from the skin"):
        check_on_skin(path, read_landmarks(path, vertices, True), vertices)
    path.write_text(json.dumps([0] * 68))
    with pytest.raises(InvalidInput, match="coordinates are not finite"):
        read_landmarks(path, np.full((3, 3), np.nan), True)
