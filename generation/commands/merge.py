"""`pain3d merge DIRS --out OUT`."""

import argparse
import sys

HELP = "Join the shares of a dataset that several machines made (generate --shard I/N), and verify the whole."
EXAMPLE = "pain3d merge shares --out pain3d"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description += (
        "\n\nThe result is, byte for byte, what one run would have made. On one file system files are linked, not"
        "\ncopied; the parts can then be deleted."
    )
    parser.add_argument(
        "parts", metavar="DIR", nargs="+", help="directory or URL of a part, or that holds share-I-of-N folders"
    )
    parser.add_argument("--out", required=True, metavar="OUT", help="dataset directory or URL: new, or a part of it")
    parser.add_argument("--quick", action="store_true", help="verify checksums and labels only")
    parser.add_argument("--workers", type=int, default=1, metavar="W", help="processes that verify (1)")


def run(args: argparse.Namespace) -> int:
    from dataset_script.progress import Progress

    from ..run.merge import merge

    with Progress("files") as progress:
        spec = merge(args.parts, args.out, progress)
    if "://" in args.out:
        print(f"{args.out}: all files are there, each as its checksum says ({spec.identities:,} people)")
        return 0
    from ..run.audit import audit

    with Progress("rows") as progress:
        report = audit(args.out, args.quick, progress, args.workers)
    for problem in report.problems:
        print(problem)
    if not report.ok:
        print(f"{args.out}: {len(report.problems)} problems", file=sys.stderr)
        return 1
    print(f"{args.out}: {report.shards} shards, {report.rows:,} rows, no problem found")
    return 0
