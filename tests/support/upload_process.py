"""An upload of a folder, here or in a process of its own that can be killed at any moment."""

import multiprocessing
import os
from multiprocessing.process import BaseProcess
from pathlib import Path

from huggingface_hub import constants

from model_cards.publishing import upload as uploading
from model_cards.publishing.files import PublishedFile
from model_cards.publishing.publication import Publication

_FORKS = multiprocessing.get_context("forkserver")  # it imports once, and each process begins with that
_FORKS.set_forkserver_preload(["upload_process"])


def publication(folder: Path, repo_id: str = "user/blocks") -> Publication:
    """Every file of a folder, as a dataset."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = tuple(PublishedFile(path.relative_to(folder).as_posix(), path) for path in paths)
    return Publication("dataset", folder, repo_id, files, stale=("data/*.parquet",))


def started_upload(folder: Path, environment: dict[str, str]) -> BaseProcess:
    """Begins to upload a folder in another process."""
    process = _FORKS.Process(target=_upload, args=(folder, environment), daemon=True)
    process.start()
    return process


def _upload(folder: Path, environment: dict[str, str]) -> None:
    os.environ |= environment
    constants.ENDPOINT = environment["HF_ENDPOINT"]  # as huggingface_hub was imported before it was known
    constants.HF_HUB_DISABLE_XET = True
    uploading.BATCH_FILES = 2
    uploading.upload(publication(folder))
