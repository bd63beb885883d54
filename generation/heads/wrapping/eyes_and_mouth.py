"""What is added to a wrapped skin: eyeballs, eye sockets, lashes, teeth and tongue, and lips that touch."""

import numpy as np

from ...geometry.similarity import Similarity, fit_similarity
from ..lids import LASHES_ON, SEAM
from ..makehuman import INNER_LOWER_LIP, INNER_UPPER_LIP, LIP_LINE
from .template import Template

EYE_LOOPS = slice(SEAM + 1, SEAM + 4)
"""The loops of the lid margins that rest on the ball."""
TRUST_EYES = 100.0
"""Weight of the centre of the other head's eyeball, where it has one; a vertex of the lids has 1."""
LEAST_SHARE, LEAST_MM = 0.5, 0.15
"""Lids keep at least this share of the canonical distance from the ball, and this much."""
GAUSS_NEWTON_STEPS = 25
TOUCHING_MM, MOUTH_HALF_MM = 0.1, 24.0
"""Height between the inner landmarks of lips that touch, and how far from the middle lips are moved together."""
MOUTH, MOUTH_MM = (0.0, -68.0, 20.0), 28.0
"""Middle and width of the region whose skin teeth and tongue follow, canonical mm."""


def add_eyes_and_mouth(template: Template, skin: np.ndarray, eyes: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Control vertices (W, 3) float32 and eyeballs (2, 4) of a head with the skin control vertices `skin` (S, 3), mm.

    `eyes`: (2, 4) centre and radius of the left and right eyeball of the other head, where it has any.
    """
    head = template.head
    control = head.canonical.astype(np.float64)
    known = (None, None) if eyes is None else eyes
    balls = np.stack([fit_ball(template, skin, side, known[side]) for side in range(2)])
    control[template.skin] = skin
    others = np.flatnonzero(~head.skin_control)
    control[others] = _by_mouth(template, skin)(control[others])
    for side, ball in enumerate(balls):
        _seat_lids(control, template, side, ball)
        _move_eye(control, template, side, ball)
    middle = balls[:, :3].mean(axis=0)
    balls[:, :3] -= middle
    return _close_lips(template, control - middle).astype(np.float32), balls


def fit_ball(template: Template, skin: np.ndarray, side: int, known: np.ndarray | None) -> np.ndarray:
    """(4,) the eyeball that the lids of `skin` rest on as they do on the canonical face; drawn to a `known` one (4,).

    The radius is that of the known eyeball, or the canonical one resized with the slit.
    """
    lids, centre, radius = template.lids[side], template.balls[side, :3], template.balls[side, 3]
    loops = lids.loops[EYE_LOOPS]
    before, after = template.head.canonical[loops].astype(np.float64), skin[template.within_skin(loops)]
    corners = [lids.upper[0], lids.upper[-1]]
    size = np.linalg.norm(np.subtract(*after[1, corners])) / np.linalg.norm(np.subtract(*before[1, corners]))
    ball_radius = radius * size if known is None else known[3]
    wanted = ball_radius + size * (np.linalg.norm(before - centre, axis=-1) - radius)
    place = centre + (after - before).mean(axis=(0, 1)) if known is None else known[:3].copy()
    for _ in range(GAUSS_NEWTON_STEPS):
        away = after - place
        distance = np.linalg.norm(away, axis=-1)
        slope, miss = -(away / distance[..., None]).reshape(-1, 3), (wanted - distance).ravel()
        normal, right = slope.T @ slope, slope.T @ miss
        if known is not None:
            normal, right = normal + TRUST_EYES * np.eye(3), right + TRUST_EYES * (known[:3] - place)
        place = place + np.linalg.solve(normal, right)
    return np.append(place, ball_radius)


def _seat_lids(control: np.ndarray, template: Template, side: int, ball: np.ndarray) -> None:
    """Puts seam and socket as far from the ball's surface as on the canonical face, and the lids outside of it."""
    lids = template.lids[side]
    hidden = np.concatenate([template.sockets[side], lids.loops[SEAM]])
    away = control[hidden] - ball[:3]
    wanted = ball[3] + _off_the_ball(hidden, template, side)
    control[hidden] = ball[:3] + away * (wanted / np.linalg.norm(away, axis=1))[:, None]
    _push_off(control, lids.loops[SEAM + 1 :].ravel(), template, side, ball)


def _push_off(control: np.ndarray, moved: np.ndarray, template: Template, side: int, ball: np.ndarray) -> None:
    """Keeps the control vertices `moved` a share of their canonical distance off the ball, at least."""
    away = control[moved] - ball[:3]
    distance = np.linalg.norm(away, axis=1)
    least = ball[3] + np.maximum(LEAST_SHARE * _off_the_ball(moved, template, side), LEAST_MM)
    control[moved] = ball[:3] + away * (np.maximum(distance, least) / distance)[:, None]


def _off_the_ball(vertices: np.ndarray, template: Template, side: int) -> np.ndarray:
    """Distance of control vertices from the canonical eyeball, mm; negative inside of it."""
    centre, radius = template.balls[side, :3], template.balls[side, 3]
    return np.linalg.norm(template.head.canonical[vertices] - centre, axis=1) - radius


def _move_eye(control: np.ndarray, template: Template, side: int, ball: np.ndarray) -> None:
    """Lashes go with their lid; the eye's own control vertices with the ball."""
    lids, canonical = template.lids[side], template.head.canonical
    loop = lids.loops[LASHES_ON]
    control[lids.lashes] = canonical[lids.lashes] + lids.columns @ (control[loop] - canonical[loop])
    _push_off(control, lids.lashes, template, side, ball)
    old = template.balls[side]
    eye = template.head.eye_control[side]
    control[eye] = ball[:3] + (canonical[eye] - old[:3]) * (ball[3] / old[3])


def _close_lips(template: Template, control: np.ndarray) -> np.ndarray:
    """Moves both lips to the middle, each piece of the slit by its own gap: slits of heads are at other heights."""
    rows, head = template.head.topology.refine[template.head.topology.landmarks], template.head
    upper, lower = list(INNER_UPPER_LIP), list(INNER_LOWER_LIP)
    x, y, z = head.canonical.T
    places = (rows[upper] @ head.canonical)[:, 0]
    across = np.exp(-((x / MOUTH_HALF_MM) ** 4)) * head.skin_control * (z > 0)
    for _ in range(2):  # refinement smooths what was moved
        gaps = (rows[upper] @ control - rows[lower] @ control)[:, 1] - TOUCHING_MM
        near = across * np.exp(-(((y - LIP_LINE) / 8) ** 2))
        control[:, 1] -= 0.5 * np.interp(x, places, gaps) * np.sign(y - LIP_LINE) * near
    return control


def _by_mouth(template: Template, skin: np.ndarray) -> Similarity:
    """How the skin around the mouth has moved as a whole."""
    away = np.linalg.norm(template.points - MOUTH, axis=1) / MOUTH_MM
    return fit_similarity(template.points, skin, template.area * np.exp(-(away**2)))
