"""BLAS on one thread, also where a library was loaded after the function was made."""

import os
import subprocess
import sys

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
