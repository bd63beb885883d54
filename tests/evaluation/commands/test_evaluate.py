"""The whole evaluation on a small dataset: numbers, JSON, tables, and the command with a real model."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from fake_predictions import imagine
from PIL import Image
from typed_dicts import mismatches

import pain3d_cli
from dataset_script.errors import WorkFailed
from dataset_script.facs import AU_NAMES
from dataset_script.manifest import read_manifest, write_manifest
from dataset_script.spec import Spec
from evaluation import au_agreement, macro_auroc, pain_detection, pspi_accuracy, pspi_calibration, pspi_regression
from evaluation.fairness.results import Fairness
from evaluation.markdown import to_json
from evaluation.provenance import spec_hash
from evaluation.split.labels import read_columns
from evaluation.split.method import METRICS
from evaluation.split.results import Evaluation
from evaluation.split.scores import evaluate_predictions
from evaluation.statistics.measures import TrainingLabels, pain_probability


@pytest.fixture(scope="module")
def training(dataset) -> TrainingLabels:
    columns = read_columns(dataset, "train", ["pspi", "au"])
    return TrainingLabels(columns["pspi"].to_numpy(), np.array(columns["au"].to_pylist()))


@pytest.fixture(scope="module")
def predictions(dataset) -> dict[str, np.ndarray]:
    return imagine(dataset, "test")


@pytest.fixture(scope="module")
def scores(dataset, training, predictions) -> dict:
    return evaluate_predictions(predictions, imagine(dataset, "validation"), training, resamples=300)


def test_pspi_scores_are_those_of_the_metrics(scores, predictions):
    labels = predictions["labels"]
    expected = pspi_regression(predictions["pspi"], labels) | pspi_accuracy(predictions["logits"].argmax(1), labels)
    odds = np.exp(predictions["logits"])
    expected["macro_auroc"] = macro_auroc(odds / odds.sum(1, keepdims=True), labels)["macro_auroc"]
    odds = odds[:, :16]
    expected["macro_auroc_16"] = macro_auroc(odds / odds.sum(1, keepdims=True), labels, 16)["macro_auroc"]
    assert set(scores["pspi"]) == set(METRICS)
    for name, entry in scores["pspi"].items():
        assert entry["value"] == pytest.approx(expected[name], abs=1e-12)
        (low90, high90), (low95, high95) = entry["interval_90"], entry["interval_95"]
        assert low95 <= low90 <= high90 <= high95


def test_a_good_model_beats_every_trivial_row(scores):
    for row in scores["trivial"].values():
        assert scores["pspi"]["mae"]["value"] < row["mae"]
        assert scores["pspi"]["macro_auroc"]["value"] > row["macro_auroc"]
        assert scores["pspi"]["accuracy_within_2"]["value"] > row["accuracy_within_2"]


def test_thresholds_come_from_the_calibration_frames(dataset, scores, training, predictions):
    """With other calibration frames the decisions change, while AUROC stays."""
    shifted = imagine(dataset, "validation")
    shifted["logits"] = shifted["logits"] - 0.2 * np.arange(17)
    other = evaluate_predictions(predictions, shifted, training, resamples=10)
    for name, entry in scores["detection"].items():
        assert entry["decision_threshold"] != other["detection"][name]["decision_threshold"]
        assert entry["model"]["auroc"]["value"] == other["detection"][name]["model"]["auroc"]["value"]
        again = pain_detection(
            pain_probability(predictions, int(name[-1])),
            predictions["labels"],
            decision_threshold=entry["decision_threshold"],
            pspi_threshold=int(name[-1]),
        )
        assert again["f1"] == entry["model"]["f1"]["value"]


def test_pain_probability_is_the_mass_from_the_threshold_on():
    odds = np.arange(1.0, 18.0)
    logits = np.log(odds)[None]
    assert pain_probability({"logits": logits}, 3) == pytest.approx(odds[3:].sum() / odds.sum())
    assert pain_probability({"logits": logits + 900}, 16) == pytest.approx(17 / odds.sum())  # and does not overflow


def test_action_units_stand_beside_the_training_mean(scores, predictions, training):
    for k, name in enumerate(AU_NAMES):
        entry = scores["au"][name]
        assert entry["mae"]["value"] == pytest.approx(
            np.abs(predictions["au"][:, k] - predictions["au_labels"][:, k]).mean()
        )
        mean = training.au[:, k].mean()
        assert entry["mae_of_mean"] == pytest.approx(np.abs(mean - predictions["au_labels"][:, k]).mean())


def test_units_have_the_numbers_of_the_metric(scores, predictions):
    expected = au_agreement(predictions["au"], predictions["au_labels"])["per_au"]
    for name, unit in expected.items():
        for metric, value in unit.items():
            assert scores["au"][name][metric]["value"] == pytest.approx(value, abs=1e-9), metric
    present = predictions["au_labels"][:, 0] >= 1
    assert scores["au"]["AU4"]["f1_all_present"] == pytest.approx(2 * present.mean() / (1 + present.mean()))


def test_calibration_stands_beside_prior_and_uniform(scores, predictions):
    odds = np.exp(predictions["logits"])
    expected = pspi_calibration(odds / odds.sum(1, keepdims=True), predictions["labels"])
    for metric, value in expected.items():
        assert scores["calibration"]["model"][metric]["value"] == pytest.approx(value, abs=1e-9)
    assert scores["calibration"]["uniform"]["interval_width"] == 16
    assert scores["calibration"]["prior"]["brier"] > scores["calibration"]["model"]["brier"]["value"]


def test_groups_add_up_and_are_scored_alone(scores, predictions):
    for attribute, groups in scores["groups"].items():
        assert sum(group["frames"] for group in groups.values()) == len(predictions["labels"]), attribute
        for group in groups.values():
            assert (group["mae"]["interval_95"] is None) == (group["identities"] == 1)
    frontal = predictions["view_id"] == 0
    expected = pspi_regression(predictions["pspi"][frontal], predictions["labels"][frontal])["mae"]
    assert scores["groups"]["view_id"]["frontal"]["mae"]["value"] == pytest.approx(expected)
    assert scores["groups"]["view_id"]["frontal"]["identities"] == len(np.unique(predictions["identity_id"]))


def test_json_has_no_nan_and_keeps_full_precision(scores):
    read = json.loads(to_json(scores), parse_constant=pytest.fail)
    assert read["pspi"]["mae"]["value"] == scores["pspi"]["mae"]["value"]


@pytest.mark.parametrize("name", ["logits", "pspi", "au"])
def test_a_diverged_model_is_an_error(name, predictions, training):
    broken = {key: values.copy() for key, values in predictions.items()}
    broken[name][3] = np.nan
    with pytest.raises(WorkFailed, match=f"{name} is not finite on 1 of"):
        evaluate_predictions(broken, predictions, training, resamples=10)


def test_labels_are_read_without_the_pictures(dataset):
    table = read_columns(dataset, "test", ["pspi"])
    assert table.column_names == ["pspi"]
    assert spec_hash(dataset) == Spec.load(dataset).hash


def test_the_command_scores_a_real_model(dataset, model, capsys):
    arguments = ["evaluate", str(model), "--data", str(dataset), "--resamples", "100", "--batch-size", "64"]
    assert pain3d_cli.main(arguments) == 0
    printed = capsys.readouterr().out
    metrics = json.loads((model / "metrics.json").read_text())
    assert printed == (model / "metrics.md").read_text()
    assert f"{metrics['pspi']['mae']['value']:.3f}" in printed
    assert f"{metrics['trivial']['mean']['mae']:.3f}" in printed
    assert mismatches(metrics, Evaluation) == []
    assert f"{metrics['hog_ridge']['pspi']['mae']['value']:.3f}" in printed
    context = metrics["context"]
    assert context["frames"] == len(read_columns(dataset, "test", ["pspi"]))
    assert context["spec_hash"] == Spec.load(dataset).hash
    assert (context["split"], context["calibration_split"], context["model"]) == ("test", "validation", "vitpain-test")
    assert set(context["weights"]) == {"model.safetensors"}

    assert pain3d_cli.main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == metrics  # and the same numbers again


def test_fairness_is_written_on_request(dataset, model, tmp_path, capsys):
    arguments = [
        "evaluate",
        str(model),
        "--data",
        str(dataset),
        "--resamples",
        "20",
        "--out",
        str(tmp_path),
        "--fairness",
    ]
    assert pain3d_cli.main(arguments) == 0
    printed = capsys.readouterr()
    found, metrics = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("fairness", "metrics"))
    assert mismatches(found, Fairness) == []
    assert found["context"] == metrics["context"]
    assert found["overall"]["mae"]["value"] == metrics["pspi"]["mae"]["value"]
    for name, group in metrics["groups"]["gender"].items():  # the two files say the same, intervals too
        for metric in ("mae", "macro_auroc", "auroc_pspi_3"):
            assert found["attributes"]["gender"]["groups"][name][metric] == group[metric]
    assert "## Gender" in (tmp_path / "fairness.md").read_text()
    assert "fairness.md" in printed.err and not (tmp_path / "fairness.png").exists()


def test_two_models_are_compared_on_request(dataset, model, tmp_path, capsys):
    arguments = ["evaluate", str(model), "--data", str(dataset), "--resamples", "20", "--out", str(tmp_path)]
    assert pain3d_cli.main([*arguments, "--against", str(model)]) == 0
    assert "## Against vitpain-test" in capsys.readouterr().out
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert mismatches(metrics, Evaluation) == []
    mae = metrics["comparison"]["metrics"]["mae"]
    assert mae["first"] == mae["second"] == metrics["pspi"]["mae"]["value"]
    assert (mae["difference"], mae["p_permutation"], mae["better"]) == (0, 1, None)


def test_validation_is_not_judged_with_its_own_thresholds(dataset, model, tmp_path, capsys):
    arguments = ["evaluate", str(model), "--data", str(dataset), "--split", "validation", "--resamples", "10"]
    assert pain3d_cli.main([*arguments, "--out", str(tmp_path), "--json"]) == 0
    metrics = json.loads(capsys.readouterr().out)
    assert metrics["context"]["calibration_split"] == "train"
    assert "test split alone" in metrics["hog_left_out"] and "hog_ridge" not in metrics
    assert metrics["hog_left_out"] in (tmp_path / "metrics.md").read_text()


def test_training_pictures_that_cannot_be_read_leave_the_model_scored(dataset, model, tmp_path, monkeypatch, capsys):
    def damaged(*given):
        raise WorkFailed("picture 7 of those for HOG cannot be read")

    monkeypatch.setattr("evaluation.split.hog_scores.hog_features", damaged)
    arguments = ["evaluate", str(model), "--data", str(dataset), "--resamples", "10", "--out", str(tmp_path)]
    assert pain3d_cli.main(arguments) == 0
    assert "HOG + ridge is left out: picture 7 of those for HOG cannot be read." in capsys.readouterr().out
    assert mismatches(json.loads((tmp_path / "metrics.json").read_text()), Evaluation) == []


OLD_SPELLINGS = (
    "--protocol subject-5fold {data} --out {out}",
    "{data} --protocol loso --out {out} --epochs 3 --start {out} --validation 2",
    "--protocol=own-split {data}",
    "--protocol",
)


@pytest.mark.parametrize("words", OLD_SPELLINGS)
def test_the_old_spelling_of_cross_validate_names_the_new_one(words, dataset, tmp_path, capsys):
    filled = words.format(data=dataset, out=tmp_path / "out").split()
    assert pain3d_cli.main(["evaluate", *filled]) == 2
    error = capsys.readouterr().err
    assert "pain3d cross-validate DATA --protocol NAME" in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("words", "message"), [([], "--data"), (["--data", "{data}", "--epochs", "3"], "--epochs 3")])
def test_a_call_without_data_or_with_options_of_training_is_wrong(words, message, dataset, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        pain3d_cli.main(["evaluate", str(tmp_path), *(word.format(data=dataset) for word in words)])
    assert end.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


def of_splits(directory, dataset, there) -> Path:
    """The same dataset with some of its splits alone."""
    shutil.copytree(dataset, directory)
    write_manifest(directory, [entry for entry in read_manifest(directory) if entry.split in there])
    return directory


def test_data_of_a_single_split_are_scored_the_same(dataset, model, tmp_path, capsys):
    """What a hospital has is seldom split: nothing of it trains, all of it tests."""
    whole, alone = tmp_path / "whole", tmp_path / "alone"
    data = of_splits(tmp_path / "data", dataset, ("test",))
    options = ["--resamples", "20", "--fairness", "--tables", "--out"]
    assert pain3d_cli.main(["evaluate", str(model), "--data", str(dataset), *options, str(whole)]) == 0
    capsys.readouterr()
    assert pain3d_cli.main(["evaluate", str(model), "--data", str(data), *options, str(alone)]) == 0
    printed = capsys.readouterr().out
    expected, found = (json.loads((out / "metrics.json").read_text()) for out in (whole, alone))
    assert mismatches(found, Evaluation) == []
    assert mismatches(json.loads((alone / "fairness.json").read_text()), Fairness) == []
    assert (found["pspi"], found["groups"]) == (expected["pspi"], expected["groups"])
    assert (found["context"]["calibration_split"], found["context"]["training_frames"]) == (None, 0)
    for name, entry in found["detection"].items():
        assert entry["model"]["auroc"] == expected["detection"][name]["model"]["auroc"]
        assert (entry["decision_threshold"], "coin" in entry) == (0.5, False)
    assert found["trivial"] == {} and set(found["calibration"]) == {"model", "uniform"}
    assert {unit["mae_of_mean"] for unit in found["au"].values()} == {None}
    for words in (
        "Decision thresholds: 0.5, as the data have no other split to set them.",
        "Rows fitted to training frames are left out: the data have none.",
        "HOG + ridge is left out: the data have no train and no validation split to fit it to.",
    ):
        assert words in printed
    assert "F1 all pain" in printed and "F1 coin" not in printed and "majority" not in printed
    assert "a coin" in (whole / "tables.md").read_text() and "a coin" not in (alone / "tables.md").read_text()


@pytest.mark.parametrize(("most", "unset"), [(0, [1, 2, 3]), (2, [3])])
def test_validation_people_without_as_much_pain(model, tmp_path, capsys, most, unset):
    lines, random = ["path,subject,split,pspi"], np.random.default_rng(0)
    for person, split in enumerate(("train", "train", "validation", "test", "test")):
        for k in range(8):
            pspi, name = (k % (most + 1) if split == "validation" else k), f"{person}-{k}.png"
            Image.fromarray(random.integers(0, 255, (32, 32, 3), dtype=np.uint8)).save(tmp_path / name)
            lines.append(f"{name},{person},{split},{pspi}")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    assert pain3d_cli.main(["import", str(tmp_path / "labels.csv"), str(tmp_path / "data")]) == 0
    out = tmp_path / "out"
    arguments = ["evaluate", str(model), "--data", str(tmp_path / "data"), "--resamples", "10", "--out", str(out)]
    assert pain3d_cli.main(arguments) == 0
    found = json.loads((out / "metrics.json").read_text())
    assert found["context"]["thresholds_unset"] == unset
    for t in (1, 2, 3):
        assert (found["detection"][f"pspi>={t}"]["decision_threshold"] == 0.5) == (t in unset)
    text = f"the best F1 on the validation split; from PSPI {unset[0]} on 0.5, as none of its frames shows that much."
    assert text in capsys.readouterr().out


def test_training_frames_without_validation_give_the_trivial_rows(dataset, model, tmp_path, capsys):
    data = of_splits(tmp_path / "data", dataset, ("test", "train"))
    arguments = ["evaluate", str(model), "--data", str(data), "--resamples", "10", "--out", str(tmp_path), "--json"]
    assert pain3d_cli.main(arguments) == 0
    found = json.loads(capsys.readouterr().out)
    assert mismatches(found, Evaluation) == []
    assert set(found["trivial"]) == {"majority", "prior", "mean"}
    assert found["context"]["calibration_split"] is None
    assert "no validation split to fit it to" in found["hog_left_out"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "{empty}"], "not a Pain3D dataset directory"),
        (["--data", "{data}", "--split", "tset"], "split is 'tset'"),
        (["--data", "{data}", "--resamples", "0"], "--resamples is 0"),
        (["--data", "{data}", "--batch-size", "-1"], "--batch-size is -1"),
        (["--data", "{data}", "--plots"], "--fairness"),
    ],
)
def test_a_wrong_call_is_one_line(arguments, message, dataset, tmp_path, capsys):
    filled = [word.format(empty=tmp_path, data=dataset) for word in arguments]
    assert pain3d_cli.main(["evaluate", str(tmp_path), *filled]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_a_damaged_shard_is_one_line(dataset, tmp_path, capsys):
    import shutil

    copy = shutil.copytree(dataset, tmp_path / "copy")
    for shard in (copy / "data").glob("train-*"):
        shard.write_bytes(shard.read_bytes()[:-100])
    assert pain3d_cli.main(["evaluate", str(tmp_path), "--data", str(copy)]) == 1
    error = capsys.readouterr().err
    assert "train-00000" in error and error.count("\n") == 1
