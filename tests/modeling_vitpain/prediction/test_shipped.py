"""The model that comes with the package: found by its name or by no name, in a checkout and in an installation."""

import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from assessing_models import save_assessing_model
from PIL import Image
from transformers import pipeline

import modeling_vitpain
import pain3d_cli
from evaluation.provenance import weight_hashes
from modeling_vitpain import SHIPPED, shipped

ROOT = Path(__file__).parents[3]


@pytest.fixture
def there(tmp_path, monkeypatch):
    """A small model in the place of the shipped one."""
    monkeypatch.setattr(modeling_vitpain, "_CHECKPOINTS", tmp_path / "checkpoints")
    return save_assessing_model(tmp_path / "checkpoints" / SHIPPED[0])


@pytest.fixture
def picture(tmp_path):
    Image.new("RGB", (112, 112), (180, 140, 120)).save(tmp_path / "face.png")
    return tmp_path / "face.png"


def rows(capsys, *words):
    assert pain3d_cli.main(["predict", *map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_no_name_its_name_and_its_directory_are_one_model(there, picture, capsys):
    assert shipped() == shipped("vitpain-small") == str(there)
    found = [rows(capsys, picture, *model) for model in ([], ["--model", "vitpain-small"], ["--model", there])]
    assert found[0] == found[1] == found[2] and found[0][0]["pspi"] is not None
    assert weight_hashes("vitpain-small") == weight_hashes(there) != {}


def test_a_folder_of_that_name_is_taken_where_it_is_named_and_not_where_nothing_is(there, picture, capsys, monkeypatch):
    save_assessing_model(picture.parent / "vitpain-small", au_names=None)
    monkeypatch.chdir(picture.parent)
    assert "AU12" not in rows(capsys, picture, "--model", "vitpain-small")[0]
    assert "AU12" in rows(capsys, picture)[0]


def test_the_pipeline_takes_it_by_directory_and_where_no_model_is_named(there, picture):
    named, unnamed = pipeline("pain-assessment", model=shipped()), pipeline("pain-assessment")
    assert named(str(picture)) == unnamed(str(picture)) and "AU12" in named(str(picture))["au"]


def test_where_it_was_left_out_one_line_says_so(picture, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(modeling_vitpain, "_CHECKPOINTS", tmp_path / "nowhere")
    for words in ([], ["--model", "vitpain-small"]):
        assert pain3d_cli.main(["predict", str(picture), *words]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("pain3d: vitpain-small is not in this copy of Pain3D")
    for command in ("evaluate", "explain"):
        assert pain3d_cli.main([command, "vitpain-small", "--data", str(tmp_path)]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("pain3d: vitpain-small is not in this copy of Pain3D")
        assert pain3d_cli.main([command, "vitpain-smal", "--data", str(tmp_path)]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("pain3d: model is 'vitpain-smal'; allowed is a model directory, OWNER/NAME on the Hub")
    with pytest.raises(FileNotFoundError, match=r"vitpain-small is not in this copy of Pain3D.*; name another model"):
        pipeline("pain-assessment")
    with pytest.raises(ValueError, match="name is 'vitpain-large'; allowed is 'vitpain-small'"):
        shipped("vitpain-large")


def test_saved_models_hold_no_path_of_this_machine(there, tmp_path):
    pipeline("pain-assessment", model=str(there)).save_pretrained(tmp_path / "saved")
    assert str(ROOT) not in (tmp_path / "saved" / "config.json").read_text()
    assert str(tmp_path) not in (tmp_path / "saved" / "config.json").read_text()


def test_other_commands_take_its_name(there, tmp_path, capsys):
    assert pain3d_cli.main(["export", "vitpain-small", "--out", str(tmp_path / "half"), "--float16"]) == 0
    assert weight_hashes(tmp_path / "half").keys() == {"model.safetensors"}
    for command in ("evaluate", "explain"):  # whose results go to the model's directory, but not to this one's
        assert pain3d_cli.main([command, "vitpain-small", "--data", str(tmp_path)]) == 2
        assert "name one with --out for the results" in capsys.readouterr().err


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A wheel and a source archive of the package with a small model in its place, made in a copy of the tree."""
    tree = tmp_path_factory.mktemp("tree")
    for name in ("dataset_script", "modeling_vitpain", "checkpoints"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "vitpain-*"))
    for name in ("pain3d_cli.py", "pyproject.toml", "README.md", "LICENSE", "THIRD_PARTY.md"):
        shutil.copy(ROOT / name, tree / name)
    save_assessing_model(tree / "checkpoints" / SHIPPED[0])
    code = "import setuptools.build_meta as made; made.build_wheel('out'); made.build_sdist('out')"
    subprocess.run([sys.executable, "-c", code], cwd=tree, check=True, capture_output=True)
    return tree


def test_wheel_and_source_archive_hold_it(built):
    names = {f"checkpoints/vitpain-small/{path.name}" for path in (built / "checkpoints" / SHIPPED[0]).iterdir()}
    (wheel,), (archive,) = (built / "out").glob("*.whl"), (built / "out").glob("*.tar.gz")
    assert names <= set(zipfile.ZipFile(wheel).namelist())
    with tarfile.open(archive) as held:
        assert names <= {name.partition("/")[2] for name in held.getnames()}


def test_an_installation_scores_a_picture_without_network_or_model(built, picture, tmp_path):
    (wheel,) = (built / "out").glob("*.whl")
    installed, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    zipfile.ZipFile(wheel).extractall(installed)
    (elsewhere / "checkpoints").mkdir(parents=True)  # what many people have where they work
    environment = {"PYTHONPATH": str(installed), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "HOME": str(tmp_path)}
    call = [sys.executable, "-m", "pain3d_cli", "predict", str(picture), "--out", "scores.csv"]
    done = subprocess.run(call, cwd=elsewhere, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "pain_probability" in (elsewhere / "scores.csv").read_text()
