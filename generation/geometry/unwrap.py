"""A surface with one rim, flattened into a square so that texels go where they are wanted.

A convex-combination map (Tutte 1963, Floater 1997) is one-to-one whatever its weights, as long as they are positive and
the rim is convex. Its weights are then corrected by the stretch that they leave (Yoshizawa, Belyaev & Seidel 2004).
"""

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu


def cut_open(triangles: np.ndarray, path: np.ndarray, num_vertices: int) -> tuple[np.ndarray, np.ndarray]:
    """`triangles` (T, 3) cut along `path`, vertices from a vertex inside to one on the rim.

    Returns:
        the triangles with a second copy of every vertex of the path but the first on the left side of it, and the
        vertex (N,) that each copy is of, from number `num_vertices` on.
    """
    triangles, following = triangles.copy(), dict(zip(path[:-1].tolist(), path[1:].tolist(), strict=True))
    edges = {(int(t[k]), int(t[(k + 1) % 3])): n for n, t in enumerate(triangles) for k in range(3)}
    left = {edges[edge] for edge in following.items()}
    on_path = set(path.tolist())
    grown = True
    while grown:  # all triangles that touch the path on the same side as those that lie along it
        grown = False
        for n in list(left):
            for k in range(3):
                a, b = int(triangles[n, k]), int(triangles[n, (k + 1) % 3])
                other = edges.get((b, a))
                crossing = following.get(a) == b or following.get(b) == a
                if other is None or other in left or crossing or not ({a, b} & (on_path - {int(path[0])})):
                    continue
                left.add(other)
                grown = True
    copies = path[1:]
    new = {int(v): num_vertices + k for k, v in enumerate(copies)}
    for n in left:
        triangles[n] = [new.get(int(v), int(v)) for v in triangles[n]]
    return triangles, copies


def rims(triangles: np.ndarray) -> list[np.ndarray]:
    """Loops of vertices around every rim, the surface to their left."""
    edges = {(int(t[k]), int(t[(k + 1) % 3])) for t in triangles for k in range(3)}
    following = {a: b for a, b in edges if (b, a) not in edges}
    loops = []
    while following:
        first, vertex = next(iter(following.items()))
        loop = [first]
        del following[first]
        while vertex != first:
            loop.append(vertex)
            vertex = following.pop(vertex)
        loops.append(np.array(loop))
    return loops


def flatten(
    points: np.ndarray, triangles: np.ndarray, rim: np.ndarray, rim_at: np.ndarray, wanted: np.ndarray, rounds: int = 10
) -> np.ndarray:
    """Places in the square (V, 2) of the vertices of a surface without holes.

    Args:
        points: (V, 3); triangles: (T, 3) counter-clockwise.
        rim: (R,) its vertices; rim_at: (R, 2) where they go, counter-clockwise on a convex outline.
        wanted: (V,) how much larger than its neighbours the place of a vertex shall be, as a length.
        rounds: corrections of the stretch; after some seven it hardly changes.
    """
    weights = _mean_value_weights(points, triangles)
    inside = np.setdiff1d(np.arange(len(points)), rim)
    place = np.zeros((len(points), 2))
    place[rim] = rim_at
    for _ in range(rounds):
        rows = sparse.diags(1 / np.asarray(weights.sum(axis=1)).ravel()) @ weights
        system = sparse.identity(len(inside), format="csc") - rows[inside][:, inside].tocsc()
        place[inside] = splu(system).solve(rows[inside][:, rim] @ rim_at)
        weights = weights @ sparse.diags(1 / _stretch(points, triangles, place, wanted))
    return place


def _mean_value_weights(points: np.ndarray, triangles: np.ndarray) -> sparse.csr_matrix:
    """(V, V): at i for j tan(a/2) + tan(b/2), over the distance, of the angles at i beside the edge (Floater 2003)."""
    rows, columns, values = [], [], []
    for k in range(3):
        i, j, m = triangles[:, k], triangles[:, (k + 1) % 3], triangles[:, (k + 2) % 3]
        one, two = points[j] - points[i], points[m] - points[i]
        far, near = np.linalg.norm(one, axis=1), np.linalg.norm(two, axis=1)
        half = np.tan(0.5 * np.arccos(np.clip((one * two).sum(axis=1) / (far * near), -0.999, 0.999)))
        rows += [i, i]
        columns += [j, m]
        values += [half / far, half / near]
    shape = (len(points), len(points))
    return sparse.csr_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=shape)


def _stretch(points: np.ndarray, triangles: np.ndarray, place: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """(V,) root mean square stretch from the square to the surface around each vertex (Sander et al. 2001), `wanted`
    times, relative to that of the whole surface."""
    a, b, c = (place[triangles[:, k]] for k in range(3))
    q1, q2, q3 = (points[triangles[:, k]] for k in range(3))
    flat = 0.5 * ((b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1]))
    flat = np.maximum(flat, 1e-14)[:, None]
    along = (q1 * (b - c)[:, 1:] + q2 * (c - a)[:, 1:] + q3 * (a - b)[:, 1:]) / (2 * flat)
    across = (q1 * (c - b)[:, :1] + q2 * (a - c)[:, :1] + q3 * (b - a)[:, :1]) / (2 * flat)
    squared = 0.5 * ((along**2).sum(axis=1) + (across**2).sum(axis=1)) * wanted[triangles].mean(axis=1) ** 2
    area = 0.5 * np.linalg.norm(np.cross(q2 - q1, q3 - q1), axis=1)
    near = np.bincount(triangles.ravel(), np.repeat(area, 3), len(points))
    total = np.bincount(triangles.ravel(), np.repeat(area * squared, 3), len(points))
    mean = (area * squared).sum() / area.sum()
    return np.clip(np.sqrt(total / np.maximum(near, 1e-12) / mean), 0.2, 5.0)
