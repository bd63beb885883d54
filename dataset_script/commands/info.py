"""`pain3d info DIR`."""

import argparse
import json
from typing import Any

HELP = "What a dataset directory holds: people, frames, splits, PSPI, how it was made, and whether it is complete."
EXAMPLE = "pain3d info pain3d"

_BAR_WIDTH = 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIR", help="dataset directory")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def run(args: argparse.Namespace) -> int:
    from ..describe import describe

    found = describe(args.directory)
    print(json.dumps(found, indent=2) if args.json else _text(args.directory, found))
    return 0


def _text(directory: str, found: dict[str, Any]) -> str:
    made, planned = found["frames"]["made"], found["frames"]["planned"]
    missing = f"incomplete: {planned - made:,} of {planned:,} frames are missing" if made < planned else "incomplete"
    spec = ", ".join(f"{name} {value}" for name, value in found["spec"].items())
    lines = [
        f"{directory}: {found['identities']['made']:,} identities, {made:,} frames, {found['bytes'] / 1e6:,.1f} MB",
        "complete" if found["complete"] else f"{missing}; `pain3d generate` with the same options goes on",
        f"spec: {spec}",
        "configs: " + ", ".join(f"{name} {rows:,} rows" for name, rows in found["configs"].items()),
        "",
        f"{'split':<16}{'identities':>12}{'frames':>12}",
        *(f"{split:<16}{n['identities']:>12,}{n['frames']:>12,}" for split, n in found["splits"].items()),
        "",
        f"{'group':<16}{'identities':>12}",
        *(f"{label:<16}{n:>12,}" for labels in found["demographics"].values() for label, n in labels.items()),
        "",
        f"{'PSPI':<6}{'frames':>10}",
    ]
    most = max(*found["pspi"], 1)
    lines += [f"{k:<6}{n:>10,}  {'#' * round(_BAR_WIDTH * n / most)}".rstrip() for k, n in enumerate(found["pspi"])]
    return "\n".join(lines)
