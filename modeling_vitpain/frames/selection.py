"""Which frames of a split a run takes, where it does not take all."""

import numpy as np
from datasets import Dataset

from dataset_script.vocabulary import EXPRESSION_KINDS

_SEED = 0
"""Of the frames that are drawn: runs of all seeds have the same."""


def pain_and_neutral(rows: Dataset) -> Dataset:
    """The frames without those that move without pain; all of them where the data tell of none."""
    if "expression_kind" not in rows.column_names:
        return rows
    other = EXPRESSION_KINDS.index("other")
    kinds = rows["expression_kind"][:]
    return rows.select([k for k, kind in enumerate(kinds) if kind != other]) if other in kinds else rows


def some_of_each_person(rows: Dataset, count: int) -> Dataset:
    """At most `count` frames of each person, in their order: a neutral one, where there is one, and others at random.

    What is drawn of a person depends on `identity_id` and their frames alone; fewer frames are a part of more.
    """
    identities = np.asarray(rows["identity_id"][:])
    is_neutral = np.asarray(rows["neutral_frame_id"][:]) == np.asarray(rows["frame_id"][:])
    chosen = []
    for identity in np.unique(identities):
        places = np.random.default_rng([_SEED, identity]).permutation(np.flatnonzero(identities == identity))
        neutral = places[is_neutral[places]][:1]
        chosen += [*neutral, *places[~np.isin(places, neutral)]][:count]
    return rows.select(sorted(chosen))
