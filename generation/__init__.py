"""The generator: from a specification to frames."""

import hashlib
import os
from pathlib import Path


def _keep_compiled_code_apart() -> None:
    """Compiled kernels are cached by the content of the whole package.

    Numba looks only at the file of a function to see whether its cache is stale, not at the files of what it calls: after
    an update a kernel would go on painting what the former version painted. Where the package cannot be written to, Numba
    finds a place by itself; a `NUMBA_CACHE_DIR` that the user has set stays.
    """
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        digest.update(file.read_bytes())
    if os.access(package, os.W_OK):
        os.environ.setdefault("NUMBA_CACHE_DIR", str(package / "__pycache__" / f"numba-{digest.hexdigest()[:16]}"))


_keep_compiled_code_apart()
