import json

import pytest

import pain3d_cli
from dataset_script.counts import count_dataset
from dataset_script.errors import WorkFailed
from dataset_script.manifest import read_manifest, write_manifest
from dataset_script.spec import Spec
from generation.plan import Plan


def test_counts_are_those_of_the_plan(dataset):
    found, plan = count_dataset(dataset), list(Plan(Spec.load(dataset)))
    assert found["complete"]
    assert found["identities"] == {"made": 6, "planned": 6}
    assert found["frames"] == {"made": 198, "planned": 198}
    assert found["configs"] == {"default": 198, "pairs": 180, "geometry": 198}
    assert found["splits"]["train"] == {"identities": 4, "frames": 132}
    for name, labels in found["demographics"].items():
        assert labels == {label: sum(getattr(p, name) == label for p in plan) for label in labels}
    levels = [3 * sum(e.pspi == k for p in plan for e in p.expressions) for k in range(17)]
    assert found["pspi"] == levels
    assert json.loads(json.dumps(found)) == found


def test_a_part_of_a_dataset_is_called_incomplete(copy, capsys):
    write_manifest(copy, [entry for entry in read_manifest(copy) if entry.split != "train"])
    found = count_dataset(copy)
    assert not found["complete"]
    assert found["identities"] == {"made": 2, "planned": 6}
    assert pain3d_cli.main(["info", str(copy)]) == 0
    assert "132 of 198 frames are missing" in capsys.readouterr().out


def test_a_shard_that_cannot_be_read_is_one_line(copy):
    (copy / "data/train-00000-of-00001.parquet").write_bytes(b"PAR1")
    with pytest.raises(WorkFailed, match=r"train-00000-of-00001\.parquet cannot be read"):
        count_dataset(copy)
    (copy / "data/train-00000-of-00001.parquet").unlink()
    with pytest.raises(WorkFailed, match="missing"):
        count_dataset(copy)


def test_the_command_prints_text_and_json(dataset, capsys):
    assert pain3d_cli.main(["info", str(dataset)]) == 0
    text = capsys.readouterr().out
    assert "6 identities, 198 frames" in text
    assert "\ncomplete\n" in text
    assert pain3d_cli.main(["info", str(dataset), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == count_dataset(dataset)
