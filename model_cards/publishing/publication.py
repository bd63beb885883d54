"""What is to be published: which files go where, and why they may not."""

from dataclasses import dataclass, field
from pathlib import Path

from dataset_script.errors import WorkFailed

from .files import PublishedFile

KINDS: dict[str, str] = {"dataset": "dataset", "model": "model", "metric": "space", "demo": "space"}
"""What can be published -> the type of its repository."""
FOLDERS: dict[str, str] = {"dataset": "datasets/", "model": "", "space": "spaces/"}
"""Type of repository -> what stands before OWNER/NAME in its address."""


class NotPublishable(WorkFailed):
    """A directory that may not be published; `reasons` has one line each."""

    def __init__(self, directory: Path, reasons: list[str]) -> None:
        self.reasons = reasons
        super().__init__(f"{directory} is not published, for {len(reasons)} reason{'s' * (len(reasons) > 1)}")


@dataclass(frozen=True)
class Publication:
    """A directory that may be published.

    Attributes:
        kind: one of `KINDS`.
        directory: where the files lie.
        repo_id: OWNER/NAME.
        files: what goes to the Hub, by path.
        stays: names in the directory that do not.
        stale: patterns of paths; what the repository has of them beyond `files` is removed with the same commit.
        sdk: of a Space.
        notes: what is no obstacle, but should be known.
    """

    kind: str
    directory: Path
    repo_id: str
    files: tuple[PublishedFile, ...]
    stays: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    sdk: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def repo_type(self) -> str:
        return KINDS[self.kind]

    @property
    def place(self) -> str:
        """Where it goes, without the address of the Hub: datasets/OWNER/NAME."""
        return f"{FOLDERS[self.repo_type]}{self.repo_id}"

    @property
    def num_bytes(self) -> int:
        return sum(file.num_bytes for file in self.files)


@dataclass
class Findings:
    """What the check of a directory found.

    Attributes:
        files: what would be published.
        problems: why it may not be, one line each.
        stale, sdk, notes: as of `Publication`.
    """

    files: list[PublishedFile] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    stale: tuple[str, ...] = ()
    sdk: str | None = None
    notes: list[str] = field(default_factory=list)
