"""Light and the place behind. One per identity and occasion: the views and expressions share them."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...geometry.sphere import received, rotated
from ...plan import IdentityPlan
from ...plan.cameras import CAMERA_KINDS
from ...plan.scenes import CLINICAL
from ...streams import occasion_stream
from .enclosure import Enclosure, mean_radiance, paint_enclosure
from .environments import Surroundings, coloured, environment_maps, environments_of, plain
from .rooms import Mood, paint_place
from .setups import SETUPS, draw_setup, scene_stream

HEAD_M = {"lying": 0.85, "propped": 1.15, "seated": 1.2}
"""Height of the head above the floor, by posture."""
LINEN_BOUNCE = 1.35
"""How much more light white sheets throw back than floors do."""
TURN_DEGREES = 30.0
"""Standard deviation of the angle between the key light and the brightest side of the surroundings."""


class Light(NamedTuple):
    """Light on a person: key, fill and rim, and what the surroundings send; linear radiance, float32.

    Attributes:
        direction: (3, 3) unit vectors towards key, fill and rim; colour: (3, 3) theirs.
        harmonics, mirrored: see `Surroundings`.
        axes: (3, 3) rotation from the axes of the head to those of the surroundings.
    """

    direction: np.ndarray
    colour: np.ndarray
    harmonics: np.ndarray
    mirrored: np.ndarray
    axes: np.ndarray

    @classmethod
    def of(cls, direction: np.ndarray, colour: np.ndarray, around: Surroundings, yaw: float = 0.0) -> "Light":
        """Lamps (L, 3), and surroundings whose brightest side is `yaw` degrees to the subject's left."""
        cosine, sine = np.cos(np.radians(yaw)), np.sin(np.radians(yaw))
        axes = np.array([[cosine, 0, -sine], [0, 1, 0], [sine, 0, cosine]])
        return cls(np.float32(direction), np.float32(colour), *around, np.float32(axes))

    @classmethod
    def plain(cls, direction: np.ndarray, colour: np.ndarray, sky: np.ndarray, ground: np.ndarray) -> "Light":
        """Lamps (L, 3), and surroundings without things in them, see `environments.plain`."""
        return cls.of(direction, colour, plain(sky, ground))

    def turned(self, rotation: np.ndarray) -> "Light":
        """The same light on a head that lies: `rotation` (3, 3) is from the axes of the room to those of the head."""
        direction, axes = self.direction @ rotation.T, self.axes @ rotation.T
        return self._replace(direction=np.float32(direction), axes=np.float32(axes))

    def ambient(self, facing: np.ndarray) -> np.ndarray:
        """(3,) what a surface that faces this way, a unit vector in the axes of the head, receives of the surroundings,
        as radiance of white paper."""
        return np.array(received(self.harmonics, rotated(self.axes, np.asarray(facing, np.float64))))


@dataclass(frozen=True)
class Scene:
    """Light of one person's pictures and what is behind.

    Attributes:
        setup: which of `SETUPS`.
        panorama: (H, W, 3) float32 linear radiance, out of focus; see `defocus`; None where there is a room.
        painted: (S, S, 3) float32 radiance behind each view, in place of the panorama; none: the panorama.
        room: the one that a person in care is in, seen from anywhere.
    """

    setup: str
    light: Light
    panorama: np.ndarray | None
    painted: tuple[np.ndarray, ...] = ()
    room: Enclosure | None = None


def set_scene(plan: IdentityPlan, seed: int) -> Scene:
    """A lighting set-up, jittered, and the place it belongs to."""
    rng = scene_stream(plan, seed)
    name, side = draw_setup(plan, rng)
    setup = SETUPS[name]
    yaw, pitch = side * (setup.yaw + rng.normal(0, 8)), setup.pitch + rng.normal(0, 5)
    white_key = white(setup.kelvin + rng.normal(0, 250))
    surround = white(setup.surround_kelvin + rng.normal(0, 400))
    direction = np.stack(
        [
            towards(yaw, pitch),
            towards(-yaw * 0.9 - side * 20, 12 + rng.normal(0, 5)),
            towards(-side * rng.uniform(125, 155), 35),
        ]
    )
    key, fill = white_key * setup.key * 1.25, surround * setup.key * setup.fill * 0.55
    colour = np.stack([key, fill, surround * rng.uniform(0.2, 0.8)])
    sky = surround * setup.ambient
    mood = Mood(side, white_key, surround, setup.key, setup.ambient, setup.variant)
    painter = occasion_stream(seed, "look.place", plan)
    if plan.scene == CLINICAL:
        panorama, room = None, _room(plan, setup.place, mood, painter)
        bounced, linen = mean_radiance(room), LINEN_BOUNCE if plan.circumstances.support == "bed" else 1.0
    else:
        panorama, room, linen = paint_place(setup.place, mood, painter), None, 1.0
        # what is below reflects the light of the place: its lower half, as seen
        bounced = panorama[panorama.shape[0] // 2 :].mean(axis=(0, 1))
    ground = linen * (0.40 * surround + 0.22 * np.minimum(bounced, 0.6)) * setup.ambient * 0.9
    more = occasion_stream(seed, "look.environment", plan)
    around = coloured(environment_maps(str(more.choice(environments_of(setup.place, setup.variant)))), sky, ground)
    light = Light.of(direction, colour, around, yaw + more.normal(0, TURN_DEGREES))
    if room is not None:
        light = light.turned(plan.circumstances.axes.T)
    return Scene(name, light, panorama, room=room)


def _room(plan: IdentityPlan, place: str, mood: Mood, rng: np.random.Generator) -> Enclosure:
    held = plan.circumstances
    aperture = float(rng.uniform(*CAMERA_KINDS[held.camera].aperture_mm))
    return paint_enclosure(place, mood, HEAD_M[held.posture] + rng.uniform(-0.08, 0.08), aperture, held.axes, rng)


def towards(yaw: float, pitch: float) -> np.ndarray:
    """Unit vector towards a light `yaw` degrees to the subject's left and `pitch` degrees up."""
    yaw, pitch = np.radians([yaw, pitch])
    return np.array([np.cos(pitch) * np.sin(yaw), np.sin(pitch), np.cos(pitch) * np.cos(yaw)])


def white(kelvin: float) -> np.ndarray:
    """Linear sRGB of a light of this temperature, of luminance 1; 6,500 K is white.

    Power laws fitted by eye to the black body, at half strength: cameras balance about that much of it away.
    """
    t = np.clip(kelvin, 2500, 12000) / 6500
    rgb = np.array([t**-0.31, 1.0, t**0.48 if t < 1 else t**0.28])
    return rgb / (rgb @ [0.2126, 0.7152, 0.0722])
