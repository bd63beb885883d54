"""Rigs: action units to geometry. A new one is one file and one line in RIGS."""

from .base import Rig
from .blendshapes import load as _blendshapes


def _neural(head: str) -> Rig:
    from .neural.head_rig import load  # here, because it needs the extra `neural` (torch and solvers)

    return load(head)


RIGS = {"blendshapes": _blendshapes, "neural": _neural}
"""Name in the spec -> function that makes the rig of a head, by the head's name."""

__all__ = ["RIGS", "Rig"]
