"""What a person in care rests on."""

import numpy as np

from ...plan import IdentityPlan
from ...streams import occasion_stream
from .base import Prop
from .bedding import make_bed
from .chairs import make_armchair, make_wheelchair
from .heights import BodyHeights, Rest, sampled

HAIR_LAYER_MM = 7.0
"""How thick hair lies on a pillow."""


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


def hair_on_support(points: np.ndarray, plan: IdentityPlan, props: tuple[Prop, ...]) -> np.ndarray:
    """Strands (S, P, 3) mm with all but their roots lifted onto the pillow, sheet or cushion that they would lie in."""
    soft = [prop for prop in props if prop.finish.lift > 0 and prop.name != "blanket"]
    if not soft:
        return points
    rest = Rest.facing(plan.circumstances.normal)
    first = np.cumsum([0, *(len(prop.vertices) for prop in soft[:-1])])
    triangles = np.concatenate([prop.triangles + start for prop, start in zip(soft, first, strict=True)])
    surface = BodyHeights.of(np.concatenate([prop.vertices for prop in soft]), triangles.astype(np.int32), rest).highest
    surface = np.where(np.isfinite(surface), surface, -1e4)
    across, along, height = np.moveaxis(rest.local(points[:, 1:].reshape(-1, 3)), -1, 0)
    layer = np.repeat(HAIR_LAYER_MM * ((0.61803 * np.arange(len(points))) % 1.0), points.shape[1] - 1)
    lying = np.maximum(height, sampled(surface, across, along) + layer)
    lifted = points.copy()
    lifted[:, 1:] = rest.world(across, along, lying).reshape(len(points), -1, 3)
    return lifted
