"""Faces that move without pain and pictures of other days, as they are drawn."""

import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from dataset_script.features import FEATURES
from dataset_script.rows import facs_problems, key_problems, label_problems, picture_problems
from dataset_script.shards import reference_row
from dataset_script.spec import Spec
from generation.pipeline import FrameMaker
from generation.plan import Plan
from generation.plan.others import OTHERS

SPEC = Spec(identities=12, preset="balanced", size=96, others=len(OTHERS), references=3, geometry=True)
PLAN = Plan(SPEC)
PERSON = 5


@pytest.fixture(scope="module")
def maker():
    return FrameMaker(SPEC)


def pixels(picture: dict) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture["bytes"]))).astype(float)


@pytest.mark.parametrize("expression", PLAN[PERSON].expressions[11:], ids=lambda e: e.name)
def test_every_kind_moves_the_skin_and_is_labelled_as_what_it_is(maker, expression):
    row = maker.make_frame(PLAN[PERSON], expression.expression_id, 0).row
    problems = [*facs_problems(row), *key_problems(row), *label_problems(row), *picture_problems(row, SPEC.size)]
    assert problems == []
    assert (row["expression_kind"], row["expression"]) == (2, expression.name)
    heat = pixels(row["heatmap"])
    assert heat.max() > 10
    if expression.name == "social_smile":  # the lower half of the face alone
        assert heat[: SPEC.size // 3].max() < 0.35 * heat.max()


def test_a_duchenne_smile_counts_and_a_social_one_does_not(maker):
    kinds = {e.name: e for e in PLAN[PERSON].expressions[11:]}
    rows = {name: maker.make_frame(PLAN[PERSON], kinds[name].expression_id, 0).row for name in kinds if "smile" in name}
    assert rows["duchenne_smile"]["pspi"] >= 1 and rows["social_smile"]["pspi"] == 0
    assert all(row["extra_au"]["AU12"] >= 1 for row in rows.values())


def test_a_reference_is_the_same_whoever_makes_it_and_has_no_geometry(maker):
    for day in PLAN.references(PERSON):
        frame = maker.make_frame(day, 0, 0)
        assert FrameMaker(SPEC).make_frame(day, 0, 0).row == frame.row
        assert frame.geometry is None and not pixels(frame.row["heatmap"]).any()
        row = reference_row(frame.row, day.occasion)
        assert set(row) == set(FEATURES["references"])
        FEATURES["references"].encode_example(row)
        assert [*key_problems(row), *label_problems(row), *picture_problems(row, SPEC.size)] == []


def test_the_face_is_that_of_the_person_in_another_light(maker):
    (day, *_), person = PLAN.references(PERSON), maker.person(PLAN[PERSON])
    other = maker.person(day)
    assert (other.neutral == person.neutral).all() and (other.look.skin.albedo == person.look.skin.albedo).all()
    assert not np.array_equal(other.look.scene.light.direction, person.look.scene.light.direction)
    views = [dataclasses.replace(PLAN[PERSON].views[0]), day.views[0]]
    assert views[0] != views[1]
    one, two = (pixels(maker.make_frame(p, 0, 0).row["image"]) for p in (PLAN[PERSON], day))
    assert np.abs(one - two).mean() > 10
