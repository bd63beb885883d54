"""Datasets and models inside a demo: what forbids to publish one alone forbids it there, too."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dataset_script.directory import DatasetDirectory, Shard
from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.strict_json import parse_json

from .card import Card, read_card
from .dataset import row_licences
from .files import PublishedFile
from .licences import dataset_licence_problems
from .model import RECORDS, training_problems

_MODEL_TYPE = "vitpain"


def part_problems(directory: Path, files: Sequence[PublishedFile]) -> list[str]:
    """Why the licences of datasets and models among these files of `directory` do not allow to publish them.

    Each line begins with the folder, or with a Parquet file of frames that lies alone. Raises WorkFailed where a shard
    or a record of one is damaged.
    """
    problems, shards = [], set()
    for folder in _folders(directory, files):
        place = "the folder itself" if folder == directory else folder.relative_to(directory).as_posix()
        if (found := _dataset(folder)) is not None:
            shards |= {folder / shard.path for shard in found.shards}
            card = read_card(folder, f"`pain3d card {folder}` writes one")
            wrong = [*card.problems, *dataset_licence_problems(found, row_licences(found), card)]
            problems += [f"{place}, a dataset: {problem}" for problem in wrong]
        if _is_model(folder):
            card = read_card(folder, f"`pain3d card {folder}` writes one")
            wrong = [*card.problems, *training_problems(folder, card)]
            problems += [f"{place}, a model: {problem}" for problem in wrong]
    for file in files:
        if file.path.endswith(".parquet") and file.source not in shards and "licence" in _columns(file.source):
            found = DatasetDirectory(
                file.source.parent, (Shard(file.source.name, "default", "train"),), False, (), None, None
            )
            wrong = dataset_licence_problems(found, row_licences(found), Card())
            problems += [f"{file.path}, frames: {problem}" for problem in wrong]
    return problems


def _folders(directory: Path, files: Sequence[PublishedFile]) -> Iterator[Path]:
    """`directory`, and every folder in it that holds one of the files, by path."""
    inside = {parent for file in files for parent in Path(file.path).parents}
    yield from (directory / each for each in sorted(inside))


def _dataset(folder: Path) -> DatasetDirectory | None:
    """The dataset that a folder is; None where it is none, or has no frames."""
    try:
        found = DatasetDirectory.open(folder)
    except InvalidInput:
        return None
    return found if found.shards else None


def _is_model(folder: Path) -> bool:
    """Whether it holds a ViTPain: by its configuration, or by the record of how it was made."""
    if any((folder / name).is_file() for name in RECORDS):
        return True
    try:
        config = parse_json((folder / "config.json").read_bytes())
    except (FileNotFoundError, ValueError):  # none, or one of something else
        return False
    return isinstance(config, dict) and config.get("model_type") == _MODEL_TYPE


def _columns(path: Path) -> list[str]:
    """Names of the columns of a Parquet file. Raises WorkFailed where it cannot be read."""
    try:
        return pq.read_schema(path).names
    except pa.ArrowException as error:
        raise WorkFailed(f"{path} cannot be read: {str(error).splitlines()[0]}") from None
