"""From a directory and a name on the Hub to a publication, or to the reasons why there is none."""

import re
from collections.abc import Callable
from pathlib import Path

from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from dataset_script.errors import InvalidInput

from .examples import with_repository
from .files import left_out
from .publication import KINDS, Findings, NotPublishable, Publication

MAX_FILES = 25_000
"""In one commit, as huggingface_hub says of `create_commit`."""
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


def plan_publication(
    kind: str,
    directory: str | Path,
    repo_id: str,
    tag: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Publication:
    """Checks a directory and lists what goes where. Needs no network.

    Args:
        kind: "dataset", "model", "metric" or "demo".
        directory: what to publish.
        repo_id: OWNER/NAME on the Hub.
        tag: a name for the commit; the examples of the card load it by that.
        progress: of a dataset: called with (rows checked, rows).

    Raises:
        InvalidInput: the directory is not of this kind, `repo_id` is no name of a repository, or `tag` none of a tag.
        NotPublishable: it does not verify, has no card, or a licence forbids it; has all reasons.
        WorkFailed: a file is damaged.
    """
    if kind not in KINDS:
        raise InvalidInput(f"kind is {kind!r}; allowed: {', '.join(KINDS)}")
    _check_repo_id(repo_id)
    if tag is not None and (not _TAG.fullmatch(tag) or ".." in tag or tag.endswith((".", ".lock"))):
        raise InvalidInput(f"--tag is {tag!r}; allowed: letters, digits, '.', '-' and '_', such as v1.0")
    directory = Path(directory)
    if not directory.is_dir():
        raise InvalidInput(f"--{kind} is {directory}; allowed: a directory")
    findings = _findings(kind, directory, repo_id, progress)
    if len(findings.files) > MAX_FILES:
        findings.problems.append(f"{len(findings.files):,} files; a commit of the Hub takes {MAX_FILES:,}")
    if findings.problems:
        raise NotPublishable(directory, findings.problems)
    files = with_repository(findings.files, kind, directory.resolve().name, repo_id, tag)
    return Publication(
        kind=kind,
        directory=directory,
        repo_id=repo_id,
        files=tuple(files),
        stays=tuple(left_out(directory, findings.files)),
        stale=findings.stale,
        sdk=findings.sdk,
        notes=tuple(findings.notes),
    )


def _findings(kind: str, directory: Path, repo_id: str, progress: Callable[[int, int], None] | None = None) -> Findings:
    match kind:  # each check imports what it needs: torch for a model, the generator for a dataset or a demo
        case "dataset":
            from .dataset import check_dataset

            return check_dataset(directory, progress)
        case "model":
            from .model import check_model

            return check_model(directory)
        case "metric":
            from .space import check_metric

            return check_metric(directory, repo_id)
        case _:
            from .space import check_demo

            return check_demo(directory)


def _check_repo_id(repo_id: str) -> None:
    try:
        validate_repo_id(repo_id)
        valid = repo_id.count("/") == 1
    except HFValidationError:
        valid = False
    if not valid:
        raise InvalidInput(
            f"--repo-id is {repo_id!r}; allowed: OWNER/NAME, of letters, digits, '-', '_' and '.', at most 96"
        )
