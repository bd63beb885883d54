"""Skin painted per vertex in the coordinates of the canonical face; fine detail follows in the shader.

Colour is a two-pigment model: the albedo of pale, bloodless skin dimmed by melanin and haemoglobin with their own
absorption per channel (a three-channel reduction of Donner & Jensen 2006). Melanin spreads widely within every label.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..geometry.mesh import vertex_normals
from ..geometry.noise import SIDE, noise_tile, sample_many
from ..heads.base import SKIN, Topology
from ..plan import IdentityPlan
from ..populations import BY_ETHNICITY, BY_GENDER, CREPE_YEARS, SKIN_YEARS, Ageing, Everyone
from ..streams import stream
from .brows import beard_area, brow_line

BLOODLESS = np.array([0.90, 0.72, 0.60])
MELANIN_ABSORPTION = np.array([0.78, 1.05, 1.28])
BLOOD_ABSORPTION = np.array([0.10, 0.95, 0.80])
LIP_ABSORPTION = np.array([0.24, 1.02, 0.68])
"""Of the blood of lips: venous and seen through a thin skin, it is rose where that of cheeks is orange."""

SCALP_FADE = 1.5
"""How much sooner the tint of the scalp ends at a hairline than its hair: power of the density."""
LASH_LINE_MM = 0.9
NOSTRIL, NOSTRIL_MM, NOSTRIL_TURN = (10.2, 31.6), (5.4, 3.1), 0.72
"""Canonical place (x, z) of the middle of a nostril, half its length and width, and how it is turned from x (rad)."""
NOSTRIL_DARK = np.array([0.90, 0.95, 0.95])
"""How much of the light that enters a nostril does not come back. The meshes have but a dent there."""
MOLES, MOLE_MM = 3.0, (0.9, 2.2)
"""Mean number of moles of a face, and the range of their radius (mm)."""
BROW_SHADOW = 0.36
"""How much of the skin the unseen fine hairs of a brow hide."""


class SkinSurface(NamedTuple):
    """Properties of the skin at each vertex, each (V,) float32.

    Attributes:
        occlusion: share of the sky that is seen.
        specular: strength of the highlight; roughness, 0-1.
        mouth: inside of the mouth, 0-1.
        porous: how porous, 0-1; places with much sun are.
        lips: how far on the lips, 0-1.
    """

    occlusion: np.ndarray
    specular: np.ndarray
    roughness: np.ndarray
    mouth: np.ndarray
    porous: np.ndarray
    lips: np.ndarray


class SkinDetail(NamedTuple):
    """What the shader adds between the vertices, one person's. Numbers are np.float32.

    Attributes:
        melanin, blood: contrast of uneven pigment and of uneven blood.
        pores: slope of the pores; crepe: of the fine lines of old skin.
        freckles, age_spots: how dense and dark.
        veins: how red those of the eyes are.
        place: (3,) float32, where in the noise this person lies (cells), so that no two have the same spots.
        tooth_yellow, eye_yellow: yellowness of the teeth and of the white of the eyes, 0-1.
    """

    melanin: np.float32
    blood: np.float32
    pores: np.float32
    crepe: np.float32
    freckles: np.float32
    age_spots: np.float32
    veins: np.float32
    place: np.ndarray
    tooth_yellow: np.float32
    eye_yellow: np.float32


@dataclass(frozen=True)
class Skin:
    """Paint of one person.

    Attributes:
        albedo: (V, 3) float32 linear.
        surface: how the skin is at each vertex; its occlusion is 1 until the face is in place.
        detail: what is finer than vertices.
        melanin: the drawn amount.
    """

    albedo: np.ndarray
    surface: SkinSurface
    detail: SkinDetail
    melanin: float


class Zones:
    """Places on the canonical face (V, 3) mm, each (V,) in 0-1 and the same on both sides."""

    def __init__(self, topology: Topology) -> None:
        self.x, self.y, self.z = topology.reference.T
        self.masks = topology.masks
        self.lips = topology.masks["lips"] * np.clip((self.z - 3) / 6, 0, 1)
        self.cheeks, self.nose, self.chin = (
            self.spot(38, -28, 15, 12),
            self.spot(0, -37, 11, 9),
            self.spot(0, -93, 13, 8),
        )
        self.forehead, self.bridge = self.spot(0, 30, 26, 22), self.spot(0, -28, 7, 17)
        self.under_eye, self.lids = self.spot(30, -11, 12, 4.5), topology.masks["lids"]
        self.around_mouth = self.spot(0, -67, 28, 15) * (1 - self.lips)
        self.wings = self.spot(15, -42, 4, 6)
        self.nostrils = self._nostrils(topology)

    def spot(self, cx: float, cy: float, rx: float, ry: float) -> np.ndarray:
        """Soft spot on the front of the face; cx > 0 gives one on each side."""
        far = ((np.abs(self.x) - cx) / rx) ** 2 + ((self.y - cy) / ry) ** 2
        return np.exp(-0.5 * far) * np.clip((self.z + 85) / 35, 0, 1)

    def _nostrils(self, topology: Topology) -> np.ndarray:
        """The openings of the nose: its underside within an ellipse on each side, seen from below."""
        across, ahead = np.abs(self.x) - NOSTRIL[0], self.z - NOSTRIL[1]
        c, s = np.cos(NOSTRIL_TURN), np.sin(NOSTRIL_TURN)
        far = np.hypot((c * across - s * ahead) / NOSTRIL_MM[0], (s * across + c * ahead) / NOSTRIL_MM[1])
        down = -vertex_normals(topology.reference, topology.triangles)[:, 1]
        inside = np.clip((1.25 - far) / 0.5, 0, 1) * np.clip((down - 0.15) / 0.3, 0, 1)
        return inside * (np.abs(self.y + 42) < 6)

    def patches(self, rng: np.random.Generator, wavelength: float) -> np.ndarray:
        """Smooth random patches of about `wavelength` mm, standard deviation 1."""
        scale = 4 / wavelength
        ox, oy, oz = rng.uniform(0, SIDE, 3)
        return sample_many(noise_tile(), scale * self.x + ox, scale * self.y + oy, scale * self.z + oz)


def paint_skin(
    plan: IdentityPlan, topology: Topology, scalp: np.ndarray, hair_colour: np.ndarray, beard: float, seed: int
) -> Skin:
    """Skin of a planned person. `scalp` (V,) 0-1 is where hair grows, `beard` 0-1 how dense the stubble is."""
    rng = stream(seed, "look.skin", plan.identity_id)
    mean, spread = BY_ETHNICITY[plan.ethnicity].melanin
    melanin = float(np.hypot(rng.gamma((mean / spread) ** 2, spread**2 / mean), Everyone.least_melanin.value))
    blood = rng.uniform(*Everyone.blood.value)
    old = SKIN_YEARS.share(plan.age)
    flush, pale_lips, oil = rng.uniform(0.3, 1.4), rng.uniform(0.7, 1.2), rng.uniform(0.7, 1.25)
    zones = Zones(topology)
    more = stream(seed, "look.skin_zones", plan.identity_id)

    red, dark = uneven_pigment(zones, more, melanin, old, flush)
    lip_red, lip_dark = lip_pigment(zones, plan, stream(seed, "look.lips", plan.identity_id), melanin, pale_lips, old)
    dark = dark + lip_dark
    stubble = 0.85 * beard * beard_area(topology)
    melanin_there, blood_there = np.maximum(melanin + dark, 0.05), np.maximum(blood + red, 0.02)
    absorbed = (
        melanin_there[:, None] * MELANIN_ABSORPTION
        + blood_there[:, None] * BLOOD_ABSORPTION
        + lip_red[:, None] * LIP_ABSORPTION
    )
    albedo = BLOODLESS * np.exp(-absorbed)
    albedo = albedo * (1 - 0.55 * stubble[:, None]) + 0.35 * stubble[:, None] * hair_colour
    rooted = (scalp**SCALP_FADE)[:, None]  # roots and the finest hairs, which are not drawn; fewer at the hairline
    albedo = albedo * (1 - 0.82 * rooted) + 0.55 * rooted * hair_colour
    brow_shadow = BROW_SHADOW * (1 - Ageing.brow_shadow_lost.value * old)
    under_brow = brow_shadow * brow_line(plan, seed).cover(zones.x, zones.y, zones.z)[:, None]
    albedo = albedo * (1 - under_brow) + under_brow * (0.25 * albedo + 0.25 * hair_colour)
    albedo = albedo * (1 - zones.nostrils[:, None] * NOSTRIL_DARK)
    lash_line = (lash_nearness(topology, LASH_LINE_MM) @ (0.75, 0.35))[:, None]
    albedo = albedo * (1 - lash_line) + lash_line * (0.2 * albedo + 0.01)

    freckled = rng.random() < Everyone.freckled.value and melanin < 0.6
    freckles = rng.uniform(0.3, 1.0) if freckled else rng.uniform(0, 0.12)
    freckles += Ageing.freckle_spots.value * old * rng.uniform(0.3, 1.0)
    place = rng.uniform(0, SIDE, 3)
    detail = {  # in the order in which they are drawn
        "veins": rng.uniform(0.3, 1.0),
        "melanin": more.uniform(0.030, 0.060) * (0.5 + 0.5 * min(melanin, 2.0)) + Ageing.uneven.value * old,
        "pores": more.uniform(0.08, 0.13) + Ageing.pores.value * old,
        "blood": more.uniform(0.040, 0.075),
        "age_spots": old * more.uniform(*Ageing.age_spots.value) * (1.0 if melanin < 1.3 else 0.5),
        "crepe": Ageing.crepe.value * CREPE_YEARS.share(plan.age) * more.uniform(0.6, 1.2),
        "tooth_yellow": np.clip(0.25 + Ageing.teeth.value * old + more.normal(0, 0.2), 0, 1),
        "eye_yellow": np.clip(0.35 * melanin + Ageing.eye_whites.value * old + more.normal(0, 0.15), 0, 1),
        "freckles": (1 - Ageing.freckles_lost.value * old) * freckles,
    }
    return Skin(
        albedo.astype(np.float32),
        skin_surface(zones, scalp, stubble, oil, old, lip_gloss(plan, old, seed)),
        SkinDetail(place=place.astype(np.float32), **{field: np.float32(value) for field, value in detail.items()}),
        melanin,
    )


def lip_gloss(plan: IdentityPlan, old: float, seed: int) -> float:
    """How wet a person's lips are, 0-1: those of the old are dry."""
    return stream(seed, "look.lip_gloss", plan.identity_id).beta(1.6, 2.4) * (1 - 0.5 * old)


def skin_surface(
    zones: Zones, scalp: np.ndarray, stubble: np.ndarray, oil: float, old: float, wet: float
) -> SkinSurface:
    """How shiny and porous the skin is, with `scalp` and `stubble` (V,) 0-1 on it; `oil` about 1, `old` 0-1; `wet` 0-1,
    the lips, most where they meet."""
    shiny = zones.forehead + zones.bridge + 0.6 * zones.nose + 0.5 * zones.cheeks + 0.4 * zones.chin
    dull = (1 - 0.6 * scalp) * (1 - 0.4 * stubble)
    moist = zones.lips * (0.4 * wet + 0.6 * zones.spot(0, -67, 14, 3.5))
    rough = 0.57 - 0.10 * np.clip(shiny, 0, 1) - 0.10 * zones.lips - 0.16 * moist + Ageing.rough.value * old
    porous = np.clip(0.45 + 0.6 * (zones.nose + zones.cheeks + 0.7 * zones.forehead + zones.chin), 0, 1)
    surface = SkinSurface(
        occlusion=np.ones(len(zones.x)),
        specular=(oil * (0.46 + 0.35 * np.clip(shiny, 0, 1)) * dull + 0.30 * zones.lips + 0.45 * moist)
        * (1 - zones.nostrils),
        roughness=np.clip(rough, 0.3, 0.7),
        mouth=zones.masks["mouth"],
        porous=porous.astype(np.float32) * (1 - 0.9 * zones.lids),
        lips=zones.lips,
    )
    return SkinSurface(*(values.astype(np.float32) for values in surface))


def uneven_pigment(
    zones: Zones, rng: np.random.Generator, melanin: float, old: float, flush: float
) -> tuple[np.ndarray, np.ndarray]:
    """Blood and melanin (V,) added to those of the whole face: redness, shadows under the eyes, patches.

    Melanin varies in proportion to how much there is; so dark skin, too, is paler on cheeks and nose and darker around
    mouth and eyes and at the forehead (facial demarcation, Somani et al. 2004).
    """
    z = zones
    red = flush * (
        0.22 * z.cheeks + 0.20 * z.nose + 0.14 * z.wings + 0.09 * z.chin + 0.06 * z.masks["ears"] + 0.10 * z.lids
        + 0.06 * z.under_eye - 0.05 * z.around_mouth
    )  # fmt: skip
    tired = rng.uniform(0.2, 2.1)
    dark = tired * (0.05 + 0.09 * melanin + Ageing.under_eyes.value * old) * (z.under_eye + 0.4 * z.lids)
    rim = z.spot(0, 58, 60, 20) + z.spot(62, 10, 14, 40) + 0.8 * z.around_mouth
    dark = dark + melanin * (rng.uniform(0.04, 0.12) * rim - rng.uniform(0.03, 0.10) * (z.cheeks + z.bridge))
    patchy = rng.uniform(0.03, 0.11) + Ageing.patches.value * old
    dark = dark + (0.3 + melanin) * patchy * (0.8 * z.patches(rng, 55.0) + 0.7 * z.patches(rng, 22.0))
    red = red + rng.uniform(0.02, 0.06) * (z.patches(rng, 40.0) + 0.8 * z.patches(rng, 15.0))
    return red, dark + moles(z, rng, melanin)


def moles(zones: Zones, rng: np.random.Generator, melanin: float) -> np.ndarray:
    """Melanin (V,) of the few moles of a face, anywhere on its front: most are small and pale, on dark skin darker."""
    dark = np.zeros(len(zones.x))
    for _ in range(min(rng.poisson(MOLES), 12)):
        x, y, radius = rng.uniform(-58, 58), rng.uniform(-100, 50), rng.uniform(*MOLE_MM)
        near = np.exp(-((((zones.x - x) / radius) ** 2 + ((zones.y - y) / radius) ** 2) ** 1.5))
        dark += (0.5 + 0.4 * melanin) * rng.uniform(0.4, 1.4) * near * (zones.z > -30) * (1 - zones.lips)
    return dark * (1 - zones.masks["lids"])


def lip_pigment(
    zones: Zones, plan: IdentityPlan, rng: np.random.Generator, melanin: float, pale: float, old: float
) -> tuple[np.ndarray, np.ndarray]:
    """Blood and melanin (V,) added on the lips. Those of dark skin are two-toned: brown above, pinker below and inside.
    Some women paint them, mostly little."""
    edge = np.clip(zones.lips, 0, 1) ** 0.8
    inner = zones.spot(0, -69, 22, 4.5) * zones.lips
    lower = np.clip((-67 - zones.y) / 5, 0, 1)
    amount = min(melanin, 2.0)
    gender = BY_GENDER[plan.gender]
    red = (
        edge * pale * (gender.lip_blood - 0.21 * amount) * (1 - Ageing.pale_lips.value * old)
        + (0.10 + 0.10 * min(melanin, 1.5)) * inner * lower
    )
    brown = rng.uniform(0.3, 1.5) * 0.20 * min(melanin, 1.5)
    dark = edge * (
        0.05 + 0.10 * (1 - inner) + brown * (1.15 - 0.75 * lower)
    ) - inner * lower * 0.16 * amount * rng.uniform(0.2, 1.0)
    if rng.random() < gender.lipstick:
        red = red + edge * rng.uniform(0.10, 0.50)
        dark = dark + edge * rng.uniform(0.0, 0.12)
    return red, dark


def lash_nearness(topology: Topology, reach: float) -> np.ndarray:
    """Nearness to the roots of the lashes on the skin, (V, 2) 0-1, of the upper and the lower lids; `reach` in mm."""
    skin = np.unique(topology.triangles[topology.part == SKIN])
    skin = skin[topology.masks["lids"][skin] > 0.02]
    near = np.zeros((len(topology.reference), 2))
    for k, (roots, _) in enumerate(topology.lashes):
        line = topology.reference[roots]  # the first render vertices are the control vertices
        dense = np.concatenate([line[:-1] + t * (line[1:] - line[:-1]) for t in np.linspace(0, 1, 5)])
        distance = np.linalg.norm(topology.reference[skin][:, None] - dense, axis=2).min(axis=1)
        near[skin, k % 2] = np.maximum(near[skin, k % 2], np.exp(-((distance / reach) ** 2)))
    return near
