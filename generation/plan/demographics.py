"""Shares a number of people among groups."""

from collections.abc import Sequence

import numpy as np

from dataset_script.spec import Spec
from dataset_script.vocabulary import ETHNICITIES

from ..streams import stream

PAPER_COUNTS: dict[str, tuple[int, ...]] = {
    "age_group": (1563, 937),
    "ethnicity": (646, 460, 469, 82, 585, 258),
    "gender": (1723, 777),
}
"""Table 1, in the order of the label vocabularies."""


def largest_remainder(total: int, weights: Sequence[int]) -> list[int]:
    """Shares `total` in the ratio `weights` with whole numbers (Hamilton's method; ties go to the first)."""
    whole = sum(weights)
    counts = [total * weight // whole for weight in weights]
    remainders = [total * weight % whole for weight in weights]
    for k in sorted(range(len(weights)), key=lambda k: -remainders[k])[: total - sum(counts)]:
        counts[k] += 1
    return counts


def permuted(spec: Spec, stage: str, counts: Sequence[int]) -> np.ndarray:
    """Label k `counts[k]` times, in seeded random order."""
    return stream(spec.seed, stage, None).permutation(np.repeat(np.arange(len(counts)), counts))


def balanced_cells(spec: Spec) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Age, ethnicity and gender labels `(N,)`: every cell, and every marginal, within one of its peers.

    The cells are dealt out in rounds of 24. Within a round (age, gender) runs 00, 11, 01, 10 and the ethnicity runs
    cyclically, one step further on in the second half (4 and 6 share a factor, without that step half of the cells
    would come twice). So after any number of cells each label of each attribute has come equally often, give or take
    one. Seeded relabelling decides who gets the extra one, a seeded permutation which identity gets which cell.
    """
    rng = stream(spec.seed, "plan.balanced", None)
    ages, genders, ethnicities = rng.permutation(2), rng.permutation(2), rng.permutation(len(ETHNICITIES))
    k = rng.permutation(spec.identities) % 24
    age = ages[k % 2]
    gender = genders[np.array([0, 1, 1, 0])[k % 4]]
    ethnicity = ethnicities[(k + k // 12) % 6]
    return age, ethnicity, gender
