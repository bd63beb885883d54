"""The sets of `benchmarks.shift`: who and what is in them, how they are drawn, and how `home` is ruined."""

import numpy as np
import pytest
from datasets import load_dataset
from fake_shift_sets import PEOPLE

from benchmarks.shift import __main__ as command
from benchmarks.shift.frames import is_drawn, open_set
from benchmarks.shift.ruined import RUINED, ruined
from benchmarks.shift.sets import HELD_OUT, SEED, SETS, SMILES
from generation.plan import Plan

WHOLE = dict(SETS)
"""As they are without the fixture, which makes them small."""


def people_of(name: str) -> list:
    each = WHOLE[name]
    plan = Plan(each.spec(64, "0" * 64 if each.needs_ict else None))
    return [each.person(plan, k) for k in range(each.people)]


def names_of(name: str) -> list[tuple[int, int, int]]:
    return [
        (person.identity_id, expression.expression_id, view.view_id)
        for person in people_of(name)
        for expression in person.expressions
        for view in person.views
    ]


def test_a_frame_of_any_set_shows_the_person_of_that_frame_in_home():
    home = {person.identity_id: person for person in people_of("home")}
    common = set(names_of("home"))
    for name in WHOLE:
        assert len(common & set(names_of(name))) >= 64, name
        for person in people_of(name):
            same = home[person.identity_id]
            assert (person.age_group, person.ethnicity, person.gender) == (same.age_group, same.ethnicity, same.gender)
            assert person.expressions[1] == same.expressions[1], name
    assert SEED >= 9000


def test_sizes_are_what_a_cpu_scores_in_a_minute_and_all_groups_are_there():
    sizes = {name: len(names_of(name)) for name in WHOLE}
    assert all(250 <= size <= 500 for name, size in sizes.items() if name != "cycles") and sizes["cycles"] <= 150
    groups = [(person.age_group, person.ethnicity, person.gender) for person in people_of("home")]
    assert {groups.count(each) for each in groups} == {2}
    views = [person.views[0].view_id for person in people_of("cycles")]
    assert views.count(0) == views.count(1)


def test_everybody_of_others_smiles_in_both_ways_and_does_one_thing_more():
    for person in people_of("others"):
        names = [expression.name for expression in person.expressions]
        assert {*SMILES} < {*names} and names[:2] == ["neutral", "pain"] and len(names) == 5


def test_unseen_wears_one_thing_each_that_the_default_scene_never_has():
    worn = [person.accessories for person in people_of("unseen")]
    assert {name for (name,) in worn} == {*HELD_OUT}
    assert not {name for person in people_of("home") for name in person.accessories} & {*HELD_OUT}


def test_drawn_sets_load_and_are_left_as_they_are(shift_sets, capsys):
    frames = load_dataset(str(shift_sets / "home"), split="test")
    assert len(frames) == PEOPLE * 4 * 2
    assert command.main(["make", str(shift_sets), "home", "--size", "64"]) == 0
    assert "home: 0 frames drawn" in capsys.readouterr().out


def test_an_interrupted_set_is_finished(shift_sets, capsys):
    manifest = shift_sets / "unseen" / "manifest.jsonl"
    whole = manifest.read_text()
    before = (shift_sets / "unseen" / "data" / "test-00001-of-00002.parquet").read_bytes()
    manifest.write_text(whole.splitlines(keepends=True)[0])
    assert is_drawn(shift_sets, "home") and not is_drawn(shift_sets, "unseen") and not is_drawn(shift_sets, "cycles")
    assert command.main(["make", str(shift_sets), "unseen", "--size", "64"]) == 0
    assert f"unseen: {PEOPLE * 4} frames drawn" in capsys.readouterr().out
    assert manifest.read_text() == whole
    assert (shift_sets / "unseen" / "data" / "test-00001-of-00002.parquet").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["home", "--size", "96"], "another set"),
        (["ict"], "--ict FILE"),
        (["rain"], "'rain' is not known; allowed: home"),
    ],
)
def test_a_wrong_call_is_one_line(arguments, words, shift_sets, capsys):
    assert command.main(["make", str(shift_sets), *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1


def test_labels_of_a_set_are_read(shift_sets):
    observed = open_set(shift_sets, "others").observed
    assert observed.neutral.sum() == PEOPLE * 2
    assert observed.smile.sum() == PEOPLE * 2  # of five expressions, the smile with AU6 alone
    assert observed.hidden.shape == observed.au.shape == (PEOPLE * 10, 6)


def test_ruined_pictures_keep_labels_and_faces(shift_sets):
    home = open_set(shift_sets, "home").rows
    before = np.asarray(home[5]["image"].convert("RGB"), float)
    for name in RUINED:
        row = ruined(home, name)[5]
        after = np.asarray(row["image"], float)
        share = 0.5 if name == "half" else 1.0
        assert after.shape == (64 * share, 64 * share, 3)
        assert row["face_box"] == pytest.approx([share * value for value in home[5]["face_box"]])
        assert row["au"] == home[5]["au"] and row["frame_id"] == home[5]["frame_id"]
        if share == 1:
            assert np.abs(after - before).mean() > 0.5, name
    assert np.ptp(np.asarray(ruined(home, "grey")[5]["image"]), axis=2).max() == 0
    assert np.asarray(ruined(home, "dark")[5]["image"]).max() < 0.4 * 255
