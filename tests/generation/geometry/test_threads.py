"""BLAS on one thread, also where a library was loaded after the function was made."""

import os
import subprocess
import sys

import numpy as np
import scipy.linalg
from threadpoolctl import threadpool_info, threadpool_limits

from generation.geometry.threads import one_thread

PROGRAM = """
from generation.geometry.threads import one_thread
from threadpoolctl import threadpool_info

@one_thread
def threads():
    return {lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"}

before = len([lib for lib in threadpool_info() if lib["user_api"] == "blas"])
import numpy, scipy.linalg
assert len([lib for lib in threadpool_info() if lib["user_api"] == "blas"]) > before
print(threads())
"""


def test_libraries_that_are_loaded_later_are_held_too():
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "PYTHONPATH": ":".join(sys.path)},
        check=True,
    )
    assert run.stdout.strip() == "{1}"


def blas_threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@one_thread
def inside(matrix: np.ndarray, *, scale: float) -> tuple[set[int], float]:
    """Of the function."""
    return blas_threads(), float(scale * scipy.linalg.det(matrix))


def test_a_function_has_one_thread_and_leaves_the_others_alone():
    with threadpool_limits(limits=2, user_api="blas"):
        before = blas_threads()
        assert inside(np.eye(3), scale=2.0) == ({1}, 2.0)
        assert blas_threads() == before == {2}


def test_a_function_keeps_its_name_and_errors():
    assert (inside.__name__, inside.__doc__) == ("inside", "Of the function.")

    @one_thread
    def fails():
        raise KeyError("x")

    before = blas_threads()
    try:
        fails()
    except KeyError:
        assert blas_threads() == before
    else:
        raise AssertionError("the error was swallowed")
