"""What a Pain3D row is, and how rows are stored, checked and loaded."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .builder import Pain3D as Pain3D

__all__ = ["Pain3D"]


def __getattr__(name: str) -> object:
    """`dataset_script.Pain3D` on first use: `datasets` takes most of a second to import."""
    if name == "Pain3D":
        from .builder import Pain3D

        return Pain3D
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
