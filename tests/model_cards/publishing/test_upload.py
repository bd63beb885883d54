"""The upload against the local Hub: one commit or none, nothing sent twice, nobody's repository opened by accident."""

import hashlib
import random
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from huggingface_hub import HfApi, constants
from local_hub.store import Fault, Hub, regular_file
from upload_process import publication, started_upload

from dataset_script.errors import InvalidInput, WorkFailed
from model_cards.publishing import upload as uploading
from model_cards.publishing.files import PublishedFile
from model_cards.publishing.publication import Publication
from model_cards.publishing.upload import upload

CARD = b"---\nlicense: cc-by-4.0\n---\n\n# Blocks\n"
ARRIVED = r"^/lfs/.*/(whole|complete)"
SENT = r"^/lfs/.*/(whole|part)"


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with a card and eight large files, two of which come in parts."""
    folder = tmp_path / "blocks"
    (folder / "data").mkdir(parents=True)
    (folder / "README.md").write_bytes(CARD)
    for index in range(8):
        size = 450_000 if index < 2 else 20_000
        (folder / f"data/train-{index}.parquet").write_bytes(random.Random(index).randbytes(size))
    return folder


def contents(hub: Hub, type: str = "dataset", id: str = "user/blocks") -> dict[str, bytes]:
    """What the main branch holds, but what the Hub itself put there."""
    repo = hub.repos[type, id]
    files = repo.commit_at("main").files.items()
    return {path: repo.content(file) for path, file in files if path != ".gitattributes"}


def of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def num_commits(hub: Hub) -> int:
    return len(hub.repos["dataset", "user/blocks"].commits)


def test_the_repository_holds_the_folder_in_one_private_commit(logged_in, folder):
    published = upload(publication(folder), tag="v1.0")
    repo = logged_in.repos["dataset", "user/blocks"]
    assert contents(logged_in) == of(folder)
    assert num_commits(logged_in) == 2  # the Hub's own first one, and ours
    assert repo.private and published.private
    assert repo.tags == {"v1.0": published.commit} == {"v1.0": repo.branches["main"]}
    assert published.url == f"{logged_in.address}/datasets/user/blocks"
    assert logged_in.requests("PUT", "/part")  # what is larger than a part was sent in parts


def test_nothing_is_sent_or_committed_where_nothing_changed(logged_in, folder):
    first = upload(publication(folder))
    logged_in.log.clear()
    second = upload(publication(folder), tag="v1.0")
    assert second.commit == first.commit and second.sent == []
    assert not logged_in.requests("PUT", SENT) and not logged_in.requests("POST", "/commit/")
    assert logged_in.repos["dataset", "user/blocks"].tags == {"v1.0": first.commit}


def test_only_what_changed_is_sent_and_what_is_no_longer_there_is_removed(logged_in, folder):
    upload(publication(folder))
    logged_in.log.clear()
    (folder / "data/train-7.parquet").unlink()
    (folder / "data/train-6.parquet").write_bytes(b"another\0content")
    published = upload(publication(folder))
    assert published.sent == ["data/train-6.parquet"] and published.removed == ["data/train-7.parquet"]
    assert len(logged_in.requests("PUT", SENT)) == 1
    assert contents(logged_in) == of(folder)


def test_files_of_others_in_the_repository_stay(logged_in, folder):
    upload(publication(folder))
    repo = logged_in.repos["dataset", "user/blocks"]
    files = repo.commit_at("main").files | {"notes/mine.txt": regular_file(b"by hand")}
    repo.add_commit("main", files, "by hand")
    published = upload(publication(folder))
    assert published.removed == [] and "notes/mine.txt" in contents(logged_in)


@pytest.mark.parametrize("times", [1, 10])
def test_a_commit_that_fails_leaves_nothing_and_the_next_run_sends_nothing_twice(logged_in, folder, times):
    logged_in.faults.append(Fault("POST", "/commit/main", 500, times))
    with pytest.raises(WorkFailed, match=r"the Hub refused: .*500.*run the same command again"):
        upload(publication(folder))
    assert contents(logged_in) == {} and num_commits(logged_in) == 1
    logged_in.faults.clear()
    logged_in.log.clear()
    upload(publication(folder))
    assert contents(logged_in) == of(folder) and num_commits(logged_in) == 2
    assert not logged_in.requests("PUT", SENT)


def test_an_upload_that_stops_goes_on_where_it_stopped(logged_in, folder, monkeypatch):
    monkeypatch.setattr(uploading, "BATCH_FILES", 3)
    logged_in.faults.append(Fault("POST", "objects/batch", 403, 0))
    first = publication(folder)
    calls = []

    def fail_later(done: int, total: int) -> None:
        calls.append((done, total))
        logged_in.faults[0].times = 1 if len(calls) == 3 else 0

    with pytest.raises(WorkFailed, match="this token may not write there"):
        upload(first, progress=fail_later)
    assert contents(logged_in) == {}
    arrived = {path.split("/")[5] for method in ("PUT", "POST") for path in logged_in.requests(method, ARRIVED)}
    assert len(arrived) == 5  # of two batches: README.md is none of them
    logged_in.log.clear()
    upload(first)
    assert contents(logged_in) == of(folder)
    again = {path.split("/")[5] for path in logged_in.requests("PUT", SENT)}
    assert again and not again & arrived


def test_a_transient_error_while_sending_is_tried_again(logged_in, folder, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    logged_in.faults.append(Fault("PUT", "/part", 503, 2))
    upload(publication(folder))
    assert contents(logged_in) == of(folder)


def test_who_commits_meanwhile_is_not_overwritten(logged_in, folder, monkeypatch):
    send = HfApi.preupload_lfs_files

    def send_while_another_commits(self, *args, **kwargs):
        repo = logged_in.repos["dataset", "user/blocks"]
        repo.add_commit("main", {"README.md": regular_file(b"# Theirs\n")}, "theirs")
        return send(self, *args, **kwargs)

    monkeypatch.setattr(HfApi, "preupload_lfs_files", send_while_another_commits)
    with pytest.raises(WorkFailed, match="somebody else committed to it during the upload"):
        upload(publication(folder))
    assert contents(logged_in) == {"README.md": b"# Theirs\n"}


def test_a_public_repository_needs_public(logged_in, folder):
    logged_in.create("user", "dataset", "user", "blocks", private=False, sdk=None)
    with pytest.raises(InvalidInput, match="datasets/user/blocks is public already: give --public"):
        upload(publication(folder))
    assert contents(logged_in) == {}
    assert not upload(publication(folder), public=True).private


def test_public_opens_it_only_after_the_commit(logged_in, folder):
    logged_in.faults.append(Fault("POST", "/commit/main", 500))
    with pytest.raises(WorkFailed):
        upload(publication(folder), public=True)
    assert logged_in.repos["dataset", "user/blocks"].private
    upload(publication(folder), public=True)
    assert not logged_in.repos["dataset", "user/blocks"].private


def test_a_tag_stays_with_its_commit(logged_in, folder):
    upload(publication(folder), tag="v1.0")
    upload(publication(folder), tag="v1.0")  # the same commit
    (folder / "README.md").write_bytes(CARD + b"\nMore.\n")
    upload(publication(folder))
    logged_in.log.clear()
    with pytest.raises(InvalidInput, match=r"--tag is v1\.0; datasets/user/blocks has it for commit"):
        upload(publication(folder), tag="v1.0")
    assert not logged_in.requests("POST", "/commit/")


def test_a_tag_that_names_an_older_commit_is_refused_before_anything_is_sent(logged_in, folder):
    upload(publication(folder), tag="v1.0")
    (folder / "README.md").write_bytes(CARD + b"\nMore.\n")
    with pytest.raises(InvalidInput, match=r"--tag is v1\.0"):
        upload(publication(folder), tag="v1.0")
    assert num_commits(logged_in) == 2


@pytest.mark.parametrize(
    ("token", "repo_id", "error", "message"),
    [
        ("", "user/blocks", InvalidInput, "nobody is logged in to the Hub: run `hf auth login`"),
        ("hf_unknown", "user/blocks", WorkFailed, "the Hub does not know this token"),
        ("hf_of_another", "user/blocks", WorkFailed, "this token may not write there"),
    ],
)
def test_who_may_not_write_is_told_so(logged_in, folder, monkeypatch, token, repo_id, error, message):
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(error, match=message):
        upload(publication(folder, repo_id))
    assert not logged_in.repos


def test_a_hub_that_is_not_there_is_one_line(logged_in, folder, monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(WorkFailed, match=r"the upload stopped: .*run the same command again"):
        upload(publication(folder))


def test_invalid_metadata_is_refused_before_anything_is_visible(logged_in, folder):
    (folder / "README.md").write_bytes(b"---\nlicense: my own\n---\n\n# Blocks\n")
    with pytest.raises(WorkFailed, match=r"the Hub does not take its metadata: \"license\" must be one of"):
        upload(publication(folder))
    assert not logged_in.repos


def test_a_gradio_space_without_a_subscription_says_what_the_hub_asks_for(logged_in, tmp_path):
    logged_in.pro.clear()
    (tmp_path / "README.md").write_text("---\nsdk: gradio\n---\n\n# Demo\n")
    card = PublishedFile("README.md", tmp_path / "README.md")
    space = Publication("demo", tmp_path, "user/demo", (card,), sdk="gradio")
    with pytest.raises(WorkFailed, match="the Hub asks for a subscription"):
        upload(space)


def wait_for(condition: Callable[[], bool], process: BaseProcess) -> None:
    """Until something is so, or the process has ended."""
    while not condition() and process.is_alive():
        time.sleep(0.005)


@pytest.mark.slow
def test_killed_while_sending_it_leaves_nothing_and_goes_on(hub, environment, folder):
    hub.seconds_per_upload = 0.2
    process = started_upload(folder, environment)
    wait_for(lambda: len(hub.repos) == 1 and len(hub.repos["dataset", "user/blocks"].objects) >= 3, process)
    process.kill()
    process.join()
    assert process.exitcode == -9
    time.sleep(0.5)  # what was under way arrives
    assert contents(hub) == {} and num_commits(hub) == 1
    there = set(hub.repos["dataset", "user/blocks"].objects)
    hub.log.clear()
    hub.seconds_per_upload = 0
    process = started_upload(folder, environment)
    process.join()
    assert process.exitcode == 0
    assert contents(hub) == of(folder) and num_commits(hub) == 2
    assert not there & {path.split("/")[5] for path in hub.requests("PUT", SENT)}


@pytest.mark.slow
def test_killed_twenty_times_at_random_it_is_nothing_or_all(hub, environment, folder):
    chance = random.Random(4)
    hub.seconds_per_upload = 0.1
    killed = seen_nothing = 0
    while killed < 20:
        asked = len(hub.log)
        process = started_upload(folder, environment)
        wait_for(lambda before=asked: len(hub.log) > before, process)  # it has begun to talk to the Hub
        time.sleep(chance.uniform(0, 1))
        process.kill()
        process.join()
        killed += process.exitcode == -9
        if hub.repos:
            there = contents(hub)
            assert there in ({}, of(folder))
            seen_nothing += there == {}
            if there:  # it was done: begin with a new repository
                hub.repos.clear()
    assert seen_nothing
    process = started_upload(folder, environment)
    process.join()
    assert process.exitcode == 0
    assert contents(hub) == of(folder) and num_commits(hub) == 2
    hashes = {hashlib.sha256(data).hexdigest() for data in of(folder).values()}
    assert set(hub.repos["dataset", "user/blocks"].objects) <= hashes
