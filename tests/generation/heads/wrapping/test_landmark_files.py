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


@pytest.mark.parametrize(
    ("name", "content", "indexed", "line"),
    [
        ("l.csv", "", True, r"must end in \.json or \.txt"),
        ("l.json", "{", True, "does not hold 68"),
        ("l.json", "[1, 2, 3]", True, r"shape \(3,\)|vertex numbers"),
        ("l.json", json.dumps([10**7] * 68), True, "allowed are vertex numbers 0 to"),
        ("l.json", json.dumps([1.5] * 68), True, "allowed are vertex numbers"),
        ("l.json", json.dumps([1] * 68), False, "must hold 68 points"),
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
