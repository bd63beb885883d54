"""The numbers of README.md and docs/results.md are those that `benchmarks.results` measured."""

import json

import pytest

from benchmarks import results
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
