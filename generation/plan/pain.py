"""The neutral face and the ten pain expressions of a person."""

import functools

import numpy as np

from dataset_script.facs import AU_NAMES, PSPI_MAX, pspi
from dataset_script.spec import Spec
from dataset_script.vocabulary import EXPRESSIONS_PER_IDENTITY

from ..streams import stream
from .manner import head_motion, manner_of_pain
from .occurrence import all_combinations, draw_combination
from .records import ExpressionPlan


def neutral_and_pain(spec: Spec, identity_id: int) -> tuple[ExpressionPlan, ...]:
    """Expressions 0 to 10 of a person."""
    plans = []
    for expression_id, au in enumerate([(0,) * len(AU_NAMES), *_units_of_pain(spec, identity_id)]):
        level = int(pspi(au))
        manner = manner_of_pain(spec.seed, identity_id, expression_id, au)
        motion = head_motion(spec, identity_id, expression_id) if level else (0.0, 0.0, 0.0)
        kind = "pain" if level else "neutral"
        plans.append(ExpressionPlan(expression_id, au, level, *manner, motion, kind, kind))
    return tuple(plans)


def _units_of_pain(spec: Spec, identity_id: int) -> list[tuple[int, ...]]:
    """Action units in C1 order of each pain expression of a person."""
    numbers = range(1, EXPRESSIONS_PER_IDENTITY)
    if spec.pspi != "uniform":
        return [
            draw_combination(spec.pspi, stream(spec.seed, f"plan.au.{spec.pspi}", identity_id, number))
            for number in numbers
        ]
    levels = stream(spec.seed, "plan.pspi", identity_id).permutation(np.arange(1, PSPI_MAX + 1))
    drawn = []
    for number in numbers:
        choices = combinations_by_pspi()[levels[number - 1]]
        units = choices[stream(spec.seed, "plan.au", identity_id, number).integers(len(choices))]
        drawn.append(tuple(units.tolist()))
    return drawn


@functools.cache
def combinations_by_pspi() -> tuple[np.ndarray, ...]:
    """For each PSPI 0-16 every AU vector that has it, `(n, 6)` int, C1 order, lexicographic."""
    vectors = all_combinations()
    levels = pspi(vectors)
    return tuple(vectors[levels == level] for level in range(PSPI_MAX + 1))
