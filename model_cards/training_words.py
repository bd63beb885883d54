"""What a model card says of a training run, from its record: the command, the data, how long it took, every setting."""

import shlex
from pathlib import Path

from evaluation.markdown import table

_NOT_TYPED = ("data", "input")


def training_words(name: str, training: dict) -> str:
    """The section on the training of the model `name`."""
    data, best, versions = training["data"], training["best"], training["versions"]
    frames = ", ".join(f"{count:,} {split}" for split, count in data["frames"].items())
    settings = {**training["options"], **training["recipe"]}
    rows = [
        [setting, without_folders(value)]
        for setting, value in settings.items()
        if value is not None and setting != "data"
    ]
    lora = settings.get("lora_rank")
    summary = (
        f"On `{Path(data['path']).name}` (specification `{data['spec_hash']}`): {frames} frames, "
        "no person in two splits. "
        f"{training['steps']:,} steps in {duration(training['seconds'])}; the weights are those of epoch "
        f"{best['epoch']}, the best on the validation split (PSPI MAE {best['validation_pspi_mae']:.3f}). "
        + (f"LoRA of rank {lora} on the backbone's attention, merged into the weights. " if lora else "")
        + f"Versions: {', '.join(f'{package} {version}' for package, version in versions.items())}."
    )
    return f"    {command(name, training)}\n\n{summary}\n\n{table(['setting', 'value'], rows, numbers=False)}"


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
