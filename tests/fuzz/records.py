"""Dataset directories of others, with their specification, manifest, README and shards; and files of scores."""

import shutil
from pathlib import Path

import numpy as np
from fake_maker import FakeMaker
from parser import Parser

from dataset_script.claim import read_record
from dataset_script.counts import count_dataset
from dataset_script.hub_readme import read_infos
from dataset_script.manifest import MANIFEST, read_manifest
from dataset_script.spec import Spec
from dataset_script.verify import verify
from evaluation.protocols.fold_runs import FoldPredictions, read_fold, write_fold
from evaluation.protocols.splits import Split
from generation.run.generate import generate
from modeling_vitpain.prediction.score_file import open_scores
from modeling_vitpain.prediction.score_rows import FIRST_COLUMNS

SPLIT = Split("a", (1, 2), (3,), (4,))


def dataset(folder: Path) -> None:
    generate(folder / "made", Spec(identities=1, size=64, geometry=True), maker_factory=FakeMaker)


def downloaded(folder: Path) -> None:
    """Without a manifest, so that the shards are read whatever their checksums are."""
    dataset(folder)
    (folder / "made" / MANIFEST).unlink()


def look_at(path: Path) -> None:
    """As `pain3d verify` and `pain3d info`."""
    verify(path)
    count_dataset(path)


def spec(folder: Path) -> None:
    (folder / "a.json").write_text(Spec(identities=3, size=64, geometry=True, scene="mixed").to_json())
    (folder / "b.json").write_text('{"identities": 12, "heatmap_scale_mm": 8.5, "identities_per_shard": null}')


def manifest(folder: Path) -> None:
    dataset(folder)
    for path in (folder / "made").iterdir():
        if path.name != MANIFEST:
            path.unlink() if path.is_file() else shutil.rmtree(path)


def readme(folder: Path) -> None:
    dataset(folder)
    for path in (folder / "made").iterdir():
        if path.name != "README.md":
            path.unlink() if path.is_file() else shutil.rmtree(path)


def scores(folder: Path) -> None:
    row = dict.fromkeys(FIRST_COLUMNS)
    for suffix in ("csv", "json"):
        (folder / suffix).mkdir()
        with open_scores(folder / suffix / f"a.{suffix}", False, False) as file:
            file.earlier({}, FIRST_COLUMNS)
            file.begin({}, {"a.png": "1-2"}, [])
            for name in ("a.png", "b,c.png", 'd"e.png'):
                file.write(row | {"path": name, "pspi": 1.25})
            file.finish()


def go_on(path: Path) -> None:
    """As a second `pain3d predict` reads what the first one left."""
    file = next(file for file in path.iterdir() if file.suffix != ".run.json" and not file.name.endswith(".run.json"))
    with open_scores(file, False, False) as opened:
        opened.earlier({}, FIRST_COLUMNS)


def fold(folder: Path) -> None:
    def rows(person: int) -> dict[str, np.ndarray]:
        return {"pspi": np.arange(4.0), "identity_id": np.full(4, person), "frame_id": np.array(["a", "b", "c", "d"])}

    write_fold(FoldPredictions(SPLIT, rows(4), rows(1)), folder / "a.npz")


PARSERS = [
    Parser("records.spec", "spec.json", spec, Spec.load, 6),
    Parser("records.manifest", "manifest.jsonl", manifest, read_manifest, 4),
    Parser("records.json", "records in JSON", spec, read_record, 6),
    Parser("records.readme", "README.md of a dataset", readme, read_infos, 0.3),
    Parser(
        "records.directory",
        "dataset directories",
        dataset,
        look_at,
        0.1,
        ("*.json", "*.jsonl", "README.md", "*.parquet"),
    ),
    Parser("records.shards", "Parquet shards", downloaded, look_at, 0.2, ("*.parquet",)),
    Parser("records.scores", "files of scores, to go on with", scores, go_on, 5),
    Parser("records.fold", "predictions of a fold", fold, lambda p: read_fold(p, SPLIT), 1),
]
