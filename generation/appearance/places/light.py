"""Light and the place behind. One per identity: the three views and all expressions share them."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...plan import IdentityPlan
from ...streams import stream
from .rooms import Mood, paint_place


class Light(NamedTuple):
    """Light on a person: key, fill and rim, the sky above and the ground below; linear radiance, float32.

    Attributes:
        direction: (3, 3) unit vectors towards key, fill and rim; colour: (3, 3) theirs.
        sky, ground: (3,) radiance from above and from below.
    """

    direction: np.ndarray
    colour: np.ndarray
    sky: np.ndarray
    ground: np.ndarray


@dataclass(frozen=True)
class Scene:
    """Light of one person's pictures and what is behind.

    Attributes:
        setup: which of `SETUPS`.
        panorama: (H, W, 3) float32 linear radiance, out of focus; see `defocus`.
    """

    setup: str
    light: Light
    panorama: np.ndarray


class Setup(NamedTuple):
    """A way to light a person, and where it is found.

    Attributes:
        key: strength of the key light; fill: of the fill light, relative to it; ambient: of the light from all sides.
        yaw, pitch: of the key light, degrees to the side and up.
        kelvin, surround_kelvin: colour temperature of the key light and of the surroundings.
        place: one of `rooms.PLACES`; variant: which kind of it.
    """

    key: float
    yaw: float
    pitch: float
    fill: float
    ambient: float
    kelvin: float
    surround_kelvin: float
    place: str
    variant: str = ""


SETUPS: dict[str, Setup] = {
    "studio_soft": Setup(0.95, 35, 30, 0.45, 0.45, 5200, 6000, "studio"),
    "studio_loop": Setup(1.05, 40, 38, 0.32, 0.36, 5200, 6000, "studio"),
    "studio_rembrandt": Setup(1.15, 52, 42, 0.20, 0.30, 5000, 6000, "studio", "low"),
    "studio_split": Setup(1.15, 75, 15, 0.22, 0.30, 5200, 6000, "studio", "low"),
    "studio_butterfly": Setup(1.05, 3, 48, 0.35, 0.38, 5400, 6000, "studio"),
    "studio_clamshell": Setup(0.85, 5, 28, 0.60, 0.48, 5400, 6000, "studio", "high"),
    "studio_high_key": Setup(0.75, 25, 30, 0.60, 0.72, 5600, 6000, "studio", "high"),
    "studio_low_key": Setup(1.30, 55, 35, 0.12, 0.22, 4800, 6000, "studio", "low"),
    "ring_flash": Setup(0.95, 0, 4, 0.45, 0.42, 5800, 6000, "studio"),
    "passport": Setup(0.70, 12, 20, 0.65, 0.62, 5200, 5600, "studio", "even"),
    "ward_ceiling": Setup(0.75, 10, 66, 0.45, 0.62, 4300, 6000, "ward"),
    "ward_day": Setup(0.80, 58, 25, 0.35, 0.60, 6200, 6000, "ward", "day"),
    "ward_night": Setup(0.70, 48, 40, 0.22, 0.34, 3300, 4200, "ward"),
    "bedside_lamp": Setup(0.95, 65, 8, 0.22, 0.32, 3000, 3400, "home"),
    "examination_lamp": Setup(1.35, 18, 45, 0.22, 0.36, 4600, 5200, "ward"),
    "corridor": Setup(0.65, 5, 70, 0.38, 0.58, 4100, 4600, "corridor"),
    "surgery_light": Setup(1.20, 8, 58, 0.30, 0.45, 5200, 5600, "ward", "theatre"),
    "office_panels": Setup(0.70, 25, 58, 0.42, 0.60, 4000, 4500, "office"),
    "office_window": Setup(1.00, 70, 20, 0.30, 0.48, 6600, 6000, "office", "window"),
    "desk_lamp": Setup(0.95, 48, 20, 0.25, 0.36, 3200, 3900, "office"),
    "screen_glow": Setup(0.60, 8, -4, 0.40, 0.40, 7400, 5200, "office"),
    "living_room": Setup(0.80, 40, 30, 0.32, 0.44, 3400, 3900, "home"),
    "kitchen": Setup(0.78, 28, 55, 0.42, 0.55, 3900, 4400, "home", "kitchen"),
    "window_north": Setup(1.00, 62, 18, 0.22, 0.44, 7000, 6000, "window"),
    "window_morning": Setup(1.20, 66, 14, 0.22, 0.42, 4700, 6000, "window"),
    "window_behind": Setup(0.60, 30, 22, 0.50, 0.58, 6500, 6000, "window", "behind"),
    "doorway": Setup(0.90, 80, 25, 0.22, 0.36, 5800, 5000, "home", "doorway"),
    "overcast": Setup(0.42, 20, 62, 0.35, 0.82, 7200, 7000, "outdoor", "overcast"),
    "open_shade": Setup(0.50, 45, 48, 0.30, 0.78, 7600, 7400, "outdoor"),
    "sun_high": Setup(1.40, 30, 56, 0.25, 0.46, 5600, 7200, "outdoor"),
    "sun_low": Setup(1.45, 58, 20, 0.22, 0.40, 4300, 6600, "outdoor"),
    "golden_hour": Setup(1.25, 68, 12, 0.22, 0.42, 3700, 5600, "outdoor"),
    "street_evening": Setup(0.75, 42, 50, 0.28, 0.34, 3500, 6400, "outdoor", "evening"),
    "hazy_noon": Setup(0.80, 15, 68, 0.42, 0.70, 6000, 6400, "outdoor", "overcast"),
}
"""Light of rooms, wards, windows and the open air, and where it is found; every use is jittered."""


def set_scene(plan: IdentityPlan, seed: int) -> Scene:
    """A lighting set-up, jittered, and the place it belongs to."""
    rng = stream(seed, "look.scene", plan.identity_id)
    name = list(SETUPS)[rng.integers(len(SETUPS))]
    setup = SETUPS[name]
    side = rng.choice([-1.0, 1.0])
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
    key, fill = white_key * setup.key * 1.25, surround * setup.key * setup.fill * 0.9
    colour = np.stack([key, fill, surround * rng.uniform(0.2, 0.8)])
    sky = surround * setup.ambient * 0.80
    mood = Mood(side, white_key, surround, setup.key, setup.ambient, setup.variant)
    panorama = paint_place(setup.place, mood, stream(seed, "look.place", plan.identity_id))
    # what is below reflects the light of the place: its lower half, as seen
    bounced = panorama[panorama.shape[0] // 2 :].mean(axis=(0, 1))
    ground = (0.40 * surround + 0.22 * np.minimum(bounced, 0.6)) * setup.ambient * 0.75
    light = Light(*(values.astype(np.float32) for values in (direction, colour, sky, ground)))
    return Scene(name, light, panorama)


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
