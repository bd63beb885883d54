"""`pain3d evaluate`: scores a model on one split of a dataset, or on BioVid, beside trivial predictors."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from dataset_script.errors import InvalidInput
from dataset_script.lazy import import_alone

if TYPE_CHECKING:
    from ..split.run import Evaluated

HELP = "Score a model on one split of a dataset; writes metrics.json and metrics.md and prints the tables."
EXAMPLE = """pain3d evaluate vitpain-tiny --data pain3d
  pain3d evaluate vitpain-tiny --data biovid --protocol biovid --find-faces"""
_BIOVID = "biovid"
_NOT_OF_BIOVID = {"split": None, "input": "image", "against": None, "fairness": False, "plots": False}
_NOT_OF_BIOVID |= {"tables": False, "figures": False}
_OF_BIOVID = {"subjects": None, "find_faces": False, "face_model": None}

scoring_options = import_alone("evaluation.commands.scoring_options")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a saved ViTPain: directory, Hub name or vitpain-small")
    parser.add_argument("--data", required=True, metavar="DIR", help="a dataset directory")
    parser.add_argument("--split", help="train, validation or test (test); thresholds and trivial rows need the others")
    parser.add_argument("--input", default="image", choices=("image", "heatmap"), help="what the model sees (image)")
    parser.add_argument("--out", metavar="DIR", help="where the results go (the model's directory)")
    parser.add_argument("--against", metavar="MODEL", help="another model: the difference, with intervals and p-values")
    parser.add_argument("--batch-size", type=int, default=32, help="frames at a time (32)")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap (0)")
    scoring_options.add_scoring_arguments(parser)
    group = parser.add_argument_group("BioVid, whose labels are stimulus levels")
    group.add_argument(
        "--protocol",
        nargs="?",
        action=_Protocol,
        metavar=_BIOVID,
        help="BL1 against PA4 by the predicted PSPI of clips, leave one subject out; writes biovid.json and .md",
    )
    group.add_argument("--subjects", type=int, metavar="N", help="87, or the 67 whose faces react (87)")
    group.add_argument("--find-faces", action="store_true", help="find the faces first; needs pain3d[faces]")
    group.add_argument("--face-model", type=Path, metavar="FILE", help="YuNet's weights (those of pain3d[faces])")


def run(args: argparse.Namespace) -> int:
    scoring_options.check_scoring_arguments(args)
    scoring_options.check_out(args)
    _refuse(args, _OF_BIOVID if args.protocol is None else _NOT_OF_BIOVID)
    return _evaluate_split(args) if args.protocol is None else _evaluate_biovid(args)


def _refuse(args: argparse.Namespace, options: dict[str, object]) -> None:
    """Raises InvalidInput where one of `options` (name -> default) is given: this call does not take it."""
    for name, default in options.items():
        if getattr(args, name) != default:
            word = "only with" if args.protocol is None else "not with"
            raise InvalidInput(f"--{name.replace('_', '-')} is allowed {word} --protocol {_BIOVID}")
    if args.face_model is not None and not args.find_faces:
        raise InvalidInput("--face-model was given without faces to be found; allowed is beside --find-faces")


def _evaluate_biovid(args: argparse.Namespace) -> int:
    import datasets

    from ..markdown import write_report
    from ..stimulus.report import to_markdown
    from ..stimulus.run import SUBJECTS, Settings, evaluate_stimuli

    datasets.disable_progress_bars()
    subjects = SUBJECTS[0] if args.subjects is None else args.subjects
    settings = Settings(subjects, args.find_faces, args.face_model, args.batch_size, args.resamples, args.seed)
    found = evaluate_stimuli(args.model, args.data, settings)
    text = to_markdown(found)
    paths = write_report(Path(args.out or args.model), _BIOVID, found, text)
    scoring_options.print_report(found if args.json else None, text, paths)
    return 0


def _evaluate_split(args: argparse.Namespace) -> int:
    from dataclasses import fields

    from ..split.report import to_markdown
    from ..split.run import Settings, evaluate_model

    given = {field.name: getattr(args, field.name) for field in fields(Settings)}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})
    evaluated = evaluate_model(args.model, args.data, settings)
    text = to_markdown(evaluated.result)
    paths = _write(args, evaluated, text)
    scoring_options.print_report(evaluated.result if args.json else None, text, paths)
    return 0


def _write(args: argparse.Namespace, evaluated: "Evaluated", text: str) -> list[Path]:
    """The reports that were asked for; returns their paths."""
    from ..markdown import write_report

    result, out = evaluated.result, Path(args.out or args.model)
    paths = write_report(out, "metrics", result, text)
    if args.fairness:
        from ..fairness.gaps import fairness
        from ..fairness.report import write_fairness

        found = fairness(evaluated.predictions, evaluated.calibration, args.resamples, args.seed)
        paths += write_fairness({"context": result["context"], **found}, out, args.plots)
    if args.tables:
        from ..paper.report import write_tables
        from ..paper.tables import tables_of_split

        paths += write_tables(tables_of_split(result), out)
    if args.figures:
        from ..paper.figures import write_figures  # needs matplotlib

        paths += write_figures(evaluated.predictions, out)
    return paths


class _Protocol(argparse.Action):
    """Takes "biovid"; protocols that train are named in an answer, whatever else is given."""

    def __call__(self, _: object, args: argparse.Namespace, value: str | None, option: str | None = None) -> None:
        if value != _BIOVID:
            raise InvalidInput(
                f"evaluate scores a model, by itself or with --protocol {_BIOVID}; to run a protocol that trains: "
                "pain3d cross-validate DATA --protocol NAME"
            )
        args.protocol = value
