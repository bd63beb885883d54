import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from huggingface_hub import metadata_load
from packaging.requirements import Requirement

import pain3d_cli
from dataset_script.errors import InvalidInput
from dataset_script.importers.importing import import_dataset
from model_cards.demo.space import needed, write_space

ROOT = Path(__file__).parents[3]


def test_the_folder_is_complete(tmp_path, model, dataset, capsys):
    out = tmp_path / "space"
    assert pain3d_cli.main(["demo", "--space", str(out), "--model", str(model), "--data", str(dataset)]) == 0
    card = metadata_load(out / "README.md")
    assert (card["sdk"], card["app_file"], card["license"]) == ("gradio", "app.py", "apache-2.0")
    assert card["sdk_version"].startswith("6.") and len(card["short_description"]) <= 60
    assert "Not a medical device" in (out / "README.md").read_text()
    assert (out / "model" / "config.json").is_file() and (out / "data" / "spec.json").is_file()
    assert (out / "model_cards" / "demo" / "page.css").is_file()
    assert not list(out.rglob("__pycache__"))
    for package in ("dataset_script", "generation", "modeling_vitpain", "model_cards"):
        copied = {path.relative_to(out) for path in (out / package).rglob("*.py")}
        assert copied == {path.relative_to(ROOT) for path in (ROOT / package).rglob("*.py")}


def test_its_program_runs_the_copy(tmp_path, model):
    """Not the checkout: a Space has nothing else. The help is the quickest that needs the packages."""
    out = tmp_path / "space"
    write_space(out, str(model), None)
    code = "import runpy, sys, pain3d_cli; pain3d_cli.main = lambda argv: print(pain3d_cli.__file__, *argv);"
    code += "runpy.run_path('app.py')"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=out, env=environment, capture_output=True, text=True, check=True
    )
    file, *argv = done.stdout.split()
    assert Path(file).parent == out
    assert argv == ["demo", "--host", "0.0.0.0", "--port", "7860", "--model", str(out / "model")]


def test_requirements_are_those_of_the_extra():
    """Read from what is installed; compared with what the project declares."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = declared["optional-dependencies"]
    lines = [*declared["dependencies"], *extras["generation"], *extras["model"], *extras["faces"]]
    lines += [line for line in extras["demo"] if not line.startswith("pain3d")]
    expected = {(parsed.name, str(parsed.specifier)) for parsed in map(Requirement, lines)}
    assert {(parsed.name, str(parsed.specifier)) for parsed in map(Requirement, needed("demo"))} == expected


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InvalidInput, match="a new or an empty folder"):
        write_space(tmp_path, None, None)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_pictures_of_people_are_not_put_into_a_space(tmp_path, photos):
    table = tmp_path / "scores.csv"
    table.write_text(f"path,subject,pspi\n{photos['pain']},somebody,3\n")
    import_dataset(table, tmp_path / "imported")
    with pytest.raises(InvalidInput, match="which was imported"):
        write_space(tmp_path / "space", None, tmp_path / "imported")


def test_a_model_of_the_hub_is_not_a_directory(tmp_path):
    with pytest.raises(InvalidInput, match="must be a directory"):
        write_space(tmp_path / "space", "somebody/model", None)


def test_without_gradio_the_extra_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "gradio", None)
    assert pain3d_cli.main(["demo"]) == 1
    assert capsys.readouterr().err == "pain3d: demo needs gradio: pip install 'pain3d[demo]'\n"
