"""The files of a model, in a folder or fetched from the Hub: which are needed, which are missing, and their digests."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.names import is_hub_name

PIPELINE, SINGLE = "model_index.json", "config.json"  # describes a pipeline; describes one network
_WEIGHTS = re.compile(r"(?:diffusion_pytorch_model|model)(\.\w+)?(-\d{5}-of-\d{5})?(\.\w+)?\.safetensors")
_INDEX = re.compile(r"(?:diffusion_pytorch_model|model)\.safetensors\.index(\.\w+)?\.json")
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_DESCRIPTIONS = {  # by the ending of the component's class
    "Scheduler": "scheduler_config.json",
    "Tokenizer": "tokenizer_config.json",
    "TokenizerFast": "tokenizer_config.json",
    "Processor": "preprocessor_config.json",
    "FeatureExtractor": "preprocessor_config.json",
}
_BLOB = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ModelFiles:
    """A model whose files are all there.

    name: as the caller named it. folder: where the files are. description: its model_index.json or config.json.
    needed: paths in `folder` of all files that are read. variant: "fp16" where weights of that variant are among them.
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
        return {name: _file_digest(self.folder / name) for name in self.needed}


def model_files(role: str, name: str, variant: str | None) -> ModelFiles:
    """The files of the model `name`: a folder, or OWNER/NAME[@REVISION] on the Hub, fetched where they are not cached.

    Args:
        role: what it is for ("diffusion", "controlnet", ...), for errors; a controlnet is one network, others pipelines.
        variant: take weights of this variant ("fp16") where there are such.

    Raises:
        InvalidInput: there is no such model, it is of another kind, or its weights are pickled only.
        WorkFailed: files are missing or cut short, or cannot be fetched.
    """
    described_in = SINGLE if role == "controlnet" else PIPELINE
    if Path(name).expanduser().is_dir():
        folder, cure = Path(name).expanduser(), "copy or download it again"
    else:
        repository, _, revision = name.partition("@")
        if not is_hub_name(repository):
            raise InvalidInput(f"{role} model is {name!r}; there is no such folder, and OWNER/NAME is a Hub model")
        folder = _fetched(role, repository, revision or None, described_in, variant)
        cure = "run again with network access, what is there already is kept"
    description = _description(role, name, folder, described_in)
    names = _listing(folder)
    needed, missing, used = needed_files(role, name, names, description, variant)
    missing += [f"the rest of {path}" for path in needed if _cut_short(folder / path)]
    if missing:
        raise WorkFailed(f"{role} model {name} is incomplete, it lacks {', '.join(missing[:3])}; {cure}")
    return ModelFiles(role, name, folder, description, tuple(sorted(needed)), used)


def needed_files(
    role: str, name: str, names: Iterable[str], description: dict, variant: str | None
) -> tuple[list[str], list[str], str | None]:
    """What of the files `names` of a model is read, what of it is missing, and the variant of any weights.

    Raises InvalidInput where weights are pickled only.
    """
    names = set(names)
    parts = {"": description["_class_name"]} if "controlnet" == role else _components(description)
    needed, missing, used = [] if role == "controlnet" else [PIPELINE], [], None
    for folder, class_name in parts.items():
        inside = {path.rpartition("/")[2]: path for path in names if path.rpartition("/")[0] == folder}
        ending = next((ending for ending in _DESCRIPTIONS if class_name.endswith(ending)), None)
        described_in = _DESCRIPTIONS.get(ending, SINGLE)
        texts = [file for file in inside if file.endswith((".json", ".txt", ".model")) and not _INDEX.fullmatch(file)]
        if described_in not in inside:
            missing.append(_joined(folder, described_in))
        weights, lost, found = ([], [], None) if ending else _weights(role, name, folder, inside, variant)
        needed += [inside[file] for file in [*texts, *weights]]
        missing += [_joined(folder, file) for file in lost]
        used = used or found
    return needed, missing, used


def tensors(files: ModelFiles, component: str) -> int:
    """How many tensors the weight files of one component hold ("" for a model that is one network)."""
    from safetensors import safe_open

    total = 0
    for path in files.needed:
        if path.endswith(".safetensors") and path.rpartition("/")[0] == component:
            with safe_open(files.folder / path, framework="numpy") as file:
                total += len(file.keys())
    return total


def text_digest(text: str) -> str:
    """SHA-256 (hex) of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def _components(description: dict) -> dict[str, str]:
    """The class of each component that a pipeline's description names a file for, by the folder it lies in."""
    entries = {key: value for key, value in description.items() if isinstance(value, list) and not key.startswith("_")}
    return {key: value[1] for key, value in entries.items() if len(value) == 2 and value[1] is not None}


def _weights(
    role: str, name: str, folder: str, inside: dict[str, str], variant: str | None
) -> tuple[list[str], list[str], str | None]:
    """The weight files to read in one folder of a model, those missing, and their variant."""
    found: dict[str | None, list[str]] = {}
    for file in inside:
        if match := _WEIGHTS.fullmatch(file):
            kind = match[1] or match[3]
            found.setdefault(kind and kind[1:], []).append(file)
    kind = variant if variant in found else None
    if kind not in found:
        pickles = sorted(file for file in inside if file.endswith(_PICKLES))
        if pickles:
            raise InvalidInput(
                f"{role} model {name} has only pickled weights ({_joined(folder, pickles[0])}), which can run code; "
                "allowed are safetensors: choose a revision that has them, or convert it with save_pretrained"
            )
        return [], ["diffusion_pytorch_model.safetensors or model.safetensors"], None
    files = found[kind]
    total = max((int(file.split("-of-")[1][:5]) for file in files if "-of-" in file), default=1)
    if total == 1:
        return files, [], kind
    there = {int(file.split("-of-")[0][-5:]) for file in files if "-of-" in file}
    indices = [
        file for file in inside if (match := _INDEX.fullmatch(file)) and match[1] == (kind and f".{kind}")
    ]
    lost = [f"part {number} of {total} of its weights" for number in range(1, total + 1) if number not in there]
    return [*files, *indices], lost + ([] if indices else ["the index of its weights"]), kind


def _fetched(role: str, repository: str, revision: str | None, described_in: str, variant: str | None) -> Path:
    """The folder in the Hub's cache that holds a model, after fetching what it lacks."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HTTPError, RevisionNotFoundError

    named = f"{repository}@{revision}" if revision else repository
    cached = _cached(repository, revision)
    if cached is not None and (cached / described_in).is_file():
        description = _description(role, named, cached, described_in)
        needed, missing, _ = needed_files(role, named, _listing(cached), description, variant)
        if not missing and not any(_cut_short(cached / path) for path in needed):
            return cached
    try:
        first = Path(snapshot_download(repository, revision=revision, allow_patterns=[described_in]))
        description = _description(role, named, first, described_in)
        needed, missing, _ = needed_files(role, named, _hub_listing(repository, first.name), description, variant)
        if missing:
            raise WorkFailed(f"{role} model {named} lacks {', '.join(missing[:3])} on the Hub; choose another revision")
        return Path(snapshot_download(repository, revision=first.name, allow_patterns=needed))
    except RevisionNotFoundError:
        raise InvalidInput(f"{role} model is {named!r}; it has no revision {revision!r} on the Hub") from None
    except (HTTPError, OSError) as error:
        what = f"{described_in} and more" if cached is None else "some of its files"
        raise WorkFailed(
            f"{role} model {named} cannot be fetched, {what} are not in the cache ({_first_line(error)}); run again "
            "with network access (and without HF_HUB_OFFLINE), or name a folder that holds it"
        ) from None


def _cached(repository: str, revision: str | None) -> Path | None:
    """The folder of a revision in the Hub's cache, complete or not."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    place = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=repository, repo_type="model")
    reference = place / "refs" / (revision or "main")
    commit = reference.read_text().strip() if reference.is_file() else revision
    folder = place / "snapshots" / commit if commit else None
    return folder if folder is not None and folder.is_dir() else None


def _hub_listing(repository: str, commit: str) -> list[str]:
    """Paths of all files of a model on the Hub."""
    from huggingface_hub import HfApi

    return HfApi().list_repo_files(repository, revision=commit)


def _description(role: str, name: str, folder: Path, described_in: str) -> dict:
    """A model's own description of itself, checked to name one class."""
    path = folder / described_in
    if not path.is_file():
        other = SINGLE if described_in == PIPELINE else PIPELINE
        kind = {PIPELINE: "a pipeline of diffusers", SINGLE: "one network"}
        if (folder / other).is_file():
            raise InvalidInput(f"{role} model is {name!r}, {kind[other]}; allowed is {kind[described_in]}")
        raise InvalidInput(f"{role} model is {name!r}, which holds no {described_in}; allowed is {kind[described_in]}")
    try:
        description = json.loads(path.read_text())
    except ValueError as error:
        raise WorkFailed(f"{role} model {name}: {described_in} is damaged ({_first_line(error)})") from None
    class_name = description.get("_class_name") if isinstance(description, dict) else None
    if not isinstance(class_name, str):
        raise InvalidInput(
            f"{role} model is {name!r}, of class {class_name!r}; allowed is a class of diffusers itself (no code is run)"
        )
    return description


def _cut_short(path: Path) -> bool:
    """Whether a file of weights ends before its tensors do, or is no safetensors file."""
    if path.suffix != ".safetensors":
        return False
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy"):
            return False
    except SafetensorError:
        return True


def _listing(folder: Path) -> list[str]:
    """Paths of the files in a model's folder and in the folders directly in it; broken links are none."""
    return [path.relative_to(folder).as_posix() for pattern in ("*", "*/*") for path in folder.glob(pattern) if path.is_file()]


def _file_digest(path: Path) -> str:
    """SHA-256 of a file. The Hub's cache names large files by theirs, small ones by another hash."""
    content = path.resolve()
    if path.is_symlink() and content.parent.name == "blobs" and _BLOB.fullmatch(content.name):
        return content.name
    state = content.stat()
    return _read_digest(content, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=256)
def _read_digest(path: Path, size: int, changed: int) -> str:
    """SHA-256 of the content of a file of that size, last changed then."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _joined(folder: str, file: str) -> str:
    return f"{folder}/{file}" if folder else file


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
