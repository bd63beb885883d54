"""Makes a dataset directory: plan -> frames -> shards -> manifest -> README (contracts C3 and C4).

A shard gets its final name only once it is whole and on the disk, and a line in the manifest only after that. So a run
can be killed at any instant: the next one keeps what the manifest lists, makes the rest, and ends with the same bytes.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dataset_script.claim import Settings, changed_settings, claimed
from dataset_script.errors import InvalidInput
from dataset_script.manifest import append_manifest, read_manifest, write_manifest
from dataset_script.spec import SPEC, Spec

from ..catalogue import check
from ..plan import Plan
from .chunks import MakerFactory
from .executors import STARTING, Job, in_processes, in_this_process
from .readme import write_readme

Progress = Callable[[int, int, str], None]
"""Called after each frame, or now and then: finished frames, all frames, and what the run waits for, if it does."""


@dataclass(frozen=True)
class Summary:
    """What `generate` did: the frames of the dataset, and how many of them this call made."""

    directory: Path
    frames: int
    made: int


def generate(
    out: str | Path,
    spec: Spec,
    workers: int = 1,
    maker_factory: MakerFactory | None = None,
    progress: Progress | None = None,
    portraits_only: bool = False,
) -> Summary:
    """Makes the dataset in `out`, or finishes it. The result does not depend on `workers` or on interruptions.

    Args:
        out: a new or empty directory, or one that holds (a part of) this very dataset.
        workers: processes; 1 stays in this one.
        maker_factory: picklable; default `pipeline.FrameMaker`.
        progress: told how far the run is.
        portraits_only: paint what diffusion models paint and make no frame; progress is then in people.

    Raises:
        InvalidInput: `out` holds something else, or is being written by another run.
        WorkFailed: the disk is full, a worker was killed. What is finished stays.
    """
    check(spec)
    if workers < 1:
        raise InvalidInput(f"workers is {workers}; allowed: 1 or more")
    if maker_factory is None:
        from ..pipeline import FrameMaker as maker_factory
    out = Path(out)
    with claimed(out, SPEC, spec.to_dict(), "dataset", _changes):
        job = Job(out, spec, maker_factory, portraits_only)
        return _finish(job, workers, progress or (lambda done, total, waiting: None))


def _changes(before: Settings, now: Settings) -> list[str]:
    """A field that an older file lacks has its default."""
    return changed_settings(Spec.from_dict(before).to_dict(), now)


def _finish(job: Job, workers: int, progress: Progress) -> Summary:
    out, spec = job.out, job.spec
    finished = {
        entry.path: entry for entry in read_manifest(out) if entry.spec_hash == spec.hash and entry.has_file(out)
    }
    write_manifest(out, finished.values())  # without the unfinished line that a killed run may have left at its end
    plan = Plan(spec)
    chunks = [chunk for chunk in plan.chunks() if not finished.keys() >= job.files_of(chunk)]
    total = len(plan) * job.steps_an_identity
    todo = sum(len(chunk.identities) for chunk in chunks) * job.steps_an_identity

    def tell(frames: int, waiting: str) -> None:
        progress(total - todo + frames, total, waiting)

    tell(0, STARTING if chunks else "")
    results = in_this_process(job, chunks, tell) if workers == 1 else in_processes(job, chunks, workers, tell)
    with contextlib.closing(results):
        for entries in results:
            append_manifest(out, entries)
            finished.update((entry.path, entry) for entry in entries)
    write_manifest(out, finished.values())
    if not job.portraits_only:
        write_readme(out, spec, read_manifest(out))
    return Summary(out, total, todo)
