"""`pain3d evaluate --tables --figures`: the files on request, of the numbers that it printed."""

import json

import pytest

import pain3d_cli


def test_tables_and_figures_are_written_on_request(dataset, model, tmp_path, capsys):
    arguments = ["evaluate", str(model), "--data", str(dataset), "--resamples", "20", "--out", str(tmp_path)]
    assert pain3d_cli.main(arguments) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"metrics.json", "metrics.md"}
    assert pain3d_cli.main([*arguments, "--tables", "--figures"]) == 0
    told = capsys.readouterr().err
    names = ("tables.md", "tables.json", "tables.tex", "roc.png", "confusion.png", "bland_altman.png", "figures.json")
    for name in names:
        assert (tmp_path / name).stat().st_size > 0 and name in told
    metrics, tables, figures = (
        json.loads((tmp_path / f"{name}.json").read_text()) for name in ("metrics", "tables", "figures")
    )
    ours = next(row for row in tables[0]["rows"] if row["name"] == "vitpain-test")
    assert ours["cells"][0]["value"] == metrics["pspi"]["macro_auroc_16"]["value"]
    area = metrics["detection"]["pspi>=3"]["model"]["auroc"]["value"]
    assert figures["roc"]["pspi>=3"]["auroc"] == pytest.approx(area, abs=1e-12)
