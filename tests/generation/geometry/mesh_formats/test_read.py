"""Mesh files as programs write them, and the line that each broken one gets."""

import struct

import numpy as np
import pytest
import trimesh

from dataset_script.errors import InvalidInput
from generation.geometry.mesh import uv_sphere
from generation.geometry.mesh_formats import MESH_SUFFIXES
from generation.geometry.mesh_formats.obj import read_obj
from generation.geometry.mesh_formats.read import READERS, read_mesh

TRIANGLE = "v 0 0 0\nv 1 0 0\nv 0 1 0\n"


@pytest.fixture(scope="module")
def ball():
    return uv_sphere(8, 10)


def surface(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(T, 3, 3) corners, in an order that does not depend on that of the triangles."""
    corners = np.asarray(vertices)[triangles].round(4) + 0.0
    return corners[np.lexsort(corners.reshape(-1, 9).T)]


def test_every_suffix_has_a_reader():
    assert tuple(READERS) == MESH_SUFFIXES


@pytest.mark.parametrize("suffix", MESH_SUFFIXES)
def test_formats_hold_the_same_surface(ball, tmp_path, suffix):
    path = tmp_path / f"ball{suffix.upper()}"
    content = trimesh.Trimesh(*ball, process=False).export(file_type=suffix[1:])
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert np.allclose(surface(*read_mesh(path)), surface(*ball), atol=2e-4)


@pytest.mark.parametrize(
    ("lines", "triangles"),
    [
        ("v 1 1 0\nf -4/1 -3/1 -2/1 -1/1\n", [[0, 1, 2], [0, 2, 3]]),
        ("f 1 \\\n 2 3\n", [[0, 1, 2]]),
        ("f 1 \\\r\n 2 \\ \r\n 3 # a triangle\r\n", [[0, 1, 2]]),
        ("f 1//1 2//2 3//3#glued\n", [[0, 1, 2]]),
        ("# a path C:\\\nf 1/1/1 2/2/2 3/3/3 # behind\n", [[0, 1, 2]]),
        ("f 1 2 3 3\n", [[0, 1, 2]]),
        ("f 1 1 2 2 3 1\n", [[0, 1, 2]]),
        ("f 1/1 2/2 3/3 3/4\n", [[0, 1, 2]]),
        ("f 2 2 2 2\nf 1 2 3\nf 1 2 1\n", [[1, 1, 1], [0, 1, 2], [0, 0, 0]]),
        ("l 1 2\ns off\nusemtl skin\nvp 1 2\nf 1 2 3\n", [[0, 1, 2]]),
    ],
)
def test_obj_as_programs_write_it(tmp_path, lines, triangles):
    path = tmp_path / "mesh.obj"
    path.write_bytes((TRIANGLE + lines).encode())
    assert read_mesh(path)[1].tolist() == triangles


def test_obj_vertices_may_have_colours_and_continued_lines_keep_their_numbers(tmp_path):
    path = tmp_path / "mesh.obj"
    path.write_text("v 0 0 0 0.1 0.2 0.3\nv 1 0 \\\n0\nv 0 1 0 1\nf 1 2 \\\n3\nf 1 2 x\n")
    with pytest.raises(InvalidInput, match="line 7 is 'f 1 2 x'"):
        read_mesh(path)


def ply(path, ball, form: str, sizes: str = "uchar int", strips: bool = False):
    """The mesh as PLY with colours, flags and texture coordinates of triangles beside what is needed."""
    vertices, triangles = ball
    order, (size, index) = ">" if "big" in form else "<", sizes.split()
    letter = {"uchar": "B", "int": "i", "uint": "I", "ushort": "H", "short": "h"}
    header = f"ply\nformat {form} 1.0\ncomment c\nelement vertex {len(vertices)}\nproperty uchar red\n"
    header += "".join(f"property double {axis}\n" for axis in "xyz")
    rows = [("Bddd", (9, *point)) for point in vertices.tolist()]
    if strips:
        header += "element tristrips 1\nproperty list int int vertex_indices\n"
        strip = [corner for t in triangles.tolist() for corner in (*t, -1)][:-1]
        rows.append((f"i{len(strip)}i", (len(strip), *strip)))
    else:
        header += f"element face {len(triangles)}\nproperty uchar flags\nproperty list {sizes} vertex_index\n"
        header += "property list uchar float texcoord\n"
        rows += [(f"B{letter[size]}3{letter[index]}B2f", (7, 3, *t, 2, 0.5, 0.5)) for t in triangles.tolist()]
    header += "element edge 0\nproperty int vertex1\nend_header\n"
    if form == "ascii":
        body = "".join(" ".join(map(str, values)) + "\n" for _, values in rows).encode()
    else:
        body = b"".join(struct.pack(order + kind, *values) for kind, values in rows)
    path.write_bytes(header.encode() + body)
    return path


@pytest.mark.parametrize("form", ["ascii", "binary_little_endian", "binary_big_endian"])
@pytest.mark.parametrize("sizes", ["uchar int", "int uint", "ushort short"])
def test_ply_of_every_order_and_list(ball, tmp_path, form, sizes):
    vertices, triangles = read_mesh(ply(tmp_path / "ball.ply", ball, form, sizes))
    assert np.allclose(vertices, ball[0]) and (triangles == ball[1]).all()


@pytest.mark.parametrize("form", ["ascii", "binary_big_endian"])
def test_ply_strips_become_triangles(ball, tmp_path, form):
    vertices, triangles = read_mesh(ply(tmp_path / "ball.ply", ball, form, strips=True))
    assert np.allclose(vertices, ball[0]) and (triangles == ball[1]).all()


def test_a_long_ply_strip_turns_every_second_triangle(tmp_path):
    path = tmp_path / "strip.ply"
    path.write_text(
        "ply\nformat ascii 1.0\nelement vertex 5\nproperty float x\nproperty float y\nproperty float z\n"
        "element tristrips 1\nproperty list int int vertex_indices\nend_header\n"
        "0 0 0\n1 0 0\n0 1 0\n1 1 0\n0 2 0\n7 0 1 2 3 -1 4 4\n"
    )
    assert read_mesh(path)[1].tolist() == [[0, 1, 2], [3, 2, 1]]


@pytest.mark.parametrize(
    "lengths", ["4 0 1 2 2\n4 0 2 3 3\n4 4 3 2 4\n4 1 1 1 1\n", "3 0 1 2\n4 0 2 3 0\n3 4 3 2\n3 1 1 1\n"]
)
def test_ply_polygons_with_a_corner_twice(tmp_path, lengths):
    path = tmp_path / "quads.ply"
    path.write_text(
        "ply\nformat ascii 1.0\nelement vertex 5\nproperty float x\nproperty float y\nproperty float z\n"
        "element face 4\nproperty list uchar int vertex_indices\nend_header\n"
        f"0 0 0\n1 0 0\n1 1 0\n0 1 0\n0 2 0\n{lengths}"
    )
    assert sorted(read_mesh(path)[1].tolist()) == [[0, 1, 2], [0, 2, 3], [1, 1, 1], [4, 3, 2]]


def test_ply_polygons_of_several_lengths(tmp_path):
    path = tmp_path / "mixed.ply"
    path.write_text(
        "ply\nformat ascii 1.0\nelement vertex 5\nproperty float x\nproperty float y\nproperty float z\n"
        "element face 3\nproperty list uchar int vertex_indices\nend_header\n"
        "0 0 0\n1 0 0\n1 1 0\n0 1 0\n0 2 0\n4 0 1 2 3\n3 3 2 4\n2 0 1\n"
    )
    assert read_mesh(path)[1].tolist() == [[3, 2, 4], [0, 1, 2], [0, 2, 3]]


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("head.fbx", "", r"head\.fbx; a mesh must end in \.obj"),
        ("head.gltf", "{}", r"must end in \.obj, \.ply, \.stl, \.glb: export it"),
        ("head.obj", "", "empty"),
        ("head.obj", "\n \n", "empty"),
        ("head.obj", "v 0 0 zero\n", "cannot be read as obj: line 1 is 'v 0 0 zero'"),
        ("head.obj", TRIANGLE + "v 1 2", r"line 4 is 'v 1 2'.*cut short"),
        ("head.obj", TRIANGLE + "f 0 1 2\n", "line 4 is 'f 0 1 2'"),
        ("head.obj", TRIANGLE, "no triangles"),
        ("head.obj", TRIANGLE + "f 1 2 9\n", r"out of range: vertex 8 \(from 0\), of 3"),
        ("head.obj", "ply\nformat ascii 1.0\n", r"it is a PLY file; name it \*\.ply"),
        ("head.obj", "Kaydara FBX Binary", r"it is an FBX file; export it as \.obj"),
        ("head.ply", "version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        ("head.stl", "glTF", r"it is a GLB file; name it \*\.glb"),
        ("head.ply", "ply\nnothing", "cannot be read as ply: it has no header"),
        ("head.ply", "ply\nformat ascii 1.0\nelement v 1\nproperty quad x\nend_header\n0\n", "cannot be read as ply"),
        ("head.glb", "glTF", "cannot be read as glb"),
        ("head.stl", "solid\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\n", "cut short"),
        ("head.stl", "nothing", "cut short, or no stl"),
    ],
)  # fmt: skip
def test_files_that_are_no_meshes_are_refused_in_one_line(tmp_path, name, content, line):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(InvalidInput, match=line) as refusal:
        read_mesh(path)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("spelled", [str.lower, str.upper, str.title])
def test_words_of_stl_are_of_any_case(ball, tmp_path, spelled):
    text = trimesh.Trimesh(*ball, process=False).export(file_type="stl_ascii")
    path = tmp_path / "ball.stl"
    path.write_text(spelled(text))
    assert np.allclose(surface(*read_mesh(path)), surface(*ball), atol=2e-4)
    path.write_text(spelled(text)[: len(text) // 2])
    with pytest.raises(InvalidInput, match="does not end in 'endsolid'"):
        read_mesh(path)


@pytest.mark.parametrize("suffix", [".ply", ".stl", ".glb"])
@pytest.mark.parametrize("share", [0.4, 0.99])
def test_files_cut_short_are_named_as_such(ball, tmp_path, suffix, share):
    path = tmp_path / f"head{suffix}"
    trimesh.Trimesh(*ball, process=False).export(path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(InvalidInput, match="is cut short"):
        read_mesh(path)


def test_points_alone_are_no_surface(ball, tmp_path):
    for suffix in ("ply", "glb"):
        path = tmp_path / f"points.{suffix}"
        trimesh.Scene([trimesh.PointCloud(ball[0])]).export(path) if suffix == "glb" else path.write_bytes(
            trimesh.PointCloud(ball[0]).export(file_type=suffix)
        )
        with pytest.raises(InvalidInput, match="no triangles"):
            read_mesh(path)


def test_numbers_too_large_to_square_are_refused(ball, tmp_path):
    path = tmp_path / "ball.obj"
    trimesh.Trimesh(ball[0] * 1e200, ball[1], process=False).export(path)
    with pytest.raises(InvalidInput, match=r"a coordinate of 1e\+200; allowed are up to 1e\+50"):
        read_mesh(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="does not exist"):
        read_mesh(tmp_path / "head.obj")


def test_too_many_triangles_are_refused_with_the_cure(ball, tmp_path, monkeypatch):
    monkeypatch.setattr("generation.geometry.mesh_formats.read.MOST_TRIANGLES", 100)
    trimesh.Trimesh(*ball, process=False).export(tmp_path / "ball.ply")
    with pytest.raises(InvalidInput, match=r"140 triangles; allowed are 100: decimate it"):
        read_mesh(tmp_path / "ball.ply")


@pytest.mark.parametrize(
    ("line", "cause"),
    [("v 0,0123 1,5 -2,25", "decimal commas must be points"), ("v 1.5 2", "cut short"), ("f 1 2 x", "cut short")],
)
def test_what_may_be_wrong_with_a_line_of_an_obj_is_said(line, cause):
    with pytest.raises(InvalidInput, match=rf"line 2 is '{line}'; allowed are .*\(.*{cause}"):
        read_obj(f"v 0 0 0\n{line}\n".encode())
