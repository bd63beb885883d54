"""`shift.json` beside a model: what it and simpler things do on faces that shift from the training frames.

`python -m benchmarks.shift MODEL … --out MODEL` writes it. A number with its 95 % interval is [value, low, high], or
[value] where there is no interval; each row of a set is one line.
"""

import json
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from dataset_script.claim import parse_record
from dataset_script.errors import WorkFailed
from evaluation.results import Estimate

SHIFT = "shift.json"
MODEL = "model"
"""Name of the row of the model; where it has two, they begin with it: "model, with neutral", "model, without"."""
DECIMALS = 6
"""Three more than the tables have, so that they show the same as of the numbers that were rounded."""
_TEXTS = ("command", "commit", "hardware", "model", "held_out")
_EXPANDED = 3
"""Levels of the file that have a line for each name: measured, set, row."""


class ShiftSet(TypedDict):
    """A set of frames. `spec_hash`: of what it, or the set that it was `made_of`, was drawn from."""

    what: str
    frames: int
    spec_hash: NotRequired[str]
    made_of: NotRequired[str]


class PhotographScores(TypedDict):
    """How many photographs there are, in how many MediaPipe sees a face, and row -> what -> its agreement with it."""

    photographs: int
    seen: int
    agreement: dict[str, dict[str, Estimate]]


class Shifts(TypedDict):
    """What the file holds.

    Attributes:
        command, commit, hardware: how it was measured.
        model: name of its directory.
        weights: SHA-256 of its files, as `evaluation.provenance.weight_hashes` gives them.
        held_out: a sentence on whether its training frames show what people of the set `unseen` wear.
        sets: name -> set.
        measured: set -> row -> measure -> estimate.
        photographs: where any were scored.
    """

    command: str
    commit: str
    hardware: str
    model: str
    weights: dict[str, str]
    held_out: str
    sets: dict[str, ShiftSet]
    measured: dict[str, dict[str, dict[str, Estimate]]]
    photographs: NotRequired[PhotographScores]


def shift_text(found: Shifts) -> str:
    """The text of the file, numbers rounded to `DECIMALS`."""
    packed: dict[str, Any] = {**found, "measured": _packed(found["measured"])}
    if "photographs" in found:
        packed["photographs"] = found["photographs"] | {"agreement": _packed(found["photographs"]["agreement"])}
    return _lines(packed, _EXPANDED) + "\n"


def read_shifts(path: Path) -> Shifts:
    """What a file holds. Raises WorkFailed where it is damaged, or was written by another version."""
    return parse_shifts(path.read_bytes(), str(path))


def parse_shifts(content: bytes, name: str) -> Shifts:
    """What the content of the file `name` says. Raises WorkFailed as `read_shifts`."""
    found = parse_record(content, name)
    try:
        shifts: Shifts = {
            **{key: str(found[key]) for key in _TEXTS},
            "weights": {str(file): str(digest) for file, digest in found["weights"].items()},
            "sets": {key: _set(each) for key, each in found["sets"].items()},
            "measured": _unpacked(found["measured"]),
        }
        if "photographs" in found:
            agreement = _unpacked(found["photographs"]["agreement"])
            shifts["photographs"] = {**found["photographs"], "agreement": agreement}
        if unknown := shifts["measured"].keys() - shifts["sets"].keys():
            raise KeyError(min(unknown))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WorkFailed(
            f"{name} is damaged, or was written by another version of Pain3D ({type(error).__name__}: {error}): make "
            "it again with benchmarks.shift, or remove it"
        ) from None
    return shifts


def set_words(each: ShiftSet) -> str:
    """What a set is, and how large."""
    return f"{each['what']}; {each['frames']} frames"


def _set(each: dict[str, Any]) -> ShiftSet:
    return {**each, "what": str(each["what"]), "frames": int(each["frames"])}


def _packed(node: Any) -> Any:
    """Estimates, within any number of objects, as they are in the file."""
    if "value" not in node:
        return {name: _packed(inner) for name, inner in node.items()}
    numbers = (node["value"], *(node["interval_95"] or ()))
    return [None if number is None else round(number, DECIMALS) for number in numbers]


def _unpacked(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: _unpacked(inner) for name, inner in node.items()}
    value, *bounds = [None if number is None else float(number) for number in node]
    if len(bounds) not in (0, 2):
        raise ValueError(f"{node} is neither [value] nor [value, low, high]")
    return {"value": value, "interval_95": bounds or None}


def _lines(node: Any, levels: int, indent: str = "") -> str:
    """JSON with a line for each name of the first levels of objects; NaN is refused."""
    if not isinstance(node, dict) or not levels or not node:
        return json.dumps(node, ensure_ascii=False, allow_nan=False)
    inner = indent + " "
    body = (
        f"{inner}{json.dumps(name, ensure_ascii=False)}: {_lines(each, levels - 1, inner)}"
        for name, each in node.items()
    )
    return "{\n" + ",\n".join(body) + f"\n{indent}}}"
