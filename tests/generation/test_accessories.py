"""Who wears what: rates, what excludes what, and what a person keeps."""

from dataclasses import replace

import numpy as np
import pytest

from dataset_script.spec import Spec
from dataset_script.vocabulary import ETHNICITIES
from generation.accessories import ACCESSORIES, EXCLUDED, HIDE_HAIR, OWN, WARD, choose_accessories
from generation.appearance.props.wear import MAKERS
from generation.plan import Plan

PEOPLE = list(Plan(Spec(preset="balanced", seed=3)))


def test_every_accessory_has_a_rate_and_a_maker():
    assert set(ACCESSORIES) == {*OWN, *WARD} == set(MAKERS) and len(set(ACCESSORIES)) == len(ACCESSORIES)
    assert {*EXCLUDED, *(name for names in EXCLUDED.values() for name in names), *HIDE_HAIR} <= set(ACCESSORIES)


def test_the_plan_has_what_was_chosen_and_studios_nothing_of_a_ward():
    assert all(person.accessories == choose_accessories(person, 3) for person in PEOPLE)
    assert not {name for person in PEOPLE for name in person.accessories} & set(WARD)


def test_rates_are_those_of_the_table():
    for name, own in OWN.items():
        for group in ("young", "elderly"):
            for k, gender in enumerate(("man", "woman")):
                those = [p for p in PEOPLE if p.age_group == group and p.gender == gender]
                share = np.mean([name in p.accessories for p in those])
                expected = getattr(own, group)[k] * own.studio
                assert share <= expected + 0.05 and share >= expected - 0.05, (name, group, gender)
    worn = np.mean(["glasses" in p.accessories for p in PEOPLE])
    assert 0.2 < worn < 0.32


def test_in_a_clinical_scene_things_of_the_ward_come_at_their_rates():
    worn = [choose_accessories(replace(person, scene="clinical"), 3) for person in PEOPLE]
    for name, ward in WARD.items():
        share = np.mean([name in names for names in worn])
        assert ward.share * 0.55 - 0.01 < share < ward.share + 0.03, name
    for names in worn:
        assert names == tuple(name for name in ACCESSORIES if name in names)
        assert not any(set(names) & set(EXCLUDED.get(name, ())) for name in names)


@pytest.mark.parametrize("name", ["glasses", "hijab", "headscarf", "earrings"])
def test_no_group_is_told_by_what_it_wears(name):
    women = [p for p in PEOPLE if p.gender == "woman"]
    shares = [np.mean([name in p.accessories for p in women if p.ethnicity == group]) for group in ETHNICITIES]
    spread = 3.5 * np.sqrt(max(np.mean(shares), 0.01) / (len(women) / len(ETHNICITIES)))
    assert max(shares) - min(shares) < spread


def test_what_is_ones_own_stays_and_is_worn_or_not():
    owners = [p for p in PEOPLE if any("glasses" in choose_accessories(replace(p, occasion=k), 3) for k in range(6))]
    share = np.mean([["glasses" in choose_accessories(replace(p, occasion=k), 3) for k in range(6)] for p in owners])
    assert len(owners) < 0.42 * len(PEOPLE) and 0.75 < share < 0.95  # no new owners on other days
    hijab = [p for p in PEOPLE if "hijab" in p.accessories]
    assert hijab and all("hijab" in choose_accessories(replace(p, occasion=4), 3) for p in hijab)


def test_pictures_of_other_days_show_what_is_worn_on_those():
    plan = Plan(Spec(identities=60, preset="balanced", references=3))
    days = [(plan[k], day) for k in range(60) for day in plan.references(k)]
    assert all(day.accessories == choose_accessories(day, 0) for _, day in days)
    changed = [("glasses" in person.accessories) != ("glasses" in day.accessories) for person, day in days]
    assert 0.01 < np.mean(changed) < 0.25
