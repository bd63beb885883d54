"""`pain3d demo`."""

import argparse
import importlib
import sys
from pathlib import Path

HELP = "Serve a page: make faces, score a picture, browse a dataset. Works without a network."
EXAMPLE = "pain3d demo --model vitpain-tiny --data pain3d"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", help="model directory, or OWNER/NAME on the Hub (default: vitpain-small, where this copy has it)"
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="dataset directory to browse (default: none)")
    parser.add_argument("--host", default="127.0.0.1", help="address to serve on (default: this machine alone)")
    parser.add_argument("--port", type=int, default=7860, help="port to serve on (default 7860)")
    parser.add_argument(
        "--space",
        type=Path,
        metavar="DIR",
        help="serve nothing, but write the folder of a Space, model and data included, for `pain3d publish --demo`",
    )


def run(args: argparse.Namespace) -> int:
    from dataset_script.errors import InvalidInput

    importlib.import_module("gradio")  # missing, it is reported before others that the same extra brings
    if args.space is not None:
        from ..demo.space import write_space

        write_space(args.space, args.model, args.data)
        print(f"wrote {args.space}: try it with `python {args.space / 'app.py'}`, publish it with `pain3d publish`")
        return 0
    from ..demo.start import run_demo

    if not 1 <= args.port <= 65535:
        raise InvalidInput(f"port is {args.port}; allowed are 1 to 65535")
    run_demo(args.model, args.data, args.host, args.port, lambda line: print(line, file=sys.stderr, flush=True))
    return 0
