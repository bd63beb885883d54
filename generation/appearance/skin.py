"""Skin painted per vertex in the coordinates of the canonical face; fine detail follows in the shader.

Colour is a two-pigment model: the albedo of pale, bloodless skin dimmed by melanin and haemoglobin with their own
absorption per channel (a three-channel reduction of Donner & Jensen 2006). Melanin spreads widely within every label.
"""

from dataclasses import dataclass

import numpy as np

from ..heads import Topology
from ..noise import SIDE
from ..plan import IdentityPlan
from ..streams import stream

BLOODLESS = np.array([0.90, 0.72, 0.60])
MELANIN_ABSORPTION = np.array([0.78, 1.05, 1.28])
BLOOD_ABSORPTION = np.array([0.10, 0.95, 0.80])

MELANIN: dict[str, tuple[float, float]] = {
    "white": (0.38, 0.17),
    "east_asian": (0.55, 0.18),
    "middle_eastern": (0.72, 0.28),
    "latino": (0.80, 0.34),
    "south_asian": (1.10, 0.40),
    "black": (1.80, 0.50),
}
"""Mean and standard deviation of the gamma distribution of melanin (optical depth in units of MELANIN_ABSORPTION)."""


@dataclass(frozen=True)
class Skin:
    """Per-vertex paint of one person.

    Attributes:
        albedo: (V, 3) float32 linear.
        surface: (V, 4) float32: occlusion (filled in later, 1 here), specular strength, roughness, inside of the mouth.
        detail: (7,) float32: mottle, pore bump, freckles, eye veins, and where in the noise this person lies.
        melanin: the drawn amount.
    """

    albedo: np.ndarray
    surface: np.ndarray
    detail: np.ndarray
    melanin: float


def paint_skin(
    plan: IdentityPlan, topology: Topology, scalp: np.ndarray, hair_colour: np.ndarray, beard: float, seed: int
) -> Skin:
    """Skin of a planned person. `scalp` (V,) 0-1 is where hair grows, `beard` 0-1 how dense the stubble is."""
    rng = stream(seed, "look.skin", plan.identity_id)
    mean, spread = MELANIN[plan.ethnicity]
    melanin = float(rng.gamma((mean / spread) ** 2, spread**2 / mean))
    blood = rng.uniform(0.14, 0.34)
    old = float(np.clip((plan.age - 40) / 50, 0, 1))
    flush, pale_lips, oil = rng.uniform(0.5, 1.3), rng.uniform(0.6, 1.1), rng.uniform(0.7, 1.25)
    x, y, z = topology.reference.T
    masks = topology.masks

    def spot(cx: float, cy: float, rx: float, ry: float) -> np.ndarray:
        """Soft spot on the front of the face; cx > 0 gives one on each side."""
        return np.exp(-0.5 * (((np.abs(x) - cx) / rx) ** 2 + ((y - cy) / ry) ** 2)) * (z > -60)

    cheeks, nose, chin = spot(38, -28, 15, 12), spot(0, -37, 11, 9), spot(0, -93, 13, 8)
    under_eye, lids = spot(30, -11, 12, 4.5), masks["lids"]
    red = flush * (0.14 * cheeks + 0.16 * nose + 0.07 * chin + 0.20 * masks["ears"] + 0.10 * lids + 0.06 * under_eye)
    dark = (0.05 + 0.09 * melanin + 0.08 * old) * (under_eye + 0.6 * lids) + 0.05 * melanin * spot(0, 60, 60, 22)
    lips = masks["lips"] * (z > 5)
    red = red + lips * pale_lips * (0.62 - 0.16 * min(melanin, 2.0))
    dark = dark + lips * (0.06 + 0.16 * min(melanin, 1.5))
    depth = (melanin + dark)[:, None] * MELANIN_ABSORPTION + (blood + red)[:, None] * BLOOD_ABSORPTION
    albedo = BLOODLESS * np.exp(-depth)

    stubble = beard * np.clip(
        spot(0, -53, 17, 5) + 0.7 * spot(24, -66, 9, 12) + spot(0, -92, 24, 13) + 0.9 * spot(50, -78, 17, 20), 0, 1
    ) * (1 - lips)  # fmt: skip
    stubble = stubble * np.clip((z + 75) / 30, 0, 1)
    albedo = albedo * (1 - 0.55 * stubble[:, None]) + 0.35 * stubble[:, None] * hair_colour
    albedo = albedo * (1 - 0.88 * scalp[:, None]) + 0.6 * scalp[:, None] * hair_colour

    surface = np.ones((len(x), 4), np.float32)
    shiny = spot(0, 30, 26, 22) + spot(0, -30, 8, 14) + 0.5 * cheeks
    surface[:, 1] = oil * (0.55 + 0.3 * np.clip(shiny, 0, 1)) * (1 - 0.6 * scalp) * (1 - 0.4 * stubble) + 0.35 * lips
    surface[:, 2] = np.clip(0.54 - 0.07 * np.clip(shiny, 0, 1) - 0.10 * lips + 0.04 * old, 0.3, 0.7)
    surface[:, 3] = masks["mouth"]
    freckles = rng.uniform(0.3, 1.0) if rng.random() < 0.35 and melanin < 0.6 else rng.uniform(0, 0.12)
    freckles += 0.5 * old * rng.uniform(0.3, 1.0)
    place = rng.uniform(0, SIDE, 3)
    detail = np.array([0.045 + 0.03 * old, 0.10 + 0.05 * old, freckles, rng.uniform(0.3, 1.0), *place], np.float32)
    return Skin(albedo.astype(np.float32), surface, detail, melanin)
