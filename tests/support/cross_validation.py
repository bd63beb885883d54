"""`pain3d cross-validate` as tests call it."""

import json
from pathlib import Path

import pytest
from typed_dicts import mismatches

import pain3d_cli
from evaluation.protocols.results import CrossValidation

TINY = ("--preset", "scratch", "--batch-size", "8", "--resamples", "50")


def cross_validate(*words) -> int:
    return pain3d_cli.main(["cross-validate", *map(str, words)])


def read(directory: Path) -> dict:
    found = json.loads((directory / "cross_validation.json").read_text(), parse_constant=pytest.fail)
    assert mismatches(found, CrossValidation) == []
    return found
