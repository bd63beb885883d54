"""What the pipeline hands to whoever stores or shows it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Frame:
    """One finished frame, encoded.

    Attributes:
        row: a row of `FEATURES["default"]`; pictures are `{"bytes": ..., "path": None}`, class labels are integers.
        geometry: a row of `FEATURES["geometry"]` where the spec asks for it, else None.
    """

    row: dict[str, Any]
    geometry: dict[str, Any] | None = None
