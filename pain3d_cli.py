"""The front door: `pain3d COMMAND …`. Each command lives in its package and is imported only when it is called.

A command is a module with `HELP` (one line), `EXAMPLE` (one call), `add_arguments(parser)` and `run(args) -> int`.
`RAW_NAMES`, where it has it, lists the options whose file names may be of any bytes.
Exit codes: 0 done, 1 the work failed, 2 the call was wrong, 130 stopped by Ctrl-C, 141 the reader of a pipe ended.
"""

import argparse
import os
import sys
from pathlib import PurePath

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.extras import hint
from dataset_script.lazy import import_alone
from dataset_script.names import is_text, meant_name, why_no_text
from dataset_script.terminal import CLOSED_PIPE, one_line, output_failed, robust_streams

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 + SIGINT, as shells report it."""

COMMANDS: dict[str, tuple[str, str]] = {
    # name: (module, what it does)
    "generate": ("generation.commands.generate", "make a dataset, or finish one that was interrupted"),
    "frame": ("generation.commands.frame", "make one frame of a dataset again, alone"),
    "render": ("generation.commands.render", "one face by hand: choose who, which AUs, which camera"),
    "merge": ("generation.commands.merge", "join the shares of a dataset that several machines made"),
    "bench": ("generation.commands.bench", "how long and how expensive the full set is here and elsewhere"),
    "gallery": ("generation.commands.gallery", "a picture of a dataset: identities x expressions x views"),
    "verify": ("generation.commands.verify", "check every shard, row and picture of a dataset"),
    "info": ("dataset_script.commands.info", "what a dataset directory holds"),
    "import": ("dataset_script.commands.import_data", "turn other people's data into a dataset directory"),
    "convert": ("modeling_vitpain.commands.convert", "turn the authors' checkpoint into a model directory"),
    "train": ("modeling_vitpain.commands.train", "fine-tune ViTPain on a dataset"),
    "predict": ("modeling_vitpain.commands.predict", "PSPI and action units of pictures and videos, to CSV"),
    "explain": ("evaluation.commands.explain", "check where a model looks against where the face moved"),
    "export": ("modeling_vitpain.commands.export", "a model as ONNX, checked against the original"),
    "evaluate": ("evaluation.commands.evaluate", "score a model beside trivial predictors"),
    "cross-validate": ("evaluation.commands.cross_validate", "train and test a model on every fold of a protocol"),
    "card": ("model_cards.commands.card", "write the dataset card or the model card"),
    "publish": ("model_cards.commands.publish", "put a dataset, model, metric or demo on the Hub"),
    "demo": ("model_cards.commands.demo", "serve a page: make faces, score a picture, browse a dataset"),
}


def build_parser(command: str | None) -> argparse.ArgumentParser:
    """The parser; only `command`'s module is imported to fill in its arguments."""
    parser = argparse.ArgumentParser(
        prog="pain3d", description="Synthetic faces in pain, and the models that read them."
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="the release, the generator's version, the commit")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (module_name, text) in COMMANDS.items():
        sub = subparsers.add_parser(name, help=text, formatter_class=argparse.RawDescriptionHelpFormatter)
        if name == command:
            module = import_alone(module_name)
            sub.description, sub.epilog = module.HELP, f"example:\n  {module.EXAMPLE}"
            module.add_arguments(sub)
            sub.set_defaults(run=module.run, raw_names=getattr(module, "RAW_NAMES", ()))
    return parser


class _Version(argparse.Action):
    """Prints the version and ends. What it prints is found out only then."""

    def __call__(self, parser: argparse.ArgumentParser, *given: object) -> None:
        print(import_alone("dataset_script.release").version_line())
        parser.exit()


def main(argv: list[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    argv = sys.argv[1:] if argv is None else argv
    command = next((word for word in argv if not word.startswith("-")), None)
    try:
        with robust_streams():
            return _run(argv, command)
    except BrokenPipeError:
        return CLOSED_PIPE
    except WorkFailed as error:
        return _report(error, 1)


def _parsed(argv: list[str], command: str | None) -> argparse.Namespace:
    """The arguments. What the parser does not know may be a file that is called like an option."""
    parser = build_parser(command)
    args, unknown = parser.parse_known_args(argv)
    if unknown:
        files = [word for word in unknown if os.path.lexists(word)]
        hint = f"; a file whose name begins with a dash is named ./{files[0]}" if files else ""
        parser.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
    return args


def _run(argv: list[str], command: str | None) -> int:
    try:
        args = _parsed(argv, command)
        _check_working_directory()
        _find_meant_paths(args)
        _check_names(args)
        return args.run(args)
    except InvalidInput as error:
        return _report(error, 2)
    except WorkFailed as error:
        return _report(error, 1)
    except OSError as error:
        if output_failed():
            raise
        return _report(error, 1)
    except ModuleNotFoundError as error:
        if (needed := hint(error)) is None:
            raise
        return _report(f"{command} {needed}", 1)
    except KeyboardInterrupt:
        return _report("stopped; run the same command again to go on", INTERRUPTED)


def _report(error: object, code: int) -> int:
    """Says on standard error, in one line, why the command ends with `code`."""
    print(f"pain3d: {one_line(error)}", file=sys.stderr)
    return code


def _check_working_directory() -> None:
    """Refuses to work from a directory that was deleted: absolute paths, too, are made in relation to it."""
    try:
        os.getcwd()
    except FileNotFoundError:
        raise InvalidInput("the working directory no longer exists: cd to one that does") from None


def _find_meant_paths(args: argparse.Namespace) -> None:
    """Makes the paths that were given those that are meant, see `meant_name`."""
    for option, value in vars(args).items():
        if isinstance(value, list):
            setattr(args, option, [_meant(name) for name in value])
        else:
            setattr(args, option, _meant(value))


def _meant(value: object) -> object:
    return type(value)(meant_name(str(value))) if isinstance(value, (str, PurePath)) else value


def _check_names(args: argparse.Namespace) -> None:
    """Refuses names that are no UTF-8 before the work begins, but for options that a command can use so (`raw_names`).

    Arrow, safetensors and the README of a dataset take text alone.
    """
    for option, value in vars(args).items():
        for name in value if isinstance(value, list) else [value]:
            if isinstance(name, (str, PurePath)) and option not in args.raw_names and not is_text(name):
                raise InvalidInput(f"{option.replace('_', '-')} is {name!s}: {why_no_text(name)}")


if __name__ == "__main__":
    sys.exit(main())
