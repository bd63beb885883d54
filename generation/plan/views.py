"""The cameras that see a person."""

from ..streams import stream
from .records import ViewPlan

MAX_PITCH, MAX_ROLL, MAX_FRONTAL_YAW = 8.0, 4.0, 4.0
SIDE_YAW = (18.0, 42.0)
FOV = (20.0, 34.0)
FRAMING = (0.92, 1.10)


def view_of(seed: int, identity_id: int, view_id: int) -> ViewPlan:
    """Camera `view_id` of a person: 0 frontal, 1 and 2 from the sides."""
    rng = stream(seed, "plan.view", identity_id, view=view_id)
    if view_id == 0:
        yaw = rng.uniform(-MAX_FRONTAL_YAW, MAX_FRONTAL_YAW)
    else:
        side = 1 if (identity_id + view_id) % 2 else -1  # view 1 of even identities turns left, of odd ones right
        yaw = side * rng.uniform(*SIDE_YAW)
    return ViewPlan(
        view_id=view_id,
        yaw=float(yaw),
        pitch=float(rng.uniform(-MAX_PITCH, MAX_PITCH)),
        roll=float(rng.uniform(-MAX_ROLL, MAX_ROLL)),
        fov=float(rng.uniform(*FOV)),
        framing=float(rng.uniform(*FRAMING)),
    )
