"""The folder of a Space: the page's program, the packages it runs, and what they need from PyPI.

It holds all that Pain3D is, so that it needs no release of it on PyPI; `pain3d publish --demo` puts it on the Hub.
"""

import importlib.metadata
import shutil
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

import model_cards
from dataset_script.directory import DatasetDirectory
from dataset_script.errors import InvalidInput, WorkFailed
from modeling_vitpain.prediction.load import located

EXTRA = "demo"
PARTS = ("pain3d_cli.py", "dataset_script", "generation", "modeling_vitpain", "model_cards", "checkpoints")
"""What is copied, from where this module lies."""

_DISTRIBUTION = "pain3d"
_TEMPLATE = Path(__file__).parents[1] / "templates" / "space_card.md"
_PROGRAM = '''"""The Space: `pain3d demo`, for everybody who comes."""

import os
import sys
from pathlib import Path

from pain3d_cli import main

here = Path(__file__).resolve().parent
given = [word for name in ("model", "data") if (here / name).is_dir() for word in (f"--{name}", str(here / name))]
sys.exit(main(["demo", "--host", "0.0.0.0", "--port", os.environ.get("GRADIO_SERVER_PORT", "7860"), *given]))
'''


def write_space(out: Path, model: str | None, data: Path | None) -> None:
    """Writes the folder.

    Args:
        out: where; must not be there, or be empty.
        model: a directory, or None: the model that comes with the package, where it does.
        data: a generated dataset to be browsed; None: none.

    Raises:
        InvalidInput: `out` holds something, `model` is no directory, or `data` is imported data.
        WorkFailed: Pain3D is not installed, so that nothing says what it needs.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InvalidInput(f"--space is {out}; allowed is a new or an empty folder")
    if model is not None and not Path(located(model)).is_dir():
        raise InvalidInput(f"--model is {model!r}; of a Space it must be a directory")
    if data is not None and DatasetDirectory.open(data).is_imported:
        raise InvalidInput(f"--data is {data}, which was imported: pictures of people are not put into a Space")
    requirements = "".join(f"{line}\n" for line in sorted(needed(EXTRA)))
    root = Path(model_cards.__file__).parents[1]
    out.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        _copy(root / part, out / part)
    for name, given in (("model", None if model is None else located(model)), ("data", data)):
        if given is not None:
            _copy(Path(given), out / name)
    (out / "app.py").write_text(_PROGRAM, encoding="utf-8")
    (out / "requirements.txt").write_text(requirements, encoding="utf-8")
    card = _TEMPLATE.read_text(encoding="utf-8")
    (out / "README.md").write_text(card.replace("{gradio}", importlib.metadata.version("gradio")), encoding="utf-8")


def needed(*extras: str) -> Iterator[str]:
    """What Pain3D with these extras needs from PyPI, as lines of a requirements.txt. Raises WorkFailed."""
    try:
        declared = [Requirement(line) for line in importlib.metadata.requires(_DISTRIBUTION) or ()]
    except importlib.metadata.PackageNotFoundError:
        raise WorkFailed("Pain3D is not installed, so nothing says what it needs: pip install .") from None
    wanted, seen, lines = ["", *extras], set(), set()
    while wanted:
        extra = wanted.pop()
        if extra in seen:
            continue
        seen.add(extra)
        for requirement in declared:
            if (requirement.marker is None) != (extra == ""):
                continue
            if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
                continue
            if requirement.name == _DISTRIBUTION:
                wanted += requirement.extras
            else:
                lines.add(f"{requirement.name}{requirement.specifier}")
    yield from lines


def _copy(source: Path, target: Path) -> None:
    """Copies a file, or a folder without what Python and Numba compiled."""
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    elif source.is_file():
        shutil.copyfile(source, target)
