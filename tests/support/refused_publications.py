"""Why a directory may not be published, and changing the metadata of its card."""

from pathlib import Path

import pytest
import yaml
from huggingface_hub.repocard import metadata_load

from model_cards.publishing.plan import plan_publication
from model_cards.publishing.publication import NotPublishable


def reasons(kind: str, directory: Path, repo_id: str = "user/pain3d") -> list[str]:
    with pytest.raises(NotPublishable) as refusal:
        plan_publication(kind, directory, repo_id)
    return refusal.value.reasons


def set_metadata(directory: Path, **values) -> None:
    """Changes values of the YAML of a card; None takes one away."""
    readme = directory / "README.md"
    body = readme.read_text().split("---\n", 2)[2]
    kept = {name: value for name, value in {**metadata_load(readme), **values}.items() if value is not None}
    readme.write_text(f"---\n{yaml.safe_dump(kept, sort_keys=False, allow_unicode=True)}---\n{body}")
