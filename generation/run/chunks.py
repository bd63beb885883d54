"""The unit of work: the frames of one chunk of identities, made and written as one shard a configuration."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.manifest import Entry
from dataset_script.shards import ShardWriter, pair_rows, shard_path
from dataset_script.spec import Spec
from dataset_script.vocabulary import format_frame_id

from ..frame import Frame
from ..plan import Chunk, IdentityPlan, Plan


class Maker(Protocol):
    """What makes frames; `pipeline.FrameMaker` is one. Built once in each worker."""

    def make_identity(self, plan: IdentityPlan) -> Iterator[Frame]:
        """All frames of an identity: by expression, then view."""

    def make_frame(self, plan: IdentityPlan, expression_id: int, view_id: int) -> Frame:
        """One of them, with the same bytes."""


MakerFactory = Callable[[Spec], Maker]


def shard_names(spec: Spec, chunk: Chunk) -> dict[str, str]:
    """Configuration -> path of the shard that holds a chunk."""
    configs = ("default", "pairs", "geometry") if spec.geometry else ("default", "pairs")
    return {config: shard_path(config, chunk.split, chunk.index, chunk.count) for config in configs}


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
            if spec.geometry:
                writers["geometry"].write(frame.geometry for frame in frames)
        return [writer.commit(spec.hash) for writer in writers.values()]


def make_identity(maker: Maker, plan: IdentityPlan, made: Callable[[], None] = lambda: None) -> list[Frame]:
    """The frames of an identity, checked to be the ones planned; errors name the identity.

    Args:
        maker, plan: who makes what.
        made: called after each frame.
    """
    frames = []
    try:
        for frame in maker.make_identity(plan):
            frames.append(frame)
            made()
    except (InvalidInput, WorkFailed) as error:
        raise type(error)(f"identity {plan.identity_id}: {error}") from error
    except Exception as error:
        error.add_note(f"while identity {plan.identity_id} was made")
        raise
    expected = [
        format_frame_id(plan.identity_id, expression.expression_id, view.view_id)
        for expression in plan.expressions
        for view in plan.views
    ]
    if (found := [frame.row["frame_id"] for frame in frames]) != expected:
        raise ValueError(f"identity {plan.identity_id}: the frames are {found}, planned were {expected}")
    return frames
