"""What a head gives to rigs, looks and renderers."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import sparse

from ..plan import IdentityPlan

SKIN, EYE, TEETH, TONGUE = range(4)
"""Codes of `Topology.part`."""


@dataclass(frozen=True)
class Topology:
    """The render mesh that all identities and expressions of a head share. Millimetres; W control, V render vertices.

    Attributes:
        refine: (V', W) operator from control vertices to the first V' render vertices; the eyeballs follow them.
        triangles: (T, 3) int32, counter-clockwise from outside.
        part: (T,) uint8, one of SKIN, EYE, TEETH, TONGUE.
        reference: (V, 3) float32, the canonical face, between the sexes and ancestries; looks paint in its coordinates.
        masks: name -> (V,) float32 in 0-1: face, lips, lids, ears, mouth (inside of it).
        landmarks: (68,) int32 render vertices, iBUG order.
        lashes: control vertices (root, tip) along each of the four lid rims.
        uv: (T, 3, 2) float32, where the corners of each triangle lie in a texture: 0-1, x to the right and y up; -1
            where they lie in none.
    """

    refine: sparse.csr_matrix
    triangles: np.ndarray
    part: np.ndarray
    reference: np.ndarray
    masks: dict[str, np.ndarray]
    landmarks: np.ndarray
    lashes: tuple[tuple[np.ndarray, np.ndarray], ...]
    uv: np.ndarray

    @property
    def eyeballs(self) -> tuple[slice, slice]:
        """Render vertices of the left and the right eyeball; they are the last."""
        first, end = self.refine.shape[0], len(self.reference)
        middle = (first + end) // 2
        return slice(first, middle), slice(middle, end)


@dataclass(frozen=True)
class HeadShape:
    """One person's neutral face.

    Attributes:
        control: (W, 3) float32 control vertices, mm, origin between the eyes.
        eyes: (2, 4) centre and radius of the left and right eyeball, mm.
        ancestry: weight of each ancestry axis of the head; they sum to 1.
        parameters: name -> weight of everything that shaped the face, for the `geometry` configuration.
    """

    control: np.ndarray
    eyes: np.ndarray
    ancestry: dict[str, float]
    parameters: dict[str, float]


class Head(Protocol):
    """A parametric head. A new one is one file and one entry in the catalogue."""

    name: str
    topology: Topology
    base: "Head"  # the head whose topology this is, for which rigs, looks and renderers are made: often itself
    canonical: np.ndarray  # (W, 3) float32 mm, control vertices of the canonical face
    skin_control: np.ndarray  # (W,) bool, which of them are skin

    def shape(self, plan: IdentityPlan, seed: int) -> HeadShape:
        """The neutral face of a planned person; a pure function of its arguments."""

    def targets(self, name: str) -> np.ndarray:
        """Offsets (W, 3) float32 mm of a named shape."""

    def vertices(self, control: np.ndarray, eyes: np.ndarray) -> np.ndarray:
        """Control vertices (W, 3) and eyeballs (2, 4) to render vertices (V, 3) float32."""
