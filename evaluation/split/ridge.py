"""Ridge regression from numbers that describe a picture to PSPI and action units: what a network must beat."""

from dataclasses import dataclass

import numpy as np

from dataset_script.facs import AU_MAX, PSPI_CLASSES, PSPI_MAX

STRENGTHS: tuple[float, ...] = tuple(10.0**k for k in range(7))
"""Penalties that are tried; the one with the least PSPI error on other people is kept."""
_LEAST_SPREAD = 0.5


@dataclass(frozen=True)
class Described:
    """n frames. `features` (n, D) float32, `pspi` (n,), `au` (n, 6), NaN where unknown."""

    features: np.ndarray
    pspi: np.ndarray
    au: np.ndarray


@dataclass(frozen=True)
class Ridge:
    """A fitted regression.

    Attributes:
        strength: its penalty.
        mean: (D,) of the training features.
        weights: (D, 7), for PSPI and the six action units; (D, 1) where the training frames have no units.
        intercept: (7,) or (1,).
        spread: root mean square of the PSPI error on the frames that chose the strength: the width of the
            distribution over PSPI that `predict` gives.
    """

    strength: float
    mean: np.ndarray
    weights: np.ndarray
    intercept: np.ndarray
    spread: float

    def predict(self, features: np.ndarray) -> dict[str, np.ndarray]:
        """Scores of frames (n, D) with the keys of `Predictions`.

        `pspi` (n,) 0-16; `logits` (n, 17), of a normal distribution about it; `au` (n, 6) within their scales, NaN
        where the training frames had none.
        """
        found = (features - self.mean).astype(np.float64) @ self.weights + self.intercept
        pspi = found[:, 0].clip(0, PSPI_MAX)
        logits = -(((pspi[:, None] - np.arange(PSPI_CLASSES)) / self.spread) ** 2) / 2
        units = found[:, 1:] if found.shape[1] > 1 else np.full((len(found), len(AU_MAX)), np.nan)
        return {"pspi": pspi, "logits": logits, "au": np.clip(units, 0, np.array(AU_MAX, float))}


def fit_ridge(training: Described, choosing: Described, strengths: tuple[float, ...] = STRENGTHS) -> Ridge:
    """Fits to `training`, with the strength of least PSPI MAE on `choosing`, frames of other people."""
    known = not np.isnan(training.au).any()
    targets = np.column_stack([training.pspi, training.au]) if known else training.pspi[:, None].astype(float)
    mean, intercept = training.features.mean(axis=0), targets.mean(axis=0)
    found = []
    for strength, weights in _solutions(training.features - mean, targets - intercept, strengths):
        ridge = Ridge(strength, mean, weights, intercept, spread=1.0)
        error = ridge.predict(choosing.features)["pspi"] - choosing.pspi
        spread = max(float(np.sqrt((error**2).mean())), _LEAST_SPREAD)
        found.append((float(np.abs(error).mean()), Ridge(strength, mean, weights, intercept, spread)))
    return min(found, key=lambda each: each[0])[1]


def _solutions(x: np.ndarray, y: np.ndarray, strengths: tuple[float, ...]):
    """(strength, weights (D, K)) for centred features (n, D) and targets (n, K); solves the smaller of two systems."""
    x = x.astype(np.float64)
    few = len(x) < x.shape[1]
    products = x @ x.T if few else x.T @ x
    right = y if few else x.T @ y
    for strength in strengths:
        penalised = products.copy()
        penalised.flat[:: len(products) + 1] += strength  # its diagonal
        solved = np.linalg.solve(penalised, right)
        yield strength, x.T @ solved if few else solved
