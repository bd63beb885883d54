"""The procedural look: no pictures, no networks."""

import functools
from dataclasses import replace
from typing import Any

import numpy as np

from ..geometry.mesh import vertex_normals
from ..heads.base import Head, HeadShape
from ..plan import ExpressionPlan, IdentityPlan, ViewPlan
from .base import Look
from .brows import FrontMap, grow_beard, grow_brows
from .clothes import choose_clothes
from .eyes import paint_eyes
from .garment import cloth_thickness
from .hair.guides import BareHead
from .hair.strands import grow_hair
from .hair.styles import choose_beard, choose_style, hair_colour, scalp_mask
from .places.light import set_scene
from .places.setups import SETUPS
from .props.care import hair_on_support, make_support
from .props.fitting import Skin as FittingSkin
from .props.fitting import canonical_skin
from .props.occlusion import occlusion_together
from .props.wear import put_on
from .skin import Skin, lash_nearness, paint_skin
from .wrinkles import Wrinkles

WET_RIM_MM = 1.3
"""How far from the lash line, and how far off the eyeball, the rim of a lid is wet."""
RIM_COLOUR, RIM_SPECULAR, RIM_ROUGHNESS = np.float32([0.62, 0.30, 0.27]), np.float32(1.3), np.float32(0.22)


def moisten_lids(skin: Skin, vertices: np.ndarray, eyes: np.ndarray, rims: np.ndarray) -> Skin:
    """`skin` with the pink, wet rim where the lids touch the eyeballs.

    `vertices` (V, 3) mm; `eyes` (2, 4) centre and radius, mm; `rims` (V,) 0-1, where a lid's rim can be.
    """
    off_the_ball = np.min([np.linalg.norm(vertices - eye[:3], axis=1) - eye[3] for eye in eyes], axis=0)
    wet = (rims * np.exp(-((np.maximum(off_the_ball, 0) / WET_RIM_MM) ** 2))).astype(np.float32)
    surface = skin.surface._replace(
        specular=skin.surface.specular + wet * (RIM_SPECULAR - skin.surface.specular),
        roughness=skin.surface.roughness + wet * (RIM_ROUGHNESS - skin.surface.roughness),
    )
    albedo = skin.albedo * (1 - 0.35 * wet[:, None]) + 0.35 * wet[:, None] * RIM_COLOUR
    return replace(skin, albedo=albedo, surface=surface)


class ProceduralLook:
    """Skin from pigments, procedural irises, strands for hair, brows and lashes, plain clothes."""

    name = "procedural"

    def __init__(self, head: Head) -> None:
        self.head = head
        topology = head.topology
        self._front = FrontMap(topology)
        self._wrinkles = Wrinkles(topology)
        self._lid_rims = lash_nearness(topology, WET_RIM_MM).max(axis=1)
        self._canonical = topology.reference.copy()
        for eye in topology.eyeballs:
            around = self._canonical[eye] - self._canonical[eye].mean(axis=0)
            self._canonical[eye] = around / np.linalg.norm(around, axis=1, keepdims=True)

    def dress(self, plan: IdentityPlan, shape: HeadShape, seed: int) -> Look:
        """The look of a planned person with the neutral face `shape`."""
        return self.wear(plan, self.bare(plan, shape, seed), seed)

    def wear(self, plan: IdentityPlan, look: Look, seed: int) -> Look:
        """A look of `bare`, whose skin may have been painted anew, with the accessories of a planned person."""
        if not plan.accessories:
            return look
        return put_on(plan, look, self.head.topology, self._canonical_skin, seed)

    @functools.cached_property
    def _canonical_skin(self) -> FittingSkin:
        return canonical_skin(self.head.topology)

    def bare(self, plan: IdentityPlan, shape: HeadShape, seed: int) -> Look:
        """The look of a planned person with the neutral face `shape`, without accessories."""
        topology = self.head.topology
        paint = hair_colour(plan, seed)
        _, colour, grey = paint
        style, recede = choose_style(plan, seed)
        beard, beard_length = choose_beard(plan, seed)
        scalp = np.zeros(len(topology.reference), np.float32)
        if style != "bald":
            scalp = scalp_mask(topology, recede, beard_length > 0)
        skin = paint_skin(plan, topology, scalp, colour * (1 - grey) + 0.3 * grey, beard, seed)
        scene = set_scene(plan, seed)
        _, garment = choose_clothes(plan, SETUPS[scene.setup].place, seed)

        vertices = self.head.vertices(shape.control, shape.eyes)
        normals = vertex_normals(vertices, topology.triangles)
        skin = moisten_lids(skin, vertices, shape.eyes, self._lid_rims)
        thickness = cloth_thickness(garment, topology)
        dressed = vertices + thickness[:, None] * normals
        props = make_support(plan, dressed, topology.triangles, seed)
        occlusion, props = occlusion_together(vertices, normals, topology.triangles, props)
        bare = BareHead(topology, vertices, normals)
        hair = grow_hair(plan, bare, scalp, style, paint, seed, plan.circumstances.up)
        if hair is not None:
            hair = replace(hair, points=hair_on_support(hair.points, plan, props))
        return Look(
            skin=replace(skin, surface=skin.surface._replace(occlusion=occlusion)),
            canonical=self._canonical,
            neutral=vertices,
            wrinkles=self._wrinkles.rest(plan, seed),
            eyes=paint_eyes(plan, shape.eyes, seed),
            hair=hair,
            brows=grow_brows(plan, self._front, colour, grey, seed),
            beard=grow_beard(plan, topology, beard, beard_length, colour, grey, seed),
            garment=garment,
            cloth_thickness=thickness,
            scene=scene,
            props=props,
        )

    def finish(self, picture: Any, plan: IdentityPlan, expression: ExpressionPlan, view: ViewPlan, seed: int) -> Any:
        """A rendered view as it is."""
        return picture


@functools.cache
def load(head: Head) -> ProceduralLook:
    """The look of a head, built once a process."""
    return ProceduralLook(head)
