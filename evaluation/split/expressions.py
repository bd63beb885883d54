"""What a model says of faces that move without pain, expression by expression."""

import numpy as np

from dataset_script.facs import PAIN_THRESHOLDS

from ..statistics.bootstrap import ClusterBootstrap, Weighting
from ..statistics.measures import Predictions, means, pain_probability, subset, summarise
from ..statistics.thresholds import pain_key
from .results import ExpressionScores

WITHOUT_OTHERS = {"", "neutral", "pain"}


def expression_scores(
    predictions: Predictions, thresholds: dict[int, float], bootstrap: ClusterBootstrap
) -> dict[str, ExpressionScores]:
    """Expression -> how often it is called pain; neutral, pain, then the others. Empty where there are no others.

    `thresholds`: PSPI threshold -> probability of pain from which a frame is called so.
    """
    names = predictions.get("expression", np.array([""]))
    others = sorted({*names.tolist()} - WITHOUT_OTHERS)
    result = {}
    for name in ("neutral", "pain", *others) if others else ():
        member = names == name
        if not member.any():
            continue
        frames, weighting = subset(predictions, member), bootstrap.part(member)
        measures = _measures(frames, thresholds, weighting)
        result[name] = {
            "frames": int(member.sum()),
            "identities": weighting.size,
            "observed_pspi": float(frames["labels"].mean()),
            **summarise(measures, bootstrap, weighting.size),
        }
    return result


def _measures(frames: Predictions, thresholds: dict[int, float], weighting: Weighting) -> dict[str, np.ndarray]:
    terms = {"predicted_pspi": frames["pspi"]}
    terms |= {f"called_{pain_key(t)}": pain_probability(frames, t) >= thresholds[t] for t in PAIN_THRESHOLDS}
    return means(terms, weighting)
