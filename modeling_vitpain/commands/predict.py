"""`pain3d predict`."""

import argparse
import csv
import io
import json
import sys
from pathlib import Path

from dataset_script.errors import InvalidInput, WorkFailed

HELP = "PSPI and action units of images, to CSV"
EXAMPLE = "pain3d predict photos/ --model ./vitpain-tiny --out scores.csv"

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description += (
        "\n\nColumns: path; pspi, 0-16, the expected score; pspi_low and pspi_high, its 90 % interval; AU4 to AU10, 0-5;"
        "\nAU43, 0-1; error, why there are no scores. Unreadable pictures are counted and make the exit code 1."
        "\nNo face is looked for: let it fill the picture, from forehead to chin."
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="IMAGE|DIR", help="pictures, or directories of pictures")
    parser.add_argument("--model", required=True, help="model directory, or OWNER/NAME on the Hub")
    parser.add_argument("--out", type=Path, help="CSV file to write (default: standard output)")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--json", action="store_true", help="JSON in place of CSV")


def run(args: argparse.Namespace) -> int:
    if args.batch_size < 1:
        raise InvalidInput(f"batch-size is {args.batch_size}; allowed is 1 or more")
    paths = [found for path in args.paths for found in _pictures(path)]

    from tqdm import tqdm
    from transformers.utils import logging

    from dataset_script.storage import write_atomically

    from ..inference import load_model, predict_images

    logging.disable_progress_bar()
    network, processor = load_model(args.model)
    scores = predict_images(network, processor, paths, args.batch_size)
    rows = [
        _row(score, network.config.au_names) for score in tqdm(scores, total=len(paths), desc="predict", disable=None)
    ]
    failed = [row for row in rows if row["error"]]
    if failed and len(paths) == 1:
        raise WorkFailed(f"{failed[0]['path']}: {failed[0]['error']}")
    text = json.dumps(rows, indent=1) + "\n" if args.json else _csv(rows)
    if args.out is None:
        print(text, end="")
    else:
        write_atomically(args.out, text.encode())
    for row in failed:
        print(f"pain3d: {row['path']}: {row['error']}", file=sys.stderr)
    print(f"{len(rows) - len(failed)} of {len(rows)} pictures scored", file=sys.stderr)
    return 1 if failed else 0


def _pictures(path: Path) -> list[Path]:
    """The pictures of a directory, by name, sub-directories included; or the file itself."""
    if path.is_dir():
        found = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
        if not found:
            raise InvalidInput(f"{path} holds no picture; looked for {', '.join(sorted(SUFFIXES))}")
        return found
    if not path.is_file():
        raise InvalidInput(f"{path} does not exist; allowed are pictures and directories of pictures")
    return [path]


def _row(score, au_names: list[str]) -> dict[str, str | float | int | None]:
    """One flat row. Four decimals: the rest of a float32 depends on the size of the batch."""
    au = score.au or {}
    return {
        "path": score.path,
        "pspi": None if score.pspi is None else round(score.pspi, 4),
        "pspi_low": score.pspi_low,
        "pspi_high": score.pspi_high,
        **{name: None if name not in au else round(au[name], 4) for name in au_names},
        "error": score.error,
    }


def _csv(rows: list[dict]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()
