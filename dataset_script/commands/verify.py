"""`pain3d verify DIR`."""

import argparse
import json
import sys

HELP = (
    "Check every shard, row and picture of a dataset. Lists all problems, one line each; exit code 1 if there are any."
)
EXAMPLE = "pain3d verify pain3d"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIR", help="dataset directory")
    parser.add_argument("--quick", action="store_true", help="checksums and labels only; do not decode the pictures")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def run(args: argparse.Namespace) -> int:
    from ..progress import Progress
    from ..verify import verify

    with Progress("rows") as progress:
        report = verify(args.directory, quick=args.quick, progress=progress)
    if args.json:
        found = {"ok": report.ok, "shards": report.shards, "rows": report.rows, "problems": report.problems}
        print(json.dumps(found, indent=2))
    elif report.ok:
        print(f"{args.directory}: {report.shards} shards, {report.rows:,} rows, no problem found")
    else:
        print("\n".join(report.problems))
        print(f"{args.directory}: {len(report.problems)} problems", file=sys.stderr)
    return 0 if report.ok else 1
