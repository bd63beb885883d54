"""Which models painted the pictures of a dataset, on which device and with which versions: `portraits/painted.json`.

Pictures are the same, byte for byte, only where these are; a run that goes on elsewhere adds a line.
"""

import json
import platform
from importlib.metadata import version
from pathlib import Path

from dataset_script.errors import WorkFailed
from dataset_script.storage import locked, reporting_write_errors, write_atomically
from dataset_script.strict_json import parse_json

from ..diffusion.models import ROLES, Models

RECORD = "painted.json"
"""Name of the file in the folder of the pictures."""

Painted = dict[str, str]
"""What painted pictures: models by role, as they were named, `device`, and versions of `torch` and `diffusers`."""


def record_painter(folder: Path, models: Models, device: str) -> None:
    """Adds who paints in `folder` to its record, once. Raises WorkFailed where it cannot be read or written."""
    named = {role: name for role in ROLES if (name := getattr(models, role)) is not None}
    mine = named | {"device": _device_name(device)} | {name: version(name) for name in ("torch", "diffusers")}
    with reporting_write_errors(folder):
        folder.mkdir(exist_ok=True)
    with locked(folder, wait=True):  # another worker may be at it
        known = read_record(folder)
        if mine not in known:
            lines = sorted(json.dumps(each) for each in [*known, mine])
            write_atomically(folder / RECORD, f"[{f',{chr(10)} '.join(lines)}]\n".encode())


def read_record(folder: Path) -> list[Painted]:
    """Who painted the pictures in `folder`; none where there is no record. Raises WorkFailed where it is damaged."""
    path = folder / RECORD
    try:
        lines = parse_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except ValueError as error:
        raise WorkFailed(f"{path} is damaged ({error}); delete it") from None
    if not isinstance(lines, list) or not all(isinstance(each, dict) for each in lines):
        raise WorkFailed(f"{path} is damaged (no list of objects); delete it")
    return lines


def painted_by(lines: list[Painted]) -> str:
    """The sentences of README and card on what painted the pictures; "" where nothing did."""
    if not lines:
        return ""
    said = "; ".join(_sentence(each) for each in lines)
    return (
        f"Skin and what is behind were painted by diffusion models: {said}. Painted again, they are the same only with "
        "that device and those versions; the pictures are kept in `portraits/`."
    )


def _sentence(painted: Painted) -> str:
    named = ", ".join(f"{painted[role]} ({role})" for role in ROLES if role in painted)
    versions = " and ".join(f"{name} {painted.get(name)}" for name in ("torch", "diffusers"))
    return f"{named} on {painted.get('device')} with {versions}"


def _device_name(device: str) -> str:
    if device.startswith("cuda"):
        import torch

        return torch.cuda.get_device_name(device)
    return f"{device} ({platform.machine()})"
