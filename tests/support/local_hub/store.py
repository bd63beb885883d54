"""Repositories as they are between two requests: commits, references, large contents."""

import fnmatch
import hashlib
import itertools
import re
import threading
from dataclasses import dataclass, field
from typing import Any

LFS_PATTERNS = ("*.parquet", "*.safetensors", "*.onnx", "*.arrow", "*.bin", "*.gz", "*.npz", "*.pt", "*.tar", "*.zip")
PICTURES = ("*.png", "*.jpg", "*.jpeg", "*.webp")
MAX_REGULAR_BYTES = 10 * 1024 * 1024
TYPES = ("model", "dataset", "space")
NO_REPO, NO_REVISION, NO_ENTRY = "RepoNotFound", "RevisionNotFound", "EntryNotFound"


class Refusal(Exception):
    """A request that the Hub refuses: status, what it says, and the code in `X-Error-Code`."""

    def __init__(self, status: int, message: str, code: str | None = None, **more: Any) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.more = status, message, code, more


@dataclass(frozen=True)
class File:
    """A file of a commit: `data` of a regular one; of a large one `sha256`, by which its content is found."""

    size: int
    blob: str
    data: bytes | None = None
    sha256: str | None = None

    @property
    def etag(self) -> str:
        return self.sha256 or self.blob


@dataclass(frozen=True)
class Commit:
    oid: str
    parent: str | None
    message: str
    files: dict[str, File]


@dataclass
class Repo:
    """A repository. `objects`: large contents that came, by sha256, whether or not a commit names them."""

    type: str
    id: str
    private: bool
    sdk: str | None = None
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)

    def commit_at(self, revision: str) -> Commit:
        """The commit that a branch, tag or (part of an) oid names. Raises Refusal."""
        oid = self.branches.get(revision) or self.tags.get(revision)
        if oid is None and re.fullmatch("[0-9a-f]{7,40}", revision):
            oid = next((known for known in self.commits if known.startswith(revision)), None)
        if oid is None:
            raise Refusal(404, f"Invalid rev id: {revision}", NO_REVISION)
        return self.commits[oid]

    def file_at(self, revision: str, path: str) -> tuple[Commit, File]:
        commit = self.commit_at(revision)
        if path not in commit.files:
            raise Refusal(404, "Entry not found", NO_ENTRY)
        return commit, commit.files[path]

    def content(self, file: File) -> bytes:
        return file.data if file.data is not None else self.objects[file.sha256]

    def add_commit(self, branch: str, files: dict[str, File], message: str) -> Commit:
        parent = self.branches.get(branch)
        body = repr((parent, message, sorted((path, file.etag) for path, file in files.items())))
        commit = Commit(hashlib.sha1(body.encode()).hexdigest(), parent, message, files)
        self.commits[commit.oid] = commit
        self.branches[branch] = commit.oid
        return commit

    def is_lfs(self, path: str, size: int, sample: bytes) -> bool:
        """Whether a file must be stored apart, by `.gitattributes`, size or content."""
        attributes = self.commit_at("main").files.get(".gitattributes")
        lines = attributes.data.decode().splitlines() if attributes else []
        patterns = [line.split()[0] for line in lines if "filter=lfs" in line]
        name = path.rpartition("/")[2]
        return (
            any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
            or size > MAX_REGULAR_BYTES
            or b"\0" in sample
        )


def regular_file(data: bytes) -> File:
    return File(len(data), hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest(), data=data)


def large_file(sha256: str, size: int) -> File:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()
    return File(size, regular_file(pointer).blob, sha256=sha256)


@dataclass
class Fault:
    """Answers the first `times` requests that match with `status`, after their body was read."""

    method: str
    path: str
    status: int
    times: int = 1


class Hub:
    """Everything that the server knows.

    Attributes:
        tokens: token -> name of its user.
        pro: users who may have Gradio Spaces.
        log: (method, path, status) of each request, in the order of their answers.
        faults: what goes wrong on purpose.
        part_bytes: contents larger than this come in parts.
        page: entries of a directory in one answer.
        seconds_per_upload: how long a content takes to arrive.
        address, content_address: of the server, and of the other host where large contents lie; the server sets them.
    """

    def __init__(self, tokens: dict[str, str], part_bytes: int = 200_000, page: int = 4) -> None:
        self.tokens, self.part_bytes, self.page = tokens, part_bytes, page
        self.pro = set(tokens.values())
        self.repos: dict[tuple[str, str], Repo] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.log: list[tuple[str, str, int]] = []
        self.faults: list[Fault] = []
        self.seconds_per_upload = 0.0
        self.address = self.content_address = ""
        self.lock = threading.RLock()
        self._numbers = itertools.count(1)

    def create(self, user: str, type: str, owner: str, name: str, private: bool, sdk: str | None) -> Repo:
        """A new repository with its first commit. Raises Refusal."""
        id = f"{owner}/{name}"
        if owner != user:
            raise Refusal(403, f"You don't have the rights to create a {type} under the namespace {owner!r}")
        if type not in TYPES or not re.fullmatch(r"[\w.-]{1,96}", name) or name.endswith(".git") or ".." in name:
            raise Refusal(400, f"Invalid repo type or name: {type} {name}")
        if (type, id) in self.repos:
            raise Refusal(409, f"You already created this {type} repo: {id}", url=self.url(type, id))
        if type == "space" and sdk not in ("gradio", "docker", "static"):
            raise Refusal(400, '"sdk" must be one of [gradio, docker, static]')
        if type == "space" and sdk != "static" and user not in self.pro:
            raise Refusal(402, f"Creating a {sdk} Space requires a PRO subscription")
        repo = Repo(type, id, private, sdk)
        patterns = LFS_PATTERNS + (PICTURES if type == "dataset" else ())
        attributes = "".join(f"{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in patterns)
        repo.add_commit("main", {".gitattributes": regular_file(attributes.encode())}, "initial commit")
        self.repos[type, id] = repo
        return repo

    def find(self, type: str, id: str, user: str | None, write: bool = False) -> Repo:
        """A repository that `user` may read, or write. Raises Refusal, which does not tell whether there is one."""
        repo = self.repos.get((type, id))
        owner = id.partition("/")[0]
        if repo is None or (repo.private and user != owner):
            raise Refusal(404 if user else 401, "Repository not found", NO_REPO)
        if write and user is None:
            raise Refusal(401, "Invalid username or password.")
        if write and user != owner:
            raise Refusal(403, f"Forbidden: pass `create_pr=1` or write access to {id} is required")
        return repo

    def number(self) -> int:
        return next(self._numbers)

    def url(self, type: str, id: str) -> str:
        return f"{self.address}/{'' if type == 'model' else f'{type}s/'}{id}"

    def requests(self, method: str, pattern: str, status: int = 200) -> list[str]:
        """Paths of the answered requests that match."""
        return [path for m, path, s in self.log if m == method and s == status and re.search(pattern, path)]
