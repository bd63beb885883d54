"""Wrapping: the MakeHuman control mesh takes the shape of another head's skin and keeps its own topology.

A start brings the template near: a thin-plate spline of the landmarks, or without any the similarity that lays the face
onto the closest points. Then non-rigid closest points follow (in the manner of Amberg, Romdhani & Vetter 2007, with
displacements in place of affine maps): every vertex that shows is drawn to the closest point of the other surface that
faces the same way, along that point's normal, while the displacement from the start stays smooth:

    E(d) = sum_i a_i w_i ((n_i . (x_i + d_i - p_i))^2 + T |x_i + d_i - p_i|^2)
           + l^4 |bilaplacian energy of d| + landmarks

The length l over which displacements are smooth shrinks from round to round. What has no counterpart on the other head
(mouth, sockets, the shoulders below its neck) is moved by the smoothness term alone.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.interpolate import RBFInterpolator

from ...geometry.mesh import vertex_normals
from ...geometry.similarity import Similarity, closest_points, fit_similarity
from ...geometry.solvers import factorise
from ...geometry.steps import smoothstep
from ...geometry.surface import Nearest, Surface
from ...geometry.threads import one_thread
from .template import Template

SMOOTH_MM = (60, 40, 28, 20, 14, 10, 7, 5, 4, 3, 2.4)
"""The length l, from stiff to soft; each for ROUNDS rounds."""
ROUNDS = 2
REACH_MM = (30.0, 4.0)
"""Distance at which a pair of points has a quarter of its weight, in the first and in the last round."""
SLIDE = 0.04
"""T: share of the way along the surface to its closest point that a vertex is drawn in a round."""
EAR_REACH_MM, EAR_ROUNDS = (25.0, 6.0), 40
"""Ears are turned, resized and shifted as a whole, by closest points: every model folds them in its own way."""
EAR_HOLD = 0.3
"""Weight of an ear's place, relative to that of a closest point."""
STAY = 1e-5
"""Weight of every vertex's distance from the start, relative to that of its closest point."""
BUST_Y, BUST_STAY = (-150.0, -210.0), 0.02
"""Canonical heights (mm) below which, and below which entirely, the skin is bust; and the additional weight there."""
FADE_MM = (25.0, 90.0)
"""Distance from the nearest landmark (mm) from which on, and up to which, the start fades into a translation."""
GROUPS = {
    "jaw": (slice(0, 17), 1.0),
    "brow": (slice(17, 27), 0.4),
    "nose": (slice(27, 36), 10.0),
    "eyes": (slice(36, 48), 40.0),
    "lips": (slice(48, 68), 40.0),
}
"""Landmarks and the weight of each in mm^2, the area of skin that it counts for in the last round."""
START_REACH_MM, START_ROUNDS = (20.0, 6.0), 40
EARLY = 20.0
"""How many times as much the landmarks weigh in the first round."""


@dataclass(frozen=True)
class Wrap:
    """The skin of the template on another head.

    Attributes:
        points: (S, 3) mm.
        nearest: the closest points of the other surface.
        weight: (S,) 0-1, how much a vertex belongs there: 0 where it has no counterpart.
    """

    points: np.ndarray
    nearest: Nearest
    weight: np.ndarray


@dataclass(frozen=True)
class _Aims:
    """What draws the skin in every round, beside the closest points.

    Attributes:
        start: (S, 3) mm, where it begins.
        stay: (S,) mm^2, weight of the distance from there.
        landmarks: (68, 3) mm.
        ears: (S, 3) mm, places of the ears; NaN elsewhere.
    """

    start: np.ndarray
    stay: np.ndarray
    landmarks: np.ndarray
    ears: np.ndarray


@one_thread
def wrap(template: Template, surface: Surface, landmarks: np.ndarray | None = None) -> Wrap:
    """Wraps the skin around `surface`, which is in the head frame (mm). `landmarks`: (68, 3), iBUG order, if known."""
    weights = np.concatenate([np.full(span.stop - span.start, weight) for span, weight in GROUPS.values()])
    if landmarks is None:
        start, weights = start_by_closest_points(template, surface), np.zeros_like(weights)
        landmarks = template.landmark_rows @ start
    else:
        start = start_by_landmarks(template, landmarks)
    stay = (STAY + BUST_STAY * bust(template)) * template.area
    aims = _Aims(start, stay, landmarks, place_ears(template, surface, landmarks))
    points = start
    for k, length_mm in enumerate(np.repeat(SMOOTH_MM, ROUNDS)):
        late = k / (len(SMOOTH_MM) * ROUNDS - 1)
        reach = REACH_MM[0] ** (1 - late) * REACH_MM[1] ** late
        pairs, weight = correspond(template, surface, points, reach)
        points = start + _solve(template, aims, points, pairs, weight, length_mm, weights * EARLY ** (1 - late))
    return Wrap(points, *correspond(template, surface, points, REACH_MM[1]))


def start_by_landmarks(template: Template, landmarks: np.ndarray) -> np.ndarray:
    """(S, 3) canonical skin moved by the thin-plate spline of the landmarks; far from all of them only shifted."""
    source = template.landmark_rows @ template.points
    loose = np.concatenate([np.full(span.stop - span.start, 1 / weight) for span, weight in GROUPS.values()])
    spline = RBFInterpolator(source, landmarks - source, smoothing=400 * loose, kernel="thin_plate_spline")
    return _fading(template, spline(template.points), (landmarks - source).mean(axis=0))


def start_by_closest_points(template: Template, surface: Surface) -> np.ndarray:
    """(S, 3) canonical skin turned, shifted and resized onto `surface`, whose eyes are about 10 mm from the origin or
    nearer."""
    face = np.flatnonzero(template.face)
    normals = vertex_normals(template.points, template.triangles).astype(np.float64)[face]
    start = Similarity(1.0, np.eye(3), np.zeros(3))
    found, _ = closest_points(template.points[face], normals, surface, start, START_REACH_MM, START_ROUNDS)
    moved = found(template.points) - template.points
    return _fading(template, moved, (template.landmark_rows @ moved).mean(axis=0))


def _fading(template: Template, moved: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """(S, 3) canonical skin moved by `moved` (S, 3) near the landmarks, by `shift` (3,) far from them."""
    away = np.linalg.norm(template.points[:, None] - template.landmark_rows @ template.points, axis=2).min(axis=1)
    fade = (1 - smoothstep(*FADE_MM, away))[:, None]
    return template.points + fade * moved + (1 - fade) * shift


def bust(template: Template) -> np.ndarray:
    """(S,) 0-1: how far a vertex belongs to the bust, which stays where it is."""
    return smoothstep(*BUST_Y, template.points[:, 1])


def place_ears(template: Template, surface: Surface, landmarks: np.ndarray) -> np.ndarray:
    """(S, 3) places of the ears: the canonical ones moved as a whole onto those of `surface`; NaN elsewhere."""
    places = np.full_like(template.points, np.nan)
    normals = vertex_normals(template.points, template.triangles).astype(np.float64)
    inner = slice(GROUPS["nose"][0].start, None)  # jaw and brows of two models rarely are the same lines
    fit = fit_similarity((template.landmark_rows @ template.points)[inner], landmarks[inner])
    for side in (1, -1):
        ear = np.flatnonzero((template.ears > 0.5) & (side * template.points[:, 0] > 0))
        middle = template.points[ear].mean(axis=0)
        first = Similarity(fit.scale, np.eye(3), fit(middle) - fit.scale * middle)
        found, _ = closest_points(template.points[ear], normals[ear], surface, first, EAR_REACH_MM, EAR_ROUNDS, False)
        places[ear] = found(template.points[ear])
    return places


def correspond(template: Template, surface: Surface, points: np.ndarray, reach: float) -> tuple[Nearest, np.ndarray]:
    """The closest points to `points` (S, 3) and the weight of each pair (S,) 0-1; 0 where there is no counterpart."""
    normals = vertex_normals(points, template.triangles).astype(np.float64)
    pairs = surface.nearest(points, normals)
    robust = 1 / (1 + (pairs.distance / reach) ** 2) ** 2
    return pairs, template.shown * pairs.usable * robust


def _solve(
    template: Template,
    aims: _Aims,
    points: np.ndarray,
    pairs: Nearest,
    weight: np.ndarray,
    length_mm: float,
    landmark_weights: np.ndarray,
) -> np.ndarray:
    """Displacements (S, 3) from the start that minimise the energy around the present `points` (S, 3).

    Args:
        pairs, weight: of the closest points, as `correspond` gives them.
        length_mm: over which displacements are smooth.
        landmark_weights: (68,) mm^2.
    """
    rows, drawn = template.landmark_rows, (1 - template.ears) * weight * template.area
    smooth = length_mm**4 * template.bending
    system = smooth + rows.T @ sparse.diags(landmark_weights) @ rows + sparse.diags(aims.stay + drawn)
    step = pairs.point - points
    along = (step * pairs.normal).sum(axis=1, keepdims=True) * pairs.normal
    right = drawn[:, None] * (points + along + SLIDE * (step - along) - aims.start)
    held = np.isfinite(aims.ears[:, 0])
    pull = EAR_HOLD * template.area * held
    system = system + sparse.diags(pull)
    right += pull[:, None] * np.where(held[:, None], aims.ears - aims.start, 0)
    right += rows.T @ (landmark_weights[:, None] * (aims.landmarks - rows @ aims.start))
    moved = np.zeros_like(right)
    factorise(system).solve(np.ascontiguousarray(right), moved)
    return moved
