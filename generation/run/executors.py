"""Who works on the chunks: this process, or several. Both yield the manifest entries of a chunk once it is finished."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataset_script.errors import WorkFailed
from dataset_script.features import rows_per_identity
from dataset_script.manifest import Entry
from dataset_script.spec import Spec

from ..plan import Chunk, Plan
from .chunks import Maker, MakerFactory, file_names, paint_chunk, picture_names, write_chunk
from .kernels import COMPILING, noticing_compilation

STARTING = "starting"

_POLL_SECONDS = 0.5
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Job:
    """What every worker needs to know."""

    out: Path
    spec: Spec
    maker_factory: MakerFactory
    portraits_only: bool = False

    @property
    def steps_an_identity(self) -> int:
        """What is counted: frames, or people where none are made."""
        return 1 if self.portraits_only else _frames_per_identity(self.spec)

    def files_of(self, chunk: Chunk) -> set[str]:
        """Paths of the files that the work on a chunk makes."""
        return set(picture_names(self.spec, chunk)) if self.portraits_only else file_names(self.spec, chunk)

    def work(self, plan: Plan, chunk: Chunk, maker: Maker, made: Callable[[], None]) -> list[Entry]:
        """Makes them."""
        work_on = paint_chunk if self.portraits_only else write_chunk
        return work_on(self.out, self.spec, plan, chunk, maker, made)


def _frames_per_identity(spec: Spec) -> int:
    rows = rows_per_identity(spec.to_dict())
    return rows["default"] + rows.get("references", 0)


Tell = Callable[[int, str], None]
"""Called with the number of finished frames of all chunks, and what the work waits for, if it does."""


def in_this_process(job: Job, chunks: list[Chunk], tell: Tell) -> Iterator[list[Entry]]:
    """One chunk after the other."""
    if not chunks:
        return
    plan, done = Plan(job.spec), 0

    def made() -> None:
        nonlocal done
        done += 1
        tell(done, "")

    with noticing_compilation(lambda compiling: tell(done, COMPILING if compiling else "")):
        maker = job.maker_factory(job.spec)
        tell(done, "")
        for chunk in chunks:
            yield job.work(plan, chunk, maker, made)


def in_processes(job: Job, chunks: list[Chunk], workers: int, tell: Tell) -> Iterator[list[Entry]]:
    """Chunks go to whoever is free, and come back in whatever order.

    Raises:
        WorkFailed: a worker was killed.
    """
    if not chunks:
        return
    context = multiprocessing.get_context("spawn")  # a forked numba or OpenMP runtime may hang
    shared = _Shared(context.RawArray("q", len(chunks)), context.RawArray("b", len(chunks)))
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(min(workers, len(chunks)), context, initializer=_start_worker, initargs=(job, shared))
    try:
        with _starting_workers():
            pending = {pool.submit(_work, number, chunk) for number, chunk in enumerate(chunks)}
        while pending:
            done, pending = wait(pending, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
            shared.tell(tell)
            for future in done:
                yield future.result()
        pool.shutdown()
    except BrokenProcessPool:
        raise WorkFailed(
            "a worker process was killed (out of memory?); what is finished is kept: run the same command again, "
            "perhaps with fewer workers"
        ) from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()  # after an error or Ctrl-C: a shard may be minutes from its end
            process.join()


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


@contextlib.contextmanager
def _starting_workers() -> Iterator[None]:
    """Processes started inside run numerical libraries on one thread, as they themselves are what uses the cores.

    They also never see Ctrl-C (a signal mask is inherited): it reaches the parent too, and that stops them.
    """
    saved = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, "1"))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for name, value in saved.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class _Worker:
    """The state of a worker process. The maker is made with the first chunk, so that its errors reach the parent."""

    def __init__(self, job: Job, shared: _Shared) -> None:
        self._job, self._shared, self._plan = job, shared, Plan(job.spec)
        self._maker: Maker | None = None

    def work(self, number: int, chunk: Chunk) -> list[Entry]:
        job, shared = self._job, self._shared

        def made() -> None:
            shared.made[number] += 1

        def compiling(begins: bool) -> None:
            shared.compiling[number] = begins

        with noticing_compilation(compiling):
            if self._maker is None:
                self._maker = job.maker_factory(job.spec)
            return job.work(self._plan, chunk, self._maker, made)


_worker: _Worker | None = None


def _start_worker(job: Job, shared: _Shared) -> None:
    global _worker
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker = _Worker(job, shared)


def _end_with_parent() -> None:
    """Without this, workers of a killed run would go on, and write where the next run writes."""
    multiprocessing.parent_process().join()
    os._exit(1)


def _work(number: int, chunk: Chunk) -> list[Entry]:
    return _worker.work(number, chunk)
