"""Which release this is, and which commit it was made from."""

import os
import subprocess
from pathlib import Path

VERSION = "0.1.0"
"""The one place where it is written; `pyproject.toml` reads it here."""

STAMP = "commit.txt"
"""Name of the file beside this one in which a wheel or sdist says which commit it was built from; not in a checkout."""

CHANGED = " with changes"
_FOLDER = Path(__file__).parent
_CODE = ("pain3d_cli.py", "dataset_script", "generation", "modeling_vitpain", "evaluation", "model_cards")


def commit() -> str | None:
    """The commit of this code in 40 hexadecimal digits, then " with changes" where a file of it differs from that.

    A checkout asks git, an installation reads what its wheel was stamped with. None where neither is to be had: an
    archive without history, a checkout on a machine without git.
    """
    if (_FOLDER.parent / ".git").exists():
        return _from_git(_FOLDER.parent)
    stamp = _FOLDER / STAMP
    return stamp.read_text(encoding="ascii").strip() or None if stamp.is_file() else None


def _from_git(root: Path) -> str | None:
    """The commit of the checkout at `root`, if this code belongs to it; a history of something else says nothing."""
    if _git(root, "ls-files", "--error-unmatch", f"{_FOLDER.name}/{Path(__file__).name}") is None:
        return None
    head, changes = _git(root, "rev-parse", "HEAD"), _git(root, "status", "--porcelain", "--", *_CODE)
    if head is None or changes is None:
        return None
    return head + (CHANGED if changes else "")


def _git(root: Path, *arguments: str) -> str | None:
    """What git prints; None where it fails or is missing. Variables that name another repository are left out."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        process = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, env=environment, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return process.stdout.strip() if process.returncode == 0 else None
