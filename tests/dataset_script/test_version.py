"""Release and commit: of a checkout from git, of an installation from its stamp, and never those of something else."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from dataset_script import version
from dataset_script.release import version_line
from dataset_script.spec import GENERATOR_VERSION

ROOT = Path(__file__).parents[2]


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """The module as it stands in a directory of its own: `dataset_script/version.py` under `tmp_path`."""
    folder = tmp_path / "dataset_script"
    folder.mkdir()
    (folder / "version.py").write_text("VERSION = '0'\n")
    monkeypatch.setattr(version, "_FOLDER", folder)
    monkeypatch.setattr(version, "__file__", str(folder / "version.py"))
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    call = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(call, capture_output=True, text=True, check=True).stdout.strip()


def committed(folder: Path) -> str:
    git(folder, "init", "--quiet")
    git(folder, "add", "dataset_script")
    git(folder, "commit", "--quiet", "--message", "first")
    return git(folder, "rev-parse", "HEAD")


def test_the_release_is_written_in_one_place():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" not in project["project"] and project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "dataset_script.version.VERSION"}
    assert re.fullmatch(r"\d+\.\d+\.\d+", version.VERSION)


def test_the_line_names_release_generator_and_commit(monkeypatch):
    monkeypatch.setattr("dataset_script.release.commit", lambda: "1" * 40)
    expected = f"pain3d {version.VERSION} (generator {GENERATOR_VERSION}, commit {'1' * 40})"
    assert version_line() == expected
    monkeypatch.setattr("dataset_script.release.commit", lambda: None)
    assert version_line().endswith("commit not known)")


def test_a_checkout_names_its_commit_and_its_changes(copy, monkeypatch):
    head = committed(copy)
    assert version.commit() == head
    (copy / "dataset_script" / "new.py").write_text("")
    assert version.commit() == f"{head} with changes"
    (copy / "dataset_script" / "new.py").unlink()
    (copy / "notes.txt").write_text("no code")
    assert version.commit() == head
    (copy / "dataset_script" / "version.py").write_text("VERSION = '1'\n")
    assert version.commit() == f"{head} with changes"


def test_another_repository_that_the_environment_names_is_not_asked(copy, monkeypatch, tmp_path_factory):
    head, other = committed(copy), tmp_path_factory.mktemp("other")
    (other / "dataset_script").mkdir()
    (other / "dataset_script" / "version.py").write_text("other")
    assert committed(other) != head
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    assert version.commit() == head


def test_code_that_a_repository_does_not_hold_takes_no_commit_from_it(copy):
    git(copy, "init", "--quiet")
    git(copy, "commit", "--quiet", "--allow-empty", "--message", "of something else")
    assert version.commit() is None


def test_code_below_another_repository_takes_no_commit_from_it(copy, monkeypatch):
    """As a virtual environment inside a project of the user's."""
    committed(copy)
    inside = copy / "venv" / "dataset_script"
    inside.mkdir(parents=True)
    monkeypatch.setattr(version, "_FOLDER", inside)
    assert version.commit() is None
    (inside / version.STAMP).write_text("2" * 40 + "\n")
    assert version.commit() == "2" * 40


def test_without_git_the_commit_is_not_known(copy, monkeypatch):
    committed(copy)
    monkeypatch.setenv("PATH", "/nowhere")
    assert version.commit() is None
