"""Kinds of cameras that see people, by the places they are used in: where they look from, and what they record."""

from typing import NamedTuple


class CameraKind(NamedTuple):
    """A kind of camera. Angles in degrees, those of `ViewPlan`.

    Attributes:
        frontal: largest yaw of the frontal view; side: range of the yaw of the views from the sides.
        pitch: range; elevation: range of how high over the horizon the camera is, seen from the head.
        tilt: largest roll that the photographer leaves, beside what gravity and posture give.
        fov, framing: ranges, as in `ViewPlan`; aside: furthest that the head is off the middle, as there.
        quality: how many points below the specified JPEG quality, from and up to.
        softness: standard deviation of the blur, pixels at 512; grain: noise of the sensor, relative to the usual.
        aperture_mm: range of the width of the lens, which decides how sharp the room behind is.
    """

    frontal: float
    side: tuple[float, float]
    pitch: tuple[float, float]
    elevation: tuple[float, float]
    tilt: float
    fov: tuple[float, float]
    framing: tuple[float, float]
    aside: tuple[float, float]
    quality: tuple[int, int]
    softness: float
    grain: float
    aperture_mm: tuple[float, float]


CAMERA_KINDS: dict[str, CameraKind] = {
    "tripod": CameraKind(
        8, (18, 42), (-14, 10), (-8, 40), 4, (20, 34), (0.95, 1.25), (0.05, 0.05), (0, 15), 0.0, 1.0, (8, 20)
    ),
    "above": CameraKind(
        16, (14, 38), (-20, 22), (45, 90), 9, (24, 40), (1.0, 1.5), (0.08, 0.08), (0, 18), 0.0, 1.1, (4, 12)
    ),
    "beside": CameraKind(
        22, (16, 40), (-22, 20), (2, 48), 6, (24, 42), (1.0, 1.55), (0.10, 0.08), (0, 18), 0.0, 1.1, (4, 12)
    ),
    "phone": CameraKind(
        14, (14, 34), (14, 36), (-40, 80), 11, (48, 64), (0.95, 1.35), (0.07, 0.08), (6, 26), 0.0, 1.5, (1.5, 3)
    ),
    "ceiling": CameraKind(
        28, (18, 45), (-34, 30), (32, 90), 5, (22, 38), (1.8, 3.4), (0.24, 0.24), (30, 58), 1.0, 3.0, (1, 2)
    ),
}
"""How people are photographed in bed, in chairs and in the corridors between; the shares of each posture are in
`circumstances.POSTURES`."""
