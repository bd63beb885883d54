"""Work on a Ray cluster. Every node needs this package in the versions that the driver has, and sees the output.

A task makes one chunk and writes its files into the output; only its manifest lines come back. Ray repeats a task whose
worker or node is lost; as a file appears whole and its bytes do not depend on who makes it, that is all there is to do.
"""

import contextlib
import logging
import os
import re
import socket
import time
import uuid
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import ray

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.manifest import Entry
from dataset_script.processes import ONE_THREAD
from dataset_script.spec import SPEC, check_version

from ..catalogue import LOOKS
from ..plan import Chunk
from .chunks import file_names
from .job import STARTING, Job, Tell, Worker, check_reaches
from .kernels import COMPILING

TRIES = 4
"""So often a chunk is begun before a run gives up that loses the worker each time."""

_POLL_SECONDS = 0.5
_ANSWER_SECONDS = 10.0
_LIBRARIES = ("numpy", "numba", "scipy", "pillow", "pyarrow", "datasets")
"""They decide the bytes of frames and files, beside this package."""


@dataclass(frozen=True)
class Ray:
    """An `Executor` on a Ray cluster that runs.

    Attributes:
        address: of the cluster; None: `$RAY_ADDRESS`, or the one that runs on this machine. A connection that the
            caller has made is used as it is.
        workers: chunks that are worked on at once. None: one for each processor of the cluster, and as many more wait
            there, so that none idles and a cluster that can grow does.
    """

    address: str | None = None
    workers: int | None = None

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise InvalidInput(f"workers is {self.workers}; allowed: 1 or more")

    def check(self, job: Job) -> None:
        check_reaches(job, "executor 'ray'")
        if LOOKS[job.spec.look].painted:
            raise InvalidInput(f"executor is 'ray'; allowed with look {job.spec.look!r}, which is painted: local")

    def run(self, job: Job, chunks: list[Chunk], tell: Tell) -> Iterator[list[Entry]]:
        """Raises WorkFailed when workers were lost again and again, or a node has other versions."""
        if chunks:
            with self._connected():
                yield from _Run(job, chunks, tell, self.workers).results()

    @contextlib.contextmanager
    def _connected(self) -> Iterator[None]:
        if ray.is_initialized():
            yield
            return
        try:
            self._knock()
            ray.init(self.address or "auto", log_to_driver=False, logging_level=logging.ERROR)
        except (OSError, RuntimeError, ValueError) as error:
            where = self.address or os.environ.get("RAY_ADDRESS") or "this machine"
            raise InvalidInput(
                f"ray-address is {where}, where no Ray cluster answers ({error}); to start one: ray start --head"
            ) from None
        try:
            yield
        finally:
            ray.shutdown()

    def _knock(self) -> None:
        """Raises OSError where nobody answers at HOST:PORT: Ray itself would try for a quarter of an hour."""
        known = re.fullmatch(r"([^/:]+):(\d+)", self.address or os.environ.get("RAY_ADDRESS", ""))
        if known:
            socket.create_connection((known[1], int(known[2])), _ANSWER_SECONDS).close()


class _Run:
    """One run on a cluster: a bounded number of tasks, and the place to which they report."""

    def __init__(self, job: Job, chunks: list[Chunk], tell: Tell, workers: int | None) -> None:
        self._job, self._tell, self._workers = job, tell, workers
        self._waiting = deque(enumerate(chunks))
        self._flying: dict[ray.ObjectRef, tuple[int, Chunk]] = {}
        self._done = 0  # frames of chunks that are finished
        self._given = ray.put((uuid.uuid4().hex, job, versions()))
        self._board = _Board.remote()
        self._news: ray.ObjectRef | None = None
        self._told: dict[int, tuple[int, bool]] = {}

    def results(self) -> Iterator[list[Entry]]:
        try:
            while self._waiting or self._flying:
                while self._waiting and len(self._flying) < self._limit():
                    number, chunk = self._waiting.popleft()
                    self._flying[_work.remote(self._given, self._board, number, chunk)] = number, chunk
                done, _ = ray.wait(list(self._flying), timeout=_POLL_SECONDS)
                results = [self._result(task) for task in done]
                self._report()
                yield from results
        finally:
            self._stop()

    def _limit(self) -> int:
        return self._workers or 2 * max(1, int(ray.cluster_resources().get("CPU", 1)))

    def _result(self, task: "ray.ObjectRef") -> list[Entry]:
        number, chunk = self._flying.pop(task)
        try:
            entries = ray.get(task)
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, ray.exceptions.RayError):
                reason = str(error.cause).strip().splitlines()[-1]
                raise WorkFailed(f"a node cannot begin; is this version of pain3d there? {reason}") from error
            raise error.cause from None  # as in the other executors
        except ray.exceptions.RayError as error:
            name = min(file_names(self._job.spec, chunk))
            raise WorkFailed(
                f"{TRIES} workers were lost while they made {name} (out of memory?); what is finished is kept: run the "
                f"same command again. Ray says: {str(error).splitlines()[0]}"
            ) from error
        self._done += len(chunk.identities) * self._job.steps_an_identity
        self._board.forget.remote(number)
        return entries

    def _report(self) -> None:
        """Tells what the board had last; asks anew without waiting, as its node may have been lost."""
        if self._news is None:
            self._news = self._board.news.remote()
        if ray.wait([self._news], timeout=0)[0]:
            with contextlib.suppress(ray.exceptions.RayError):
                self._told = ray.get(self._news)
            self._news = None
        told = [self._told[number] for number, _ in self._flying.values() if number in self._told]
        done = self._done + sum(made for made, _ in told)
        waiting = any(compiling for _, compiling in told)
        self._tell(done, COMPILING if waiting else "" if done else STARTING)

    def _stop(self) -> None:
        """After an error or Ctrl-C: ends the tasks, so that nothing is written any more once the run has ended."""
        for task in self._flying:
            ray.cancel(task, force=True)
        if self._flying:
            ray.wait(list(self._flying), num_returns=len(self._flying), timeout=10)
        ray.kill(self._board)


@ray.remote(num_cpus=0, max_restarts=-1)
class _Board:
    """How far each chunk is that is being made."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[int, bool]] = {}

    def note(self, number: int, made: int, compiling: bool) -> None:
        self._made[number] = made, compiling

    def forget(self, number: int) -> None:
        self._made.pop(number, None)

    def news(self) -> dict[int, tuple[int, bool]]:
        """By number of the chunk, the frames that are made, and whether the worker compiles kernels."""
        return self._made


@ray.remote(num_cpus=1, max_retries=TRIES - 1, runtime_env={"env_vars": ONE_THREAD})
def _work(given: tuple[str, Job, dict[str, str]], board: Any, number: int, chunk: Chunk) -> list[Entry]:
    run, job, expected = given
    worker = _worker_of(run, job, expected)
    made, said = 0, 0.0

    def note(compiling: bool, now: bool = True) -> None:
        nonlocal said
        if now or time.monotonic() - said > _POLL_SECONDS:
            said = time.monotonic()
            board.note.remote(number, made, compiling)

    def one_made() -> None:
        nonlocal made
        made += 1
        note(False, now=False)

    return worker.work(chunk, one_made, note)


_open: tuple[str, Worker] | None = None
"""What this process keeps from task to task of one run."""


def _worker_of(run: str, job: Job, expected: dict[str, str]) -> Worker:
    global _open
    if _open is None or _open[0] != run:
        _check_node(job, expected)
        _open = run, Worker(job)
    return _open[1]


def _check_node(job: Job, expected: dict[str, str]) -> None:
    """Raises WorkFailed where this node would make other bytes, or put them where the driver does not look."""
    node = os.uname().nodename
    check_version(job.spec.version)
    found = versions()
    if other := [
        f"{name} {found[name]} (driver: {expected[name]})" for name in expected if found[name] != expected[name]
    ]:
        raise WorkFailed(f"node {node} has {', '.join(other)}: its files could differ; install the same versions")
    if job.out.read(SPEC) is None:
        raise WorkFailed(
            f"node {node} does not see {job.out.name}: with --executor ray OUT must be on a file system that all nodes "
            "share, or in an object store"
        )


def versions() -> dict[str, str]:
    """Of the libraries that decide the bytes."""
    return {name: version(name) for name in _LIBRARIES}
