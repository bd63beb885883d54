"""Compiled kernels: never stale, loaded from disk where they can be, and nobody else's settings are touched."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from generation import kernels

CALLER = """
from small.kernels import kernel
from small.callee import factor

@kernel
def scaled(x):
    return factor() * x
"""
CALLEE = """
from small.kernels import kernel

@kernel
def factor():
    return {}
"""
RUN = """
import json
from small.caller import scaled
value = scaled(10.0)
print(json.dumps([value, sum(scaled.stats.cache_hits.values()), sum(scaled.stats.cache_misses.values())]))
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package of two modules, one of which calls the other's kernel."""
    folder = tmp_path / "small"
    folder.mkdir()
    shutil.copy(kernels.__file__, folder / "kernels.py")
    (folder / "__init__.py").touch()
    (folder / "caller.py").write_text(CALLER)
    (folder / "callee.py").write_text(CALLEE.format(2.0))
    return folder


def run(package: Path, **environment: str) -> tuple[float, int, int]:
    """What `scaled(10.0)` is in a new process, and how often it was found on disk and not."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    inherited["XDG_CACHE_HOME"] = str(package.parent / "home")
    command = [sys.executable, "-B", "-c", RUN]
    done = subprocess.run(command, cwd=package.parent, env=inherited | environment, capture_output=True, check=True)
    return tuple(json.loads(done.stdout))


def cached(folder: Path) -> list[str]:
    """Names of the cache files of `scaled` under a folder."""
    return sorted(file.name for file in folder.rglob("caller.scaled-*"))


def test_a_kernel_is_compiled_once_and_again_after_a_change_of_what_it_calls(package):
    assert run(package) == (20.0, 0, 1)
    assert run(package) == (20.0, 1, 0)
    before = cached(package / "__pycache__")
    (package / "callee.py").write_text(CALLEE.format(3.0))
    assert run(package) == (30.0, 0, 1)
    after = cached(package / "__pycache__")
    assert len(before) == len(after) == 2 and not set(before) & set(after)  # what cannot be used any more is gone
    assert run(package) == (30.0, 1, 0)


def test_a_directory_that_the_user_names_is_used(package, tmp_path):
    named = str(tmp_path / "named")
    assert run(package, NUMBA_CACHE_DIR=named) == (20.0, 0, 1)
    assert len(cached(Path(named))) == 2 and not (package / "__pycache__").exists()
    (package / "callee.py").write_text(CALLEE.format(3.0))
    assert run(package, NUMBA_CACHE_DIR=named) == (30.0, 0, 1)


def test_where_the_package_cannot_be_written_to_the_cache_is_in_the_users_directory(package, tmp_path):
    (package / "__pycache__").touch()  # a file where the directory would be: not even root can write into it
    assert run(package) == (20.0, 0, 1)
    assert run(package) == (20.0, 1, 0)
    assert len(cached(tmp_path / "home")) == 2


def test_without_any_place_for_a_cache_kernels_work(package, tmp_path):
    (package / "__pycache__").touch()
    (tmp_path / "home").touch()
    assert run(package) == run(package) == (20.0, 0, 1)


def test_importing_the_generator_leaves_the_environment_alone():
    program = (
        "import os, threadpoolctl; before = dict(os.environ)\n"  # which sets a variable of its own
        "import generation.pipeline, generation.render.raster.renderer, numba\n"
        "assert dict(os.environ) == before, set(os.environ.items()) ^ set(before.items())\n"
        "assert not numba.config.CACHE_DIR\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)


def test_every_kernel_of_the_generator_is_cached_by_the_content_of_the_package():
    source = {file: file.read_text() for file in kernels.PACKAGE.rglob("*.py")}
    assert [file.name for file, text in source.items() if "njit" in text] == ["kernels.py"]
    assert len(kernels.package_digest()) == 16
