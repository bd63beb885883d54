"""What a number was computed with: the versions, the weights of the model, the specification of the data."""

from importlib.metadata import version
from pathlib import Path
from platform import python_version

from dataset_script.manifest import read_manifest
from dataset_script.shards import file_sha256
from dataset_script.version import VERSION

PACKAGES = ("numpy", "torch", "transformers", "datasets")


def versions() -> dict[str, str]:
    """Python, Pain3D and `PACKAGES` -> version."""
    return {"python": python_version(), "pain3d": VERSION, **{name: version(name) for name in PACKAGES}}


def weight_hashes(model: str | Path) -> dict[str, str]:
    """File name -> SHA-256 of the safetensors files of a model directory or a shipped model; empty for a Hub name."""
    if not Path(model).is_dir():
        from modeling_vitpain.prediction.load import located  # torch: only where a name must be looked up

        model = located(model)
    return {path.name: file_sha256(path) for path in sorted(Path(model).glob("*.safetensors"))}


def spec_hash(data: str | Path) -> str | None:
    """The hash of the specification that `data` was made from; None when there is no manifest."""
    entries = read_manifest(Path(data))
    return entries[0].spec_hash if entries else None
