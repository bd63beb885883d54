"""`pain3d bench`."""

import argparse
import json
import os
import platform
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from dataset_script.errors import InvalidInput
from dataset_script.spec import Spec

from ..catalogue import LOOKS, check
from .spec_options import add_spec_arguments, spec_values

if TYPE_CHECKING:
    from ..run.measure import Measured, Projected

HELP = "Measure seconds a stage on this machine, and project hours and cost of a whole dataset here and elsewhere."
EXAMPLE = "pain3d bench --size 512 --machines 8 --cores 16"
FIELDS = ("identities", "size", "rig", "renderer", "scene", "others", "references", "geometry", "mesh")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description += (
        "\n\nEvery processor makes some people at once, as in a run; CPU seconds are counted, so that other programs do"
        "\nnot disturb much. Hours are for cores like these with nothing else to do. Prices are yours to give: the"
        "\ndefaults are round figures, not offers."
    )
    add_spec_arguments(parser, *FIELDS)
    parser.add_argument("--people", type=int, default=2, metavar="N", help="people that each process makes (2)")
    parser.add_argument("--workers", type=int, metavar="W", help=f"processes at once ({os.cpu_count() or 1})")
    parser.add_argument("--machines", type=int, default=8, metavar="N", help="machines to project for (8)")
    parser.add_argument("--cores", type=int, metavar="C", help="cores of each of them (as many as here)")
    parser.add_argument("--price", type=float, default=0.05, metavar="USD", help="of a core for an hour (0.05)")
    parser.add_argument("--gpu-cores", type=int, default=16, metavar="C", help="cores of a GPU node (16)")
    parser.add_argument("--gpu-price", type=float, default=4.0, metavar="USD", help="of a GPU node for an hour (4)")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def run(args: argparse.Namespace) -> int:
    spec = Spec(**spec_values(args))
    check(spec)
    if LOOKS[spec.look].painted:
        raise InvalidInput(f"look is {spec.look!r}; allowed: one that is not painted, whose time is that of its models")
    workers = (os.cpu_count() or 1) if args.workers is None else args.workers
    cores = workers if args.cores is None else args.cores
    for name, value in (("people", args.people), ("workers", workers), ("machines", args.machines), ("cores", cores)):
        if value < 1:
            raise InvalidInput(f"{name} is {value}; allowed: 1 or more")
    from ..run.measure import measure, project

    measured = measure(spec, args.people, workers)
    gpu_core = args.gpu_price / args.gpu_cores
    projected = [
        project(measured, spec, "this machine", workers, args.price),
        project(measured, spec, f"{args.machines} machines of {cores} cores", args.machines * cores, args.price),
        project(measured, spec, "GPU node", args.gpu_cores, gpu_core),
    ]
    if args.json:
        print(json.dumps(_as_json(spec, measured, projected), indent=2))
    else:
        print(_text(args, spec, measured, projected))
    return 0


def _as_json(spec: Spec, measured: "Measured", projected: list["Projected"]) -> dict:
    return {
        "spec": spec.to_dict(),
        "processor": _processor(),
        "measured": asdict(measured) | {"frames_a_second_a_core": 1 / measured.seconds_a_frame},
        "projected": [asdict(each) for each in projected],
    }


def _text(args: argparse.Namespace, spec: Spec, measured: "Measured", projected: list["Projected"]) -> str:
    from ..plan import Plan
    from ..run.job import frames_per_identity

    total = measured.seconds_a_frame
    frames = spec.identities * frames_per_identity(spec)
    rows = [(stage, f"{seconds:.4f}", f"{seconds / total:.0%}") for stage, seconds in measured.seconds.items()]
    places = [(each.name, f"{each.cores}", _hours(each.hours), f"{each.cost:.2f}") for each in projected]
    return "\n".join(
        (
            f"Measured: {measured.frames} frames of {spec.size} px by {measured.workers} processes at once, "
            f"on {_processor()}",
            "",
            *_table(("stage", "CPU seconds a frame", ""), [*rows, ("together", f"{total:.4f}", "")]),
            "",
            f"{1 / total:.2f} frames a second a core; at most {measured.megabytes:,.0f} MB a worker; "
            f"{measured.start_seconds:.0f} s before the first frame",
            "",
            f"Projected: {frames:,} frames in {len(Plan(spec).chunks())} shards, "
            f"{frames * measured.bytes_a_frame / 1e9:.1f} GB",
            "",
            *_table(("", "cores", "hours", "USD"), places),
            "",
            f"At {args.price:g} USD for a core and {args.gpu_price:g} USD for a GPU node an hour (assumed: --price, "
            f"--gpu-price). The renderer {spec.renderer!r} works on cores: a GPU node counts for those it has.",
        )
    )


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """Lines of columns, all but the first flush right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = []
    for first, *others in (head, *rows):
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join((first.ljust(widths[0]), *cells)).rstrip())
    return lines


def _hours(hours: float) -> str:
    return f"{hours:.1f}" if hours >= 1 else f"{hours:.2f}"


def _processor() -> str:
    """The name of the processor and how many there are."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor() or platform.machine()}, {os.cpu_count()} cores"
