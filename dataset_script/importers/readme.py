"""`README.md` of an imported dataset: what `load_dataset` needs, where it came from, and what may be done with it."""

from collections.abc import Iterable, Sequence

from huggingface_hub import DatasetCardData

from ..manifest import Entry
from ..shards import FOLDERS
from ..vocabulary import SPLITS
from .biovid import LICENCE as BIOVID_LICENCE
from .report import ImportReport
from .unbc import LICENCE as UNBC_LICENCE

_UNBC_NOTICE = (
    "**These are pictures of patients. The UNBC-McMaster archive is given to researchers under an agreement that\n"
    "forbids to pass it on: do not publish this directory or any picture of it, and do not upload it to the Hub.**"
)
_BIOVID_NOTICE = (
    "**These are pictures of people. BioVid is given to researchers under an agreement, for non-commercial research:\n"
    "do not publish this directory or any picture of it, and do not upload it to the Hub.**\n\n"
    "Its labels are stimulus levels (`stimulus`: BL1, PA1 to PA4), not PSPI: `pain3d evaluate MODEL --data DIR "
    "--protocol biovid`."
)
_NOTICES = {UNBC_LICENCE: _UNBC_NOTICE, BIOVID_LICENCE: _BIOVID_NOTICE}
_NOT_PORTABLE = "The data holds the paths of the pictures, not the pictures: it is of use on this machine only."


def import_readme(entries: Iterable[Entry], report: ImportReport, licences: Sequence[str], has_folds: bool) -> str:
    """The README of a finished import."""
    entries = list(entries)
    data = DatasetCardData(
        pretty_name=report.layout,
        license="other",
        license_name=", ".join(licences) or "unknown",
        task_categories=["image-classification"],
        tags=["pain", "pspi", "facs", "action-units", "faces"],
        configs=[_config(entries)],
    )
    splits = "\n".join(f"| {name} | {n['frames']:,} | {n['subjects']:,} |" for name, n in report.splits.items())
    folds = " `folds.json` has the folds for cross-validation; `fold` is the one that holds a subject out."
    parts = [
        f"---\n{data.to_yaml()}\n---\n\n# {report.layout}, imported",
        *notices(licences, report.portable),
        f"{report.written:,} frames of {report.subjects:,} subjects. {len(report.left_out):,} of the source's frames "
        f"and labels were left out and {len(report.incomplete):,} lack something: `report.json` names each with the "
        "reason.",
        f"| split | frames | subjects |\n|---|---|---|\n{splits}",
        f"Splits are by subject.{folds if has_folds else ''}",
        *(["The pictures are in the data."] if report.portable else []),
        "Columns are those of Pain3D (`au` in the order AU4, AU6, AU7, AU9, AU10, AU43; `pspi` 0-16) and `subject_id`, "
        "`sequence_id`, `fold`, `sequence_ratings`, `aam_landmarks`. What the source does not tell is null.",
        f"Licence: {'; '.join(licences) or 'not stated by the source'}.",
    ]
    return "\n\n".join(parts) + "\n"


def notices(licences: Sequence[str], portable: bool) -> list[str]:
    """What whoever opens the directory must know first.

    Args:
        licences: of its frames.
        portable: whether it holds the pictures, not only their paths.
    """
    return [
        *(notice for licence, notice in _NOTICES.items() if licence in licences),
        *([] if portable else [_NOT_PORTABLE]),
    ]


def _config(entries: Sequence[Entry]) -> dict:
    splits = [split for split in SPLITS if any(entry.split == split for entry in entries)]
    return {
        "config_name": "default",
        "data_files": [{"split": split, "path": f"{FOLDERS['default']}/{split}-*"} for split in splits],
        "default": True,
        # `datasets` names its cache by this block alone: without the hash, another import of the same name would be
        # loaded from the cache of the first.
        "description": f"import {entries[0].spec_hash}",
    }
