"""`load_dataset` on the directory as it stands: offline, in a fresh process, with an empty cache."""

import json
import os
import subprocess
import sys

import pytest
from datasets import DatasetInfo, Features, load_dataset_builder
from fake_maker import FakeMaker
from huggingface_hub import DatasetCard

from dataset_script.features import FEATURES
from dataset_script.hub_readme import dataset_yaml
from dataset_script.manifest import read_manifest
from dataset_script.spec import Spec
from generation.run.generate import generate

LOADING = """
import json, sys
from datasets import load_dataset
found = {}
whole = load_dataset("pain3d")
found["rows"] = {split: len(rows) for split, rows in whole.items()}
row = whole["train"][4]
found["row"] = [row["frame_id"], row["image"].mode, row["heatmap"].mode, list(row["image"].size), len(row["au"])]
found["slice"] = len(load_dataset("pain3d", split="train[:10]"))
pairs = load_dataset("pain3d", "pairs", split="test")
found["pairs"] = [len(pairs), pairs[0]["neutral_image"].mode, pairs[0]["neutral_frame_id"]]
found["depth"] = load_dataset("pain3d", "geometry", split="test")[0]["depth"].mode
stream = load_dataset("pain3d", split="validation", streaming=True)
first = next(iter(stream))
found["streamed"] = [first["expression_id"], first["image"].mode]
found["streamed pairs"] = sum(1 for _ in load_dataset("pain3d", "pairs", split="validation", streaming=True))
json.dump(found, sys.stdout)
"""


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """A complete small dataset with every configuration."""
    out = tmp_path_factory.mktemp("every") / "pain3d"
    generate(out, Spec(identities=6, size=64, references=2, geometry=True), maker_factory=FakeMaker)
    return out


@pytest.fixture(scope="module")
def found(dataset, tmp_path_factory):
    settings = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path_factory.mktemp("hf")), "OMP_NUM_THREADS": "1"}
    process = subprocess.run(
        [sys.executable, "-c", LOADING], cwd=dataset.parent, env=os.environ | settings, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def test_all_splits_load_with_pictures(found):
    assert found["rows"] == {"train": 132, "validation": 33, "test": 33}
    assert found["row"][1:] == ["RGB", "L", [64, 64], 6]
    assert found["slice"] == 10


def test_pairs_and_geometry_load(found):
    assert found["pairs"][:2] == [30, "RGB"]
    assert found["pairs"][2].endswith("-00-0")
    assert found["depth"] == "I;16"


def test_streaming_works(found):
    assert found["streamed"] == [0, "RGB"]
    assert found["streamed pairs"] == 30


@pytest.mark.parametrize("config", FEATURES)
def test_the_yaml_alone_gives_schema_and_sizes(dataset, config, tmp_path):
    builder = load_dataset_builder(str(dataset), config, cache_dir=str(tmp_path))
    assert builder.info.features == FEATURES[config]
    rows = {split: info.num_examples for split, info in builder.info.splits.items()}
    expected = {"pairs": {"train": 120, "validation": 30, "test": 30}}
    expected["references"] = {"train": 8, "validation": 2, "test": 2}
    assert rows == expected.get(config, {"train": 132, "validation": 33, "test": 33})
    assert list(tmp_path.rglob("*.arrow")) == []  # nothing was prepared to learn that


def test_the_card_names_default_config_licence_and_spec(dataset):
    card = DatasetCard.load(dataset / "README.md")
    assert card.data.license == "cc-by-4.0"
    assert [c["config_name"] for c in card.data.configs if c.get("default")] == ["default"]
    assert "| identities | 6 |" in card.text


def test_the_yaml_tells_datasets_of_two_specifications_apart(dataset):
    card = DatasetCard.load(dataset / "README.md")
    spec_hash = read_manifest(dataset)[0].spec_hash
    assert all(spec_hash in c["description"] for c in card.data.configs)


def test_a_richer_card_can_be_built_on_the_yaml(dataset):
    """What the card builder does: take the metadata, add keys, keep the rest."""
    data = dataset_yaml(read_manifest(dataset), "CC-BY-4.0")
    data.language = ["en"]
    card = DatasetCard(f"---\n{data.to_yaml()}\n---\n# Other text")
    again = DatasetCard(str(card)).data.to_dict()
    infos = {info["config_name"]: DatasetInfo._from_yaml_dict(info) for info in again["dataset_info"]}
    assert {name: info.features for name, info in infos.items()} == FEATURES
    assert isinstance(infos["default"].features, Features)
    assert infos["pairs"].splits["train"].num_examples == 120
