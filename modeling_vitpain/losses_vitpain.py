"""The loss that ViTPain is trained on: each term, and their weighted sum (equation 15 of the paper).

    loss = lambda_pspi          * cross-entropy of the PSPI class           (squared PSPI error for "regression")
         + lambda_binary        * cross-entropy of "PSPI >= t"              ("regression" only)
         + lambda_au            * (squared AU error, of known AUs
                                   + negative log-likelihood of the AUs under their deviations)  ("au_spread" only)
         + lambda_expression    * cross-entropy of "pain, and not another expression"  ("expression_head" only)
         + heatmap_weight       * squared error of the predicted heatmap    (only where it is trained from scratch)
         + attention_weight     * cross-entropy of the AU attention against the true heat  (only where it is asked for)
         + distillation_pspi    * T^2 KL(teacher || student) of the logits  (only with a teacher, as the next two)
         + distillation_au      * squared AU difference from the teacher    (equation 13)
         + distillation_feature * squared CLS difference from the teacher   (equation 14)

- Equation 15 has the PSPI's line, the squared AU error and the last three. The binary heads are of the paper's later
  versions. The rest is not in the paper; the heatmap term lets a small model learn from random weights
  (`training/heatmap_objective.py`).
- Every term is a mean over the batch. One that a batch or a recipe does not have is 0.
- The paper's text says "softmaxed outputs" for the distilled PSPI; a second softmax would flatten both distributions to
  near uniform, so logits are meant, and used.
- Shapes: B images, N patches, width D, U action units (the six of the PSPI, then companions), 17 PSPI classes.
- This file is Hub remote code: it imports torch, transformers and the configuration, nothing else.
"""

from dataclasses import dataclass
from typing import TypedDict

import torch
from torch import Tensor, nn
from transformers.utils import ModelOutput

from .configuration_checks_vitpain import AU_MAX, AU_NAMES, SMILE
from .configuration_vitpain import ViTPainConfig

HEATMAP_CELLS = 2
"""Rows and columns of cells inside a patch, whose mean heat the model predicts."""
_HEAT_UNIT = 0.1
"""Heat, as a share of full scale, that counts as 1 in the loss: near the standard deviation inside faces in pain."""


class MoreLabels(TypedDict, total=False):
    """Labels of `forward` that a batch may lack.

    Not parameters by name: a plain Trainer evaluates nothing where the batch lacks one of those named labels.
    """

    pain_labels: Tensor | None


@dataclass(frozen=True)
class LossWeights:
    """The weight of each term, with the name that it has in `ViTPainConfig` or `ViTPainTrainingArguments`."""

    lambda_pspi: float = 1.0
    lambda_binary: float = 1.0
    lambda_au: float = 1.0
    lambda_expression: float = 1.0
    heatmap_weight: float = 0.0
    attention_weight: float = 0.0
    distillation_pspi: float = 0.1
    distillation_au: float = 0.3
    distillation_feature: float = 0.5


@dataclass
class LossTerms:
    """The terms, unweighted, each a tensor () or 0."""

    pspi: Tensor | float = 0.0
    binary: Tensor | float = 0.0
    au: Tensor | float = 0.0
    au_spread: Tensor | float = 0.0
    expression: Tensor | float = 0.0
    heatmap: Tensor | float = 0.0
    attention: Tensor | float = 0.0
    distilled_pspi: Tensor | float = 0.0
    distilled_au: Tensor | float = 0.0
    distilled_feature: Tensor | float = 0.0


def total_loss(terms: LossTerms, weights: LossWeights) -> Tensor:
    """The loss, (): equation 15 with the terms that are not in it."""
    return (
        weights.lambda_pspi * terms.pspi
        + weights.lambda_binary * terms.binary
        + weights.lambda_au * (terms.au + terms.au_spread)
        + weights.lambda_expression * terms.expression
        + weights.heatmap_weight * terms.heatmap
        + weights.attention_weight * terms.attention
        + (
            weights.distillation_pspi * terms.distilled_pspi
            + weights.distillation_au * terms.distilled_au
            + weights.distillation_feature * terms.distilled_feature
        )
    )


def supervised_terms(
    output: ModelOutput,
    labels: Tensor | None,
    au_labels: Tensor | None,
    pain_labels: Tensor | None,
    config: ViTPainConfig,
) -> LossTerms:
    """The terms that compare a model's output with the labels, where there are any.

    Args:
        output: `logits` (B, 17), `pspi` (B,), `au` (B, U), and `binary_logits` (B, thresholds), `au_sd` (B, U) and
            `pain_logits` (B,) or None, as ViTPainOutput defines them. `binary_logits` mean that the PSPI branch is a
            regression.
        labels: (B,), PSPI.
        au_labels: (B, U), AU intensities; NaN where a unit is not known.
        pain_labels: (B,), 1 pain, 0 neutral or another expression; NaN where that is not known.
        config: of the model.
    """
    terms = LossTerms()
    if labels is not None and output.binary_logits is None:
        terms.pspi = nn.functional.cross_entropy(output.logits.float(), labels.long())
    elif labels is not None:
        terms.pspi = nn.functional.mse_loss(output.pspi, labels.float())
        terms.binary = binary_error(output.binary_logits, labels, config.pspi_thresholds)
    if au_labels is not None:
        terms.au = au_error(output.au, au_labels, config.au_max if config.au_error == "scale" else None)
        if output.au_sd is not None:
            terms.au_spread = spread_error(output.au, output.au_sd, au_labels)
    if pain_labels is not None and output.pain_logits is not None:
        weights = None if au_labels is None else smile_weights(au_labels, config)
        terms.expression = expression_error(output.pain_logits, pain_labels, weights)
    return terms


def binary_error(binary_logits: Tensor, labels: Tensor, thresholds: list[int]) -> Tensor:
    """Mean cross-entropy of "PSPI >= t": `binary_logits` (B, thresholds), `labels` (B,)."""
    pain = (labels[:, None] >= torch.tensor(thresholds, device=labels.device)).float()
    return nn.functional.binary_cross_entropy_with_logits(binary_logits.float(), pain)


def au_error(au: Tensor, au_labels: Tensor, tops: list[int] | None = None) -> Tensor:
    """Mean squared error of AUs (B, U) over the units that are known; 0, with zero gradients, where none is.

    `tops` (U), of the scales: the error is then of shares of them, times 5, the top of most. None: of intensities.
    """
    known = known_units(au_labels)
    au, au_labels = au.float().where(known, 0.0), au_labels.float().where(known, 0.0)
    if tops is not None:
        factor = max(AU_MAX) / torch.tensor(tops, dtype=torch.float32, device=au.device)
        au, au_labels = au * factor, au_labels * factor
    error = nn.functional.mse_loss(au, au_labels)  # over all units
    return error * (known.numel() / known.sum().clamp(min=1))


def spread_error(au: Tensor, au_sd: Tensor, au_labels: Tensor) -> Tensor:
    """Mean negative log-likelihood, nats, of known AUs under normals around the predicted ones.

    The predicted intensities (B, U) are constants here: the squared error alone teaches them. 0, with zero gradients,
    where nothing is known. Without the constant log(2 pi) / 2.
    """
    known = known_units(au_labels)
    sd = au_sd.where(known, 1.0)
    error = (au_labels.float() - au.detach().float()).where(known, 0.0)
    return (sd.log() + 0.5 * (error / sd) ** 2).sum() / known.sum().clamp(min=1)


def expression_error(pain_logits: Tensor, pain_labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean cross-entropy of "pain, and not another expression", (B,) both, over the frames where that is known.

    0, with zero gradients, where it is for none. `weights` (B,): of frames without pain; in pain it is 1.
    """
    known = ~pain_labels.isnan()
    errors = nn.functional.binary_cross_entropy_with_logits(
        pain_logits.float(), pain_labels.float().where(known, 0.0), reduction="none"
    )
    if weights is not None:
        errors = errors * weights.where(pain_labels == 0, 1.0)
    return errors.where(known, 0.0).sum() / known.sum().clamp(min=1)


def smile_weights(au_labels: Tensor, config: ViTPainConfig) -> Tensor | None:
    """(B,): `smile_weight` for frames of AU6 and AU12, 1 for others; None where all count the same."""
    if config.smile_weight == 1:
        return None
    smiling = (au_labels[:, [config.au_names.index(name) for name in SMILE]] > 0).all(dim=1)  # NaN is no smile
    return torch.where(smiling, config.smile_weight, 1.0)


def known_units(au_labels: Tensor) -> Tensor:
    """(B, U), bool: which AU labels count. The six of the PSPI do where none of them is NaN, a companion by itself."""
    known = ~au_labels.isnan()
    six = known[:, : len(AU_NAMES)]
    return torch.cat([six.all(dim=1, keepdim=True).expand_as(six), known[:, len(AU_NAMES) :]], dim=1)


def attention_error(attention: Tensor, heat: Tensor, shown: Tensor) -> Tensor:
    """Mean cross-entropy, nats, of where the AU queries look against where the units move the face.

    0, with zero gradients, where no unit counts.

    Args:
        attention: (B, 6, N), of the six units of the PSPI; rows sum to 1.
        heat: (B, 6, rows, columns), 0 and up, the mean heat of each unit alone in each of the N patches.
        shown: (B, 6), bool, which units are present; of these the ones without heat in the picture do not count either.
    """
    heat = heat.float().flatten(2)
    total = heat.sum(dim=2)
    counted = shown & (total > 0)
    target = heat / total.where(counted, 1.0)[..., None]
    errors = -(target * attention.float().clamp(min=torch.finfo(torch.float32).tiny).log()).sum(dim=2)
    return errors.where(counted, 0.0).sum() / counted.sum().clamp(min=1)


def heatmap_error(of_patches: Tensor, of_face: Tensor, heatmaps: Tensor, grid: tuple[int, int]) -> Tensor:
    """Mean squared error of the heat that the tokens predict: each patch its own, and CLS that of every patch.

    Args:
        of_patches: (B, N, HEATMAP_CELLS^2), predicted from the patch tokens, in raster order.
        of_face: (B, N), predicted from the CLS token.
        heatmaps: (B, H, W), 0-1, of the same frames in the same geometry.
        grid: rows and columns of patches, N in all.
    """
    rows, columns = grid
    size = (rows * HEATMAP_CELLS, columns * HEATMAP_CELLS)
    cells = nn.functional.adaptive_avg_pool2d(heatmaps[:, None], size)[:, 0] / _HEAT_UNIT
    # (B, rows, columns, CELLS, CELLS) -> (B, N, CELLS^2), patches in raster order as the tokens are
    cells = cells.unfold(1, HEATMAP_CELLS, HEATMAP_CELLS).unfold(2, HEATMAP_CELLS, HEATMAP_CELLS)
    cells = cells.reshape(len(heatmaps), rows * columns, -1)
    return nn.functional.mse_loss(of_patches, cells) + nn.functional.mse_loss(of_face, cells.mean(dim=-1))


def add_distillation(terms: LossTerms, student: ModelOutput, teacher: ModelOutput, temperature: float) -> None:
    """Sets the three distilled terms.

    Args:
        terms: changed in place.
        student, teacher: with `logits` (B, 17), `au` (B, U) and `cls` (B, D). Of the units the six of the PSPI are
            distilled; companions have labels alone.
        temperature: T, which softens both distributions.
    """
    terms.distilled_pspi = temperature**2 * nn.functional.kl_div(
        (student.logits.float() / temperature).log_softmax(dim=-1),
        (teacher.logits.float() / temperature).log_softmax(dim=-1),
        log_target=True,
        reduction="batchmean",
    )
    terms.distilled_au = nn.functional.mse_loss(
        student.au[:, : len(AU_NAMES)].float(), teacher.au[:, : len(AU_NAMES)].float()
    )
    terms.distilled_feature = nn.functional.mse_loss(student.cls.float(), teacher.cls.float())


def check_labels(
    labels: Tensor | None,
    au_labels: Tensor | None,
    pain_labels: Tensor | None,
    config: ViTPainConfig,
    batch: int,
    unknown_allowed: bool = False,
) -> None:
    """Raises ValueError where labels have another shape, or one is out of range, NaN or no class.

    Args:
        labels: (B,), PSPI, or None.
        au_labels: (B, U), AU intensities, or None.
        pain_labels: (B,), 0, 1 or NaN, or None.
        config: of the model.
        batch: B, the number of frames.
        unknown_allowed: let AUs pass that are NaN: `au_error` leaves them out.
    """
    shapes = {"labels": (batch,), "au_labels": (batch, len(config.au_names)), "pain_labels": (batch,)}
    for (name, shape), given in zip(shapes.items(), (labels, au_labels, pain_labels), strict=True):
        if given is not None and given.shape != shape:
            raise ValueError(f"{name} have the shape {tuple(given.shape)}; allowed is {shape}")
    if torch.compiler.is_compiling():  # a check of values cannot be in a graph
        return
    if labels is not None:
        _check_range("labels (PSPI)", labels, torch.tensor(config.num_pspi_classes - 1))
        if config.pspi_head == "classification":
            _check_whole("labels (PSPI)", labels)
    if au_labels is not None:
        if unknown_allowed:
            au_labels = au_labels.where(known_units(au_labels), 0.0)
        _check_range("au_labels", au_labels, torch.tensor(config.au_max))
    if pain_labels is not None and (bad := ~((pain_labels == 0) | (pain_labels == 1) | pain_labels.isnan())).any():
        raise ValueError(f"pain_labels holds {pain_labels[bad][0].item():g}; allowed are 0, 1, and NaN for unknown")


def _check_range(name: str, values: Tensor, top: Tensor) -> None:
    bad = ~((values >= 0) & (values <= top.to(values.device)))  # also catches NaN
    if bad.any():
        raise ValueError(f"{name} holds {values[bad][0].item():g}; allowed is 0 to {top.tolist()}")


def _check_whole(name: str, values: Tensor) -> None:
    between = values != values.round() if values.is_floating_point() else torch.zeros_like(values, dtype=torch.bool)
    if between.any():
        raise ValueError(
            f"{name} holds {values[between][0].item():g}; allowed are whole scores, or pspi_head='regression'"
        )


__all__ = [
    "HEATMAP_CELLS",
    "LossTerms",
    "LossWeights",
    "MoreLabels",
    "add_distillation",
    "attention_error",
    "au_error",
    "binary_error",
    "check_labels",
    "expression_error",
    "heatmap_error",
    "known_units",
    "smile_weights",
    "spread_error",
    "supervised_terms",
    "total_loss",
]
