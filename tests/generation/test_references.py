"""Reference pictures: the same people at rest on other days."""

import dataclasses
import shutil
from collections import Counter

import numpy as np
import pyarrow.parquet as pq
import pytest
from damage import rewrite
from datasets import load_dataset
from directories import contents
from fake_builder import FakePain3D
from fake_maker import FakeMaker
from hypothesis import given, settings
from hypothesis import strategies as st

import pain3d_cli
from dataset_script.counts import count_dataset
from dataset_script.errors import InvalidInput
from dataset_script.features import FEATURES
from dataset_script.manifest import read_manifest
from dataset_script.spec import Spec
from dataset_script.vocabulary import FrameKey, format_frame_id, parse_frame_id
from generation.appearance.clothes import choose_clothes
from generation.appearance.eyes import choose_iris
from generation.appearance.hair.styles import LOOSE, TIED, choose_beard, choose_style, hair_colour
from generation.appearance.places.setups import SETUPS, choose_setup
from generation.catalogue import check
from generation.plan import Plan
from generation.plan.views import FOV, MAX_REFERENCE_YAW
from generation.prompts import prompt_of
from generation.run.audit import audit
from generation.run.generate import generate
from generation.run.local import Local
from generation.run.single import regenerate

SHARD = "references/train-00000-of-00001.parquet"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    out = tmp_path_factory.mktemp("references") / "pain3d"
    generate(out, Spec(identities=5, size=64, references=3, others=1, geometry=True), maker_factory=FakeMaker)
    return out


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 20), st.integers(0, 2**63 - 1), st.integers(0, 29))
def test_they_are_the_same_person_at_rest_in_one_view(count, seed, identity):
    plan = Plan(Spec(identities=30, references=count, seed=seed))
    person, days = plan[identity], plan.references(identity)
    assert [day.occasion for day in days] == list(range(1, count + 1))
    for day in days:
        assert day.expressions == person.expressions[:1] and day.expressions[0].kind == "neutral"
        (view,) = day.views
        assert view.view_id == 0 and abs(view.yaw) <= MAX_REFERENCE_YAW and FOV[0] <= view.fov <= FOV[1]
        kept = dataclasses.replace(day, occasion=0, expressions=person.expressions, views=person.views)
        assert dataclasses.replace(kept, accessories=person.accessories) == person  # what is worn is the day's
        assert choose_iris(day, seed) == choose_iris(person, seed)
        assert choose_beard(day, seed) == choose_beard(person, seed)
        assert hair_colour(day, seed).name == hair_colour(person, seed).name
    assert len({day.views for day in days}) == count
    fewer = Plan(Spec(identities=30, references=count // 2, seed=seed)).references(identity)
    assert days[: count // 2] == fewer


def test_light_clothes_and_prompt_change_with_the_day():
    plan = Plan(Spec(identities=60, references=1))
    same = Counter()
    for person in plan:
        (day,) = plan.references(person.identity_id)
        setups = [choose_setup(p, 0)[0] for p in (person, day)]
        colours = [
            choose_clothes(of, SETUPS[setup].place, 0)[1].colour.tolist()
            for of, setup in zip((person, day), setups, strict=True)
        ]
        same.update(setup=setups[0] == setups[1], clothes=colours[0] == colours[1])
        same.update(prompt=prompt_of(person, 0) == prompt_of(day, 0))
    assert same["clothes"] == same["prompt"] == 0 and same["setup"] < 10


def test_long_hair_is_worn_otherwise_on_half_of_the_days_and_short_hair_never():
    plan, worn = Plan(Spec(identities=400, preset="balanced", references=1)), Counter()
    for person in plan:
        (day,) = plan.references(person.identity_id)
        (one, recede), (other, again) = choose_style(person, 0), choose_style(day, 0)
        assert recede == again
        if one in TIED + LOOSE:
            worn["other" if one != other else "same"] += 1
            assert one == other or (one in TIED) != (other in TIED)
        else:
            assert one == other
    assert worn.total() > 80 and 0.35 < worn["other"] / worn.total() < 0.62


def test_loose_hair_has_one_nature():
    plan = Plan(Spec(identities=60, preset="balanced", references=12))
    several = 0
    for person in plan:
        loose = {choose_style(day, 0)[0] for day in (person, *plan.references(person.identity_id))} & {*LOOSE}
        assert len(loose) <= 1
        several += len(loose)
    assert several > 5


def test_a_dataset_with_references_is_whole_and_loads(dataset):
    assert audit(dataset).problems == []
    found = count_dataset(dataset)
    assert found["complete"] and found["configs"]["references"] == 15 and found["frames"]["made"] == 5 * 36
    rows = load_dataset(str(dataset), "references", split="train")
    assert rows.features == FEATURES["references"]
    neutral = {r["frame_id"]: r for r in pq.read_table(dataset / "data").to_pylist() if r["expression_id"] == 0}
    assert [row["reference_id"] for row in rows] == [1, 2, 3] * 3
    for row in rows.remove_columns("image"):
        session = neutral[row["neutral_frame_id"]]
        assert row["frame_id"] == f"{row['identity_id']:05d}-r{row['reference_id']}-0"
        assert (row["au"], row["pspi"], row["expression_kind"]) == ([0.0] * 6, 0, 0)
        assert all(row[name] == session[name] for name in ("age", "gender", "ethnicity", "neutral_frame_id"))
    pictures = [r["image"]["bytes"] for r in pq.read_table(dataset / "references").to_pylist()]
    assert len({*pictures, *(r["image"]["bytes"] for r in neutral.values())}) == 15 + 15
    assert "references" in (dataset / "README.md").read_text()


def test_frames_of_the_session_do_not_depend_on_references(dataset, tmp_path):
    generate(tmp_path, Spec(identities=5, size=64, others=1), maker_factory=FakeMaker)
    one, other = (pq.read_table(d / "data").to_pylist() for d in (dataset, tmp_path))
    assert one == other


def test_workers_and_interruptions_change_nothing(dataset, tmp_path):
    generate(tmp_path / "again", Spec.load(dataset), executor=Local(2), maker_factory=FakeMaker)
    assert contents(tmp_path / "again") == contents(dataset)
    (tmp_path / "again" / SHARD).unlink()
    assert audit(tmp_path / "again", quick=True).problems
    generate(tmp_path / "again", Spec.load(dataset), maker_factory=FakeMaker)
    assert contents(tmp_path / "again") == contents(dataset)
    assert sum(entry.rows for entry in read_manifest(dataset) if entry.config == "references") == 15


def test_one_of_them_can_be_made_alone(dataset, tmp_path):
    row = pq.read_table(dataset / "references").to_pylist()[1]
    assert regenerate(Spec.load(dataset), row["frame_id"], FakeMaker).row["image"] == row["image"]
    with pytest.raises(InvalidInput, match="reference pictures of a person in this dataset: 3"):
        regenerate(Spec.load(dataset), "00000-r4-0", FakeMaker)


def test_a_changed_label_of_one_is_found(dataset, tmp_path):
    copy = shutil.copytree(dataset, tmp_path / "copy")

    def change(rows):
        rows[1]["reference_id"] = 3
        rows[2]["setup"] = "candle"

    rewrite(copy, SHARD, change)
    problems = audit(copy, quick=True).problems
    assert any("reference_id is 3; planned is 2" in problem for problem in problems)
    assert any("setup is 'candle'; planned is" in problem for problem in problems)
    assert any("its parts give '" in problem for problem in problems)


def test_the_builder_makes_the_same_rows(dataset, tmp_path):
    builder = FakePain3D("references", cache_dir=str(tmp_path), identities=5, size=64, references=3, others=1)
    builder.download_and_prepare()
    made = builder.as_dataset(split="train").with_format("arrow")[:]
    stored = pq.read_table(dataset / SHARD)
    for name in ("frame_id", "image", "setup", "prompt"):
        assert made[name].to_pylist() == stored[name].to_pylist()
    with pytest.raises(InvalidInput, match="references is 0; the configuration references needs 1 or more"):
        FakePain3D("references", cache_dir=str(tmp_path), identities=5)


def test_looks_that_are_painted_have_none():
    with pytest.raises(InvalidInput, match="references is 2; allowed: 0, as look 'kandinsky' paints a person once"):
        check(Spec(look="kandinsky", references=2))


@given(st.integers(0, 99_999), st.integers(1, 20))
def test_their_ids_round_trip(identity, number):
    assert parse_frame_id(format_frame_id(identity, 0, 0, number)) == FrameKey(identity, 0, 0, number)


@pytest.mark.parametrize("text", ["00017-r0-0", "00017-r21-0", "00017-r1-1", "00017-r01-0", "00017-R1-0"])
def test_ids_that_are_almost_theirs_are_refused(text):
    with pytest.raises(InvalidInput, match="frame_id"):
        parse_frame_id(text)


def test_the_command_line_makes_them(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("generation.pipeline.FrameMaker", FakeMaker)
    monkeypatch.setattr("generation.pipeline.maker_with", lambda files, painting=None: FakeMaker)
    out = tmp_path / "out"
    words = ["generate", str(out), "--identities", "2", "--size", "64", "--references", "2", "--workers", "1"]
    assert pain3d_cli.main(words) == 0
    assert "70 frames" in capsys.readouterr().out
    picture = tmp_path / "r.jpg"
    assert pain3d_cli.main(["frame", str(out), "00001-r2-0", "--out", str(picture)]) == 0
    rows = {r["frame_id"]: r for r in pq.read_table(out / "references").to_pylist()}
    assert picture.read_bytes() == rows["00001-r2-0"]["image"]["bytes"]
    assert np.unique([r["identity_id"] for r in rows.values()]).tolist() == [0, 1]
