"""Other heads on the MakeHuman topology: looks, rigs and renderers work on them unchanged."""

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from ...geometry.solvers import factorise
from ...geometry.threads import one_thread
from ...plan import IdentityPlan
from ...populations import draw_ancestry
from ...streams import stream
from ..base import HeadShape, Topology
from .eyes_and_mouth import add_eyes_and_mouth
from .template import Template, template
from .wrap import BUST_STAY, STAY, Wrap, bust

FOLLOW_MM = 3.0
"""The length over which the skin is smooth as it follows a model's identities."""
EAR_FOLLOW = 0.3
"""Weight of a model's identities at the ears, relative to the rest of the skin."""


@dataclass(frozen=True, kw_only=True)
class OtherHead:
    """Another head: a skin of N vertices, and M modes that make people of it. Millimetres in the head frame.

    Attributes:
        name: of the head, as in the rows.
        about: one line on what was found in the file.
        triangles: (T, 3) of the skin.
        wrap: the template on the skin of the mean person.
        eyes: (2, 4) centre and radius of the left and right eyeball; None where it has none.
        modes: (M, N, 3) offsets of one standard deviation, and eye_modes: (M, 2, 3) those of the eyeballs.
        limit: standard deviations within which people are drawn.
    """

    name: str
    about: str
    triangles: np.ndarray
    wrap: Wrap
    eyes: np.ndarray | None = None
    modes: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 3)))
    eye_modes: np.ndarray = field(default_factory=lambda: np.zeros((0, 2, 3)))
    limit: float = 2.5


class WrappedHead:
    """A `heads.base.Head` that was wrapped around another one.

    The mean person is wrapped; for others, the modes are read at the points of the other skin that were found for it.
    """

    def __init__(self, other: OtherHead) -> None:
        self._template = template()
        makehuman = self._template.head
        self.name, self.other = other.name, other
        self.topology: Topology = makehuman.topology
        self.base = makehuman
        self.canonical, self.skin_control = makehuman.canonical, makehuman.skin_control
        self.targets, self.vertices = makehuman.targets, makehuman.vertices
        self.wrap, self._modes = other.wrap, _modes_of_skin(self._template, other)

    @property
    def about(self) -> str:
        """One line: what was found, and how near the wrap comes to it."""
        off = self.wrap.nearest.distance[self._template.face]
        near = f"{off.mean():.2f} mm beside the face on average (95 %: {np.percentile(off, 95):.2f})"
        return f"{self.other.about}; wrapped {near}"

    def shape(self, plan: IdentityPlan, seed: int) -> HeadShape:
        """A person of the model by number. Age, gender and ethnicity do not shape it; ancestry is for the rig alone."""
        limit = self.other.limit
        drawn = stream(seed, "head.modes", plan.identity_id).standard_normal(len(self._modes)).clip(-limit, limit)
        control, eyes = self.person(drawn)
        return HeadShape(
            control=control,
            eyes=eyes,
            ancestry=draw_ancestry(plan.ethnicity, stream(seed, "head.ancestry", plan.identity_id)),
            parameters={f"{self.name}/mode{k:03d}": float(w) for k, w in enumerate(drawn)},
        )

    def skin(self, weights: np.ndarray) -> np.ndarray:
        """(S, 3) skin control vertices of that person as wrapped, in the frame of the other head."""
        return self.wrap.points + np.tensordot(weights, self._modes, axes=1)

    def person(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Control vertices (W, 3) float32 mm and eyeballs (2, 4) of the person with `weights` (M,) of the modes."""
        skin = self.skin(weights)
        eyes = self.other.eyes
        if eyes is not None:
            eyes = eyes + np.pad(np.tensordot(weights, self.other.eye_modes, axes=1), ((0, 0), (0, 1)))
        return add_eyes_and_mouth(self._template, skin, eyes)


@one_thread
def _modes_of_skin(template: Template, other: OtherHead) -> np.ndarray:
    """The modes (M, S, 3) of the template's skin: those of the other skin where it lies on it, smooth elsewhere."""
    found = other.wrap
    if not len(other.modes):
        return np.zeros((0, *found.points.shape))
    weight = template.area * found.weight * (1 - (1 - EAR_FOLLOW) * template.ears)
    bending = FOLLOW_MM**4 * template.bending
    stay = (STAY + BUST_STAY * bust(template)) * template.area
    triangle, shares = other.triangles[found.nearest.triangle], found.nearest.barycentric
    moved = np.einsum("sc,mscd->smd", shares, other.modes[:, triangle])  # (S, M, 3)
    right = (weight[:, None, None] * moved).reshape(len(weight), -1)
    modes = np.zeros_like(right)
    factorise(bending + sparse.diags(weight + stay)).solve(np.ascontiguousarray(right), modes)
    return modes.reshape(len(weight), len(other.modes), 3).transpose(1, 0, 2)
