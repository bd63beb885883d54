import dataclasses
import json
import shutil

import datasets
import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from small_faces import rows_of

import modeling_vitpain.training.trainers
import pain3d_cli
from dataset_script.errors import InvalidInput, WorkFailed
from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment, ViTPainImageProcessor
from modeling_vitpain.frames.augmentation.light import LightVariation
from modeling_vitpain.frames.dataset import PainFrames, open_split
from modeling_vitpain.prediction.splits import predict_dataset
from modeling_vitpain.training.calibration import Calibration
from modeling_vitpain.training.checkpoints import last_complete
from modeling_vitpain.training.options import RunOptions
from modeling_vitpain.training.recipes import ViTPainTrainingArguments
from modeling_vitpain.training.record import RecordedData, TrainingRecord
from modeling_vitpain.training.run import train
from modeling_vitpain.training.starting_model import start_from_sine_positions
from modeling_vitpain.training.trainers import DistillationTrainer, ViTPainTrainer

QUICK = {"num_train_epochs": 2, "per_device_train_batch_size": 10, "learning_rate": 1e-3, "freeze_epochs": 0}


@pytest.fixture
def processor():
    return ViTPainImageProcessor(size={"height": 32, "width": 32})


def small_model(seed: int = 0, hidden_size: int = 32) -> ViTPainForPainAssessment:
    torch.manual_seed(seed)
    config = ViTPainConfig.tiny().backbone_config
    config.update(
        {"hidden_size": hidden_size, "num_hidden_layers": 2, "intermediate_size": 64, "image_size": 32, "patch_size": 8}
    )
    return ViTPainForPainAssessment(ViTPainConfig(backbone_config=config))


def trainer_for(faces, processor, out, settings=QUICK, cls=ViTPainTrainer, **kwargs) -> ViTPainTrainer:
    model = small_model()
    train_rows, validation_rows = open_split(faces, "train"), open_split(faces, "validation")
    teacher_processor = processor if "teacher" in kwargs else None
    return cls(
        model,
        ViTPainTrainingArguments.preset("paper", output_dir=str(out), seed=0, **settings),
        train_dataset=PainFrames(train_rows, processor, "image", 0, teacher=teacher_processor),
        eval_dataset=PainFrames(validation_rows, processor),
        **kwargs,
    )


class TestFrames:
    def test_every_frame_of_a_split_is_there_neutral_ones_too(self, faces, processor):
        rows = open_split(faces, "train")
        frames = PainFrames(rows, processor)
        assert len(frames) == len(rows) == 30
        assert int((frames.labels == 0).sum()) >= 6

    def test_splits_share_no_identity(self, faces):
        found = [set(open_split(faces, split)["identity_id"][:]) for split in ("train", "validation", "test")]
        assert sum(map(len, found)) == len(set.union(*found)) == 10

    def test_an_item_is_what_the_processor_and_the_row_say(self, faces, processor):
        rows = open_split(faces, "train")
        frames = PainFrames(rows, processor, teacher=processor)
        for k in (0, 7, 7):  # the second time out of the cache
            item = frames[k]
            for key, column in (("pixel_values", "image"), ("heatmap_pixel_values", "heatmap")):
                expected = processor(rows[k][column], return_tensors="pt")["pixel_values"][0]
                torch.testing.assert_close(item[key], expected, atol=1e-6, rtol=0)
            assert item["labels"].item() == rows[k]["pspi"]
            assert item["au_labels"].tolist() == rows[k]["au"]

    def test_augmentation_depends_on_seed_epoch_and_frame_only(self, faces, processor):
        rows = open_split(faces, "train")
        one, two = (PainFrames(rows, processor, augment_seed=3) for _ in range(2))
        for k in (4, 1, 4):
            first = one[k]["pixel_values"]
        assert torch.equal(first, two[4]["pixel_values"])
        two.set_epoch(1)
        assert not torch.equal(first, two[4]["pixel_values"])
        assert not torch.equal(first, PainFrames(rows, processor, augment_seed=4)[4]["pixel_values"])

    def test_picture_and_heatmap_move_together(self):
        """A bright spot stays under the same spot; a heatmap's values are never made brighter."""
        picture = np.zeros((40, 40, 3), dtype=np.uint8)
        picture[12:20, 22:30] = 200
        for seed in range(20):
            variation = LightVariation.draw(np.random.default_rng(seed))
            moved, heat = (
                result[..., 0].astype(float) for result in (variation.apply(picture), variation.move(picture))
            )
            assert np.unravel_index(heat.argmax(), heat.shape) in list(
                zip(*np.where(moved == moved.max()), strict=True)
            )
            assert heat.max() == 200
            y, x = (np.average(np.arange(40) + 0.5, weights=heat.sum(axis=axis)) for axis in (1, 0))
            assert abs(y - 16) < 40 * 0.08
            assert min(abs(x - 26), abs(x - 14)) < 40 * 0.08  # at its place, or mirrored

    @pytest.mark.parametrize("bad", ["nowhere", "/nowhere/at/all"])
    def test_no_dataset(self, bad):
        with pytest.raises(InvalidInput, match="nowhere"):
            open_split(bad, "train")

    def test_a_damaged_picture_is_named(self, faces, processor):
        rows = open_split(faces, "train").cast_column("image", datasets.Image(decode=False))
        broken = rows.map(lambda row: {"image": {"bytes": row["image"]["bytes"][:200], "path": None}})
        frames = PainFrames(broken.cast_column("image", datasets.Image()), processor)
        with pytest.raises(WorkFailed, match="frame 00000-02-0: its image is not a readable picture"):
            frames[2]

    def test_a_picture_that_was_moved_is_named_with_its_place(self, faces, processor, tmp_path):
        rows = open_split(faces, "train").cast_column("image", datasets.Image(decode=False))
        moved = rows.map(lambda row: {"image": {"bytes": None, "path": str(tmp_path / "gone.png")}})
        frames = PainFrames(moved.cast_column("image", datasets.Image()), processor)
        with pytest.raises(
            WorkFailed, match=r"its image is .*gone\.png: No such file .*; where the pictures were moved"
        ):
            frames[2]

    def test_no_such_split(self, faces):
        with pytest.raises(InvalidInput, match="train, validation, test"):
            open_split(faces, "dev")


class TestOptimizer:
    def test_groups_hold_every_trainable_parameter_once(self, faces, processor, tmp_path):
        trainer = trainer_for(faces, processor, tmp_path, {})
        groups = trainer.create_optimizer().param_groups
        assert [group["lr"] for group in groups] == [5e-6, 5e-5]
        held = [id(p) for group in groups for p in group["params"]]
        assert len(held) == len(set(held))
        assert set(held) == {id(p) for p in trainer.model.parameters() if p.requires_grad}
        assert {id(p) for p in groups[0]["params"]} == {id(p) for p in trainer.model.backbone.parameters()}

    def test_rate_falls_by_a_cosine_to_one_percent(self, faces, processor, tmp_path):
        trainer = trainer_for(faces, processor, tmp_path, {})
        trainer.create_optimizer_and_scheduler(num_training_steps=100)
        rates = []
        for _ in range(100):
            rates.append(trainer.lr_scheduler.get_last_lr())
            trainer.optimizer.step()
            trainer.lr_scheduler.step()
        heads = [rate[1] for rate in rates] + [trainer.lr_scheduler.get_last_lr()[1]]
        expected = 5e-5 * (0.01 + 0.99 * 0.5 * (1 + np.cos(np.pi * np.arange(101) / 100)))
        np.testing.assert_allclose(heads, expected, rtol=1e-6)

    def test_backbone_is_frozen_for_the_first_epochs_only(self, faces, processor, tmp_path):
        settings = {
            "num_train_epochs": 3,
            "freeze_epochs": 2,
            "save_total_limit": None,
            "load_best_model_at_end": False,
        }
        trainer = trainer_for(faces, processor, tmp_path, {**QUICK, **settings})
        before = {name: p.clone() for name, p in trainer.model.named_parameters()}
        trainer.train()
        for checkpoint, frozen in ((6, True), (9, False)):
            after = load_file(tmp_path / f"checkpoint-{checkpoint}" / "model.safetensors")
            same = [torch.equal(after[name], before[name]) for name in before if name.startswith("backbone.")]
            assert all(same) if frozen else not any(same)
            assert not torch.equal(after["au_head.queries"], before["au_head.queries"])


class TestDistillation:
    def test_teacher_stays_as_it_was_and_moves_the_student(self, faces, processor, tmp_path):
        teacher = small_model(seed=5).train()
        before = {name: p.clone() for name, p in teacher.state_dict().items()}
        trainer = trainer_for(faces, processor, tmp_path / "a", cls=DistillationTrainer, teacher=teacher)
        trainer.train()
        assert not teacher.training
        assert all(torch.equal(p, before[name]) for name, p in teacher.state_dict().items())
        assert not any("teacher" in name for name in trainer.model.state_dict())
        alone = trainer_for(faces, processor, tmp_path / "b")
        alone.train()
        assert not torch.equal(trainer.model.au_head.queries, alone.model.au_head.queries)

    def test_widths_must_agree(self, faces, processor, tmp_path):
        with pytest.raises(InvalidInput, match="teacher has 64 features of a face"):
            trainer_for(faces, processor, tmp_path, cls=DistillationTrainer, teacher=small_model(hidden_size=64))


def test_learns_a_handful_of_frames_by_heart(faces, processor):
    """No error on 8 frames: nothing on the way from pixels to loss is cut off."""
    frames = PainFrames(open_split(faces, "train").select(range(8)), processor)
    items = [frames[k] for k in range(8)]
    batch = {key: torch.stack([item[key] for item in items]) for key in items[0]}
    model = small_model().train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0)
    for _ in range(300):
        optimizer.zero_grad()
        model(**batch).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    output = model.eval()(**batch)
    assert (output.logits.argmax(-1) == batch["labels"]).all()
    assert (output.au - batch["au_labels"]).abs().max() < 0.5  # the right intensity, once rounded


@pytest.mark.slow
def test_tiny_configuration_overfits_64_frames_to_zero_error(tmp_path):
    """The whole way, loader, recipe and trainer: every PSPI class exact, every AU right once rounded."""
    rows = rows_of(range(8), 8, views=1, pixels=112)
    assert len(rows) == 64
    assert set(rows["pspi"]) == set(range(17))
    torch.manual_seed(0)
    model = ViTPainForPainAssessment(ViTPainConfig.tiny())
    start_from_sine_positions(model)
    processor = ViTPainImageProcessor(size={"height": 112, "width": 112})
    args = ViTPainTrainingArguments.preset(
        "scratch",
        output_dir=str(tmp_path),
        num_train_epochs=120,
        learning_rate=2e-3,
        backbone_learning_rate=2e-3,
        weight_decay=0.0,
        eval_strategy="no",
        save_strategy="no",
        load_best_model_at_end=False,
    )
    trainer = ViTPainTrainer(
        model,
        args,
        train_dataset=PainFrames(rows, processor, with_heatmap=True),
        eval_dataset=PainFrames(rows, processor),
    )
    trainer.train()
    logits, _, au = trainer.predict(trainer.eval_dataset).predictions
    assert logits.argmax(axis=-1).tolist() == rows["pspi"][:]
    assert np.rint(au).tolist() == rows["au"][:]


@pytest.fixture(scope="module")
def options(faces, tmp_path_factory) -> RunOptions:
    config = tmp_path_factory.mktemp("config")
    small_model().config.save_pretrained(config)
    return RunOptions(data=str(faces), config=str(config), epochs=3, batch_size=10, seed=1)


@pytest.fixture(scope="module")
def straight(options, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "model"
    return out, train(options, out)


class TestRuns:
    def test_writes_a_whole_model_and_its_record(self, straight, options):
        out, record = straight
        assert {"config.json", "model.safetensors", "preprocessor_config.json", "training.json"} < {
            path.name for path in out.iterdir()
        }
        assert not (out / "checkpoints").exists()
        assert json.loads((out / "training.json").read_text()) == record
        assert set(record) == set(TrainingRecord.__annotations__)
        assert set(record["data"]) == set(RecordedData.__annotations__)
        assert set(record["calibration"]) == set(Calibration.__annotations__) - {"sd", "au"}
        assert record["options"] == dataclasses.asdict(options)
        assert record["data"]["frames"] == {"train": 30, "validation": 10}
        assert record["data"]["licences"] == ["CC0-1.0"]
        assert [entry["epoch"] for entry in record["curve"]] == [1, 2, 3]
        errors = [entry["validation_pspi_mae"] for entry in record["curve"]]
        assert record["best"]["validation_pspi_mae"] == min(errors)
        assert errors[record["best"]["epoch"] - 1] == min(errors)

    def test_the_saved_model_is_the_one_chosen_on_validation(self, straight, options):
        out, record = straight
        found = predict_dataset(out, options.data, "validation")
        assert np.abs(found["pspi"] - found["labels"]).mean() == pytest.approx(
            record["best"]["validation_pspi_mae"], abs=1e-5
        )

    def test_same_options_same_weights(self, straight, options, tmp_path):
        train(options, tmp_path / "again", workers=2)
        one, two = (load_file(directory / "model.safetensors") for directory in (straight[0], tmp_path / "again"))
        assert all(torch.equal(one[name], two[name]) for name in one)

    @pytest.mark.parametrize("stop_after", [1, 2])
    def test_resumed_equals_straight_bit_for_bit(self, straight, options, tmp_path, monkeypatch, stop_after):
        """Killed after an epoch's checkpoint, then resumed in a world with other random states."""

        class Killed(BaseException):
            pass

        save = ViTPainTrainer._save_checkpoint

        def save_and_die(self, model, trial):
            save(self, model, trial)
            if self.state.epoch == stop_after:
                raise Killed

        out = tmp_path / "model"
        with monkeypatch.context() as patch:
            patch.setattr(ViTPainTrainer, "_save_checkpoint", save_and_die)
            with pytest.raises(Killed):
                train(options, out)
        assert not (out / "training.json").exists()
        with pytest.raises(InvalidInput, match="--resume"):
            train(options, out)
        with pytest.raises(InvalidInput, match="seed was 1 and is 2"):
            train(dataclasses.replace(options, seed=2), out, resume=True)
        torch.manual_seed(99)
        np.random.seed(99)
        record = train(options, out, resume=True)
        one, two = (load_file(directory / "model.safetensors") for directory in (straight[0], out))
        assert one.keys() == two.keys()
        assert all(torch.equal(one[name], two[name]) for name in one)
        assert record["curve"] == straight[1]["curve"]

    @pytest.mark.parametrize("harm", ["not begun", "cut", "no list", "unreadable state"])
    def test_a_run_never_resumes_from_an_incomplete_checkpoint(
        self, straight, options, tmp_path, monkeypatch, capsys, harm
    ):
        """The run goes on from the one before, and ends as one that was never killed."""

        class Killed(BaseException):
            pass

        mark, out, marked = modeling_vitpain.training.trainers.mark_complete, tmp_path / "model", []

        def mark_or_die(checkpoint):
            if marked:
                if harm == "not begun":
                    (checkpoint / "model.safetensors").unlink()
                if harm == "cut":
                    mark(checkpoint)
                    optimizer = checkpoint / "optimizer.pt"
                    optimizer.write_bytes(optimizer.read_bytes()[:-9])
                if harm == "unreadable state":
                    state = checkpoint / "trainer_state.json"
                    state.write_bytes(state.read_bytes()[:-9] + bytes(9))
                    mark(checkpoint)
                raise Killed
            mark(checkpoint)
            marked.append(checkpoint)

        with monkeypatch.context() as patch:
            patch.setattr("modeling_vitpain.training.trainers.mark_complete", mark_or_die)
            with pytest.raises(Killed):
                train(options, out)
        assert last_complete(out / "checkpoints") == marked[0]
        assert len(list((out / "checkpoints").glob("checkpoint-*"))) == 2
        record = train(options, out, resume=True)
        assert ("is damaged, and removed" in capsys.readouterr().err) == (harm in ("cut", "unreadable state"))
        one, two = (load_file(directory / "model.safetensors") for directory in (straight[0], out))
        assert all(torch.equal(one[name], two[name]) for name in one)
        assert record["curve"] == straight[1]["curve"]

    def test_a_finished_run_is_not_overwritten(self, straight, options):
        with pytest.raises(InvalidInput, match="trained model"):
            train(options, straight[0])
        assert train(options, straight[0], resume=True) == straight[1]

    def test_a_run_killed_while_its_checkpoints_were_deleted_ends_as_others(self, straight, options, tmp_path):
        out = shutil.copytree(straight[0], tmp_path / "model")
        (out / "checkpoints" / "checkpoint-1").mkdir(parents=True)
        assert train(options, out, resume=True) == straight[1]
        assert {path.name for path in out.iterdir()} == {path.name for path in straight[0].iterdir()}

    def test_a_damaged_record_is_named(self, straight, options, tmp_path):
        out = shutil.copytree(straight[0], tmp_path / "model")
        record = out / "training.json"
        record.write_bytes(record.read_bytes()[:-9])
        with pytest.raises(WorkFailed, match=r"training\.json is damaged: .*; delete it to train again"):
            train(options, out, resume=True)

    def test_teacher_then_student(self, options, straight, tmp_path):
        teacher = dataclasses.replace(options, input="heatmap", max_steps=2)
        train(teacher, tmp_path / "teacher")
        student = dataclasses.replace(options, teacher=str(tmp_path / "teacher"), max_steps=2)
        record = train(student, tmp_path / "student")
        assert record["steps"] == 2
        found = predict_dataset(tmp_path / "teacher", options.data, "test", input="heatmap")
        assert found["logits"].shape == (10, 17)

    def test_command(self, options, tmp_path, capsys):
        arguments = [
            "train",
            options.data,
            "--out",
            str(tmp_path / "model"),
            "--config",
            options.config,
            "--lr",
            "1e-3",
        ]
        assert pain3d_cli.main([*arguments, "--batch-size", "10", "--max-steps", "4", "--json"]) == 0
        captured = capsys.readouterr()
        record = json.loads(captured.out)
        assert record["steps"] == 4
        assert record["recipe"]["per_device_train_batch_size"] == 10
        assert record["options"]["lr"] == record["recipe"]["learning_rate"] == 1e-3
        first, *lines = captured.err.splitlines()
        assert first.startswith("train: 4 steps of 10 images")
        lines = [line for line in lines if "a second" not in line]  # where the machine is slow
        assert [line.split()[:4] for line in lines] == [["epoch", "1", "step", "3/4"], ["epoch", "2", "step", "4/4"]]
        assert pain3d_cli.main(arguments) == 2
        assert "holds a trained model" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("field", "value"), [("epochs", 0), ("batch_size", -1), ("lr", 0.0), ("max_steps", 0), ("seed", -1)]
    )
    def test_bad_numbers(self, field, value):
        with pytest.raises(InvalidInput, match=f"{field} is {value}"):
            RunOptions(data="x", **{field: value})

    def test_unknown_config(self, options, tmp_path):
        with pytest.raises(InvalidInput, match="allowed are tiny, large"):
            train(dataclasses.replace(options, config="huge"), tmp_path / "x")

    def test_damaged_weights_are_reported(self, straight, options, tmp_path):
        shutil.copytree(straight[0], tmp_path / "copy")
        weights = tmp_path / "copy" / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-100])
        with pytest.raises(WorkFailed, match="cannot be loaded"):
            predict_dataset(tmp_path / "copy", options.data)
