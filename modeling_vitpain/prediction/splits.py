"""Scores of a dataset's frames from a saved model."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NotRequired, TypedDict

import numpy as np
from datasets import Dataset
from torch.utils.data import Dataset as TorchDataset

from dataset_script.errors import InvalidInput
from dataset_script.facs import ALL_AU_NAMES, AU_NAMES, EXTRA_AU_NAMES

from ..configuration_vitpain import ViTPainConfig
from ..frames.dataset import PainFrames, companion_array, open_people, open_split
from ..frames.neutral_frames import NeutralFrames
from ..modeling_vitpain import ViTPainForPainAssessment
from ..scores_vitpain import pain_scores
from .forward import run_frames
from .load import load_model

_OF_UNITS = ("au", "au_low", "au_high")


class Predictions(TypedDict):
    """One array a key, one row a frame, n of them. What imported data lack is -1 in a class id, and NaN in `au_labels`.

    Attributes:
        frame_id: (n,) str.
        identity_id, view_id, expression_id: (n,) int.
        expression: (n,) str, "neutral", "pain" or what the face does; "" where the data do not tell.
        age_group, ethnicity, gender: (n,) int64, class ids.
        labels: (n,) int64, the observed PSPI.
        au_labels: (n, 6) float32, the observed AUs of the PSPI.
        logits: (n, 17) float32.
        pspi: (n,) float32, the predicted PSPI, an expectation.
        au: (n, 6) float32, the predicted AUs of the PSPI, within their scales.
        companions, companion_labels: (n, 7) float32, the same of `EXTRA_AU_NAMES`; NaN where the model or the data do
            not tell.
        au_low, au_high: (n, 13) float32, the 90 % interval of each of `ALL_AU_NAMES`, NaN where the model does not
            predict it; only of models with au_spread.
        pain_probability: (n,) float32, of "pain, and not another expression"; only of models with an expression head.
        interval_temperature: (n,) float64; the logits are divided by it for the PSPI interval.
    """

    frame_id: np.ndarray
    identity_id: np.ndarray
    view_id: np.ndarray
    expression_id: np.ndarray
    expression: np.ndarray
    age_group: np.ndarray
    ethnicity: np.ndarray
    gender: np.ndarray
    labels: np.ndarray
    au_labels: np.ndarray
    logits: np.ndarray
    pspi: np.ndarray
    au: np.ndarray
    companions: np.ndarray
    companion_labels: np.ndarray
    au_low: NotRequired[np.ndarray]
    au_high: NotRequired[np.ndarray]
    pain_probability: NotRequired[np.ndarray]
    interval_temperature: np.ndarray


def predict_dataset(
    model: str | Path,
    data: str | Path,
    split: str = "test",
    input: str = "image",
    batch_size: int = 32,
    *,
    limit: int | None = None,
    reference: bool | None = None,
) -> Predictions:
    """Runs a model over a split.

    Args:
        model: as `load_model` takes.
        data: a dataset directory or Hub name.
        split: "train", "validation" or "test".
        input: "image", or "heatmap" for a teacher.
        batch_size: frames at a time.
        limit: only the first so many frames.
        reference: give each frame the neutral one of the same person and view (a neutral frame that of another view);
            None: as the model's configuration says; False: let a model with references use its learned fallback.

    Returns:
        The scores, in the dataset's order.

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
) -> Predictions:
    """Runs a model over all frames of `people` (values of `identity_id`), whatever split they are in.

    Arguments and result as `predict_dataset`. Raises as that, and InvalidInput where somebody has no frame.
    """
    rows = open_people(data, people)
    return _predict(model, rows, rows, input, batch_size, reference, "predict")


def predict_rows(
    model: str | Path, rows: Dataset, batch_size: int = 32, *, reference: bool | None = None
) -> Predictions:
    """Runs a model over `rows`, among which references are looked for; an unknown PSPI is -1 in `labels`.

    `reference` as in `predict_dataset`. Raises as `predict_dataset`.
    """
    return _predict(model, rows, rows, "image", batch_size, reference, "predict")


def model_with_frames(
    model: str | Path, rows: Dataset, pool: Dataset, input: str, reference: bool | None = None
) -> tuple[ViTPainForPainAssessment, PainFrames]:
    """A saved model, and the frames as it takes them.

    Args:
        model: as `load_model` takes.
        rows: the frames.
        pool: where neutral references are looked for, if the model takes any.
        input, reference: as in `predict_dataset`.

    Raises:
        InvalidInput: `reference` does not fit the model; and as `load_model` and `PainFrames`.
        WorkFailed: as `load_model`.
    """
    network, processor = load_model(model)
    neutral = NeutralFrames(pool) if _with_reference(network.config, reference) else None
    return network, PainFrames(rows, processor, input, reference=neutral)


def _predict(
    model: str | Path,
    rows: Dataset,
    pool: Dataset,
    input: str,
    batch_size: int,
    reference: bool | None,
    description: str,
) -> Predictions:
    network, frames = model_with_frames(model, rows, pool, input, reference)
    return predict_frames(network, frames, rows, batch_size, description)


def predict_frames(
    network: ViTPainForPainAssessment,
    frames: TorchDataset,
    rows: Dataset,
    batch_size: int = 32,
    description: str = "predict",
) -> Predictions:
    """Runs a model over frames that are ready for it.

    Args:
        network: in eval mode, on its device.
        frames: `PainFrames` of `rows`, or the same with tokens in place of pictures, of `training.feature_cache`.
        rows: the frames as the dataset has them.
        batch_size: frames at a time.
        description: of the progress bar.

    Returns:
        The scores, in the order of `rows`.
    """
    found: dict[str, list[np.ndarray]] = {}
    for _, output in run_frames(network, frames, batch_size, description):
        scores = pain_scores(output, network.config)
        found.setdefault("logits", []).append(output.logits.float().cpu().numpy())
        for name in ("pspi", "au", "au_low", "au_high", "pain_probability"):
            if (values := getattr(scores, name)) is not None:
                found.setdefault(name, []).append(values)
    said = {name: np.concatenate(parts) for name, parts in found.items()}
    units = {name: _of_all_units(said.pop(name), network.config.au_names) for name in _OF_UNITS if name in said}
    au = units.pop("au")
    return {
        **{name: np.asarray(rows[name][:]) for name in ("frame_id", "identity_id", "view_id", "expression_id")},
        "expression": _expressions(rows),
        **{name: _class_ids(rows[name][:]) for name in ("age_group", "ethnicity", "gender")},
        "labels": frames.labels.numpy(),
        "au_labels": frames.au_labels.numpy(),
        **said,
        **units,
        "au": au[:, : len(AU_NAMES)],
        "companions": au[:, len(AU_NAMES) :],
        "companion_labels": companion_array(rows, EXTRA_AU_NAMES),
        "interval_temperature": np.full(len(frames), network.config.interval_temperature),
    }


def _of_all_units(values: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """`values` (n, U) of the units `names` as (n, 13) of `ALL_AU_NAMES`; NaN for the others."""
    every = np.full((len(values), len(ALL_AU_NAMES)), np.nan, dtype=np.float32)
    every[:, [ALL_AU_NAMES.index(name) for name in names]] = values
    return every


def _expressions(rows: Dataset) -> np.ndarray:
    """(n,) str; "" where the source has none, and in data of earlier versions."""
    names = rows["expression"][:] if "expression" in rows.column_names else [None] * len(rows)
    return np.array([name or "" for name in names], dtype=str)


def _class_ids(values: list[int | None]) -> np.ndarray:
    """(n,) int64; -1 where the source has none."""
    return np.array([-1 if value is None else value for value in values], dtype=np.int64)


def _with_reference(config: ViTPainConfig, reference: bool | None) -> bool:
    takes = config.reference == "neutral"
    if reference and not takes:
        raise InvalidInput("reference is True, but the model has reference='none'")
    if reference is False and takes and not config.reference_fallback:
        raise InvalidInput("reference is False, but the model has no fallback: it always needs a neutral frame")
    return takes if reference is None else reference
