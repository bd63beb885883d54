"""`README.md` of an imported dataset: what `load_dataset` needs, where it came from, and what may be done with it."""

from collections.abc import Iterable

from huggingface_hub import DatasetCardData

from ..features import SPLITS
from ..manifest import Entry
from ..shards import FOLDERS
from .report import Report
from .unbc import LICENCE as UNBC_LICENCE

_UNBC_NOTICE = """**These are pictures of patients. The UNBC-McMaster archive is given to researchers under an agreement that forbids to
pass it on: do not publish this directory or any picture of it, and do not upload it to the Hub.**"""


def import_readme(entries: Iterable[Entry], report: Report, licences: list[str], has_folds: bool) -> str:
    """The README of a finished import."""
    entries = list(entries)
    data = DatasetCardData(
        pretty_name=report.layout,
        license="other",
        license_name=", ".join(licences) or "unknown",
        task_categories=["image-classification"],
        tags=["pain", "pspi", "facs", "action-units", "faces"],
        configs=[
            {
                "config_name": "default",
                "data_files": [
                    {"split": split, "path": f"{FOLDERS['default']}/{split}-*"}
                    for split in SPLITS
                    if any(entry.split == split for entry in entries)
                ],
                "default": True,
                # `datasets` names its cache by this block alone: without the hash, another import of the same name
                # would be loaded from the cache of the first.
                "description": f"import {entries[0].spec_hash}",
            }
        ],
    )
    splits = "\n".join(f"| {name} | {n['frames']:,} | {n['subjects']:,} |" for name, n in report.splits.items())
    parts = [
        f"---\n{data.to_yaml()}\n---\n\n# {report.layout}, imported",
        *([_UNBC_NOTICE] if UNBC_LICENCE in licences else []),
        f"{report.written:,} frames of {report.subjects:,} subjects. {len(report.left_out):,} of the source's frames and "
        f"labels were left out and {len(report.incomplete):,} lack something: `report.json` names each with the reason.",
        f"| split | frames | subjects |\n|---|---|---|\n{splits}",
        "Splits are by subject."
        + (
            " `folds.json` has the folds for cross-validation; `fold` is the one that holds a subject out."
            if has_folds
            else ""
        ),
        "The pictures are in the data."
        if report.portable
        else "The data holds the paths of the pictures, not the pictures: it is of use on this machine only.",
        "Columns are those of Pain3D (`au` in the order AU4, AU6, AU7, AU9, AU10, AU43; `pspi` 0-16) and `subject_id`, "
        "`sequence_id`, `fold`, `sequence_ratings`, `aam_landmarks`. What the source does not tell is null.",
        f"Licence: {'; '.join(licences) or 'not stated by the source'}.",
    ]
    return "\n\n".join(parts) + "\n"
