"""The files of a model, in a folder or from the Hub, and their digests."""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.names import is_hub_name

from .hub import fetched
from .needed_files import damaged_weights, description_of, listing_of, needed_files

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ModelFiles:
    """A model whose files are all there.

    role: what it is for. name: as the caller named it. folder: where its files are.
    description: its model_index.json, or config.json of a single network.
    needed: paths in `folder` of all files that are read, sorted.
    variant: "fp16" where weights of that variant are among them.
    """

    role: str
    name: str
    folder: Path
    description: dict
    needed: tuple[str, ...]
    variant: str | None

    @property
    def class_name(self) -> str:
        """The class in diffusers that the model says it is of."""
        return self.description["_class_name"]

    def digests(self) -> dict[str, str]:
        """SHA-256 (hex) of the content of each needed file, by its path in the folder, sorted by path."""
        return {file: _digest(self.folder / file) for file in self.needed}

    def tensor_count(self, component: str) -> int:
        """How many tensors the weights of a component hold ("" for the component of a single network)."""
        from safetensors import safe_open

        count = 0
        for file in self.needed:
            if file.endswith(".safetensors") and file.rpartition("/")[0] == component:
                with safe_open(self.folder / file, framework="numpy") as tensors:
                    count += len(tensors.keys())
        return count


def model_files(role: str, name: str, variant: str | None) -> ModelFiles:
    """The files of the model `name`: a folder, or OWNER/NAME[@REVISION] on the Hub, fetched where they are not cached.

    Args:
        role: "diffusion", "controlnet", "prior" or "inpaint".
        variant: weights of this variant ("fp16") are taken where there are such.

    Raises:
        InvalidInput: there is no such model, it is of another kind, or its weights are pickled only.
        WorkFailed: files are missing or cut short, or cannot be fetched.
    """
    if Path(name).expanduser().is_dir():
        folder = Path(name).expanduser()
    elif is_hub_name(name.partition("@")[0]):
        folder = fetched(role, name, variant)
    else:
        raise InvalidInput(
            f"{role} model is {name!r}; allowed is an existing folder, or OWNER/NAME[@REVISION] on the Hub"
        )
    description = description_of(role, name, folder)
    found = needed_files(role, name, listing_of(folder), description, variant)
    lacking = found.missing or tuple(f"the rest of {file}" for file in damaged_weights(folder, found.files))
    if lacking:
        raise WorkFailed(f"{role} model {name} lacks {', '.join(lacking[:3])}; copy or download it again")
    return ModelFiles(role, name, folder, description, found.files, found.variant)


def _digest(path: Path) -> str:
    """SHA-256 of a file. The Hub's cache names large files by theirs, and small ones by another hash."""
    content = path.resolve()
    if path.is_symlink() and content.parent.name == "blobs" and _SHA256.fullmatch(content.name):
        return content.name
    state = content.stat()
    return _read_digest(content, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=256)
def _read_digest(path: Path, size: int, changed: int) -> str:
    """SHA-256 of the content of a file of that size, last changed then."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
