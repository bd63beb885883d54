"""Presets equal their sources; every variant trains, resumes bit for bit, and ends as one plain model."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from assessing_models import save_assessing_model
from safetensors.torch import load_file
from small_faces import VARIANTS, options_of, rows_of, trainer_of, write_world
from transformers import HfArgumentParser

import pain3d_cli
from dataset_script.errors import InvalidInput, WorkFailed
from model_cards.training_words import training_words
from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment
from modeling_vitpain.frames.dataset import open_split
from modeling_vitpain.frames.sampling import PainSampler
from modeling_vitpain.prediction.load import load_model
from modeling_vitpain.training.options import RunOptions
from modeling_vitpain.training.recipes import PRESETS, ViTPainTrainingArguments
from modeling_vitpain.training.run import train
from modeling_vitpain.training.starting_model import starting_model


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp("world"))


class TestPresets:
    def test_paper_is_section_5(self, tmp_path):
        args = ViTPainTrainingArguments.preset("paper", output_dir=str(tmp_path))
        assert (args.freeze_epochs, args.num_train_epochs) == (5, 100)
        assert (args.learning_rate, args.backbone_learning_rate) == (5e-5, 5e-6)
        assert (args.lr_scheduler_type, args.lr_scheduler_kwargs) == ("cosine_with_min_lr", {"min_lr_rate": 0.01})
        assert (args.distillation_temperature, args.distillation_pspi) == (4.0, 0.1)
        assert (args.distillation_au, args.distillation_feature) == (0.3, 0.5)
        assert PRESETS["paper"].backbone == "google/vit-large-patch16-224-in21k"

    def test_v5_is_the_release(self, tmp_path):
        args = ViTPainTrainingArguments.preset("v5", output_dir=str(tmp_path))
        assert (args.lora_rank, args.lora_alpha, args.lora_dropout) == (8, 16, 0.1)
        assert (args.learning_rate, args.backbone_learning_rate, args.weight_decay) == (1e-4, 1e-5, 0.1)
        assert (args.per_device_train_batch_size, args.num_train_epochs, args.max_grad_norm) == (48, 150, 1.0)
        config = ViTPainConfig.tiny(**PRESETS["v5"].model)
        assert (config.pspi_head, config.reference, config.reference_encoder) == ("regression", "neutral", "own")
        assert config.lambda_au == 1.0

    def test_arguments_parse_as_any_script_does(self, tmp_path):
        words = ["--output_dir", str(tmp_path), "--sampler", "balanced", "--freeze_epochs", "2", "--seed", "3"]
        (args,) = HfArgumentParser(ViTPainTrainingArguments).parse_args_into_dataclasses(words)
        assert (args.sampler, args.freeze_epochs, args.data_seed, args.eval_strategy) == ("balanced", 2, 3, "epoch")
        assert (args.label_names, args.report_to) == (["labels", "au_labels", "pain_labels"], [])

    @pytest.mark.parametrize(
        ("options", "preset", "backbone"),
        [
            ({}, "scratch", None),
            ({"config": "large"}, "paper", PRESETS["paper"].backbone),
            ({"backbone": "x"}, "paper", "x"),
            ({"start": "x"}, "paper", None),
            ({"preset": "v5"}, "v5", PRESETS["v5"].backbone),
            ({"preset": "v5", "backbone": "x"}, "v5", "x"),
            ({"preset": "paper", "config": "tiny"}, "paper", None),
            ({"preset": "v5", "start": "x"}, "v5", None),
        ],
    )
    def test_where_a_run_starts(self, options, preset, backbone):
        options = RunOptions(data="d", **options)
        assert (options.preset_name, options.pretrained_backbone) == (preset, backbone)

    def test_options_override_the_preset(self, tmp_path):
        options = RunOptions(data="d", backbone="x", lr=1e-4, epochs=3, batch_size=7, sampler="balanced", bf16=True)
        args = options.training_arguments(tmp_path)
        assert args.backbone_learning_rate == pytest.approx(1e-5)  # its ratio to the heads' is kept
        assert (args.learning_rate, args.num_train_epochs, args.per_device_train_batch_size) == (1e-4, 3, 7)
        assert (args.sampler, args.bf16) == ("balanced", True)
        assert json.loads(json.dumps(args.recipe()))["backbone_learning_rate"] == args.backbone_learning_rate

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("sampler", "rare"),
            ("freeze_epochs", -1),
            ("lora_rank", -1),
            ("lora_dropout", 1.0),
            ("reference_dropout", 1.0),
            ("learning_rate", 0.0),
            ("distillation_temperature", 0.0),
            ("heatmap_weight", float("nan")),
            ("layer_decay", 0.0),
            ("max_minutes", 0.0),
            ("feature_copies", 0),
            ("tune", -1),
        ],
    )
    def test_values_that_are_not_allowed(self, tmp_path, field, value):
        with pytest.raises(InvalidInput, match=f"{field} is"):
            ViTPainTrainingArguments(output_dir=str(tmp_path), **{field: value})

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"preset": "v6"}, "preset is 'v6'; allowed are paper, v5, small, scratch"),
            ({"config": "tiny", "backbone": "x"}, "config and backbone are given"),
            ({"start": "x", "reference": "neutral"}, "reference is given with start"),
            ({"input": "heatmap", "reference": "neutral"}, "a heatmap is the change from neutral"),
            ({"cache_teacher": "x"}, "without a teacher"),
            ({"distillation_au": 0.3}, "without a teacher"),
            ({"input": "sound"}, "input is 'sound'"),
            ({"augmentation": "wild"}, "augmentation is 'wild'"),
            ({"preset": "small", "features": "x", "lora_rank": 4}, "features is given with a backbone that learns"),
        ],
    )
    def test_options_that_contradict_each_other(self, options, message):
        with pytest.raises(InvalidInput, match=message):
            RunOptions(data="d", **options)

    def test_lora_takes_the_place_of_a_frozen_backbone(self, tmp_path):
        options = RunOptions(data="d", preset="small", lora_rank=4)
        assert options.training_arguments(tmp_path).tune is None
        assert RunOptions(data="d", preset="small").training_arguments(tmp_path).tune == 0

    def test_no_frozen_random_weights(self, tmp_path):
        with pytest.raises(InvalidInput, match="tune is 0 on a backbone of random weights"):
            RunOptions(data="d", preset="small", config="tiny").training_arguments(tmp_path)

    def test_no_lora_on_random_weights(self, tmp_path):
        with pytest.raises(InvalidInput, match="lora_rank is 8 on a backbone of random weights"):
            RunOptions(data="d", preset="v5", config="tiny").training_arguments(tmp_path)


class TestSampler:
    PSPI = np.repeat([0, 1, 2, 9], [60, 25, 10, 5])

    def test_balanced_draws_each_class_equally(self):
        sampler = PainSampler(self.PSPI, "balanced", seed=0)
        counts = np.zeros(17)
        for epoch in range(100):
            sampler.set_epoch(epoch)
            drawn = [k for k, _ in sampler]
            assert len(drawn) == len(sampler) == 100
            counts += np.bincount(self.PSPI[drawn], minlength=17)
        np.testing.assert_allclose(counts[[0, 1, 2, 9]] / 10_000, 0.25, atol=0.02)
        assert counts.sum() == counts[[0, 1, 2, 9]].sum()

    def test_pain_twice(self):
        sampler = PainSampler(self.PSPI, "pain-twice", seed=0)
        pairs = list(sampler)
        assert len(pairs) == len(sampler) == len(set(pairs)) == 140
        expected = [(k, draw) for k, score in enumerate(self.PSPI) for draw in range(2 if score else 1)]
        assert sorted(pairs) == expected

    @pytest.mark.parametrize("kind", ["balanced", "pain-twice"])
    def test_order_is_a_function_of_seed_and_epoch(self, kind):
        orders = {}
        for seed, epoch in ((0, 0), (0, 1), (1, 0)):
            one, two = (PainSampler(self.PSPI, kind, seed) for _ in range(2))
            list(two)  # an epoch that another process has not seen
            for sampler in (one, two):
                sampler.set_epoch(epoch)
            orders[seed, epoch] = tuple(one)
            assert tuple(one) == tuple(two)
        assert len(set(orders.values())) == 3

    def test_two_draws_of_a_frame_are_two_variations(self, world, tmp_path):
        frames = trainer_of(options_of("pain twice", world), tmp_path).train_dataset
        assert torch.equal(frames[3]["pixel_values"], frames[3, 0]["pixel_values"])
        assert not torch.equal(frames[3]["pixel_values"], frames[3, 1]["pixel_values"])
        assert torch.equal(frames[3]["au_labels"], frames[3, 1]["au_labels"])

    def test_unknown_kind(self):
        with pytest.raises(InvalidInput, match="sampler is 'rare'"):
            PainSampler(self.PSPI, "rare", 0)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_trainable_parameter_is_optimised_and_gets_a_gradient(world, tmp_path, variant):
    trainer = trainer_of(options_of(variant, world), tmp_path, freeze_epochs=0)
    optimizer = trainer.create_optimizer()
    groups = [[id(p) for p in group["params"]] for group in optimizer.param_groups]
    named = {name: p for name, p in trainer.model.named_parameters() if p.requires_grad}
    if trainer.objective is not None:
        named |= {f"objective.{name}": p for name, p in trainer.objective.named_parameters()}
    assert sorted(groups[0] + groups[1]) == sorted(map(id, named.values()))
    assert set(groups[0]) == {id(p) for name, p in named.items() if name.split(".")[0].endswith("backbone")}
    assert "au_head.queries" in named

    trainer.model.train()
    batches = iter(trainer.get_train_dataloader())
    for step in range(2):  # LoRA's second factor is zero before the first step, and so is the first one's gradient
        optimizer.zero_grad()
        trainer.compute_loss(trainer.model, next(batches)).backward()
        if step == 0:
            optimizer.step()
    without = [name for name, p in named.items() if p.grad is None or not p.grad.any()]
    assert not without


@pytest.mark.parametrize("variant", VARIANTS)
def test_resumed_within_an_epoch_equals_straight_bit_for_bit(world, tmp_path, variant):
    """From a checkpoint in the middle of an epoch: order, augmentation, dropout and optimizer continue as they were."""
    steps = {"eval_strategy": "steps", "eval_steps": 3, "save_strategy": "steps", "save_steps": 3}
    others = {**steps, "save_total_limit": None, "load_best_model_at_end": False, "freeze_epochs": 1, "max_steps": 6}
    options = options_of(variant, world)
    straight = trainer_of(options, tmp_path, **others)
    straight.train()
    assert straight.state.max_steps - 3 > 0 and len(straight.get_train_dataloader()) not in (1, 3)
    expected = _saved(tmp_path / "checkpoint-6")

    torch.manual_seed(99)
    np.random.seed(99)
    resumed = trainer_of(options, tmp_path, **others)
    torch.manual_seed(98)
    resumed.train(resume_from_checkpoint=str(tmp_path / "checkpoint-3"))
    found = _saved(tmp_path / "checkpoint-6")
    assert found.keys() == expected.keys()
    different = [name for name, value in expected.items() if not torch.equal(value, found[name])]
    assert not different
    start = _saved(tmp_path / "checkpoint-3")
    assert any(not torch.equal(start[name], found[name]) for name in start)


def _saved(checkpoint) -> dict[str, torch.Tensor]:
    """Weights of the model and of the heatmap objective, and AdamW's moments."""
    tensors = {f"{path.name} {k}": v for path in checkpoint.glob("*.safetensors") for k, v in load_file(path).items()}
    state = torch.load(checkpoint / "optimizer.pt", weights_only=True)["state"]
    return tensors | {f"{n} {key}": value for n, of in state.items() for key, value in of.items()}


@pytest.mark.parametrize("variant", ["reference", "v5", "lora", "balanced", "distillation, cached"])
def test_runs_end_as_a_plain_model(world, tmp_path, variant):
    """Saved, loaded and recorded as any other: no adapter, no teacher, no head of an objective is left in it."""
    record = train(options_of(variant, world, max_steps=3), tmp_path / "model")
    model, _ = load_model(tmp_path / "model")  # refuses missing and unexpected tensors
    assert not any("lora" in name or "teacher" in name for name in model.state_dict())
    assert record["recipe"]["sampler"] == ("balanced" if variant == "balanced" else "natural")
    calibration = record["calibration"]
    assert {"level", "coverage_before", "coverage_after"} < calibration.keys()
    if model.config.pspi_head == "regression":
        assert model.config.regression_sd == pytest.approx(calibration["sd"])
    else:
        assert model.config.interval_temperature == pytest.approx(calibration["temperature"])
    assert calibration["nll_after"] <= calibration["nll_before"] + 1e-9


def test_a_run_opens_training_and_validation_only(world, tmp_path, monkeypatch):
    """The test identities choose nothing."""
    opened = []

    def spy(data, split):
        opened.append(split)
        return open_split(data, split)

    monkeypatch.setattr("modeling_vitpain.training.run.open_split", spy)
    train(options_of("scratch", world, max_steps=1), tmp_path / "model")
    assert sorted(opened) == ["train", "validation"]


def test_start_continues_from_a_trained_model(world, tmp_path):
    options = RunOptions(
        data=str(world / "pain3d"), start=str(world / "teacher"), batch_size=6, max_steps=2, lambda_au=0.1
    )
    before = load_model(world / "teacher")[0].state_dict()
    trainer = trainer_of(options, tmp_path / "checkpoints")
    assert all(torch.equal(value, before[name]) for name, value in trainer.model.state_dict().items())
    train(options, tmp_path / "model")
    after = load_model(tmp_path / "model")[0]
    assert after.config.lambda_au == 0.1
    first = json.loads((tmp_path / "model" / "training.json").read_text())
    again = train(replace(options, start=str(tmp_path / "model"), max_steps=1), tmp_path / "again")
    assert first["start"] is None and again["start"] == {k: v for k, v in first.items() if k != "curve"}
    words = training_words("again", again)
    assert "`model`, which it began with: `pain3d train pain3d --out model" in words
    assert "2 steps in " in words and "which it began with" not in training_words("model", first)
    assert not torch.equal(after.au_head.queries, before["au_head.queries"])


def test_start_with_another_expression_head_begins_it_anew(tmp_path, capsys):
    save_assessing_model(tmp_path / "before")
    before = load_model(tmp_path / "before")[0].state_dict()
    options = RunOptions(
        data="d", start=str(tmp_path / "before"), preset="small", expression_hidden_size=8, smile_weight=3.0
    )
    model, _ = starting_model(options)
    assert "the expression head is a new one" in capsys.readouterr().err
    assert (model.config.expression_hidden_size, model.config.smile_weight) == (8, 3.0)
    after = model.state_dict()
    same = {name for name, value in after.items() if name in before and torch.equal(value, before[name])}
    assert {name for name in after if not name.startswith("expression_head")} <= same
    assert after["expression_head.2.weight"].shape == (8, 32)
    kept, _ = starting_model(replace(options, expression_hidden_size=0))
    assert torch.equal(kept.state_dict()["expression_head.2.weight"], before["expression_head.2.weight"])
    with pytest.raises(InvalidInput, match="expression_hidden_size is -1; allowed is 0 or more"):
        starting_model(replace(options, expression_hidden_size=-1))
    save_assessing_model(tmp_path / "none", expression_head=False)
    with pytest.raises(InvalidInput, match=r"expression_hidden_size is 8, and .* has no expression head"):
        starting_model(replace(options, start=str(tmp_path / "none")))


def test_start_of_a_model_without_fallback_gives_it_one(world, tmp_path, capsys):
    """As converted models are: a dataset has frames without a reference, and the recipe leaves some out on purpose."""
    teacher, processor = load_model(world / "teacher")
    config = type(teacher.config).from_dict(teacher.config.to_dict(), reference="neutral", reference_fallback=False)
    torch.manual_seed(4)
    ViTPainForPainAssessment(config).save_pretrained(tmp_path / "converted")
    processor.save_pretrained(tmp_path / "converted")
    before = load_model(tmp_path / "converted")[0].state_dict()
    assert "reference_token.weight" not in before
    options = RunOptions(data=str(world / "pain3d"), start=str(tmp_path / "converted"), batch_size=6, max_steps=3)
    trainer = trainer_of(options, tmp_path / "checkpoints")
    token = trainer.model.state_dict()["reference_token.weight"]
    assert 0.005 < token.std() < 0.05
    assert all(torch.equal(value, trainer.model.state_dict()[name]) for name, value in before.items())
    assert "it gets one" in capsys.readouterr().err
    train(options, tmp_path / "model")
    after = load_model(tmp_path / "model")[0]
    assert after.config.reference_fallback
    assert torch.isfinite(after.reference_token.weight).all()
    again = trainer_of(RunOptions(**{**vars(options), "start": str(tmp_path / "model")}), tmp_path / "again")
    assert torch.equal(again.model.reference_token.weight, after.reference_token.weight)


def test_bf16_on_a_cpu_trains_and_keeps_float32_weights(world, tmp_path):
    record = train(options_of("v5", world, bf16=True, max_steps=2), tmp_path / "model")
    assert record["recipe"]["bf16"] is True
    assert np.isfinite(record["best"]["validation_pspi_mae"])
    assert {p.dtype for p in load_model(tmp_path / "model")[0].parameters()} == {torch.float32}


def test_a_checkpoint_of_another_model_is_refused(world, tmp_path):
    trainer_of(options_of("scratch", world, max_steps=1), tmp_path).train()
    other = trainer_of(options_of("reference", world, max_steps=2), tmp_path)
    with pytest.raises(WorkFailed, match="checkpoint does not fit the model: reference_"):
        other.train(resume_from_checkpoint=True)


def test_frames_without_what_the_recipe_needs(world, tmp_path):
    trainer = trainer_of(options_of("paper", world), tmp_path, heatmap_weight=1.0, freeze_epochs=0)
    trainer.train_dataset.views.pop("heatmaps")
    with pytest.raises(InvalidInput, match="the training frames hold no heatmaps"):
        trainer.train()
    trainer = trainer_of(options_of("distillation", world), tmp_path)
    trainer.train_dataset.views.pop("heatmap_pixel_values")
    with pytest.raises(InvalidInput, match="neither heatmaps for the teacher nor its outputs"):
        trainer.train()


def test_the_trainer_is_usable_in_a_script(world, tmp_path):
    """As the docstring of recipes.py shows."""
    from small_faces import processor, small_model

    from modeling_vitpain.frames.dataset import PainFrames
    from modeling_vitpain.training.trainers import ViTPainTrainer

    rows = rows_of(range(2), 3)
    args = ViTPainTrainingArguments.preset("paper", output_dir=str(tmp_path), num_train_epochs=1)
    trainer = ViTPainTrainer(
        small_model(), args, train_dataset=PainFrames(rows, processor()), eval_dataset=PainFrames(rows, processor())
    )
    assert np.isfinite(trainer.train().training_loss)


@pytest.mark.parametrize("command", ["train", "predict", "convert", "export"])
def test_help_imports_nothing_heavy(command):
    code = (
        "import contextlib, sys, pain3d_cli\n"
        f"with contextlib.suppress(SystemExit): pain3d_cli.main([{command!r}, '--help'])\n"
        "sys.exit(any(m in sys.modules for m in ('torch', 'transformers', 'numpy', 'datasets')))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def test_command_takes_every_option(world, tmp_path, capsys):
    options = ["--backbone", str(world / "backbone"), "--reference", "neutral", "--pspi-head", "regression"]
    options += ["--reference-encoder", "own", "--lora-rank", "2", "--sampler", "pain-twice", "--lambda-au", "0.1"]
    options += ["--reference-dropout", "0.3", "--no-bf16", "--batch-size", "6", "--max-steps", "2", "--preset", "v5"]
    assert pain3d_cli.main(["train", str(world / "pain3d"), "--out", str(tmp_path / "m"), "--json", *options]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["preset"] == "v5"
    assert record["recipe"]["sampler"] == "pain-twice"
    assert (record["recipe"]["lora_rank"], record["recipe"]["reference_dropout"]) == (2, 0.3)
    assert load_model(tmp_path / "m")[0].config.lambda_au == 0.1
