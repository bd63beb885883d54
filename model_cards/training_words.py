"""What a model card says of a training run, from its record: the command, the data, how long it took, every setting."""

import shlex
from pathlib import Path

from evaluation.markdown import table

_NOT_TYPED = ("data", "input")


def training_words(name: str, training: dict) -> str:
    """The section on the training of the model `name`."""
    best, versions = training["best"], training["versions"]
    settings = {**training["options"], **training["recipe"]}
    rows = [
        [setting, without_folders(value)]
        for setting, value in settings.items()
        if value is not None and setting != "data"
    ]
    lora = settings.get("lora_rank")
    summary = (
        f"{_data_words(training)}, no person in two splits. {_length(training)}; the weights are those of epoch "
        f"{best['epoch']}, the best on the validation split (PSPI MAE {best['validation_pspi_mae']:.3f}). "
        + (f"LoRA of rank {lora} on the backbone's attention, merged into the weights. " if lora else "")
        + f"Versions: {', '.join(f'{package} {version}' for package, version in versions.items())}."
    )
    parts = [
        f"    {command(name, training)}",
        summary,
        _before(training),
        table(["setting", "value"], rows, numbers=False),
    ]
    return "\n\n".join(part for part in parts if part)


def _before(training: dict) -> str:
    """How the model was trained that this training went on from, and the one before that; "" where none is known."""
    name, record, parts = training["options"].get("start"), training.get("start"), []
    while record is not None:
        name = Path(name).name
        parts.append(
            f"`{name}`, which it began with: `{command(name, record)}`. {_data_words(record)}. {_length(record)}."
        )
        name, record = record["options"].get("start"), record.get("start")
    return "\n\n".join(parts)


def _data_words(training: dict) -> str:
    data = training["data"]
    frames = ", ".join(f"{count:,} {split}" for split, count in data["frames"].items())
    return f"On `{Path(data['path']).name}` (specification `{data['spec_hash']}`): {frames} frames"


def _length(training: dict) -> str:
    return f"{training['steps']:,} steps in {duration(training['seconds'])}"


def command(name: str, training: dict) -> str:
    """The call that makes the model again, where data and models of the same names are there."""
    options = training["options"]
    words = ["pain3d", "train", Path(training["data"]["path"]).name, "--out", name]
    if options.get("input", "image") != "image":
        words += ["--input", options["input"]]
    for option, value in options.items():
        flag = f"--{option.replace('_', '-')}"
        if option in _NOT_TYPED or value is None or (value is False and option != "bf16"):
            continue
        words += [flag] if value is True else ["--no-bf16"] if value is False else [flag, without_folders(value)]
    return shlex.join(words)


def without_folders(value: object) -> str:
    """A setting as text; of an absolute path its last part, as the folders are those of one machine."""
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else str(value)


def duration(seconds: float) -> str:
    """Hours from one hour on, else minutes from ten on, else seconds."""
    if seconds >= 3600:
        return f"{seconds / 3600:.1f} hours"
    return f"{seconds / 60:.0f} minutes" if seconds >= 600 else f"{seconds:,.0f} s"
