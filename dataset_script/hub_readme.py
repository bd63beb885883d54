"""`README.md` of a dataset: the YAML that tells `datasets` and the Hub what is where, with the schema.

With it the directory is a Hub dataset repository as it stands, and `load_dataset` reads no file to learn the schema.
"""

from collections.abc import Iterable
from pathlib import Path

from datasets import DatasetInfo
from datasets.info import DatasetInfosDict
from datasets.splits import SplitDict, SplitInfo
from datasets.utils.metadata import MetadataConfigs
from huggingface_hub import DatasetCard, DatasetCardData
from yaml import YAMLError

from .features import FEATURES
from .manifest import Entry
from .shards import FOLDERS
from .vocabulary import SPLITS

README = "README.md"

_MOST_VALUES = 100_000
_NO_METADATA = (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError, YAMLError)
"""What reading the README raises, whatever somebody wrote there."""


def dataset_yaml(entries: Iterable[Entry], licence: str) -> DatasetCardData:
    """The card's metadata: configurations, features, sizes, licence. A richer card adds keys to it and keeps these.

    Args:
        entries: the complete manifest.
        licence: of the pictures: an SPDX identifier, or "other: " and whose terms hold.
    """
    entries = list(entries)
    configs = [name for name in FEATURES if any(entry.config == name for entry in entries)]
    frames = sum(entry.rows for entry in entries if entry.config == "default")
    data = DatasetCardData(
        pretty_name="Pain3D",
        license="other" if licence.startswith("other") else licence.lower(),
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


def read_infos(directory: Path) -> dict[str, DatasetInfo]:
    """What the README of a dataset directory says of each configuration: features, splits and their sizes.

    Empty where there is no README, it has no such metadata, or they cannot be read.
    """
    try:
        data = DatasetCard.load(directory / README).data
        if _written_out(data.to_dict(), {}) > _MOST_VALUES:
            return {}
        return dict(DatasetInfosDict.from_dataset_card_data(data))
    except _NO_METADATA:
        return {}


def _written_out(value: object, known: dict[int, int]) -> int:
    """How many values a YAML value has with its aliases written out, of which a few lines can make billions."""
    if not isinstance(value, dict | list):
        return 1
    if id(value) not in known:
        known[id(value)] = _MOST_VALUES  # for one within itself
        parts = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_written_out(part, known) for part in parts)
    return known[id(value)]


def _split_info(split: str, entries: list[Entry]) -> SplitInfo:
    members = [entry for entry in entries if entry.split == split]
    return SplitInfo(split, sum(entry.arrow_bytes for entry in members), sum(entry.rows for entry in members))


def _size_category(rows: int) -> str:
    for limit, name in ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M")):
        if rows < limit:
            return name
    return "1M<n<10M"
