"""The how-to pages are followed to the letter: their files written, their changes applied, their commands run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
PROGRAMS = {"pain3d": ["-m", "pain3d_cli"], "pytest": ["-m", "pytest", "-p", "no:cacheprovider"]}

pytestmark = pytest.mark.slow


def blocks(page: str) -> list[tuple[str, str, str]]:
    """(language, file name or "", text) of every code block of a page."""
    return BLOCK.findall((ROOT / "docs" / page).read_text(encoding="utf-8"))


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A copy of the code. Compiled kernels come along, so that nothing is compiled again."""
    skipped = shutil.ignore_patterns(".*", "build", "site", "*.egg-info")
    return Path(shutil.copytree(ROOT, tmp_path / "checkout", ignore=skipped, copy_function=shutil.copy2))


def run(command: str, folder: Path, code: Path) -> None:
    program, *arguments = command.partition("  #")[0].split()
    environment = os.environ | {"PYTHONPATH": f"{code}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    call = [sys.executable, *PROGRAMS[program], *arguments]
    done = subprocess.run(call, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", ["add-a-head.md", "add-a-renderer.md", "add-a-metric.md"])
def test_a_part_is_added_as_its_page_says(page, checkout):
    commands = []
    for language, name, text in blocks(page):
        if name:
            target = checkout / name
            assert not target.exists(), f"{page} writes {name}, which is there"
            target.parent.mkdir(exist_ok=True)
            target.write_text(text, encoding="utf-8")
        elif language == "diff":
            done = subprocess.run(["git", "apply", "-"], cwd=checkout, input=text, capture_output=True, text=True)
            assert done.returncode == 0, f"{page}: {done.stderr}"
        else:
            assert language == "sh"
            commands += text.splitlines()
    assert commands
    lint = subprocess.run([sys.executable, "-m", "ruff", "check", "--quiet", "."], cwd=checkout, capture_output=True)
    assert lint.returncode == 0, lint.stdout.decode()
    for command in commands:
        run(command, checkout, checkout)


def test_fine_tuning_works_as_its_page_says(tmp_path):
    """On pictures of noise."""
    found = {language: text for language, _, text in blocks("fine-tuning.md") if language == "csv"}
    header, *lines = found["csv"].splitlines()
    people = {"anna": ["anna", "cleo", "emil"], "ben": ["ben", "dora", "finn"]}
    rows = [line.replace(name, each) for line in lines for name in people if name in line for each in people[name]]
    for k, row in enumerate(rows):
        picture = tmp_path / "pictures" / row.partition(",")[0]
        picture.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(k).integers(0, 255, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(noise).save(picture)
    (tmp_path / "pictures" / "labels.csv").write_text("\n".join([header, *rows]) + "\n")
    shell = [line for language, _, text in blocks("fine-tuning.md") if language == "sh" for line in text.splitlines()]
    for command in shell[:3]:
        run(command, tmp_path, ROOT)
    assert (tmp_path / "tuned" / "config.json").is_file()
