"""Things that are worn on a head or lie around it: meshes with a material, drawn with the head by every renderer."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse

SOLID = 1.0
"""Opacity of what nothing shines through."""
HIDES = 0.5
"""Least opacity of what casts shadows and hides what is behind it from annotations; they look through all else."""
VEILS = 0.12
"""Least opacity of what counts as covering a face, though annotations look through it: oxygen masks, not lenses."""


class Finish(NamedTuple):
    """What a prop is made of.

    Attributes:
        roughness: of the highlight, 0-1; at most 0.08 is glass, which mirrors lamps as they are.
        specular: strength of the highlight, 1 for plastic and glass.
        metal: 1 where light is mirrored in the colour of the surface and none enters it, else 0.
        opacity: 0-1; below `SOLID` what is behind shines through.
        weave: contrast of threads, 0 for what is not cloth.
        casts: 1; 0 where it throws no shadow, as what is far from the face: shadow maps end between the two.
        lift: how far off itself (mm) it is looked up in shadow maps: folds of cloth are coarser than those.
    """

    roughness: float = 0.6
    specular: float = 0.5
    metal: float = 0.0
    opacity: float = SOLID
    weave: float = 0.0
    casts: float = 1.0
    lift: float = 0.0


MATTE = Finish()


BENEATH_MM = 1.5
"""How wide the skin is, about, whose height counts for a place of a prop on it."""


class Beneath(NamedTuple):
    """The skin that a prop lies on.

    Attributes:
        near: (P, K) int, the render vertices around each vertex; place: (P, K, 3) float32 mm, they on the neutral face.
        normal: (P, 3) float32 unit, of the neutral skin.
    """

    near: np.ndarray
    place: np.ndarray
    normal: np.ndarray

    def height(self, points: np.ndarray, displacement: np.ndarray | None = None) -> np.ndarray:
        """How far (mm) over the skin, or that moved by `displacement` (V, 3), `points` (P, 3) are, (P,)."""
        skin = self.place if displacement is None else self.place + displacement[self.near].astype(np.float32)
        away = points.astype(np.float32)[:, None] - skin
        squared = np.einsum("pkc,pkc->pk", away, away)
        weight = np.exp((squared.min(axis=1, keepdims=True) - squared) / (2 * BENEATH_MM**2))
        up = np.einsum("pkc,pc->pk", away, self.normal)
        return (weight * up).sum(axis=1) / weight.sum(axis=1)


@dataclass(frozen=True)
class Prop:
    """One thing. P vertices, Q triangles; V render vertices of the head.

    Attributes:
        name: what it is called in the column `occluders`.
        vertices: (P, 3) float32 world mm beside the neutral face.
        triangles: (Q, 3) int32, counter-clockwise from outside; only outsides are drawn, so what is seen from both
            sides is a closed slab.
        albedo: (P, 3) float32 linear.
        carrier: (P, V) weights of the render vertices that each vertex follows; a row sums to 1 where it follows
            the skin, to less where it does so in part; None where all of it stays with the skull.
        code: its name in `dataset_script.vocabulary.SEGMENTS`: "accessory" or "bedding".
        occlusion: (P,) float32, share of the sky that each vertex sees; None: all of it. See `occlusion`.
        beneath: the skin that it stays over, where it follows not that alone but what is around.
    """

    name: str
    vertices: np.ndarray
    triangles: np.ndarray
    albedo: np.ndarray
    finish: Finish = MATTE
    carrier: sparse.csr_matrix | None = None
    code: str = "accessory"
    occlusion: np.ndarray | None = None
    beneath: Beneath | None = None

    def moved(self, displacement: np.ndarray) -> np.ndarray:
        """Its vertices (P, 3) float32 when the render vertices moved by `displacement` (V, 3) mm from neutral."""
        if self.carrier is None:
            return self.vertices
        shift = self.carrier @ displacement
        if self.beneath is not None:
            sunk = self.beneath.height(self.vertices) - self.beneath.height(self.vertices + shift, displacement)
            shift = shift + np.maximum(sunk, 0)[:, None] * self.beneath.normal
        return (self.vertices + shift).astype(np.float32)


@dataclass(frozen=True)
class Worn:
    """What a maker of accessories makes.

    Attributes:
        inside: (N, 3) world mm, points of the side that lies on hair; none where hair stays as it is.
        hair: what becomes of the hair of the head: "kept", "pressed" down beneath it, tucked "under" it, or "gone".
    """

    props: tuple[Prop, ...]
    inside: np.ndarray | None = None
    hair: str = "kept"


class PropMesh(NamedTuple):
    """All props of a look in one mesh, with an expression; P vertices, Q triangles, N props.

    Attributes:
        triangles: (Q, 3) int32; which: (Q,) int16, the prop that a triangle belongs to.
        position: (P, 3) float32 world mm; normal: (P, 3) float32 unit.
        rest: (P, 3) float32, position beside the neutral face, in which threads are painted.
        albedo: (P, 3) float32 linear; occlusion: (P,) float32.
        finish: (N, 7) float32, the numbers of each `Finish`.
    """

    triangles: np.ndarray
    which: np.ndarray
    position: np.ndarray
    normal: np.ndarray
    rest: np.ndarray
    albedo: np.ndarray
    occlusion: np.ndarray
    finish: np.ndarray

    def those(self, chosen: np.ndarray) -> np.ndarray:
        """Indices (R,) int32 of the triangles of the props that `chosen` (N,) bool holds."""
        return np.flatnonzero(chosen[self.which]).astype(np.int32)

    @property
    def casting(self) -> np.ndarray:
        """(N,) bool, which props throw shadows."""
        return (self.opacity >= HIDES) & (self.finish[:, Finish._fields.index("casts")] > 0)

    @property
    def opacity(self) -> np.ndarray:
        """(N,) of each prop."""
        return self.finish[:, Finish._fields.index("opacity")]
