"""Everything that `pain3d explain` computes: agreement of attention with heat, removal of patches, and mean maps."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from datasets import Dataset

from dataset_script.facs import AU_NAMES
from modeling_vitpain.explanation.attention import (
    Explained,
    explain_split,
    heat_in_patches,
    heat_source,
    pspi_attention,
    spread,
)
from modeling_vitpain.explanation.removal import removal_estimates
from modeling_vitpain.frames.dataset import open_split

from ..au_agreement.functions import PRESENT
from ..provenance import spec_hash, versions, weight_hashes
from .agreement import UnitMaps, agreement, centre_map
from .removal import FILLS, removal_scores
from .results import ExplanationContext, Explanations, Removal

_PICTURES = 200


@dataclass(frozen=True)
class Settings:
    """What of a dataset is looked at, and how: see `pain3d explain --help`."""

    split: str = "test"
    input: str = "image"
    training_frames: int = 2_000
    removal_frames: int = 300
    steps: int = 8
    resamples: int = 10_000
    seed: int = 0
    batch_size: int = 32
    frames: int | None = None
    gradients: bool = True


@dataclass(frozen=True)
class MeanMaps:
    """What is drawn: means over the frames that show a unit.

    Attributes:
        picture: (H, W), 0-1, of what the model saw.
        heat, attention, gradient: (6, rows, columns), each map summing to 1; gradient may be None.
        frontal: whether they are of the frontal frames alone.
    """

    picture: np.ndarray
    heat: np.ndarray
    attention: np.ndarray
    gradient: np.ndarray | None
    frontal: bool


def explain(model: str | Path, data: str | Path, settings: Settings) -> tuple[Explanations, MeanMaps | None]:
    """Runs a model over a split and scores its explanations.

    Returns:
        The result, and the mean maps, None where the data hold no heat.

    Raises:
        InvalidInput: as `explain_split`, `agreement` and `removal_estimates`.
        WorkFailed: as `explain_split`.
    """
    how = (settings.split, settings.input, settings.batch_size, settings.frames, settings.gradients)
    explained = explain_split(model, data, *how)
    truth = heat_source(data, explained.rows)
    heat = None if truth is None else _heat(explained, data, settings.split, explained.rows, truth)
    scores, mean_maps, training_frames = None, None, 0
    if heat is not None:
        training = open_split(data, "train")
        training = training.select(spread(len(training), settings.training_frames))
        training_frames = len(training)
        shown = explained.au_labels >= PRESENT
        maps = UnitMaps(
            explained.attention,
            heat,
            shown,
            explained.identities,
            mean_map(_heat(explained, data, "train", training, truth), _shown(training["au"][:])),
            explained.gradient,
        )
        scores = agreement(maps, settings.resamples, settings.seed)
        mean_maps = _mean_maps(explained, heat, shown)
    removal, of_removal = _removal(explained, heat, settings)
    context: ExplanationContext = {
        "model": Path(model).name,
        "data": Path(data).resolve().name,
        "split": settings.split,
        "input": settings.input,
        "frames": len(explained.labels),
        "identities": len(np.unique(explained.identities)),
        "grid": list(explained.grid),
        "truth": truth,
        "training_frames": training_frames,
        **of_removal,
        "steps": settings.steps,
        "spec_hash": spec_hash(data),
        "weights": weight_hashes(model),
        "resamples": settings.resamples,
        "seed": settings.seed,
        "versions": versions(),
    }
    return {"context": context, "agreement": scores, "removal": removal}, mean_maps


def mean_map(maps: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """The mean of maps `(n, 6, rows, columns)` over the frames of `shown` `(n, 6)`, `(6, rows, columns)`.

    All maps have equal weight, and the mean sums to 1; it is even for a unit that no frame shows. Empty maps are left
    out.
    """
    totals = maps.sum(axis=(2, 3), keepdims=True, dtype=np.float64)
    shares = np.divide(maps, totals, out=np.zeros(maps.shape), where=totals > 0)
    weights = (shown & (totals[:, :, 0, 0] > 0)).astype(np.float64)
    counts = weights.sum(axis=0)[:, None, None]
    even = np.full(maps.shape[1:], 1 / maps[0, 0].size)
    return np.divide(np.einsum("nurc,nu->urc", shares, weights), counts, out=even, where=counts > 0)


def _heat(explained: Explained, data: str | Path, split: str, rows: Dataset, truth: str) -> np.ndarray:
    return heat_in_patches(data, split, rows, explained.processor, explained.grid, truth)


def _shown(au: list[list[float] | None]) -> np.ndarray:
    """(n, 6): which units are present; none where the data do not tell."""
    rows = [[np.nan] * len(AU_NAMES) if units is None else units for units in au]
    return np.array(rows, dtype=np.float64).reshape(-1, len(AU_NAMES)) >= PRESENT


def _mean_maps(explained: Explained, heat: np.ndarray, shown: np.ndarray) -> MeanMaps:
    """Means over the frontal frames, so that faces overlap; over all frames where the data have no views."""
    frontal = np.array(explained.rows["view_id"][:], dtype=np.float64) == 0
    if frontal.any():
        shown = shown & frontal[:, None]
    places = np.flatnonzero(shown.any(axis=1))
    chosen = places[spread(len(places), _PICTURES)].tolist()
    pixels = np.mean([explained.frames[k]["pixel_values"].numpy() for k in chosen], axis=0)
    normaliser = explained.frames.views["pixel_values"].normaliser
    picture = np.clip((pixels * normaliser.std + normaliser.mean).mean(axis=0), 0, 1)
    means = [
        None if maps is None else mean_map(maps, shown) for maps in (heat, explained.attention, explained.gradient)
    ]
    return MeanMaps(picture, *means, bool(frontal.any()))


def _removal(explained: Explained, heat: np.ndarray | None, settings: Settings) -> tuple[Removal | None, dict]:
    """The scores over frames with pain, and their part of the context."""
    painful = np.flatnonzero(explained.labels >= 1)
    if not painful.size:
        return None, {"removal_frames": 0, "removal_identities": 0, "mean_way": {}}
    places = painful[spread(len(painful), settings.removal_frames)].tolist()
    orders = {"attention": pspi_attention(explained.attention[places], explained.au[places])}
    if heat is not None:
        orders["heat"] = heat[places].sum(axis=1)
    orders["centre"] = np.broadcast_to(centre_map(*explained.grid), (len(places), *explained.grid))
    steps, seed, people = settings.steps, settings.seed, explained.identities[places]
    estimates = {fill: removal_estimates(explained, places, orders, fill, steps, seed) for fill in FILLS}
    ends = {fill: modes["random"]["deletion"] for fill, modes in estimates.items()}
    return removal_scores(estimates, people, settings.resamples, seed), {
        "removal_frames": len(places),
        "removal_identities": len(np.unique(people)),
        "mean_way": {fill: float(np.abs(curve[:, 0] - curve[:, -1]).mean()) for fill, curve in ends.items()},
    }
