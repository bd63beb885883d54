"""The sdist and the wheel: the same files either way, and at work in an environment with each extra alone.

Not tried are `dev` and `docs`: they serve the checkout, not the package.
"""

import json
import os
import subprocess
import tarfile
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import pytest
from built_package import ROOT, Environment, build, copy_checkout, run, unpacked
from PIL import Image

from dataset_script.extras import EXTRA_OF
from dataset_script.version import VERSION

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (ROOT / ".git").exists(), reason="packages are built from a git checkout"),
]
PACKAGES = ("dataset_script", "generation", "evaluation", "model_cards", "modeling_vitpain")

IMPORT_EVERYTHING = f"""
import importlib, json, pkgutil
found = {{}}
def take(name):
    try:
        found[name] = None
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        found[name] = [error.name, str(error)]
for package in {PACKAGES}:
    if (module := take(package)) is not None:
        for part in pkgutil.walk_packages(module.__path__, package + ".", onerror=lambda name: None):
            if "worker" not in part.name and "pytorch3d" not in part.name:
                take(part.name)
print(json.dumps(found))
"""
"""Imports every module. The workers run in other programs' environments; pytorch3d's package is installed apart."""

MODEL = """
from transformers import ViTConfig
from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment, ViTPainImageProcessor
small = ViTConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=32, patch_size=8)
ViTPainForPainAssessment(ViTPainConfig(backbone_config=small)).save_pretrained("model")
ViTPainImageProcessor(size={"height": 32, "width": 32}).save_pretrained("model")
"""
LORA = f"""{MODEL}
from modeling_vitpain.training.lora import add_lora, merge_lora
model = ViTPainForPainAssessment.from_pretrained("model")
add_lora(model, rank=2, alpha=2.0, dropout=0.0)
merge_lora(model)
"""
METRIC = """
import evaluate, evaluation, pathlib
metric = evaluate.load(str(pathlib.Path(evaluation.__file__).parent / "pspi_regression"))
assert abs(metric.compute(predictions=[1.0, 2.0, 4.0], references=[1, 2, 3])["mae"] - 1 / 3) < 1e-6
"""
VIDEO = "import pathlib; from dataset_script.video import can_decode; can_decode(pathlib.Path('face.png'))"


def python(code: str) -> list[str]:
    return ["python", "-c", code]


WORK: dict[str, list[list[str]]] = {
    "": [
        ["pain3d", "import", "table.csv", "mine"],
        ["pain3d", "info", "mine"],
        ["pain3d", "verify", "mine"],
        ["pain3d", "card", "mine"],
        python("from datasets import load_dataset; assert load_dataset('mine')['train'].num_rows"),
    ],
    "generation": [["pain3d", "render", "--au4", "3", "--size", "64", "--out", "face.png"]],
    "neural": [["pain3d", "render", "--au4", "3", "--rig", "neural", "--size", "64", "--out", "face.png"]],
    "model": [
        ["pain3d", "predict", "face.png", "--out", "shipped.csv"],  # with the model that comes along
        python(MODEL),
        ["pain3d", "predict", "face.png", "--model", "model", "--out", "scores.csv"],
    ],
    "evaluation": [python(METRIC)],
    "lora": [python(LORA)],
    "onnx": [python(MODEL), ["pain3d", "export", "model", "--out", "model.onnx"]],
    "video": [python(VIDEO)],
    "hdf5": [python("import h5py, dataset_script.importers.unbc_hdf5")],
    "heic": [python("from pi_heif import register_heif_opener; register_heif_opener()")],
    "faces": [python("import cv2; from evaluation.split.hog import is_installed; assert is_installed()")],
    "plots": [python("from evaluation.plotting import canvas; canvas(2, 2).savefig('figure.png')")],
    "diffusion": [python("import diffusers, generation.diffusion.painter, generation.pipeline")],
    "pytorch3d": [python("import iopath, torch, generation.pipeline")],
    "ray": [python("import ray, generation.pipeline")],
    "s3": [python("import s3fs, generation.pipeline")],
    "demo": [python("import gradio, generation.pipeline, modeling_vitpain")],
    "all": [python(MODEL), ["pain3d", "predict", "face.png", "--model", "model", "--out", "scores.csv"]],
}
"""Extra -> commands that are at work with it alone; "" is none."""
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
NOT_HERE = pytest.mark.skip(reason="Gradio takes Pillow up to 12, and the tests have 13")
TRIED = [pytest.param(extra, marks=[NOT_HERE] if extra == "demo" else []) for extra in WORK if extra in ("", *EXTRAS)]


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("built")
    source = copy_checkout(folder / "source")
    sdist = build("build_sdist", source, folder / "sdist")
    again = unpacked(sdist, folder / "unpacked")
    return {
        "source": source,
        "sdist": sdist,
        "wheel": build("build_wheel", source, folder / "wheel"),
        "wheel from sdist": build("build_wheel", again, folder / "second"),
    }


@pytest.fixture(scope="module")
def environment(built, tmp_path_factory) -> Environment:
    return Environment(tmp_path_factory.mktemp("environment"), built["wheel"])


@pytest.fixture
def folder(tmp_path) -> Path:
    """A directory with a picture, and a table that names it."""
    for k, name in enumerate(["face", *"abcd"]):
        Image.fromarray(np.full((64, 64, 3), 50 * k, np.uint8)).save(tmp_path / f"{name}.png")
    rows = [f"{name}.png,s{name},{k % 2},0,0,0,0,0" for k, name in enumerate("abcd")]
    (tmp_path / "table.csv").write_text("\n".join(["path,subject,au4,au6,au7,au9,au10,au43", *rows]) + "\n")
    return tmp_path


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def works(done: subprocess.CompletedProcess) -> str:
    assert done.returncode == 0, f"{done.args}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_a_wheel_from_the_sdist_equals_one_from_the_checkout(built):
    first, second = contents(built["wheel"]), contents(built["wheel from sdist"])
    assert sorted(first) == sorted(second)
    assert [name for name in first if first[name] != second[name]] == []


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(built):
    tracked = run(["git", "-C", built["source"], "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
    folders = tuple(f"{package}/" for package in (*PACKAGES, "checkpoints"))
    ours = {name for name in tracked.split("\0") if name.startswith(folders)}
    held = {name for name in contents(built["wheel"]) if ".dist-info/" not in name}
    assert held == ours | {"pain3d_cli.py", "dataset_script/commit.txt"}


def test_the_sdist_holds_what_a_build_needs_and_no_tests(built):
    with tarfile.open(built["sdist"]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"setup.py", "pyproject.toml", "constraints.txt", "LICENSE", "THIRD_PARTY.md", "CHANGELOG.md"} <= names
    assert not [name for name in names if name.startswith(("tests", "benchmarks", ".git"))]


def test_the_installed_program_knows_its_commit(built, environment):
    head = run(["git", "-C", built["source"], "rev-parse", "HEAD"]).strip()
    printed = works(environment.take("").call("pain3d", "--version"))
    assert printed.startswith(f"pain3d {VERSION} (generator ")
    assert f"commit {head}" in printed


def test_a_build_without_history_names_no_commit(built, tmp_path):
    """Nor does it keep the stamp that an earlier build in the same directory left."""
    source = unpacked(built["sdist"], tmp_path / "unpacked")
    build("build_wheel", source, tmp_path / "first")
    (source / "dataset_script" / "commit.txt").unlink()
    held = contents(build("build_wheel", source, tmp_path / "second"))
    assert "dataset_script/commit.txt" not in held


@pytest.mark.parametrize("extra", TRIED)
def test_each_extra_alone_brings_what_its_work_needs(environment, folder, extra):
    environment.take(extra)
    for command in WORK[extra]:
        works(environment.call(*command, cwd=folder))


def test_every_extra_is_tried():
    assert set(EXTRAS) - {"dev", "docs"} <= set(WORK)


@pytest.mark.parametrize("extra", TRIED)
def test_modules_that_do_not_import_lack_another_extra(environment, extra):
    """Nothing fails to import for want of something that no extra, or this one, would bring."""
    found = json.loads(works(environment.take(extra).call("python", "-c", IMPORT_EVERYTHING)).splitlines()[-1])
    missing = {name: error[0].partition(".")[0] for name, error in found.items() if error}
    assert {name: module for name, module in missing.items() if EXTRA_OF.get(module, extra) == extra} == {}
    assert len(found) > 300


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        ("generate out --identities 6 --size 64", "generation"),
        ("render --au4 3 --out face.jpg", "generation"),
        ("frame mine 0-0-0 --out face.jpg", "generation"),
        ("train mine --out model", "model"),
        ("predict face.png --model model --out scores.csv", "model"),
        ("evaluate model --data mine", "model"),
        ("explain model --data mine", "model"),
        ("export model --out model.onnx", "model"),
    ],
)
def test_a_command_without_its_extra_says_which_in_one_line(environment, folder, command, extra):
    environment.take("")
    works(environment.call("pain3d", "import", "table.csv", "mine", cwd=folder))
    before = sorted(os.listdir(folder))
    done = environment.call("pain3d", *command.split(), cwd=folder)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"pain3d: {command.split()[0]} needs ")
    assert line.endswith(f": pip install 'pain3d[{extra}]'")
    assert sorted(os.listdir(folder)) == before
