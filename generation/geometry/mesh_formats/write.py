"""Writes a coloured mesh in the format that the name of its file asks for."""

from pathlib import Path

import numpy as np

from dataset_script.errors import InvalidInput

from .glb_writer import METRES_PER_MM, glb_of_mesh

WRITTEN_SUFFIXES = (".glb", ".ply", ".obj")


def check_suffix(path: Path) -> None:
    """Raises InvalidInput where meshes are not written under such a name."""
    if path.suffix.lower() not in WRITTEN_SUFFIXES:
        raise InvalidInput(f"mesh file is {path}; its name must end in {', '.join(WRITTEN_SUFFIXES)}")


def mesh_file(
    path: Path, vertices: np.ndarray, triangles: np.ndarray, normals: np.ndarray, colours: np.ndarray
) -> bytes:
    """The content of a mesh file for `path`: metres in .glb, as glTF wants it; millimetres in .ply and .obj.

    Args:
        vertices: (V, 3) mm, y up; normals: (V, 3) unit; colours: (V, 3) linear, 0-1.
        triangles: (T, 3), counter-clockwise from outside.

    Raises:
        InvalidInput: as `check_suffix`.
    """
    check_suffix(path)
    match path.suffix.lower():
        case ".glb":
            return glb_of_mesh(METRES_PER_MM * vertices, triangles, normals, colours=colours)
        case ".ply":
            return _ply(vertices, triangles, normals, _srgb(colours))
        case _:
            return _obj(vertices, triangles, normals, _srgb(colours))


def _srgb(linear: np.ndarray) -> np.ndarray:
    """(V, 3) uint8."""
    linear = linear.clip(0, 1)
    return np.round(255 * np.where(linear < 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)).astype(
        "u1"
    )


def _ply(vertices: np.ndarray, triangles: np.ndarray, normals: np.ndarray, colours: np.ndarray) -> bytes:
    """Binary, with normals and sRGB colours."""
    floats, bytes_ = ("x", "y", "z", "nx", "ny", "nz"), ("red", "green", "blue")
    points = np.empty(len(vertices), [(name, "<f4") for name in floats] + [(name, "u1") for name in bytes_])
    for name, values in zip((*floats, *bytes_), (*vertices.T, *normals.T, *colours.T), strict=True):
        points[name] = values
    faces = np.empty(len(triangles), [("count", "u1"), ("corners", "<i4", 3)])
    faces["count"], faces["corners"] = 3, triangles
    header = [
        *("ply", "format binary_little_endian 1.0", "comment millimetres, y up", f"element vertex {len(points)}"),
        *(f"property float {name}" for name in floats),
        *(f"property uchar {name}" for name in bytes_),
        *(f"element face {len(faces)}", "property list uchar int vertex_indices", "end_header", ""),
    ]
    return "\n".join(header).encode() + points.tobytes() + faces.tobytes()


def _obj(vertices: np.ndarray, triangles: np.ndarray, normals: np.ndarray, colours: np.ndarray) -> bytes:
    """With sRGB colours behind the coordinates, as most programs read them."""
    lines = ["# millimetres, y up"]
    lines += [
        f"v {x:.4f} {y:.4f} {z:.4f} {r:.4f} {g:.4f} {b:.4f}"
        for (x, y, z), (r, g, b) in zip(vertices.tolist(), (colours / 255).tolist(), strict=True)
    ]
    lines += [f"vn {x:.4f} {y:.4f} {z:.4f}" for x, y, z in normals.tolist()]
    lines += [f"f {a}//{a} {b}//{b} {c}//{c}" for a, b, c in (triangles + 1).tolist()]
    return ("\n".join(lines) + "\n").encode()
