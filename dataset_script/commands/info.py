"""`pain3d info DIR`."""

import argparse
import json
from collections.abc import Iterable
from itertools import count
from typing import TYPE_CHECKING

from ..vocabulary import STIMULI

if TYPE_CHECKING:
    from ..counts import DatasetCounts

HELP = "What a dataset directory holds: people, frames, splits, PSPI, how it was made, and whether it is complete."
EXAMPLE = "pain3d info pain3d"

_BAR_WIDTH = 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIR", help="dataset directory: generated, imported, or from the Hub")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def run(args: argparse.Namespace) -> int:
    from ..counts import count_dataset

    found = count_dataset(args.directory)
    print(json.dumps(found, indent=2) if args.json else _text(args.directory, found))
    return 0


def _text(directory: str, found: "DatasetCounts") -> str:
    people, frames, size = found["identities"]["made"], found["frames"]["made"], found["bytes"] / 1e6
    lines = [
        f"{directory}: {found['kind']}, {people:,} identities, {frames:,} frames, {size:,.1f} MB",
        _completeness(found),
        _origin(found),
        "configs: " + ", ".join(f"{name} {rows:,} rows" for name, rows in found["configs"].items()),
        "",
        f"{'split':<16}{'identities':>12}{'frames':>12}",
        *(f"{split:<16}{n['identities']:>12,}{n['frames']:>12,}" for split, n in found["splits"].items()),
        "",
        f"{'group':<16}{'identities':>12}",
        *(
            f"{attribute + ' unknown' if label == 'unknown' else label:<24}{n:>4,}"
            for attribute, labels in found["demographics"].items()
            for label, n in labels.items()
            if n or found["kind"] == "generated"
        ),
        *(f"{scene:<24}{n:>4,}" for scene, n in found["scenes"].items()),
        "",
        *_others(found["expressions"]),
        *(
            _bars("stimulus", STIMULI, found["stimulus"])
            if found["stimulus"]
            else _bars("PSPI", count(), found["pspi"])
        ),
    ]
    return "\n".join(lines)


def _others(expressions: dict[str, int]) -> list[str]:
    """Lines with the frames of each expression, where there are any but neutral and pain."""
    if not expressions.keys() - {"neutral", "pain"}:
        return []
    return [f"{'expression':<16}{'frames':>12}", *(f"{name:<16}{n:>12,}" for name, n in expressions.items()), ""]


def _bars(title: str, names: Iterable[object], counts: list[int]) -> list[str]:
    """Lines of a bar chart of frames."""
    most, width = max(*counts, 1), max(6, len(title) + 2)
    bars = [
        f"{name!s:<{width}}{n:>10,}  {'#' * round(_BAR_WIDTH * n / most)}".rstrip()
        for name, n in zip(names, counts, strict=False)
    ]
    return [f"{title:<{width}}{'frames':>10}", *bars]


def _completeness(found: "DatasetCounts") -> str:
    if found["complete"]:
        return "complete"
    if found["complete"] is None:
        return "whether it is complete cannot be told: it has no spec.json, and its README.md has no row counts"
    made, planned = found["frames"]["made"], found["frames"]["planned"]
    command = "import" if found["kind"] == "imported" else "generate"
    missing = f": {planned - made:,} of {planned:,} frames are missing" if planned and made < planned else ""
    return f"incomplete{missing}; `pain3d {command}` with the same options continues"


def _origin(found: "DatasetCounts") -> str:
    if found["source"] is not None:
        return f"imported from {found['source']}"
    if found["spec"] is None:
        return "spec: there is no spec.json"
    return "spec: " + ", ".join(f"{name} {value}" for name, value in found["spec"].items())
