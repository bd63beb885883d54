"""The checks of what becomes a Space: a metric, which `evaluate` loads from there, and a demo."""

import ast
import html
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from dataset_script.errors import InvalidInput
from dataset_script.hub_readme import README

from .card import Card, read_card
from .files import PublishedFile, all_files, root_files
from .publication import Findings

METRIC_SUFFIXES = (".md", ".py", ".txt", ".html")
SDKS = ("gradio", "static", "docker")
_LOADING_SECONDS = 300
_WRITER = "begin it with a YAML block: title, sdk, license"


def check_metric(directory: Path, repo_id: str) -> Findings:
    """Loads a copy of a metric with `evaluate` in a process of its own, and checks its card.

    Raises:
        InvalidInput: the directory holds no metric, or `repo_id` is not named as its script.
    """
    name = directory.resolve().name
    if not (directory / f"{name}.py").is_file():
        raise InvalidInput(f"{directory} is no metric: there is no {name}.py in it")
    if repo_id.partition("/")[2] != name:
        raise InvalidInput(
            f"--repo-id is {repo_id}; allowed: OWNER/{name}, as `evaluate.load` looks for a script of that name"
        )
    files = root_files(directory, METRIC_SUFFIXES)
    card = read_card(directory, _WRITER)
    if card.data.get("sdk") == "static" and "index.html" not in {file.path for file in files}:
        files.append(_page(directory, card))
    return Findings(
        files=files,
        problems=[*_loading_problems(name, files), *card.problems, *_sdk_problems(card, SDKS)],
        stale=("*.py",),
        sdk=card.data.get("sdk"),
    )


def check_demo(directory: Path) -> Findings:
    """Checks that a directory is a Gradio Space: card, program, Python that compiles, licences of what lies inside.

    Raises:
        InvalidInput: it is no directory of that kind.
        WorkFailed: a dataset or a model inside it is damaged.
    """
    from .parts import part_problems  # the generator: only where a demo is published

    card = read_card(directory, _WRITER)
    program = str(card.data.get("app_file", "app.py"))
    files = all_files(directory)
    if program not in {file.path for file in files}:
        raise InvalidInput(f"{directory} is no demo: there is no {program} in it")
    return Findings(
        files=files,
        problems=[
            *card.problems,
            *_sdk_problems(card, ("gradio",)),
            *_compiling_problems(files),
            *part_problems(directory, files),
        ],
        stale=("*.py",),
        sdk=card.data.get("sdk"),
        notes=[]
        if (directory / "requirements.txt").is_file()
        else ["there is no requirements.txt: the Space gets none"],
    )


def _page(directory: Path, card: Card) -> PublishedFile:
    """What a static Space shows: the text of its card."""
    title, body = html.escape(str(card.data.get("title", directory.name))), html.escape(card.body)
    text = f'<!doctype html>\n<meta charset="utf-8">\n<title>{title}</title>\n<pre>{body}</pre>\n'
    return PublishedFile("index.html", directory / README, text.encode(), "the text of README.md")


def _sdk_problems(card: Card, allowed: tuple[str, ...]) -> list[str]:
    if card.problems or card.data.get("sdk") in allowed:
        return []
    return [f"README.md: `sdk` is {card.data.get('sdk')!r}; allowed: {', '.join(allowed)}"]


def _compiling_problems(files: list[PublishedFile]) -> list[str]:
    problems = []
    for file in files:
        if file.path.endswith(".py"):
            try:
                ast.parse(file.source.read_bytes())
            except (SyntaxError, ValueError) as error:
                problems.append(f"{file.path}: {error}")
    return problems


def _loading_problems(name: str, files: list[PublishedFile]) -> list[str]:
    """Why a copy of exactly these files does not load; it must not need what lies beside them."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place, name)
        copy.mkdir()
        for file in files:
            if file.content is None:
                shutil.copyfile(file.source, copy / file.path)
        caches = {"HF_HOME": f"{place}/home", "HF_MODULES_CACHE": f"{place}/modules", "HF_HUB_OFFLINE": "1"}
        try:
            done = subprocess.run(
                [sys.executable, "-c", "import evaluate, sys; evaluate.load(sys.argv[1])", str(copy)],
                capture_output=True,
                text=True,
                cwd=place,
                env={**os.environ, **caches},
                timeout=_LOADING_SECONDS,
            )
        except subprocess.TimeoutExpired:
            return [f"{name}.py: `evaluate.load` takes more than {_LOADING_SECONDS} s"]
    if done.returncode == 0:
        return []
    last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
    return [f"{name}.py: `evaluate.load` cannot load it: {last}"]
