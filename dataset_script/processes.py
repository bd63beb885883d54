"""Worker processes on this machine, which end with the process that started them, however that ends."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
"""Environment of a worker: numerical libraries on one thread, as the workers themselves are what uses the cores."""

CONTEXT = multiprocessing.get_context("spawn")
"""How workers start: a forked numba or OpenMP runtime may hang."""


@contextlib.contextmanager
def working(
    workers: int, start: Callable[..., None], given: tuple, work: Callable[..., Any], tasks: Iterable[tuple]
) -> Iterator[list[Future]]:
    """Starts processes that call `work` with each of `tasks`; yields a future for each, in their order.

    After an error, Ctrl-C or a `break` inside the context the workers are ended at once.

    Args:
        workers: processes.
        start, given: called with these arguments in each process before its first task.
        work: what is done, a function of a module.
        tasks: its arguments, a tuple each.

    Raises:
        BrokenProcessPool: from a future, when a worker was killed.
    """
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(workers, CONTEXT, initializer=_start, initargs=(start, given))
    try:
        with _environment_of_workers():
            futures = [pool.submit(work, *task) for task in tasks]
        yield futures
        pool.shutdown()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()  # a task may be minutes from its end
            process.join()


@contextlib.contextmanager
def _environment_of_workers() -> Iterator[None]:
    """Processes started inside have `ONE_THREAD` set.

    They also never see Ctrl-C (a signal mask is inherited): it reaches the parent too, and that stops them.
    """
    saved = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
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


def _start(start: Callable[..., None], given: tuple) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    start(*given)


def _end_with_parent() -> None:
    """Without this, workers of a killed run would go on, and write where the next run writes."""
    multiprocessing.parent_process().join()
    os._exit(1)
