"""Our own faces, small, for data sets of other people's layouts."""

import functools

import numpy as np
from unbc_layout import SUBJECTS, Shot

from dataset_script.spec import Spec
from dataset_script.vocabulary import ETHNICITIES, GENDERS
from generation.pipeline import FrameMaker
from generation.plan import ExpressionPlan, IdentityPlan, ViewPlan

PIXELS = 64
YAWS = (0.0, -30.0, 30.0)
BLACK = ("tv095t2aeunaff", "095-tv095")
"""Sequence and subject whose first seven frames are black in UNBC-McMaster."""


@functools.cache
def _maker() -> FrameMaker:
    return FrameMaker(Spec(identities=1, size=PIXELS, seed=3))


@functools.cache
def _person(person: int):
    plan = IdentityPlan(
        person, "train", "young", 30 + person, ETHNICITIES[person % 6], GENDERS[person % 2], (), (_view(0),)
    )
    return _maker().person(plan)


@functools.cache
def rendered(person: int, au: tuple[int, ...], view: int = 0) -> np.ndarray:
    """(64, 64, 3), uint8: person `person` with the intensities `au` (6,), seen from the front or the sides."""
    level = au[0] + max(au[1:3]) + max(au[3:5]) + au[5]
    expression = ExpressionPlan(int(level > 0), tuple(map(float, au)), level, {})
    picture, _ = _maker().picture(_person(person), expression, _view(view))
    return picture.rgb


def of_shot(shot: Shot, place: int) -> np.ndarray:
    """For `write_unbc`: what the archive shows, black frames included."""
    if (shot.sequence, shot.subject) == BLACK:
        return np.zeros((PIXELS, PIXELS, 3), np.uint8)
    return rendered(SUBJECTS.index(shot.subject), shot.au)


def _view(view: int) -> ViewPlan:
    return ViewPlan(view, YAWS[view], 0.0, 0.0, 26.0, 1.0)
