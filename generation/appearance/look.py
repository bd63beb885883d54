"""What a look gives to the renderer, and the procedural look."""

import functools

import numpy as np

from ..geometry.camera import PIVOT
from ..geometry.mesh import vertex_normals
from ..geometry.shadows import ambient_occlusion
from ..heads.base import Head, HeadShape
from ..plan import IdentityPlan
from ..populations import BY_GENDER
from ..streams import stream
from .base import Look
from .brows import FrontMap, grow_beard, grow_brows
from .clothes import choose_clothes, garment
from .eyes import paint_eyes
from .hair.strands import choose_style, grow_hair, hair_colour, scalp_mask
from .places.light import SETUPS, set_scene
from .skin import Skin, lid_rims, paint_skin
from .wrinkles import Wrinkles

WET_RIM_MM = 1.3


def moisten_lids(skin: Skin, vertices: np.ndarray, eyes: np.ndarray, rims: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Albedo (V, 3) and surface (V, 4) with the pink, wet rim where the lids touch the eyeballs."""
    off_the_ball = np.min([np.linalg.norm(vertices - eye[:3], axis=1) - eye[3] for eye in eyes], axis=0)
    wet = (rims * np.exp(-((np.maximum(off_the_ball, 0) / WET_RIM_MM) ** 2)))[:, None].astype(np.float32)
    albedo = skin.albedo * (1 - 0.35 * wet) + 0.35 * wet * np.float32([0.62, 0.30, 0.27])
    surface = skin.surface.copy()
    surface[:, 1:3] += wet * (np.float32([1.3, 0.22]) - surface[:, 1:3])
    return albedo, surface


def choose_beard(plan: IdentityPlan, seed: int) -> tuple[float, float]:
    """Density 0-1 of stubble or beard, and length (mm) of a beard; women have neither."""
    rng = stream(seed, "look.beard_style", plan.identity_id)
    beard = BY_GENDER[plan.gender].beard
    if beard is None:
        return 0.0, 0.0
    shaven, full = rng.beta(*beard.stubble), rng.random()
    if full > beard.bearded:
        return float(shaven), 0.0
    density = float(rng.uniform(*beard.density))
    return density, float(rng.choice([rng.uniform(*length) for length in beard.lengths]))


class ProceduralLook:
    """Skin from pigments, procedural irises, strands for hair, brows and lashes, plain clothes. No pictures, no nets."""

    name = "procedural"

    def __init__(self, head: Head) -> None:
        self.head = head
        topology = head.topology
        self._front = FrontMap(topology)
        self._wrinkles = Wrinkles(topology)
        self._lid_rims = lid_rims(topology, WET_RIM_MM).max(axis=1)
        self._paint = topology.reference.copy()
        for eye in topology.eyeballs:
            around = self._paint[eye] - self._paint[eye].mean(axis=0)
            self._paint[eye] = around / np.linalg.norm(around, axis=1, keepdims=True)

    def dress(self, plan: IdentityPlan, shape: HeadShape, seed: int) -> Look:
        topology = self.head.topology
        colour, grey = hair_colour(plan, seed)
        style, recede = choose_style(plan, seed)
        beard, beard_length = choose_beard(plan, seed)
        scalp = np.zeros(len(topology.reference), np.float32)
        if style != "bald":
            scalp = scalp_mask(topology, recede, beard_length > 0)
        skin = paint_skin(plan, topology, scalp, colour * (1 - grey) + 0.3 * grey, beard, seed)
        scene = set_scene(plan, seed)
        cloth = choose_clothes(plan, SETUPS[scene.setup][7], seed)

        vertices = self.head.vertices(shape.control, shape.eyes)
        normals = vertex_normals(vertices, topology.triangles)
        albedo, surface = moisten_lids(skin, vertices, shape.eyes, self._lid_rims)
        surface[:, 0] = ambient_occlusion(vertices, normals, topology.triangles, PIVOT)
        iris, gaze = paint_eyes(plan, shape.eyes, seed)
        return Look(
            Skin(albedo, surface, skin.detail, skin.melanin), self._paint, vertices, self._wrinkles.rest(plan, seed), iris, gaze,
            grow_hair(plan, topology, vertices, normals, scalp, style, colour, grey, seed),
            grow_brows(plan, self._front, colour, grey, seed),
            grow_beard(plan, topology, beard, beard_length, colour, grey, seed), cloth,
            garment(cloth, topology), scene,
        )  # fmt: skip


@functools.cache
def load(head: Head) -> ProceduralLook:
    """The look of a head, built once a process."""
    return ProceduralLook(head)
