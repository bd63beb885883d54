"""Rebuilds `assets/environments.npz` from the CC0 panoramas of the npm package @pmndrs/assets 1.7.0.

    npm pack @pmndrs/assets@1.7.0
    pip install OpenEXR
    python -m generation.appearance.places.build_environments pmndrs-assets-1.7.0.tgz

The package holds 18 panoramas of 512 x 256 pixels from Poly Haven, each as an OpenEXR file in base64. None of its code
runs. What is kept of each, as float16:

- octahedral maps (see `geometry.sphere`) of what mirrors of five roughnesses show, the first nearly sharp;
- turned about the vertical so that its brightest side is at +z, where `environments` puts the key light;
- without its lamps and sun: light above `BRIGHTEST` times the mean of the rest is what our key light stands for, which
  casts shadows, and is cut off;
- white on average over the sphere, and of mean radiance 1: each set-up gives it its own colour and strength. Of what
  colours differ from the mean the share `COLOURFUL` is kept: cameras balance light, and a green floor makes skin sick.
"""

import argparse
import base64
import hashlib
import tarfile
import tempfile
from pathlib import Path

import numpy as np

from ...geometry.sphere import map_directions, texel_areas
from ...heads.target_file import write_sums
from .environments import ASSET, LEVELS, ROUGHNESS_STEP

PACKAGE_SHA256 = "152bd218a3390703f184f0c6ce16e73c8f0a87f32d38530d418a09d33d8208dc"
SIDE = 48
"""Texels along each side of the maps."""
BRIGHTEST, COLOURFUL = 10.0, 0.25
SOURCE_ROWS = 64
"""Panoramas are averaged to this height before rough mirrors look at them."""
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def panoramas(package: Path) -> dict[str, np.ndarray]:
    """The panoramas of the package by name, (256, 512, 3) float64 linear radiance."""
    import OpenEXR  # only this script needs it

    found = {}
    with tarfile.open(package) as archive, tempfile.TemporaryDirectory() as folder:
        for member in sorted(archive.getnames()):
            if not member.endswith(".exr.js"):
                continue
            text = archive.extractfile(member).read().decode()
            file = Path(folder) / Path(member).stem
            file.write_bytes(base64.b64decode(text[text.index("base64,") + 7 : text.rindex("'")]))
            channels = OpenEXR.File(str(file)).channels()
            pixels = channels["RGB"].pixels if "RGB" in channels else np.stack([channels[k].pixels for k in "RGB"], -1)
            found[Path(member).name.split(".")[0]] = np.maximum(np.nan_to_num(pixels.astype(np.float64)), 0)
    return found


def sphere_of(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Directions (H, W, 3) and solid angles (H, W) of the pixels of a panorama, its first row on top."""
    rows, columns = picture.shape[:2]
    down, around = (np.arange(rows) + 0.5) / rows * np.pi, (np.arange(columns) + 0.5) / columns * 2 * np.pi
    directions = np.stack(
        [
            np.sin(down)[:, None] * np.sin(around),
            np.cos(down)[:, None] * np.ones(columns),
            -np.sin(down)[:, None] * np.cos(around),
        ],
        axis=2,
    )
    return directions, np.sin(down)[:, None] * np.full((rows, columns), 2 * np.pi**2 / (rows * columns))


def without_lamps(picture: np.ndarray, area: np.ndarray) -> np.ndarray:
    """The panorama with no light above `BRIGHTEST` times the mean of what is left."""
    luminance = picture @ LUMINANCE
    most = luminance.max()
    for _ in range(60):
        most = BRIGHTEST * np.average(np.minimum(luminance, most), weights=area)
    return picture * (np.minimum(luminance, most) / np.maximum(luminance, 1e-9))[..., None]


def brightest_first(picture: np.ndarray, kept: np.ndarray, area: np.ndarray) -> np.ndarray:
    """`kept` with columns moved so that the side from which most light of `picture` falls is at +z, its middle."""
    directions, _ = sphere_of(picture)
    light = np.minimum(picture @ LUMINANCE, 50 * np.average(kept @ LUMINANCE, weights=area))
    x, _, z = np.tensordot(light * area, directions, axes=([0, 1], [0, 1]))
    columns = picture.shape[1]
    return np.roll(kept, round(np.arctan2(x, z) / (2 * np.pi) * columns), axis=1)


def smaller(picture: np.ndarray) -> np.ndarray:
    """A panorama averaged to `SOURCE_ROWS` rows."""
    step = picture.shape[0] // SOURCE_ROWS
    return picture.reshape(SOURCE_ROWS, step, 2 * SOURCE_ROWS, step, 3).mean(axis=(1, 3))


def mirrors(picture: np.ndarray) -> np.ndarray:
    """(LEVELS, SIDE, SIDE, 3): what mirrors of roughness 0, ROUGHNESS_STEP, ... show, seen head-on (Karis 2013)."""
    directions, area = sphere_of(picture)
    towards, light, weight = directions.reshape(-1, 3), picture.reshape(-1, 3), area.ravel()
    mirror = map_directions(SIDE).reshape(-1, 3)
    cosine = np.clip(mirror @ towards.T, -1, 1)
    levels = []
    for level in range(LEVELS):
        roughness = max(level * ROUGHNESS_STEP, 0.11)  # no texel is sharper
        half = np.sqrt((1 + cosine) / 2)
        spread = roughness**4 / ((half * half * (roughness**4 - 1)) + 1) ** 2
        lobe = spread * np.maximum(cosine, 0) * weight
        levels.append((lobe @ light / lobe.sum(axis=1, keepdims=True)).reshape(SIDE, SIDE, 3))
    return np.stack(levels)


def build(package: Path) -> dict[str, np.ndarray]:
    """All arrays of the asset, by name: maps (LEVELS, SIDE, SIDE, 3) float16."""
    area = texel_areas(SIDE)
    arrays = {}
    for name, picture in panoramas(package).items():
        _, solid = sphere_of(picture)
        kept = without_lamps(picture, solid)
        maps = mirrors(smaller(brightest_first(picture, kept, solid)))
        mean = np.average(maps[0].reshape(-1, 3), axis=0, weights=area.ravel())
        white = maps / mean
        grey = (white @ LUMINANCE)[..., None]
        arrays[name] = (grey + COLOURFUL * (white - grey)).astype(np.float16)
    return arrays


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=Path)
    package = parser.parse_args().package
    if hashlib.sha256(package.read_bytes()).hexdigest() != PACKAGE_SHA256:
        raise SystemExit(f"{package} is not @pmndrs/assets 1.7.0 (sha256 {PACKAGE_SHA256})")
    arrays = build(package)
    ASSET.parent.mkdir(exist_ok=True)
    np.savez_compressed(ASSET, **arrays)
    digest = write_sums(ASSET.parent)[ASSET.name]
    print(f"{ASSET}: {ASSET.stat().st_size / 1e6:.2f} MB, {len(arrays)} environments, sha256 {digest}")


if __name__ == "__main__":
    main()
