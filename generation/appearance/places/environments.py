"""Surroundings: light that comes from everywhere, from panoramas of real places, and which place has which.

The panoramas come without their lamps, for which the lights with shadows stand (see `build_environments`).
"""

import functools
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...geometry.sphere import TERMS, UP, bordered, irradiance_harmonics, map_directions, texel_areas
from ...geometry.steps import smoothstep

ASSET = Path(__file__).parent / "assets" / "environments.npz"
LEVELS, ROUGHNESS_STEP = 5, 0.2
"""How many mirrors are prepared, and how much rougher each is than the one before; the first is sharp."""
HORIZON = 0.35
"""Sky and ground have colours of their own; between heights of so much below and above the eyes they mix."""
HALF = 0.875
"""Share of the sky's colour in the mean of the upper half of plain surroundings."""
NEAR = 0.1
"""Share of the light that comes from what is close: clothes, walls, the one who takes the picture. It has no shape."""
PLAIN_SIDE = 16

ENVIRONMENTS: dict[str, tuple[str, ...]] = {
    "studio": ("studio", "hall", "warehouse"),
    "studio high": ("studio", "apartment", "bridge"),
    "studio even": ("studio", "apartment", "bridge"),
    "ward": ("lobby", "lab", "bridge", "apartment"),
    "ward theatre": ("hall", "workshop", "warehouse"),
    "corridor": ("lobby", "esplanade", "bridge", "warehouse"),
    "bed": ("lobby", "lab", "bridge", "apartment"),
    "chair": ("lobby", "lab", "bridge", "apartment"),
    "passage": ("lobby", "esplanade", "bridge", "warehouse"),
    "office": ("lobby", "lab", "workshop", "apartment"),
    "home": ("apartment", "lobby", "esplanade"),
    "window": ("apartment", "bridge", "lab"),
    "outdoor": ("park", "sky", "forest", "sunrise", "sunset"),
    "outdoor overcast": ("city", "venice", "sky", "forest"),
    "outdoor evening": ("night", "dawn", "venice", "esplanade"),
}
"""Names in the asset by place, or by place and variant (`Setup`); a variant without its own has those of the place."""


class Surroundings(NamedTuple):
    """Light from everywhere, in its own axes: y up, its brightest side at +z; float32.

    Attributes:
        harmonics: (9, 3), see `geometry.sphere.received`.
        mirrored: (L, N + 2, N + 2, 3), what mirrors of roughness 0, ROUGHNESS_STEP, ... show; bordered octahedral maps.
    """

    harmonics: np.ndarray
    mirrored: np.ndarray


def environments_of(place: str, variant: str) -> tuple[str, ...]:
    """The environments that a place of this variant may have."""
    return ENVIRONMENTS.get(f"{place} {variant}") or ENVIRONMENTS[place]


@functools.cache
def environment_maps(name: str) -> np.ndarray:
    """(LEVELS, N, N, 3) float32 of an environment of the asset, white and of mean 1. Not to be written to."""
    with np.load(ASSET, allow_pickle=False) as asset:
        return asset[name].astype(np.float32)


def coloured(maps: np.ndarray, sky: np.ndarray, ground: np.ndarray) -> Surroundings:
    """Surroundings whose upper and lower half are as bright and of the colour, on average, as those of `plain`.

    `maps` (L, N, N, 3): any mirrors, as in the asset.
    """
    directions, area = map_directions(maps.shape[1]), texel_areas(maps.shape[1])
    above = smoothstep(-HORIZON, HORIZON, directions[..., 1:2])
    lit = np.zeros_like(maps)
    for share, light in ((above, HALF * sky + (1 - HALF) * ground), (1 - above, HALF * ground + (1 - HALF) * sky)):
        weight = share * area[..., None]
        lit += maps * share * (light / ((maps[0] * weight).sum(axis=(0, 1)) / weight.sum()))
    lit = np.maximum((1 - NEAR) * lit + NEAR * _between(sky, ground, directions), 0)
    harmonics = irradiance_harmonics(directions.reshape(-1, 3), lit[0].reshape(-1, 3), area.ravel())
    return Surroundings(harmonics.astype(np.float32), bordered(lit).astype(np.float32))


def plain(sky: np.ndarray, ground: np.ndarray) -> Surroundings:
    """Empty surroundings: a surface that faces up receives `sky` (3,), one that faces down `ground`."""
    harmonics = np.zeros((TERMS, 3), np.float32)
    harmonics[0], harmonics[UP] = (np.asarray(sky) + ground) / 2, (np.asarray(sky) - ground) / 2
    maps = np.maximum(_between(sky, ground, map_directions(PLAIN_SIDE)), 0)[None].repeat(2, axis=0)
    return Surroundings(harmonics, bordered(maps).astype(np.float32))


def _between(sky: np.ndarray, ground: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Radiance (N, N, 3) from unit directions (N, N, 3)."""
    up = 0.5 + 0.75 * directions[..., 1:2]  # a cosine lobe keeps two thirds of the slope
    return up * np.asarray(sky) + (1 - up) * np.asarray(ground)
