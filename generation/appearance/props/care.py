"""What a person in care rests on."""

import numpy as np

from ...plan import IdentityPlan
from ...streams import occasion_stream
from .base import Prop
from .bedding import make_bed
from .chairs import make_armchair, make_wheelchair


def make_support(plan: IdentityPlan, vertices: np.ndarray, triangles: np.ndarray, seed: int) -> tuple[Prop, ...]:
    """Bed, chair or wheelchair around a body: `vertices` (V, 3) mm with clothes, `triangles` (T, 3); upright: none."""
    held = plan.circumstances
    rng = occasion_stream(seed, "look.support", plan)
    if held.support == "bed":
        return make_bed(vertices, triangles, held, rng)
    if held.support == "chair":
        return make_armchair(vertices, triangles, held.normal, rng)
    if held.support == "wheelchair":
        return make_wheelchair(vertices, triangles, held.normal, rng)
    return ()
