"""Stamps what is built with its commit. Everything else is in pyproject.toml."""

import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

sys.path.insert(0, str(Path(__file__).parent))  # a build is isolated: it does not see its own directory
from dataset_script.version import STAMP, commit


def stamp(tree: str) -> None:
    """Writes the commit into the copy of the code in `tree`; where it is unknown, removes that of an earlier build."""
    file, known = Path(tree, "dataset_script", STAMP), commit()
    file.unlink(missing_ok=True)
    if known:
        file.write_text(f"{known}\n", encoding="ascii")


class StampedBuild(build_py):
    """Of wheels. An editable installation stays a checkout, which knows its commit itself."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            stamp(self.build_lib)


class StampedSource(sdist):
    """Of sdists, from which wheels are built where there is no git."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        super().make_release_tree(base_dir, files)
        stamp(base_dir)


setup(cmdclass={"build_py": StampedBuild, "sdist": StampedSource})
