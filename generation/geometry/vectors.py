"""Vectors of three numbers, as tuples, for compiled code. Arguments may be arrays (3,), too."""

import numpy as np

from ..kernels import kernel

SHORTEST = 1e-6
"""Vectors shorter than this are divided by this instead of by their length."""


@kernel(inline="early")
def dot(a, b):
    """Their scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@kernel(inline="early")
def difference(a, b):
    """From `b` to `a`."""
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


@kernel(inline="early")
def scaled(a, factor):
    """`a` times a number."""
    return a[0] * factor, a[1] * factor, a[2] * factor


@kernel(inline="early")
def added(a, b, factor):
    """`a` and `factor` times `b`."""
    return a[0] + factor * b[0], a[1] + factor * b[1], a[2] + factor * b[2]


@kernel(inline="early")
def unit_vector(a):
    """`a` with length 1."""
    return scaled(a, 1 / max(np.sqrt(dot(a, a)), SHORTEST))


@kernel(inline="early")
def transformed(frame, a):
    """The place `a` under the affine map `frame` (3, 4)."""
    return (
        frame[0, 0] * a[0] + frame[0, 1] * a[1] + frame[0, 2] * a[2] + frame[0, 3],
        frame[1, 0] * a[0] + frame[1, 1] * a[1] + frame[1, 2] * a[2] + frame[1, 3],
        frame[2, 0] * a[0] + frame[2, 1] * a[1] + frame[2, 2] * a[2] + frame[2, 3],
    )
