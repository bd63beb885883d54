"""`pain3d verify DIR`."""

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataset_script.verify import Report

HELP = "Check every file, row and picture of a dataset: generated, imported, or from the Hub. Lists all problems."
EXAMPLE = "pain3d verify pain3d"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description += (
        "\n\nWhere this version of the generator made the data, every label is compared with the plan; elsewhere a note"
        "\nsays why not. Exit code 0: no problem; 1: there are problems; 2: there is no dataset."
    )
    parser.add_argument("directory", metavar="DIR", help="dataset directory")
    parser.add_argument("--quick", action="store_true", help="checksums and labels only; do not decode the pictures")
    parser.add_argument(
        "--workers",
        type=int,
        default=os.cpu_count() or 1,
        metavar="W",
        help=f"processes ({os.cpu_count() or 1}); does not change the report",
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def run(args: argparse.Namespace) -> int:
    from dataset_script.progress import Progress

    from ..run.audit import audit

    with Progress("rows") as progress:
        report = audit(args.directory, args.quick, progress, args.workers)
    if args.json:
        print(json.dumps({"ok": report.ok, **vars(report)}, indent=2))
    else:
        print(_text(args.directory, report))
        if not report.ok:
            count = len(report.problems)
            print(f"{args.directory}: {count} problem{'s' if count > 1 else ''}", file=sys.stderr)
    return 0 if report.ok else 1


def _text(directory: str, report: "Report") -> str:
    lines = [*report.problems]
    if report.ok:
        lines.append(f"{directory}: {report.shards} shards, {report.rows:,} rows, no problem found")
    if report.compared:
        lines.append("rows were compared with the plan of spec.json")
    return "\n".join([*lines, *(f"note: {note}" for note in report.notes)])
