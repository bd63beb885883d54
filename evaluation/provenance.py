"""What a number was computed with: versions and weights."""

from importlib.metadata import version
from pathlib import Path
from platform import python_version

from dataset_script.shards import file_sha256

PACKAGES = ("pain3d", "numpy", "torch", "transformers", "datasets")


def weight_hashes(model: str | Path) -> dict[str, str]:
    """File name -> SHA-256 of the safetensors files of a model directory; empty for a Hub name."""
    return {path.name: file_sha256(path) for path in sorted(Path(model).glob("*.safetensors"))}


def versions() -> dict[str, str]:
    """Python and `PACKAGES` -> version."""
    return {"python": python_version(), **{name: version(name) for name in PACKAGES}}
