"""What kind of file some content is, whatever its name says: meshes, scenes, archives, pictures, documents."""

import re
from dataclasses import dataclass

import numpy as np

from . import MESH_SUFFIXES
from .stl import FACET, HEADER

LOOKED_AT = 65_536
"""Bytes from the beginning in which words of text formats are looked for."""
LEADING = b"\xef\xbb\xbf \t\r\n"
"""May stand before the first word of a text: a byte order mark and white space."""


@dataclass(frozen=True)
class Kind:
    """What a file is, in words, the suffix under which it is read (None where it is not), and what to do then."""

    what: str
    suffix: str | None = None
    cure: str = f"export it as {', '.join(MESH_SUFFIXES)}"


def _mesh(name: str, suffix: str) -> Kind:
    return Kind(f"{name} file", suffix, f"name it *{suffix}")


def _archive(name: str) -> Kind:
    return Kind(f"{name} archive", cure="unpack it")


def _no_mesh(what: str) -> Kind:
    return Kind(what, cure="a mesh is needed")


PLY, STL, GLB, OBJ = _mesh("a PLY", ".ply"), _mesh("an STL", ".stl"), _mesh("a GLB", ".glb"), _mesh("an OBJ", ".obj")
HTML = _no_mesh("an HTML page, not the file itself")
UTF_16 = Kind("text in UTF-16", cure="save it in UTF-8")
BEGINNINGS = {
    b"glTF": GLB,
    b"Kaydara": Kind("an FBX file"),
    b"; FBX": Kind("an FBX file"),
    b"BLENDER": Kind("a Blender file"),
    b"PXR-USDC": Kind("a USD file"),
    b"#usda": Kind("a USD file"),
    b"#VRML": Kind("a VRML file"),
    b"#X3D": Kind("an X3D file"),
    b"//Maya": Kind("a Maya file"),
    b"Ogawa": Kind("an Alembic file"),
    b"version https://git-lfs": Kind("a Git LFS pointer, not the file itself", cure="run git lfs pull"),
    b"PK\x03\x04": _archive("a ZIP"),
    b"\x1f\x8b": _archive("a gzip"),
    b"7z\xbc\xaf\x27\x1c": _archive("a 7z"),
    b"Rar!": _archive("a RAR"),
    b"BZh": _archive("a bzip2"),
    b"\xfd7zXZ\x00": _archive("an xz"),
    b"\x28\xb5\x2f\xfd": _archive("a Zstandard"),
    b"\xff\xd8\xff": _no_mesh("a JPEG picture"),
    b"\x89PNG": _no_mesh("a PNG picture"),
    b"GIF8": _no_mesh("a GIF picture"),
    b"II*\x00": _no_mesh("a TIFF picture"),
    b"MM\x00*": _no_mesh("a TIFF picture"),
    b"%PDF": _no_mesh("a PDF document"),
    b"{\\rtf": _no_mesh("an RTF document"),
    b"\x93NUMPY": _no_mesh("a NumPy array"),
    b"\x89HDF": _no_mesh("an HDF5 file"),
    b"\xff\xfe": UTF_16,
    b"\xfe\xff": UTF_16,
}
"""How files begin that are known by their first bytes."""
INSIDE = {
    (4, b"ftyp"): _no_mesh("a video or a HEIC picture"),
    (8, b"WEBP"): _no_mesh("a WebP picture"),
    (257, b"ustar"): _archive("a tar"),
}
"""Bytes at a place further on."""
MARKUP = {
    b"<collada": Kind("a Collada file (.dae)"),
    b"<x3d": Kind("an X3D file"),
    b"<html": HTML,
    b"<!doctype html": HTML,
    b"<svg": _no_mesh("an SVG picture"),
}
"""Elements that name what a file in angle brackets is; others are XML."""
OBJ_WORDS = frozenset({"v", "vn", "vt", "vp", "f", "l", "p", "o", "g", "s", "usemtl", "mtllib"})
NUMBER = rb"[-+]?[\d.]+(?:[eE][-+]?\d+)?"
OBJ_VERTEX = re.compile(rb"^[ \t]*v[ \t]+" + rb"[ \t]+".join([NUMBER] * 3) + rb"(?:\s|$)", re.MULTILINE)


def kind_of(content: bytes) -> Kind | None:
    """What `content` is; None where it is of no kind that is known here."""
    if is_binary_stl(content):
        return STL
    if re.match(rb"ply[ \t]*[\r\n]", content):
        return PLY
    for (place, mark), kind in INSIDE.items():
        if content[place : place + len(mark)] == mark:
            return kind
    start = content[:LOOKED_AT]
    text = start.lstrip(LEADING)
    for beginning, kind in BEGINNINGS.items():
        if start.startswith(beginning) or text.startswith(beginning):
            return kind
    return _kind_of_text(text)


def is_binary_stl(content: bytes) -> bool:
    """Whether the length of `content` is that of as many triangles as its header names, were it binary STL."""
    if len(content) <= HEADER:
        return False
    count = int(np.frombuffer(content, "<u4", 1, HEADER - 4)[0])
    return count > 0 and len(content) == HEADER + count * FACET.itemsize


def holds_zeros(content: bytes) -> bool:
    """Whether the beginning of `content` has zero bytes, which are in no text."""
    return b"\0" in content[:LOOKED_AT]


def _kind_of_text(text: bytes) -> Kind | None:
    lower = text.lower()
    if text.startswith(b"<") and not holds_zeros(text):
        return next((kind for mark, kind in MARKUP.items() if mark in lower), Kind("an XML file"))
    if text[:1] in (b"{", b"[") and not holds_zeros(text):
        return Kind("a glTF file in JSON (.gltf)") if b'"asset"' in text else Kind("a JSON file")
    if re.match(rb"ply[ \t]*[\r\n]", text):
        return PLY
    if lower.startswith(b"solid") and b"facet" in lower:
        return STL
    if re.match(rb"(st|c|n|4)*off\s", lower):
        return Kind("an OFF file")
    return OBJ if _is_obj(text) else None


def _is_obj(text: bytes) -> bool:
    """Whether most lines begin with words of OBJ, and one is a vertex."""
    if not OBJ_VERTEX.search(text):
        return False
    words = [
        line.split(None, 1)[0] for line in text.splitlines() if line.strip() and not line.lstrip().startswith(b"#")
    ]
    return sum(word.decode("latin-1") in OBJ_WORDS for word in words) > len(words) / 2
