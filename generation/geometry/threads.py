"""BLAS on one thread: how many threads it uses decides how it splits a sum, hence the last bit of a result."""

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

from threadpoolctl import ThreadpoolController


@functools.lru_cache(maxsize=1)
def _controller(imported: int) -> ThreadpoolController:
    return ThreadpoolController()


@contextlib.contextmanager
def blas_on_one_thread() -> Iterator[None]:
    """BLAS inside runs on one thread.

    A controller knows the libraries that were loaded when it was made, and an import may load another one: with every
    import there is a new controller (1.4 ms; asking one that there is takes 0.01 ms).
    """
    with _controller(len(sys.modules)).limit(limits=1, user_api="blas"):
        yield


Args = ParamSpec("Args")
Result = TypeVar("Result")


def one_thread(function: Callable[Args, Result]) -> Callable[Args, Result]:
    """`function` with BLAS on one thread in every call."""

    @functools.wraps(function)
    def alone(*args: Args.args, **kwargs: Args.kwargs) -> Result:
        with blas_on_one_thread():
            return function(*args, **kwargs)

    return alone
