"""Programs that need packages which this Python must not have run in a Python of their own."""

import os
from pathlib import Path

from dataset_script.errors import WorkFailed


def find_other_python(variable: str, local: Path, need: str, install: str) -> str:
    """The path of the Python that the environment variable names, else of `local` in the current directory.

    Args:
        need: who needs it, as in "the judges need a Python of their own".
        install: how to make it, as in "to make it: python3 -m venv ...".

    Raises:
        WorkFailed: there is none; the message says what was looked for and how to make it.
    """
    named = os.environ.get(variable)
    python = Path(named) if named else local
    if not os.access(python, os.X_OK):
        where = f"{variable} is {named}" if named else f"{variable} is not set and there is no {python}"
        raise WorkFailed(f"{need}, and {where}; {install}")
    return str(python.absolute())
