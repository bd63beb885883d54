"""Rigs: action units to geometry. A new one is one file and one line in RIGS."""

from .base import Rig
from .blendshapes import load as _blendshapes

RIGS = {"blendshapes": _blendshapes}
"""Name in the spec -> function that makes the rig of a head, by the head's name."""

__all__ = ["RIGS", "Rig"]
