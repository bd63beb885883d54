"""The dense landmarks of a face: which vertices they are, their regions, and what mirrors them.

They are the same points of the face for all people, expressions and heads. `heads.build_dense_landmarks` of the
generator chose them.
"""

import json
from pathlib import Path

FILE = Path(__file__).with_name("dense_landmarks.json")

_stored = json.loads(FILE.read_text(encoding="utf-8"))

DENSE_VERTICES: tuple[int, ...] = tuple(_stored["vertices"])
"""Vertex of the head's mesh (the `mesh` column) that each dense landmark is; the first 68 are the iBUG landmarks."""

NUM_DENSE_LANDMARKS = len(DENSE_VERTICES)

DENSE_REGIONS: dict[str, tuple[int, int]] = {name: tuple(span) for name, span in _stored["regions"].items()}
"""Region -> its first dense landmark and the one after its last; right and left are the subject's."""

DENSE_MIRROR: tuple[int, ...] = tuple(_stored["mirror"])
"""Dense landmark -> the one at its place in the mirrored face; that of one on the midline is itself."""
