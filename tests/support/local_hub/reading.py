"""What a client asks when it loads: information, directories, references, contents."""

import re
from typing import Any
from urllib.parse import quote

from .store import NO_ENTRY, Commit, File, Hub, Refusal, Repo

Json = dict[str, Any]
DATE = "2026-01-01T00:00:00.000Z"


def info(repo: Repo, revision: str) -> Json:
    commit = repo.commit_at(revision)
    return {
        "_id": "0" * 24,
        "id": repo.id,
        "author": repo.id.partition("/")[0],
        "sha": commit.oid,
        "private": repo.private,
        "gated": False,
        "disabled": False,
        "createdAt": DATE,
        "lastModified": DATE,
        "downloads": 0,
        "likes": 0,
        "tags": [],
        "siblings": [{"rfilename": path} for path in sorted(commit.files)],
        **({"sdk": repo.sdk} if repo.sdk else {}),
    }


def entry(path: str, file: File) -> Json:
    found: Json = {"type": "file", "oid": file.blob, "size": file.size, "path": path}
    if file.sha256:
        found["lfs"] = {"oid": file.sha256, "size": file.size, "pointerSize": 130}
    return found


def _expanded(found: Json, commit: Commit) -> Json:
    last = {"id": commit.oid, "title": commit.message, "date": DATE}
    safety = {"status": "safe", "avScan": None, "pickleImportScan": None}
    return found | {"lastCommit": last} | ({"securityFileStatus": safety} if found["type"] == "file" else {})


def _folder(path: str) -> Json:
    return {"type": "directory", "oid": "0" * 40, "size": 0, "path": path}


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: k + 1]) for k in range(len(parts))]


def tree(hub: Hub, repo: Repo, revision: str, folder: str, query: dict[str, str]) -> tuple[list[Json], int | None]:
    """A page of a directory, and where the next begins."""
    commit = repo.commit_at(revision)
    prefix = f"{folder}/" if folder else ""
    inside = {path: file for path, file in commit.files.items() if path.startswith(prefix)}
    if not inside:
        raise Refusal(404, f"{folder} does not exist on {revision}", NO_ENTRY)
    recursive = query.get("recursive", "").lower() == "true"
    found = {path: entry(path, file) for path, file in inside.items()}
    found |= {parent: _folder(parent) for path in inside for parent in _parents(path) if parent.startswith(prefix)}
    paths = [path for path in sorted(found) if recursive or "/" not in path.removeprefix(prefix)]
    start = int(query.get("cursor", 0))
    page = [found[path] for path in paths[start : start + hub.page]]
    if query.get("expand", "").lower() == "true":
        page = [_expanded(each, commit) for each in page]
    return page, (start + hub.page if start + hub.page < len(paths) else None)


def paths_info(repo: Repo, revision: str, paths: list[str], expand: bool) -> list[Json]:
    """What is under these paths; nothing of those that are not there."""
    commit = repo.commit_at(revision)
    folders = {parent for path in commit.files for parent in _parents(path)}
    found = [
        entry(path, commit.files[path]) if path in commit.files else _folder(path)
        for path in (each.strip("/") for each in paths)
        if path in commit.files or path in folders
    ]
    return [_expanded(each, commit) for each in found] if expand else found


def refs(repo: Repo) -> Json:
    return {
        "branches": [_ref(name, f"refs/heads/{name}", oid) for name, oid in repo.branches.items()],
        "tags": [_ref(name, f"refs/tags/{name}", oid) for name, oid in repo.tags.items()],
        "converts": [],
    }


def _ref(name: str, ref: str, oid: str) -> Json:
    return {"name": name, "ref": ref, "targetCommit": oid}


def resolve_headers(hub: Hub, repo: Repo, revision: str, path: str) -> dict[str, str]:
    """Of the answer to `/resolve/`: what the file is, and where its content is."""
    commit, file = repo.file_at(revision, path)
    headers = {"X-Repo-Commit": commit.oid, "ETag": f'"{file.etag}"', "Accept-Ranges": "bytes"}
    if file.sha256 is None:
        kind = f"{repo.type}s"
        return headers | {"Location": f"/api/resolve-cache/{kind}/{repo.id}/{commit.oid}/{quote(path)}"}
    return headers | {
        "X-Linked-Size": str(file.size),
        "X-Linked-Etag": f'"{file.sha256}"',
        "Location": f"{hub.content_address}/content/{repo.type}/{repo.id}/{file.sha256}",
    }


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Of a `Range` header: the first byte and the one after the last; None where there is no header."""
    if header is None:
        return None
    if not (match := re.fullmatch(r"bytes=(\d*)-(\d*)", header)) or not (match[1] or match[2]):
        raise Refusal(416, f"Invalid range {header}")
    if not match[1]:
        return max(size - int(match[2]), 0), size
    first, last = int(match[1]), min(int(match[2]) if match[2] else size - 1, size - 1)
    if first > last:
        raise Refusal(416, f"Requested range {header} not satisfiable")
    return first, last + 1
