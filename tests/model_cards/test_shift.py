"""Faces that shift from the training frames, in the file beside a model, in its card and in the model-index."""

import copy
import json
from pathlib import Path

import pytest
from huggingface_hub import ModelCard
from small_vitpain import small_model

from dataset_script.errors import InvalidInput, WorkFailed
from evaluation.provenance import weight_hashes
from model_cards.shift import check_shift, shift_results, shift_section
from model_cards.shift_file import SHIFT, parse_shifts, read_shifts, shift_text
from model_cards.write import write_card
from modeling_vitpain import shipped


def about(value: float | None, width: float = 0.5) -> dict:
    return {"value": value, "interval_95": None if value is None else [value - width, value + width]}


SHIFTS = {
    "command": "python -m benchmarks.shift model --sets sets",
    "commit": "1" * 7,
    "hardware": "2 cores",
    "model": "model",
    "weights": {"model.safetensors": "1" * 64},
    "sets": {
        "home": {"what": "the default scene", "frames": 4, "spec_hash": "a" * 64},
        "dark": {"what": "30 % of the light", "frames": 4, "spec_hash": "a" * 64, "made_of": "home"},
    },
    "held_out": "Of 10 frames to train on, 0 show something.",
    "measured": {
        "home": {
            "model, with neutral": {"mae": about(2.0), "macro_auroc": about(0.87654321, 0.01)},
            "model, without": {"mae": about(2.25), "macro_auroc": about(0.75, 0.125)},
            "HOG + ridge": {"mae": about(3.0), "macro_auroc": about(0.625, 0.125)},
        },
        "dark": {
            "model, with neutral": {"mae": about(4.0), "macro_auroc": about(None)},
            "HOG + ridge": {"mae": about(None), "kept": {"value": 1.0, "interval_95": None}},
        },
    },
    "photographs": {"photographs": 3, "seen": 2, "agreement": {"model": {"PSPI and its proxy": about(0.5)}}},
}


def test_the_file_gives_back_what_was_measured_a_line_for_each_row():
    text = shift_text(SHIFTS)
    expected = copy.deepcopy(SHIFTS)
    expected["measured"]["home"]["model, with neutral"]["macro_auroc"] = {
        "value": 0.876543,
        "interval_95": [0.866543, 0.886543],
    }
    assert parse_shifts(text.encode(), SHIFT) == expected
    assert '   "HOG + ridge": {"mae": [3.0, 2.5, 3.5], "macro_auroc": [0.625, 0.5, 0.75]}\n' in text
    assert '"kept": [1.0]' in text
    assert json.loads(text)["weights"] == SHIFTS["weights"]


def test_nothing_that_is_not_a_number_is_written():
    wrong = SHIFTS | {"measured": {"home": {"model": {"mae": {"value": float("nan"), "interval_95": None}}}}}
    with pytest.raises(ValueError):
        shift_text(wrong)


@pytest.mark.parametrize(
    "change",
    [
        {"measured": {"home": {"model": {"mae": {"value": 2.0, "interval_95": [1.5, 2.5]}}}}},  # as it once was
        {"measured": {"home": {"model": {"mae": [2.0, 1.5]}}}},
        {"measured": {"fog": {"model": {"mae": [2.0]}}}},
        {"sets": {"home": "the default scene; 4 frames"}},
        {"weights": None},
    ],
)
def test_a_file_of_another_form_is_one_line(tmp_path, change):
    path = tmp_path / SHIFT
    path.write_text(json.dumps(json.loads(shift_text(SHIFTS)) | change))
    with pytest.raises(WorkFailed, match=r"shift\.json is damaged, or was written by another version"):
        read_shifts(path)
    path.write_text(shift_text(SHIFTS)[:-9])
    with pytest.raises(WorkFailed, match=r"shift\.json is damaged"):
        read_shifts(path)


def test_the_section_has_every_row_and_set():
    text = shift_section(SHIFTS)
    assert "| model, with neutral | 2.000 (1.500 to 2.500) | 4.000 (3.500 to 4.500) |" in text
    assert "- `dark`: 30 % of the light; 4 frames" in text
    assert SHIFTS["command"] in text and "Mean AUROC" not in text


def test_the_model_index_has_the_rows_of_the_model_on_each_set():
    found = {(each.dataset_config, each.metric_name): each for each in shift_results(SHIFTS)}
    auroc, mae = "macro AUROC, 17 classes (0-16)", "MAE"
    assert {key: each.metric_value for key, each in found.items()} == {
        ("home", f"{auroc}, with neutral"): 0.87654321,
        ("home", f"{mae}, with neutral"): 2.0,
        ("home", f"{auroc}, without"): 0.75,
        ("home", f"{mae}, without"): 2.25,
        ("dark", f"{mae}, with neutral"): 4.0,
    }
    dark = found["dark", f"{mae}, with neutral"]
    assert dark.metric_type == "mae" and dark.dataset_name == "dark: 30 % of the light (4 frames)"
    assert dark.dataset_args == {"set": "dark", "spec_hash": "a" * 64, "made_of": "home", "commit": "1" * 7}


def test_shifts_of_other_weights_are_refused():
    check_shift(SHIFTS, {"model.safetensors": "1" * 64})
    with pytest.raises(InvalidInput, match=r"shift\.json is of other weights"):
        check_shift(SHIFTS, {"model.safetensors": "0" * 64})


def test_the_model_card_shows_the_shifts_beside_the_weights(tmp_path):
    model = tmp_path / "model"
    small_model().save_pretrained(model)
    assert "Not measured yet: `python -m benchmarks.shift`" in write_card(model).read_text()
    (model / SHIFT).write_text(shift_text(SHIFTS | {"weights": weight_hashes(model)}))
    assert "| HOG + ridge | 3.000 (2.500 to 3.500) | – |" in write_card(model).read_text()
    indexed = ModelCard.load(model / "README.md").data.eval_results  # as the Hub reads them
    assert {each.dataset_name for each in indexed} == {
        "home: the default scene (4 frames)",
        "dark: 30 % of the light (4 frames)",
    }
    assert len(indexed) == 5
    (model / SHIFT).write_text(shift_text(SHIFTS))
    with pytest.raises(InvalidInput, match="other weights"):
        write_card(model)


def test_the_shipped_model_has_a_compact_file_of_its_own_weights():
    directory = Path(shipped("vitpain-small"))
    found = read_shifts(directory / SHIFT)
    check_shift(found, weight_hashes(directory))
    assert {"home", "cycles", "ict", "clinical", "unseen", "others"} <= found["measured"].keys()
    assert len((directory / SHIFT).read_text().splitlines()) < 400
