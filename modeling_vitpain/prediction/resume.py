"""Which files need not be scored again."""

import hashlib
import os
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from dataset_script.errors import InvalidInput
from dataset_script.names import read_name, written_path

from .batches import batched
from .media import MediaFile
from .score_file import Earlier
from .score_rows import ScoreRow

Unit = list[MediaFile]
"""Files scored together or not at all: a picture, a video, or those of a person who decide each other's scores."""

_ROWS_WITHOUT_FRAMES = 1
"""Of a video that cannot be read: its error."""


def kept_rows(
    earlier: Earlier,
    units: Sequence[Unit],
    stamps: Mapping[str, str | None],
    all_faces: bool,
    together: Callable[[MediaFile], Hashable],
    batch_size: int,
) -> list[list[ScoreRow] | None]:
    """The rows of each unit that are there already; None: it must be scored.

    A unit is kept whole or not at all. Pictures that shared a batch with the first one missing are scored again, so
    that a resumed run gives the digits of a straight one.

    Args:
        stamps: of the files as they are now; see `stamps_of`.
        together: see `Scorer.together`.

    Raises:
        InvalidInput: there are rows of other files.
    """
    place = {written_path(source.path): k for k, unit in enumerate(units) for source in unit}
    found: list[list[ScoreRow]] = [[] for _ in units]
    for row in earlier.rows:
        if row["path"] in place:
            found[place[row["path"]]].append(row)
        else:
            gone = "" if os.path.exists(read_name(row["path"])) else "is no longer there, and which "
            raise InvalidInput(
                f"out holds rows of {row['path']}, which {gone}this call does not name; "
                "name another file, or start anew with --overwrite"
            )
    last = place.get(earlier.rows[-1]["path"]) if earlier.rows and not earlier.finished else None
    kept = [
        rows
        if _is_whole(unit, rows, k == last, earlier.rows_of_videos, all_faces)
        and _is_unchanged(unit, earlier.stamps, stamps)
        else None
        for k, (unit, rows) in enumerate(zip(units, found, strict=True))
    ]
    first = next((k for k, rows in enumerate(kept) if rows is None), len(units))
    if first < len(units):
        for k in _open_batch(units[: first + 1], kept[:first], together, batch_size):
            kept[k] = None
    return kept


def in_order(
    units: Sequence[Unit],
    kept: Sequence[list[ScoreRow] | None],
    begin: int,
    scored: Iterable[tuple[MediaFile, ScoreRow]],
) -> Iterator[tuple[ScoreRow, bool]]:
    """The rows of all units from `begin` on, and whether each is new. `scored`: of the units not kept, in order."""
    place = {source.path: k for k, unit in enumerate(units) for source in unit}
    position = begin
    for source, row in scored:
        for k in range(position, place[source.path]):
            yield from ((old, False) for old in kept[k] or ())
        position = place[source.path]
        yield row, True
    for k in range(position, len(units)):
        yield from ((old, False) for old in kept[k] or ())


def stamps_of(sources: Iterable[MediaFile]) -> dict[str, str | None]:
    """What changes when a file is changed or replaced, by its written name; None: it cannot be looked at."""
    return {written_path(source.path): _stamp(source.path) for source in sources}


def digest_of_model(network: nn.Module, settings: str) -> str:
    """Of all weights, and the text of whatever else decides the scores."""
    digest = hashlib.sha256(settings.encode())
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(_bytes(tensor))
    return digest.hexdigest()[:16]


def digest_of_tensors(tensors: Iterable[Tensor]) -> str:
    """Of pictures as a model sees them."""
    return hashlib.sha256(b"".join(map(_bytes, tensors))).hexdigest()[:16]


def digest_of_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _bytes(tensor: Tensor) -> bytes:
    return tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()


def _stamp(path: Path) -> str | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return f"{state.st_size}-{state.st_ctime_ns}"


def _is_unchanged(unit: Unit, before: Mapping[str, str | None], now: Mapping[str, str | None]) -> bool:
    names = [written_path(source.path) for source in unit]
    return all(name in before and before[name] == now[name] for name in names)


def _is_whole(
    unit: Unit, rows: list[ScoreRow], is_last: bool, rows_of_videos: Mapping[str, int], all_faces: bool
) -> bool:
    """Whether a unit's rows are all there.

    Pictures that are scored together: each has a row, and the unit `is_last` in the file no more; rows are written in
    order. A video: it has as many rows as when it was finished; some may have been deleted since.
    """
    if {row["path"] for row in rows} != {written_path(source.path) for source in unit}:
        return False
    if len(unit) > 1:
        return not is_last
    if unit[0].is_video:
        return not is_last and len(rows) == rows_of_videos.get(rows[0]["path"], _ROWS_WITHOUT_FRAMES)
    return len(rows) == (int(rows[0]["faces"] or 1) if all_faces else 1)


def _open_batch(
    units: Sequence[Unit],
    kept: Sequence[list[ScoreRow]],
    together: Callable[[MediaFile], Hashable],
    batch_size: int,
) -> list[int]:
    """The units in whose batch the last of `units`, the only one not kept, would have been too."""
    keys = [together(unit[0]) for unit in units]
    groups = ((key, [k] * len(rows)) for k, (key, rows) in enumerate(zip(keys, kept, strict=False)))
    last = deque(batched(groups, batch_size), maxlen=1)
    last = last[0] if last else []
    return sorted(set(last)) if last and len(last) < batch_size and keys[last[0]] == keys[-1] else []
