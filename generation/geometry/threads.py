"""One thread for linear algebra: how many threads split a sum decides its last bit."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from threadpoolctl import ThreadpoolController

Arguments, Result = ParamSpec("Arguments"), TypeVar("Result")


def one_thread(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """`function`, run with BLAS on one thread."""

    @functools.wraps(function)
    def limited(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        with _libraries().limit(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return limited


@functools.cache
def _libraries() -> ThreadpoolController:
    """The libraries that are loaded at the first call: by then NumPy and SciPy have theirs."""
    return ThreadpoolController()
