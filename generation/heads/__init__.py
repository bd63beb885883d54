"""Parametric heads. A new one is one file and one line in HEADS."""

from .base import EYE, SKIN, TEETH, TONGUE, Head, HeadShape, Topology
from .makehuman import load as _makehuman

HEADS = {"makehuman": _makehuman}
"""Name in the spec -> function that loads the head."""

__all__ = ["EYE", "HEADS", "SKIN", "TEETH", "TONGUE", "Head", "HeadShape", "Topology"]
