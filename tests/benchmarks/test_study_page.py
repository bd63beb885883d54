"""The study's page: numbers of the records alone, and rows that were not run."""

import numpy as np
import pytest
from fake_predictions import imagine, write_dataset

from benchmarks.study.figures import draw
from benchmarks.study.measures import differences, estimates, measures, over_seeds, values_of
from benchmarks.study.record_files import predictions_path, read_predictions, write_predictions, write_record
from benchmarks.study.rows import GROUPS
from benchmarks.study.scale import Scale
from benchmarks.study.tables import NOT_RUN, PAPER, page
from benchmarks.study.work import Study
from dataset_script.errors import WorkFailed

SCALE = Scale(people=24, seeds=2, resamples=50)
EXPLAINED = {
    "mean": {m: {"attention": {"value": 0.25}, "centre": {"value": 0.5}} for m in ("energy", "pointing", "iou")}
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("page") / "data", others=1)


@pytest.fixture
def study(tmp_path):
    return Study(tmp_path, SCALE)


def write(study, data, key, seed, noise, shift=None, explained=None):
    """A record with its predictions, off by `noise`."""
    found = imagine(data, "test", noise)
    rng = np.random.default_rng(seed)
    found["logits"] = found["logits"] + rng.normal(0, 0.2, found["logits"].shape)
    name = f"{key}-{seed}"
    yaw = rng.uniform(-35, 35, len(found["labels"]))
    write_predictions(study.record(name), {"yaw": yaw, **found})
    record = {"seconds": 3600.0, "commit": "abc", "hardware": "a CPU", "shift": shift, "explained": explained}
    write_record(study.record(name), record)


def scored(value):
    return {
        "sets": {},
        "held_out": "",
        "measured": {"home": {"model": {"auroc_units": {"value": value, "interval_95": None}}}},
    }


def test_nothing_that_was_not_run_has_a_number(study):
    text = page(study, draw(study, study.folder))
    for line in text.split("## Table 2")[1].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if "in the paper" not in line and len(cells) > 3 and "---" not in line:
            assert not any(cell.replace(".", "").isdigit() for cell in cells), line
    assert text.count(NOT_RUN) > sum(len(group.rows) for group in GROUPS)
    assert "**0 of" in text
    assert [*study.folder.glob("*.png")] == []


def test_rows_differences_and_shifts_are_those_of_the_records(study, data):
    for seed in (0, 1):
        write(study, data, "baseline", seed, 3.0, scored(0.7 + seed / 10))
        write(study, data, "query", seed, 1.0, scored(0.8), {"agreement": EXPLAINED})
    write(study, data, "part", 0, 1.0, explained={"agreement": EXPLAINED})
    text = page(study, draw(study, study.folder))
    rows = {line.split("|")[1].strip(): line for line in text.split("## People")[0].splitlines() if "|" in line}
    values, bootstrap = values_of(
        [read_predictions(study.record(f"query-{seed}")) for seed in (0, 1)], measures, SCALE.resamples
    )
    expected = estimates(values, bootstrap)["mae"]
    assert f"{expected['value']:.3f} (" in text.split("| + AU query |")[1].split("\n")[0]
    assert "0.750 (0.700 to 0.800)" in text
    assert NOT_RUN in rows["heatmap teacher"]
    assert "+ AU query − baseline: AUs from the class token" in rows
    assert "+ AU query + distillation − + AU query" not in rows
    assert "| attention | 0.250 |" in text
    assert "1 of 2" in text.split("## Augmentation")[1].split("##")[0]
    assert "0 to 10°" in text
    assert (study.folder / "study-table2.png").is_file()
    assert page(study, draw(study, study.folder)) == text
    for value in PAPER["distilled"]:
        assert f"{value:.2f}" in text


def test_a_damaged_record_and_missing_predictions_are_named(study, data):
    write(study, data, "query", 0, 1.0)
    predictions_path(study.record("query-0")).unlink()
    with pytest.raises(WorkFailed, match=r"query-0\.npz cannot be read"):
        page(study, {})
    study.record("query-0").write_text("{")
    with pytest.raises(WorkFailed, match="delete the record"):
        page(study, {})


def test_the_page_says_what_is_a_trial(tmp_path):
    assert "trial" in page(Study(tmp_path, SCALE), {})
    assert "trial" not in page(Study(tmp_path, Scale(backbone="elsewhere")), {})


def test_intervals_hold_the_spread_of_seeds():
    apart = np.stack([np.zeros(201), np.ones(201)])
    drawn = over_seeds(apart)
    assert drawn[0] == 0.5
    assert {0.0, 0.5, 1.0} == set(drawn[1:])
    assert np.array_equal(over_seeds(apart[1:]), apart[1])


def test_differences_are_of_the_same_people_and_seeds(data):
    first = imagine(data, "test", 2.0)
    worse = {**first, "pspi": np.clip(first["pspi"] + 1, 0, 16)}
    values, bootstrap = values_of([first, first], measures, 50)
    other, _ = values_of([worse], measures, 50)
    assert differences(values, values, bootstrap)["mae"]["difference_95"] == [0, 0]
    found = differences(other, values, bootstrap)
    assert found["mae"]["difference"] == pytest.approx(other["mae"][0, 0] - values["mae"][0, 0])
    assert found["macro_auroc"]["difference"] == 0
