"""Pain as it was found: frequencies of PSPI and action units against the published ones."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from dataset_script.facs import AU_MAX, AU_NAMES, pspi
from dataset_script.spec import Spec
from generation.plan import Plan
from generation.plan.occurrence import (
    DEMENTIA_PRESENT,
    MARGINALS,
    UNBC_PSPI,
    UNBC_UNITS,
    Marginals,
    all_combinations,
    combination_shares,
    fitted,
)

DOCS = Path(__file__).parents[2] / "docs" / "pspi.md"


@pytest.fixture(scope="module", params=MARGINALS)
def sampled(request):
    """Its name, and 20,000 pain expressions of it, `(n, 6)`."""
    people = Plan(Spec(identities=2000, pspi=request.param, seed=5))
    return request.param, np.array([e.au for person in people for e in person.expressions[1:]])


def test_the_published_tables_add_up():
    assert sum(UNBC_PSPI) == 48_398
    assert round(UNBC_PSPI[0] / 48_398, 3) == 0.827
    totals = {"AU4": 1074, "AU6": 5557, "AU7": 3366, "AU9": 423, "AU10": 525, "AU43": 2434}
    assert {name: sum(seen) for name, seen in UNBC_UNITS.items()} == totals


@pytest.mark.parametrize("name", MARGINALS)
def test_the_distribution_has_the_marginals_and_no_face_without_pain(name):
    shares, wanted, vectors = combination_shares(name), MARGINALS[name](), all_combinations()
    assert shares.sum() == pytest.approx(1) and shares.min() >= 0 and shares[0] == 0
    for k, unit in enumerate(AU_NAMES):
        assert np.allclose(np.bincount(vectors[:, k], shares), wanted.units[unit], atol=1e-8)
    if wanted.levels is not None:
        assert np.allclose(np.bincount(pspi(vectors).astype(int), shares), wanted.levels, atol=1e-8)


def test_what_is_drawn_comes_as_often_as_it_was_found(sampled):
    name, units = sampled
    wanted = MARGINALS[name]()
    assert (pspi(units) >= 1).all() and (units <= AU_MAX).all()
    tested = [(units[:, k], wanted.units[unit]) for k, unit in enumerate(AU_NAMES)]
    if wanted.levels is not None:
        tested.append((pspi(units).astype(int), wanted.levels))
    for values, shares in tested:
        expected = shares * len(values)
        often = expected >= 5
        found = np.bincount(values, minlength=len(shares))
        assert found[shares == 0].sum() == 0
        observed, hoped = (np.array([*n[often], n[~often].sum()]) for n in (found, expected))
        there = hoped > 0
        assert chisquare(observed[there], hoped[there]).pvalue > 1e-4


def test_severe_pain_in_dementia_as_published():
    people = Plan(Spec(identities=2000, pspi="dementia", seed=1))
    present = (np.array([e.au for person in people for e in person.expressions[1:]]) > 0).mean(axis=0)
    for unit, share in (("AU7", 0.486), ("AU43", 0.429), ("AU6", 0.421)):
        assert present[AU_NAMES.index(unit)] == pytest.approx(share, abs=4 * (share * (1 - share) / 20_000) ** 0.5)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(MARGINALS)), st.integers(0, 2**63 - 1), st.integers(0, 49))
def test_every_person_has_one_neutral_and_ten_pain_expressions(name, seed, identity):
    neutral, *pain = Plan(Spec(identities=50, pspi=name, seed=seed))[identity].expressions
    assert (neutral.pspi, neutral.kind) == (0, "neutral") and len(pain) == 10
    assert all(e.kind == e.name == "pain" and e.pspi == pspi(e.au) >= 1 for e in pain)


def test_units_come_together_more_than_by_chance_only_where_the_marginals_ask_for_it():
    """Of the most entropy: without a PSPI that is known, units are independent but for never being all absent."""
    independent = {name: np.full(top + 1, 1 / (top + 1)) for name, top in zip(AU_NAMES, AU_MAX, strict=True)}
    shares = fitted(Marginals(None, independent))
    some = shares[(all_combinations()[:, 1:] > 0).any(axis=1)]
    assert np.ptp(some) < 0.01 * some.mean()


def test_marginals_that_contradict_each_other_are_refused():
    never = MARGINALS["clinical"]()
    impossible = {name: np.eye(top + 1)[0] for name, top in zip(AU_NAMES, AU_MAX, strict=True)}
    with pytest.raises(ValueError, match="no distribution"):
        fitted(Marginals(never.levels, impossible))


def test_the_samplings_differ_and_leave_people_and_cameras_alone():
    plans = {name: list(Plan(Spec(identities=8, pspi=name))) for name in ("uniform", *MARGINALS)}
    for person in zip(*plans.values(), strict=True):
        assert len({(p.age, p.gender, p.ethnicity, p.views) for p in person}) == 1
        assert len({tuple(e.au for e in p.expressions) for p in person}) == 3
    levels = Counter(e.pspi for p in plans["clinical"] for e in p.expressions[1:])
    assert sum(levels[k] for k in (1, 2, 3)) > 0.6 * levels.total()


def test_the_docs_have_every_figure():
    text = DOCS.read_text(encoding="utf-8").replace(",", "")
    for count in (*UNBC_PSPI, *(n for seen in UNBC_UNITS.values() for n in seen)):
        assert f" {count} " in text
    for share in DEMENTIA_PRESENT.values():
        assert f"{100 * share:g} %" in text
