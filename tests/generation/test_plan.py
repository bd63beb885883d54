import dataclasses
import hashlib
import itertools
from collections import Counter

import numpy as np
import pytest
from counted_lines import at_most
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from dataset_script.facs import AU_MAX, EXTRA_AU_NAMES, pspi
from dataset_script.spec import Spec
from dataset_script.vocabulary import AGE_GROUPS, ETHNICITIES, GENDERS, SPLITS
from generation.plan import Plan
from generation.plan.demographics import largest_remainder
from generation.plan.manner import HEAD_SPREAD, MAX_ASYMMETRY
from generation.plan.pain import combinations_by_pspi
from generation.populations import AGE_RANGES, COMPANIONS
from generation.streams import occasion_stream, stream


def counts(plan, name, labels):
    found = Counter(getattr(person, name) for person in plan)
    return [found[label] for label in labels]


@pytest.fixture(scope="module")
def paper():
    return list(Plan(Spec()))


def test_paper_preset_is_table_1(paper):
    assert counts(paper, "age_group", AGE_GROUPS) == [1563, 937]
    assert counts(paper, "ethnicity", ETHNICITIES) == [646, 460, 469, 82, 585, 258]
    assert counts(paper, "gender", GENDERS) == [1723, 777]
    assert counts(paper, "split", SPLITS) == [1747, 497, 256]


def test_paper_attributes_are_independent(paper):
    women_of = {label: [p.gender == "woman" for p in paper if p.ethnicity == label] for label in ETHNICITIES}
    for women in women_of.values():
        assert abs(np.mean(women) - 777 / 2500) < 4 * np.sqrt(0.31 * 0.69 / len(women))


def test_paper_preset_is_proportional_at_100():
    plan = Plan(Spec(identities=100))
    assert counts(plan, "age_group", AGE_GROUPS) == [63, 37]
    assert counts(plan, "ethnicity", ETHNICITIES) == [26, 19, 19, 3, 23, 10]
    assert counts(plan, "gender", GENDERS) == [69, 31]
    assert counts(plan, "split", SPLITS) == [70, 20, 10]


@pytest.mark.parametrize("identities", [1, 5, 12, 24, 25, 30, 47, 100, 240])
@pytest.mark.parametrize("seed", [0, 1])
def test_balanced_cells_and_marginals_are_within_one(identities, seed):
    plan = Plan(Spec(identities=identities, preset="balanced", seed=seed))
    cells = Counter((p.age_group, p.ethnicity, p.gender) for p in plan)
    everyone = [cells[cell] for cell in itertools.product(AGE_GROUPS, ETHNICITIES, GENDERS)]
    assert sum(everyone) == identities
    for spread in (
        everyone,
        counts(plan, "age_group", AGE_GROUPS),
        counts(plan, "ethnicity", ETHNICITIES),
        counts(plan, "gender", GENDERS),
    ):
        assert max(spread) - min(spread) <= 1


@given(st.integers(0, 10**6), st.lists(st.integers(0, 2000), min_size=1, max_size=8).filter(any))
def test_largest_remainder_shares_everything_and_stays_within_one_of_the_exact_share(total, weights):
    shares = largest_remainder(total, weights)
    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - total * weight / sum(weights)) < 1 + 1e-6


@pytest.mark.parametrize(("identities", "sizes"), [(1, [1, 0, 0]), (2, [2, 0, 0]), (3, [1, 1, 1]), (24, [17, 5, 2])])
def test_small_datasets_keep_their_splits(identities, sizes):
    assert counts(Plan(Spec(identities=identities)), "split", SPLITS) == sizes


def test_the_seed_decides_who_is_who():
    one, same, other = (list(Plan(Spec(identities=50, seed=seed))) for seed in (1, 1, 2))
    assert one == same
    assert [p.ethnicity for p in one] != [p.ethnicity for p in other]
    assert [p.split for p in one] != [p.split for p in other]


def test_options_that_concern_pixels_leave_the_plan_alone():
    assert list(Plan(Spec(identities=20, size=64, jpeg_quality=50))) == list(Plan(Spec(identities=20, size=512)))


def test_golden():
    """The whole plan of a small dataset. A change here is a new generator version."""
    people = [dataclasses.asdict(person) for person in Plan(Spec(identities=24, seed=7))]
    for person in people:  # what a spec without options for them leaves as it is
        del person["occasion"], person["scene"], person["circumstances"], person["accessories"]
        for expression in person["expressions"]:
            del expression["kind"], expression["name"]
        for view in person["views"]:
            assert (view.pop("aside"), view.pop("camera")) == ((0.0, 0.0), "tripod")
    assert people[3]["expressions"][4]["au"] == (5, 0, 5, 3, 1, 0)
    assert (
        hashlib.sha256(repr(people).encode()).hexdigest()
        == "42fc3f8ca34817d7873eb8bea525830430a84324bf9060fce8df8117db82f884"
    )


def test_ages_lie_in_their_group(paper):
    for group, (low, high) in AGE_RANGES.items():
        ages = [p.age for p in paper if p.age_group == group]
        assert (min(ages), max(ages)) == (low, high)


def test_expressions_are_one_neutral_and_ten_different_levels(paper):
    for person in paper[:300]:
        neutral, *pain = person.expressions
        assert (neutral.au, neutral.pspi) == ((0,) * 6, 0)
        assert [e.expression_id for e in person.expressions] == list(range(11))
        assert len({e.pspi for e in pain}) == 10
        for expression in person.expressions:
            assert pspi(expression.au) == expression.pspi
            assert set(expression.extra_au) == set(EXTRA_AU_NAMES) and abs(expression.asymmetry) <= MAX_ASYMMETRY
            assert expression.expression_id > 0 or not any(expression.extra_au.values())


def test_companions_come_as_often_as_stated_and_more_often_with_strong_pain(paper):
    pain = [e for person in paper for e in person.expressions[1:]]
    for name, (probability, top) in COMPANIONS.items():
        if name == "AU25":
            continue  # AU9 and AU10 part lips, too: see the next test
        strong, weak = ([e.extra_au[name] for e in pain if e.pspi in levels] for levels in ((14, 15, 16), (1, 2, 3)))
        assert np.isclose(np.mean(np.array(strong) > 0), probability * (1 + 2 * 15 / 16) / 3, atol=0.02)
        assert np.mean(np.array(weak) > 0) < 0.6 * np.mean(np.array(strong) > 0)
        assert set(strong) == {float(level) for level in range(top + 1)}


def test_lips_part_with_a_raised_upper_lip_and_otherwise_as_often_as_stated(paper):
    pain = [e for person in paper for e in person.expressions[1:]]
    assert all(e.extra_au["AU25"] >= max(e.au[3:5]) for e in pain)
    still = [e for e in pain if max(e.au[3:5]) == 0]
    probability, top = COMPANIONS["AU25"]
    stated = np.mean([probability * (1 + 2 * e.pspi / 16) / 3 for e in still])
    assert len(still) > 2000 and np.isclose(np.mean([e.extra_au["AU25"] > 0 for e in still]), stated, atol=0.02)
    assert {e.extra_au["AU25"] for e in still} == {float(level) for level in range(top + 1)}


def test_pspi_is_uniform_over_1_to_16_at_every_expression(paper):
    for expression_id in range(1, 11):
        levels = [person.expressions[expression_id].pspi for person in paper]
        assert chisquare(np.bincount(levels, minlength=17)[1:]).pvalue > 1e-4


def test_combinations_cover_every_vector_once():
    groups = combinations_by_pspi()
    assert sum(map(len, groups)) == 6**5 * 2
    assert len({tuple(vector) for group in groups for vector in group}) == 6**5 * 2
    for level, group in enumerate(groups):
        assert (pspi(group) == level).all()
        assert ((group >= 0) & (group <= AU_MAX)).all()


@pytest.mark.parametrize("level", [1, 2, 15, 16])
def test_combinations_are_uniform_given_pspi(paper, level):
    """At levels with few enough combinations (8 to 440) for the 1,500 or so draws of each."""
    index = {tuple(vector): k for k, vector in enumerate(combinations_by_pspi()[level].tolist())}
    draws = np.bincount(
        [index[e.au] for person in paper for e in person.expressions if e.pspi == level], minlength=len(index)
    )
    assert draws.sum() > 1300
    cells = draws if len(index) < 100 else draws[: len(index) // 11 * 11].reshape(11, -1).sum(axis=1)
    assert chisquare(cells).pvalue > 1e-4


def test_views_are_frontal_and_two_sides_alternating(paper):
    for person in paper[:500]:
        frontal, first, second = person.views
        assert [view.view_id for view in person.views] == [0, 1, 2]
        assert abs(frontal.yaw) <= 4
        assert np.sign(first.yaw) == -np.sign(second.yaw) == (1 if person.identity_id % 2 == 0 else -1)
        for view in person.views:
            assert abs(view.pitch) <= 8
            assert abs(view.roll) <= 4
            assert 20 <= view.fov <= 34
            assert 0.92 <= view.framing <= 1.10
        for view in (first, second):
            assert 18 <= abs(view.yaw) <= 42


def test_the_head_moves_a_little_with_pain_and_not_at_all_when_asked():
    still, usual, twice = (Plan(Spec(identities=40, head_motion=x)) for x in (0, 1, 2))
    motion = np.array([[e.head_motion for e in person.expressions] for person in usual])
    assert not motion[:, 0].any()
    assert np.allclose(motion[:, 1:].std(axis=(0, 1)), HEAD_SPREAD, rtol=0.15)
    assert np.abs(motion).max() <= 4
    assert np.allclose([[e.head_motion for e in p.expressions] for p in twice], 2 * motion)
    assert not any(any(e.head_motion) for p in still for e in p.expressions)
    assert [p.views for p in still] == [p.views for p in usual]


@pytest.mark.parametrize("identities", [1, 3, 24, 1000])
def test_chunks_hold_every_identity_once_and_never_mix_splits(identities):
    plan = Plan(Spec(identities=identities))
    chunks = plan.chunks()
    assert sorted(i for chunk in chunks for i in chunk.identities) == list(range(identities))
    for chunk in chunks:
        assert {plan[i].split for i in chunk.identities} == {chunk.split}
        assert 1 <= len(chunk.identities) <= plan.spec.identities_per_shard
        assert chunk.count == sum(other.split == chunk.split for other in chunks)
    assert {(c.split, c.index) for c in chunks} == {(c.split, k) for c in chunks for k in range(c.count)}


def test_one_identity_costs_little():
    with at_most(100_000):  # one line for each of the others would be more
        plan = Plan(Spec(identities=99_999))
        assert plan[99_998].identity_id == 99_998
    with pytest.raises(IndexError):
        plan[99_999]


def test_the_first_occasion_has_the_streams_of_the_person_and_others_have_their_own():
    person = Plan(Spec(identities=3))[2]
    again = dataclasses.replace(person, occasion=1)
    first = occasion_stream(7, "look.scene", person, 4, 1).random(4)
    assert (first == stream(7, "look.scene", 2, 4, 1).random(4)).all()
    others = [occasion_stream(7, "look.scene", dataclasses.replace(person, occasion=k)).random() for k in range(4)]
    assert len({*others}) == 4
    assert occasion_stream(7, "look.scene", again).random() == others[1]
