"""Work on this machine: in this process, or in several."""

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.manifest import Entry
from dataset_script.processes import CONTEXT, working

from ..plan import Chunk
from .job import STARTING, Job, Tell, Worker, check_reaches
from .kernels import COMPILING

_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Local:
    """An `Executor` of so many processes; 1 stays in this one."""

    workers: int = 1

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise InvalidInput(f"workers is {self.workers}; allowed: 1 or more")

    def check(self, job: Job) -> None:
        if self.workers > 1:
            check_reaches(job, f"{self.workers} workers")

    def run(self, job: Job, chunks: list[Chunk], tell: Tell) -> Iterator[list[Entry]]:
        return _in_this_process(job, chunks, tell) if self.workers == 1 else self._in_processes(job, chunks, tell)

    def _in_processes(self, job: Job, chunks: list[Chunk], tell: Tell) -> Iterator[list[Entry]]:
        """Raises WorkFailed when a worker was killed."""
        if not chunks:
            return
        shared = _Shared(CONTEXT.RawArray("q", len(chunks)), CONTEXT.RawArray("b", len(chunks)))
        workers = min(self.workers, len(chunks))
        try:
            with working(workers, _start_worker, (job, shared), _work, enumerate(chunks)) as futures:
                pending = set(futures)
                while pending:
                    done, pending = wait(pending, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
                    shared.tell(tell)
                    for future in done:
                        yield future.result()
        except BrokenProcessPool:
            raise WorkFailed(
                "a worker process was killed (out of memory?); what is finished is kept: run the same command again, "
                "perhaps with fewer workers"
            ) from None


def _in_this_process(job: Job, chunks: list[Chunk], tell: Tell) -> Iterator[list[Entry]]:
    if not chunks:
        return
    worker, done = Worker(job), 0

    def made() -> None:
        nonlocal done
        done += 1
        tell(done, "")

    def compiling(begins: bool) -> None:
        tell(done, COMPILING if begins else "")

    worker.open(compiling)
    tell(0, "")
    for chunk in chunks:
        yield worker.work(chunk, made, compiling)


@dataclass(frozen=True)
class _Shared:
    """What workers let the parent know of each chunk. Each place has one writer, so there is no lock to die with.

    Attributes:
        made: frames that are finished.
        compiling: 1 while the worker that makes it compiles kernels.
    """

    made: Any
    compiling: Any

    def tell(self, tell: Tell) -> None:
        done = sum(self.made)
        tell(done, COMPILING if any(self.compiling) else "" if done else STARTING)


_worker: Worker
_shared: _Shared


def _start_worker(job: Job, shared: _Shared) -> None:
    global _worker, _shared
    _worker, _shared = Worker(job), shared


def _work(number: int, chunk: Chunk) -> list[Entry]:
    def made() -> None:
        _shared.made[number] += 1

    def compiling(begins: bool) -> None:
        _shared.compiling[number] = begins

    return _worker.work(chunk, made, compiling)
