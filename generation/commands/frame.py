"""`pain3d frame SPEC_OR_DIR FRAME_ID`."""

import argparse
import io
from pathlib import Path

from .diffusion_options import add_diffusion_arguments, given_pictures
from .head_options import add_head_arguments, given_files

HELP = "Make one frame again, alone. It equals the one in the dataset: as .jpg byte for byte, as .png pixel for pixel."
EXAMPLE = "pain3d frame pain3d 00017-04-1 --out face.png --heatmap heat.png"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SPEC_OR_DIR", help="a dataset directory, or a spec.json alone")
    parser.add_argument(
        "frame_id", metavar="FRAME_ID", help="identity-expression-view, such as 00017-04-1, or 00017-r2-0"
    )
    parser.add_argument("--out", required=True, metavar="FILE", help="where to put the picture: .jpg or .png")
    parser.add_argument("--heatmap", metavar="FILE", help="where to put the heatmap: .png")
    add_head_arguments(parser)
    add_diffusion_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from dataset_script.errors import InvalidInput, WorkFailed
    from dataset_script.facs import AU_NAMES
    from dataset_script.spec import Spec
    from dataset_script.storage import write_atomically

    from ..catalogue import files_for
    from ..pipeline import maker_with
    from ..run.kernels import announcing_compilation
    from ..run.single import regenerate

    out = Path(args.out)
    if out.suffix.lower() not in (".jpg", ".jpeg", ".png"):
        raise InvalidInput(f"--out is {args.out}; it must end in .jpg or .png")
    if args.heatmap and Path(args.heatmap).suffix.lower() != ".png":
        raise InvalidInput(f"--heatmap is {args.heatmap}; it must end in .png")
    for path in filter(None, (args.out, args.heatmap)):
        if not Path(path).parent.is_dir():
            raise WorkFailed(f"cannot write {path}: there is no directory {Path(path).parent}")
    spec = Spec.load(args.source)
    files = files_for(spec.head, given_files(args))
    with announcing_compilation():
        row = regenerate(spec, args.frame_id, maker_with(files, given_pictures(args, spec, args.source))).row
    jpeg = row["image"]["bytes"]
    write_atomically(out, _as_png(jpeg) if out.suffix.lower() == ".png" else jpeg)
    if args.heatmap:
        write_atomically(Path(args.heatmap), row["heatmap"]["bytes"])
    units = ", ".join(f"{name} {value:g}" for name, value in zip(AU_NAMES, row["au"], strict=True) if value)
    print(f"{args.frame_id}: {row['prompt']} PSPI {row['pspi']}{f' ({units})' if units else ''}")
    return 0


def _as_png(jpeg: bytes) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.open(io.BytesIO(jpeg)).save(buffer, "PNG")
    return buffer.getvalue()
