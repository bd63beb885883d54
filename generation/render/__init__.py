"""Renderers. A new one is one file and one line in RENDERERS."""

from collections.abc import Callable


def _raster(head: str):
    from .raster import load

    return load(head)


def _cycles(head: str):
    from .cycles import load

    return load(head)


RENDERERS: dict[str, Callable] = {"raster": _raster, "cycles": _cycles}
"""Name in the spec -> function that makes the renderer of a head, by the head's name."""
