"""Each frame against the neutral frame of the same person, for what has no network that compares them."""

import numpy as np
from datasets import Dataset

from modeling_vitpain.frames.neutral_frames import NeutralReferences


def less_neutral(values: np.ndarray, rows: Dataset) -> np.ndarray:
    """`values` (n, D) of the frames less those of the person's neutral frame, as a model with a reference is given it.

    That is the neutral frame of the same view; of a neutral frame, that of another view. Where there is none, the mean
    of all neutral frames is taken off: the frame must not be known by it to be neutral.
    """
    references = NeutralReferences(rows, rows)
    places = [references.fixed(k) for k in range(len(rows))]
    neutral = np.array(rows["expression_id"][:]) == 0
    usual = np.nanmean(values[neutral], axis=0)
    return values - np.stack([usual if place is None else values[place] for place in places])
