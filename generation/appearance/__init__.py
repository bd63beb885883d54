"""Looks: skin, eyes, hair, clothes, light. A new one is one file and one line in LOOKS."""

import functools

from ..heads import HEADS
from .look import Appearance, Look, ProceduralLook


@functools.cache
def _procedural(head: str) -> ProceduralLook:
    return ProceduralLook(HEADS[head]())


LOOKS = {"procedural": _procedural}
"""Name in the spec -> function that makes the look of a head, by the head's name."""

__all__ = ["LOOKS", "Appearance", "Look"]
