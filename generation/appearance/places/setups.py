"""Ways to light a person, and which of them one gets. Nothing is painted here: labels are made from these choices."""

from typing import NamedTuple

import numpy as np

from ...plan import IdentityPlan
from ...streams import occasion_stream


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


STUDIO_SETUPS: dict[str, Setup] = {
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
"""Light of rooms, wards, windows and the open air on people who are upright; every use is jittered."""
CLINICAL_SETUPS: dict[str, dict[str, Setup]] = {
    "bed": {
        "bed_day": Setup(0.85, 75, 24, 0.35, 0.60, 6200, 6000, "bed", "day"),
        "bed_sun": Setup(1.15, 80, 30, 0.28, 0.50, 5200, 6200, "bed", "day"),
        "bed_ceiling": Setup(0.80, 25, 72, 0.32, 0.60, 4200, 4800, "bed"),
        "bed_reading_lamp": Setup(0.80, 150, 66, 0.30, 0.40, 3600, 4200, "bed", "evening"),
        "bed_night": Setup(0.45, 110, 22, 0.16, 0.16, 2900, 3600, "bed", "night"),
        "bed_monitor": Setup(0.30, 120, 26, 0.30, 0.16, 8600, 5400, "bed", "night"),
        "bed_examination": Setup(1.25, 55, 62, 0.22, 0.40, 4800, 5200, "bed"),
    },
    "chair": {
        "chair_day": Setup(0.90, 66, 20, 0.32, 0.55, 6300, 6000, "chair", "day"),
        "chair_ceiling": Setup(0.75, 15, 66, 0.42, 0.60, 4300, 5000, "chair"),
        "chair_evening": Setup(0.80, 70, 30, 0.25, 0.36, 3200, 3900, "chair", "evening"),
    },
    "wheelchair": {
        "wheelchair_corridor": Setup(0.65, 5, 70, 0.40, 0.58, 4200, 4600, "passage"),
        "wheelchair_day": Setup(0.90, 60, 20, 0.34, 0.55, 6300, 6000, "chair", "day"),
        "wheelchair_ceiling": Setup(0.75, 20, 66, 0.42, 0.60, 4300, 5000, "chair"),
    },
}
"""Light on people in care, by what they rest on; directions are those of the room, whichever way the person lies."""
SETUPS: dict[str, Setup] = STUDIO_SETUPS | {
    name: setup for setups in CLINICAL_SETUPS.values() for name, setup in setups.items()
}
"""All of them."""


def choose_setup(plan: IdentityPlan, seed: int) -> tuple[str, float]:
    """The lighting set-up of a person, one of `SETUPS`; and the side of its key: 1 the person's left, -1 the right."""
    return draw_setup(plan, scene_stream(plan, seed))


def scene_stream(plan: IdentityPlan, seed: int) -> np.random.Generator:
    """The stream of everything in a person's light."""
    return occasion_stream(seed, "look.scene", plan)


def draw_setup(plan: IdentityPlan, rng: np.random.Generator) -> tuple[str, float]:
    """What `choose_setup` gives, from a `scene_stream` that goes on with the jitter."""
    names = list(CLINICAL_SETUPS.get(plan.circumstances.support, STUDIO_SETUPS))
    return names[rng.integers(len(names))], rng.choice([-1.0, 1.0])
