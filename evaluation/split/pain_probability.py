"""What a model's probability of "pain, and not another expression" is worth on faces that move without pain."""

import numpy as np

from dataset_script.facs import AU_NAMES, EXTRA_AU_NAMES

from ..au_agreement.functions import PRESENT
from ..statistics.bootstrap import ClusterBootstrap
from ..statistics.measures import Predictions, means, summarise
from .expressions import WITHOUT_OTHERS
from .results import PainProbabilityScores, ShareAboveNeutral

NEUTRAL_QUANTILE = 0.9
"""A neutral face's level: the probability that this share of the neutral frames does not exceed."""


def pain_probability_scores(predictions: Predictions, bootstrap: ClusterBootstrap) -> PainProbabilityScores | None:
    """How well the probability tells pain from the rest; None of a model without, or data without pain or neutral.

    A frame is above a neutral face's level where its probability exceeds the 90th percentile of the neutral frames of
    the same people. So a tenth of the neutral frames is above it, whatever the model.
    """
    names = predictions.get("expression", np.array([""]))
    pain, neutral, other = names == "pain", names == "neutral", ~np.isin(names, [*WITHOUT_OTHERS])
    if "pain_probability" not in predictions or not pain.any() or not neutral.any():
        return None
    probability = predictions["pain_probability"]
    level = float(np.quantile(probability[neutral], NEUTRAL_QUANTILE))
    whole = bootstrap.whole
    areas = {
        "auroc_others": whole.auroc(probability, pain, other),
        "auroc_neutral": whole.auroc(probability, pain, neutral),
    }
    groups = {"pain": pain, "neutral": neutral, "others": other, "smiles": other & _smiling(predictions)}
    groups |= {name: names == name for name in sorted(set(names[other].tolist()))}
    return {
        **summarise(areas, bootstrap),
        "neutral_level": level,
        "groups": {
            name: _share(probability, level, member, bootstrap) for name, member in groups.items() if member.any()
        },
    }


def _smiling(predictions: Predictions) -> np.ndarray:
    """`(n,)` whether a face has AU12 with AU6, each of at least 1, as observed."""
    lips = predictions["companion_labels"][:, EXTRA_AU_NAMES.index("AU12")]
    return (lips >= PRESENT) & (predictions["au_labels"][:, AU_NAMES.index("AU6")] >= PRESENT)


def _share(probability: np.ndarray, level: float, member: np.ndarray, bootstrap: ClusterBootstrap) -> ShareAboveNeutral:
    weighting, said = bootstrap.part(member), probability[member]
    return {
        "frames": int(member.sum()),
        "identities": weighting.size,
        **summarise(means({"probability": said, "above_neutral": said > level}, weighting), bootstrap, weighting.size),
    }
