"""Which frames belong to which group of people, view or band of pain."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from dataset_script.facs import PSPI_MAX
from dataset_script.vocabulary import AGE_GROUPS, ETHNICITIES, GENDERS

from ..results import Sizes
from .measures import Predictions

PEOPLE = {"age_group": AGE_GROUPS, "ethnicity": ETHNICITIES, "gender": GENDERS}
VIEWS = ("frontal", "yawed 1", "yawed 2")
BANDS = ((0, 0), (1, 2), (3, 5), (6, 10), (11, PSPI_MAX))
"""Lowest and highest PSPI of each band."""
CROSSING = " x "
UNKNOWN = "unknown"
"""The group of people of whom the data do not tell an attribute that they tell of others."""


def members(class_ids: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Group -> `(n,)` mask of its frames, of the groups that have one. `class_ids` `(n,)` are indices into `names`.

    Other ids, as the -1 of imported data, are the group "unknown". Empty where nobody's group is known.
    """
    known = (class_ids >= 0) & (class_ids < len(names))
    if not known.any():
        return {}
    masks = {name: class_ids == k for k, name in enumerate(names)} | {UNKNOWN: ~known}
    return {name: mask for name, mask in masks.items() if mask.any()}


def is_known(group: str) -> bool:
    """Whether the data tell who is in a group; of a crossing, in each of its groups."""
    return UNKNOWN not in group.split(CROSSING)


def unknown(predictions: Predictions) -> dict[str, Sizes]:
    """Attribute of people -> how many it is not known of; without attributes that are known of everyone."""
    result = {}
    for name, groups in PEOPLE.items():
        missing = (predictions[name] < 0) | (predictions[name] >= len(groups))
        if missing.any():
            people = len(np.unique(predictions["identity_id"][missing]))
            result[name] = {"frames": int(missing.sum()), "identities": people}
    return result


def of_people(predictions: Predictions) -> dict[str, dict[str, np.ndarray]]:
    """Attribute -> group -> `(n,)` mask, for age group, ethnicity, gender, and every crossing of two or all three.

    Groups without a frame are left out, and so are attributes that are known of nobody.
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
    """Attribute -> group -> `(n,)` mask, for view and band of true PSPI, of which one person has several."""
    views = members(predictions["view_id"], VIEWS)
    labels = predictions["labels"]
    bands = {f"pspi {low}-{high}" if high else "pspi 0": (low <= labels) & (labels <= high) for low, high in BANDS}
    masks = {"view": views, "pspi_band": bands}
    return {name: {g: mask for g, mask in groups.items() if mask.any()} for name, groups in masks.items()}
