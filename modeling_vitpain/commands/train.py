"""`pain3d train`."""

import argparse
import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

HELP = "fine-tune ViTPain on a dataset"
EXAMPLE = """pain3d train ./pain3d --out ./vitpain-tiny
  pain3d train ./pain3d --out ./vitpain --preset v5 --backbone facebook/dinov2-base
  accelerate launch -m pain3d_cli train ./pain3d --out ./vitpain --preset paper"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", help="dataset directory, or OWNER/NAME on the Hub")
    parser.add_argument("--out", type=Path, required=True, help="model directory to write")
    parser.add_argument("--input", choices=("image", "heatmap"), default="image", help="heatmap trains a teacher")
    add_training_arguments(parser)
    run_ = parser.add_argument_group("run")
    run_.add_argument("--batch-size", type=int, help="of each process; scratch 16, paper 32, v5 48, small 64")
    run_.add_argument("--seed", type=int, default=0)
    run_.add_argument("--resume", action="store_true", help="continue from the last checkpoint of the same run")
    run_.add_argument("--json", action="store_true", help="print the record of the run as JSON")


def add_training_arguments(parser: argparse.ArgumentParser) -> None:
    """Model, distillation and recipe, which cross-validation has too. The default None means the preset's value."""
    model = parser.add_argument_group("model")
    model.add_argument(
        "--preset",
        choices=("scratch", "small", "paper", "v5"),
        help="default: that of --start, with what suits fine-tuning; paper if pretrained, else scratch",
    )
    model.add_argument("--config", help="tiny (default of scratch), large, or the path of a configuration")
    model.add_argument("--backbone", help="pretrained backbone, Hub name or directory; paper and v5 have their own")
    model.add_argument("--layers", type=int, metavar="L", help="keep the first L layers of a pretrained backbone")
    model.add_argument("--size", type=int, help="pixels a side that a pretrained backbone sees (224)")
    model.add_argument(
        "--start",
        "--starting-model",
        metavar="MODEL",
        help="continue from a trained ViTPain: directory, Hub name or vitpain-small",
    )
    model.add_argument("--au-head", choices=("query", "cls"), help="cls is the paper's baseline")
    model.add_argument("--au-queries", type=int, metavar="Q", help="learned queries an action unit; the paper 1")
    model.add_argument("--au-output", choices=("shared", "own"), help="own: an output layer for each unit")
    model.add_argument(
        "--au-error", choices=("intensity", "scale"), help="scale: closed eyes (AU43) count as much as other units"
    )
    model.add_argument("--pspi-head", choices=("classification", "regression"))
    model.add_argument(
        "--pspi-reads", choices=("face", "face+units"), help="face+units: the features of the action units, too"
    )
    model.add_argument(
        "--pooling",
        choices=("cls", "mean", "cls+mean"),
        help="mean of patches: for backbones without a class token",
    )
    model.add_argument("--reference", choices=("none", "neutral"), help="neutral: see the person at rest, too")
    model.add_argument(
        "--reference-fusion", choices=("attention", "difference"), help="how a frame is compared with its references"
    )
    model.add_argument("--reference-encoder", choices=("shared", "own"))
    model.add_argument(
        "--expression-hidden-size", type=int, metavar="N", help="hidden layer of the expression head; 0: none; small 96"
    )
    distillation = parser.add_argument_group("distillation")
    distillation.add_argument("--teacher", help="model directory trained with --input heatmap, to distil from")
    distillation.add_argument(
        "--cache-teacher", metavar="DIR", help="run the teacher once a frame, unvaried, and keep its outputs in DIR"
    )
    for term, what in {"pspi": "its PSPI (0.1)", "au": "its AUs (0.3)", "feature": "its class token (0.5)"}.items():
        distillation.add_argument(f"--distillation-{term}", type=float, metavar="W", help=f"weight of {what}")
    recipe = parser.add_argument_group("recipe (default: the preset's)")
    recipe.add_argument("--epochs", type=int, help="scratch 50, paper 100, v5 150, small 30; 5 from a small --start")
    recipe.add_argument("--max-steps", type=int, help="stop after so many steps")
    recipe.add_argument("--max-minutes", type=float, metavar="M", help="stop training after M minutes, keep the best")
    recipe.add_argument("--lr", type=float, help="of the heads; the backbone's keeps its ratio to it")
    recipe.add_argument(
        "--sampler",
        choices=("natural", "balanced", "pain-twice"),
        help="balanced: each PSPI class equally likely; pain-twice: PSPI >= 1 drawn twice",
    )
    recipe.add_argument(
        "--heatmap-weight",
        type=float,
        metavar="W",
        help="of learning the heatmaps; scratch 10; 0 for data without them",
    )
    recipe.add_argument(
        "--attention-weight",
        type=float,
        metavar="W",
        help="of where the AU queries look; for data made with --geometry",
    )
    recipe.add_argument("--lora-rank", type=int, help="LoRA on the backbone's attention, merged in the end; 0: none")
    recipe.add_argument("--tune", type=int, metavar="N", help="train the backbone's last N layers; 0: none of it")
    recipe.add_argument("--layer-decay", type=float, metavar="D", help="rate of each layer over that of the next (1)")
    recipe.add_argument("--freeze-epochs", type=int, metavar="N", help="epochs in which only the heads learn; paper 5")
    recipe.add_argument(
        "--features", metavar="DIR", help="of a frozen backbone (--tune 0): run it once and keep its tokens in DIR"
    )
    recipe.add_argument(
        "--feature-copies",
        type=int,
        metavar="N",
        help="how often each frame is kept there, varied another way; small 2",
    )
    recipe.add_argument(
        "--augmentation",
        choices=("none", "light", "appearance", "geometry", "strong"),
        help="of training frames; small strong, others light",
    )
    recipe.add_argument("--reference-dropout", type=float, help="share of training frames without their reference")
    recipe.add_argument(
        "--same-view-share",
        type=float,
        metavar="S",
        help="share of training frames whose neutral picture is one of their own view; small 0.6, others 0",
    )
    recipe.add_argument(
        "--other-day-share",
        type=float,
        default=0.5,
        metavar="S",
        help="share of training frames whose neutral picture is one of another day, where the data have any (0.5)",
    )
    recipe.add_argument(
        "--without-others", action="store_true", help="leave out faces that move without pain: smiles, speech, yawns"
    )
    recipe.add_argument(
        "--pictures", type=int, metavar="N", help="train on at most N frames of each person, one of them neutral (all)"
    )
    recipe.add_argument(
        "--smile-weight",
        type=float,
        metavar="W",
        help="of smiles, where pain is told from other expressions; small 4",
    )
    recipe.add_argument("--lambda-au", type=float, help="weight of the AU loss")
    recipe.add_argument(
        "--bf16",
        action=argparse.BooleanOptionalAction,
        help="default: on a GPU, but not for scratch; slow on a CPU without AVX-512 BF16 or AMX",
    )
    recipe.add_argument(
        "--workers",
        type=int,
        default=0,
        help="loader processes, default 0: none; the frames that a quarter of the memory holds are decoded once",
    )


def run(args: argparse.Namespace) -> int:
    from dataclasses import fields

    import datasets
    from transformers.utils import logging

    from ..training.options import RunOptions
    from ..training.run import train

    logging.disable_progress_bar()
    datasets.disable_progress_bars()
    options = RunOptions(**{field.name: getattr(args, field.name) for field in fields(RunOptions)})
    with _held(args.out):
        record = train(options, args.out, resume=args.resume, workers=args.workers)
    if not _is_first():
        return 0
    if args.json:
        print(json.dumps(record, indent=1))
    else:
        best, interval = record["best"], record["calibration"]
        print(
            f"{args.out}: {record['parameters']:,} parameters, {record['steps']} steps in {record['seconds']:.0f} s; "
            f"best epoch {best['epoch']}, PSPI MAE on validation {best['validation_pspi_mae']:.3f}; "
            f"{interval['level']:.0%} intervals hold {interval['coverage_after']:.0%} of it"
        )
        data = record["data"]
        if data["frames_without_au"]["train"] == data["frames"]["train"]:
            print("the data have no action units: nothing taught this model its AU outputs")
    return 0


def _is_first() -> bool:
    """Whether this is the first of several processes of a run, which prints and holds the directory."""
    return os.environ.get("RANK", "0") == "0"


@contextlib.contextmanager
def _held(out: Path) -> Iterator[None]:
    """Holds `out` for this run alone. Raises InvalidInput where another one writes it, WorkFailed where none can."""
    from dataset_script.storage import locked, reporting_write_errors

    if not _is_first():
        yield
        return
    is_new = not out.exists()
    with reporting_write_errors(out):
        out.mkdir(parents=True, exist_ok=True)
    try:
        with locked(out):
            yield
    finally:
        with contextlib.suppress(OSError):  # it holds something
            if is_new:
                out.rmdir()
