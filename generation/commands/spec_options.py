"""Options of a command from the fields of the specification, so that none can be forgotten."""

import argparse
from dataclasses import Field, fields
from typing import Any

from dataset_script.spec import Spec
from dataset_script.spec_rules import Choice, Flag, Name, Real, Whole

from ..catalogue import CATALOGUE, HEADS


def add_spec_arguments(parser: argparse.ArgumentParser, *names: str) -> None:
    """An option for each of the fields `names`; without any, for every field that has something to choose."""
    for field in fields(Spec):
        if field.metadata["help"] and (field.name in names or (not names and len(_choices(field)) != 1)):
            _add(parser, field)


def spec_values(args: argparse.Namespace) -> dict[str, Any]:
    """The fields of the specification that a command line gave, by name."""
    names = {field.name for field in fields(Spec)}
    return {name: value for name, value in vars(args).items() if name in names and value is not None}


def _choices(field: Field) -> tuple[str, ...]:
    """The words that a field may hold; none where it is no word."""
    match field.metadata["rule"]:
        case Choice(allowed):
            return allowed
        case Name():
            return tuple(CATALOGUE[field.name])
    return ()


def _add(parser: argparse.ArgumentParser, field: Field) -> None:
    option, words = f"--{field.name.replace('_', '-')}", field.metadata["help"]
    default = "" if field.default is None else f" ({field.default})"
    match field.metadata["rule"]:
        case Flag():
            parser.add_argument(option, action="store_true", default=None, help=words)
        case Whole():
            parser.add_argument(option, type=int, metavar="N", help=words + default)
        case Real():
            parser.add_argument(option, type=float, metavar="X", help=words + default)
        case _:
            choices = " or ".join(_choices(field)) + (
                ", or a mesh file" if field.name == "head" and "mesh" in HEADS else ""
            )
            parser.add_argument(option, metavar="NAME", help=f"{words}: {choices}{default}")
