"""Files of another format than their suffix says, each named as what it is."""

import io
import zipfile

import numpy as np
import pytest
import trimesh

from dataset_script.errors import InvalidInput
from generation.geometry.mesh import uv_sphere
from generation.geometry.mesh_formats import MESH_SUFFIXES
from generation.geometry.mesh_formats.read import read_mesh
from generation.geometry.mesh_formats.signatures import kind_of


def exported(kind: str) -> bytes:
    content = trimesh.Trimesh(*uv_sphere(8, 10), process=False).export(file_type=kind)
    return content if isinstance(content, bytes) else content.encode()


def zipped() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("head.obj", exported("obj"))
    return packed.getvalue()


MESHES = {
    "an OBJ file; name it *.obj": exported("obj"),
    "an STL file; name it *.stl": exported("stl"),
    "an STL file; name it *.stl ": exported("stl_ascii"),
    "a PLY file; name it *.ply": exported("ply"),
    "a GLB file; name it *.glb": exported("glb"),
}
OTHERS = {
    "an FBX file; export it as": b"Kaydara FBX Binary  \0\x1a\0" + bytes(200),
    "an FBX file": b"; FBX 7.4.0 project file\n",
    "a ZIP archive; unpack it": zipped(),
    "a gzip archive; unpack it": b"\x1f\x8b\x08" + bytes(99),
    "a JPEG picture; a mesh is needed": b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(99),
    "a PNG picture": b"\x89PNG\r\n\x1a\n" + bytes(99),
    "a PDF document": b"%PDF-1.7\n",
    "an HTML page": b"\n<!DOCTYPE html>\n<html><head>",
    "an XML file": b'<?xml version="1.0"?><scene/>',
    "a Collada file": b'\xef\xbb\xbf<?xml version="1.0"?>\n<COLLADA version="1.4.1">',
    "an X3D file": b'<?xml version="1.0"?>\n<!DOCTYPE X3D PUBLIC>\n<X3D>',
    "a glTF file in JSON": b'{"asset": {"version": "2.0"}}',
    "a JSON file": b'{"people": 2}',
    "an OFF file": b"OFF\n3 1 0\n0 0 0\n",
    "text in UTF-16": "v 0 0 0\n".encode("utf-16"),
    "a WebP picture": b"RIFF\x10\x00\x00\x00WEBPVP8 ",
    "a tar archive": bytes(257) + b"ustar\x0000" + bytes(300),
}


@pytest.mark.parametrize("suffix", MESH_SUFFIXES)
@pytest.mark.parametrize("line", [*MESHES, *OTHERS])
def test_a_file_of_another_format_than_its_suffix_is_named(tmp_path, suffix, line):
    path = tmp_path / f"head{suffix}"
    path.write_bytes((MESHES | OTHERS)[line])
    if line in MESHES and line.strip().endswith(suffix):
        read_mesh(path)
        return
    with pytest.raises(InvalidInput) as refusal:
        read_mesh(path)
    assert f"cannot be read as {suffix[1:]}: it is {line.strip()}" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_an_unknown_binary_file_is_no_obj(tmp_path):
    path = tmp_path / "head.obj"
    path.write_bytes(np.arange(500, dtype="<i4").tobytes())
    with pytest.raises(InvalidInput, match="it is a binary file of an unknown format"):
        read_mesh(path)


@pytest.mark.parametrize("name", ["solid head", "ply", "glTF", "{", "<html>", "MM", "PK"])
def test_the_header_of_binary_stl_may_say_anything(tmp_path, name):
    content = exported("stl")
    path = tmp_path / "head.stl"
    path.write_bytes(name.encode().ljust(80, b" ") + content[80:])
    assert len(read_mesh(path)[1]) == 140


@pytest.mark.parametrize(
    "text",
    ["v 0 0 0\nf 1 1 1\n", "# ply\n# solid facet\nmtllib a.mtl\nv -1e-3 +.5 2. 1 1 1\r\n", "\tv 1 2 3\n#\n#\n#\n"],
)
def test_obj_is_known_by_its_words(text):
    assert kind_of(text.encode()).suffix == ".obj"


@pytest.mark.parametrize("text", ["v one two three\n", "1 2 3\n4 5 6\n", "landmark v 1 2 3\n", "x\ny\nv 1 2 3\n"])
def test_other_text_is_no_obj(text):
    assert kind_of(text.encode()) is None
