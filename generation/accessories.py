"""What people wear on the head beside clothes, and how often: glasses, scarves, what a ward puts on a face.

What belongs to a person (glasses, earrings, hearing aids, a hijab) is theirs on every occasion, whether they wear it or
not; what belongs to a stay in hospital comes with the occasion. No rate depends on ethnicity: who wears a scarf or
glasses says nothing of the group, and the group nothing of them.
"""

from typing import NamedTuple, Protocol

from .streams import occasion_stream, stream


class Wearing(Protocol):
    """A planned person on one occasion, `generation.plan.IdentityPlan`, as far as this module knows it."""

    identity_id: int
    occasion: int
    age_group: str
    gender: str
    scene: str


class Own(NamedTuple):
    """How many people have something of their own, and how often they wear it.

    Attributes:
        young, elderly: share of men and of women who have it.
        studio, clinical: share of the occasions in each scene on which its owners wear it.
        source: where the numbers come from.
    """

    young: tuple[float, float]
    elderly: tuple[float, float]
    studio: float
    clinical: float
    source: str


class Ward(NamedTuple):
    """How often something is put on somebody in the scene "clinical": the share of occasions."""

    share: float
    source: str = "by eye"


OWN: dict[str, Own] = {
    "hijab": Own(
        (0.0, 0.035), (0.0, 0.035), 1.0, 1.0,
        "by eye; the same for women of all ethnicities, so that no group is told by it",
    ),
    "headscarf": Own((0.0, 0.04), (0.0, 0.05), 0.6, 0.3, "by eye; the same for women of all ethnicities"),
    "glasses": Own(
        (0.20, 0.22), (0.42, 0.44), 0.85, 0.5,
        "by eye, fewer than have them: 32 % of Germans of 20-29 years, 38 % of 30-44, 92 % from 60 on (Allensbach for "
        "Kuratorium Gutes Sehen 2014), of whom six in ten wear them all the time; many take them off in bed",
    ),
    "earrings": Own((0.07, 0.45), (0.01, 0.35), 0.75, 0.25, "by eye"),
    "hearing_aid": Own(
        (0.004, 0.004), (0.13, 0.09), 0.9, 0.7,
        "by eye; a third of US adults from 70 on who could use one do (Bainbridge & Ramachandran 2014, Ear Hear "
        "35:289)",
    ),
}  # fmt: skip
WARD: dict[str, Ward] = {
    "medical_cap": Ward(0.05),
    "head_bandage": Ward(0.06),
    "oxygen_mask": Ward(0.09),
    "nasal_cannula": Ward(0.18),
    "dressing_forehead": Ward(0.05),
    "dressing_cheek": Ward(0.03),
    "dressing_nose": Ward(0.02),
    "dressing_chin": Ward(0.02),
    "ecg_wires": Ward(0.25),
}
ACCESSORIES: tuple[str, ...] = (
    "hijab", "headscarf", "medical_cap", "head_bandage", "oxygen_mask", "glasses", "dressing_forehead",
    "dressing_cheek", "dressing_nose", "dressing_chin", "nasal_cannula", "ecg_wires", "earrings", "hearing_aid",
)  # fmt: skip
"""All of them, what is seen most first: the order in which they keep their place beside what excludes them."""
EXCLUDED: dict[str, tuple[str, ...]] = {
    "hijab": ("headscarf", "medical_cap", "head_bandage", "earrings", "hearing_aid"),
    "headscarf": ("medical_cap", "head_bandage", "earrings", "hearing_aid"),
    "medical_cap": ("head_bandage",),
    "head_bandage": ("dressing_forehead", "glasses"),
    "oxygen_mask": ("nasal_cannula", "dressing_cheek", "dressing_nose", "dressing_chin", "glasses"),
    "glasses": ("dressing_nose", "dressing_cheek"),
    "dressing_cheek": ("nasal_cannula", "dressing_nose"),
}
"""What cannot be worn with something, because it is under it or in its place."""
HIDE_HAIR = ("hijab", "headscarf", "medical_cap")
"""What leaves little or nothing of the hair to be seen."""


def choose_accessories(plan: Wearing, seed: int) -> tuple[str, ...]:
    """Names of what a planned person wears on an occasion, in the order of `ACCESSORIES`."""
    worn = {name for name, own in OWN.items() if _wears(plan, name, own, seed)}
    if plan.scene == "clinical":
        worn |= {
            name
            for name, ward in WARD.items()
            if occasion_stream(seed, f"plan.accessory.{name}", plan).random() < ward.share
        }
    for name in ACCESSORIES:
        if name in worn:
            worn -= set(EXCLUDED.get(name, ()))
    return tuple(name for name in ACCESSORIES if name in worn)


def _wears(plan: Wearing, name: str, own: Own, seed: int) -> bool:
    share = getattr(own, plan.age_group)[plan.gender == "woman"]
    if stream(seed, f"plan.accessory.{name}", plan.identity_id).random() >= share:
        return False
    today = own.clinical if plan.scene == "clinical" else own.studio
    return occasion_stream(seed, f"plan.accessory.{name}.worn", plan).random() < today
