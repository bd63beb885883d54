"""Lids that meet: the last step of a pose, which keeps the eyelids on the eyeball and out of one another.

Blended shapes know neither the eyeball nor the other lid. The lids of the head are loops of control vertices around the
eye slit: a seam hidden in the eyeball, then the margin, then the skin of the lid. In coordinates of the eyeball
(elevation about the line between the corners, distance from the centre) what lids do is simple: they slide over the
ball, and stop where they meet.

1. Distance: a lid neither sinks into the ball nor lifts off it more than it does at rest, plus a slack.
2. Elevation: each of the columns that cross the slit has an opening, the angle between the lowest point of the upper
   margin and the highest of the lower one. Closed eyes (AU43 = 1) have none; open eyes keep a slit however hard AU6 and
   AU7 squeeze. Both margins turn about the ball until that holds, the skin beside them less and less, lashes with them.

Everything is continuous in the intensities, and the neutral face stays as it is.
"""

import numpy as np

from ..heads.base import Head, HeadShape
from ..heads.lids import COLUMN_LINE, COLUMNS, LASHES_ON, Eye, control_edges, find_lids

LID_GUARD = {"AU6": 0.35, "AU7": 0.60}
"""Share of a unit's movement that closed eyes (AU43) take away, or it would drive the lids through each other."""
HOLD = np.float32([0, 0, 0, 0.85, 0.85, 0.85, 0.85, 0.85, 0.62, 0.38, 0.18, 0.06])[:, None]
"""Share of a lid's excess distance from the ball that is taken back, loop by loop of `heads.lids`."""
TURN = np.float32([0.25, 0.6, 1, 1, 1, 1, 1, 0.85, 0.62, 0.38, 0.18, 0.06])[:, None]
"""Share of the margin's turn that each loop takes."""
SLACK_MM = 0.3
"""How far a lid may lift off the ball, beyond its distance at rest."""
CLEARANCE_MM = np.float32([0, 0, 0, 0.6, 0.6, 0.6, 0.6, 0.7, 0.8, 1.0, 1.2, 1.4])[:, None]
"""Distance from the ball that each loop keeps once it moves; the skin around the lids keeps that of the last loop."""
NO_HOLD = np.float32(0)
MOVED_MM = 1.5
"""A lid that has moved by this much keeps most of that distance: at rest some people's lids are nearer."""
PRESSED_MM = 0.04
"""How far closed margins are pressed into each other."""
ROUNDS = 2
"""Turns: a single one leaves a few tenths of a millimetre where the loops of the two lids do not face each other."""
SLIT, KNEE = 0.18, 0.42
"""Shares of the opening at rest: what open eyes keep at least, and where they begin to resist."""


class LidContact:
    """Resolves the contact of the lids of a head."""

    def __init__(self, head: Head) -> None:
        edges = control_edges(head)
        self._eyes = [find_lids(head, edges, k) for k in range(2)]

    def resolve(self, control: np.ndarray, shape: HeadShape, closing: float) -> np.ndarray:
        """Posed control vertices (W, 3) float32 mm with the lids of `shape` in contact.

        `closing` is the intensity of AU43, 0-1: at 1 the lids meet, at 0 they never do.
        """
        resolved = control.copy()
        for eye, ball in zip(self._eyes, shape.eyes.astype(np.float32), strict=True):
            _keep_distance(resolved, shape.control, eye, ball)
            _meet(resolved, shape.control, eye, ball, closing)
        return resolved


def _keep_distance(control: np.ndarray, rest: np.ndarray, eye: Eye, ball: np.ndarray) -> None:
    """Moves the skin in `control` (W, 3) towards or away from the `ball` (4,), in place. `rest`: the neutral face."""
    centre, radius = ball[:3], ball[3]
    lids = _scale(control[eye.loops] - centre, rest[eye.loops] - centre, radius + CLEARANCE_MM, HOLD)
    around = _scale(control[eye.around] - centre, rest[eye.around] - centre, radius + CLEARANCE_MM[-1], NO_HOLD)
    lashes = eye.columns @ lids[LASHES_ON]
    for moved, scale in ((eye.loops, lids), (eye.around, around), (eye.lashes, lashes)):
        control[moved] = (control[moved] - centre) * scale[..., None] + centre


def _meet(control: np.ndarray, rest: np.ndarray, eye: Eye, ball: np.ndarray, closing: float) -> None:
    """Turns the lids in `control` (W, 3) about the `ball` (4,) until they fit together, in place."""
    centre, radius = ball[:3], ball[3]
    frame = slit_frame(rest[eye.loops[LASHES_ON]], eye)
    at_rest = _edges((eye.surface @ rest - centre) @ frame, eye)
    for k in range(ROUNDS):
        now = _edges((eye.surface @ control - centre) @ frame, eye)
        if k == 0:
            wanted = _wanted(now, at_rest, closing, PRESSED_MM / radius)
        turn = _turn(wanted, now, at_rest, eye.lid)
        for moved, angle in ((eye.loops, TURN * turn), (eye.lashes, eye.columns @ turn)):
            control[moved] = _turned((control[moved] - centre) @ frame, angle) @ frame.T + centre


def slit_frame(loop: np.ndarray, eye: Eye) -> np.ndarray:
    """Orthonormal axes (3, 3), in columns: along the slit (towards +x), up, forward. `loop` (28, 3) mm."""
    along = loop[eye.upper[-1]] - loop[eye.upper[0]]
    along = along / np.linalg.norm(along)
    forward = np.float32([0, 0, 1]) - along[2] * along
    forward = forward / np.linalg.norm(forward)
    return np.stack([along, np.cross(forward, along), forward], axis=1).astype(np.float32)


def _scale(posed: np.ndarray, rest: np.ndarray, clear: np.ndarray, hold: np.ndarray) -> np.ndarray:
    """Factor (...) that brings `posed` (..., 3) to a distance from the ball that fits the distance at `rest`.

    `clear`: the distance that moving skin keeps; `hold`: the share of excess distance that is taken back.
    """
    distance, at_rest = np.linalg.norm(posed, axis=-1), np.linalg.norm(rest, axis=-1)
    held = distance - hold * np.maximum(distance - at_rest - SLACK_MM, 0)
    moved = np.linalg.norm(posed - rest, axis=-1) / MOVED_MM
    lift = np.maximum(clear - at_rest, 0) * (1 - np.exp(-moved * moved))
    return np.maximum(held, np.minimum(at_rest, clear) + lift) / distance


def _edges(points: np.ndarray, eye: Eye) -> np.ndarray:
    """Elevations (2, 28), rad, of the upper margin's lowest and the lower one's highest point at every column.

    `points` (28 M, 3) of the surface, in the frame of the eye. Columns are slanted near the corners, so each line of
    points is looked up at the place of the column. The corners, which both lids share, are 0.
    """
    points = points.reshape(-1, COLUMNS, 3)
    along, angle = points[..., 0], np.arctan2(points[..., 1], points[..., 2])
    inner = eye.lid != 0
    edges = np.zeros((2, COLUMNS), np.float32)
    for k, (lid, edge) in enumerate(((eye.upper, np.min), (eye.lower, np.max))):
        lines = [np.interp(along[COLUMN_LINE, inner], x[lid], a[lid]) for x, a in zip(along, angle, strict=True)]
        edges[k, inner] = edge(lines, axis=0)
    return edges


def _wanted(now: np.ndarray, at_rest: np.ndarray, closing: float, pressed: float) -> np.ndarray:
    """Opening (28,), rad, that the margins should have; `now` and `at_rest` (2, 28) are their `_edges`."""
    opening, room = now[0] - now[1], at_rest[0] - at_rest[1]
    overlap = np.minimum(room, 0)  # beside the corners margins overlap at rest: they are folds, and thick
    opening, room = opening - overlap, room - overlap
    floor, knee = SLIT * room, KNEE * room
    span = np.maximum(knee - floor, 1e-6)
    resisting = floor + span * np.exp(np.minimum(opening - knee, 0) / span)
    closed = closing * closing * (3 - 2 * closing)
    return (1 - closed) * np.where(opening > knee, opening, resisting) - closed * pressed + overlap


def _turn(wanted: np.ndarray, now: np.ndarray, at_rest: np.ndarray, lid: np.ndarray) -> np.ndarray:
    """Angle (28,), rad, by which the margin rises so that its opening becomes the `wanted` one.

    Each lid takes the part of the correction that it has of the motion which closed the eye: so a lid that stayed
    where it was stays, and hardly any goes back when an intensity rises.
    """
    came = np.maximum([at_rest[0] - now[0], now[1] - at_rest[1]], 1e-6)
    up, down = (wanted - (now[0] - now[1])) * came / came.sum(axis=0)
    return np.select([lid > 0, lid < 0], [up, -down], np.float32(0)).astype(np.float32)


def _turned(points: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Points (..., 3) raised by `angle` (...) about the slit."""
    along, up, forward = np.moveaxis(points, -1, 0)
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([along, c * up + s * forward, c * forward - s * up], axis=-1)
