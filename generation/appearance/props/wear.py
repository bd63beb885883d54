"""What a person wears, put on: the makers of all accessories by name."""

import functools
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ...geometry.mesh import vertex_normals
from ...heads.base import Topology
from ...plan import IdentityPlan
from ...streams import stream
from ..base import Look
from .base import HIDES, Worn
from .dressings import PATCHES, make_ecg_wires, make_head_bandage, make_patch
from .ears import make_earrings, make_hearing_aids
from .fitting import Skin, Wearer
from .glasses import make_glasses
from .hair import pressed, tucked, uncovered
from .headwear import make_cap, make_headscarf, make_hijab
from .occlusion import occlusion_together
from .oxygen import make_cannula, make_mask

Maker = Callable[[Wearer, np.random.Generator], Worn]

MAKERS: dict[str, Maker] = {
    "glasses": make_glasses,
    "earrings": make_earrings,
    "hearing_aid": make_hearing_aids,
    "nasal_cannula": make_cannula,
    "oxygen_mask": make_mask,
    "head_bandage": make_head_bandage,
    "ecg_wires": make_ecg_wires,
    "medical_cap": make_cap,
    "hijab": make_hijab,
    "headscarf": make_headscarf,
    **{f"dressing_{place}": functools.partial(make_patch, place) for place in PATCHES},
}
"""Each of `accessories.ACCESSORIES`."""


def put_on(plan: IdentityPlan, look: Look, topology: Topology, reference: Skin, seed: int) -> Look:
    """`look` with the accessories of a plan; what is a person's own is the same on every occasion.

    `reference`: what `fitting.canonical_skin` gives for the head.
    """
    wearer = Wearer(reference, topology.landmarks, look.neutral, look.cloth_thickness)
    worn = [MAKERS[name](wearer, stream(seed, f"look.accessory.{name}", plan.identity_id)) for name in plan.accessories]
    props = (*look.props, *(prop for one in worn for prop in one.props))
    normals = vertex_normals(look.neutral, topology.triangles)
    occlusion, shaded = occlusion_together(look.neutral, normals, topology.triangles, props)
    surface = look.skin.surface._replace(occlusion=occlusion)
    return replace(_under(look, worn), skin=replace(look.skin, surface=surface), props=shaded)


def _under(look: Look, worn: list[Worn]) -> Look:
    """`look` with the hair that is left to be seen."""
    hair = look.hair
    for one in worn:
        if one.hair == "gone":
            hair = None
        elif hair is not None and one.inside is not None:
            hair = (pressed if one.hair == "pressed" else tucked)(hair, one.inside)
    over = [
        prop.vertices for one in worn for prop in one.props if one.hair == "pressed" and prop.finish.opacity >= HIDES
    ]
    cover = np.concatenate(over) if over else np.empty((0, 3))
    brows, beard = (uncovered(strands, look.neutral, cover) for strands in (look.brows, look.beard))
    return replace(look, hair=hair, brows=brows, beard=beard)
