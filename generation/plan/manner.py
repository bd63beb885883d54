"""What comes with an expression: units that are not counted, asymmetry, gaze, motion of the head."""

import numpy as np

from dataset_script.facs import EXTRA_AU_NAMES, PSPI_MAX, pspi, with_parted_lips
from dataset_script.spec import Spec

from ..populations import COMPANIONS
from ..streams import stream

MAX_ASYMMETRY = 0.15
GAZE_SPREAD = (4.0, 2.5)
"""Standard deviation of the gaze in yaw and pitch, degrees; at most three times that."""
HEAD_SPREAD = (1.6, 1.4, 1.0)
"""Standard deviation of the head's motion away from its neutral pose in yaw, pitch and roll, degrees; at most two and a
half times that."""


def manner_of_pain(
    seed: int, identity_id: int, expression_id: int, au: tuple[int, ...]
) -> tuple[dict[str, float], float, tuple[float, float]]:
    """Companions, asymmetry and gaze of the expression with the units `au`, in C1 order; the neutral one has none."""
    extra_au, level = dict.fromkeys(EXTRA_AU_NAMES, 0.0), int(pspi(au))
    if level == 0:
        return extra_au, 0.0, (0.0, 0.0)
    rng = stream(seed, "plan.manner", identity_id, expression_id)
    for name, companion in COMPANIONS.items():
        present = rng.random() < companion.probability * (1 + 2 * level / PSPI_MAX) / 3
        intensity = rng.integers(1, companion.highest, endpoint=True)
        extra_au[name] = float(intensity) if present else 0.0
    asymmetry = float(rng.uniform(-MAX_ASYMMETRY, MAX_ASYMMETRY))
    return with_parted_lips(au, extra_au), asymmetry, gaze_of(rng)


def gaze_of(rng: np.random.Generator) -> tuple[float, float]:
    """Where the eyes turn in an expression: degrees to the left, and up."""
    gaze = np.clip(rng.standard_normal(2), -3, 3) * GAZE_SPREAD
    return float(gaze[0]), float(gaze[1])


def head_motion(spec: Spec, identity_id: int, expression_id: int, strength: float = 1.0) -> tuple[float, float, float]:
    """How the head turns away from its neutral pose in an expression: yaw, pitch and roll in degrees.

    `strength`: relative to the motion in pain.
    """
    rng = stream(spec.seed, "plan.head_motion", identity_id, expression_id)
    motion = strength * spec.head_motion * np.clip(rng.standard_normal(3), -2.5, 2.5) * HEAD_SPREAD
    return tuple(motion.tolist())
