import json

import numpy as np
import pytest
import trimesh
from other_heads import with_parts

from dataset_script.errors import InvalidInput
from generation.heads.wrapping.mesh_files import read_head, read_landmarks


def test_a_head_is_taken_apart_into_skin_eyeballs_and_the_rest(mesh, obj):
    found = read_head(obj)
    assert len(found.skin) == len(mesh.vertices) and len(found.triangles) == len(mesh.triangles)
    assert found.left_out.tolist() == [8]
    order = np.argsort(-found.spheres[:, 0])  # the left eye has the larger x
    assert np.allclose(found.spheres[order, 3] * 10, mesh.eyes[:, 3], atol=0.01)
    assert np.allclose((found.spheres[order, :3] - (2.0, 160.0, -3.0)) * 10, mesh.eyes[:, :3], atol=0.01)


@pytest.mark.parametrize("suffix", [".ply", ".stl", ".glb"])
def test_other_formats_hold_the_same_surface(mesh, tmp_path, suffix):
    vertices, triangles = with_parts(mesh)
    path = tmp_path / f"head{suffix}"
    trimesh.Trimesh(vertices, triangles, process=False).export(path)
    found = read_head(path)
    assert len(found.skin) == len(mesh.vertices) and len(found.spheres) == 2
    corners, true = found.vertices[found.skin][found.triangles], mesh.vertices[mesh.triangles]
    assert np.allclose(np.sort(corners.reshape(-1, 3), axis=0), np.sort(true.reshape(-1, 3), axis=0), atol=1e-3)


def test_obj_polygons_become_triangles_and_negative_numbers_count_from_the_end(tmp_path):
    path = tmp_path / "quad.obj"
    path.write_text("v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nf -4/1 -3/1 -2/1 -1/1\n")
    assert read_head(path).triangles.tolist() == [[0, 1, 2], [0, 2, 3]]


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("head.fbx", "", r"head\.fbx; a mesh must end in \.obj"),
        ("head.obj", "v 0 0 zero\n", "cannot be read as obj"),
        ("head.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\n", "no triangles"),
        ("head.obj", "v 0 0 0\nv 1 0 0\nv 0 nan 0\nf 1 2 3\n", "not finite"),
        ("head.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 9\n", "out of range"),
        ("head.ply", "ply\nnothing", "cannot be read as ply"),
        ("head.glb", "glTF", "cannot be read as glb"),
        ("head.stl", "", "head.stl"),
    ],
)
def test_files_that_are_no_meshes_are_refused_in_one_line(tmp_path, name, content, line):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(InvalidInput, match=line) as refusal:
        read_head(path)
    assert "\n" not in str(refusal.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="does not exist"):
        read_head(tmp_path / "head.obj")


def test_landmarks_are_vertex_numbers_or_points(mesh, obj, tmp_path):
    head = read_head(obj)
    numbers = [int(np.linalg.norm(mesh.vertices - p, axis=1).argmin()) for p in mesh.landmarks]
    (tmp_path / "numbers.txt").write_text("\n".join(map(str, numbers)))
    (tmp_path / "points.json").write_text(json.dumps(head.vertices[numbers].tolist()))
    one, other = (read_landmarks(tmp_path / name, head, True) for name in ("numbers.txt", "points.json"))
    assert one.shape == (68, 3) and np.allclose(one, other)


@pytest.mark.parametrize(
    ("name", "content", "indexed", "line"),
    [
        ("l.csv", "", True, r"must end in \.json or \.txt"),
        ("l.json", "{", True, "does not hold 68"),
        ("l.json", "[1, 2, 3]", True, r"shape \(3,\)|vertex numbers"),
        ("l.json", json.dumps([10**7] * 68), True, "allowed are vertex numbers 0 to"),
        ("l.json", json.dumps([1.5] * 68), True, "allowed are vertex numbers"),
        ("l.json", json.dumps([1] * 68), False, "must hold 68 points"),
        ("l.json", json.dumps([[0, 0, 0]] * 68), True, "away from the skin"),
        ("l.txt", "nan 0 0\n" * 68, True, "not finite"),
    ],
)
def test_bad_landmarks_are_refused(obj, tmp_path, name, content, indexed, line):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(InvalidInput, match=line):
        read_landmarks(path, read_head(obj), indexed)
