"""The examples of a card, as they are on the Hub: by the name of the repository, pinned to the tag where one is given.

A model and a metric run code of the repository on the reader's machine; an example without `revision` would run what
is newest there.
"""

import re
from dataclasses import replace

from dataset_script.hub_readme import README

from .files import PublishedFile

_UNPINNED = '"revision": "main"'
"""What the examples of a model card have."""


def with_repository(
    files: list[PublishedFile], kind: str, name: str, repo_id: str, tag: str | None
) -> list[PublishedFile]:
    """The files, the examples of the card among them changed.

    Args:
        files: of a publication.
        kind: "dataset", "model", "metric" or "demo".
        name: of the directory, by which the examples load it.
        repo_id: OWNER/NAME.
        tag: of the commit that will hold them.
    """
    return [_changed(file, kind, name, repo_id, tag) if file.path == README else file for file in files]


def _changed(file: PublishedFile, kind: str, name: str, repo_id: str, tag: str | None) -> PublishedFile:
    text = file.source.read_text(encoding="utf-8")
    match kind:
        case "dataset":
            changed = text.replace(f'load_dataset("{name}"', f'load_dataset("{repo_id}"')
        case "model":
            changed = re.sub(rf'(from_pretrained\("|--model ){re.escape(name)}(?=["\s`])', rf"\g<1>{repo_id}", text)
            changed = changed if tag is None else changed.replace(_UNPINNED, f'"revision": "{tag}"')
        case "metric":
            pinned = "" if tag is None else f', revision="{tag}"'
            changed = text.replace(f'evaluate.load("evaluation/{name}"', f'evaluate.load("{repo_id}"{pinned}')
        case _:
            changed = text
    if changed == text:
        return file
    return replace(file, content=changed.encode(), made="its examples name the repository")
