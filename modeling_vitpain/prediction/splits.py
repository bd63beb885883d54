"""Loading a saved model, and its scores of a dataset. Pictures and videos are the business of `scoring.py`."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from torch.utils.data import DataLoader
from tqdm import tqdm

from dataset_script.errors import InvalidInput

from ..configuration_vitpain import ViTPainConfig
from ..frames.dataset import PainFrames, open_people, open_split
from .load import clipped_au, load_model, sensible_threads

_PIXELS = ("pixel_values", "reference_pixel_values", "reference_mask")


def predict_dataset(
    model: str | Path,
    data: str | Path,
    split: str = "test",
    input: str = "image",
    batch_size: int = 32,
    limit: int | None = None,
    reference: bool | None = None,
) -> dict[str, np.ndarray]:
    """Runs a model over a split.

    Args:
        model: as `load_model` takes.
        data: a dataset directory or Hub name.
        split: "train", "validation" or "test".
        input: "image", or "heatmap" for a teacher.
        batch_size: frames at a time.
        limit: only the first so many frames.
        reference: give each frame the neutral one of the same person and view (a neutral frame that of another view); None:
            as the model's configuration says; False: let a model with references use its learned fallback.

    Returns:
        One array a key, a row a frame, in the dataset's order: `frame_id` (n,) str, `identity_id`, `view_id`,
        `expression_id` (n,), `labels` (n,) the true PSPI, `logits` (n, 17), `pspi` (n,) the expectation, `au_labels` and
        `au` (n, 6), `age_group`, `ethnicity`, `gender` (n,) class ids, `interval_temperature` (n,), which the logits are
        divided by for the PSPI interval. `au` is clipped to the units' scales. Imported data may not tell all: a class
        id is then -1, and `au_labels` NaN.

    Raises:
        InvalidInput: `reference` does not fit the model; and as `load_model` and `open_split`.
        WorkFailed: as these two.
    """
    pool = open_split(data, split)
    rows = pool if limit is None else pool.select(range(min(limit, len(pool))))
    return _predict(model, rows, pool, input, batch_size, reference, f"predict {split}")


def predict_people(
    model: str | Path,
    data: str | Path,
    people: Iterable[int],
    input: str = "image",
    batch_size: int = 32,
    reference: bool | None = None,
) -> dict[str, np.ndarray]:
    """Runs a model over all frames of `people` (values of `identity_id`), whatever split they are in.

    Arguments and result as `predict_dataset`. Raises as that, and InvalidInput where somebody has no frame.
    """
    rows = open_people(data, people)
    return _predict(model, rows, rows, input, batch_size, reference, "predict")


@torch.inference_mode()
def _predict(
    model: str | Path, rows: Dataset, pool: Dataset, input: str, batch_size: int, reference: bool | None, words: str
) -> dict[str, np.ndarray]:
    """Scores of `rows`; references are looked for in `pool`."""
    network, processor = load_model(model)
    with_reference = _with_reference(network.config, reference)
    references = {"reference": True, "reference_rows": pool} if with_reference else {}
    frames = PainFrames(rows, processor, input, **references)
    outputs: dict[str, list[np.ndarray]] = {"logits": [], "pspi": [], "au": []}
    with sensible_threads(network):
        for batch in tqdm(DataLoader(frames, batch_size=batch_size), desc=words, disable=None):
            pixels = {name: batch[name].to(network.device) for name in _PIXELS if name in batch}
            output = network(**pixels)
            outputs["logits"].append(output.logits.float().cpu().numpy())
            outputs["pspi"].append(output.pspi.cpu().numpy())
            outputs["au"].append(clipped_au(output, network.config))
    columns = ("frame_id", "identity_id", "view_id", "expression_id")
    return {
        **{name: np.asarray(rows[name][:]) for name in columns},
        **{name: _class_ids(rows[name][:]) for name in ("age_group", "ethnicity", "gender")},
        "labels": frames.labels.numpy(),
        "au_labels": frames.au_labels.numpy(),
        **{name: np.concatenate(parts) for name, parts in outputs.items()},
        "interval_temperature": np.full(len(frames), network.config.interval_temperature),
    }


def _class_ids(values: list[int | None]) -> np.ndarray:
    """(n,) int64; -1 where the source does not tell."""
    return np.array([-1 if value is None else value for value in values], dtype=np.int64)


def _with_reference(config: ViTPainConfig, reference: bool | None) -> bool:
    takes = config.reference == "neutral"
    if reference and not takes:
        raise InvalidInput("reference is True, but the model has reference='none'")
    if reference is False and takes and not config.reference_fallback:
        raise InvalidInput("reference is False, but the model has no fallback: it always needs a neutral frame")
    return takes if reference is None else reference
