"""The card of a model that says more than PSPI and six units, of a training on this machine, of a DINOv2."""

import pytest
from assessing_models import COMPANIONS, SIX, save_assessing_model

from model_cards.face_words import says
from model_cards.model_words import licence
from model_cards.training_words import command, duration, training_words
from model_cards.write import write_card
from modeling_vitpain.conversion.half_precision import save_half_precision
from modeling_vitpain.prediction.load import load_model

OPTIONS = {
    "data": "/home/somebody/faces",
    "backbone": "/home/somebody/models/dinov2-small",
    "config": None,
    "start": None,
    "input": "image",
    "lora_rank": 4,
    "bf16": False,
    "without_others": False,
    "teacher": "/home/somebody/teacher",
    "seed": 7,
}
TRAINING = {
    "options": OPTIONS,
    "preset": "small",
    "recipe": {"backbone_lr": 1e-4},
    "data": {"path": "/home/somebody/faces", "spec_hash": "abc", "frames": {"train": 10, "validation": 2}},
    "parameters": 1,
    "best": {"epoch": 3, "validation_pspi_mae": 1.5},
    "steps": 100,
    "versions": {"torch": "2"},
    "seconds": 9000.0,
    "calibration": {},
}


def test_the_command_of_a_training_names_no_folder_of_a_machine():
    found = command("vitpain-small", TRAINING)
    assert found == (
        "pain3d train faces --out vitpain-small --backbone dinov2-small --lora-rank 4 --no-bf16 "
        "--teacher teacher --seed 7"
    )
    text = training_words("vitpain-small", TRAINING)
    assert found in text and "100 steps in 2.5 hours" in text and "somebody" not in text


def test_every_option_of_a_training_is_one_of_the_command_line():
    import dataclasses

    import pain3d_cli
    from modeling_vitpain.training.options import RunOptions

    options = {**dataclasses.asdict(RunOptions("faces")), "backbone": "b/c", "reference": "neutral", "epochs": 3}
    call = command("out", {"options": options, "data": {"path": "faces"}})
    args = pain3d_cli.build_parser("train").parse_args(call.split()[1:])
    assert (args.data, args.backbone, args.reference, args.epochs) == ("faces", "b/c", "neutral", 3)


@pytest.mark.parametrize(("seconds", "words"), [(59.4, "59 s"), (1200, "20 minutes"), (5400, "1.5 hours")])
def test_durations(seconds, words):
    assert duration(seconds) == words


def test_the_licence_of_a_dinov2_on_disk_is_named_with_what_is_not_known():
    identifier, text = licence(TRAINING, None)
    assert identifier == "apache-2.0"
    assert "DINOv2 (Meta AI) as redistributed" in text and "not recorded whether it is unchanged" in text
    assert "3DPain, CC-BY-4.0" in text and "somebody" not in text


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"licences": ["CC-BY-4.0"]}, "synthetic faces (3DPain, CC-BY-4.0)"),
        ({"licences": ["other: a; b", None]}, "synthetic faces (3DPain, other: a; b; frames without a licence)"),
        ({"spec_hash": None, "licences": ["UNBC-McMaster agreement"]}, "their own licence (UNBC-McMaster agreement)"),
        ({"spec_hash": None}, "data with their own licence."),  # a record of an earlier version
    ],
)
def test_the_licence_names_that_of_the_training_frames(data, words):
    record = {**TRAINING, "data": {**TRAINING["data"], **data}}
    for options in ({}, {"backbone": None, "config": "tiny"}, {"backbone": "owner/other"}, {"start": "owner/model"}):
        assert words in licence({**record, "options": {**OPTIONS, **options}}, None)[1], options


def test_a_model_that_continues_the_shipped_one_has_its_licence():
    of_start = {**TRAINING, "options": {**OPTIONS, "backbone": None, "start": "vitpain-small"}}
    assert licence(of_start, None)[0] == "apache-2.0" and "as `vitpain-small` of Pain3D" in licence(of_start, None)[1]
    other = {**TRAINING, "options": {**OPTIONS, "backbone": None, "start": "owner/model"}}
    known = {**other, "start": TRAINING}
    assert licence(known, None)[0] == licence(TRAINING, None)[0]
    assert licence(known, None)[1].startswith(licence(TRAINING, None)[1].removesuffix("."))
    assert "; then trained further, on " in licence(known, None)[1]
    assert licence(other, None)[0] == "other"


def test_a_face_is_described_by_what_the_model_says():
    config = {"au_names": SIX + COMPANIONS, "au_spread": True, "expression_head": True, "au_head": "query"}
    found = says(config, {"au": {"AU4": {"coverage_after": 0.91}, "AU12": {"frames": 0, "scale": 1.0}}})
    for fact in (
        "| AU12 | 0 to 5 | lip corner puller; a companion",
        "| AU43 | 0 to 1 |",
        "probability of pain",
        "AU4 91%",
    ):
        assert fact in found, fact
    assert "not calibrated" in says(config, None)
    plain = says({"au_head": "cls"}, None)
    assert (
        "companion" not in plain
        and "probability" not in plain
        and "attention" not in plain
        and "interval of" not in plain
    )


def test_the_card_of_a_half_precision_model_says_how_it_is_stored(tmp_path):
    whole = save_assessing_model(tmp_path / "whole", side=32)
    assert "float16" not in write_card(whole).read_text()
    save_half_precision(*load_model(whole), whole, tmp_path / "half")
    text = write_card(tmp_path / "half").read_text()
    assert "Its weights are stored in float16 and load as float32." in text
    assert "`au` (1, 12)" in text and "## What it says about a face" in text and "$" not in text
