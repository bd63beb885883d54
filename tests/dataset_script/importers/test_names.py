"""A source with names that are no UTF-8: its other frames are imported, and the report names what was left out."""

import json
import os

import pytest

from dataset_script.importers.importing import ProblemsFound, import_dataset
from tests.support.unbc_layout import SUBJECTS, write_unbc


@pytest.fixture
def source(tmp_path):
    write_unbc(tmp_path / "unbc")
    first = SUBJECTS[0].encode()
    for folder, names, files in os.walk(os.fsencode(tmp_path / "unbc"), topdown=False):
        for name in [*names, *files]:
            if name == first:
                os.rename(os.path.join(folder, name), os.path.join(folder, first + b"\xe9"))
    return tmp_path / "unbc"


@pytest.mark.parametrize("copy", [False, True])
def test_frames_are_left_out_with_the_reason(source, tmp_path, copy):
    report = import_dataset(source, tmp_path / "out", copy=copy)
    assert report.written > 0
    kinds = {problem.kind for problem in report.left_out}
    assert "name is not UTF-8" in kinds
    text = (tmp_path / "out" / "report.json").read_text("utf-8")
    assert any("\\xe9" in problem["what"] for problem in json.loads(text)["left_out"])


def test_strict(source, tmp_path):
    with pytest.raises(ProblemsFound):
        import_dataset(source, tmp_path / "out", strict=True)
