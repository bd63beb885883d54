"""Irises and gaze."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..plan import IdentityPlan
from ..populations import BY_ETHNICITY, OVER_60, Everyone
from ..streams import stream

IRIS_RADIUS_MM = 5.9
LIDS_AWAY = np.float32([[[2, 0, 0], [-2, 0, 0]]] * 2)


class EyePaint(NamedTuple):
    """The eyes of one person, float32; pairs are of the left and the right eye.

    Attributes:
        outer, ring: (3,) linear colour of the outer iris and of the ring around the pupil.
        radius, pupil: (2,) angle of the edge of iris and pupil, seen from the middle of the eye, rad.
        gaze: (2, 3) unit, where each eye looks.
        lids: (2, 2, 3) edge of the upper and of the lower lid, in directions (x, y) from the middle of the eye: the
            coefficients of y = a + b x + c x^2. By default lids are out of the way.
    """

    outer: np.ndarray
    ring: np.ndarray
    radius: np.ndarray
    pupil: np.ndarray
    gaze: np.ndarray
    lids: np.ndarray = LIDS_AWAY

    def turned(self, degrees: tuple[float, float]) -> "EyePaint":
        """The same eyes looking elsewhere: to the person's left, and up."""
        yaw, pitch = np.radians(degrees)
        left = self.gaze @ np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
        up = left @ np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
        return self._replace(gaze=up.astype(np.float32))

    def between(self, rims: Sequence[np.ndarray], eyes: np.ndarray) -> "EyePaint":
        """The same eyes between lids whose rims, upper and lower, left and right, run through points (N, 3), mm.

        `eyes`: (2, 4) centre and radius, mm.
        """
        edges = []
        for k, rim in enumerate(rims):
            around = rim - eyes[k // 2, :3]
            x, y, _ = (around / np.linalg.norm(around, axis=1, keepdims=True)).T
            edges.append(np.linalg.lstsq(np.stack([np.ones_like(x), x, x * x], axis=1), y, rcond=None)[0])
        return self._replace(lids=np.float32(edges).reshape(2, 2, 3))


IRISES: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "dark_brown": ((0.024, 0.0105, 0.0050), (0.040, 0.0165, 0.0070)),
    "brown": ((0.054, 0.024, 0.010), (0.084, 0.036, 0.012)),
    "hazel": ((0.105, 0.078, 0.032), (0.140, 0.070, 0.020)),
    "green": ((0.095, 0.115, 0.062), (0.140, 0.100, 0.036)),
    "grey": ((0.140, 0.165, 0.178), (0.155, 0.152, 0.132)),
    "blue": ((0.095, 0.150, 0.215), (0.155, 0.180, 0.180)),
}
"""Linear colour of the outer iris and of the ring around the pupil, of each of `populations.IrisColour`."""


def choose_iris(plan: IdentityPlan, seed: int) -> str:
    """Which of `IRISES` a planned person has."""
    return _draw_iris(plan, _eye_stream(plan, seed))


def _eye_stream(plan: IdentityPlan, seed: int) -> np.random.Generator:
    return stream(seed, "look.eyes", plan.identity_id)


def _draw_iris(plan: IdentityPlan, rng: np.random.Generator) -> str:
    return list(IRISES)[rng.choice(len(IRISES), p=BY_ETHNICITY[plan.ethnicity].iris)]


def paint_eyes(plan: IdentityPlan, eyes: np.ndarray, seed: int) -> EyePaint:
    """Irises of a planned person and the gaze of `eyes` (2, 4), centre and radius in mm, at rest."""
    rng = _eye_stream(plan, seed)
    name = _draw_iris(plan, rng)
    tone = np.exp(rng.normal(0, 0.16, 3) * 0.5 + rng.normal(0, 0.18))
    outer, ring = (np.array(colour) * tone for colour in IRISES[name])
    pupil = rng.uniform(0.30, 0.45) - Everyone.narrow_pupils.value * (plan.age > OVER_60)
    radius = np.arcsin(IRIS_RADIUS_MM * rng.normal(1.0, 0.025) / eyes[:, 3])
    far = np.array([rng.normal(0, 25), rng.normal(-4, 15), 900.0])  # both eyes look at one point in front
    gaze = far - eyes[:, :3]
    gaze /= np.linalg.norm(gaze, axis=1, keepdims=True)
    return EyePaint(*(values.astype(np.float32) for values in (outer, ring, radius, radius * pupil, gaze)))
