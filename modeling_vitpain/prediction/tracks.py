"""Which face of a frame is which of the frame before, by their places alone."""

import math
from dataclasses import replace

from .faces import Face

_REACH = 0.7
"""A face moves by at most this share of its side from one frame to the next, and so much again for each unseen one."""

_GROWTH = 1.6
"""It becomes at most so much larger or smaller."""

_FORGET = 25
"""Frames without a face after which its number is not given again."""


class Tracks:
    """Numbers the faces of a video from 1 on, in the order in which they first appear."""

    def __init__(self):
        self._last: dict[int, tuple[Face, int]] = {}  # the face and the step at which it was seen
        self._step = 0
        self._count = 0
        self._size: tuple[int, int] | None = None

    def number(self, faces: list[Face], size: tuple[int, int]) -> list[int]:
        """The number of each face of the next frame, the nearest to each known face first.

        `size`: (width, height) of the frame in pixels, which video calls change halfway.
        """
        self._step += 1
        self._resize(size)
        self._last = {k: seen for k, seen in self._last.items() if self._step - seen[1] <= _FORGET}
        pairs = sorted(
            (distance, k, number)
            for k, face in enumerate(faces)
            for number, (known, step) in self._last.items()
            if (distance := _distance(face, known)) <= _REACH * (self._step - step)
        )
        numbers: dict[int, int] = {}
        for _, k, number in pairs:
            if k not in numbers and number not in numbers.values():
                numbers[k] = number
        for k in range(len(faces)):
            if k not in numbers:
                self._count += 1
                numbers[k] = self._count
        self._last |= {number: (faces[k], self._step) for k, number in numbers.items()}
        return [numbers[k] for k in range(len(faces))]

    def _resize(self, size: tuple[int, int]) -> None:
        """Brings the known faces to frames of another size."""
        if self._size not in (None, size):
            across, along = (new / old for new, old in zip(size, self._size, strict=True))
            for number, (face, step) in self._last.items():
                box = tuple(value * factor for value, factor in zip(face.box, (across, along) * 2, strict=True))
                self._last[number] = replace(face, box=box), step
        self._size = size


def _distance(face: Face, known: Face) -> float:
    """Between the centres, in sides of the larger face; infinite where one cannot be the other for its size."""
    larger, smaller = max(face.side, known.side), min(face.side, known.side)
    if larger > _GROWTH * smaller:
        return math.inf
    return math.dist(face.centre, known.centre) / larger
