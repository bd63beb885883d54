import numba
import numpy as np

from generation.run.kernels import COMPILING, announcing_compilation, noticing_compilation


def kernels():
    """Two new kernels, one of which calls the other."""
    inner = numba.njit(lambda x: x + 1)
    return numba.njit(lambda x: inner(x) * 2), numba.njit(lambda x: x.sum())


def test_compiling_is_noticed_once_however_many_kernels_call_each_other():
    outer, other = kernels()
    seen = []
    with noticing_compilation(seen.append):
        assert seen == []
        outer(1)
        assert seen == [True, False]
        outer(1)  # compiled by now
        assert seen == [True, False]
        other(np.ones(3))
    assert seen == [True, False] * 2
    outer(1.5)  # another signature, outside
    assert seen == [True, False] * 2


def test_it_is_announced_once(capsys):
    with announcing_compilation():
        for kernel, argument in zip(kernels(), (1, np.ones(3)), strict=True):
            kernel(argument)
    assert capsys.readouterr().err == f"{COMPILING}\n"
