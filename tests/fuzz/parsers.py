"""All parsers of the fuzz run, by name. Each file of them is imported when one of its own is wanted."""

import importlib

from parser import Parser

FILES = ("pictures", "labels", "meshes", "models", "records")


def parser_of(name: str) -> Parser:
    """The parser of that name, FILE.WHAT."""
    return next(parser for parser in _of_file(name.partition(".")[0]) if parser.name == name)


def all_parsers() -> list[Parser]:
    return [parser for file in FILES for parser in _of_file(file)]


def _of_file(file: str) -> list[Parser]:
    return importlib.import_module(file).PARSERS
