"""Light and background. One per identity: the three views and all expressions share it."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from ..plan import IdentityPlan, ViewPlan
from ..streams import stream


@dataclass(frozen=True)
class Scene:
    """Light of one person's pictures, linear radiance.

    Attributes:
        direction, colour: (3, 3) key, fill and rim light; directions point towards the light.
        sky, ground: (3,) radiance from above and from below.
        backdrop: (3, 3) colour at the top, in the middle and at the bottom of the background.
        panels: (P, 8) soft boxes of the background: centre (degrees around, height share), half sizes, softness, colour.
    """

    direction: np.ndarray
    colour: np.ndarray
    sky: np.ndarray
    ground: np.ndarray
    backdrop: np.ndarray
    panels: np.ndarray


BACKGROUND_SIDE = 96
"""The background is out of focus: this many pixels are enough at any size."""

SETUPS: dict[str, tuple[float, float, float, float, float, float]] = {
    # key strength, key yaw, key pitch (degrees), fill share, ambient, colour temperature of the key (K)
    "studio_soft": (0.95, 35, 30, 0.45, 0.45, 5200),
    "studio_loop": (1.05, 40, 38, 0.32, 0.36, 5200),
    "studio_rembrandt": (1.15, 52, 42, 0.20, 0.30, 5000),
    "studio_split": (1.15, 75, 15, 0.22, 0.30, 5200),
    "studio_butterfly": (1.05, 3, 48, 0.35, 0.38, 5400),
    "studio_clamshell": (0.85, 5, 28, 0.60, 0.48, 5400),
    "studio_high_key": (0.75, 25, 30, 0.60, 0.72, 5600),
    "studio_low_key": (1.30, 55, 35, 0.12, 0.22, 4800),
    "ring_flash": (0.95, 0, 4, 0.45, 0.42, 5800),
    "passport": (0.70, 12, 20, 0.65, 0.62, 5200),
    "ward_ceiling": (0.75, 10, 66, 0.45, 0.62, 4300),
    "ward_day": (0.80, 58, 25, 0.35, 0.60, 6200),
    "ward_night": (0.70, 48, 40, 0.22, 0.34, 3300),
    "bedside_lamp": (0.95, 65, 8, 0.22, 0.32, 3000),
    "examination_lamp": (1.35, 18, 45, 0.22, 0.36, 4600),
    "corridor": (0.65, 5, 70, 0.38, 0.58, 4100),
    "surgery_light": (1.20, 8, 58, 0.30, 0.45, 5200),
    "office_panels": (0.70, 25, 58, 0.42, 0.60, 4000),
    "office_window": (1.00, 70, 20, 0.30, 0.48, 6600),
    "desk_lamp": (0.95, 48, 20, 0.25, 0.36, 3200),
    "screen_glow": (0.60, 8, -4, 0.40, 0.40, 7400),
    "living_room": (0.80, 40, 30, 0.32, 0.44, 3400),
    "kitchen": (0.78, 28, 55, 0.42, 0.55, 3900),
    "window_north": (1.00, 62, 18, 0.22, 0.44, 7000),
    "window_morning": (1.20, 66, 14, 0.22, 0.42, 4700),
    "window_behind": (0.60, 30, 22, 0.50, 0.58, 6500),
    "doorway": (0.90, 80, 25, 0.22, 0.36, 5800),
    "overcast": (0.42, 20, 62, 0.35, 0.82, 7200),
    "open_shade": (0.50, 45, 48, 0.30, 0.78, 7600),
    "sun_high": (1.40, 30, 56, 0.25, 0.46, 5600),
    "sun_low": (1.45, 58, 20, 0.22, 0.40, 4300),
    "golden_hour": (1.25, 68, 12, 0.22, 0.42, 3700),
    "street_evening": (0.75, 42, 50, 0.28, 0.34, 3500),
    "hazy_noon": (0.80, 15, 68, 0.42, 0.70, 6000),
}
"""Light of rooms, wards, windows and the open air; every use is jittered."""


def set_scene(plan: IdentityPlan, seed: int) -> Scene:
    """A lighting set-up, jittered, and a background in its colours."""
    rng = stream(seed, "look.scene", plan.identity_id)
    strength, yaw, pitch, fill, ambient, kelvin = SETUPS[list(SETUPS)[rng.integers(len(SETUPS))]]
    side = rng.choice([-1.0, 1.0])
    yaw, pitch = side * (yaw + rng.normal(0, 8)), pitch + rng.normal(0, 5)
    key = white(kelvin + rng.normal(0, 250)) * strength * 1.25
    surround = white(6200 + rng.normal(0, 900))
    direction = np.stack(
        [
            towards(yaw, pitch),
            towards(-yaw * 0.9 - side * 20, 12 + rng.normal(0, 5)),
            towards(-side * rng.uniform(125, 155), 35),
        ]
    )
    colour = np.stack([key, surround * strength * fill * 0.9, surround * rng.uniform(0.2, 0.8)])
    sky = surround * ambient * 0.80
    wall = paint_colour(rng, 0.09)
    ground = (0.40 * surround + 0.22 * wall) * ambient * 0.75
    level = 0.55 * ambient + 0.35 * strength
    backdrop = np.stack([wall * level * rng.uniform(0.9, 1.25), wall * level, wall * level * rng.uniform(0.45, 0.85)])
    panels = [panel(rng, wall, level, surround) for _ in range(rng.integers(0, 7))]
    return Scene(
        direction.astype(np.float32), colour.astype(np.float32), sky.astype(np.float32), ground.astype(np.float32),
        backdrop.astype(np.float32), np.array(panels, np.float32).reshape(-1, 8),
    )  # fmt: skip


def paint_colour(rng: np.random.Generator, spread: float) -> np.ndarray:
    """A wall, curtain or cabinet: some grey, slightly tinted; `spread` is the tint's strength. (3,) linear."""
    return np.clip(rng.uniform(0.08, 0.62) * np.exp(spread * rng.standard_normal(3)), 0.02, 0.85)


def panel(rng: np.random.Generator, wall: np.ndarray, level: float, surround: np.ndarray) -> np.ndarray:
    """A window, a picture, a curtain or a cabinet, out of focus."""
    bright = rng.random() < 0.25
    tint = surround * rng.uniform(0.8, 1.5) if bright else (0.4 * wall + 0.6 * paint_colour(rng, 0.14)) * level
    return np.concatenate(
        [
            [
                rng.uniform(-60, 60),
                rng.uniform(-0.5, 0.9),
                rng.uniform(4, 16),
                rng.uniform(0.15, 0.8),
                rng.uniform(0.10, 0.35),
            ],
            tint,
        ]
    )


def background(scene: Scene, view: ViewPlan, size: int) -> np.ndarray:
    """(size, size, 3) float32 linear: what is behind the person, turned with the camera and out of focus."""
    coarse = BACKGROUND_SIDE
    grid = (np.arange(coarse) + 0.5) / coarse * 2 - 1
    around = view.yaw + grid[None] * view.fov / 2 + 0 * grid[:, None]
    height = -grid[:, None] + np.tan(np.radians(view.pitch)) * 2 + 0 * grid[None]
    t = np.clip(height, -1, 1)[..., None]
    top, middle, bottom = scene.backdrop
    picture = np.where(t > 0, middle + t * (top - middle), middle - t * (bottom - middle))
    for x, y, half_width, half_height, soft, *tint in scene.panels:
        inside = _edge((half_width - np.abs(around - x)) / (soft * 14)) * _edge(
            (half_height - np.abs(height - y)) / soft
        )
        picture = picture + inside[..., None] * (np.array(tint) - picture)
    return enlarge(picture.astype(np.float32), size)


@njit(cache=True)
def enlarge(picture, size):
    """Bilinear enlargement of (C, C, 3) float32 to (size, size, 3); `size` even, 2 x 2 samples share a value."""
    coarse = picture.shape[0]
    out = np.empty((size, size, 3), np.float32)
    for row in range(0, size, 2):
        y = min(max((row + 1) / size * coarse - 0.5, 0.0), coarse - 1.001)
        j = int(y)
        v = np.float32(y - j)
        for column in range(0, size, 2):
            x = min(max((column + 1) / size * coarse - 0.5, 0.0), coarse - 1.001)
            i = int(x)
            u = np.float32(x - i)
            for k in range(3):
                top = picture[j, i, k] * (1 - u) + picture[j, i + 1, k] * u
                bottom = picture[j + 1, i, k] * (1 - u) + picture[j + 1, i + 1, k] * u
                value = top * (1 - v) + bottom * v
                out[row, column, k] = out[row, column + 1, k] = value
                out[row + 1, column, k] = out[row + 1, column + 1, k] = value
    return out


def _edge(x: np.ndarray) -> np.ndarray:
    t = np.clip(x + 0.5, 0, 1)
    return t * t * (3 - 2 * t)


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
