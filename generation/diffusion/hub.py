"""Models fetched from the Hub: only what is read of them, and nothing that the cache has already."""

from collections.abc import Callable
from pathlib import Path

from dataset_script.errors import InvalidInput, WorkFailed

from .needed_files import Needed, damaged_weights, described_in, description_of, listing_of, needed_files


def fetched(role: str, name: str, variant: str | None) -> Path:
    """The folder in the Hub's cache that holds all files read of the model OWNER/NAME[@REVISION].

    A model that is complete in the cache is used as it is, without asking the network. Of another the missing files are
    fetched; a broken-off download goes on where it stopped.

    Raises:
        InvalidInput: the Hub has no such model or revision, or not of that kind.
        WorkFailed: files are missing and cannot be fetched.
    """
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HTTPError, RepositoryNotFoundError, RevisionNotFoundError

    repository, _, revision = name.partition("@")

    def needed(folder: Path, listing: Callable[[], list[str]]) -> Needed:
        return needed_files(role, name, listing(), description_of(role, name, folder), variant)

    lacking = ("all of its files",)
    cached = _cached(repository, revision or None)
    if cached is not None and (cached / described_in(role)).is_file():
        found = needed(cached, lambda: listing_of(cached))
        lacking = found.missing or tuple(damaged_weights(cached, found.files))
        if not lacking:
            return cached
    try:
        first = Path(snapshot_download(repository, revision=revision or None, allow_patterns=[described_in(role)]))
        found = needed(first, lambda: HfApi().list_repo_files(repository, revision=first.name))
        if found.missing:
            raise WorkFailed(f"{role} model {name} lacks {', '.join(found.missing[:3])} on the Hub; choose another")
        return Path(snapshot_download(repository, revision=first.name, allow_patterns=list(found.files)))
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        what = "repository" if isinstance(error, RepositoryNotFoundError) else "revision"
        raise InvalidInput(f"{role} model is {name!r}; the Hub has no such {what}, or it needs a login") from None
    except (HTTPError, OSError) as error:
        raise WorkFailed(
            f"{role} model {name} is not complete in the cache, it lacks {', '.join(lacking[:3])}, and the Hub cannot "
            f"be asked ({type(error).__name__}); run again with network access and without HF_HUB_OFFLINE, what is "
            "there is kept, or name a folder that holds it"
        ) from error


def _cached(repository: str, revision: str | None) -> Path | None:
    """The folder of a revision in the Hub's cache, complete or not; None where there is none."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    place = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=repository, repo_type="model")
    reference = place / "refs" / (revision or "main")
    commit = reference.read_text().strip() if reference.is_file() else revision
    folder = place / "snapshots" / commit if commit else None
    return folder if folder is not None and folder.is_dir() else None
