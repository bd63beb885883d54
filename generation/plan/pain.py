"""The neutral face and the ten pain expressions of a person."""

import functools

import numpy as np

from dataset_script.facs import AU_MAX, PSPI_MAX, pspi
from dataset_script.spec import Spec
from dataset_script.vocabulary import EXPRESSIONS_PER_IDENTITY

from ..streams import stream
from .manner import head_motion, manner_of_pain
from .records import ExpressionPlan


def neutral_and_pain(spec: Spec, identity_id: int) -> tuple[ExpressionPlan, ...]:
    """Expressions 0 to 10 of a person."""
    seed = spec.seed
    levels = stream(seed, "plan.pspi", identity_id).permutation(np.arange(1, PSPI_MAX + 1))
    plans = []
    for expression_id in range(EXPRESSIONS_PER_IDENTITY):
        level = 0 if expression_id == 0 else int(levels[expression_id - 1])
        choices = combinations_by_pspi()[level]  # level 0 has exactly one: all zero
        au = choices[stream(seed, "plan.au", identity_id, expression_id).integers(len(choices))]
        manner = manner_of_pain(seed, identity_id, expression_id, level)
        motion = head_motion(spec, identity_id, expression_id) if level else (0.0, 0.0, 0.0)
        kind = "pain" if level else "neutral"
        plans.append(ExpressionPlan(expression_id, tuple(au.tolist()), level, *manner, motion, kind, kind))
    return tuple(plans)


@functools.cache
def combinations_by_pspi() -> tuple[np.ndarray, ...]:
    """For each PSPI 0-16 every AU vector that has it, `(n, 6)` int, C1 order, lexicographic."""
    grid = np.stack(np.meshgrid(*(np.arange(top + 1) for top in AU_MAX), indexing="ij"), axis=-1)
    vectors = grid.reshape(-1, len(AU_MAX))
    levels = pspi(vectors)
    return tuple(vectors[levels == level] for level in range(PSPI_MAX + 1))
