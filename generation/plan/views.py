"""The cameras that see a person."""

import numpy as np

from ..streams import occasion_stream, stream
from .records import IdentityPlan, ViewPlan

MAX_PITCH, MAX_ROLL, MAX_FRONTAL_YAW = 8.0, 4.0, 4.0
SIDE_YAW = (18.0, 42.0)
FOV = (20.0, 34.0)
FRAMING = (0.92, 1.10)
REFERENCE_YAW, MAX_REFERENCE_YAW = 9.0, 25.0
"""Standard deviation of the yaw of reference pictures, and its limit, degrees."""


def view_of(seed: int, identity_id: int, view_id: int) -> ViewPlan:
    """Camera `view_id` of a person: 0 frontal, 1 and 2 from the sides."""
    rng = stream(seed, "plan.view", identity_id, view=view_id)
    if view_id == 0:
        yaw = rng.uniform(-MAX_FRONTAL_YAW, MAX_FRONTAL_YAW)
    else:
        side = 1 if (identity_id + view_id) % 2 else -1  # view 1 of even identities turns left, of odd ones right
        yaw = side * rng.uniform(*SIDE_YAW)
    return _view(view_id, yaw, rng)


def reference_view(seed: int, person: IdentityPlan) -> ViewPlan:
    """The camera of a reference picture: mostly frontal."""
    rng = occasion_stream(seed, "plan.reference", person)
    return _view(0, np.clip(rng.normal(0, REFERENCE_YAW), -MAX_REFERENCE_YAW, MAX_REFERENCE_YAW), rng)


def _view(view_id: int, yaw: float, rng: np.random.Generator) -> ViewPlan:
    return ViewPlan(
        view_id=view_id,
        yaw=float(yaw),
        pitch=float(rng.uniform(-MAX_PITCH, MAX_PITCH)),
        roll=float(rng.uniform(-MAX_ROLL, MAX_ROLL)),
        fov=float(rng.uniform(*FOV)),
        framing=float(rng.uniform(*FRAMING)),
    )
