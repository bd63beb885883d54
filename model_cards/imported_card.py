"""The card of an imported dataset: where it came from, what it holds, what was left out, what may be done with it."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from string import Template

import pyarrow as pa
from huggingface_hub import DatasetCard

from dataset_script.directory import DatasetDirectory
from dataset_script.importers.readme import notices
from dataset_script.vocabulary import STIMULI
from evaluation.markdown import table

from .count_tables import histogram_table, split_table
from .dataset_card import FIELDS, card_data, field_table, licences, loading, read_by_split
from .text import TEMPLATES, fenced_yaml

IMPORTED_FIELDS = FIELDS | {
    "frame_id": "the source's own name of the frame",
    "identity_id": "the person: the number in the subject's name, or the subject's place in the sorted list",
    "expression_id": "0 neutral; else the number in the source's name of the frame, or 1",
    "view_id": "the camera, where the source has several",
    "image": "the picture, or the path of its file",
    "face_box": "x0, y0, x1, y1 in pixels; null where the source has neither box nor landmarks",
    "neutral_frame_id": "a neutral frame of the same person and view, of the same sequence if it has one",
    "extra_au": "units beside pain, 0-5; null where the source does not code them",
    "licence": "of the frame, as the source states it",
    "subject_id": "the source's own name of the person",
    "sequence_id": "the source's own name of the sequence",
    "fold": "of cross-validation: the one that holds the person out",
    "sequence_ratings": "AFF, OPR, SEN and VAS of the whole sequence",
    "aam_landmarks": "66 points (x, y) in pixels",
    "stimulus": "what was done to the person: BL1 nothing, PA1 to PA4 heat from pain threshold to tolerance",
}
"""Column -> what it means in imported data."""

METADATA = {
    "task_categories": ["image-classification"],
    "tags": ["pain", "pspi", "facs", "action-units", "facial-expression", "faces"],
}
_COUNTED = ("subject_id", "identity_id", "pspi", "stimulus", "licence")
_LABELS = {
    "PSPI": "action units (AU4, AU6, AU7, AU9, AU10:\n0-5; AU43: 0 or 1) and their Prkachin and Solomon Pain Intensity "
    "(PSPI, 0-16)",
    "stimulus": "the stimulus level (BL1, PA1\nto PA4) of each frame's clip, what was done to the person; action units "
    "and PSPI are unknown",
}
_FORMULA = "PSPI = AU4 + max(AU6, AU7) + max(AU9, AU10) + AU43 (Prkachin & Solomon 2008)."


def build_imported_card(directory: str | Path) -> DatasetCard:
    """The card of a complete imported dataset. Its YAML keeps `configs` as the import wrote them.

    Raises:
        InvalidInput: `directory` is not a complete dataset.
        WorkFailed: a shard or another file is damaged.
    """
    found = DatasetDirectory.open(directory)
    data, report = card_data(found, METADATA), found.import_report()
    columns = read_by_split(found, _COUNTED)
    level = "stimulus" if found.has_stimuli else "PSPI"
    terms, empty = licences(columns), _empty_columns(found)
    subjects = {name for part in columns.values() for name in part["subject_id"].to_pylist()}
    body = Template((TEMPLATES / "imported_card.md").read_text(encoding="utf-8")).substitute(
        title=data.get("pretty_name") or "Pain3D",
        notices="".join(f"{notice}\n\n" for notice in notices(terms, report.get("portable", True))),
        frames=f"{sum(map(len, columns.values())):,}",
        subjects=f"{len(subjects):,}",
        load=loading(found),
        fields=field_table(found, IMPORTED_FIELDS, without=empty),
        empty=", ".join(f"`{name}`" for name in empty) or "none",
        splits=split_table(columns, "subjects"),
        folds=" `folds.json` has the folds for cross-validation." if (found.path / "folds.json").is_file() else "",
        labels=_LABELS[level],
        formula="" if found.has_stimuli else f"{_FORMULA}\n\n",
        level=level,
        histogram=stimulus_table(columns) if found.has_stimuli else histogram_table(columns),
        left_out=_left_out(report),
        licences="; ".join(terms) or "not stated by the source",
    )
    return DatasetCard(fenced_yaml(data) + body)


def stimulus_table(columns: Mapping[str, pa.Table]) -> str:
    """Frames by stimulus level and split."""
    counts = [Counter(part["stimulus"].to_pylist()) for part in columns.values()]
    body = [[name, *(f"{c[k]:,}" for c in counts), f"{sum(c[k] for c in counts):,}"] for k, name in enumerate(STIMULI)]
    return table(["stimulus", *columns, "all"], body)


def _empty_columns(found: DatasetDirectory) -> list[str]:
    """Columns without a value in any row."""
    names = [name for name in found.features("default") if name != "image"]
    filled = {name for _, part in found.read(names) for name in names if part[name].null_count < part.num_rows}
    return [name for name in names if name not in filled]


def _left_out(report: dict) -> str:
    """How many frames and labels were left out or lack something, by reason, and the notes of the import."""
    if not report:
        return "The report of the import is not in this directory."
    problems = [(title, problem["kind"]) for title in ("left_out", "incomplete") for problem in report[title]]
    body = [[title.replace("_", " "), kind, f"{n:,}"] for (title, kind), n in sorted(Counter(problems).items())]
    found, written = report["frames"]["found"], report["frames"]["written"]
    parts = [f"The source has {found:,} pictures; {written:,} became frames. `report.json` names each of the others."]
    if body:
        parts.append(table(["what", "why", "count"], body))
    if report["notes"]:
        parts.append("\n".join(f"- {note}" for note in report["notes"]))
    return "\n\n".join(parts)
