"""The unit of work: the frames of one chunk of identities, made and written as one shard a configuration."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.features import rows_per_identity
from dataset_script.manifest import Entry, picture_entry
from dataset_script.shards import Row, ShardWriter, pair_rows, reference_row, shard_path
from dataset_script.spec import Spec
from dataset_script.vocabulary import format_frame_id

from ..catalogue import LOOKS
from ..frame import Frame
from ..photoreal.painting import painted_names
from ..plan import Chunk, IdentityPlan, Plan


class Maker(Protocol):
    """What makes frames; `pipeline.FrameMaker` is one. Built once in each worker."""

    def make_identity(self, plan: IdentityPlan) -> Iterator[Frame]:
        """All frames of an identity: by expression, then view."""

    def make_frame(self, plan: IdentityPlan, expression_id: int, view_id: int) -> Frame:
        """One of them, with the same bytes; on another occasion, the only one."""

    def person(self, plan: IdentityPlan) -> Any:
        """What all of them share; models that paint are done with an identity after this."""


MakerFactory = Callable[[Spec], Maker]


def shard_names(spec: Spec, chunk: Chunk) -> dict[str, str]:
    """Configuration -> path of the shard that holds a chunk."""
    configs = rows_per_identity(spec.to_dict())
    return {config: shard_path(config, chunk.split, chunk.index, chunk.count) for config in configs}


def picture_names(spec: Spec, chunk: Chunk) -> list[str]:
    """Paths of the pictures that diffusion models paint for a chunk; none where they paint nothing."""
    if not LOOKS[spec.look].painted:
        return []
    maps = LOOKS[spec.look].program is not None
    return [name for identity_id in chunk.identities for name in painted_names(spec, identity_id, maps)]


def file_names(spec: Spec, chunk: Chunk) -> set[str]:
    """Paths of all files of a chunk."""
    return {*shard_names(spec, chunk).values(), *picture_names(spec, chunk)}


def paint_chunk(out: Path, spec: Spec, plan: Plan, chunk: Chunk, maker: Maker, made: Callable[[], None]) -> list[Entry]:
    """Paints what diffusion models paint for a chunk and makes no frame; `made` is called after each identity."""
    for identity_id in chunk.identities:
        with _naming(identity_id):
            maker.person(plan[identity_id])
        made()
    return picture_entries(out, spec, chunk)


def picture_entries(out: Path, spec: Spec, chunk: Chunk) -> list[Entry]:
    """Manifest lines of the painted pictures of a chunk."""
    return [picture_entry(out, name, chunk.split, spec.hash) for name in picture_names(spec, chunk)]


def write_chunk(out: Path, spec: Spec, plan: Plan, chunk: Chunk, maker: Maker, made: Callable[[], None]) -> list[Entry]:
    """Makes the frames of a chunk and writes its shards; holds at most three identities in memory.

    Args:
        out: the dataset directory.
        spec, plan, maker: of the dataset.
        chunk: what to make.
        made: called after each frame.
    """
    with contextlib.ExitStack() as stack:
        writers = {
            config: stack.enter_context(ShardWriter(out, config, chunk.split, chunk.index, chunk.count))
            for config in shard_names(spec, chunk)
        }
        for identity_id in chunk.identities:
            frames = make_identity(maker, plan[identity_id], made)
            rows = [frame.row for frame in frames]
            writers["default"].write(rows)
            writers["pairs"].write(pair_rows(rows))
            if spec.references:
                writers["references"].write(make_references(maker, plan.references(identity_id), made))
            if spec.geometry:
                writers["geometry"].write(frame.geometry for frame in frames)
        return [*picture_entries(out, spec, chunk), *(writer.commit(spec.hash) for writer in writers.values())]


def make_identity(maker: Maker, plan: IdentityPlan, made: Callable[[], None] = lambda: None) -> list[Frame]:
    """The frames of an identity, checked to be the ones planned; errors name the identity.

    Args:
        maker, plan: who makes what.
        made: called after each frame.
    """
    frames = []
    with _naming(plan.identity_id):
        for frame in maker.make_identity(plan):
            frames.append(frame)
            made()
    expected = [
        format_frame_id(plan.identity_id, expression.expression_id, view.view_id)
        for expression in plan.expressions
        for view in plan.views
    ]
    if (found := [frame.row["frame_id"] for frame in frames]) != expected:
        raise ValueError(f"identity {plan.identity_id}: the frames are {found}, planned were {expected}")
    return frames


def make_references(maker: Maker, days: Sequence[IdentityPlan], made: Callable[[], None] = lambda: None) -> list[Row]:
    """The rows of a person's reference pictures, from `Plan.references`; errors name the identity.

    Arguments as those of `make_identity`.
    """
    rows = []
    for day in days:
        with _naming(day.identity_id):
            rows.append(reference_row(maker.make_frame(day, 0, 0).row, day.occasion))
        made()
    return rows


@contextlib.contextmanager
def _naming(identity_id: int) -> Iterator[None]:
    """Errors inside name the identity."""
    try:
        yield
    except (InvalidInput, WorkFailed) as error:
        raise type(error)(f"identity {identity_id}: {error}") from error
    except Exception as error:
        error.add_note(f"while identity {identity_id} was made")
        raise
