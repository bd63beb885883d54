"""The look of Hunyuan3D-2.1: a portrait as of other painted looks, and maps of the whole head that it paints from it.

Its program runs in an environment of its own (docs/hunyuan.md); its maps are kept beside the portraits.
"""

import functools
from dataclasses import replace

import numpy as np

from dataset_script.errors import InvalidInput, WorkFailed

from ...appearance.base import Look
from ...appearance.colours import colour
from ...baking.atlas import atlas_of
from ...baking.bake import Projected, painted, texels_for
from ...baking.camera import portrait_camera
from ...baking.masks import places_of_person
from ...baking.unlit import DARKEST, PALEST, melanin_of
from ...heads.base import HeadShape
from ...plan import IdentityPlan
from ...prompts import portrait_prompt
from ..look import PaintedLook, noise_seed
from ..painting import MAPS, no_program
from ..program import Program
from .exchange import Maps, head_glb, maps_of

ROUGHNESS = (0.3, 0.7)
"""Of skin; what a program paints beyond is cut."""


class HunyuanLook(PaintedLook):
    """Faces whose albedo and roughness a program paints on the mesh, from the portrait that diffusion models paint."""

    def _textured(self, plan: IdentityPlan, shape: HeadShape, look: Look, front: np.ndarray, seed: int) -> Look:
        maps = self._maps(plan, look, front, seed)
        topology = self._renderer.head.topology
        places, atlas = places_of_person(topology, plan, seed), atlas_of(topology, texels_for(self.settings.size))
        count, everywhere = len(look.neutral), np.ones(len(atlas.row), np.float32)
        coded = maps.albedo[atlas.row, atlas.column]
        albedo = colour(*range(256)).astype(np.float32)[coded].clip(DARKEST, PALEST)
        rough = maps.material[atlas.row, atlas.column, 1:2] / 255
        at_vertices = atlas.gather(topology.triangles, np.column_stack([albedo, rough]), everywhere, count)
        charted, surface = at_vertices[:, 4] > 0, look.skin.surface
        roughness = np.where(charted, at_vertices[:, 3].clip(*ROUGHNESS), surface.roughness).astype(np.float32)
        melanin = melanin_of(at_vertices[charted & (places.plain > 0.5), :3])
        skin = replace(look.skin, melanin=melanin, surface=surface._replace(roughness=roughness))
        shown = Projected(albedo, everywhere, near_hair=np.zeros_like(everywhere))
        return painted(topology, atlas, replace(look, skin=skin), places, shown)

    def _maps(self, plan: IdentityPlan, look: Look, front: np.ndarray, seed: int) -> Maps:
        """The maps of a person, from the pictures that are kept or from the program; the portrait decides them."""
        prompt, noise = portrait_prompt(plan, seed), noise_seed(seed, plan, "front")

        @functools.cache  # one answer has all maps
        def answer(program: Program) -> Maps:
            return self._painted(program, look, front)

        def kept_or_painted(kind: str) -> np.ndarray:
            return self._kept_or_painted(
                plan, kind, prompt, noise, lambda name: getattr(answer(self._needed_program(name)), kind)
            )

        return Maps(**{kind: kept_or_painted(kind) for kind in MAPS})

    def _needed_program(self, what: str) -> Program:
        if self._painting.program is None:
            raise no_program(what)
        return self._painting.program

    def _painted(self, program: Program, look: Look, front: np.ndarray) -> Maps:
        """What the program paints on the head from its frontal portrait."""
        topology = self._renderer.head.topology
        seen = np.isfinite(self._depth(look, portrait_camera(self.settings.size)))
        portrait = np.dstack([front, np.where(seen, 255, 0).astype(np.uint8)])  # the hair beside the head is no skin
        content = program.paint(head_glb(topology, look.neutral), portrait, self._painting.my_device)
        try:
            return maps_of(content, topology, look.neutral, texels_for(self.settings.size))
        except InvalidInput as error:
            raise WorkFailed(f"{program.command[0]} wrote a file that {error}") from None
