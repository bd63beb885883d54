"""`pain3d render`: one face by hand."""

import argparse
from pathlib import Path

from dataset_script.facs import AU_DESCRIPTIONS, AU_MAX, AU_NAMES, EXTRA_AU_NAMES, check_aus, check_extra_aus, pspi
from dataset_script.spec import Spec
from dataset_script.vocabulary import ETHNICITIES, GENDERS

from ..accessories import ACCESSORIES
from .head_options import add_head_arguments, chosen_head
from .spec_options import add_spec_arguments, spec_values

HELP = "Render one face by hand: choose who, which action units, which camera."
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg")
EXAMPLE = "pain3d render --age 72 --gender woman --au4 3 --au7 4 --au43 1 --yaw 25 --out face.png --mesh face.glb"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    for name, top in zip(AU_NAMES, AU_MAX, strict=True):
        parser.add_argument(
            f"--{name.lower()}", type=float, default=0, metavar=f"0-{top}", help=f"{name}, {AU_DESCRIPTIONS[name]}"
        )
    for name in EXTRA_AU_NAMES:
        parser.add_argument(
            f"--{name.lower()}", type=float, default=0, metavar="0-5", help=f"{name}, not counted in PSPI"
        )
    parser.add_argument("--age", type=int, default=40, help="years, 18-90 (default 40)")
    parser.add_argument("--ethnicity", choices=ETHNICITIES, default="white")
    parser.add_argument("--gender", choices=GENDERS, default="woman")
    parser.add_argument("--person", type=int, default=0, metavar="N", help="which of the people that fit (default 0)")
    parser.add_argument("--yaw", type=float, default=0, help="degrees; positive turns the nose to image right")
    parser.add_argument("--pitch", type=float, default=0, help="degrees; positive looks up")
    parser.add_argument("--roll", type=float, default=0, help="degrees; positive tilts clockwise")
    parser.add_argument("--fov", type=float, default=26, help="horizontal field of view, degrees (default 26)")
    parser.add_argument(
        "--wear", nargs="+", choices=ACCESSORIES, default=[], metavar="THING", help=f"of {', '.join(ACCESSORIES)}"
    )
    add_spec_arguments(parser, "size", "seed", "head", "rig", "renderer")
    add_head_arguments(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="PICTURE", help=".png or .jpg")
    parser.add_argument("--heatmap", type=Path, metavar="PICTURE", help="also write the heatmap")
    parser.add_argument(
        "--mesh",
        type=Path,
        dest="mesh_file",  # `mesh` is a field of the specification
        metavar="FILE",
        help="also write the head, coloured: .glb (metres), .ply or .obj (mm)",
    )


def run(args: argparse.Namespace) -> int:
    from PIL import Image

    from dataset_script.errors import InvalidInput
    from dataset_script.storage import write_atomically

    from ..geometry.mesh_formats.write import check_suffix, mesh_file
    from ..pipeline import FrameMaker
    from ..plan import ViewPlan
    from ..run.kernels import announcing_compilation
    from ..sheets.portrait import Portrait, render_portrait

    for path in (args.out, args.heatmap):
        if path is not None and path.suffix.lower() not in PICTURE_SUFFIXES:
            raise InvalidInput(f"output file is {path}; its name must end in {', '.join(PICTURE_SUFFIXES)}")
    if args.mesh_file is not None:
        check_suffix(args.mesh_file)
    au = check_aus([getattr(args, name.lower()) for name in AU_NAMES])
    extra_au = check_extra_aus({name: getattr(args, name.lower()) for name in EXTRA_AU_NAMES})
    head, files = chosen_head(args)
    values = spec_values(args) | {"identities": 1, "head": head, "head_file": files.digest() if files else None}
    worn = tuple(name for name in ACCESSORIES if name in args.wear)
    view = ViewPlan(0, args.yaw, args.pitch, args.roll, args.fov, 1.0)
    portrait = Portrait(args.age, args.ethnicity, args.gender, args.person, tuple(au), extra_au, view, worn)
    portrait.plan()  # what is out of range is refused before the head is built
    with announcing_compilation():
        maker = FrameMaker(Spec(**values), files)
        picture, heatmap = render_portrait(maker, portrait)
        if args.mesh_file is not None:
            from ..sheets.head_mesh import head_mesh

            write_atomically(args.mesh_file, mesh_file(args.mesh_file, *head_mesh(maker, portrait)))
    Image.fromarray(picture).save(args.out)
    if args.heatmap is not None:
        Image.fromarray(heatmap).save(args.heatmap)
    if files is not None:
        print(maker.head.about)
    print(f"{args.out}: PSPI {pspi(au):g}")
    return 0
