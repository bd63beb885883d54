"""Which files of a model's folder are read: descriptions, vocabularies, and weights as safetensors."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.strict_json import parse_json

PIPELINE, NETWORK = "model_index.json", "config.json"  # describes a pipeline; describes one network
_KIND = {PIPELINE: "a pipeline of diffusers", NETWORK: "a single network"}
_WEIGHTS = re.compile(r"(?:diffusion_pytorch_model|model)(\.\w+)?(?:-\d{5}-of-\d{5})?(\.\w+)?\.safetensors")
_INDEX = re.compile(r"(?:diffusion_pytorch_model|model)\.safetensors\.index(\.\w+)?\.json")
_PART = re.compile(r"-(\d{5})-of-(\d{5})")
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_WITHOUT_WEIGHTS = {  # what the class of such a component has in its name, and the file that describes it
    "Scheduler": "scheduler_config.json",
    "Tokenizer": "tokenizer_config.json",
    "Processor": "preprocessor_config.json",
    "FeatureExtractor": "preprocessor_config.json",
}


@dataclass(frozen=True)
class Needed:
    """What of a model is read (paths in its folder), what of that is missing (in words), the variant of its weights."""

    files: tuple[str, ...]
    missing: tuple[str, ...]
    variant: str | None


def described_in(role: str) -> str:
    """The file by which a model of that role describes itself: a ControlNet is one network, the others pipelines."""
    return NETWORK if role == "controlnet" else PIPELINE


def description_of(role: str, name: str, folder: Path) -> dict:
    """A model's description of itself.

    Raises:
        InvalidInput: there is none of that kind, or it names no class of diffusers.
        WorkFailed: it is damaged.
    """
    file = described_in(role)
    path = folder / file
    if not path.is_file():
        other = NETWORK if file == PIPELINE else PIPELINE
        what = _KIND[other] if (folder / other).is_file() else f"which holds no {file}"
        raise InvalidInput(f"{role} model is {name!r}, {what}; allowed is {_KIND[file]}")
    try:
        description = parse_json(path.read_bytes())
    except ValueError as error:
        raise WorkFailed(f"{role} model {name}: {file} is damaged ({error}); copy or download it again") from None
    class_name = description.get("_class_name") if isinstance(description, dict) else None
    if not isinstance(class_name, str):
        raise InvalidInput(f"{role} model is {name!r}, of class {class_name!r}; allowed is a class of diffusers itself")
    return description


def needed_files(role: str, name: str, listing: Iterable[str], description: dict, variant: str | None) -> Needed:
    """What of a model's files is read.

    Args:
        role, name: of the model, for errors.
        listing: paths of the files that are there.
        description: as `description_of` reads it.
        variant: weights of this variant ("fp16") are taken where a component has such.

    Raises:
        InvalidInput: a component's weights are pickled only.
    """
    folders: dict[str, list[str]] = {}
    for path in listing:
        folder, _, file = path.rpartition("/")
        folders.setdefault(folder, []).append(file)
    files, missing, variants = [] if described_in(role) == NETWORK else [PIPELINE], [], set()
    for folder, class_name in _components(role, description).items():
        inside = sorted(folders.get(folder, []))
        light = next((words for words in _WITHOUT_WEIGHTS if words in class_name), None)
        texts = [file for file in inside if file.endswith((".json", ".txt", ".model")) and not _INDEX.fullmatch(file)]
        lost = [file for file in [_WITHOUT_WEIGHTS.get(light, NETWORK)] if file not in inside]
        weights: list[str] = []
        if light is None:
            kind = _variant(inside, variant)
            weights, lost_weights = _weights(inside, kind)
            pickles = [file for file in inside if file.endswith(_PICKLES)]
            if not weights and pickles:
                raise InvalidInput(
                    f"{role} model is {name!r}, with only pickled weights ({_joined(folder, pickles[0])}), which can "
                    "run code; allowed are safetensors: choose a revision with such, or convert it by save_pretrained"
                )
            lost += lost_weights
            variants.add(kind)
        files += [_joined(folder, file) for file in [*texts, *weights]]
        missing += [_joined(folder, file) for file in lost]
    return Needed(tuple(sorted(files)), tuple(missing), next(iter(variants - {None}), None))


def listing_of(folder: Path) -> list[str]:
    """Paths of the files in a model's folder and in the folders directly in it. A broken link is no file."""
    found = [path for pattern in ("*", "*/*") for path in folder.glob(pattern) if path.is_file()]
    return [path.relative_to(folder).as_posix() for path in found]


def damaged_weights(folder: Path, files: Iterable[str]) -> list[str]:
    """Those of the files that should be safetensors and end before their tensors do, or are something else."""
    from safetensors import SafetensorError, safe_open

    damaged = []
    for file in files:
        if file.endswith(".safetensors"):
            try:
                with safe_open(folder / file, framework="numpy"):
                    pass
            except SafetensorError:
                damaged.append(file)
    return damaged


def _components(role: str, description: dict) -> dict[str, str]:
    """The class of each component, by the folder it lies in."""
    if described_in(role) == NETWORK:
        return {"": description["_class_name"]}
    entries = {key: value for key, value in description.items() if isinstance(value, list) and not key.startswith("_")}
    return {key: value[1] for key, value in entries.items() if len(value) == 2 and isinstance(value[1], str)}


def _variant(inside: list[str], variant: str | None) -> str | None:
    """The variant to take of the weights in a folder."""
    return variant if variant is not None and any(_kind(file) == variant for file in inside) else None


def _kind(file: str) -> str | None:
    """The variant of a weight file; "" for a file that is none, None for weights of no variant."""
    match = _WEIGHTS.fullmatch(file)
    if not match:
        return ""
    kind = match[1] or match[2]
    return kind and kind[1:]


def _weights(inside: list[str], kind: str | None) -> tuple[list[str], list[str]]:
    """The weight files of a variant in a folder, with their index where they are in parts; and what is missing."""
    files = [file for file in inside if _kind(file) == kind]
    if not files:
        return [], ["diffusion_pytorch_model.safetensors or model.safetensors"]
    parts = [match for file in files if (match := _PART.search(file))]
    if not parts or len(parts) < len(files):  # a whole file is read before parts of one
        return [file for file in files if not _PART.search(file)], []
    total, there = int(parts[0][2]), {int(part[1]) for part in parts}
    ending = f".{kind}" if kind else None
    indices = [file for file in inside if (match := _INDEX.fullmatch(file)) and match[1] == ending]
    lost = [f"part {number} of {total} of the weights" for number in range(1, total + 1) if number not in there]
    return [*files, *indices], lost + ([] if indices else ["the index of the weights' parts"])


def _joined(folder: str, file: str) -> str:
    return f"{folder}/{file}" if folder else file
