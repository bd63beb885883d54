"""The columns `occluders` and `hidden_aus`: measured on what is drawn."""

from dataclasses import replace

import numpy as np
import pytest

from dataset_script.facs import AU_NAMES
from dataset_script.spec import Spec
from generation.occluders import face_triangles, hidden_units, occluders_of
from generation.pipeline import FrameMaker
from generation.plan import Plan

SPEC = Spec(identities=24, preset="balanced", size=160)


@pytest.fixture(scope="module")
def maker() -> FrameMaker:
    return FrameMaker(SPEC)


def rows(maker: FrameMaker, identity: int, *accessories: str, view: int = 0) -> dict:
    plan = replace(Plan(SPEC)[identity], accessories=accessories)
    return maker.make_frame(plan, 5, view).row


@pytest.mark.parametrize("identity", [0, 4, 9])
def test_nothing_worn_hides_nothing(maker, identity):
    row = rows(maker, identity)
    assert row["hidden_aus"] == [] and set(row["occluders"]) <= {"hair"}


@pytest.mark.parametrize("identity", [0, 4, 9])
def test_an_oxygen_mask_hides_nose_and_upper_lip(maker, identity):
    row, bare = rows(maker, identity, "oxygen_mask"), rows(maker, identity)
    assert "oxygen_mask" in row["occluders"]
    assert {"AU9", "AU10"} <= set(row["hidden_aus"]) and not {"AU4", "AU6", "AU7", "AU43"} & set(row["hidden_aus"])
    assert row["au"] == bare["au"] and row["pspi"] == bare["pspi"]


@pytest.mark.slow
def test_a_bandage_over_the_brows_hides_their_lowering(maker):
    found = [rows(maker, identity, "head_bandage")["hidden_aus"] for identity in range(12)]
    assert all(set(hidden) <= {"AU4"} for hidden in found)
    assert any(hidden == ["AU4"] for hidden in found)  # where it sits low


def test_glasses_are_named_and_hide_no_unit(maker):
    for identity in (0, 4, 9):
        row = rows(maker, identity, "glasses")
        assert "glasses" in row["occluders"] and row["hidden_aus"] == []


def test_what_is_worn_beside_the_face_is_not_named(maker):
    assert not {"ecg_wires", "earrings", "hearing_aid"} & set(rows(maker, 4, "ecg_wires", "earrings")["occluders"])


def test_a_unit_is_hidden_from_half_of_its_region_on(maker):
    person = maker.person(replace(Plan(SPEC)[4], accessories=("glasses",)))
    picture, _ = maker.picture(person, person.plan.expressions[0], person.plan.views[0])
    face, forehead = face_triangles(maker.head.topology)
    behind = picture.covering.behind
    region = np.zeros(len(face), np.uint8)
    rows_of_face, columns = np.nonzero((behind >= 0) & face[behind])
    seen = np.unique(behind[rows_of_face, columns])
    region[seen] = 1  # the first unit
    top = np.arange(SPEC.size)[:, None] * np.ones(SPEC.size)
    counted = (behind >= 0) & (region[behind] == 1)
    middle = np.median(top[counted])
    for shift, expected in ((-3, []), (3, [AU_NAMES[0]])):
        over = np.where(top <= middle + shift, 0, -1).astype(np.int16)
        covering = replace(picture.covering, covered_by=over, names=("sheet",))
        covered = replace(picture, covering=covering, segments=np.zeros_like(picture.segments))
        assert hidden_units(covered, region, forehead) == expected
        assert occluders_of(covered, face, forehead) == ["sheet"]
