"""Datasheet, Croissant and plots: beside the card, and with the numbers of what they describe."""

import json
import re
import shutil

import numpy as np
import pyarrow as pa
import pytest
from datasets import load_dataset
from fake_maker import FakeMaker
from huggingface_hub import DatasetCard

import pain3d_cli
from dataset_script.errors import InvalidInput
from dataset_script.facs import AU_NAMES
from dataset_script.features import FEATURES
from dataset_script.spec import Spec
from dataset_script.verify import verify
from dataset_script.vocabulary import SPLITS
from evaluation.split.labels import read_columns
from generation.run.generate import generate
from model_cards.count_tables import LEVELS, covered_sentence, unit_levels
from model_cards.text import CITATION
from model_cards.write import write_card


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A small dataset with every configuration, and its card."""
    out = tmp_path_factory.mktemp("release") / "faces"
    generate(out, Spec(identities=6, size=64, geometry=True, references=1), maker_factory=FakeMaker)
    write_card(out)
    return out


def test_a_rewritten_card_leaves_the_same_files(written, tmp_path):
    copy = shutil.copytree(written, tmp_path / "faces")
    write_card(copy)
    for name in ("README.md", "DATASHEET.md", "PROMPTS.md", "croissant.json"):
        assert (copy / name).read_bytes() == (written / name).read_bytes()


def test_the_card_counts_action_units_right(written):
    text = (written / "README.md").read_text()
    frames = np.concatenate([read_columns(written, split, ["au"])["au"].to_pylist() for split in SPLITS])
    for k, name in enumerate(AU_NAMES):
        row = next(line for line in text.splitlines() if line.startswith(f"| {name} |"))
        cells = [cell.strip().replace(",", "") for cell in row.strip("|").split("|")][1:]
        counts = [int(cell) for cell in cells[:-1] if cell != "–"]
        assert counts == np.bincount(frames[:, k].astype(int))[: len(counts)].tolist()
        assert sum(counts) == len(frames)
        assert cells[-1] == f"{100 * (frames[:, k] > 0).mean():.1f} %"


def test_the_card_says_how_to_cite(written):
    assert CITATION in (written / "README.md").read_text()


@pytest.mark.parametrize(
    ("occluders", "sentence"),
    [
        ([[], []], "Nothing covers any face"),
        ([["glasses"], []], "in 50.0 % of the frames: glasses 50.0 %."),
        ([["glasses", "mask"], ["glasses"]], "in 100.0 % of the frames: glasses 100.0 %, mask 50.0 %."),
    ],
)
def test_what_covers_faces_is_counted(occluders, sentence):
    column = pa.array(occluders, pa.list_(pa.string()))
    assert sentence in covered_sentence({"train": pa.table({"occluders": column})})


def test_intensities_between_two_levels_count_as_the_upper():
    au = pa.array([[0, 0.5, 1, 1.5, 5, 1]], pa.list_(pa.float32(), 6))
    levels = unit_levels({"train": pa.table({"au": au})}).argmax(axis=1)
    assert [LEVELS[k] for k in levels] == ["0", "≤ 1", "≤ 1", "≤ 2", "≤ 5", "≤ 1"]


def test_the_datasheet_answers_every_question(written):
    text = (written / "DATASHEET.md").read_text()
    assert "$" not in text
    for part in ("Motivation", "Composition", "Collection process", "Uses", "Distribution", "Maintenance"):
        assert f"\n## {part}\n" in text
    assert "198 frames of 6 people" in text
    assert json.loads((written / "manifest.jsonl").read_text().splitlines()[0])["spec_hash"] in text
    answered = [part for part in text.split("\n\n") if part.startswith("**")]
    assert len(answered) > 45
    assert all(re.match(r"\*\*[^*]+\?\*\*\s+\S", part) for part in answered)


def test_croissant_is_accepted_and_its_records_are_those_of_the_rows(written):
    mlcroissant = pytest.importorskip("mlcroissant")
    dataset = mlcroissant.Dataset(jsonld=str(written / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    assert {records.id for records in dataset.metadata.record_sets} == {"default", "pairs", "references", "geometry"}
    for config in ("default", "references"):
        found = {record[f"{config}/frame_id"].decode(): record for record in dataset.records(config)}
        for split, rows in load_dataset(str(written), config).items():
            for row in list(rows)[:2]:
                record = found.pop(row["frame_id"])
                assert record[f"{config}/split"].decode() == split
                assert record[f"{config}/pspi"] == row["pspi"]
                np.testing.assert_allclose(record[f"{config}/au"], row["au"])
                np.testing.assert_allclose(record[f"{config}/camera/rotation"], row["camera"]["rotation"])
                assert np.array_equal(np.asarray(record[f"{config}/image"]), np.asarray(row["image"]))


def test_croissant_has_every_column(written):
    records = json.loads((written / "croissant.json").read_text())["recordSet"]
    for config in records:
        columns = {field["source"]["extract"].get("column") for field in config["field"]}
        assert columns - {None} == set(FEATURES[config["@id"]]) - {"mesh"}


def test_what_stands_beside_the_card_disturbs_nobody(written):
    assert verify(written).problems == []


def test_plots_are_drawn_where_they_are_asked_for(written, tmp_path):
    pytest.importorskip("matplotlib")
    copy = shutil.copytree(written, tmp_path / "faces")
    assert pain3d_cli.main(["card", str(copy), "--plots"]) == 0
    text = (copy / "README.md").read_text()
    for name in ("figures/labels.png", "figures/people.png"):
        assert f"]({name})" in text and (copy / name).read_bytes().startswith(b"\x89PNG")
    assert "figures/" not in (written / "README.md").read_text()
    assert DatasetCard.load(copy / "README.md").data.to_dict() == DatasetCard.load(written / "README.md").data.to_dict()


def test_plots_of_what_has_none_are_refused(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InvalidInput):
        write_card(tmp_path, plots=True)
