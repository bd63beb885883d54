"""What a number was computed with."""

from importlib.metadata import version
from platform import python_version

PACKAGES = ("pain3d", "numpy", "torch", "transformers", "datasets")


def versions() -> dict[str, str]:
    """Python and `PACKAGES` -> version."""
    return {"python": python_version(), **{name: version(name) for name in PACKAGES}}
