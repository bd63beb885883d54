"""What `pain3d --version` prints."""

from .spec import GENERATOR_VERSION
from .version import VERSION, commit


def version_line() -> str:
    """Release, version of the generator (the same one gives the same bytes), and commit, where it is known."""
    return f"pain3d {VERSION} (generator {GENERATOR_VERSION}, commit {commit() or 'not known'})"
