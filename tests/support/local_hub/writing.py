"""What a client asks when it uploads: repositories, upload modes, LFS contents, commits, tags."""

import base64
import binascii
import hashlib
import json
import time
from math import ceil
from typing import Any

from .metadata import check_readme
from .store import MAX_REGULAR_BYTES, NO_ENTRY, NO_REVISION, File, Hub, Refusal, Repo, large_file, regular_file

Json = dict[str, Any]


def create_repo(hub: Hub, user: str, body: Json) -> Json:
    private = body.get("visibility", "public") == "private"
    owner = body.get("organization") or user
    repo = hub.create(user, body.get("type", "model"), owner, body["name"], private, body.get("sdk"))
    return {"url": hub.url(repo.type, repo.id), "name": repo.id, "id": f"{hub.number():024x}"}


def preupload(repo: Repo, revision: str, body: Json) -> Json:
    """Which files are stored apart, and what is there under their paths."""
    there = repo.commit_at(revision).files
    answers = []
    for file in body["files"]:
        sample = base64.b64decode(file["sample"], validate=True)
        if len(sample) > 512 or len(sample) > file["size"]:
            raise Refusal(400, "sample is too long")
        large = repo.is_lfs(file["path"], file["size"], sample)
        known = there.get(file["path"])
        answers.append(
            {
                "path": file["path"],
                "uploadMode": "lfs" if large else "regular",
                "shouldIgnore": False,
                **({"oid": known.etag} if known else {}),
            }
        )
    if len(answers) > 256:
        raise Refusal(413, "at most 256 files")
    return {"files": answers}


def lfs_batch(hub: Hub, repo: Repo, body: Json) -> Json:
    """Where to send which content; nothing of what is there."""
    if body.get("operation") != "upload" or body.get("hash_algo", "sha256") != "sha256":
        raise Refusal(422, "operation must be upload, hash_algo sha256")
    transfer = "multipart" if "multipart" in body.get("transfers", []) else "basic"
    return {
        "transfer": transfer,
        "objects": [_object(hub, repo, each["oid"], each["size"], transfer) for each in body["objects"]],
    }


def _object(hub: Hub, repo: Repo, oid: str, size: int, transfer: str) -> Json:
    answer: Json = {"oid": oid, "size": size}
    if size == 0:
        return answer | {"error": {"code": 422, "message": "Empty files cannot be stored in LFS"}}
    if oid in repo.objects:
        return answer
    place = f"{hub.address}/lfs/{repo.type}/{repo.id}/{oid}"
    verify = {"href": f"{place}/verify?size={size}", "header": {}}
    if transfer == "basic" or size <= hub.part_bytes:
        return answer | {"actions": {"upload": {"href": f"{place}/whole?size={size}"}, "verify": verify}}
    upload = f"{hub.number():08x}"
    hub.parts[upload] = {}
    parts = {
        f"{number:05d}": f"{place}/part?upload={upload}&number={number}"
        for number in range(1, ceil(size / hub.part_bytes) + 1)
    }
    return answer | {
        "actions": {
            "upload": {
                "href": f"{place}/complete?upload={upload}&size={size}",
                "header": {"chunk_size": str(hub.part_bytes), **parts},
            },
            "verify": verify,
        }
    }


def put_content(hub: Hub, repo: Repo, oid: str, what: str, query: dict[str, str], data: bytes) -> dict[str, str]:
    """A content or a part of it arrives; returns headers of the answer."""
    time.sleep(hub.seconds_per_upload)
    if what == "part":
        if query["upload"] not in hub.parts:
            raise Refusal(404, "NoSuchUpload")
        hub.parts[query["upload"]][int(query["number"])] = data
        return {"ETag": f'"{hashlib.md5(data).hexdigest()}"'}
    _keep(repo, oid, int(query["size"]), data)
    return {"ETag": f'"{hashlib.md5(data).hexdigest()}"'}


def complete_parts(hub: Hub, repo: Repo, oid: str, query: dict[str, str], body: Json) -> None:
    """Puts the parts together, in their order, each with the ETag that it was given."""
    parts = hub.parts.get(query["upload"], {})
    said = [(each["partNumber"], each["etag"].strip('"')) for each in body["parts"]]
    if body["oid"] != oid or said != [(n, hashlib.md5(parts[n]).hexdigest()) for n in sorted(parts)]:
        raise Refusal(400, "InvalidPart")
    _keep(repo, oid, int(query["size"]), b"".join(parts[number] for number in sorted(parts)))
    del hub.parts[query["upload"]]


def _keep(repo: Repo, oid: str, size: int, data: bytes) -> None:
    if len(data) != size:
        raise Refusal(400, f"IncompleteBody: {len(data)} of {size} bytes")
    if hashlib.sha256(data).hexdigest() != oid:
        raise Refusal(400, "BadDigest: the content has another sha256")
    repo.objects[oid] = data


def verify(repo: Repo, oid: str, body: Json) -> None:
    if body.get("oid") != oid or oid not in repo.objects or len(repo.objects[oid]) != body.get("size"):
        raise Refusal(404, "Object does not exist, or has another size")


def commit(hub: Hub, repo: Repo, branch: str, body: bytes, content_type: str) -> Json:
    """All operations at once, or none."""
    if content_type != "application/x-ndjson":
        raise Refusal(415, f"Content-Type must be application/x-ndjson, not {content_type}")
    lines = [json.loads(line) for line in body.splitlines()]
    if not lines or lines[0].get("key") != "header" or not lines[0]["value"].get("summary"):
        raise Refusal(400, "The first line must be the header, with a summary")
    if branch not in repo.branches:
        raise Refusal(404, f"Invalid rev id: {branch}", NO_REVISION)
    parent = lines[0]["value"].get("parentCommit")
    if parent is not None and not repo.branches[branch].startswith(parent):
        raise Refusal(412, "A commit has happened since. Please refresh and try again.")
    files = dict(repo.commit_at(branch).files)
    for line in lines[1:]:
        _apply(repo, files, line["key"], line["value"])
    made = repo.add_commit(branch, files, lines[0]["value"]["summary"])
    return {
        "success": True,
        "commitOid": made.oid,
        "commitUrl": f"{hub.url(repo.type, repo.id)}/commit/{made.oid}",
        "hookOutput": "",
    }


def _apply(repo: Repo, files: dict[str, File], key: str, value: Json) -> None:
    path = value["path"]
    if path.startswith("/") or {"", ".", "..", ".git"} & set(path.split("/")):
        raise Refusal(400, f"Invalid path: {path}")
    match key:
        case "file":
            files[path] = _regular(repo, path, value)
        case "lfsFile":
            if value["algo"] != "sha256" or value["oid"] not in repo.objects:
                raise Refusal(
                    400, "Your push was rejected because an LFS pointer pointed to a file that does not exist"
                )
            if value.get("size", len(repo.objects[value["oid"]])) != len(repo.objects[value["oid"]]):
                raise Refusal(400, f"{path}: size is wrong")
            files[path] = large_file(value["oid"], len(repo.objects[value["oid"]]))
        case "deletedFile":
            if path not in files:
                raise Refusal(404, "A file with this name doesn't exist", NO_ENTRY)
            del files[path]
        case _:
            raise Refusal(400, f"Unknown operation {key}")


def _regular(repo: Repo, path: str, value: Json) -> File:
    if value.get("encoding") != "base64":
        raise Refusal(400, f"{path}: encoding must be base64")
    try:
        data = base64.b64decode(value["content"], validate=True)
    except binascii.Error:
        raise Refusal(400, f"{path}: content is not base64") from None
    if len(data) > MAX_REGULAR_BYTES:
        raise Refusal(400, "Your push was rejected because it contains files larger than 10 MiB")
    if data and repo.is_lfs(path, len(data), data[:512]):
        raise Refusal(400, "Your push was rejected because it contains binary files. Please use LFS")
    if path == "README.md":
        check_readme(data, repo.type)
    return regular_file(data)


def create_tag(repo: Repo, revision: str, body: Json) -> None:
    if body["tag"] in repo.tags:
        raise Refusal(409, f"Tag {body['tag']} already exists")
    repo.tags[body["tag"]] = repo.commit_at(revision).oid


def change_settings(repo: Repo, body: Json) -> Json:
    if unknown := set(body) - {"visibility", "gated"}:
        raise Refusal(400, f"Unknown settings {sorted(unknown)}")
    repo.private = body.get("visibility", "private" if repo.private else "public") == "private"
    return {"private": repo.private}
