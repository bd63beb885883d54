"""Functions that Numba compiles, cached on disk by the content of the whole package.

Numba looks only at the file of a function to see whether its cache is stale, not at the files of what the function
calls: after an update it would go on running what the former version compiled. Here the name of every cache file holds
a digest of the package. Where the files lie is left to Numba: in $NUMBA_CACHE_DIR, else in the `__pycache__` beside the
source, else in the user's cache directory.
"""

import contextlib
import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from dataset_script.extras import with_hint

try:
    from numba import njit
    from numba.core.caching import CompileResultCacheImpl, FunctionCache
except ModuleNotFoundError as missing:
    raise with_hint(__name__, missing) from None

PACKAGE = Path(__file__).parent


@functools.cache
def package_digest() -> str:
    """16 hexadecimal digits that change with any source file of the package."""
    digest = hashlib.sha256()
    for file in sorted(PACKAGE.rglob("*.py")):
        digest.update(f"{file.relative_to(PACKAGE)}\0{file.stat().st_size}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


class _PackageFiles(CompileResultCacheImpl):
    """Names of the cache files of a function."""

    def get_filename_base(self, fullname: str, abiflags: str) -> str:
        self.every_version = f"{fullname}-"
        return f"{super().get_filename_base(fullname, abiflags)}-{package_digest()}"


class _PackageCache(FunctionCache):
    _impl_class = _PackageFiles

    def save_overload(self, sig: Any, data: Any) -> None:
        """Saves compiled code and removes what other versions of the package left of this function."""
        super().save_overload(sig, data)
        for file in Path(self.cache_path).glob(f"{self._impl.every_version}*"):
            if package_digest() not in file.name:
                file.unlink(missing_ok=True)


def kernel(
    function: Callable | None = None, *, inline: Literal["never", "early", "late"] = "never", allocates: bool = True
) -> Any:
    """A decorator: `function` is compiled by `numba.njit` for each combination of types that it is first called with.

    Args:
        inline: whether it is put in place of its calls from other kernels. "early": before types are inferred, which
            gives the fastest code where arguments are records; "late": after that, which compiles faster where there
            are many calls.
        allocates: False for a function that makes no arrays. Then references to arrays are not counted, which otherwise
            takes up to half of the time in loops that read arrays out of records.

    Division by zero gives infinity or NaN, as in NumPy. If no directory can be written to, nothing is cached and every
    process compiles anew.
    """
    if function is None:
        return functools.partial(kernel, inline=inline, allocates=allocates)
    compiled = njit(
        inline="always" if inline == "early" else "never",
        forceinline=inline == "late",
        _nrt=allocates,
        error_model="numpy",
        no_cfunc_wrapper=True,
    )(function)
    with contextlib.suppress(RuntimeError):  # Numba found no place for its files
        compiled._cache = _PackageCache(function)
    return compiled
