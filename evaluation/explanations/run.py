"""Everything that `pain3d explain` computes: agreement of attention with heat, removal of patches, and the mean maps."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

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

from ..provenance import weight_hashes
from ..split.labels import spec_hash
from .agreement import agreement, centre_map
from .removal import FILLS, removal_scores

PRESENT = 1.0
"""Intensity from which a unit counts as there."""
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
class Maps:
    """What is drawn: `picture` (H, W) 0-1, the mean of what the model saw, and for each unit the mean `heat`,
    `attention` and `gradient` (or None) (6, rows, columns), each map summing to 1, over the frames that show it; `frontal`
    frames alone or all.
    """

    picture: np.ndarray
    heat: np.ndarray
    attention: np.ndarray
    gradient: np.ndarray | None
    frontal: bool


def explain(model: str | Path, data: str | Path, settings: Settings) -> tuple[dict, Maps | None]:
    """Runs a model over a split and judges its explanations.

    Returns:
        `context` (on what the numbers stand), `agreement` (as `explanations.agreement`; None where the data hold no heat),
        `removal` (as `removal.removal_scores`; None where no frame shows pain); and the maps, None without heat.

    Raises:
        InvalidInput: as `explain_split`, `agreement` and `removal_estimates`.
        WorkFailed: as `explain_split`.
    """
    how = (settings.split, settings.input, settings.batch_size, settings.frames, settings.gradients)
    explained = explain_split(model, data, *how)
    truth = heat_source(data, explained.rows)
    heat = None if truth is None else _heat(explained, data, settings.split, truth)
    judged, maps, training_frames = None, None, 0
    if heat is not None:
        training = open_split(data, "train")
        training = training.select(spread(len(training), settings.training_frames))
        training_frames = len(training)
        prior_heat = heat_in_patches(data, "train", training, explained.processor, explained.grid, truth)
        prior = mean_map(prior_heat, _shown(training["au"][:]))
        shown = explained.au_labels >= PRESENT
        judged = agreement(
            explained.attention,
            heat,
            shown,
            explained.identities,
            prior,
            explained.gradient,
            settings.resamples,
            settings.seed,
        )
        maps = _maps(explained, heat, shown)
    removal, of_removal = _removal(explained, heat, settings)
    context = {
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
    }
    return {"context": context, "agreement": judged, "removal": removal}, maps


def mean_map(maps: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """The mean of maps `(n, 6, rows, columns)` over the frames of `shown` `(n, 6)`, `(6, rows, columns)`.

    Each map counts the same, and the mean sums to 1; it is even for a unit that no frame shows. Empty maps are left out.
    """
    totals = maps.sum(axis=(2, 3), keepdims=True, dtype=np.float64)
    shares = np.divide(maps, totals, out=np.zeros(maps.shape), where=totals > 0)
    weights = (shown & (totals[:, :, 0, 0] > 0)).astype(np.float64)
    counts = weights.sum(axis=0)[:, None, None]
    even = np.full(maps.shape[1:], 1 / maps[0, 0].size)
    return np.divide(np.einsum("nurc,nu->urc", shares, weights), counts, out=even, where=counts > 0)


def _heat(explained: Explained, data: str | Path, split: str, truth: str) -> np.ndarray:
    return heat_in_patches(data, split, explained.rows, explained.processor, explained.grid, truth)


def _shown(au: list[list[float] | None]) -> np.ndarray:
    """(n, 6): which units are there; none where the source does not tell."""
    rows = [[np.nan] * 6 if units is None else units for units in au]
    return np.array(rows, dtype=np.float64).reshape(-1, 6) >= PRESENT


def _maps(explained: Explained, heat: np.ndarray, shown: np.ndarray) -> Maps:
    """Means over the frontal frames, so that faces lie on each other; over all where the source knows no views."""
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
    return Maps(picture, *means, bool(frontal.any()))


def _removal(explained: Explained, heat: np.ndarray | None, settings: Settings) -> tuple[dict | None, dict]:
    """The scores over frames with pain, and what they stand on."""
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
