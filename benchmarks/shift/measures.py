"""What is computed of scores on a set: each with a 95 % interval over people."""

import numpy as np

from dataset_script.facs import AU_NAMES
from evaluation.au_agreement.functions import PRESENT
from evaluation.pspi_regression.functions import regression_from_sums, regression_terms
from evaluation.results import Estimate
from evaluation.statistics.bootstrap import ClusterBootstrap, Weighting
from evaluation.statistics.measures import pain_probability, pspi_measures

from .frames import Observed
from .stored import Arrays

RESAMPLES = 1000
PAIN = 3
"""PSPI from which the AUROC of pain counts a frame as pain."""
MEASURES: dict[str, str] = {
    "mae": "PSPI MAE",
    "macro_auroc": "macro AUROC, 17 classes",
    "macro_auroc_16": "macro AUROC, 16 classes",
    "accuracy_within_1": "within ±1",
    "auroc_pspi_3": f"AUROC of PSPI ≥ {PAIN}",
    "r_pspi": "r of PSPI",
    "auroc_units": "mean AUROC of the six units",
    "kept": "share of home's macro AUROC",
    "smiles": "smiles above the neutrals' 90th percentile",
    "found": "share of frames with a score",
}
"""Key -> what it is. The other keys are those of `unit_key`."""


def unit_key(measure: str, unit: str) -> str:
    """Key of the measure "r" or "auroc" of a unit."""
    return f"{measure}_{unit}"


def measure(scores: Arrays, observed: Observed, home: tuple[Arrays, Observed] | None) -> dict[str, Estimate]:
    """Key -> estimate of what can be measured.

    Args:
        scores: of the frames, as `Row.predict` gives them.
        observed: their labels.
        home: scores and labels of the same row on the set `home`; None: nothing is compared.
    """
    bootstrap = ClusterBootstrap(observed.identity, RESAMPLES)
    seen = np.isfinite(scores["pspi"])
    found = {"found": bootstrap.whole.sums(np.column_stack([seen, np.ones(len(seen))]).astype(float))}
    values = {"found": found["found"][:, 0] / found["found"][:, 1]}
    values |= _of_seen({k: v[seen] for k, v in scores.items()}, _part(observed, seen), bootstrap.part(seen))
    result = {name: bootstrap.estimate(value) for name, value in values.items()}
    if home is not None and "logits" in scores:
        result["kept"] = _kept(scores, observed, *home)
    return result


def _of_seen(scores: Arrays, observed: Observed, weighting: Weighting) -> dict[str, np.ndarray]:
    pspi = scores["pspi"]
    predictions = {"labels": observed.pspi, **scores}
    values = {}
    if "logits" in scores:
        known = pspi_measures(predictions, weighting)
        values = {name: known[name] for name in ("mae", "macro_auroc", "macro_auroc_16", "accuracy_within_1")}
    pain = pain_probability(predictions, PAIN) if "logits" in scores else pspi
    values["auroc_pspi_3"] = weighting.auroc(pain, observed.pspi >= PAIN)
    values["r_pspi"] = correlation(pspi, observed.pspi, weighting)
    areas = []
    for k, unit in enumerate(AU_NAMES):
        shown = ~observed.hidden[:, k]
        part, predicted, truth = _shown(weighting, shown), scores["au"][shown, k], observed.au[shown, k]
        areas.append(part.auroc(predicted, truth >= PRESENT))
        values[unit_key("auroc", unit)] = areas[-1]
        values[unit_key("r", unit)] = correlation(predicted, truth, part)
    values["auroc_units"] = np.mean(areas, axis=0)
    if observed.smile.any():
        values["smiles"] = smiles_above(scores.get("pain", pspi), observed, weighting)
    return values


def smiles_above(score: np.ndarray, observed: Observed, weighting: Weighting) -> np.ndarray:
    """(rows,) share of smiles whose score (n,) is above the 90th percentile of the neutral faces of the row."""
    neutral = np.flatnonzero(observed.neutral)
    neutral = neutral[np.argsort(score[neutral], kind="stable")]
    weights = np.cumsum(weighting.weights[:, weighting.index[neutral]], axis=1)
    with np.errstate(invalid="ignore"):
        place = np.argmax(weights >= 0.9 * weights[:, -1:], axis=1)
    limit = score[neutral][place]
    smiles = weighting.weights[:, weighting.index[observed.smile]]
    above = (smiles * (score[observed.smile] > limit[:, None])).sum(axis=1)
    total = smiles.sum(axis=1)
    return np.divide(above, total, out=np.full(len(total), np.nan), where=total > 0)


def _kept(scores: Arrays, observed: Observed, home_scores: Arrays, home: Observed) -> Estimate:
    """Macro AUROC over that on the same frames of `home`; its interval is of pairs of frames."""
    _, here, there = np.intersect1d(observed.frame_id, home.frame_id, return_indices=True)
    bootstrap = ClusterBootstrap(observed.identity[here], RESAMPLES)
    labels = observed.pspi[here]
    areas = [
        pspi_measures({"labels": labels, "logits": s["logits"][at], "pspi": s["pspi"][at]}, bootstrap.whole)
        for s, at in ((scores, here), (home_scores, there))
    ]
    return bootstrap.estimate(areas[0]["macro_auroc"] / areas[1]["macro_auroc"])


def correlation(predicted: np.ndarray, truth: np.ndarray, weighting: Weighting) -> np.ndarray:
    """(rows,) Pearson correlation of two (n,)."""
    return regression_from_sums(weighting.sums(regression_terms(predicted, truth)))["pcc"]


def _shown(weighting: Weighting, mask: np.ndarray) -> Weighting:
    return Weighting(weighting.index[mask], weighting.weights)


def _part(observed: Observed, mask: np.ndarray) -> Observed:
    return Observed(**{name: values[mask] for name, values in vars(observed).items()})
