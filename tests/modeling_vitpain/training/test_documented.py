"""The Python of docs/vitpain.md that trains runs as it is printed."""

import re
from pathlib import Path

import pytest
import torch

from dataset_script.errors import InvalidInput
from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment, ViTPainImageProcessor
from modeling_vitpain.frames.dataset import open_split
from modeling_vitpain.prediction.load import load_model
from modeling_vitpain.training.recipes import ViTPainTrainingArguments
from modeling_vitpain.training.trainers import ViTPainTrainer

DOCS = Path(__file__).parents[3] / "docs" / "vitpain.md"


@pytest.fixture
def quickstart(faces, tmp_path, monkeypatch):
    """The folder in which the code runs: with `pain3d` and `vitpain-tiny`."""
    monkeypatch.chdir(tmp_path)
    Path("pain3d").symlink_to(faces)
    torch.manual_seed(0)
    ViTPainForPainAssessment(ViTPainConfig.tiny()).save_pretrained("vitpain-tiny")
    ViTPainImageProcessor(size={"height": 112, "width": 112}, face_crop=1.1).save_pretrained("vitpain-tiny")
    return tmp_path


def test_the_code_that_trains_runs_as_printed(quickstart):
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.S) if "Trainer(" in block]
    exec(compile(code, str(DOCS), "exec"), {})
    before, after = load_model("vitpain-tiny")[0], load_model("tuned")[0]
    changed = [not torch.equal(*pair) for pair in zip(before.parameters(), after.parameters(), strict=True)]
    assert any(changed)


@pytest.mark.parametrize("name", ["train_dataset", "eval_dataset"])
def test_rows_in_the_place_of_frames_are_refused(quickstart, name):
    args = ViTPainTrainingArguments.preset("paper", output_dir="out")
    model = ViTPainForPainAssessment.from_pretrained("vitpain-tiny")
    rows = open_split("pain3d", "train")
    message = rf"{name} holds rows with frame_id, .* and no pixel_values; allowed is .*PainFrames\(rows, processor\)"
    for given in (rows, {"one": rows}):
        with pytest.raises(InvalidInput, match=message):
            ViTPainTrainer(model, args, **{name: given})
    item = {"pixel_values": torch.zeros(3, 112, 112)}
    with pytest.raises(ValueError, match=r"eval_strategy|eval_dataset"):  # Trainer's own words: these rows are taken
        ViTPainTrainer(model, args, train_dataset=rows.with_transform(lambda batch: {k: [v] for k, v in item.items()}))
