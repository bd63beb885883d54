"""The sdist and the wheel of this checkout, and environments that hold the wheel with one extra and nothing else."""

import os
import shutil
import subprocess
import sys
import tarfile
import venv
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
BUILD = "import sys; from setuptools import build_meta; getattr(build_meta, sys.argv[1])(sys.argv[2])"


def run(command: list[str | Path], **options) -> str:
    """What a command prints; an AssertionError with all of it, where it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def copy_checkout(target: Path) -> Path:
    """A clone of this checkout with what is changed in it, so that a build writes nothing here."""
    run(["git", "clone", "--quiet", ROOT, target])
    changed = run(["git", "-C", ROOT, "ls-files", "-z", "--modified", "--others", "--exclude-standard"])
    for name in filter(None, changed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
        else:
            (target / name).unlink(missing_ok=True)
    return target


def build(hook: str, source: Path, out: Path) -> Path:
    """Runs `build_sdist` or `build_wheel` of setuptools in `source`; returns the file."""
    out.mkdir()
    run([sys.executable, "-c", BUILD, hook, out], cwd=source)
    (built,) = out.iterdir()
    return built


def unpacked(sdist: Path, target: Path) -> Path:
    """The directory in an sdist."""
    with tarfile.open(sdist) as archive:
        archive.extractall(target, filter="data")
    (folder,) = target.iterdir()
    return folder


def closure(requirements: Iterable[Requirement]) -> dict[str, Distribution]:
    """What pip would install for them, from the distributions of this environment, by canonical name.

    An AssertionError where one is missing here or has a version that is not allowed.
    """
    found: dict[str, Distribution] = {}
    done: set[tuple[str, str]] = set()
    open_ = list(requirements)
    while open_:
        requirement = open_.pop()
        name = canonicalize_name(requirement.name)
        dist = found[name] = found.get(name) or distribution(requirement.name)
        assert requirement.specifier.contains(dist.version, prereleases=True), f"{requirement}: here is {dist.version}"
        for extra in {"", *requirement.extras} - {extra for known, extra in done if known == name}:
            done.add((name, extra))
            open_ += required(dist.requires or [], extra)
    return found


def required(lines: Iterable[str], extra: str) -> list[Requirement]:
    """The requirements of a distribution that hold on this machine with an extra; "" is none."""
    every = [Requirement(line) for line in lines]
    return [each for each in every if each.marker is None or each.marker.evaluate({"extra": extra})]


class Environment:
    """A virtual environment with the wheel installed, beside links to what the wheel requires.

    Links take no disk and no time, and a requirement that is missing breaks what needs it just as with copies.
    """

    def __init__(self, folder: Path, wheel: Path):
        self.folder = folder
        venv.create(folder, symlinks=True, with_pip=False)
        (self.site,) = (folder / "lib").glob("*/site-packages")
        quiet = ["--quiet", "--no-deps", "--disable-pip-version-check", "--no-index"]
        run([sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install", *quiet, wheel])
        (installed,) = self.site.glob("pain3d-*.dist-info")
        self.requires = Distribution.at(installed).requires
        self.linked: list[Path] = []

    def take(self, extra: str) -> "Environment":
        """Leaves the wheel with what it requires with one extra, "" for none, and nothing else."""
        for path in self.linked:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        self.linked = []
        found: list[Requirement] = []
        extras, done = ["", extra], set()
        while extras:
            done.add(name := extras.pop())
            for each in required(self.requires, name):
                if each.name == "pain3d":
                    extras += each.extras - done
                else:
                    found.append(each)
        for dist in closure(found).values():
            self._link(dist)
        return self

    def call(self, *command: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess:
        """Runs a program of the environment (`pain3d`, `python`) without this checkout in its way."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PAIN3D"))}
        clean |= {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "HF_HOME": str(self.folder / "hf")}
        program = [str(self.folder / "bin" / command[0]), *map(str, command[1:])]
        return subprocess.run(program, capture_output=True, text=True, cwd=cwd or self.folder, env=clean, timeout=900)

    def _link(self, dist: Distribution) -> None:
        """Links what a distribution has at the top of site-packages; file by file what several share."""
        files = [file for file in dist.files or [] if file.parts[0] not in ("..", "__pycache__")]
        for top in sorted({file.parts[0] for file in files}):
            target = self.site / top
            if not target.exists():
                target.symlink_to(dist.locate_file(top))
                self.linked.append(target)
                continue
            if target.is_symlink():
                whole = target.resolve()
                target.unlink()
                shutil.copytree(whole, target, copy_function=os.symlink)
            for file in files:
                if file.parts[0] == top and not (self.site / file).exists():
                    (self.site / file).parent.mkdir(parents=True, exist_ok=True)
                    (self.site / file).symlink_to(dist.locate_file(file))
