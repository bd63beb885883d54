"""How a person is held and photographed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Circumstances:
    """How a person is held and photographed.

    Attributes:
        posture: "upright".
        up: unit vector against gravity in the axes of the head: to the subject's left, to the crown, out of the face.
        camera: kind of camera, "tripod".
    """

    posture: str = "upright"
    up: tuple[float, float, float] = (0.0, 1.0, 0.0)
    camera: str = "tripod"
