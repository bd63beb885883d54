"""The documentation: links lead somewhere, commands and options exist, the site fetches nothing."""

import argparse
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

import pain3d_cli
from dataset_script.version import VERSION

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "THIRD_PARTY.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "evaluation").rglob("README.md")),
    *sorted((ROOT / "checkpoints").rglob("README.md")),
]
PAGES = [page for page in PAGES if page.is_file()]
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(rf"{FENCED.pattern}|`[^`\n]+`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"(?:^|\s{3,}|`)\s*pain3d ([a-z][a-z-]*)((?:(?!\s{3,}pain3d |  #).)*)")
_SOURCE = r'<(?:script|img|iframe)\b[^>]*\bsrc="?(https?:[^" >]+)'
_STYLE = r'<link\b[^>]*rel="?(?:stylesheet|preload)[^>]*(https?:[^" >]+)'
LOADED = re.compile(f"{_SOURCE}|{_STYLE}")
"""What a page of HTML takes from elsewhere as it is shown."""
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@cache
def anchors(page: Path) -> set[str]:
    """Of the headings of a page, as GitHub and MkDocs make them."""
    headings = re.findall(r"^#{1,6} (.+?)\s*$", FENCED.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings]
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading).strip()) for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_to_files_and_headings(page):
    for link in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name(page)} has a link to {link}, which does not exist"
        if anchor:
            assert anchor in anchors(target), f"{name(page)} has a link to {link}; the headings are {anchors(target)}"


@cache
def options(command: str) -> set[str]:
    """The long options of a command."""
    parser = pain3d_cli.build_parser(command)
    (commands,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return set(commands.choices[command]._option_string_actions)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_and_their_options_exist(page):
    text = page.read_text(encoding="utf-8")
    indented = [line for line in text.splitlines() if line.startswith("    ")]
    code = [*indented, *(line for block in CODE.findall(text) for line in block.splitlines())]
    for command, rest in (found for line in code for found in COMMAND.findall(line)):
        if command == "generator":  # `pain3d generator …`: what --version prints
            continue
        assert command in pain3d_cli.COMMANDS, f"{name(page)} calls `pain3d {command}`"
        for option in OPTION.findall(rest.split("|")[0]):
            assert option in options(command), f"{name(page)} calls `pain3d {command} {option}`"


def nav_pages(nav: list) -> list[str]:
    """The pages that a navigation lists."""
    found = []
    for entry in nav:
        value = next(iter(entry.values())) if isinstance(entry, dict) else entry
        found += nav_pages(value) if isinstance(value, list) else [value]
    return found


def test_every_page_is_in_the_navigation():
    text = re.sub(r"!!python\S*", "", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    listed = set(nav_pages(yaml.safe_load(text)["nav"]))
    pages = {page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")} - {"README.md"}
    shown = {page for page in pages if not page.startswith("report/") or page == "report/README.md"}
    assert shown - listed == set(), "pages that `nav` of mkdocs.yml lacks"
    root = {page.name for page in PAGES if page.parent == ROOT} - {"README.md"}
    assert root - listed == set(), "files of the repository that `nav` of mkdocs.yml lacks"


def test_the_site_is_built_without_a_warning_and_fetches_nothing(tmp_path):
    pytest.importorskip("material", reason="mkdocs-material is not installed")
    call = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) > 40
    for page in pages:
        assert not (found := LOADED.findall(page.read_text(encoding="utf-8"))), f"{page.name} loads {found}"
    assert (tmp_path / "site" / "search" / "search_index.js").is_file()  # search from a disk, without a server
    assert not list((tmp_path / "site").rglob("*.py"))


def test_citation_and_changes_are_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert str(citation["version"]) == VERSION
    assert citation["preferred-citation"]["title"] in (ROOT / "README.md").read_text(encoding="utf-8")
    first = re.search(r"^## (\S+?),? ", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert first[1] == VERSION
