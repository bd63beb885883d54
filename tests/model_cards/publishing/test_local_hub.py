"""The local Hub refuses what the Hub refuses: else the tests against it would prove nothing."""

import base64
import hashlib
import json

import pytest
import requests
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

HEADERS = {"Authorization": "Bearer hf_of_the_user"}
LARGE = b"PAR1\0" * 100
OID = hashlib.sha256(LARGE).hexdigest()


@pytest.fixture
def api(logged_in) -> HfApi:
    """With a private dataset repository user/it."""
    api = HfApi()
    api.create_repo("user/it", repo_type="dataset", private=True)
    return api


def commit(hub, *operations: dict, parent: str | None = None, repo_id: str = "user/it") -> requests.Response:
    header = {"summary": "s", "description": "", **({"parentCommit": parent} if parent else {})}
    lines = [{"key": "header", "value": header}, *operations]
    return requests.post(
        f"{hub.address}/api/datasets/{repo_id}/commit/main",
        data=b"".join(json.dumps(line).encode() + b"\n" for line in lines),
        headers={**HEADERS, "Content-Type": "application/x-ndjson"},
    )


def text(path: str, content: bytes) -> dict:
    return {"key": "file", "value": {"path": path, "content": base64.b64encode(content).decode(), "encoding": "base64"}}


def pointer(oid: str = OID, size: int = len(LARGE)) -> dict:
    return {"key": "lfsFile", "value": {"path": "data/a.parquet", "algo": "sha256", "oid": oid, "size": size}}


def batch(hub, oid: str = OID, size: int = len(LARGE)) -> dict:
    answer = requests.post(
        f"{hub.address}/datasets/user/it.git/info/lfs/objects/batch",
        json={"operation": "upload", "transfers": ["basic", "multipart"], "objects": [{"oid": oid, "size": size}]},
        headers={**HEADERS, "Content-Type": "application/vnd.git-lfs+json"},
    )
    return answer.json()["objects"][0]


def paths(api: HfApi) -> set[str]:
    return set(api.list_repo_files("user/it", repo_type="dataset"))


@pytest.mark.parametrize("content", [LARGE[:-1], LARGE[:-1] + b"x", LARGE + b"x"])
def test_a_content_with_another_sha256_or_size_is_refused(api, hub, content):
    href = batch(hub)["actions"]["upload"]["href"]
    assert requests.put(href, data=content).status_code == 400
    assert "actions" in batch(hub)  # it is still asked for
    assert requests.put(href, data=LARGE).status_code == 200
    assert "actions" not in batch(hub)


def test_parts_are_put_together_only_as_they_were_sent(api, hub):
    hub.part_bytes = 200
    upload = batch(hub)["actions"]["upload"]
    parts = [(int(name), href) for name, href in upload["header"].items() if name.isdigit()]
    tags = [requests.put(href, data=LARGE[200 * (number - 1) : 200 * number]).headers["ETag"] for number, href in parts]
    said = [{"partNumber": number, "etag": tag} for (number, _), tag in zip(parts, tags, strict=True)]
    assert requests.post(upload["href"], json={"oid": OID, "parts": said[:-1]}).status_code == 400
    assert requests.post(upload["href"], json={"oid": OID, "parts": said[::-1]}).status_code == 400
    assert requests.post(upload["href"], json={"oid": OID, "parts": said}).status_code == 200
    assert hub.repos["dataset", "user/it"].objects == {OID: LARGE}


def test_a_commit_that_names_what_never_came_changes_nothing(api, hub):
    before = api.repo_info("user/it", repo_type="dataset").sha
    answer = commit(hub, text("notes.txt", b"mine"), pointer())
    assert answer.status_code == 400 and "does not exist" in answer.json()["error"]
    assert api.repo_info("user/it", repo_type="dataset").sha == before and paths(api) == {".gitattributes"}


def test_a_commit_upon_an_old_state_is_refused(api, hub):
    before = api.repo_info("user/it", repo_type="dataset").sha
    assert commit(hub, text("a.txt", b"a"), parent=before).status_code == 200
    assert commit(hub, text("b.txt", b"b"), parent=before).status_code == 412
    assert paths(api) == {".gitattributes", "a.txt"}


@pytest.mark.parametrize(
    "operation",
    [
        text("a.parquet", b"text"),  # .gitattributes says that it is stored apart
        text("a.txt", b"\0binary"),
        text("a.txt", b"x" * (10 * 1024 * 1024 + 1)),
        text("../a.txt", b"x"),
        text(".git/config", b"x"),
        text("README.md", b"---\nlicense: mine\n---\n"),
        {"key": "deletedFile", "value": {"path": "never.txt"}},
        {"key": "rename", "value": {"path": "a.txt"}},
    ],
    ids=["lfs", "binary", "large", "outside", "git", "metadata", "deleted", "unknown"],
)
def test_what_may_not_be_committed_is_refused(api, hub, operation):
    assert commit(hub, operation).status_code in (400, 404)
    assert paths(api) == {".gitattributes"}


def test_who_may_not_read_learns_nothing(api, hub):
    for token, status in ((None, 401), ("hf_of_another", 404), ("hf_unknown", 401)):
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        for id in ("user/it", "user/never"):
            assert requests.get(f"{hub.address}/api/datasets/{id}", headers=headers).status_code == status
    with pytest.raises(RepositoryNotFoundError):
        HfApi(token="hf_of_another").repo_info("user/it", repo_type="dataset")


def test_names_of_others_and_names_that_are_taken_are_refused(api):
    for repo_id, status in (("other/it", 403), ("user/it", 409)):
        with pytest.raises(HfHubHTTPError) as refusal:
            api.create_repo(repo_id, repo_type="dataset")
        assert refusal.value.response.status_code == status


def test_directories_come_in_pages_and_are_whole(api, hub):
    files = [CommitOperationAdd(f"folder/{k}/{k}.txt", b"x") for k in range(9)]
    api.create_commit("user/it", files, commit_message="files", repo_type="dataset")
    tree = [entry.path for entry in api.list_repo_tree("user/it", repo_type="dataset", recursive=True)]
    assert tree == sorted(
        {".gitattributes", "folder", *(f"folder/{k}{rest}" for k in range(9) for rest in ("", f"/{k}.txt"))}
    )
    assert len(hub.requests("GET", "/tree/main.*cursor=")) == -(-len(tree) // hub.page) - 1
    flat = [entry.path for entry in api.list_repo_tree("user/it", "folder", repo_type="dataset")]
    assert flat == [f"folder/{k}" for k in range(9)]
    found = api.get_paths_info("user/it", ["folder/1", "folder/2/2.txt", "never"], repo_type="dataset")
    assert [entry.path for entry in found] == ["folder/1", "folder/2/2.txt"]


def test_contents_are_read_whole_and_in_ranges(api, hub):
    api.create_commit(
        "user/it", [CommitOperationAdd("data/a.parquet", LARGE)], commit_message="data", repo_type="dataset"
    )
    resolve = f"{hub.address}/datasets/user/it/resolve/main/data/a.parquet"
    head = requests.head(resolve, headers=HEADERS)
    assert head.headers["X-Linked-Etag"] == f'"{OID}"' and head.headers["X-Linked-Size"] == str(len(LARGE))
    assert head.headers["X-Repo-Commit"] == api.repo_info("user/it", repo_type="dataset").sha
    place = head.headers["Location"]
    assert requests.get(place).content == LARGE
    assert requests.get(place, headers=HEADERS).status_code == 400  # a token goes to the Hub alone
    part = requests.get(place, headers={"Range": "bytes=5-9"})
    assert part.status_code == 206 and part.content == LARGE[5:10]
    assert part.headers["Content-Range"] == f"bytes 5-9/{len(LARGE)}"
    assert requests.get(place, headers={"Range": "bytes=-3"}).content == LARGE[-3:]
    assert requests.get(place, headers={"Range": f"bytes={len(LARGE)}-"}).status_code == 416


def test_a_revision_is_a_branch_a_tag_or_a_commit(api):
    where = {"repo_id": "user/it", "repo_type": "dataset"}
    first = api.create_commit(operations=[CommitOperationAdd("a.txt", b"1")], commit_message="1", **where)
    api.create_tag("user/it", tag="v1", repo_type="dataset")
    api.create_commit(operations=[CommitOperationDelete("a.txt")], commit_message="2", **where)
    assert api.file_exists("user/it", "a.txt", repo_type="dataset", revision="v1")
    assert api.file_exists("user/it", "a.txt", repo_type="dataset", revision=first.oid[:10])
    assert not api.file_exists("user/it", "a.txt", repo_type="dataset")
    with pytest.raises(RevisionNotFoundError):
        api.repo_info("user/it", repo_type="dataset", revision="v2")
    with pytest.raises(EntryNotFoundError):
        api.hf_hub_download("user/it", "a.txt", repo_type="dataset")
