"""Few bad triangles in an otherwise sound surface, as real scans have them: found all at once, and mended.

Mended are triangles without area, twice the same triangle, edges in three triangles, vertices that join separate fans,
and triangles that run the other way round than their neighbours. Holes stay: a boundary is no fault.
"""

from dataclasses import dataclass

import numpy as np

from dataset_script.errors import InvalidInput

from .checks import components, crowded_edges, empty_triangles, fans_of_corners, opposed_edges

MOST_REMOVED = 0.05
"""Largest share of the triangles that may be removed."""
ROUNDS = 10
"""What is removed can leave new faults; so often they are looked for."""


@dataclass(frozen=True)
class Mended:
    """A sound surface and what was wrong with it.

    Attributes:
        triangles: (T', 3) indices into `source`.
        source: (N',) of each vertex, its index in the surface that was given; one that joined two fans is there twice.
        faults: one phrase for each kind of fault, with the first place.
        mended: one phrase for each kind of repair.
    """

    triangles: np.ndarray
    source: np.ndarray
    faults: tuple[str, ...]
    mended: tuple[str, ...]


def mend(vertices: np.ndarray, triangles: np.ndarray, numbers: np.ndarray) -> Mended:
    """The surface of `triangles` (T, 3) over finite `vertices` (N, 3) as one sound, connected piece.

    `numbers` (N,): what faults call the vertices.

    Raises:
        InvalidInput: more than MOST_REMOVED of the triangles are bad, or the surface has one side only.
    """
    place = _Places(vertices, numbers)
    faults, mended, kept = [], [], triangles

    def drop(bad: np.ndarray, what: str, done: str) -> None:
        nonlocal kept
        faults.append(f"{what}{more(len(bad))}")
        mended.append(f"{len(bad)} {done}")
        kept = np.delete(kept, bad, axis=0)

    bad = empty_triangles(vertices, kept)
    if len(bad):
        drop(bad, f"triangle {place(kept[bad[0]])} has no area", "triangles without area removed")
    bad = _doubled(kept)
    if len(bad):
        (edges, _), where = crowded_edges(kept), kept[bad[0]]
        edge = next((e for e in edges if np.isin(e, where).all()), where[:2])
        what = f"triangle {place(where)} stands twice: edge {place(edge)} is not that of a manifold surface"
        drop(bad, what, "doubled triangles removed")
    edges, count = crowded_edges(kept)
    if len(edges):
        faults.append(
            f"edge {place(edges[0])} is in {count[0]} triangles, allowed is 2 (a manifold surface){more(len(edges))}"
        )
        before = len(kept)
        kept = _without_crowded_edges(kept)
        mended.append(f"{before - len(kept)} triangles at edges of more than two removed")
    if not len(kept):
        raise _too_many(len(triangles), len(triangles), faults)
    turned, edges = _opposed(kept)
    if len(edges):
        faults.append(f"the two triangles at edge {place(edges[0])} are oriented against each other{more(len(edges))}")
        mended.append(f"{len(turned)} triangles turned round")
        kept = kept.copy()
        kept[turned] = kept[turned, ::-1]
    split, source, where = _split_fans(kept, len(vertices))
    if len(where):
        faults.append(f"vertex {place(where[:1])} joins separate fans of triangles{more(len(where))}")
        mended.append(f"{len(where)} vertices between fans split")
    if faults:
        split = _largest(split, len(source))
        used, split = np.unique(split, return_inverse=True)
        split, source = split.reshape(-1, 3), source[used]
    if len(split) < (1 - MOST_REMOVED) * len(triangles):
        raise _too_many(len(triangles) - len(split), len(triangles), faults)
    return Mended(split, source, tuple(faults), tuple(mended))


def _too_many(bad: int, count: int, faults: list[str]) -> InvalidInput:
    return InvalidInput(
        f"{bad:,} of {count:,} triangles cannot be kept, more than can be repaired ({100 * MOST_REMOVED:g} %): "
        + "; ".join(faults)
    )


@dataclass(frozen=True)
class _Places:
    """Vertices by their number, with where the first of them is."""

    vertices: np.ndarray
    numbers: np.ndarray

    def __call__(self, chosen: np.ndarray) -> str:
        x, y, z = self.vertices[chosen[0]]
        return f"{'-'.join(str(number) for number in self.numbers[chosen])} at ({x:.5g} {y:.5g} {z:.5g})"


def more(count: int) -> str:
    """How many faults of a kind there are beside the one that is named."""
    return f" (and {count - 1:,} more)" if count > 1 else ""


def _doubled(triangles: np.ndarray) -> np.ndarray:
    """Triangles of the same three vertices as one before them."""
    _, first = np.unique(np.sort(triangles, axis=1), axis=0, return_index=True)
    return np.setdiff1d(np.arange(len(triangles)), first)


def _without_crowded_edges(triangles: np.ndarray) -> np.ndarray:
    """`triangles` less those at edges of more than two: what hangs there on the rest by such edges alone, else all."""
    for attempt in range(ROUNDS):
        edges, _ = crowded_edges(triangles)
        if not len(edges):
            break
        size = int(triangles.max()) + 1
        crowded = np.isin(_edge_keys(triangles, size), edges[:, 0] * size + edges[:, 1])  # (T, 3)
        piece = _pieces(triangles, size, crowded)
        largest = piece == np.argmax(np.bincount(piece))
        bad = crowded.any(axis=1) & (~largest if attempt == 0 else True)
        if not bad.any():
            bad = crowded.any(axis=1)
        triangles = triangles[~bad]
    return triangles


def _edge_keys(triangles: np.ndarray, size: int) -> np.ndarray:
    """(T, 3) one number for each edge, from a corner to the next, the same in both directions."""
    after = np.roll(triangles, -1, axis=1)
    return np.minimum(triangles, after) * size + np.maximum(triangles, after)


def _neighbours(keys: np.ndarray, apart: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both slots (index into `keys`, flat) of every edge in two triangles, but of those set `apart` (T, 3)."""
    flat = np.flatnonzero(~apart.ravel())
    order = flat[np.argsort(keys.ravel()[flat], kind="stable")]
    twin = np.flatnonzero(keys.ravel()[order][1:] == keys.ravel()[order][:-1])
    return order[twin], order[twin + 1]


def _pieces(triangles: np.ndarray, size: int, apart: np.ndarray) -> np.ndarray:
    """(T,) the piece of each triangle where edges set `apart` (T, 3) do not connect."""
    one, two = _neighbours(_edge_keys(triangles, size), apart)
    return components(one // 3, two // 3, len(triangles))[1]


def _opposed(triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Triangles that run the other way round than most of their piece, and edges (E, 2) at which two disagree."""
    edges = opposed_edges(triangles)
    if not len(edges):
        return np.zeros(0, int), edges
    size, count = int(triangles.max()) + 1, len(triangles)
    one, two = _neighbours(_edge_keys(triangles, size), np.zeros(triangles.shape, bool))
    same = triangles.ravel()[one] == triangles.ravel()[two]  # both run along the edge in one direction
    one, two = one // 3, two // 3
    # every triangle stands twice, as it is and turned round; neighbours that agree are linked
    rows = np.concatenate([one, one + count])
    columns = np.concatenate([np.where(same, two + count, two), np.where(same, two, two + count)])
    side = components(rows, columns, 2 * count)[1]
    if (side[:count] == side[count:]).any():
        raise InvalidInput("the surface has one side only: its triangles cannot all be seen from outside")
    as_it_is = np.bincount(side[:count], minlength=side.max() + 1)
    return np.flatnonzero(as_it_is[side[:count]] < as_it_is[side[count:]]), edges


def _split_fans(triangles: np.ndarray, num_vertices: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Triangles in which each fan has a vertex of its own, the source of every vertex, and the vertices split."""
    fan = fans_of_corners(triangles, num_vertices)
    start = triangles.ravel()
    pairs = np.unique(np.stack([start, fan], axis=1), axis=0)
    again = np.concatenate([[False], pairs[1:, 0] == pairs[:-1, 0]])
    own = np.empty(len(triangles) * 3, int)  # fans are numbered as corners are, or lower
    own[pairs[~again, 1]] = pairs[~again, 0]
    own[pairs[again, 1]] = num_vertices + np.arange(again.sum())
    source = np.concatenate([np.arange(num_vertices), pairs[again, 0]])
    return own[fan].reshape(-1, 3), source, np.unique(pairs[again, 0])


def _largest(triangles: np.ndarray, size: int) -> np.ndarray:
    """The triangles of the piece that has most of them."""
    piece = components(triangles[:, [0, 1]].ravel(), triangles[:, [1, 2]].ravel(), size)[1][triangles[:, 0]]
    return triangles[piece == np.argmax(np.bincount(piece))]
