"""`pain3d import`, then `pain3d cross-validate`: from other people's archives to scores, on our own faces."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import numpy as np
import pytest
from cross_validation import TINY, cross_validate, read
from directories import contents
from fake_predictions import write_dataset
from release_layout import PAINS, PEOPLE, VIEWS, level, units, write_release
from rendered_faces import of_shot, rendered
from small_faces import rows_of, write_faces, write_world
from typed_dicts import mismatches
from unbc_layout import png, shots, write, write_unbc, write_unbc_hdf5

import pain3d_cli
from dataset_script.importers.unbc import BLACK
from evaluation.fairness.results import Fairness
from evaluation.protocols.fold_runs import fold_path, read_fold
from evaluation.protocols.splits import Split, read_splits, write_splits

pytestmark = pytest.mark.usefixtures("own_cache")

UNBC = [(int(shot.subject[:3]), shot.pspi) for shot in shots() if shot.key not in BLACK]
RELEASE = [(p, level(units(p, k))) for p in range(PEOPLE) for k in range(PAINS + 1) for _ in range(VIEWS)]
SOURCES = {
    # name: (how it is written, options of convert, (person, PSPI) of each good frame, protocol, people tested a fold)
    "UNBC": (
        lambda root: write_unbc(root, picture=of_shot),
        [],
        UNBC,
        ["subject-3fold", "--validation", "2"],
        [(42, 43), (47, 48), (95, 96)],
    ),
    "UNBC, folders doubled": (
        lambda root: write_unbc(root, doubled=True, extras=False, picture=of_shot),
        [],
        UNBC,
        ["loso", "--validation", "2"],
        [(42,), (43,), (47,), (48,), (95,), (96,)],
    ),
    "HDF5": (
        lambda root: write_unbc_hdf5(root, shuffled=True, picture=of_shot),
        ["--copy"],
        UNBC,
        ["own-folds"],
        [(42, 48), (43, 95), (47, 96)],
    ),
    "3DPain": (lambda root: write_release(root, picture=rendered), [], RELEASE, ["own-split"], [(3,)]),
}


@pytest.mark.parametrize(
    "source", [pytest.param(name, marks=pytest.mark.slow) if "UNBC" in name else name for name in SOURCES]
)
def test_an_archive_is_converted_and_cross_validated(source, config, tmp_path, capsys):
    write_source, convert, frames, protocol, tested = SOURCES[source]
    write_source(tmp_path / "source")
    data, out = tmp_path / "data", tmp_path / "out"
    assert pain3d_cli.main(["import", str(tmp_path / "source"), str(data), "--check-images", *convert]) == 0
    how = ("--config", config, *TINY, "--max-steps", 2, "--heatmap-weight", 0)
    assert cross_validate("--protocol", *protocol, data, "--out", out, *how, "--fairness") == 0

    splits, found = read_splits(out / "splits.json"), read(out)
    assert [split.test for split in splits] == tested
    everyone = {person for person, _ in frames}
    for k, split in enumerate(splits):
        assert {*split.train, *split.validation, *split.test} == everyone
        fold = read_fold(fold_path(out / "folds", k), split)
        for part, members in ((fold.test, split.test), (fold.calibration, split.validation)):
            given = zip(part["identity_id"].tolist(), part["labels"].tolist(), strict=True)
            assert Counter(given) == Counter(frame for frame in frames if frame[0] in members)
    sizes = [entry["frames"] for entry in found["context"]["folds"]]
    assert all(sum(size.values()) == len(frames) for size in sizes)
    assert found["context"]["frames"] == sum(frame[0] in {p for test in tested for p in test} for frame in frames)

    for name, expected in trivial(frames, splits).items():
        row, metric = name.split()
        assert found["trivial"]["pooled"][row][metric] == pytest.approx(expected, abs=1e-12), name
    for name, expected in trivial_f1(frames, splits).items():
        assert found["detection"]["pspi>=3"][name]["pooled"] == pytest.approx(expected, abs=1e-12), name
    groups = json.loads((out / "fairness.json").read_text())
    assert mismatches(groups, Fairness) == []
    assert set(groups["attributes"]) == {"view", "pspi_band"}  # nothing is known of the people
    assert groups["unknown"]["gender"]["identities"] == found["context"]["identities"]
    assert "Not known from the data: age group of" in (out / "fairness.md").read_text()
    printed = capsys.readouterr()
    assert (out / "cross_validation.md").read_text() in printed.out
    assert f"{splits[-1].name} ({len(splits)} of {len(splits)})" in printed.err
    assert not list(out.glob("models/*/*.safetensors")) and list(out.glob("models/*/training.json"))


def trivial(frames: list[tuple[int, int]], splits: list[Split]) -> dict[str, float]:
    """Errors and accuracies of the trivial rows, frame by frame."""
    rows: dict[str, list[float]] = {}
    for split in splits:
        known = [pspi for person, pspi in frames if person in split.train]
        counts = np.bincount(known, minlength=17)
        for truth in (pspi for person, pspi in frames if person in split.test):
            for row, guess in (("majority", counts.argmax()), ("mean", np.mean(known))):
                rows.setdefault(f"{row} mae", []).append(abs(guess - truth))
                rows.setdefault(f"{row} accuracy_within_1", []).append(abs(np.floor(guess + 0.5) - truth) <= 1)
            rows.setdefault("prior mae", []).append(np.mean(np.abs(np.array(known) - truth)))
            rows.setdefault("prior accuracy", []).append(np.mean(np.array(known) == truth))
    return {name: float(np.mean(values)) for name, values in rows.items()}


def trivial_f1(frames: list[tuple[int, int]], splits: list[Split]) -> dict[str, float]:
    """F1 at PSPI >= 3 of calling everything pain, and of a coin with the training frequency."""
    hit = said = pain = total = 0.0
    for split in splits:
        rate = np.mean([pspi >= 3 for person, pspi in frames if person in split.train])
        truth = [pspi >= 3 for person, pspi in frames if person in split.test]
        hit, said, pain, total = (
            hit + rate * sum(truth),
            said + rate * len(truth),
            pain + sum(truth),
            total + len(truth),
        )
    return {"all_pain": 2 * pain / (total + pain), "coin": 2 * hit / (said + pain)}


@pytest.mark.slow
def test_a_run_killed_in_the_middle_of_a_fold_ends_as_one_that_was_not(config, people, tmp_path):
    words = ["--protocol", "subject-3fold", "--config", config, *TINY, "--epochs", "12", "--heatmap-weight", "10"]
    assert cross_validate(*words, people, "--out", tmp_path / "straight") == 0
    killed = tmp_path / "killed"
    command = [sys.executable, "-m", "pain3d_cli", "cross-validate", *words, str(people), "--out", str(killed)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ, "HF_DATASETS_OFFLINE": "1"})
    patience = time.monotonic() + 120
    while not list(killed.glob("models/fold-001/checkpoints/checkpoint-*/trainer_state.json")):
        assert process.poll() is None and time.monotonic() < patience
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert fold_path(killed / "folds", 0).exists() and not fold_path(killed / "folds", 1).exists()
    kept = fold_path(killed / "folds", 0).stat().st_mtime_ns
    assert cross_validate(*words, people, "--out", killed) == 0
    assert fold_path(killed / "folds", 0).stat().st_mtime_ns == kept  # not computed again

    one, other = (without_times(contents(tmp_path / name)) for name in ("straight", "killed"))
    assert one == other


def test_a_fold_that_was_trained_and_not_predicted_is_not_trained_again(config, people, tmp_path, monkeypatch):
    words = [
        "--protocol",
        "own-split",
        people,
        "--config",
        config,
        *TINY,
        "--max-steps",
        "3",
        "--out",
        tmp_path / "out",
    ]

    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("evaluation.protocols.trained_folds.predict_people", stop)
        assert cross_validate(*words) == 130
    weights = tmp_path / "out" / "models" / "fold-000" / "model.safetensors"
    before = weights.stat().st_mtime_ns
    assert cross_validate(*words, "--keep-models") == 0
    assert weights.stat().st_mtime_ns == before and read(tmp_path / "out")["context"]["folds"][0]["steps"] == 3


def without_times(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files of a protocol run; of `training.json`, without how long it took."""
    found = {name: content for name, content in files.items() if not name.startswith("models/")}
    for name in files.keys() - found.keys():
        record = json.loads(files[name])
        del record["seconds"]
        found[name] = json.dumps(record).encode()
    return found


def test_nothing_of_a_fold_knows_its_test_people(config, people, tmp_path):
    """With other pictures and labels of the people tested, the model, its interval and its thresholds are the same."""
    other = write_faces(tmp_path / "other", {"train": 5, "validation": 2, "test": 2})
    rows_of(range(7, 9), 4, seed=9).to_parquet(str(other / "data" / "test-00000.parquet"))
    write_splits([Split("by-hand", (0, 1, 2, 3), (4, 5), (6, 7, 8))], tmp_path / "splits.json")
    scores = []
    for data in (people, other):
        out = tmp_path / f"out-{data.name}"
        how = ("--config", config, *TINY, "--max-steps", 20, "--keep-models")
        assert cross_validate("--protocol", tmp_path / "splits.json", data, "--out", out, *how) == 0
        scores.append((read(out), (out / "models" / "fold-000" / "model.safetensors").read_bytes()))
    (one, weights), (two, same_weights) = scores
    assert weights == same_weights
    assert one["decision_thresholds"] == two["decision_thresholds"]
    assert one["context"]["folds"] == two["context"]["folds"]
    assert one["folds"]["mae"]["values"] != two["folds"]["mae"]["values"]


@pytest.mark.slow
def test_a_trained_model_goes_on_in_every_fold_and_two_runs_are_compared(people, tmp_path, capsys):
    world = write_world(tmp_path / "world")
    runs = {"less": 1, "more": 12}
    for name, steps in runs.items():
        how = ("--starting-model", world / "teacher", *TINY, "--max-steps", steps, "--lr", "1e-3")
        against = ("--against", tmp_path / "less") if name == "more" else ()
        assert cross_validate("--protocol", "subject-3fold", people, "--out", tmp_path / name, *how, *against) == 0
    found = read(tmp_path / "more")
    assert found["context"]["starts_from"] == "trained ViTPain"
    mae = found["comparison"]["metrics"]["mae"]
    assert mae["first"] == pytest.approx(found["pooled"]["mae"]["value"])
    assert mae["second"] == pytest.approx(read(tmp_path / "less")["pooled"]["mae"]["value"])
    assert mae["identities"] == 9 and "## Against less" in capsys.readouterr().out


def test_a_model_that_has_seen_those_who_are_tested_is_refused(config, tmp_path, capsys, monkeypatch):
    faces, out = write_dataset(tmp_path / "faces", identities=9), tmp_path / "out"
    first, second = tmp_path / "first", tmp_path / "second"
    quick = ["--max-steps", "1", "--batch-size", "8"]
    assert pain3d_cli.main(["train", str(faces), "--out", str(first), "--config", config, *quick]) == 0
    assert pain3d_cli.main(["train", str(faces), "--out", str(second), "--start", str(first), *quick]) == 0
    (second / "training.json").write_text(
        (second / "training.json").read_text().replace('"spec_hash": "', '"spec_hash": "x', 1)
    )
    how = ("--max-steps", 1, *TINY, "--out", out)
    for start in (first, second):  # the second's own data are others, but it comes from the first
        assert cross_validate("--protocol", "subject-3fold", faces, "--start", start, *how) == 2
        assert f"start is {first}, which was trained on" in capsys.readouterr().err
    monkeypatch.setattr("modeling_vitpain.prediction.load.shipped", lambda name: str(second))
    assert cross_validate("--protocol", "subject-3fold", faces, "--start", "vitpain-small", *how) == 2
    assert f"start is {first}, which was trained on" in capsys.readouterr().err
    assert not out.exists()
    assert cross_validate("--protocol", "own-split", faces, "--start", first, *how) == 0
    assert read(out)["context"]["trained_on_unknown"] == []
    (first / "training.json").unlink()
    assert cross_validate("--protocol", "subject-3fold", faces, "--start", second, *how) == 2  # it knows of the first
    assert f"start is {first}, which was trained on" in capsys.readouterr().err
    assert cross_validate("--protocol", "own-split", faces, "--start", first, *how) == 0
    assert "What first was trained on is not recorded" in (out / "cross_validation.md").read_text()


def test_data_with_pspi_alone_train_and_are_scored_without_units(config, tmp_path):
    lines = ["path,subject,pspi"]
    for person in range(6):
        for k, pspi in enumerate((0, 2, 5, 9)):
            name = f"{person}-{k}.png"
            write(tmp_path / "faces" / name, png(np.full((32, 32, 3), 20 * pspi + person, np.uint8)))
            lines.append(f"{name},s{person},{pspi}")
    write(tmp_path / "faces" / "labels.csv", "\n".join(lines))
    assert pain3d_cli.main(["import", str(tmp_path / "faces" / "labels.csv"), str(tmp_path / "data")]) == 0
    how = ("--config", config, *TINY, "--max-steps", 3, "--heatmap-weight", 0)
    assert cross_validate("--protocol", "subject-3fold", tmp_path / "data", "--out", tmp_path / "out", *how) == 0
    found = read(tmp_path / "out")
    assert found["au"] == {} and found["pooled"]["mae"]["value"] > 0
    assert "PSPI alone" in (tmp_path / "out" / "cross_validation.md").read_text()
    record = json.loads((tmp_path / "out" / "models" / "fold-000" / "training.json").read_text())
    assert record["data"]["frames_without_au"] == {"train": 8, "validation": 8}
    assert "validation_au_mae" not in record["curve"][0]


def test_another_run_is_never_mixed_into_this_one(people, config, tmp_path, capsys):
    words = [
        "--protocol",
        "identity-split",
        people,
        "--config",
        config,
        *TINY,
        "--max-steps",
        1,
        "--out",
        tmp_path / "a",
    ]
    assert cross_validate(*words) == 0
    for more, message in (
        (["--lr", "1e-4"], "options.lr was None and is 0.0001"),
        (["--split-seed", 5], "split_seed was"),
    ):
        assert cross_validate(*words, *more) == 2
        assert message in capsys.readouterr().err
    assert cross_validate(*words, "--tables", "--figures") == 0  # and the same again is only scored
    ours = next(
        row for row in json.loads((tmp_path / "a" / "tables.json").read_text())[0]["rows"] if row["kind"] == "ours"
    )
    assert ours["cells"][0]["value"] == read(tmp_path / "a")["folds"]["macro_auroc_16"]["mean"]
    assert (tmp_path / "a" / "roc.png").stat().st_size > 0
