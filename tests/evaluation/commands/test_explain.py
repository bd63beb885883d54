"""`pain3d explain` from end to end: each kind of truth, the files, the figures, and calls that are wrong."""

import json

import numpy as np
import pytest
from fake_maker import FakeMaker
from PIL import Image
from typed_dicts import mismatches

import pain3d_cli
from dataset_script.spec import Spec
from evaluation.explanations.report import summary
from evaluation.explanations.results import Explanations
from evaluation.explanations.run import mean_map
from generation.run.generate import generate

QUICK = ["--resamples", "50", "--removal-frames", "3", "--training-frames", "40", "--steps", "2", "--frames", "24"]


@pytest.fixture(scope="module")
def with_geometry(tmp_path_factory):
    directory = tmp_path_factory.mktemp("explain") / "faces"
    generate(directory, Spec(preset="balanced", identities=12, size=64, geometry=True), maker_factory=FakeMaker)
    return directory


def explained(directory) -> dict:
    found = json.loads((directory / "explanations.json").read_text(), parse_constant=pytest.fail)
    assert mismatches(found, Explanations) == []
    return found


def test_units_are_judged_by_their_own_heat(with_geometry, model, tmp_path, capsys):
    out = tmp_path / "new"
    arguments = ["explain", str(model), "--data", str(with_geometry), "--out", str(out), *QUICK, "--figures"]
    assert pain3d_cli.main(arguments) == 0
    printed = capsys.readouterr()
    found = explained(out)
    assert printed.out == (out / "explanations.md").read_text()
    context = found["context"]
    assert (context["truth"], context["grid"], context["training_frames"]) == ("units", [4, 4], 40)
    assert context["removal_frames"] == 3 and set(context["weights"]) == {"model.safetensors"}
    energy = found["agreement"]["mean"]["energy"]
    assert f"| the unit's attention | {energy['attention']['value']:.3f}" in printed.out
    area = found["removal"]["blur"]["gradient"]["deletion"]["area"]["value"]
    assert f"| gradient × change | {area:.3f}" in printed.out
    assert f"{energy['gradient']['value']:.3f}" in summary(found)
    names = {"explanations.json", "explanations.md", "attention_maps.png", "agreement.png", "removal.png"}
    assert {path.name for path in out.iterdir()} == names
    for path in out.glob("*.png"):
        with Image.open(path) as picture:
            assert 700 < picture.width < 1500
    assert pain3d_cli.main([*arguments[:-1], "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == found  # and the same numbers again


def test_without_a_heatmap_of_each_unit_the_whole_is_the_truth(dataset, model, tmp_path, capsys):
    arguments = ["explain", str(model), "--data", str(dataset), "--out", str(tmp_path), *QUICK, "--no-gradients"]
    assert pain3d_cli.main(arguments) == 0
    assert "the same for every unit" in capsys.readouterr().out
    found = explained(tmp_path)
    assert found["context"]["truth"] == "whole"
    assert "gradient" not in found["agreement"]["mean"]["iou"]
    assert {"attention", "gradient", "heat", "centre", "random"} == set(found["removal"]["mean"])


def test_data_without_heat_have_curves_alone(model, tmp_path, monkeypatch, capsys, dataset):
    monkeypatch.setattr("evaluation.explanations.run.heat_source", lambda *_: None)
    arguments = ["explain", str(model), "--data", str(dataset), "--out", str(tmp_path), *QUICK, "--figures"]
    assert pain3d_cli.main(arguments) == 0
    assert "Not judged: these data hold no heatmaps." in capsys.readouterr().out
    found = explained(tmp_path)
    assert found["agreement"] is None and "heat" not in found["removal"]["blur"]
    assert not (tmp_path / "attention_maps.png").exists() and (tmp_path / "removal.png").exists()


def test_a_mean_map_counts_every_map_alike():
    maps = np.zeros((3, 6, 1, 2))
    maps[0, 0] = [[1, 1]]
    maps[1, 0] = [[300, 100]]
    maps[2, 0] = [[0, 9]]
    shown = np.ones((3, 6), bool)
    shown[2, 0] = False
    means = mean_map(maps, shown)
    np.testing.assert_allclose(means[0], [[0.625, 0.375]])
    np.testing.assert_allclose(means[1:], 0.5)  # nothing is known of these


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "{data}", "--steps", "1"], "--steps is 1"),
        (["--data", "{data}", "--frames", "0"], "--frames is 0"),
        (["--data", "{data}", "--resamples", "0"], "--resamples is 0"),
        (["--data", "{data}", "--split", "tset"], "split is 'tset'"),
        (["--data", "{empty}/nowhere"], "allowed is a dataset directory"),
    ],
)
def test_a_wrong_call_is_one_line(arguments, message, dataset, model, tmp_path, capsys):
    filled = [word.format(empty=tmp_path, data=dataset) for word in arguments]
    assert pain3d_cli.main(["explain", str(model), *filled, "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_a_model_from_the_hub_needs_a_place_for_the_results(dataset, capsys):
    assert pain3d_cli.main(["explain", "somebody/vitpain", "--data", str(dataset)]) == 2
    assert "name one with --out" in capsys.readouterr().err
