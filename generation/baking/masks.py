"""Which parts of a head a portrait may paint, and where it shows something that does not belong to the skin."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..appearance.brows import beard_area
from ..appearance.hair.styles import choose_beard, choose_style, scalp_mask
from ..appearance.skin import lash_nearness
from ..geometry.steps import smoothstep
from ..heads.base import SKIN, Topology
from ..plan import IdentityPlan
from .atlas import Atlas

LASH_MM = 1.8
"""How far from their roots lashes hide the lids."""
BROW_Y, BROW_X, BROW_SOFT = (7.0, 31.0), 62.0, 3.0
"""Where brows are on the canonical face, mm."""
SEARCHED_FROM_MM = 33.0
"""Canonical height above which hair may fall over the forehead; beside the eyes it is looked for at any height."""
TEMPLE_MM = 58.0
DARKER, OTHER_HUE = 0.32, 0.30
"""How far hair is from the skin around it: natural logarithms of lightness and of the ratios of the channels."""
AROUND_MM = 4.0
LONG_BEARD_MM = 4.0


@dataclass(frozen=True)
class Places:
    """Regions of a head, each (V,) float32 0-1.

    Attributes:
        plain: bare skin of about one colour.
        not_skin: what a portrait does not paint: the scalp, the lids and their lashes, the inside of the mouth.
        searched: where hair may hang over the skin.
        brows: where they grow.
        long_beard: whether there is one, which stands off the skin: it stays strands.
    """

    plain: np.ndarray
    not_skin: np.ndarray
    searched: np.ndarray
    brows: np.ndarray
    long_beard: bool = False


def places_of(topology: Topology, scalp: np.ndarray, beard: bool, long_beard: bool = False) -> Places:
    """The regions of a person whose hair grows on `scalp` (V,) 0-1; `beard`: whether one may grow; `long_beard`:
    whether it stands off the skin."""
    x, y, z = topology.reference.T
    masks = topology.masks
    skin = np.zeros(len(x), bool)
    skin[topology.triangles[topology.part == SKIN]] = True
    brows = (
        smoothstep(BROW_Y[0] - BROW_SOFT, BROW_Y[0] + BROW_SOFT, y)
        * smoothstep(BROW_Y[1] + BROW_SOFT, BROW_Y[1] - BROW_SOFT, y)
        * smoothstep(BROW_X + BROW_SOFT, BROW_X - BROW_SOFT, np.abs(x))
        * (z > -40)
    )
    lashes = np.clip(1.6 * lash_nearness(topology, LASH_MM).max(axis=1), 0, 1)
    other = np.maximum.reduce([masks["lips"], masks["lids"], masks["ears"], masks["mouth"], brows, scalp])
    plain = skin * masks["face"] * (1 - other) * (1 - beard_area(topology) * beard)
    searched = skin * np.maximum(smoothstep(0, 6, y - SEARCHED_FROM_MM), smoothstep(0, 6, np.abs(x) - TEMPLE_MM))
    lids = smoothstep(0.3, 0.8, masks["lids"])  # an open eye shows a strip of them, in the shade of their fold
    not_skin = np.maximum.reduce([smoothstep(0.15, 0.6, scalp), lashes, lids, masks["mouth"]])
    if long_beard:
        not_skin = np.maximum(not_skin, beard_area(topology))
    return Places(*(values.astype(np.float32) for values in (plain, not_skin, searched, brows)), long_beard)


def places_of_person(topology: Topology, plan: IdentityPlan, seed: int) -> Places:
    """The regions of a planned person."""
    stubble, beard_mm = choose_beard(plan, seed)
    return places_of(topology, scalp_of_person(topology, plan, seed), stubble > 0, beard_mm > LONG_BEARD_MM)


def scalp_of_person(topology: Topology, plan: IdentityPlan, seed: int) -> np.ndarray:
    """Where hair grows on a planned person's head, (V,) float32 0-1."""
    style, recede = choose_style(plan, seed)
    if style == "bald":
        return np.zeros(len(topology.reference), np.float32)
    _, beard_mm = choose_beard(plan, seed)
    return scalp_mask(topology, recede, beard_mm > 0)


def hair_over_skin(atlas: Atlas, albedo: np.ndarray, trust: np.ndarray, searched: np.ndarray) -> np.ndarray:
    """(P,) 0-1, where a portrait shows hair instead of skin; texels with `albedo` (P, 3), `trust` and `searched` (P,).

    Hair is darker than the middle of what is shown there, or of another hue. Where that middle itself is far from the
    skin of the rest of the face, more than half of it is hair, and the rest of the face tells what skin is.
    """
    of_skin = (searched > 0.5) & (trust > 0.5)
    if of_skin.sum() < 100:
        return np.zeros(len(trust), np.float32)
    logs = np.log(np.maximum(albedo, 1e-3))
    light, hue = logs.mean(axis=1), logs - logs.mean(axis=1, keepdims=True)
    rest = (searched < 0.05) & (trust > 0.5)
    (usual, usual_hue), (of_rest, hue_of_rest) = (
        (np.median(light[where]), np.median(hue[where], axis=0)) for where in (of_skin, rest if rest.any() else of_skin)
    )
    if usual < of_rest - 2 * DARKER or np.abs(usual_hue - hue_of_rest).max() > OTHER_HUE:
        usual, usual_hue = of_rest, hue_of_rest
    off = (light < usual - DARKER) | (np.abs(hue - usual_hue).max(axis=1) > OTHER_HUE)
    found = np.zeros((atlas.side, atlas.side), np.float32)
    found[atlas.row, atlas.column] = off & (searched > 0.1) & (trust > 0)
    texels = AROUND_MM * 3.4 * atlas.side / 1024
    spread = ndimage.gaussian_filter(found, 0.5 * texels)
    return smoothstep(0.04, 0.20, spread[atlas.row, atlas.column]).astype(np.float32) * np.minimum(searched * 2, 1)
