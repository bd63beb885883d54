"""The study's runner: order, resuming, failures, and what a piece leaves behind."""

import contextlib
from dataclasses import replace
from itertools import pairwise

import pytest
from small_vitpain import BACKBONES
from transformers import Dinov2Model

from benchmarks.study import __main__ as command
from benchmarks.study import run, work
from benchmarks.study.cost import expected_seconds
from benchmarks.study.pieces import features_name, pieces
from benchmarks.study.record_files import read_predictions, read_record, write_record
from benchmarks.study.rows import ADDED, GENERATED, GROUPS, PAPER_HEADS, PRESET_HEADS, rows
from benchmarks.study.run import left, needs, run_pieces
from benchmarks.study.scale import Scale
from benchmarks.study.work import Study, chosen_people, do, run_options
from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.storage import locked
from modeling_vitpain import ViTPainConfig
from modeling_vitpain.training.options import RunOptions
from modeling_vitpain.training.recipes import PRESETS
from modeling_vitpain.training.record import RECORD
from modeling_vitpain.training.starting_model import starting_model

SCALE = Scale(people=12, size=64, pixels=32, layers=1, steps=2, tuned_steps=2, seeds=2, test_frames=20, resamples=20)


def recorder(study, failing=(), killed=None):
    """Stands for running a piece: leaves a record, a model and the features of its row."""
    started = []

    def start(piece):
        started.append(piece.name)
        if piece.name == killed:
            raise KeyboardInterrupt
        if piece.name in failing:
            return 1
        if piece.row is not None and study.features(piece.row) is not None:
            study.features(piece.row).mkdir(parents=True, exist_ok=True)
        finish(piece.name, study)
        return 0

    return start, started


def finish(name, study):
    """Leaves a record, and a model where one is due."""
    study.model(name).mkdir(parents=True, exist_ok=True)
    (study.model(name) / RECORD).touch()
    write_record(study.record(name), {"seconds": 2.0})


@pytest.fixture
def study(tmp_path):
    return Study(tmp_path / "study", SCALE)


def test_every_piece_comes_after_what_it_needs():
    whole = pieces(Scale())
    names = [piece.name for piece in whole]
    assert len(set(names)) == len(names)
    for k, piece in enumerate(whole):
        assert set(needs(piece)) <= set(names[:k])


def test_every_row_of_a_group_is_run_and_has_options_that_training_takes(study):
    trained = {piece.row.key for piece in pieces(SCALE) if piece.row is not None}
    assert {key for group in GROUPS for key in group.rows} <= trained <= set(rows(SCALE))
    for row in rows(SCALE).values():
        RunOptions(**run_options(row, 0, study))


def test_every_row_has_a_model_and_students_have_the_features_of_their_teachers(real):
    models = {}
    for key, row in rows(real.scale).items():
        models[key] = starting_model(RunOptions(**run_options(row, 0, real)))[0].config
    for key, row in rows(real.scale).items():
        if row.teacher is not None:
            assert models[row.teacher].face_size == models[key].face_size
    for name, value in PAPER_HEADS.items():
        assert getattr(models["query"], name) == value


def test_the_heads_go_from_the_papers_to_the_presets():
    model = PRESETS["small"].model
    assert list(PRESET_HEADS) == [*ADDED, "pspi_reads"]
    assert {name: model[name] for name in PRESET_HEADS} == PRESET_HEADS
    assert {name: getattr(ViTPainConfig, name) for name in PAPER_HEADS} == PAPER_HEADS
    assert model["reference_fusion"] == "difference"
    assert PRESETS["small"].training["same_view_share"] > 0
    found = [rows(SCALE)[key] for key in next(group for group in GROUPS if group.key == "heads").rows]
    for before, after in pairwise([{**PRESET_HEADS, **row.options} for row in found]):
        assert len({*before.items()} ^ {*after.items()}) in (1, 2, 3)


def test_data_have_seeds_of_their_own_and_none_of_the_shift_sets():
    seeds = [int(options[options.index("--seed") + 1]) for options in GENERATED.values()]
    assert len(set(seeds)) == len(seeds)
    assert max(seeds) < 9000


def test_rows_of_the_same_features_follow_each_other():
    names = [features_name(piece.row) for piece in pieces(Scale()) if piece.row is not None]
    changes = [name for k, name in enumerate(names) if k == 0 or names[k - 1] != name]
    assert len(changes) == len(set(changes))


def test_one_group_brings_its_teacher_and_its_data_and_no_other():
    names = [piece.name for piece in pieces(SCALE, ["distillation"], with_sets=False)]
    assert "teacher-tuned-0" in names
    assert [name for name in names if name.startswith("data-")] == ["data-study"]
    assert "shift-sets" not in names
    with pytest.raises(InvalidInput, match="allowed: table2"):
        pieces(SCALE, ["tables"])


def test_a_killed_study_goes_on_with_the_piece_that_was_killed(study):
    wanted = pieces(SCALE, ["table2"], with_sets=False)
    start, started = recorder(study, killed="query-0")
    with pytest.raises(KeyboardInterrupt):
        run_pieces(wanted, study, start)
    before = started[:-1]
    start, started = recorder(study)
    assert run_pieces(wanted, study, start) == []
    assert started[0] == "query-0"
    assert [*before, *started] == [piece.name for piece in wanted]
    assert left(wanted, study) == []


def test_a_failure_stops_only_what_needs_it(study):
    wanted = pieces(SCALE, ["table2"], with_sets=False)
    start, started = recorder(study, failing=["teacher-0"])
    failed = run_pieces(wanted, study, start)
    assert failed == ["teacher-0", "distilled-0", "distilled-1"]
    assert "neutral-1" in started
    assert "distilled-0" not in started


def test_two_processes_take_different_pieces_and_none_waits_for_features_of_the_other(study):
    wanted = pieces(SCALE, ["table2"], with_sets=False)
    start, first = recorder(study)
    second = []

    def start_beside(piece):
        """While a piece is run, another process runs one to its end."""
        if not second and piece.name == "teacher-0":
            with run._taken(left(wanted, study), study) as other:
                second.append(other.name)
                assert [each.name for each in run.running(study)] == ["teacher-0", other.name]
                finish(other.name, study)
        return start(piece)

    assert run_pieces(wanted, study, start_beside) == []
    assert second == ["baseline-0"]
    assert "baseline-0" not in first
    assert run.running(study) == []


def test_what_another_process_runs_is_waited_for_and_its_features_stay(study, monkeypatch):
    wanted = pieces(SCALE, ["table2"], with_sets=False)
    held, start = contextlib.ExitStack(), recorder(study)[0]
    kept = study.features(rows(SCALE)["baseline"])
    kept.mkdir(parents=True)
    study.lock("baseline-1").mkdir(parents=True)
    held.enter_context(locked(study.lock("baseline-1")))
    waited = []

    def end(seconds):
        waited.append(seconds)
        assert [piece.name for piece in left(wanted, study)] == ["baseline-1"]
        assert kept.is_dir()
        finish("baseline-1", study)
        held.close()

    monkeypatch.setattr(run.time, "sleep", end)
    assert run_pieces(wanted, study, start) == []
    assert len(waited) == 1


def test_in_another_checkout_only_what_rows_still_need_is_made_again(study, tmp_path):
    """The rows' records alone are taken there."""
    wanted = pieces(SCALE, ["table2", "data"], with_sets=False)
    first = Study(study.folder, SCALE, records=tmp_path / "records")
    run_pieces(wanted, first, recorder(first, failing=["distilled-1", "paper-0"])[0])
    there = Study(tmp_path / "there", SCALE, records=tmp_path / "records")
    start, started = recorder(there)
    assert run_pieces(wanted, there, start) == []
    assert started == ["data-study", "data-paper", "teacher-0", "distilled-1", "paper-0"]
    assert left(wanted, there) == []
    assert left(wanted, Study(tmp_path / "third", SCALE, records=tmp_path / "records")) == []


def test_features_are_deleted_when_nothing_left_needs_them(study):
    start, _ = recorder(study, failing=["baseline-1"])
    run_pieces(pieces(SCALE, ["table2", "augmentation"], with_sets=False), study, start)
    assert [path.name for path in (study.folder / "features").iterdir()] == [f"study-all-image-strong-{SCALE.pictures}"]
    run_pieces(pieces(SCALE, ["table2", "augmentation"], with_sets=False), study, recorder(study)[0])
    assert not [*(study.folder / "features").iterdir()]


def test_more_is_expected_to_take_longer():
    whole = pieces(Scale())
    small = replace(Scale(), people=100)
    assert sum(expected_seconds(p, Scale()) for p in whole) > sum(expected_seconds(p, small) for p in pieces(small))


def test_the_list_names_every_piece_and_group(tmp_path, capsys):
    assert command.main(["--list", "--out", str(tmp_path / "none")]) == 0
    text = capsys.readouterr().out
    assert all(piece.name in text for piece in pieces(Scale()))
    assert all(f"\n{group.key} " in text for group in GROUPS)
    assert not (tmp_path / "none").exists()


def test_a_folder_of_another_scale_is_refused(tmp_path, capsys):
    arguments = ["--out", str(tmp_path), "--page", "--people", "12"]
    assert command.main(arguments) == 0
    assert command.main([*arguments[:-1], "13"]) == 2
    assert "people was 12 and is 13" in capsys.readouterr().err
    assert command.main([*arguments[:-1], "11"]) == 2


@pytest.fixture
def real(tmp_path, dataset):
    """A study whose data are there, with a backbone of random weights."""
    backbone = tmp_path / "backbone"
    Dinov2Model(BACKBONES["dinov2"]()).save_pretrained(backbone)
    study = Study(tmp_path / "study", replace(SCALE, people=6 + 6, backbone=str(backbone)))
    study.data("study").parent.mkdir(parents=True)
    study.data("study").symlink_to(dataset)
    return study


def test_pieces_train_share_features_distil_and_go_on(real, monkeypatch):
    by_name = {piece.name: piece for piece in pieces(real.scale, ["table2"])}
    for name in ("teacher-0", "distilled-0"):
        do(by_name[name], real)
    record = read_record(real.record("distilled-0"))
    assert record["options"]["teacher"] == "study/models/teacher-0"
    assert record["options"]["backbone"] == "backbone"  # records are read on other machines
    assert str(real.folder) not in real.record("distilled-0").read_text()
    assert record["training"]["steps"] == 2
    assert "shift" not in record

    features = real.features(by_name["baseline-1"].row) / "train-0.f16"
    scored = real.scored / "test-image-0.f16"
    written = [path.stat().st_mtime_ns for path in (features, scored)]
    with monkeypatch.context() as patch:
        patch.setattr(work, "_predict", lambda *_: pytest.fail("killed"))
        with pytest.raises(pytest.fail.Exception):
            do(by_name["baseline-1"], real)
    assert not real.record("baseline-1").exists()
    trained = (real.model("baseline-1") / "training.json").stat().st_mtime_ns
    do(by_name["baseline-1"], real)
    assert (real.model("baseline-1") / "training.json").stat().st_mtime_ns == trained
    assert [path.stat().st_mtime_ns for path in (features, scored)] == written
    assert len(read_predictions(real.record("baseline-1"))["pspi"])


def test_records_of_rows_that_were_scored_on_other_pictures_are_refused(real):
    write_record(real.record("query-0"), {"seconds": 2.0, "test_pictures": "others"})
    piece = next(piece for piece in pieces(real.scale, ["table2"]) if piece.name == "baseline-1")
    with pytest.raises(WorkFailed, match=r"the test pictures are not those of .*query-0\.json"):
        do(piece, real)
    assert not real.model("baseline-1").exists()


def test_fewer_people_are_the_first_of_each_split(real):
    row = replace(rows(real.scale)["people-24"], people=3)
    chosen = chosen_people(row, real)
    assert len(chosen["train"]) == 2
    assert len(chosen["validation"]) == 1
    assert chosen_people(rows(real.scale)["query"], real) is None
