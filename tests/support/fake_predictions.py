"""A dataset of blocks of colour with true labels, and what an imagined model says about it."""

from pathlib import Path

import numpy as np
from fake_maker import FakeMaker

from dataset_script.spec import Spec
from evaluation.split.labels import read_columns
from generation.run.generate import generate

COLUMNS = ("frame_id", "identity_id", "view_id", "expression_id", "age_group", "ethnicity", "gender")
COLUMNS += ("expression", "pspi", "au")


def write_dataset(directory: Path, identities: int = 24, others: int = 0) -> Path:
    """Generates a complete dataset, 64 px, and returns its directory."""
    generate(directory, Spec(preset="balanced", identities=identities, size=64, others=others), maker_factory=FakeMaker)
    return directory


def imagine(data: Path, split: str, noise: float = 2.0) -> dict[str, np.ndarray]:
    """What `predict_dataset` returns, of a model whose PSPI is off by about `noise` and whose AUs are by 0.5."""
    columns = {name: np.array(values) for name, values in read_columns(data, split, COLUMNS).to_pydict().items()}
    labels, au = columns.pop("pspi"), columns.pop("au").astype(np.float32)
    rng = np.random.default_rng(len(labels))
    pspi = np.clip(labels + rng.normal(0, noise, len(labels)), 0, 16)
    logits = -0.5 * (pspi[:, None] - np.arange(17)) ** 2 + rng.normal(0, 0.3, (len(labels), 17))
    guessed = au + rng.normal(0, 0.5, au.shape)
    return {**columns, "labels": labels, "logits": logits, "pspi": pspi, "au_labels": au, "au": guessed}
