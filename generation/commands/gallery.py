"""`pain3d gallery DIR`."""

import argparse

from .head_options import add_head_arguments, given_files

HELP = "A picture of a dataset: people, their faces at rising PSPI, side views and heatmaps, with the labels."
EXAMPLE = "pain3d gallery pain3d --out gallery.png"
_FORMATS = {".png": "PNG", ".jpg": "JPEG"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIR", help="dataset directory")
    parser.add_argument("--out", required=True, metavar="FILE", help="where to put the picture: .png or .jpg")
    parser.add_argument("--identities", type=int, default=6, metavar="N", help="people (%(default)s)")
    parser.add_argument(
        "--chart", action="store_true", help="instead: each action unit alone at every level, on one person"
    )
    parser.add_argument("--identity", type=int, default=0, metavar="I", help="the person of the chart (%(default)s)")
    parser.add_argument(
        "--expressions", type=int, default=4, metavar="K", help="expressions of each, of pain 1-10 (%(default)s)"
    )
    parser.add_argument(
        "--kind", default="pain", metavar="NAME", help="pain, or other: expressions that are no pain (%(default)s)"
    )
    add_head_arguments(parser)


def run(args: argparse.Namespace) -> int:
    import io
    from pathlib import Path

    from dataset_script.errors import InvalidInput
    from dataset_script.storage import write_atomically

    from ..sheets.gallery import gallery

    if Path(args.out).suffix.lower() not in _FORMATS:
        raise InvalidInput(f"--out is {args.out}; it must end in {' or '.join(_FORMATS)}")
    buffer = io.BytesIO()
    if args.chart:
        from ..run.kernels import announcing_compilation
        from ..sheets.chart import chart

        with announcing_compilation():
            sheet = chart(args.directory, args.identity, given_files(args))
    else:
        sheet = gallery(args.directory, args.identities, args.expressions, args.kind)
    sheet.save(buffer, _FORMATS[Path(args.out).suffix.lower()], quality=90)
    write_atomically(Path(args.out), buffer.getvalue())
    print(f"{args.out}: {sheet.width} x {sheet.height} pixels")
    return 0
