"""The notebook of the documentation runs, and what it shows is what it computes."""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "docs" / "quickstart.ipynb"

pytestmark = pytest.mark.slow


def texts(notebook: dict) -> list[str]:
    """What each cell shows as a value; not what commands print, with their times."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    shown = [output["data"] for output in outputs if "data" in output]
    return ["".join(data["text/plain"]) for data in shown if "image/png" not in data]


def test_the_notebook_runs_and_shows_what_it_computes(tmp_path, monkeypatch):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    stored = nbformat.read(NOTEBOOK, as_version=4)
    run = nbformat.from_dict(stored)
    where = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(run, timeout=1200, startup_timeout=600, kernel_name="python3", resources=where).execute()
    assert (tmp_path / "vitpain-tiny" / "config.json").is_file()
    assert texts(run) == texts(stored)
