"""Which weights a number belongs to."""

from pathlib import Path

from dataset_script.shards import file_sha256


def weight_hashes(model: str | Path) -> dict[str, str]:
    """File name -> SHA-256 of the safetensors files of a model directory; empty for a Hub name."""
    return {path.name: file_sha256(path) for path in sorted(Path(model).glob("*.safetensors"))}
