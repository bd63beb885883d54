"""`README.md` of a dataset: the YAML that tells `datasets` and the Hub what is where, and a short text.

With it the directory is a Hub dataset repository as it stands, and `load_dataset` reads no file to learn the schema.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from datasets import DatasetInfo
from datasets.info import DatasetInfosDict
from datasets.splits import SplitDict, SplitInfo
from datasets.utils.metadata import MetadataConfigs
from huggingface_hub import DatasetCardData

from .features import FEATURES, SPLITS
from .manifest import Entry
from .shards import FOLDERS
from .storage import write_atomically

if TYPE_CHECKING:
    from generation.spec import Spec

README = "README.md"
LICENCE = "cc-by-4.0"
_PEOPLE, _LICENCE_LINE = "No real person is shown.", "Licence: CC-BY-4.0."
_OF_HEADS = {
    "flame": (_PEOPLE, "Licence: that of the FLAME model, which made the faces; read it before you share them."),
    "mesh": (
        "All of them have the shape of one head that was brought as a file: if it is a scan, that person may be recognised, "
        "and must have agreed.",
        "Licence: for the owner of that head to decide; read `docs/heads.md` of the generator before you share them.",
    ),
}
"""What a head that is not ours makes of the sentences on people and on the licence."""


def dataset_yaml(entries: Iterable[Entry], licence: str = LICENCE) -> DatasetCardData:
    """The card's metadata: configurations, features, sizes, licence. A richer card adds keys to it and keeps these.

    Args:
        entries: the complete manifest.
        licence: its name in the Hub's list.
    """
    entries = list(entries)
    configs = [name for name in FEATURES if any(entry.config == name for entry in entries)]
    frames = sum(entry.rows for entry in entries if entry.config == "default")
    data = DatasetCardData(
        pretty_name="Pain3D",
        license=licence,
        task_categories=["image-classification", "image-feature-extraction"],
        tags=["pain", "pspi", "facs", "action-units", "faces", "synthetic"],
        size_categories=[_size_category(frames)],
    )
    infos, files = DatasetInfosDict(), MetadataConfigs()
    for config in configs:
        of_config = [entry for entry in entries if entry.config == config]
        splits = [split for split in SPLITS if any(entry.split == split for entry in of_config)]
        infos[config] = DatasetInfo(
            features=FEATURES[config],
            splits=SplitDict({split: _split_info(split, of_config) for split in splits}),
            download_size=sum(entry.bytes for entry in of_config),
            dataset_size=sum(entry.arrow_bytes for entry in of_config),
        )
        files[config] = {
            "data_files": [{"split": split, "path": f"{FOLDERS[config]}/{split}-*"} for split in splits],
            **({"default": True} if config == "default" else {}),
            # `datasets` names its cache by this block: a dataset of another specification must never be loaded from it
            "description": f"specification {of_config[0].spec_hash}",
        }
    files.to_dataset_card_data(data)
    infos.to_dataset_card_data(data)
    return data


def readme(spec: "Spec", entries: Iterable[Entry]) -> str:
    """The README of a complete dataset."""
    entries = list(entries)
    pairs = any(entry.config == "pairs" for entry in entries)
    frames = sum(entry.rows for entry in entries if entry.config == "default")
    fields = "\n".join(f"| {name} | {value} |" for name, value in spec.to_dict().items() if value is not None)
    people, licence = _OF_HEADS.get(spec.head, (_PEOPLE, _LICENCE_LINE))
    load = [
        "from datasets import load_dataset",
        'frames = load_dataset("pain3d")  # the path of this directory, or the name of its Hub repository',
        *(['pairs = load_dataset("pain3d", "pairs")  # a pain frame, its neutral frame, its heatmap'] if pairs else []),
    ]
    return f"""---
{dataset_yaml(entries, "other" if spec.head in _OF_HEADS else LICENCE).to_yaml()}
---

# Pain3D

{frames:,} rendered frames of {spec.identities:,} synthetic people: each with a neutral and ten pain expressions, seen by
three cameras, with action unit intensities (AU4, AU6, AU7, AU9, AU10: 0-5; AU43: 0 or 1), their PSPI (0-16) and a
heatmap of how far the face has moved. {people} Made by the Pain3D generator; the same specification
gives the same bytes.

```python
{chr(10).join(load)}
```

Splits are by identity. {licence}

| specification | |
|---|---|
{fields}
"""


def write_readme(directory: Path, spec: "Spec", entries: Iterable[Entry]) -> None:
    """Writes the README unless there is one: a dataset card may have taken its place."""
    path = directory / README
    if not path.exists():
        write_atomically(path, readme(spec, entries).encode())


def _split_info(split: str, entries: list[Entry]) -> SplitInfo:
    members = [entry for entry in entries if entry.split == split]
    return SplitInfo(split, sum(entry.arrow_bytes for entry in members), sum(entry.rows for entry in members))


def _size_category(rows: int) -> str:
    for limit, name in ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M")):
        if rows < limit:
            return name
    return "1M<n<10M"
