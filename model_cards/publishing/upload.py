"""The upload: contents first, in batches that need not be sent again, then one commit that makes all of them visible.

`upload_folder` of huggingface_hub commits a large folder in parts: what stops between two of them leaves half a dataset
on the main branch. Here the contents are sent ahead (`preupload_lfs_files`), which nobody sees, and a single commit
names them. It happens wholly or not at all, and only upon the state of the repository that was looked at.
"""

import fnmatch
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, RepoCard
from huggingface_hub.errors import (  # HTTPError: of the HTTP library that huggingface_hub has chosen
    HfHubHTTPError,
    HTTPError,
    LocalTokenNotFoundError,
    RepositoryNotFoundError,
)
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars
from huggingface_hub.utils.sha import git_hash

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.hub_readme import README
from dataset_script.shards import file_sha256

from .files import PublishedFile
from .publication import Publication

BATCH_FILES, BATCH_BYTES = 16, 256_000_000
"""A batch of contents ends with the file that reaches either: no more than this is sent twice after an interruption."""

BRANCH = "main"
_AGAIN = "run the same command again: what has arrived is not sent again"


@dataclass(frozen=True)
class Published:
    """What is on the Hub now.

    Attributes:
        url: of the repository.
        commit: that holds it.
        sent: files that were new or had changed.
        removed: files of an earlier publication that are no longer in it.
        private: whether only its owner sees it.
        tag: the name of the commit, where one was given.
    """

    url: str
    commit: str
    sent: list[str]
    removed: list[str]
    private: bool
    tag: str | None


def upload(
    publication: Publication,
    public: bool = False,
    tag: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Published:
    """Makes the repository hold the publication. Interrupted at any moment and called again, it goes on.

    Args:
        publication: what goes where.
        public: let everybody see the repository; else it is made private, and one that is public already is refused.
        tag: a name for the commit, to load it by.
        progress: called with (megabytes that are there, megabytes of the publication).

    Raises:
        InvalidInput: nobody is logged in, the repository is public, or the tag names another commit.
        WorkFailed: the Hub or the network failed.
    """
    api = HfApi()
    with _reporting(publication), _quiet():
        repository = _Repository.opened(api, publication, public)
        changed = [file for file in publication.files if not repository.has(file)]
        removed = repository.stale(publication)
        repository.check_tag(tag, new=bool(changed or removed))
        commit = _commit(api, publication, repository, changed, removed, progress)
        if public and repository.private:
            api.update_repo_settings(publication.repo_id, private=False, repo_type=publication.repo_type)
        if tag is not None:
            api.create_tag(
                publication.repo_id, tag=tag, revision=commit, repo_type=publication.repo_type, exist_ok=True
            )
    return Published(
        url=f"{api.endpoint}/{publication.place}",
        commit=commit,
        sent=[file.path for file in changed],
        removed=removed,
        private=repository.private and not public,
        tag=tag,
    )


class _Repository:
    """A repository as it was when the upload began."""

    def __init__(self, api: HfApi, publication: Publication) -> None:
        where = {"repo_id": publication.repo_id, "repo_type": publication.repo_type}
        info = api.repo_info(**where)
        self.head: str = info.sha
        self.private = bool(info.private)
        tree = api.list_repo_tree(**where, revision=self.head, recursive=True)
        self.files = {entry.path: entry for entry in tree if isinstance(entry, RepoFile)}
        self.tags = {each.name: each.target_commit for each in api.list_repo_refs(**where).tags}
        self._name = publication.place

    @classmethod
    def opened(cls, api: HfApi, publication: Publication, public: bool) -> "_Repository":
        """The repository, made private where there is none."""
        api.whoami()  # a clear answer where nobody is logged in, before anything is made
        _check_metadata(publication)
        api.create_repo(
            publication.repo_id,
            repo_type=publication.repo_type,
            private=True,
            exist_ok=True,
            space_sdk=publication.sdk if publication.repo_type == "space" else None,
        )
        found = cls(api, publication)
        if not found.private and not public:
            raise InvalidInput(
                f"{publication.place} is public already: give --public, or make it private in its settings"
            )
        return found

    def has(self, file: PublishedFile) -> bool:
        """Whether it holds these bytes under this path."""
        there = self.files.get(file.path)
        if there is None or there.size != file.num_bytes:
            return False
        if there.lfs is not None and file.content is None:
            return there.lfs.sha256 == file_sha256(file.source)
        return there.lfs is None and there.blob_id == git_hash(file.content or file.source.read_bytes())

    def stale(self, publication: Publication) -> list[str]:
        """Paths that the publication no longer has, though they are of its kind."""
        sent = {file.path for file in publication.files}
        return sorted(
            path
            for path in self.files.keys() - sent
            if any(fnmatch.fnmatchcase(path, pattern) for pattern in publication.stale)
        )

    def check_tag(self, tag: str | None, new: bool) -> None:
        """Raises InvalidInput where the tag names another commit; `new`: whether there will be one."""
        if tag in self.tags and (new or self.tags[tag] != self.head):
            raise InvalidInput(f"--tag is {tag}; {self._name} has it for commit {self.tags[tag]}: choose another")


def _check_metadata(publication: Publication) -> None:
    """Asks the Hub whether it takes the metadata of the card; raises WorkFailed with what it says."""
    card = next(file for file in publication.files if file.path == README)
    text = (card.content or card.source.read_bytes()).decode()
    try:
        RepoCard(text).validate(publication.repo_type)
    except ValueError as error:
        try:
            said = "; ".join(each["message"] for each in json.loads(str(error))["errors"])
        except (ValueError, KeyError, TypeError):
            said = _first_line(error)
        raise WorkFailed(f"{publication.directory / README}: the Hub does not take its metadata: {said}") from error


def _commit(
    api: HfApi,
    publication: Publication,
    repository: _Repository,
    changed: Sequence[PublishedFile],
    removed: Sequence[str],
    progress: Callable[[int, int], None] | None,
) -> str:
    """Sends contents, then commits; returns the commit. Without changes it is the one that is there."""
    where = {"repo_id": publication.repo_id, "repo_type": publication.repo_type}
    total = publication.num_bytes
    done = total - sum(file.num_bytes for file in changed)
    additions = []
    for batch in _batches(changed):
        if progress is not None:
            progress(done // 1_000_000, total // 1_000_000)
        added = [CommitOperationAdd(file.path, file.content or str(file.source)) for file in batch]
        api.preupload_lfs_files(additions=added, revision=BRANCH, free_memory=False, **where)
        additions += added
        done += sum(file.num_bytes for file in batch)
    if not (additions or removed):
        return repository.head
    info = api.create_commit(
        operations=[*additions, *(CommitOperationDelete(path, is_folder=False) for path in removed)],
        commit_message=f"Publish {publication.kind} {publication.repo_id.partition('/')[2]} with pain3d",
        revision=BRANCH,
        parent_commit=repository.head,
        **where,
    )
    if progress is not None:
        progress(total // 1_000_000, total // 1_000_000)
    return info.oid


def _batches(files: Sequence[PublishedFile]) -> Iterator[list[PublishedFile]]:
    batch: list[PublishedFile] = []
    for file in files:
        batch.append(file)
        if len(batch) >= BATCH_FILES or sum(each.num_bytes for each in batch) >= BATCH_BYTES:
            yield batch
            batch = []
    if batch:
        yield batch


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the bars of huggingface_hub, one for each file; ours stands for all of them."""
    disabled = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if not disabled:
            enable_progress_bars()


@contextmanager
def _reporting(publication: Publication) -> Iterator[None]:
    """Turns what goes wrong on the way into one line that says what to do."""
    try:
        yield
    except LocalTokenNotFoundError:
        raise InvalidInput("nobody is logged in to the Hub: run `hf auth login`, or set HF_TOKEN") from None
    except RepositoryNotFoundError as error:
        raise WorkFailed(f"{publication.place} cannot be reached with this token: {_first_line(error)}") from error
    except HfHubHTTPError as error:
        raise WorkFailed(_refusal(publication, error)) from error
    except (HTTPError, OSError, RuntimeError, ValueError) as error:  # of huggingface_hub, hf_xet and the network
        if isinstance(error, InvalidInput | WorkFailed):
            raise
        raise WorkFailed(f"{publication.place}: the upload stopped: {_first_line(error)}; {_AGAIN}") from error


def _refusal(publication: Publication, error: HfHubHTTPError) -> str:
    status = error.response.status_code if error.response is not None else None
    match status:
        case 401:
            return f"{publication.place}: the Hub does not know this token: {_first_line(error)}"
        case 403:
            return f"{publication.place}: this token may not write there: {_first_line(error)}"
        case 402:
            return f"{publication.place}: the Hub asks for a subscription: {_first_line(error)}"
        case 412:
            return f"{publication.place}: somebody else committed to it during the upload; look at it, then {_AGAIN}"
        case _:
            return f"{publication.place}: the Hub refused: {_first_line(error)}; {_AGAIN}"


def _first_line(error: BaseException) -> str:
    """The first line of an error that says something, with what caused it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    cause = f" ({_first_line(error.__cause__)})" if error.__cause__ is not None else ""
    return lines[0] + cause
