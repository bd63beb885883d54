"""Noticing when Numba compiles the kernels: on a fresh machine the first frame waits for it, for a minute or more."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

COMPILING = "compiling kernels (once; they are kept for the next run)"


@contextlib.contextmanager
def noticing_compilation(changed: Callable[[bool], None]) -> Iterator[None]:
    """Calls `changed(True)` when this process begins to compile, and `changed(False)` when it has ended.

    Kernels that are loaded from Numba's cache do not count.
    """
    from numba.core import event

    class Listener(event.Listener):
        depth = 0  # a kernel that calls another compiles it on the way

        def on_start(self, _: Any) -> None:
            self.depth += 1
            if self.depth == 1:
                changed(True)

        def on_end(self, _: Any) -> None:
            self.depth -= 1
            if self.depth == 0:
                changed(False)

    with event.install_listener("numba:compile", Listener()):
        yield


@contextlib.contextmanager
def announcing_compilation() -> Iterator[None]:
    """Says on standard error, once, that kernels are compiled."""
    said = False

    def changed(compiling: bool) -> None:
        nonlocal said
        if compiling and not said:
            said = True
            print(COMPILING, file=sys.stderr, flush=True)

    with noticing_compilation(changed):
        yield
