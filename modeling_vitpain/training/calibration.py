"""Calibration of the PSPI interval after training, on the validation identities.

- Classification: one temperature divides the logits, for the interval only; it minimises the negative log-likelihood.
- Regression: the standard deviation of the normal distribution around the score, in PSPI units, by the same measure.

Neither changes a predicted score. Coverage is the share of frames whose PSPI lies in the interval.
"""

import math
from collections.abc import Callable
from typing import NotRequired, TypedDict

import torch
from torch import Tensor

from dataset_script.errors import InvalidInput

from ..frames.dataset import PainFrames
from ..heads_vitpain import pspi_distribution, pspi_interval
from ..modeling_vitpain import ViTPainForPainAssessment
from ..prediction.forward import run_frames

TEMPERATURES = (0.05, 20.0)
DEVIATIONS = (0.1, 16.0)  # PSPI units


class Calibration(TypedDict):
    """What calibration did.

    Attributes:
        level: of the interval, 0.9 for the central 90 %.
        frames: how many it was fitted on.
        temperature: of a classification.
        sd: of a regression, in PSPI units.
        coverage_before, coverage_after: share of the frames whose PSPI lies in the interval.
        nll_before, nll_after: mean negative log-likelihood, nats a frame.
    """

    level: float
    frames: int
    temperature: NotRequired[float]
    sd: NotRequired[float]
    coverage_before: float
    nll_before: float
    coverage_after: float
    nll_after: float


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """The temperature in `TEMPERATURES` of least negative log-likelihood. `logits` (n, 17), `labels` (n,)."""
    logits = logits.double()
    return _minimum(lambda t: negative_log_likelihood(logits / t, labels), *TEMPERATURES)


def fit_deviation(pspi: Tensor, labels: Tensor, classes: int) -> float:
    """The standard deviation in `DEVIATIONS` of least negative log-likelihood.

    `pspi` (n,) is predicted, `labels` (n,) are observed, 0 to `classes` - 1.
    """
    pspi = pspi.double()
    return _minimum(lambda sd: negative_log_likelihood(pspi_distribution(pspi, sd, classes), labels), *DEVIATIONS)


def negative_log_likelihood(logits: Tensor, labels: Tensor) -> float:
    """Mean negative log-likelihood, nats."""
    return torch.nn.functional.cross_entropy(logits.double(), labels).item()


def coverage(logits: Tensor, labels: Tensor, level: float, temperature: float = 1.0) -> float:
    """Share of `labels` (n,) in the central interval of `logits` (n, 17) at `level`."""
    low, high = pspi_interval(logits, level, temperature)
    return ((low <= labels) & (labels <= high)).double().mean().item()


def calibrate(
    model: ViTPainForPainAssessment, frames: PainFrames, level: float = 0.9, batch_size: int = 64
) -> Calibration:
    """Sets the model's `interval_temperature` or `regression_sd` from validation frames.

    Args:
        model: in eval mode; its configuration is changed.
        frames: of the validation identities, without augmentation.
        level: of the interval whose coverage is reported.
        batch_size: frames at a time.

    Raises:
        InvalidInput: the model is in training mode, or there are no frames.
    """
    if model.training or not len(frames):
        raise InvalidInput(
            f"model.training is {model.training} with {len(frames)} frames; allowed is eval mode, 1 or more"
        )
    logits, pspi = _outputs(model, frames, batch_size)
    labels, config = frames.labels, model.config
    before = (logits, config.interval_temperature)
    if config.pspi_head == "regression":
        config.regression_sd = fit_deviation(pspi, labels, config.num_pspi_classes)
        config.interval_temperature = 1.0
        after = (pspi_distribution(pspi, config.regression_sd, config.num_pspi_classes), 1.0)
        report: Calibration = {"level": level, "frames": len(frames), "sd": config.regression_sd}
    else:
        config.interval_temperature = fit_temperature(logits, labels)
        after = (logits, config.interval_temperature)
        report = {"level": level, "frames": len(frames), "temperature": config.interval_temperature}
    for name, (distribution, temperature) in (("before", before), ("after", after)):
        report[f"coverage_{name}"] = coverage(distribution, labels, level, temperature)
        report[f"nll_{name}"] = negative_log_likelihood(distribution / temperature, labels)
    return report


def _outputs(model: ViTPainForPainAssessment, frames: PainFrames, batch_size: int) -> tuple[Tensor, Tensor]:
    """`logits` (n, 17) and `pspi` (n,), on the CPU."""
    logits, pspi = [], []
    for _, output in run_frames(model, frames, batch_size):
        logits.append(output.logits.float().cpu())
        pspi.append(output.pspi.float().cpu())
    return torch.cat(logits), torch.cat(pspi)


def _minimum(function: Callable[[float], float], low: float, high: float, steps: int = 60) -> float:
    """Where a function with one minimum in [low, high] has it, by golden-section search in the logarithm."""
    a, b = math.log(low), math.log(high)
    golden = (math.sqrt(5) - 1) / 2
    left, right = b - golden * (b - a), a + golden * (b - a)
    at_left, at_right = function(math.exp(left)), function(math.exp(right))
    for _ in range(steps):
        if at_left <= at_right:
            b, right, at_right = right, left, at_left
            left = b - golden * (b - a)
            at_left = function(math.exp(left))
        else:
            a, left, at_left = left, right, at_right
            right = a + golden * (b - a)
            at_right = function(math.exp(right))
    return math.exp((a + b) / 2)
