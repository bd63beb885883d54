"""Where things touch a head: places of the canonical face on the face of a person, and what must not cut the skin."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage, sparse
from scipy.spatial import cKDTree

from ...geometry.mesh import vertex_normals
from ...geometry.surface import unit
from ...geometry.vectors import added, difference, dot
from ...heads.base import SKIN, Topology
from ...kernels import kernel
from .base import Beneath, Prop

FACE_FROM_MM = -60.0
"""What lies behind this depth is not in front of anything."""
OUTSIDE_MM = 14.0
STICKS_OUT_MM = 14.0
"""What sticks further out of a shell than this belongs to another part of the body."""
AXIS_Z = -68.0
"""Canonical depth (mm) of the upright axis of the skull."""
BESIDE_RAD = 0.06
WIDE_BLUR_MM, AROUND = 5.0, 160
"""From how wide a blur so many vertices are taken together rather than 24."""
BARE_MM = 0.1
"""Where clothes stand off the skin by less, their rim has been passed."""
BENEATH = 48
"""Vertices of the skin around each of a prop that is to stay over it."""
CANDIDATES = 12
"""Triangles whose middles are nearest, among which the closest point of a surface is looked for."""


@dataclass(frozen=True)
class Contacts:
    """Points of a surface: corners (N, 3) of their triangles and shares (N, 3) of each; place, normal (N, 3)."""

    corners: np.ndarray
    shares: np.ndarray
    place: np.ndarray
    normal: np.ndarray


class Skin:
    """A skin to look up the closest points of, the inside of the mouth left out. `vertices` (V, 3) mm."""

    def __init__(self, vertices: np.ndarray, triangles: np.ndarray) -> None:
        self.vertices, self.triangles = np.asarray(vertices, float), triangles
        self.normals = vertex_normals(vertices, triangles).astype(float)
        self._tree = cKDTree(self.vertices[triangles].mean(axis=1))

    def closest(self, points: np.ndarray) -> Contacts:
        """The closest points to `points` (N, 3)."""
        points = np.asarray(points, float)
        near = self._tree.query(points, k=CANDIDATES)[1]
        triangle, shares = _closest(points, near, self.vertices, self.triangles)
        return self.at(self.triangles[triangle], shares)

    def at(self, corners: np.ndarray, shares: np.ndarray) -> Contacts:
        """The points at `shares` (N, 3) of triangles with these `corners` (N, 3)."""
        place = np.einsum("nc,ncd->nd", shares, self.vertices[corners])
        normal = unit(np.einsum("nc,ncd->nd", shares, self.normals[corners]))
        return Contacts(corners, shares, place, normal)

    def height(self, points: np.ndarray) -> np.ndarray:
        """How far (mm) points (N, 3) are off the skin, negative inside of it, about."""
        found = self.closest(points)
        return ((points - found.place) * found.normal).sum(axis=1)


def canonical_skin(topology: Topology) -> Skin:
    """The skin of the canonical face, in whose coordinates things say where they touch."""
    triangles = topology.triangles[topology.part == SKIN]
    return Skin(topology.reference, triangles[topology.masks["mouth"][triangles].max(axis=1) < 0.1])


class Wearer:
    """A person's neutral head that things are fitted to.

    Args:
        reference: what `canonical_skin` gives for the head.
        landmarks: (68,) render vertices.
        vertices: (V, 3) float32 mm, the neutral render vertices.
        cloth: (V,) mm, how far clothes stand off them.
    """

    def __init__(self, reference: Skin, landmarks: np.ndarray, vertices: np.ndarray, cloth: np.ndarray) -> None:
        self._reference, self.vertices = reference, vertices.astype(float)
        outer = reference.triangles
        self.cloth = cloth
        self.skin = Skin(vertices, outer)
        self.dressed = Skin(self.vertices + cloth[:, None] * self.skin.normals, outer)
        self.landmarks = self.vertices[landmarks]
        self._points = np.unique(outer)
        self._tree = cKDTree(self.vertices[self._points])

    def anchored(self, places: np.ndarray) -> Contacts:
        """The points of the person's skin that lie where `places` (N, 3) lie on the canonical face."""
        found = self._reference.closest(np.asarray(places, float).reshape(-1, 3))
        return self.skin.at(found.corners, found.shares)

    def laid(self, places: np.ndarray, off: np.ndarray | float) -> np.ndarray:
        """Points `off` mm over the person's skin where `places` (..., 3) lie on the canonical face."""
        found = self.anchored(places)
        height = np.broadcast_to(off, np.shape(places)[:-1]).reshape(-1, 1)
        return (found.place + height * found.normal).reshape(np.shape(places))

    def over(self, places: np.ndarray, from_axis: bool = False) -> np.ndarray:
        """The points of the person's skin where `places` (..., 3) near the canonical face are dropped on it: along z,
        or towards the vertical axis of the skull."""
        flat = np.array(places, float).reshape(-1, 3)
        skin = self._reference
        axis = np.array([0.0, 0.0, AXIS_Z])
        inward = (flat - axis) * [1, 0, 1] if from_axis else np.broadcast_to([0.0, 0.0, 1.0], flat.shape)
        inward = inward / np.linalg.norm(inward, axis=1, keepdims=True)
        flat += OUTSIDE_MM * inward  # what is inside would find the walls of sockets and nostrils
        for _ in range(7):  # to the tangent plane of the closest point, again and again
            found = skin.closest(flat)
            slope = np.clip((inward * found.normal).sum(axis=1), 0.25, 1)
            off = ((flat - found.place) * found.normal).sum(axis=1) / slope
            flat -= np.clip(off, -20, 20)[:, None] * inward
        return self.anchored(flat).place.reshape(np.shape(places))

    def cleared(self, points: np.ndarray, margin: np.ndarray | float, dressed: bool = False) -> np.ndarray:
        """`points` (..., 3), those less than `margin` mm off the skin, or the clothes, moved out to there."""
        flat = np.array(points, float).reshape(-1, 3)
        margin = np.broadcast_to(margin, np.shape(points)[:-1]).reshape(-1)
        skin = self.dressed if dressed else self.skin
        for _ in range(3):
            found = skin.closest(flat)
            missing = margin - ((flat - found.place) * found.normal).sum(axis=1)
            flat += np.maximum(missing, 0)[:, None] * found.normal
        return flat.reshape(np.shape(points))

    def enclosed(self, centre: np.ndarray, shell: np.ndarray, margin: float) -> np.ndarray:
        """A shell (R, C, 3) around `centre` (3,), round in C, moved outwards so that it leaves no skin within its reach
        outside, `margin` mm over it."""
        away = shell - centre
        far = np.linalg.norm(away, axis=2)
        towards = away / far[..., None]
        points = self.skin.vertices[self._points] - centre
        reach = np.linalg.norm(points, axis=1)
        near = reach < far.max() + STICKS_OUT_MM
        points, reach = points[near], reach[near]
        apart, node = cKDTree(towards.reshape(-1, 3)).query(points / reach[:, None], distance_upper_bound=BESIDE_RAD)
        found = np.isfinite(apart)
        least = np.zeros(far.size)
        np.maximum.at(least, node[found], reach[found] + margin)
        least = np.where(least < far.ravel() + STICKS_OUT_MM, least, 0).reshape(far.shape)
        least = ndimage.maximum_filter(least, 3, mode=("nearest", "wrap"))
        least[0] = 0  # the rim lies where it was laid
        return centre + np.maximum(far, least)[..., None] * towards

    def bare(self, found: Contacts) -> np.ndarray:
        """Which of some points of the skin (N,) clothes leave bare."""
        return (self.cloth[found.corners] * found.shares).sum(axis=1) < BARE_MM

    def carried(self, points: np.ndarray, blur: float = 0.0) -> sparse.csr_matrix:
        """Weights (N, V) with which `points` (N, 3) follow the skin: the closest point of it, or the mean of what lies
        `blur` mm around."""
        points = np.asarray(points, float).reshape(-1, 3)
        count = len(points)
        if blur == 0:
            found = self.skin.closest(points)
            index, weight = found.corners, found.shares
        else:
            # as many as lie around, or the mean would jump from point to point
            index = self._tree.query(self.skin.closest(points).place, k=24 if blur < WIDE_BLUR_MM else AROUND)[1]
            index = self._points[index]
            away = np.linalg.norm(self.vertices[index] - points[:, None], axis=2)
            away -= away.min(axis=1, keepdims=True)
            weight = np.exp(-0.5 * (away / blur) ** 2)
            weight /= weight.sum(axis=1, keepdims=True)
        rows = np.repeat(np.arange(count), index.shape[1])
        return sparse.csr_matrix((weight.ravel(), (rows, index.ravel())), shape=(count, len(self.vertices)))

    def lying(self, thing: Prop, stiff: float) -> Prop:
        """`thing`, which lies on the skin, as it follows what lies `stiff` mm around beneath it, so that it bends with
        the face but does not crumple with single wrinkles; it stays over the skin."""
        points = thing.vertices.astype(float)
        cells = np.floor(4 * points / stiff)
        anchors = points[np.sort(np.unique(cells, axis=0, return_index=True)[1])]
        away = np.linalg.norm(points[:, None] - anchors, axis=2)
        away = away - away.min(axis=1, keepdims=True)
        share = np.where(away < 2.5 * stiff, np.exp(-0.5 * (away / stiff) ** 2), 0)
        carrier = sparse.csr_matrix(share / share.sum(axis=1, keepdims=True)) @ self.carried(anchors, 3.0)
        under = self.skin.closest(points)
        near = self._points[self._tree.query(under.place, k=BENEATH)[1]]
        beneath = Beneath(near, self.vertices[near].astype(np.float32), under.normal.astype(np.float32))
        return replace(thing, carrier=carrier, beneath=beneath)

    def radius(self, centre: np.ndarray, towards: np.ndarray, dressed: bool = False) -> np.ndarray:
        """How far (..., ) the skin, or the clothes, reach from `centre` (3,) in the unit directions (..., 3)."""
        points = (self.dressed if dressed else self.skin).vertices[self._points] - centre
        far = np.linalg.norm(points, axis=1)
        distance, near = cKDTree(points / far[:, None]).query(towards.reshape(-1, 3), k=5)
        weight = 1 / (distance + 0.02) ** 2
        return ((far[near] * weight).sum(axis=1) / weight.sum(axis=1)).reshape(towards.shape[:-1])

    def front_of(self, points: np.ndarray, beside: float = 3.5) -> float:
        """How far (mm) `points` (N, 3) must move ahead to stand before all skin that is seen within `beside` mm of them
        from the front."""
        face = self.vertices[self._points]
        face = face[face[:, 2] > FACE_FROM_MM]
        near = cKDTree(face[:, :2]).query_ball_point(points[:, :2], beside)
        lacking = [face[those, 2].max() - point[2] for those, point in zip(near, points, strict=True) if those]
        return float(max(lacking))


@kernel
def _closest(points, near, vertices, triangles):
    """Which of the triangles `near` (N, K) each point (N, 3) is closest to, (N,), and its shares there (N, 3)."""
    count = points.shape[0]
    best, shares = np.empty(count, np.int64), np.empty((count, 3))
    for n in range(count):
        least = np.inf
        for k in range(near.shape[1]):
            t = near[n, k]
            a, b, c = vertices[triangles[t, 0]], vertices[triangles[t, 1]], vertices[triangles[t, 2]]
            v, w = _shares(difference(b, a), difference(c, a), difference(points[n], a))
            off = added(added(difference(points[n], a), difference(b, a), -v), difference(c, a), -w)
            away = dot(off, off)
            if away < least:
                least, best[n] = away, t
                shares[n, 0], shares[n, 1], shares[n, 2] = 1 - v - w, v, w
    return best, shares


@kernel(inline="early")
def _shares(ab, ac, ap):
    """Shares of the second and the third corner at the closest point of a triangle with these edges (Ericson 2004)."""
    d1, d2 = dot(ab, ap), dot(ac, ap)
    bb, bc, cc = dot(ab, ab), dot(ab, ac), dot(ac, ac)
    v, w = cc * d1 - bc * d2, bb * d2 - bc * d1
    area = bb * cc - bc * bc
    if v >= 0 and w >= 0 and v + w <= area:
        v, w = v / area, w / area
    else:
        on_ab, on_ac = min(max(d1 / bb, 0.0), 1.0), min(max(d2 / cc, 0.0), 1.0)
        edge = bb - 2 * bc + cc
        on_bc = min(max((bb - bc - d1 + d2) / edge, 0.0), 1.0)  # from b to c
        first = bb * on_ab * on_ab - 2 * on_ab * d1
        second = cc * on_ac * on_ac - 2 * on_ac * d2
        x, y = 1 - on_bc, on_bc
        third = bb * x * x + cc * y * y + 2 * bc * x * y - 2 * (x * d1 + y * d2)
        if first <= second and first <= third:
            v, w = on_ab, 0.0
        elif second <= third:
            v, w = 0.0, on_ac
        else:
            v, w = x, y
    return v, w
