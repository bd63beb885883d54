"""The numbers of README.md and docs/results.md are those that `benchmarks.results` measured."""

import json
import shutil

import pytest

from benchmarks import results, vitpain
from benchmarks.results_rows import ROWS

MEASURED = json.loads(results.RESULTS.read_text(encoding="utf-8"))


def test_the_page_and_the_readme_show_what_was_measured():
    assert results.PAGE.read_text(encoding="utf-8") == results.page(MEASURED)
    readme = results.README.read_text(encoding="utf-8")
    assert results.BEGIN in readme and results.with_first_rows(readme, MEASURED) == readme
    assert sum(row.first for row in ROWS) >= 5


@pytest.mark.parametrize("name", MEASURED)
def test_every_number_has_a_clean_commit_a_date_and_hardware(name):
    assert name in {row.name for row in ROWS}
    found = MEASURED[name]
    assert "uncommitted" not in found["commit"] and found["date"] and found["hardware"]


def read(name: str, outputs: list[str], work=None) -> str:
    return next(row for row in ROWS if row.name == name).read(outputs, work)


def test_the_overhead_is_read_from_what_its_benchmark_prints():
    times = {"backbone": [0.10, 0.11, 0.12], "vitpain": [0.11, 0.11, 0.13], "neutral": [0.2, 0.2, 0.2]}
    printed = {"forward": vitpain.summary(times, "backbone", 2), "parameters_m": vitpain.parameters("tiny")}
    line = read("vitpain-l", [json.dumps(printed)])
    assert line.startswith("time +0.0% (quickest rounds +10.0%), parameters +")


def test_folds_are_read_from_a_report(tmp_path):
    (tmp_path / "folds").mkdir()
    report = results.ROOT / "docs" / "report" / "five-folds" / "cross_validation.json"
    shutil.copy(report, tmp_path / "folds" / "cross_validation.json")
    assert read("five-folds", [], tmp_path).startswith("**MAE 3.36 (3.17 to 3.56)**; training mean 4.34. ICC(3,1) 0.51")
