"""How near a skin comes to the canonical face, by closest points, in each of the usual units and sizes."""

from dataclasses import dataclass

import numpy as np

from ...geometry.mesh import vertex_normals
from ...geometry.similarity import Similarity, closest_points
from ...geometry.surface import Surface
from .template import Template

UNITS_MM = {
    "metres": 1000.0, "decimetres": 100.0, "centimetres": 10.0, "millimetres": 1.0, "feet": 304.8, "inches": 25.4,
}  # fmt: skip
HEIGHT_MM = (90.0, 2600.0)
"""Least and greatest height of a mesh that contains a head, from the neck or from the feet up."""
FREE_HEIGHTS_MM = (300.0, 230.0, 450.0, 800.0, 1700.0)
"""Usual heights of a head with its neck, without it, of a bust, half a person and a whole one."""
TOP_MM = 200.0
"""Height below the mesh's top in which the head is looked for."""
REACH_MM = (40.0, 6.0)
"""Distance that counts in the first and in the last round of closest points."""
MOST_DEGREES = 35.0
"""Largest turn that a fit may find: closest points beyond it are those of another side of the head."""
FAR_MM, ALIKE_MM = 20.0, 5.0
"""Distances are cut at the first; their mean over the face is below the second where a mesh is a head."""


@dataclass(frozen=True)
class Effort:
    """Every which vertex of the face takes part in a fit, and how many rounds of closest points it has."""

    every: int
    rounds: int


FULL, QUICK = Effort(3, 40), Effort(12, 20)


def best_fit(
    template: Template, vertices: np.ndarray, triangles: np.ndarray, effort: Effort = FULL
) -> tuple[float, Similarity | None]:
    """The map to the head frame under which a skin (N, 3) with triangles (T, 3) lies nearest to the canonical face.

    Returns:
        millimetres between them, on average over the face and cut at FAR_MM, and the map; infinity and None where the
        skin is nowhere near a face. Any unit that makes it as tall as a person may be counts, and if the skin is no
        face in any of them, usual heights of a head, a bust and a person.
    """
    height = np.ptp(vertices[:, 1])
    if not height > 0:
        return np.inf, None
    usual = [scale for scale in UNITS_MM.values() if HEIGHT_MM[0] <= scale * height <= HEIGHT_MM[1]]
    best: tuple[float, Similarity | None] = (np.inf, None)
    for scales in (usual, [usual_mm / height for usual_mm in FREE_HEIGHTS_MM]):
        for scale in scales:
            best = min(best, _fit_at(template, vertices, triangles, scale, effort), key=lambda fit: fit[0])
        if best[0] <= ALIKE_MM:
            break
    return best


def _fit_at(
    template: Template, vertices: np.ndarray, triangles: np.ndarray, scale: float, effort: Effort
) -> tuple[float, Similarity | None]:
    """`best_fit` from one scale (mm in a unit of the mesh), which is a start: the fit resizes."""
    face = np.flatnonzero(template.face)[:: effort.every]
    points = template.points[face]
    normals = vertex_normals(template.points, template.triangles).astype(np.float64)[face]
    surface, best = Surface(vertices * scale, triangles), (np.inf, None)
    for start in _starts(template, surface.vertices):
        found, away = closest_points(points, normals, surface, start, REACH_MM, effort.rounds)
        off = np.minimum(away, FAR_MM).mean()
        if off < best[0] and found.degrees < MOST_DEGREES and 0.5 < found.scale < 2:
            shift = -found.shift @ found.rotation / found.scale
            best = (off, Similarity(scale / found.scale, found.rotation.T, shift))
    return best


def _starts(template: Template, vertices: np.ndarray) -> list[Similarity]:
    """Where a head of the canonical size may be in `vertices` (mm): at its top, or at its front."""
    top = vertices[vertices[:, 1] > vertices[:, 1].max() - TOP_MM]
    own = template.points[template.points[:, 1] > template.points[:, 1].max() - TOP_MM]
    side, front = np.median(top[:, 0]), np.percentile(top[:, 2], 99.8) - np.percentile(own[:, 2], 99.8)
    highest = vertices[:, 1].max() - own[:, 1].max()
    nose = vertices[np.argmax(vertices[:, 2])] - template.points[np.argmax(template.points[:, 2])]
    return [Similarity(1.0, np.eye(3), shift) for shift in (np.array([side, highest, front]), nose)]
