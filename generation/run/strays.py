"""Files that stand among the shards and are none: `load_dataset` would read their rows too."""

from collections.abc import Mapping, Set
from pathlib import Path

from dataset_script.errors import InvalidInput
from dataset_script.manifest import Entry
from dataset_script.outputs import DirectoryOutput, Output
from dataset_script.shards import FOLDERS, file_sha256
from dataset_script.vocabulary import SPLITS


def remove_strays(output: Output, planned: Set[str], finished: Mapping[str, Entry]) -> None:
    """Removes copies of finished shards that have other names. In an object store nothing is looked for.

    Args:
        output: where.
        planned: paths of all files of the dataset.
        finished: by path, the shards that are there.

    Raises:
        InvalidInput: a file that would be taken for a shard is no copy of one, so that its content would be lost.
    """
    if not isinstance(output, DirectoryOutput):
        return
    copies = {(entry.bytes, entry.sha256) for entry in finished.values()}
    for path in _loaded_files(output.path):
        if path.relative_to(output.path).as_posix() in planned:
            continue
        if (path.stat().st_size, file_sha256(path)) not in copies:
            raise InvalidInput(f"{path} is no shard of this dataset, but load_dataset would read it; move it away")
        path.unlink()


def _loaded_files(directory: Path) -> list[Path]:
    """What the patterns of the README match (`data/train-*`)."""
    return sorted(
        path for folder in FOLDERS.values() for split in SPLITS for path in (directory / folder).glob(f"{split}-*")
    )
