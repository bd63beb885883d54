"""Training and prediction of chosen people, whatever split they are in; frames whose units nobody knows."""

import json

import numpy as np
import pytest
import torch
from datasets import concatenate_datasets
from small_faces import options_of, processor, rows_of, small_model, write_faces, write_world

from dataset_script.errors import InvalidInput
from modeling_vitpain.frames.dataset import PainFrames, open_people, open_split, open_splits
from modeling_vitpain.prediction.splits import predict_dataset, predict_people
from modeling_vitpain.training.metrics import compute_metrics
from modeling_vitpain.training.recipes import ViTPainTrainingArguments
from modeling_vitpain.training.run import train
from modeling_vitpain.training.trainers import ViTPainTrainer

PEOPLE = {"train": (5, 0), "validation": (3,)}
"""In the data, 0 to 2 train, 3 and 4 validate, 5 is tested."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path_factory.mktemp("datasets-cache"))
        yield


def trainer_of(rows, out, model=None) -> ViTPainTrainer:
    frames = PainFrames(rows, processor())
    args = ViTPainTrainingArguments.preset(
        "scratch", output_dir=str(out), heatmap_weight=0.0, max_steps=2, per_device_train_batch_size=4
    )
    return ViTPainTrainer(model or small_model(), args, train_dataset=frames, eval_dataset=frames)


def without_units(rows, unknown):
    """`rows` whose units are null where `unknown` (n,) says so."""
    units = [None if missing else au for missing, au in zip(unknown, rows["au"][:], strict=True)]
    features = rows.features
    return rows.remove_columns("au").add_column("au", units, feature=features["au"])


class TestPeople:
    def test_their_frames_are_found_in_every_split(self, world):
        rows = open_people(world / "pain3d", [5, 0, 3])
        everybody = concatenate_datasets(list(open_splits(world / "pain3d").values()))
        assert set(rows["identity_id"][:]) == {0, 3, 5}
        assert rows["frame_id"][:] == [f for f in everybody["frame_id"][:] if int(f[:5]) in (0, 3, 5)]
        assert open_people(world / "pain3d")["frame_id"][:] == everybody["frame_id"][:]
        with pytest.raises(InvalidInput, match=r"people holds 6, who has no frame .*\(2 such in all\)"):
            open_people(world / "pain3d", [0, 6, 9])

    def test_only_they_train_and_select(self, world, tmp_path):
        """The run equals that of a dataset which holds these people alone, in these splits."""
        record = train(options_of("reference", world), tmp_path / "chosen", people=PEOPLE)
        assert record["data"]["people"] == {"train": [5, 0], "validation": [3]}
        assert record["data"]["frames"] == {"train": 16, "validation": 8}

        alone = tmp_path / "alone"
        (alone / "data").mkdir(parents=True)
        for name, people in (("train", [0, 5]), ("validation", [3])):
            open_people(world / "pain3d", people).to_parquet(str(alone / "data" / f"{name}-00000.parquet"))
        own = train(options_of("reference", world, data=str(alone)), tmp_path / "own")
        assert record["curve"] == own["curve"]
        weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("chosen", "own")]
        assert weights[0] == weights[1]

    def test_a_run_of_other_people_is_not_resumed(self, world, tmp_path, monkeypatch):
        def stop(*args, **kwargs):
            raise KeyboardInterrupt

        monkeypatch.setattr("modeling_vitpain.training.run.calibrate", stop)
        with pytest.raises(KeyboardInterrupt):
            train(options_of("scratch", world), tmp_path / "out", people=PEOPLE)
        monkeypatch.undo()
        for people in (None, {**PEOPLE, "train": (1, 2)}):
            with pytest.raises(InvalidInput, match="holds another run: people was"):
                train(options_of("scratch", world), tmp_path / "out", resume=True, people=people)
        assert train(options_of("scratch", world), tmp_path / "out", resume=True, people=PEOPLE)["steps"] > 0

    @pytest.mark.parametrize(
        ("people", "message"),
        [
            ({"train": (0, 1), "validation": (1,)}, "1 in train and in validation"),
            ({"train": (0, 1), "validation": ()}, "none of them empty"),
            ({"train": (0,), "test": (1,)}, "parts train, test"),
            ({"train": (0,), "validation": (77,)}, "holds 77"),
        ],
    )
    def test_parts_that_cannot_be(self, world, tmp_path, people, message):
        with pytest.raises(InvalidInput, match=message):
            train(options_of("scratch", world), tmp_path / "out", people=people)

    def test_their_predictions_are_those_of_their_split(self, world):
        found = predict_people(world / "teacher", world / "pain3d", [5])
        expected = predict_dataset(world / "teacher", world / "pain3d", "test")
        assert found.keys() == expected.keys()
        for name, values in expected.items():
            np.testing.assert_array_equal(found[name], values)


class TestUnknownUnits:
    def test_are_nan_in_the_frames(self):
        rows = without_units(rows_of(range(2), 2), [True, False] * 4)
        frames = PainFrames(rows, processor())
        assert frames.au_labels.isnan().all(dim=1).tolist() == [True, False] * 4
        assert frames[1]["au_labels"].tolist() == rows["au"][1]

    def test_their_loss_is_left_out_and_the_others_stays(self, tmp_path):
        """The AU loss of a batch is that of its known frames, and PSPI counts for all."""
        rows, unknown = rows_of(range(2), 2), [True, False, False, True] * 2
        model = small_model(lambda_au=0.7).eval()
        trainer = trainer_of(without_units(rows, unknown), tmp_path, model)
        batch = {
            key: torch.stack([trainer.train_dataset[k][key] for k in range(8)]) for key in trainer.train_dataset[0]
        }
        loss = trainer.compute_loss(model, batch)
        known = ~torch.tensor(unknown)
        pspi_alone = model(batch["pixel_values"], labels=batch["labels"]).loss
        both = model(
            batch["pixel_values"][known], labels=batch["labels"][known], au_labels=batch["au_labels"][known]
        ).loss
        of_known = both - model(batch["pixel_values"][known], labels=batch["labels"][known]).loss
        torch.testing.assert_close(loss, pspi_alone + of_known)

    def test_errors_of_units_are_over_the_known(self):
        class Prediction:
            predictions = (np.zeros((2, 17)), np.array([1.0, 3.0]), np.ones((2, 6)))
            label_ids = (np.array([0, 3]), np.array([[np.nan] * 6, [3.0] * 6]), np.full(2, np.nan))

        assert compute_metrics(Prediction) == {"pspi_mae": 0.5, "pspi_accuracy": 0.5, "au_mae": 2.0}
        Prediction.label_ids = (np.array([0, 3]), np.full((2, 6), np.nan), np.full(2, np.nan))
        assert "au_mae" not in compute_metrics(Prediction)

    def test_companions_and_pain_have_measures_of_their_own(self):
        nan = np.nan

        class Prediction:
            predictions = (np.zeros((4, 17)), np.zeros(4), np.ones((4, 8)), np.array([2.0, 1.0, 1.0, 0.0]))
            label_ids = (np.zeros(4, int), np.full((4, 8), 3.0), np.array([1.0, nan, 0.0, 0.0]))

        Prediction.label_ids[1][0, :6] = nan
        Prediction.label_ids[1][1:, 6:] = nan
        Prediction.label_ids[1][0, 7] = 2.0
        found = compute_metrics(Prediction)
        assert (found["au_mae"], found["companion_mae"], found["pain_auroc"]) == (2.0, 1.5, 1.0)
        Prediction.label_ids[2][:] = [0.0, 1.0, 0.0, 1.0]  # one of four pairs in order, one a tie
        assert compute_metrics(Prediction)["pain_auroc"] == pytest.approx(0.125)
        Prediction.label_ids[2][:] = 1.0
        assert "pain_auroc" not in compute_metrics(Prediction)

    def test_data_without_any_trains_and_predicts(self, world, tmp_path):
        directory = tmp_path / "pain3d"
        (directory / "data").mkdir(parents=True)
        for name, people in (("train", range(2)), ("validation", range(2, 3)), ("test", range(3, 4))):
            rows = rows_of(people, 3)
            without_units(rows, [True] * len(rows)).to_parquet(str(directory / "data" / f"{name}-00000.parquet"))
        record = train(options_of("paper", world, data=str(directory), epochs=1), tmp_path / "out")
        assert record["data"]["frames_without_au"] == {"train": 12, "validation": 6}
        found = predict_dataset(tmp_path / "out", directory)
        assert np.isnan(found["au_labels"]).all() and np.isfinite(found["pspi"]).all()
        assert json.loads((tmp_path / "out" / "training.json").read_text())["curve"][0]["validation_pspi_mae"] > 0


def test_class_ids_that_nobody_knows_are_minus_one(world, tmp_path):
    rows = open_split(world / "pain3d", "test")
    directory = write_faces(tmp_path / "pain3d", {"train": 1, "validation": 1, "test": 1})
    features = rows.features
    unknown = rows.remove_columns("gender").add_column("gender", [None] * len(rows), feature=features["gender"])
    unknown.to_parquet(str(directory / "data" / "test-00000.parquet"))
    found = predict_dataset(world / "teacher", directory)
    assert found["gender"].dtype == np.int64 and set(found["gender"].tolist()) == {-1}
    assert found["age_group"].tolist() == rows["age_group"][:]
    assert set(found["interval_temperature"].tolist()) == {small_model().config.interval_temperature}
