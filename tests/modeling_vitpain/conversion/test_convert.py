"""The authors' checkpoint, converted, gives their outputs; and a hostile checkpoint gives nothing."""

import json
from pathlib import Path

import pytest
import torch
from authors_checkpoint import ALPHA, RANK, Release, random_state, save_checkpoint

import pain3d_cli
from dataset_script.errors import InvalidInput, WorkFailed
from modeling_vitpain.conversion.authors import RECORD, convert_authors_checkpoint
from modeling_vitpain.prediction.load import load_model


@pytest.fixture
def pictures():
    draw = torch.Generator().manual_seed(5)
    return torch.randn(2, 3, 224, 224, generator=draw), torch.randn(2, 3, 224, 224, generator=draw)


def converted(state, tmp_path: Path, **options):
    convert_authors_checkpoint(save_checkpoint(state, tmp_path / "release.ckpt"), tmp_path / "out", **options)
    return load_model(tmp_path / "out")


def largest_difference(model, expected, **inputs) -> float:
    """In float64, so that what is left is what the conversion did: merged weights, rounded to float32."""
    with torch.no_grad():
        outputs = model.cpu().double()(**{name: pixels.double() for name, pixels in inputs.items()})
    return max((getattr(outputs, name) - value).abs().max().item() for name, value in expected.items())


def test_the_release_s_outputs_with_a_neutral_reference(pictures, tmp_path):
    frame, neutral = pictures
    state = random_state()
    model, _ = converted(state, tmp_path)
    expected = Release(state)(frame, neutral)
    assert expected["au"].min() > 0 and expected["pspi"].std() > 0  # nothing is hidden by a ReLU or a saturated sigmoid
    assert largest_difference(model, expected, pixel_values=frame, reference_pixel_values=neutral) < 1e-5
    # and what must matter, does
    assert (
        largest_difference(
            model, Release(state, alpha=0)(frame, neutral), pixel_values=frame, reference_pixel_values=neutral
        )
        > 1e-3
    )
    assert largest_difference(model, expected, pixel_values=frame, reference_pixel_values=frame) > 1e-3


@pytest.mark.parametrize(
    "layout",
    [
        {"lora": False},
        {"lora": False, "peft": False},
        {"lora": False, "peft": False, "biased": True},
        {"neutral": "equal"},
    ],
    ids=str,
)
def test_the_release_s_outputs_in_other_layouts(layout, pictures, tmp_path):
    frame, neutral = pictures
    state = random_state(**layout)
    model, _ = converted(state, tmp_path)
    assert model.config.reference_encoder == ("shared" if layout.get("neutral") == "equal" else "own")
    expected = Release(state)(frame, neutral)
    assert largest_difference(model, expected, pixel_values=frame, reference_pixel_values=neutral) < 1e-5


def test_the_release_s_outputs_without_reference(pictures, tmp_path):
    state = random_state(neutral="none")
    model, _ = converted(state, tmp_path)
    assert model.config.reference == "none"
    assert largest_difference(model, Release(state)(pictures[0]), pixel_values=pictures[0]) < 1e-5


def test_configuration_processor_and_record(tmp_path):
    state = random_state()
    model, processor = converted(state, tmp_path)
    config = model.config
    assert (config.backbone_positions, config.backbone_registers) == ("none", False)
    assert (config.reference, config.reference_encoder, config.reference_fallback) == ("neutral", "own", False)
    assert (config.image_size, config.pspi_thresholds, config.pspi_hidden_sizes) == (
        (224, 224),
        [1, 2, 3],
        [64, 32, 16],
    )
    assert dict(processor.size) == {"height": 224, "width": 224}
    assert list(processor.image_mean) == [0.485, 0.456, 0.406] and list(processor.image_std) == [0.229, 0.224, 0.225]

    record = json.loads((tmp_path / "out" / RECORD).read_text())
    assert record["source"] == "release.ckpt" and len(record["sha256"]) == 64
    assert (record["lora_alpha"], record["lora_ranks"], record["lora_layers"]) == (ALPHA, [RANK], 10)
    assert record["parameters"] == model.num_parameters()
    assert "DINOv3 License" in record["licence"]
    with pytest.raises(ValueError, match="reference"):
        model(torch.zeros(1, 3, 224, 224))
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert "model.safetensors" in names and not any(name.endswith((".bin", ".pt", ".ckpt")) for name in names)


def test_every_tensor_of_the_checkpoint_arrives(tmp_path):
    """Where every number of the source changes, every tensor of the model does, but for the unused mask tokens."""
    reference = random_state(seed=1)
    model, _ = converted(reference, tmp_path)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    changed = {name: tensor + 1 for name, tensor in reference.items()}
    (tmp_path / "again").mkdir()
    after = converted(changed, tmp_path / "again")[0].state_dict()
    assert [name for name in before if torch.equal(before[name], after[name])] == [
        "backbone.embeddings.mask_token",
        "reference_backbone.embeddings.mask_token",
    ]


def test_half_precision_is_written_as_float32(tmp_path):
    state = {name: tensor.half() for name, tensor in random_state(lora=False).items()}
    model, _ = converted(state, tmp_path)
    assert {tensor.dtype for tensor in model.state_dict().values()} == {torch.float32}
    assert torch.equal(model.au_head.queries, state["au_queries"].float())


def test_a_bare_state_dict_is_taken_too(tmp_path):
    torch.save(random_state(), tmp_path / "bare.pt")
    torch.load(tmp_path / "bare.pt", weights_only=True)
    assert convert_authors_checkpoint(tmp_path / "bare.pt", tmp_path / "out").lora_layers == 10


class TestWhatDoesNotFit:
    def refused(self, state, tmp_path, **options) -> str:
        with pytest.raises(InvalidInput) as error:
            converted(state, tmp_path, **options)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["release.ckpt"]  # nothing half-written
        return str(error.value)

    def test_missing_and_extra_are_all_named(self, tmp_path):
        state = random_state()
        state["ema.decay"] = torch.zeros(1)
        for name in (
            "au_queries",
            "neutral_norm.bias",
            "vit_model.base_model.model.blocks.1.attn.proj.lora_B.default.weight",
        ):
            del state[name]
        message = self.refused(state, tmp_path)
        for name in ("au_queries", "neutral_norm.bias", "blocks.1.attn.proj.weight", "extra ema.decay"):
            assert name in message
        assert "\n" not in message

    def test_many_are_counted(self, tmp_path):
        state = random_state()
        state |= {f"more.{k}": torch.zeros(1) for k in range(25)}
        message = self.refused(state, tmp_path)
        assert "more.9 and 15 more" in message and "more.10" not in message

    def test_a_missing_block(self, tmp_path):
        state = {name: tensor for name, tensor in random_state().items() if ".blocks.0.norm" not in name}
        assert "vit_model.blocks.0.norm1.weight" in self.refused(state, tmp_path)

    def test_other_sizes(self, tmp_path):
        state = random_state()
        state["au_head.weight"] = torch.zeros(1, 49)
        state["neutral_encoder.base_model.model.blocks.0.attn.qkv.lora_B.default.weight"] = torch.zeros(384, 5)
        message = self.refused(state, tmp_path)
        assert "au_head.weight (1, 49), needed (1, 48)" in message
        assert "LoRA of neutral_encoder.blocks.0.attn.qkv.weight" in message

    def test_blocks_with_a_gap(self, tmp_path):
        state = {name.replace(".blocks.1.", ".blocks.77777."): tensor for name, tensor in random_state().items()}
        message = self.refused(state, tmp_path)
        assert "missing vit_model.blocks.1.norm1.weight" in message and "blocks.77777." in message

    def test_one_tensor_under_two_names(self, tmp_path):
        state = random_state()
        state["vit_model.cls_token"] = torch.zeros(1, 1, 128)
        assert "vit_model.base_model.model.cls_token and vit_model.cls_token" in self.refused(state, tmp_path)

    def test_another_model_altogether(self, tmp_path):
        assert "vit_model.patch_embed.proj.weight" in self.refused({"conv1.weight": torch.zeros(3, 3)}, tmp_path)

    def test_an_adapter_that_timm_would_not_apply(self, tmp_path):
        assert "q_bias" in self.refused(random_state(biased=True), tmp_path)

    def test_attention_heads_that_do_not_divide(self, tmp_path):
        assert "attention-heads is 3" in self.refused(random_state(), tmp_path, attention_heads=3)

    def test_another_alpha_must_be_confirmed(self, tmp_path):
        source = save_checkpoint(random_state(), tmp_path / "release.ckpt", hyper_parameters={"lora_alpha": 32})
        with pytest.raises(InvalidInput, match="says 32"):
            convert_authors_checkpoint(source, tmp_path / "out")
        assert convert_authors_checkpoint(source, tmp_path / "out", lora_alpha=32).lora_alpha == 32


class TestCommand:
    def test_converts(self, tmp_path, capsys):
        save_checkpoint(random_state(), tmp_path / "release.ckpt")
        assert pain3d_cli.main(["convert", str(tmp_path / "release.ckpt"), str(tmp_path / "out")]) == 0
        assert "LoRA of 10 layers merged" in capsys.readouterr().out
        assert pain3d_cli.main(["convert", str(tmp_path / "release.ckpt"), str(tmp_path / "out")]) == 2
        assert "exists" in capsys.readouterr().err

    @pytest.mark.parametrize("name", ["", "data.txt", "none.ckpt"])
    def test_names_what_is_allowed(self, name, tmp_path, capsys):
        (tmp_path / "data.txt").touch()
        assert pain3d_cli.main(["convert", str(tmp_path / name), str(tmp_path / "out")]) == 2
        assert "source is" in capsys.readouterr().err

    @pytest.mark.parametrize("name", ["UNBC", "labels.csv", "frames.hdf5", "shard-0.tar.gz"])
    def test_data_are_for_import(self, name, tmp_path, capsys):
        source, out = tmp_path / name, tmp_path / "out"
        source.touch() if source.suffix else source.mkdir()
        assert pain3d_cli.main(["convert", str(source), str(out)]) == 2
        error = capsys.readouterr().err
        assert f"`pain3d import {source} {out}` reads data" in error and error.count("\n") == 1

    @pytest.mark.parametrize("options", [["--copy"], ["--check-images"], ["--strict"], ["--split-csv", "split.csv"]])
    def test_options_of_import_name_it(self, options, tmp_path, capsys):
        save_checkpoint(random_state(), tmp_path / "release.ckpt")
        assert pain3d_cli.main(["convert", str(tmp_path / "release.ckpt"), str(tmp_path / "out"), *options]) == 2
        assert f"{options[0]} is not for checkpoints; `pain3d import" in capsys.readouterr().err

    def test_damaged_file_is_failed_work(self, tmp_path):
        path = save_checkpoint(random_state(), tmp_path / "release.ckpt")
        path.write_bytes(path.read_bytes()[:-1000])
        with pytest.raises(WorkFailed, match="truncated"):
            convert_authors_checkpoint(path, tmp_path / "out")
