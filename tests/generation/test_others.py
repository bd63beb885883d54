"""Expressions that are no pain: their kinds, their units, and datasets that hold them."""

from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from directories import contents
from fake_maker import FakeMaker
from hypothesis import given, settings
from hypothesis import strategies as st

import pain3d_cli
from dataset_script.counts import count_dataset
from dataset_script.errors import InvalidInput
from dataset_script.facs import AU_MAX, AU_NAMES, EXTRA_AU_MAX, EXTRA_AU_NAMES, pspi
from dataset_script.hub_readme import read_infos
from dataset_script.spec import Spec
from generation.plan import Plan
from generation.plan.others import OTHERS
from generation.run.audit import audit
from generation.run.generate import generate
from generation.run.local import Local
from generation.run.single import regenerate
from generation.sheets.gallery import gallery

DOCS = Path(__file__).parents[2] / "docs" / "others.md"


@pytest.fixture(scope="module")
def others():
    """3,000 of them."""
    return [e for person in Plan(Spec(identities=300, others=10, seed=3)) for e in person.expressions[11:]]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    out = tmp_path_factory.mktemp("others") / "pain3d"
    generate(out, Spec(identities=5, size=64, others=4, geometry=True), maker_factory=FakeMaker)
    return out


def units_of(expression):
    return dict(zip(AU_NAMES, expression.au, strict=True)) | expression.extra_au


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 2**63 - 1))
def test_every_kind_comes_equally_often_and_its_units_are_its_own(count, identities, seed):
    people = Plan(Spec(identities=identities, others=count, seed=seed))
    found = [people[i].expressions[11:] for i in range(min(identities, 20))]
    kinds = Counter(e.name for expressions in found for e in expressions)
    assert max(kinds.values()) - min(kinds[name] for name in OTHERS) <= 1
    for expressions in found:
        assert [e.expression_id for e in expressions] == list(range(11, 11 + count))
        assert len({e.name for e in expressions}) == min(count, len(OTHERS))
        for e in expressions:
            assert e.kind == "other" and e.pspi == pspi(e.au)
            assert all(0 <= level <= top for level, top in zip(e.au, AU_MAX, strict=True))
            assert [*e.extra_au] == list(EXTRA_AU_NAMES) and max(e.extra_au.values()) <= EXTRA_AU_MAX
            assert abs(e.asymmetry) <= OTHERS[e.name].asymmetry
            moved = {name for name, level in units_of(e).items() if level}
            assert e.extra_au["AU25"] >= max(e.au[3:5])
            if e.extra_au["AU25"] == max(e.au[3:5]):
                moved -= {"AU25"}  # that raised the lip
            assert moved and any(moved <= way.keys() for way in OTHERS[e.name].ways)


@pytest.mark.parametrize("count", [1, 12])
def test_neutral_and_pain_do_not_depend_on_others(count):
    without, with_ = (Plan(Spec(identities=20, others=n)) for n in (0, count))
    for one, other in zip(without, with_, strict=True):
        assert one.expressions == other.expressions[:11] and one.views == other.views


def test_what_pspi_says_of_them(others):
    levels = {name: [e.pspi for e in others if e.name == name] for name in OTHERS}
    assert {len(found) for found in levels.values()} == {300}
    assert min(levels["duchenne_smile"]) >= 1 and set(levels["social_smile"]) == {0}
    assert set(levels["surprise"]) == {0}
    assert min(levels["blink"]) >= 1 and max(levels["blink"]) == 2
    assert max(levels["squint"]) >= 8
    assert all(e.au[5] for e in others if e.name == "blink")


@pytest.mark.parametrize("name", OTHERS)
def test_units_come_as_often_as_stated(others, name):
    other, found = OTHERS[name], [e for e in others if e.name == name]
    for unit in {unit for way in other.ways for unit in way}:
        ways = [way[unit] for way in other.ways if unit in way]
        expected = sum(w.share * (w.high - max(w.low, 1) + 1) / (w.high - w.low + 1) for w in ways) / len(other.ways)
        there = [units_of(e)[unit] > 0 for e in found]
        assert abs(sum(there) / len(found) - expected) <= 4 * (expected * (1 - expected) / len(found)) ** 0.5


def test_the_docs_name_every_kind_its_units_and_its_source():
    text = " ".join(DOCS.read_text(encoding="utf-8").split())
    for name, other in OTHERS.items():
        assert f"`{name}`" in text
        assert other.source in text
        assert all(unit in text for way in other.ways for unit in way)


def test_a_dataset_with_others_is_whole(dataset):
    assert audit(dataset).problems == []
    found = count_dataset(dataset)
    assert found["complete"] and found["frames"] == {"made": 5 * 45, "planned": 5 * 45}
    assert found["configs"] == {"default": 225, "pairs": 210, "geometry": 225}
    assert found["expressions"]["neutral"] == 15 and found["expressions"]["pain"] == 150
    assert sum(found["expressions"].values()) == 225
    pairs = pq.read_table(dataset / "pairs").to_pylist()
    neutral = {r["frame_id"]: r["image"] for r in pq.read_table(dataset / "data").to_pylist() if not r["expression_id"]}
    assert Counter(row["expression_kind"] for row in pairs) == {1: 150, 2: 60}
    assert all(row["neutral_image"] == neutral[row["neutral_frame_id"]] for row in pairs)
    assert read_infos(dataset)["default"].splits["train"].num_examples == 3 * 45


def test_it_does_not_depend_on_the_number_of_workers(dataset, tmp_path):
    generate(tmp_path / "again", Spec.load(dataset), executor=Local(2), maker_factory=FakeMaker)
    assert contents(tmp_path / "again") == contents(dataset)


def test_info_and_gallery_show_them(dataset, tmp_path, capsys):
    assert pain3d_cli.main(["info", str(dataset)]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in count_dataset(dataset)["expressions"])
    pain, other = gallery(dataset, 2, 4), gallery(dataset, 2, 4, "other")
    assert pain.size == other.size and pain.tobytes() != other.tobytes()
    with pytest.raises(InvalidInput, match="kind is 'calm'; allowed: pain or other"):
        gallery(dataset, 2, 4, "calm")


def test_a_gallery_of_others_of_a_dataset_without_any_is_refused(tmp_path):
    generate(tmp_path, Spec(identities=1, size=64), maker_factory=FakeMaker)
    with pytest.raises(InvalidInput, match="has no expressions that are no pain"):
        gallery(tmp_path, 2, 4, "other")


def test_one_of_them_can_be_made_alone_and_no_more_than_there_are(dataset):
    row = next(r for r in pq.read_table(dataset / "data").to_pylist() if r["expression_id"] == 14)
    assert regenerate(Spec.load(dataset), row["frame_id"], FakeMaker).row["image"] == row["image"]
    with pytest.raises(InvalidInput, match="expressions of this dataset are 0 to 14"):
        regenerate(Spec.load(dataset), "00000-15-0", FakeMaker)
