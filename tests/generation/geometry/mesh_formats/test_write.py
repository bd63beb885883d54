"""Mesh files that are written: valid by the rules of their formats, and read back as they were."""

import json

import numpy as np
import pytest
import trimesh

from dataset_script.errors import InvalidInput
from generation.geometry.mesh import uv_sphere, vertex_normals
from generation.geometry.mesh_formats.glb_writer import glb_of_mesh
from generation.geometry.mesh_formats.read import read_mesh
from generation.geometry.mesh_formats.write import check_suffix, mesh_file


@pytest.fixture(scope="module")
def ball():
    """Vertices mm, triangles, normals, colours."""
    points, triangles = uv_sphere(8, 10)
    points = (100 * points).astype(np.float32)
    return points, triangles, vertex_normals(points, triangles), np.linspace(0, 1, 3 * len(points)).reshape(-1, 3)


def scene_of(content: bytes) -> tuple[dict, bytes]:
    size = int(np.frombuffer(content, "<u4", 1, 12)[0])
    return json.loads(content[20 : 20 + size]), content[28 + size :]


@pytest.mark.parametrize(("suffix", "scale"), [(".glb", 0.001), (".ply", 1), (".obj", 1)])
def test_files_are_read_back_in_their_unit(ball, tmp_path, suffix, scale):
    path = tmp_path / f"head{suffix}"
    path.write_bytes(mesh_file(path, *ball))
    vertices, triangles = read_mesh(path)
    assert np.allclose(vertices, scale * ball[0], atol=1e-4 * scale) and (triangles == ball[1]).all()


@pytest.mark.parametrize("suffix", [".glb", ".ply", ".obj"])
def test_trimesh_reads_shape_and_colours(ball, tmp_path, suffix):
    path = tmp_path / f"head{suffix}"
    path.write_bytes(mesh_file(path, *ball))
    (mesh,) = trimesh.load_scene(path, process=False).geometry.values()
    assert len(mesh.vertices) == len(ball[0]) and len(mesh.faces) == len(ball[1]) and mesh.volume > 0
    if suffix == ".glb":  # beside a material, colours are an attribute
        colours = 255.0 * np.asarray(mesh.visual.vertex_attributes["color"])[:, :3]
    else:
        colours = np.asarray(mesh.visual.vertex_colors)[:, :3].astype(float)
    assert np.ptp(colours, axis=0).min() > 230 and (np.diff(colours, axis=0) >= 0).all()


@pytest.mark.parametrize("count", [3, 65535, 65536])
def test_glb_is_valid(count):
    """Aligned views inside the buffer, accessors inside their views with true bounds, no index that restarts."""
    points = np.random.default_rng(0).normal(size=(count, 3)).astype(np.float32)
    triangles = np.array([[0, 1, 2], [count - 3, count - 2, count - 1]])
    content = glb_of_mesh(points, triangles, colours=np.abs(points) / 9, places=np.abs(points[:, :2]) / 9)
    assert int.from_bytes(content[8:12], "little") == len(content) and len(content) % 4 == 0
    scene, binary = scene_of(content)
    assert scene["buffers"] == [{"byteLength": len(binary)}]
    sizes = {5126: 4, 5125: 4, 5123: 2}
    for accessor in scene["accessors"]:
        view = scene["bufferViews"][accessor["bufferView"]]
        width = {"SCALAR": 1, "VEC2": 2, "VEC3": 3}[accessor["type"]]
        assert view["byteOffset"] % 4 == 0 and view["byteOffset"] + view["byteLength"] <= len(binary)
        assert accessor["count"] * width * sizes[accessor["componentType"]] == view["byteLength"]
    position = scene["accessors"][scene["meshes"][0]["primitives"][0]["attributes"]["POSITION"]]
    assert np.allclose(position["min"], points.min(axis=0)) and np.allclose(position["max"], points.max(axis=0))
    kind = scene["accessors"][scene["meshes"][0]["primitives"][0]["indices"]]["componentType"]
    assert kind == (5123 if count <= 65535 else 5125)


def test_other_names_are_refused(tmp_path):
    with pytest.raises(InvalidInput, match=r"head.fbx; its name must end in .glb, .ply, .obj"):
        check_suffix(tmp_path / "head.fbx")
