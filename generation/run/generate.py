"""Makes a dataset: plan -> frames -> shards -> manifest -> README (contracts C3 and C4).

A shard gets its final name only once it is whole and on the disk, and a line in the manifest only after that. So a run
can be killed at any instant: the next one keeps what the manifest lists and is undamaged, makes the rest, and ends with
the same bytes.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dataset_script.claim import Settings, changed_settings
from dataset_script.errors import InvalidInput
from dataset_script.manifest import Entry
from dataset_script.outputs import (
    DirectoryOutput,
    Output,
    open_output,
    read_output_manifest,
    write_output_manifest,
)
from dataset_script.spec import SPEC, Spec

from ..catalogue import LOOKS, check
from ..plan import Plan
from .chunks import MakerFactory, file_names
from .job import STARTING, WHOLE, Executor, Job, Part
from .local import Local
from .readme import write_readme
from .strays import remove_strays

Progress = Callable[[int, int, str], None]
"""Called after each frame, or now and then: finished frames, all frames, and what the run waits for, if it does."""


@dataclass(frozen=True)
class Summary:
    """What `generate` did.

    Attributes:
        place: path or URL of the dataset or of the share.
        frames: of this part of the dataset.
        made: those of them that this call made.
    """

    place: str
    frames: int
    made: int


def generate(
    out: str | Path,
    spec: Spec,
    executor: Executor | None = None,
    maker_factory: MakerFactory | None = None,
    progress: Progress | None = None,
    part: Part = WHOLE,
) -> Summary:
    """Makes the dataset in `out`, or finishes it. The result does not depend on the executor or on interruptions.

    Args:
        out: a new or empty directory, or one that holds (a part of) this very dataset; or a URL that fsspec knows.
        executor: who works on it; default: this process.
        maker_factory: picklable; default `pipeline.FrameMaker`.
        progress: told how far the run is.
        part: what of it is made; a share is made in a folder of its own inside `out`, for `merge`.

    Raises:
        InvalidInput: `out` holds something else, or is being written by another run.
        WorkFailed: the disk is full, a worker was killed. What is finished stays.
    """
    check(spec)
    if maker_factory is None:
        from ..pipeline import FrameMaker as maker_factory
    output = open_output(out)
    if part.share is not None:
        output = output.inside(part.share.folder)
    job, executor = Job(output, spec, maker_factory, part), executor or Local()
    _check_paints_beside(job)
    executor.check(job)
    with claimed_for(output, spec):
        return _finish(job, executor, progress or (lambda done, total, waiting: None))


def claimed_for(output: Output, spec: Spec) -> contextlib.AbstractContextManager[None]:
    """Holds an output for the dataset of a specification, see `claim.claimed`."""
    return output.claimed(SPEC, spec.to_dict(), "dataset", _changes)


def _changes(before: Settings, now: Settings) -> list[str]:
    """A field that an older file lacks has its default."""
    return changed_settings(Spec.from_dict(before).to_dict(), now)


def _check_paints_beside(job: Job) -> None:
    """Pictures that models paint are kept in a directory, from which any later run takes them."""
    if LOOKS[job.spec.look].painted and not isinstance(job.out, DirectoryOutput):
        raise InvalidInput(
            f"out is {job.out.name}; allowed with look {job.spec.look!r}: a directory, in which what is painted is kept"
        )


def finished_files(output: Output, spec: Spec) -> dict[str, Entry]:
    """By path, the entries of the manifest that are of this specification and whose files are undamaged."""
    entries = [entry for entry in read_output_manifest(output) if entry.spec_hash == spec.hash]
    return {entry.path: entry for entry in output.intact(entries)}


def _finish(job: Job, executor: Executor, progress: Progress) -> Summary:
    plan = Plan(job.spec)
    chunks = job.chunks(plan)
    total = sum(len(chunk.identities) for chunk in chunks) * job.steps_an_identity
    finished = finished_files(job.out, job.spec)
    remove_strays(job.out, {name for chunk in plan.chunks() for name in file_names(job.spec, chunk)}, finished)
    write_output_manifest(job.out, finished.values())  # without the unfinished last line of a run that was killed
    chunks = [chunk for chunk in chunks if not finished.keys() >= job.files_of(chunk)]
    todo = sum(len(chunk.identities) for chunk in chunks) * job.steps_an_identity

    def tell(frames: int, waiting: str) -> None:
        progress(total - todo + frames, total, waiting)

    tell(0, STARTING if chunks else "")
    with contextlib.closing(executor.run(job, chunks, tell)) as results:
        for entries in results:
            finished.update((entry.path, entry) for entry in entries)
            job.out.add_to_manifest(entries, finished.values())
    finish_dataset(job.out, job.spec, plan, finished)
    return Summary(job.out.name, total, todo)


def finish_dataset(output: Output, spec: Spec, plan: Plan, finished: dict[str, Entry]) -> None:
    """Sorts the manifest, and writes the README where nothing is missing."""
    write_output_manifest(output, finished.values())
    if all(finished.keys() >= file_names(spec, chunk) for chunk in plan.chunks()):
        write_readme(output, spec, finished.values())
