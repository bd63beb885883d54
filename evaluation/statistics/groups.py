"""Which frames belong to which group of people, view or band of pain."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from dataset_script.features import AGE_GROUPS, ETHNICITIES, GENDERS

from .measures import Predictions

PEOPLE = {"age_group": AGE_GROUPS, "ethnicity": ETHNICITIES, "gender": GENDERS}
VIEWS = ("frontal", "yawed 1", "yawed 2")
BANDS = ((0, 0), (1, 2), (3, 5), (6, 10), (11, 16))
"""Lowest and highest PSPI of each."""
CROSSING = " x "
UNKNOWN = "unknown"
"""The group of those of whom a source does not tell, beside others of whom it does."""


def members(class_ids: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Group -> `(n,)` mask, for `class_ids` `(n,)`, places in `names`; of the groups that have a frame.

    Other ids, as the -1 of imported data, are the group "unknown". Empty where nobody's group is known: then there is
    nothing to tell apart.
    """
    known = (class_ids >= 0) & (class_ids < len(names))
    if not known.any():
        return {}
    masks = {name: class_ids == k for k, name in enumerate(names)} | {UNKNOWN: ~known}
    return {name: mask for name, mask in masks.items() if mask.any()}


def is_known(group: str) -> bool:
    """Whether a group, or every side of a crossing, is one that the data tell."""
    return UNKNOWN not in group.split(CROSSING)


def unknown(predictions: Predictions) -> dict[str, dict[str, int]]:
    """Attribute of people -> frames and identities of whom it is not known; without those that are known of everyone."""
    result = {}
    for name, groups in PEOPLE.items():
        missing = (predictions[name] < 0) | (predictions[name] >= len(groups))
        if missing.any():
            people = len(np.unique(predictions["identity_id"][missing]))
            result[name] = {"frames": int(missing.sum()), "identities": people}
    return result


def of_people(predictions: Predictions) -> dict[str, dict[str, np.ndarray]]:
    """Attribute -> group -> `(n,)` mask, for age group, ethnicity, gender, and every crossing of two and of all three.

    Groups without a frame are left out, and so are attributes that are not known of anybody.
    """
    single = {name: members(predictions[name], groups) for name, groups in PEOPLE.items()}
    single = {name: groups for name, groups in single.items() if groups}
    result = {}
    for depth in range(1, len(single) + 1):
        for names in combinations(single, depth):
            masks = {"": np.ones(len(predictions["labels"]), dtype=bool)}
            for name in names:
                masks = {
                    f"{left}{CROSSING}{group}" if left else group: mask & member
                    for left, mask in masks.items()
                    for group, member in single[name].items()
                }
            result[CROSSING.join(names)] = {group: mask for group, mask in masks.items() if mask.any()}
    return result


def of_frames(predictions: Predictions) -> dict[str, dict[str, np.ndarray]]:
    """The same for view and band of true PSPI, of which one person has several."""
    views = members(predictions["view_id"], VIEWS)
    labels = predictions["labels"]
    bands = {f"pspi {low}-{high}" if high else "pspi 0": (low <= labels) & (labels <= high) for low, high in BANDS}
    masks = {"view": views, "pspi_band": bands}
    return {name: {g: mask for g, mask in groups.items() if mask.any()} for name, groups in masks.items()}
