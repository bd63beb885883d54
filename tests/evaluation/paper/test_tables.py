"""The paper's tables carry its numbers, marked as its own, and a run's numbers beside them, in three formats."""

import json
import re

import numpy as np
import pytest
from fake_predictions import imagine

from evaluation.paper.latex import escape, to_latex
from evaluation.paper.report import to_markdown, write_tables
from evaluation.paper.tables import ALL_PAIN_UNBC, tables_of_folds, tables_of_split
from evaluation.split.labels import read_columns
from evaluation.split.scores import evaluate_predictions
from evaluation.statistics.fold_mean import fold_summary
from evaluation.statistics.measures import TrainingLabels

CONTEXT = {"model": "vitpain_tiny", "data": "faces", "split": "test", "frames": 66, "identities": 2}


@pytest.fixture(scope="module")
def metrics(dataset) -> dict:
    columns = read_columns(dataset, "train", ["pspi", "au"])
    training = TrainingLabels(columns["pspi"].to_numpy(), np.array(columns["au"].to_pylist()))
    scores = evaluate_predictions(imagine(dataset, "test"), imagine(dataset, "validation"), training, resamples=30)
    return {"context": CONTEXT, **scores}


def row_of(table, name: str):
    return next(row for row in table.rows if row.name == name)


def test_the_papers_numbers_are_the_papers(metrics):
    second, third = tables_of_split(metrics)
    best = row_of(second, "ViTPain + AU query + heatmap")
    assert [cell.value for cell in best.cells] == [0.85, 0.25, 0.63, 0.83]
    assert [cell.value for cell in row_of(second, "ViTPain teacher").cells] == [0.96, 0.67, 0.96, 0.99]
    assert [cell.value for cell in row_of(third, "ViTPain with 3DPain + heatmap, PSPI ≥ 3").cells] == [0.91, 0.54]
    assert row_of(third, "SVR with DCT features").cells[0] is None
    for table in (second, third):
        assert "arXiv:2509.16727" in table.note
        assert all(row.data != "faces, test" for row in table.rows if row.kind == "paper")


def test_ours_are_the_evaluations_numbers_with_their_intervals(metrics):
    second, third = tables_of_split(metrics)
    ours = row_of(second, "vitpain_tiny").cells
    for cell, name in zip(ours, ("macro_auroc_16", "accuracy", "accuracy_within_1", "accuracy_within_2"), strict=True):
        assert (cell.value, list(cell.interval)) == (
            metrics["pspi"][name]["value"],
            metrics["pspi"][name]["interval_95"],
        )
    majority = row_of(second, "commonest PSPI of the training frames")
    assert majority.kind == "trivial" and majority.cells[1].value == metrics["trivial"]["majority"]["accuracy"]
    for t in (1, 2, 3):
        entry = metrics["detection"][f"pspi>={t}"]
        area, f1 = row_of(third, f"vitpain_tiny, PSPI ≥ {t}").cells
        assert (area.value, f1.value) == tuple(entry["model"][name]["value"] for name in ("auroc", "f1"))
        floors = [row for row in third.rows if row.name == f"everything is pain, PSPI ≥ {t}"]
        assert [row.cells[1].value for row in floors] == [ALL_PAIN_UNBC[t], entry["all_pain"]["f1"]]


def test_everything_is_pain_on_unbc_is_what_its_counts_give():
    """PSPI 0, 1, 2 of UNBC-McMaster's 48,398 frames (Lucey et al. 2011), with the paper's 42,939 of PSPI <= 1."""
    counts = {0: 40_029, 1: 2_909, 2: 2_351}
    assert abs(counts[0] + counts[1] - 42_939) <= 1
    for t, f1 in ALL_PAIN_UNBC.items():
        share = 1 - sum(counts[k] for k in range(t)) / 48_398
        assert f1 == pytest.approx(2 * share / (1 + share), abs=5e-4)


def test_a_protocols_row_is_its_mean_over_folds():
    summary = fold_summary([0.8, 0.9])
    names = ["macro_auroc_16", "accuracy", "accuracy_within_1", "accuracy_within_2"]
    names += [f"{name}_pspi_{t}" for name in ("auroc", "f1") for t in (1, 2, 3)]
    row = {"folds": fold_summary([0.5, 0.7]), "pooled": 0.6}
    found = {
        "context": {**CONTEXT, "protocol": "subject-5fold"},
        "folds": dict.fromkeys(names, summary),
        "trivial": {"folds": {"mean": dict.fromkeys(names, fold_summary([0.5, None]))}},
        "detection": {f"pspi>={t}": {"all_pain": row, "coin": row} for t in (1, 2, 3)},
    }
    second, third = tables_of_folds(found)
    cell = row_of(second, "vitpain_tiny").cells[0]
    assert cell.value == pytest.approx(0.85) and cell.interval == pytest.approx(tuple(summary["interval"]))
    assert row_of(second, "mean PSPI").cells[0].interval is None
    assert row_of(third, "vitpain_tiny, PSPI ≥ 2").data == "faces, subject-5fold"
    assert row_of(third, "a coin, PSPI ≥ 1").cells[1].value == pytest.approx(0.6)
    assert "over folds" in second.note and "66 frames of 2 identities" in third.note


def test_markdown_has_a_cell_for_every_column(metrics):
    tables = tables_of_split(metrics)
    blocks = re.findall(r"(?:^\|.*\n)+", to_markdown(tables), re.MULTILINE)
    assert len(blocks) == 2
    for table, block in zip(tables, blocks, strict=True):
        lines = block.strip().splitlines()
        assert len(lines) == 2 + len(table.rows)
        assert {line.count("|") for line in lines} == {4 + len(table.columns)}
    value = metrics["pspi"]["accuracy"]["value"]
    assert f"| **this run** | faces, test | {metrics['pspi']['macro_auroc_16']['value']:.3f} (" in blocks[0]
    assert f"{value:.3f} (" in blocks[0] and "| the paper |" in blocks[1]


def test_latex_is_well_formed(metrics):
    tables = tables_of_split(metrics)
    text = to_latex(tables)
    for name in ("table*", "tabular"):
        assert text.count(rf"\begin{{{name}}}") == text.count(rf"\end{{{name}}}") == 2
    bare = text.replace(r"\{", "").replace(r"\}", "")
    assert bare.count("{") == bare.count("}")
    for table, block in zip(tables, text.split(r"\toprule")[1:], strict=True):
        lines = [line for line in block.splitlines() if line.endswith(r"\\") and "multicolumn" not in line]
        assert len(lines) == 1 + len(table.rows)
        assert {line.count(" & ") for line in lines} == {1 + len(table.columns)}
    assert r"vitpain\_tiny" in text
    assert not re.search(r"[≥±↑↓–“”]", text)


def test_latex_prints_what_stands_there():
    assert escape("a_b & 90 % of {x} ≥ 3\\") == r"a\_b \& 90 \% of \{x\} $\geq$ 3\textbackslash{}"


def test_three_files_are_written(metrics, tmp_path):
    tables = tables_of_split(metrics)
    paths = write_tables(tables, tmp_path / "new")
    assert [path.name for path in paths] == ["tables.md", "tables.json", "tables.tex"]
    read = json.loads(paths[1].read_text(), parse_constant=pytest.fail)
    assert [len(table["rows"]) for table in read] == [len(table.rows) for table in tables]
    assert read[0]["rows"][-1]["cells"][0]["value"] == metrics["pspi"]["macro_auroc_16"]["value"]
    assert paths[0].read_text() == to_markdown(tables)
