"""Calibration of the intervals after training, on the validation identities.

PSPI:
- Classification: one temperature divides the logits, for the interval only; it minimises the negative log-likelihood.
- Regression: the standard deviation of the normal distribution around the score, in PSPI units, by the same measure.

Action units, of a model that predicts their standard deviations: one factor a unit, so wide that at the level asked for
the interval holds as many of the frames as the level says (split conformal prediction: no assumption on how the errors
are distributed, only that new people are like those of the validation). At other levels it follows a normal.

Nothing changes a predicted score. Coverage is the share of frames whose observed value lies in the interval.
"""

import math
from collections.abc import Callable, Sequence
from typing import NotRequired, TypedDict

import torch
from torch import Tensor

from dataset_script.errors import InvalidInput

from ..configuration_vitpain import ViTPainConfig
from ..frames.dataset import PainFrames
from ..heads_vitpain import interval_half, pspi_distribution, pspi_interval
from ..modeling_vitpain import ViTPainForPainAssessment
from ..prediction.forward import run_frames

TEMPERATURES = (0.05, 20.0)
DEVIATIONS = (0.1, 16.0)  # PSPI units
FACTORS = (0.01, 100.0)


class UnitCalibration(TypedDict):
    """What calibration did for an action unit: its factor on the standard deviation, and coverage as in `Calibration`.

    `frames` are those whose unit is known; without any the factor stays and there is no coverage.
    """

    frames: int
    scale: float
    coverage_before: NotRequired[float]
    coverage_after: NotRequired[float]


class Calibration(TypedDict):
    """What calibration did.

    Attributes:
        level: of the interval, 0.9 for the central 90 %.
        frames: how many it was fitted on.
        temperature: of a classification.
        sd: of a regression, in PSPI units.
        coverage_before, coverage_after: share of the frames whose PSPI lies in the interval.
        nll_before, nll_after: mean negative log-likelihood, nats a frame.
        au: of a model with au_spread, name -> what was done for that unit.
    """

    level: float
    frames: int
    temperature: NotRequired[float]
    sd: NotRequired[float]
    coverage_before: float
    nll_before: float
    coverage_after: float
    nll_after: float
    au: NotRequired[dict[str, UnitCalibration]]


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


def factors_needed(au: Tensor, au_sd: Tensor, au_labels: Tensor, level: float, au_max: Sequence[int]) -> Tensor:
    """The least factor with which a unit's interval at `level` holds its observed intensity, (n, U) float64.

    `au` and `au_sd` (n, U) are predicted, `au_labels` (n, U) observed; NaN where that is not known.
    """
    top = torch.tensor(au_max, dtype=torch.float64)
    return (au_labels.double() - au.double().minimum(top)).abs() / interval_half(au_sd, level).double()


def fit_factor(needed: Tensor, level: float) -> float:
    """The factor in `FACTORS` that is enough for a new frame with probability `level`, from those that n frames needed.

    It is their smallest order statistic that at least `level` of n + 1 frames do not exceed.
    """
    rank = min(math.ceil(level * (len(needed) + 1)), len(needed))
    return min(max(needed.sort().values[rank - 1].item(), FACTORS[0]), FACTORS[1])


def calibrate(
    model: ViTPainForPainAssessment, frames: PainFrames, level: float = 0.9, batch_size: int = 64
) -> Calibration:
    """Sets the model's `interval_temperature` or `regression_sd`, and `au_interval_scale`, from validation frames.

    Args:
        model: in eval mode; its configuration is changed.
        frames: of the validation identities, without augmentation.
        level: of the intervals whose coverage is reported, and at which those of the action units are fitted.
        batch_size: frames at a time.

    Raises:
        InvalidInput: the model is in training mode, or there are no frames.
    """
    if model.training or not len(frames):
        raise InvalidInput(
            f"model.training is {model.training} with {len(frames)} frames; allowed is eval mode, 1 or more"
        )
    found = _outputs(model, frames, batch_size)
    logits, pspi, labels, config = found["logits"], found["pspi"], frames.labels, model.config
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
    if config.au_spread:
        report["au"] = _calibrate_units(config, found["au"], found["au_sd"], frames.au_labels, level)
    return report


def _calibrate_units(
    config: ViTPainConfig, au: Tensor, au_sd: Tensor, au_labels: Tensor, level: float
) -> dict[str, UnitCalibration]:
    """Sets `au_interval_scale` from predicted `au` and `au_sd` (n, U) and observed `au_labels` (n, U), NaN: unknown."""
    before = config.au_interval_scale or [1.0] * len(config.au_names)
    needed = factors_needed(au, au_sd, au_labels, level, config.au_max)
    report: dict[str, UnitCalibration] = {}
    for k, name in enumerate(config.au_names):
        of_unit = needed[:, k][~needed[:, k].isnan()]
        report[name] = {"frames": len(of_unit), "scale": before[k]}
        if len(of_unit):
            scale = fit_factor(of_unit, level)
            for when, factor in (("before", before[k]), ("after", scale)):
                report[name][f"coverage_{when}"] = (of_unit <= factor).double().mean().item()
            report[name]["scale"] = scale
    config.au_interval_scale = [unit["scale"] for unit in report.values()]
    return report


def _outputs(model: ViTPainForPainAssessment, frames: PainFrames, batch_size: int) -> dict[str, Tensor]:
    """`logits` (n, 17), `pspi` (n,), `au` (n, U) and, where the model predicts it, `au_sd` (n, U), on the CPU."""
    parts: dict[str, list[Tensor]] = {}
    for _, output in run_frames(model, frames, batch_size):
        for name in ("logits", "pspi", "au", "au_sd"):
            if name in output:
                parts.setdefault(name, []).append(output[name].float().cpu())
    return {name: torch.cat(tensors) for name, tensors in parts.items()}


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
