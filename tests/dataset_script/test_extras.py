"""What to install where a module is missing."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from dataset_script.extras import EXTRA_OF, hint, with_hint

ROOT = Path(__file__).parents[2]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]


def names(extra: str) -> set[str]:
    """The distributions that an extra lists itself, in lower case, with hyphens."""
    required = {re.split(r"[^\w.-]", requirement, maxsplit=1)[0] for requirement in EXTRAS[extra]}
    return {name.lower().replace("_", "-") for name in required} - {"pain3d"}


def test_every_extra_that_is_named_exists_and_brings_the_module():
    distributions = packages_distributions()
    for module, extra in EXTRA_OF.items():
        brought = {name.lower().replace("_", "-") for name in distributions[module]}
        assert brought & names(extra), f"{extra} does not bring {module}"


def test_every_distribution_of_an_extra_has_a_hint():
    installed = packages_distributions()
    hinted = {name.lower().replace("_", "-") for module in EXTRA_OF for name in installed[module]}
    listed = set().union(*(names(extra) for extra in EXTRAS if extra not in ("all", "dev", "docs")))
    assert listed - hinted == {"setuptools"}  # only for building pytorch3d


def test_a_hint_is_one_line_that_can_be_pasted():
    missing = ModuleNotFoundError("No module named 'numba.core'", name="numba.core")
    assert hint(missing) == "needs numba.core: pip install 'pain3d[generation]'"
    told = with_hint("generation.pipeline", missing)
    assert (str(told), told.name) == (f"generation.pipeline {hint(missing)}", "numba.core")


def test_what_no_extra_brings_stays_as_it_is():
    missing = ModuleNotFoundError("No module named 'typo'", name="typo")
    assert hint(missing) is None
    assert with_hint("generation.pipeline", missing) is missing


@pytest.mark.parametrize(
    ("without", "module", "extra"),
    [
        ("scipy", "generation.pipeline", "generation"),
        ("numba", "generation.kernels", "generation"),
        ("transformers", "modeling_vitpain", "model"),
        ("torch", "modeling_vitpain", "model"),
    ],
)
def test_importing_without_the_extra_says_which(without, module, extra):
    code = f"import sys; sys.modules[{without!r}] = None; import {module}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    expected = rf"ModuleNotFoundError: {module} needs {without}\S*: pip install 'pain3d\[{extra}\]'"
    assert re.fullmatch(expected, run.stderr.splitlines()[-1])
