"""How a person is held and photographed: postures of people in care, where up is for them, and cameras around them."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .cameras import CAMERA_KINDS

Direction = tuple[float, float, float]
TRIES = 400
"""How often a view is drawn until its camera is neither in the mattress nor in the ceiling."""
STEEP = 58.0
"""Elevation in degrees from which a camera looks down so steeply that it can be turned any way."""
TURNS = (0.0,) * 6 + (90.0, -90.0) * 2 + (180.0,)
"""How a camera over a bed may be turned: mostly with the head at the top of the picture."""


@dataclass(frozen=True)
class Circumstances:
    """How a person is held and photographed. Directions are unit vectors in the axes of the head: to the person's left,
    to the crown, out of the face.

    Attributes:
        posture: "upright", "lying", "propped" up in bed, or "seated".
        up: against gravity.
        camera: one of `CAMERA_KINDS`.
        support: what the person rests on: "bed", "wheelchair" or "chair"; "" where nothing is seen of it.
        normal: of the mattress or the back of the chair, out of it.
    """

    posture: str = "upright"
    up: Direction = (0.0, 1.0, 0.0)
    camera: str = "tripod"
    support: str = ""
    normal: Direction = (0.0, 0.0, 1.0)

    @property
    def axes(self) -> np.ndarray:
        """(3, 3) the room's axes in those of the head: to the left of a person who sits or lies on their back; up; and
        level, to where they look when they sit, or to their feet when they lie."""
        up = np.array(self.up)
        level = np.array([0.0, -1.0, 0.0] if self.support == "bed" else [0.0, 0.0, 1.0])
        ahead = level - (level @ up) * up
        ahead /= np.linalg.norm(ahead)
        return np.stack([np.cross(up, ahead), up, ahead])

    def elevation(self, towards: np.ndarray) -> float:
        """Degrees over the horizon of a direction in the axes of the head."""
        return float(np.degrees(np.arcsin(np.clip(np.array(self.up) @ towards, -1, 1))))


class Posture(NamedTuple):
    """A way to rest.

    Attributes:
        posture, support: as in `Circumstances`; share: of the people.
        cameras: share of each kind.
        turned: standard deviation in degrees of how far the body is turned on its side; aside: range of that for
            cameras beside the bed, towards them.
        raised: range of how far the head is bent forward off the mattress or the chair's back.
        inclined: range of the angle between the level and the back: 0 flat in bed, 90 upright.
    """

    posture: str
    support: str
    share: float
    cameras: dict[str, float]
    turned: float
    aside: tuple[float, float]
    raised: tuple[float, float]
    inclined: tuple[float, float]


POSTURES: tuple[Posture, ...] = (
    Posture(
        "lying", "bed", 0.42, {"above": 0.34, "beside": 0.30, "ceiling": 0.22, "phone": 0.14}, 12, (30, 58), (9, 20),
        (0, 12),
    ),
    Posture(
        "propped", "bed", 0.26, {"tripod": 0.34, "phone": 0.26, "ceiling": 0.20, "beside": 0.20}, 5, (12, 28), (5, 13),
        (32, 62),
    ),
    Posture("seated", "wheelchair", 0.16, {"tripod": 0.60, "phone": 0.40}, 3, (0, 0), (-3, 4), (76, 94)),
    Posture("seated", "chair", 0.16, {"tripod": 0.60, "phone": 0.40}, 3, (0, 0), (-3, 4), (68, 86)),
)  # fmt: skip
"""How people in care are held while they are photographed. Shares are ours: no source counts them."""


def draw_circumstances(rng: np.random.Generator) -> Circumstances:
    """Posture, gravity and kind of camera of a person in care."""
    chosen = POSTURES[rng.choice(len(POSTURES), p=[posture.share for posture in POSTURES])]
    camera = str(rng.choice(list(chosen.cameras), p=list(chosen.cameras.values())))
    turned = np.clip(rng.normal(0, chosen.turned), -2.2 * chosen.turned, 2.2 * chosen.turned)
    side = rng.choice([-1.0, 1.0])
    if camera == "beside":
        turned = side * rng.uniform(*chosen.aside)
    raised, inclined = np.radians(rng.uniform(*chosen.raised)), np.radians(rng.uniform(*chosen.inclined))
    turn = np.radians(turned)
    # turned to the left, the right side is up
    normal = np.array([-np.sin(turn) * np.cos(raised), np.sin(raised), np.cos(turn) * np.cos(raised)])
    along = np.array([0.0, 1.0, 0.0]) - normal[1] * normal
    up = np.cos(inclined) * normal + np.sin(inclined) * along / np.linalg.norm(along)
    return Circumstances(chosen.posture, _direction(up), camera, chosen.support, _direction(normal))


def _direction(vector: np.ndarray) -> Direction:
    return tuple((vector / np.linalg.norm(vector)).tolist())


class Aim(NamedTuple):
    """Where a camera is and how it is turned: the first fields of a `ViewPlan`."""

    yaw: float
    pitch: float
    roll: float


def draw_aim(circumstances: Circumstances, view_id: int, left: bool, rng: np.random.Generator) -> Aim:
    """A camera of the person's kind: view 0 is frontal, the others look from the sides; `left`: the person turns to
    their own left, where the bed lets the camera see that."""
    kind = CAMERA_KINDS[circumstances.camera]
    low, high = kind.elevation
    best = (np.inf, 0.0, 0.0)
    for attempt in range(TRIES):
        if view_id == 0:
            yaw = rng.uniform(-kind.frontal, kind.frontal)
        else:
            other = attempt > TRIES // 2
            yaw = (1 if left != other else -1) * rng.uniform(*kind.side)
        pitch = rng.uniform(*kind.pitch)
        elevation = circumstances.elevation(towards_camera(yaw, pitch))
        off = max(low - elevation, elevation - high, 0.0)
        if off < best[0]:
            best = (off, yaw, pitch)
        if off == 0:
            break
    _, yaw, pitch = best
    steep = circumstances.elevation(towards_camera(yaw, pitch)) > STEEP
    roll = rng.choice(TURNS) if steep else level_roll(circumstances, yaw, pitch)
    roll = float(roll + rng.uniform(-kind.tilt, kind.tilt))
    return Aim(float(yaw), float(pitch), (roll + 180) % 360 - 180)


def towards_camera(yaw: float, pitch: float) -> np.ndarray:
    """(3,) unit vector from the head to a camera with these angles of `ViewPlan`."""
    yaw, pitch = np.radians([yaw, pitch])
    return np.array([-np.cos(pitch) * np.sin(yaw), -np.sin(pitch), np.cos(pitch) * np.cos(yaw)])


def level_roll(circumstances: Circumstances, yaw: float, pitch: float) -> float:
    """The roll in degrees of a camera that is held level: what is up in the room is up in its picture."""
    y, p = np.radians([yaw, pitch])
    right = np.array([np.cos(y), 0.0, np.sin(y)])
    upwards = np.array([-np.sin(p) * np.sin(y), np.cos(p), np.sin(p) * np.cos(y)])
    up = np.array(circumstances.up)
    return float(np.degrees(np.arctan2(-(up @ right), up @ upwards)))
