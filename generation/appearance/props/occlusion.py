"""How much of the sky a head and the props around it leave each other."""

from dataclasses import replace

import numpy as np
from scipy import sparse

from ...geometry.camera import PIVOT
from ...geometry.mesh import vertex_normals
from ...geometry.shadows import ambient_occlusion
from .base import HIDES, Prop


def occlusion_together(
    vertices: np.ndarray, normals: np.ndarray, triangles: np.ndarray, props: tuple[Prop, ...]
) -> tuple[np.ndarray, tuple[Prop, ...]]:
    """Share of the sky that each vertex of a head (V, 3) sees, (V,) float32, and `props` with theirs.

    What light goes through takes no sky away.
    """
    solid = [k for k, prop in enumerate(props) if prop.finish.opacity >= HIDES]
    points, outward, faces, first = [vertices], [normals], [triangles], [len(vertices)]
    for k in solid:
        points.append(props[k].vertices)
        outward.append(vertex_normals(props[k].vertices, props[k].triangles))
        faces.append(props[k].triangles + first[-1])
        first.append(first[-1] + len(props[k].vertices))
    together = np.concatenate(points).astype(np.float32), np.concatenate(outward), np.concatenate(faces)
    seen = ambient_occlusion(*together, PIVOT)
    shaded = list(props)
    for k, start, end in zip(solid, first[:-1], first[1:], strict=True):
        sky = seen[start:end]
        if props[k].code == "bedding":
            sky = evened(sky, props[k].triangles)
        shaded[k] = replace(props[k], occlusion=sky)
    return seen[: len(vertices)], tuple(shaded)


def evened(values: np.ndarray, triangles: np.ndarray, rounds: int = 5) -> np.ndarray:
    """Per-vertex `values` (P,) float32, each round the mean of those around: few directions leave blotches."""
    first, second = triangles.ravel(), np.roll(triangles, 1, axis=1).ravel()
    links = sparse.csr_matrix((np.ones(2 * len(first)), (np.r_[first, second], np.r_[second, first])))
    links.data[:] = 1
    links.setdiag(2)
    mean = sparse.diags(1 / np.asarray(links.sum(axis=1)).ravel()) @ links
    for _ in range(rounds):
        values = mean @ values
    return values.astype(np.float32)
