"""Meshes made to do harm: a few bytes that stand for more values than there is memory, or for hours of work."""

import numpy as np
import pytest
from counted_lines import at_most
from glb_files import glb_of

from dataset_script.errors import InvalidInput
from generation.geometry.mesh import uv_sphere
from generation.geometry.mesh_formats import glb as glb_reader
from generation.geometry.mesh_formats.read import read_mesh

VERTICES, TRIANGLES = uv_sphere(6, 8)
ARRAYS = [VERTICES.astype("<f4"), TRIANGLES.reshape(-1).astype("<u4")]
MESH = {"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}


def scene(nodes: list[dict], roots: list[int] | None = None, mesh: dict = MESH) -> dict:
    return {"scenes": [{"nodes": [0] if roots is None else roots}], "nodes": nodes, "meshes": [mesh]}


def read(content: bytes, tmp_path, suffix: str = ".glb"):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    return read_mesh(path)


@pytest.mark.parametrize(
    "accessor",
    [{"bufferView": None, "count": 1 << 40}, {"bufferView": None, "count": 50_000_000}],
)
def test_values_that_take_no_bytes_take_no_memory_either(accessor, tmp_path):
    with pytest.raises(InvalidInput, match=r"has an accessor of [\d,]+ values; its buffers have [\d,]+ bytes"):
        read(glb_of(scene([{"mesh": 0}]), [accessor | {"type": "VEC3", "componentType": 5126}, {}], ARRAYS), tmp_path)


def test_one_value_again_and_again_is_refused(tmp_path):
    content = glb_of(scene([{"mesh": 0}]), [{"count": 1 << 33}, {}], ARRAYS)
    content = content.replace(b'"byteOffset": 0,', b'"byteStride": 0,')
    with pytest.raises(InvalidInput, match=r"accessor of 8,589,934,592 values"):
        read(content, tmp_path)


def test_the_same_mesh_a_thousand_times_is_refused_before_it_is_put_together(tmp_path, monkeypatch):
    monkeypatch.setattr(glb_reader, "MOST", 1000)
    with pytest.raises(InvalidInput, match=r"more than 1,000 vertices or triangles"):
        read(glb_of(scene([{"mesh": 0}] * 100, list(range(100))), [{}, {}], ARRAYS), tmp_path)


def test_a_chain_of_many_nodes_is_read_in_few_lines(tmp_path):
    count = 6000
    nodes = [{"translation": [0.001, 0, 0], "children": [k + 1]} for k in range(count)] + [{"mesh": 0}]
    with at_most(100 * count):
        vertices, _ = read(glb_of(scene(nodes), [{}, {}], ARRAYS), tmp_path)
    np.testing.assert_allclose(vertices, VERTICES + np.array([0.001 * count, 0, 0]), atol=1e-4)
    wide = [{"children": list(range(1, count))}, *[{"mesh": 0} for _ in range(1)], *[{}] * (count - 2)]
    with at_most(100 * count):
        read(glb_of(scene(wide), [{}, {}], ARRAYS), tmp_path)


def test_nodes_in_a_circle_are_still_refused(tmp_path):
    nodes = [{"mesh": 0}, {"children": [2]}, {"children": [1]}]
    with pytest.raises(InvalidInput, match="is its own parent"):
        read(glb_of(scene(nodes), [{}, {}], ARRAYS), tmp_path)


def test_a_scene_described_too_deep_is_refused(tmp_path):
    text = b'{"asset":' + b"[" * 200_000
    text += b" " * (-len(text) % 4)
    head = b"glTF" + b"".join(n.to_bytes(4, "little") for n in (2, 20 + len(text), len(text), 0x4E4F534A))
    with pytest.raises(InvalidInput, match="too deep"):
        read(head + text, tmp_path)


def test_a_line_that_goes_on_for_ever_is_read_in_few_lines(tmp_path):
    lines = b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3 " + b"\\\n" * 150_000 + b"\nf 1 2\n"
    with at_most(3_000_000), pytest.raises(InvalidInput, match="line 150005 is 'f 1 2'"):
        read(lines, tmp_path, ".obj")


@pytest.mark.parametrize("word", ["inf", "1e999", "-1e999", "nan", "9" * 400])
def test_lists_of_no_length_are_refused_in_one_line(word, tmp_path):
    head = "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\n"
    head += "element face 1\nproperty list uchar int vertex_indices\nend_header\n0 0 0\n1 0 0\n0 1 0\n"
    with pytest.raises(InvalidInput, match=r"which cannot be read as ply|which is cut short"):
        read(f"{head}{word} 0 1 2\n".encode(), tmp_path, ".ply")
    with pytest.raises(InvalidInput):
        read(f"{head}3 0 1 {word}\n".encode(), tmp_path, ".ply")
    with pytest.raises(InvalidInput, match=r"which cannot be read as obj"):
        read(f"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 {word}\n".encode(), tmp_path, ".obj")
