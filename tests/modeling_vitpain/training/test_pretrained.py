"""Training on a pretrained backbone: its first layers, its size, its cached tokens, its last layers alone."""

import argparse
import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModel, Dinov2Config

import pain3d_cli
from dataset_script.errors import InvalidInput, WorkFailed
from modeling_vitpain import ViTPainForPainAssessment
from modeling_vitpain.commands.train import add_arguments
from modeling_vitpain.frames.augmentation import AUGMENTATIONS
from modeling_vitpain.training.options import RunOptions
from modeling_vitpain.training.rates import backbone_groups, train_last_layers
from modeling_vitpain.training.recipes import PRESETS
from modeling_vitpain.training.run import train
from modeling_vitpain.training.starting_model import starting_model

LAYERS = 3


@pytest.fixture(scope="module")
def backbone(tmp_path_factory):
    """A DINOv2 of random weights, of pictures of 56 pixels, without preprocessor_config.json."""
    torch.manual_seed(0)
    config = Dinov2Config(hidden_size=24, num_hidden_layers=LAYERS, num_attention_heads=2, image_size=56, patch_size=7)
    directory = tmp_path_factory.mktemp("dinov2")
    AutoModel.from_config(config).save_pretrained(directory)
    return directory


def options(data, backbone, **others) -> RunOptions:
    quick = {"preset": "small", "size": 28, "layers": 2, "epochs": 2, "batch_size": 8, "augmentation": "none"}
    return RunOptions(str(data), **{"backbone": str(backbone), **quick, **others})


class TestBackbone:
    @pytest.mark.parametrize("size", [28, 56, 84])
    def test_positions_interpolated_once_are_those_of_transformers(self, backbone, size):
        whole = AutoModel.from_pretrained(backbone).eval()
        model = ViTPainForPainAssessment.from_backbone(str(backbone), size=size).eval()
        assert model.config.image_size == (size, size)
        pixels = torch.randn(2, 3, size, size)
        with torch.no_grad():
            expected, got = (m(pixels).last_hidden_state for m in (whole, model.backbone))
        torch.testing.assert_close(got, expected, atol=1e-5, rtol=0)

    def test_first_layers(self, backbone):
        whole = AutoModel.from_pretrained(backbone).eval()
        model = ViTPainForPainAssessment.from_backbone(str(backbone), layers=2).eval()
        pixels = torch.randn(1, 3, 56, 56)
        with torch.no_grad():
            states = whole(pixels, output_hidden_states=True).hidden_states
            expected, got = whole.layernorm(states[2]), model.backbone(pixels).last_hidden_state
        torch.testing.assert_close(got, expected)

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [({"layers": 4}, "layers is 4; allowed is 1 to 3"), ({"size": 30}, "size is 30; allowed are multiples")],
    )
    def test_what_it_cannot_be(self, faces, backbone, wrong, message):
        with pytest.raises(WorkFailed, match=message):
            starting_model(options(faces, backbone, **wrong))

    def test_a_size_needs_a_pretrained_backbone(self):
        with pytest.raises(InvalidInput, match="size is given"):
            RunOptions("data", config="tiny", size=224)

    def test_a_larger_backbone_sees_224_pixels_by_default(self, tmp_path):
        config = Dinov2Config(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, image_size=518)
        AutoModel.from_config(config).save_pretrained(tmp_path)
        model, processor = starting_model(RunOptions("data", backbone=str(tmp_path)))
        assert model.config.image_size == (224, 224)
        assert processor.size["height"] == 224

    def test_a_backbone_that_does_not_say_how_it_saw_gets_imagenets_normalisation(self, backbone, capsys):
        _, processor = starting_model(RunOptions("data", backbone=str(backbone)))
        assert list(processor.image_mean) == [0.485, 0.456, 0.406]
        lines = capsys.readouterr().err.splitlines()
        assert sum("preprocessor_config.json" in line and "ImageNet" in line for line in lines) == 1


class TestCachedFeatures:
    @pytest.mark.parametrize("reference", ["none", "neutral"])
    def test_training_from_them_is_training_with_a_frozen_backbone(
        self, faces, backbone, tmp_path, monkeypatch, reference
    ):
        same = {"reference": reference, "reference_dropout": 0.0}
        train(options(faces, backbone, features=str(tmp_path / "features"), **same), tmp_path / "cached")
        monkeypatch.setitem(PRESETS, "small", replace(PRESETS["small"], caches_features=False))
        live = options(faces, backbone, **same)
        train(live, tmp_path / "live")
        found = {name: load_file(tmp_path / name / "model.safetensors") for name in ("cached", "live")}
        fresh = starting_model(live)[0].state_dict()
        moved = 0.0
        for name, tensor in found["live"].items():
            torch.testing.assert_close(found["cached"][name], tensor, atol=5e-3, rtol=0.01)
            moved = max(moved, (tensor - fresh[name]).abs().max().item())
        assert moved > 0.05  # so that equal is not equally untrained

    def test_stale_ones_are_refused(self, faces, backbone, tmp_path):
        given = {"features": str(tmp_path / "features"), "epochs": 1}
        train(options(faces, backbone, **given), tmp_path / "a")
        before = {path: path.stat().st_mtime_ns for path in (tmp_path / "features").iterdir()}
        train(options(faces, backbone, lr=1e-4, seed=3, **given), tmp_path / "b")  # of the heads alone
        assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "features").iterdir()}
        for name, other in {"augmentation": "light", "layers": 1, "size": 35}.items():
            with pytest.raises(WorkFailed, match="stale"):
                train(options(faces, backbone, **{**given, name: other}), tmp_path / name)

    def test_an_interrupted_run_goes_on_where_it_stopped(self, faces, backbone, tmp_path):
        given = {"features": str(tmp_path / "features"), "epochs": 1, "augmentation": "light"}
        train(options(faces, backbone, **given), tmp_path / "a")
        state, data = (tmp_path / "features" / f"train-1.{end}" for end in ("json", "f16"))
        whole = data.read_bytes()
        stored = json.loads(state.read_text())
        state.write_text(json.dumps({**stored, "done": 8}))
        half = len(whole) * 8 // stored["shape"][0]
        data.write_bytes(whole[:half] + bytes(len(whole) - half))
        train(options(faces, backbone, **given), tmp_path / "b")
        assert data.read_bytes() == whole
        assert json.loads(state.read_text())["done"] == stored["shape"][0]

    def test_a_backbone_that_learns_has_none(self, faces, backbone):
        with pytest.raises(InvalidInput, match="features is given with a backbone that learns"):
            options(faces, backbone, features="somewhere", tune=1)


class TestLastLayers:
    def test_only_they_learn(self, faces, backbone, tmp_path):
        given = options(faces, backbone, tune=1, max_steps=3)
        before = starting_model(given)[0].state_dict()
        train(given, tmp_path / "model")
        after = load_file(tmp_path / "model" / "model.safetensors")
        changed = {name for name in after if not torch.equal(after[name], before[name])}
        of_backbone = {name for name in changed if name.startswith("backbone.")}
        assert of_backbone
        assert all(".layer.1." in name or name.startswith("backbone.layernorm") for name in of_backbone)

    def test_rates_fall_with_depth(self, backbone):
        model = ViTPainForPainAssessment.from_backbone(str(backbone))
        groups = backbone_groups(model, 1.0, 0.5)
        assert [group["lr"] for group in groups] == [1.0, 0.5, 0.25, 0.125]
        learning = [p for p in model.backbone.parameters() if p.requires_grad]
        assert sum(len(group["params"]) for group in groups) == len(learning)
        assert any(p is model.backbone.embeddings.cls_token for p in groups[-1]["params"])

    def test_more_than_there_are(self, backbone):
        model = ViTPainForPainAssessment.from_backbone(str(backbone))
        with pytest.raises(InvalidInput, match="tune is 4; allowed is 0 to 3"):
            train_last_layers(model, 4)
        train_last_layers(model, 3)
        assert model.backbone.embeddings.cls_token.requires_grad

    def test_a_second_run_tunes_what_a_first_one_trained(self, faces, backbone, tmp_path):
        train(options(faces, backbone, epochs=1), tmp_path / "a")
        second = RunOptions(
            str(faces), preset="small", start=str(tmp_path / "a"), tune=2, epochs=1, augmentation="light"
        )
        record = train(second, tmp_path / "b")
        assert record["recipe"]["tune"] == 2


class TestTime:
    def test_a_limit_of_time_ends_the_run_cleanly(self, faces, backbone, tmp_path):
        given = options(faces, backbone, epochs=100_000, max_minutes=0.05)
        record = train(given, tmp_path / "model")
        assert 0 < record["steps"] < 100_000
        assert record["best"]["epoch"] >= 1
        assert "coverage_after" in record["calibration"]
        assert ViTPainForPainAssessment.from_pretrained(tmp_path / "model")
        assert not (tmp_path / "model" / "checkpoints").exists()

    def test_lines_off_a_terminal(self, faces, backbone, tmp_path, capsys, monkeypatch):
        monkeypatch.setattr("dataset_script.progress._LINE_SECONDS", 0.0)
        arguments = [str(faces), "--out", str(tmp_path / "model"), "--backbone", str(backbone)]
        assert pain3d_cli.main(["train", *arguments, "--max-steps", "2", "--batch-size", "4"]) == 0
        lines = capsys.readouterr().err.splitlines()
        assert any(line.startswith("train: 2 steps of 4 images") for line in lines)
        assert any("4 of 8 images, " in line and "a second" in line and "left" in line for line in lines)
        assert any("validation images" in line for line in lines)


class TestTokens:
    def test_they_stand_for_pictures(self, backbone):
        model = ViTPainForPainAssessment.from_backbone(str(backbone), size=28, reference="neutral").eval()
        pictures, references = torch.randn(2, 3, 28, 28), torch.randn(2, 1, 3, 28, 28)
        with torch.no_grad():
            expected = model(pictures, reference_pixel_values=references)
            tokens, of_references = (model.backbone(p).last_hidden_state for p in (pictures, references[:, 0]))
            got = model(tokens=tokens, reference_tokens=of_references[:, None])
        for name in ("logits", "pspi", "au"):
            torch.testing.assert_close(got[name], expected[name])

    def test_one_or_the_other(self, backbone):
        model = ViTPainForPainAssessment.from_backbone(str(backbone), size=28)
        for given in ({}, {"pixel_values": torch.zeros(1, 3, 28, 28), "tokens": torch.zeros(1, 17, 24)}):
            with pytest.raises(ValueError, match="pixel_values and tokens are both given, or neither"):
                model(**given)


def test_the_command_knows_every_augmentation():
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    (found,) = (action for action in parser._actions if action.dest == "augmentation")
    assert tuple(found.choices) == AUGMENTATIONS
