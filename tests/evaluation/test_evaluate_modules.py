"""Every metric folder loads through `evaluate`, also copied alone elsewhere, in a process that lacks this package."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import evaluation
from evaluation import (
    au_agreement,
    interval_coverage,
    macro_auroc,
    pain_detection,
    pspi_accuracy,
    pspi_calibration,
    pspi_regression,
)

HOME = Path(evaluation.__file__).parent
LABELS = [0, 0, 3, 4, 4, 16, 2, 3]
SCALARS = [0.2, 1.5, 2.5, 4.0, 6.0, 15.0, 2.0, 0.0]
SCORES = np.random.default_rng(0).random((8, 17)).tolist()
CHANCES = np.random.default_rng(1).dirichlet(np.ones(17), 8).tolist()
UNITS = np.random.default_rng(2).integers(0, (6, 6, 6, 6, 6, 2), (2, 8, 6)).tolist()
WEIGHTS = [1, 2, 0.5, 1, 1, 0, 3, 1]
CASES = {
    "macro_auroc": (SCORES, LABELS, {"num_classes": 16, "sample_weight": WEIGHTS}, macro_auroc),
    "pspi_accuracy": (SCALARS, LABELS, {"sample_weight": WEIGHTS}, pspi_accuracy),
    "pain_detection": (SCALARS, LABELS, {"decision_threshold": 2.2, "pspi_threshold": 3}, pain_detection),
    "pspi_regression": (SCALARS, LABELS, {"sample_weight": WEIGHTS}, pspi_regression),
    "pspi_calibration": (CHANCES, LABELS, {"level": 0.8}, pspi_calibration),
    "interval_coverage": (
        [[low - 1, low + 1.5] for low in SCALARS],
        LABELS,
        {"sample_weight": WEIGHTS},
        interval_coverage,
    ),
    "au_agreement": (UNITS[0], UNITS[1], {"sample_weight": WEIGHTS}, au_agreement),
}
PROGRAM = """
import json, sys
class Absent:
    def find_spec(self, name, *_):
        if name.split(".")[0] in ("evaluation", "dataset_script", "sklearn"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
import evaluate
for line in sys.stdin:
    folder, arguments = json.loads(line)
    print(json.dumps(evaluate.load(folder).compute(**arguments)))
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> dict[str, dict]:
    place = tmp_path_factory.mktemp("copied")
    lines = []
    for name, (predictions, references, options, _) in CASES.items():
        shutil.copytree(HOME / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        arguments = {"predictions": predictions, "references": references, **options}
        lines.append(json.dumps([str(place / name), arguments]))
    caches = {"HF_HOME": str(place / "home"), "HF_MODULES_CACHE": str(place / "modules"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        cwd=place,
        env={**os.environ, **caches},
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(CASES, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_a_copied_folder_gives_the_same_as_the_function(results, name):
    predictions, references, options, function = CASES[name]
    assert results[name] == json.loads(json.dumps(function(predictions, references, **options)))


def test_importing_the_functions_needs_neither_evaluate_nor_datasets():
    program = "import sys, evaluation; assert not {'evaluate', 'datasets', 'sklearn', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=HOME.parent)


@pytest.mark.parametrize("name", CASES)
def test_a_folder_explains_itself(name):
    text = (HOME / name / "README.md").read_text()
    assert f'evaluate.load("evaluation/{name}")' in text
