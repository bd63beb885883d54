"""The check of a dataset before it is published: everything that `pain3d verify` checks, its card, its licences."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dataset_script.directory import DatasetDirectory
from dataset_script.errors import InvalidInput
from dataset_script.shards import FOLDERS
from generation.photoreal.painting import FOLDER
from generation.run.audit import audit

from .card import Card, read_card, section_problems
from .files import PublishedFile, root_files
from .licences import dataset_licence_problems
from .publication import Findings
from .viewer import viewer_notes

SUFFIXES = (".md", ".json", ".jsonl", ".csv", ".png", ".jpg", ".svg")
"""Files beside the card that belong to a dataset."""


def check_dataset(directory: Path, progress: Callable[[int, int], None] | None = None) -> Findings:
    """Checks every file, row and picture of a dataset, its card and its licences.

    Args:
        directory: a dataset, generated or imported.
        progress: called with (rows checked, rows of the dataset).

    Raises:
        InvalidInput: it is no dataset directory.
        WorkFailed: its manifest, spec or import record is damaged.
    """
    found = DatasetDirectory.open(directory)
    writer = f"`pain3d card {directory}` writes one"
    card = read_card(directory, writer)
    report = audit(directory, progress=progress)
    findings = Findings(
        files=dataset_files(found),
        problems=[*report.problems, *card.problems, *section_problems(card, writer), *_card_problems(found, card)],
        stale=tuple(f"{folder}/*.parquet" for folder in FOLDERS.values()),
        notes=[*report.notes],
    )
    findings.problems += dataset_licence_problems(found, row_licences(found) if report.ok else None, card)
    if report.ok:
        findings.notes += viewer_notes(found)
    return findings


def dataset_files(found: DatasetDirectory) -> list[PublishedFile]:
    """Shards, the pictures that frames were painted from, and the files beside the card; by path."""
    names = [shard.path for shard in found.shards] + [entry.path for entry in found.pictures]
    painted = [path for path in sorted((found.path / FOLDER).glob("*.json")) if path.is_file()]
    names += [f"{FOLDER}/{path.name}" for path in painted]
    listed = [PublishedFile(name, found.path / name) for name in dict.fromkeys(names) if (found.path / name).is_file()]
    return sorted([*listed, *root_files(found.path, SUFFIXES)], key=lambda file: file.path)


def row_licences(found: DatasetDirectory) -> list[str | None]:
    """The distinct values of the column `licence`; None for rows without."""
    values: dict[str | None, None] = {}
    for _, part in found.read(["licence"]):
        values |= dict.fromkeys(part["licence"].unique().to_pylist() if "licence" in part.column_names else [None])
    return list(values)


def _card_problems(found: DatasetDirectory, card: Card) -> list[str]:
    """What `load_dataset` lacks in the metadata, and pictures that are not in the data."""
    problems = []
    if card.data and not card.data.get("configs"):
        problems.append("README.md: its metadata has no `configs`: which files belong to which split")
    if found.is_imported and found.import_report().get("portable") is False:
        problems.append("the data hold paths of pictures on this machine, not the pictures")
    return problems


def training_licences(data: Mapping[str, Any]) -> list[str | None]:
    """The licences of the frames that a model was trained on.

    Args:
        data: of the record of the training. Records of earlier versions have no licences: those of the data hold.

    Returns:
        Distinct values of the column `licence`; [None] where they were not recorded, and the data are no longer there,
        or others.
    """
    if isinstance(recorded := data.get("licences"), list) and recorded:
        return [None if licence is None else str(licence) for licence in recorded]
    spec_hash = data.get("spec_hash")
    try:
        found = DatasetDirectory.open(str(data.get("path")))
    except InvalidInput:
        return [None]
    same = spec_hash is not None and all(shard.entry and shard.entry.spec_hash == spec_hash for shard in found.shards)
    return row_licences(found) if same else [None]
