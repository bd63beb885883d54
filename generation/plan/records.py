"""What is planned of a person: who it is, how the face moves, and which cameras see it."""

from dataclasses import dataclass, field

from .circumstances import Circumstances


@dataclass(frozen=True)
class ViewPlan:
    """A camera. Angles in degrees.

    Attributes:
        yaw: positive when the subject turns to their own left: the nose points to image right.
        pitch: positive when the subject looks up.
        roll: positive when the head tilts clockwise in the image.
        fov: horizontal field of view.
        framing: camera distance relative to the one that frames the head normally.
        aside: how far to the right and up of the middle of the picture the head is, shares of its width.
        camera: one of `CAMERA_KINDS`.
    """

    view_id: int
    yaw: float
    pitch: float
    roll: float
    fov: float
    framing: float
    aside: tuple[float, float] = (0.0, 0.0)
    camera: str = "tripod"


@dataclass(frozen=True)
class ExpressionPlan:
    """How a face moves.

    Attributes:
        au, pspi: intensities of the six units in C1 order, and their PSPI.
        extra_au: intensities of the units that are not counted, 0-5.
        asymmetry: -0.3 to 0.3, of pain half of that; above 0 the left half of the face moves more, and the right half
            less, by this share.
        gaze: degrees that the eyes turn away from where the person looks: to their left, and up.
        head_motion: yaw, pitch and roll in degrees, signed as in `ViewPlan`, added to those of every view.
        kind: one of `EXPRESSION_KINDS`; name: "neutral", "pain", or what the face does where it is another.
    """

    expression_id: int
    au: tuple[int, ...]
    pspi: int
    extra_au: dict[str, float]
    asymmetry: float = 0.0
    gaze: tuple[float, float] = (0.0, 0.0)
    head_motion: tuple[float, float, float] = (0.0, 0.0, 0.0)
    kind: str = "pain"
    name: str = "pain"


@dataclass(frozen=True)
class IdentityPlan:
    """One person on one occasion: who they are, their expressions (0 is neutral) and their views (0 is frontal).

    Attributes:
        expressions: neutral, ten of pain, and those that are neither; on another occasion the neutral one alone.
        views: 3; on another occasion one.
        occasion: 0, the pain session; from 1 on, the number of a reference picture. What a person keeps is drawn from
            `stream`, what differs between days from `occasion_stream`.
        scene: "studio" or "clinical".
        circumstances: posture, gravity and kind of camera.
        accessories: what is worn on the head, of `accessories.ACCESSORIES`.
    """

    identity_id: int
    split: str
    age_group: str
    age: int
    ethnicity: str
    gender: str
    expressions: tuple[ExpressionPlan, ...]
    views: tuple[ViewPlan, ...]
    occasion: int = 0
    scene: str = "studio"
    circumstances: Circumstances = field(default_factory=Circumstances)
    accessories: tuple[str, ...] = ()
