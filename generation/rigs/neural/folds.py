"""Skin that folds over: triangles turned over against their neighbours, and the least smoothing that turns them back.

Movements add up. Where several units push skin together, at the corners of the lower lip and of the eyes, a sum of
smooth movements can turn a triangle over, in sculpted shapes as well as in learned ones.
"""

import numpy as np
from scipy import sparse

ROUNDS = 40
UPRIGHT, OVER = 0.10, -0.05
"""Signed area of a triangle, as its neighbours see it, below which it is smoothed, and wholly so: shares of its area at
rest.
"""
RINGS, SPREAD = 2, 0.6
"""So many rings of neighbours are smoothed along, each this much less than the one before."""


class Folds:
    """The triangles of one neutral face (V, 3) mm, (F, 3)."""

    def __init__(self, neutral: np.ndarray, faces: np.ndarray) -> None:
        edges = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
        key = edges[:, 0] * len(neutral) + edges[:, 1]
        order = np.argsort(key, kind="stable")
        twin = np.flatnonzero(key[order][1:] == key[order][:-1])
        one, two = order[twin], order[twin + 1]
        beside = np.full(len(key), -1)
        beside[one], beside[two] = two // 3, one // 3
        self._neutral, self._faces, self._beside = neutral, faces, beside.reshape(-1, 3)
        both = np.unique(np.concatenate([edges, edges[:, ::-1]]), axis=0)
        near = sparse.csr_matrix((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(len(neutral), len(neutral)))
        self._edges = both
        self._mean = sparse.diags(1 / np.asarray(near.sum(axis=1)).ravel()) @ near
        self._area = np.linalg.norm(self._crosses(neutral, faces), axis=1)
        self._smooth_at_rest = self._uprightness(neutral) >= UPRIGHT

    def count(self, vertices: np.ndarray) -> int:
        """Triangles of a posed face (V, 3) that are turned over; those sharp on the neutral face do not count."""
        return int(((self._uprightness(vertices) < 0) & self._smooth_at_rest).sum())

    def unfolded(self, vertices: np.ndarray) -> np.ndarray:
        """The posed face (V, 3) with displacements smoothed where it folds, and nowhere else.

        Each of at most 40 rounds draws the corners of a triangle towards the mean displacement of their neighbours, the
        more the farther it is turned. Every round is a continuous function of the vertices.
        """
        active, moved = None, None
        for _ in range(ROUNDS):
            upright = self._uprightness(vertices if moved is None else self._neutral + moved, active)
            amount = (
                np.clip((UPRIGHT - upright) / (UPRIGHT - OVER), 0, 1)
                * self._smooth_at_rest[slice(None) if active is None else active]
            )
            if not amount.any():
                break
            if moved is None:
                moved = vertices - self._neutral
            share = np.zeros(len(vertices))
            folding = np.flatnonzero(amount)
            corners = self._faces[folding if active is None else active[folding]]
            np.maximum.at(share, corners.ravel(), np.repeat(amount[folding], 3))
            for _ in range(RINGS):
                share = np.maximum(share, SPREAD * self._near_most(share))
            corners = np.flatnonzero(share)
            change = share[corners, None] * (self._mean[corners] @ moved - moved[corners])
            moved[corners] += change
            active = self._around(corners)
        return vertices if moved is None else self._neutral + moved

    def _near_most(self, share: np.ndarray) -> np.ndarray:
        """(V,) the largest value among each vertex's neighbours."""
        most = np.zeros_like(share)
        given = share[self._edges[:, 1]]
        some = given > 0
        np.maximum.at(most, self._edges[some, 0], given[some])
        return most

    def _around(self, corners: np.ndarray) -> np.ndarray:
        """Triangles whose uprightness the given vertices take part in."""
        touched = np.zeros(len(self._neutral), bool)
        touched[corners] = True
        near = touched[self._faces].any(axis=1)
        return np.flatnonzero(near | (near[self._beside] & (self._beside >= 0)).any(axis=1))

    def _uprightness(self, vertices: np.ndarray, which: np.ndarray | None = None) -> np.ndarray:
        """Area of the triangles seen along the mean normal of their neighbours, as a share of their area at rest."""
        if which is None:
            own = self._crosses(vertices, self._faces)
            beside, area, normals = self._beside, self._area, _unit(own)[self._beside]
        else:
            own = self._crosses(vertices, self._faces[which])
            beside, area = self._beside[which], self._area[which]
            normals = _unit(self._crosses(vertices, self._faces[beside]))
        around = np.where(beside[..., None] < 0, 0, normals).sum(axis=-2)
        return np.einsum("fc,fc->f", own, _unit(around)) / area

    @staticmethod
    def _crosses(vertices: np.ndarray, corners: np.ndarray) -> np.ndarray:
        a, b, c = np.moveaxis(vertices[corners], -2, 0)
        return np.cross(b - a, c - a)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.sqrt(np.einsum("...c,...c->...", vectors, vectors)), 1e-12)[..., None]
