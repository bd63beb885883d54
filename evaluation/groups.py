"""Which frames belong to which group of people, view or band of pain."""

from itertools import combinations

import numpy as np

from dataset_script.features import AGE_GROUPS, ETHNICITIES, GENDERS

from .measures import Predictions

PEOPLE = {"age_group": AGE_GROUPS, "ethnicity": ETHNICITIES, "gender": GENDERS}
VIEWS = ("frontal", "yawed 1", "yawed 2")
BANDS = ((0, 0), (1, 2), (3, 5), (6, 10), (11, 16))
"""Lowest and highest PSPI of each."""
CROSSING = " x "


def of_people(predictions: Predictions) -> dict[str, dict[str, np.ndarray]]:
    """Attribute -> group -> `(n,)` mask, for age group, ethnicity, gender, and every crossing of two and of all three.

    Groups without a frame are left out.
    """
    single = {
        name: {group: predictions[name] == k for k, group in enumerate(groups)} for name, groups in PEOPLE.items()
    }
    result = {}
    for depth in range(1, len(PEOPLE) + 1):
        for names in combinations(PEOPLE, depth):
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
    views = {name: predictions["view_id"] == k for k, name in enumerate(VIEWS)}
    labels = predictions["labels"]
    bands = {f"pspi {low}-{high}" if high else "pspi 0": (low <= labels) & (labels <= high) for low, high in BANDS}
    masks = {"view": views, "pspi_band": bands}
    return {name: {g: mask for g, mask in groups.items() if mask.any()} for name, groups in masks.items()}
