"""The heads of ViTPain, and the PSPI distribution (paper, section 4; the regression head: its later versions).

- Shapes: B images, N patches, width D, U action units (the six of the PSPI first), C = 17 PSPI classes.
- An action unit has an intensity and, with au_spread, a standard deviation: its interval is that of a normal around the
  intensity, cut to the unit's scale. The same holds for AU43, which is 0 or 1: an interval that reaches one end says
  which of the two it is, one from 0 to 1 says that the picture does not tell.
- However the head is trained, PSPI leaves it as a distribution over the classes (`logits`), so that intervals,
  distillation and evaluation need not know which head it was.
- This file is Hub remote code: it imports torch and the configuration, nothing else.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist

import torch
from torch import Tensor, nn

from .configuration_vitpain import ViTPainConfig

ACTIVATIONS = {"relu": nn.ReLU, "gelu": nn.GELU}
SMALLEST_SD = 0.05
"""AU units. The likelihood of a unit that is 0 in almost every frame would otherwise have no maximum."""
SD_AT_START = math.log(math.e - 1)
"""The bias whose softplus is 1 AU unit."""


class AUHead(nn.Module):
    """Equations 4-8: a learned query a unit, single-head attention over the patches, then Linear-ReLU-Linear-ReLU.

    The two linear layers are shared by the units, which differ in where they attend. With au_head "cls" there are no
    queries, and the layers map the CLS token to all units at once. LayerNorm, dropout and GELU are the release's, off
    by default.

    With au_spread, one more linear layer maps the same hidden features to a standard deviation, with weights for each
    unit: unlike the intensities, these do not share a scale. It learns from the features and does not change them, so
    that the intensities are trained as without it.
    """

    def __init__(self, config: ViTPainConfig):
        super().__init__()
        count, width = len(config.au_names), config.hidden_size
        self.queries = nn.Parameter(torch.empty(count, width)) if config.au_head == "query" else None
        self.norm = nn.LayerNorm(width) if config.au_norm else nn.Identity()
        self.hidden = nn.Linear(width, config.au_hidden_size)
        self.activation = ACTIVATIONS[config.au_activation]()
        self.dropout = nn.Dropout(config.au_dropout)
        self.out = nn.Linear(config.au_hidden_size, 1 if config.au_head == "query" else count)
        self.spread = nn.Linear(config.au_hidden_size, count) if config.au_spread else None

    def forward(self, cls: Tensor, patches: Tensor) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """`cls` (B, D) and `patches` (B, N, D) -> intensities (B, U), their deviations (B, U), attention (B, U, N)."""
        if self.queries is None:
            hidden = self._hidden(cls)
            return self.out(hidden).relu(), self._deviations(hidden), None
        scores = self.queries @ patches.transpose(1, 2) / patches.shape[-1] ** 0.5  # (B, U, N), equation 4
        attention = scores.softmax(dim=-1)  # equation 5
        hidden = self._hidden(attention @ patches)  # of (B, U, D), equation 6
        return self.out(hidden).relu().squeeze(-1), self._deviations(hidden), attention

    def _hidden(self, features: Tensor) -> Tensor:
        """Equation 7, and the inner part of 8: (…, D) -> (…, hidden)."""
        return self.dropout(self.activation(self.hidden(self.dropout(self.norm(features)))))

    def _deviations(self, hidden: Tensor) -> Tensor | None:
        """(B, hidden), or (B, U, hidden) of the units -> (B, U), float32, AU units."""
        if self.spread is None:
            return None
        hidden = hidden.detach()
        if self.queries is None:
            values = self.spread(hidden)
        else:
            values = (hidden * self.spread.weight).sum(dim=-1) + self.spread.bias
        return nn.functional.softplus(values.float()) + SMALLEST_SD


class PSPIHead(nn.Sequential):
    """CLS (B, D) -> class logits (B, C), or one score before the sigmoid (B, 1).

    "classification", equations 9-12: LayerNorm, blocks of Linear, GELU, Dropout of decreasing width, Linear.
    "regression": the same with a dropout after the LayerNorm, as in the release.
    """

    def __init__(self, config: ViTPainConfig):
        regression = config.pspi_head == "regression"
        width, layers = config.hidden_size, [nn.LayerNorm(config.hidden_size)]
        if regression:
            layers.append(nn.Dropout(config.head_dropout))
        for size in config.pspi_hidden_sizes:
            layers += [nn.Linear(width, size), nn.GELU(), nn.Dropout(config.head_dropout)]
            width = size
        super().__init__(*layers, nn.Linear(width, 1 if regression else config.num_pspi_classes))


class BinaryHead(nn.Sequential):
    """CLS (B, D) -> one logit (B, 1): LayerNorm, Dropout and Linear."""

    def __init__(self, config: ViTPainConfig):
        width = config.hidden_size
        super().__init__(nn.LayerNorm(width), nn.Dropout(config.head_dropout), nn.Linear(width, 1))


class BinaryHeads(nn.Module):
    """One logit a threshold, "pain at PSPI >= t", each head named after its threshold."""

    def __init__(self, config: ViTPainConfig):
        super().__init__()
        for threshold in config.pspi_thresholds:
            self.add_module(str(threshold), BinaryHead(config))

    def forward(self, cls: Tensor) -> Tensor:
        """(B, D) -> (B, thresholds)."""
        return torch.cat([head(cls) for head in self.children()], dim=-1)


class ExpressionHead(BinaryHead):
    """The logit of "pain, and not another expression": a face that moves without pain counts as a neutral one does."""


def pspi_expectation(logits: Tensor) -> Tensor:
    """Mean of the class distribution: `logits` (B, C) -> (B,), float32, 0 to C-1."""
    probabilities = logits.float().softmax(dim=-1)
    classes = torch.arange(logits.shape[-1], dtype=torch.float32, device=logits.device)
    if not torch.is_autocast_enabled(logits.device.type):
        return probabilities @ classes
    with torch.autocast(logits.device.type, enabled=False):  # which would compute the product in half precision
        return probabilities @ classes


def pspi_distribution(pspi: Tensor, sd: float, num_classes: int) -> Tensor:
    """Log-probabilities (B, C), float32, of a normal around `pspi` (B,), cut to the whole scores and renormalised.

    `sd` is in PSPI units. Its mode is the class nearest to `pspi`; at the ends of the scale its mean lies inside of it,
    because nothing lies below 0 or above C-1.
    """
    classes = torch.arange(num_classes, dtype=torch.float32, device=pspi.device)
    return (-0.5 * ((classes - pspi.float()[:, None]) / sd) ** 2).log_softmax(dim=-1)


def pspi_interval(logits: Tensor, level: float = 0.9, temperature: float = 1.0) -> tuple[Tensor, Tensor]:
    """The central interval of the class distribution: `logits` (B, C) -> lowest and highest class (B,), integers.

    At most (1 - level) / 2 of the probability lies below it, and as much above. It is of the picture's score, a whole
    number; in a very skewed distribution the mean (`pspi`) may lie outside of it. A `temperature` above 1 widens the
    distribution first, one below 1 narrows it.
    """
    cumulative = (logits.double() / temperature).softmax(dim=-1).cumsum(dim=-1)
    tail = (1 - level) / 2
    low = (cumulative <= tail).sum(dim=-1)
    high = (cumulative < 1 - tail).sum(dim=-1)
    return low, high.clamp(max=logits.shape[-1] - 1)


def au_interval(
    au: Tensor, au_sd: Tensor, level: float, scale: Sequence[float] | None, au_max: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """The central interval of each unit's intensity: lowest and highest (B, U), float32, cut to 0 to `au_max`.

    Args:
        au, au_sd: (B, U), predicted intensities and their standard deviations, AU units.
        level: of the interval, above 0 and below 1.
        scale: (U), factors on `au_sd` that calibration found; None: all 1.
        au_max: (U), tops of the scales. An intensity above its top stands for the top.
    """
    top = torch.tensor(au_max, dtype=torch.float32, device=au.device)
    intensity = au.float().minimum(top)
    half = interval_half(au_sd, level)
    if scale is not None:
        half = half * torch.tensor(scale, dtype=torch.float32, device=au.device)
    return (intensity - half).clamp(min=0), (intensity + half).minimum(top)


def interval_half(sd: Tensor, level: float) -> Tensor:
    """Half the width of the central interval at `level` of a normal with that standard deviation, float32."""
    return sd.float() * NormalDist().inv_cdf((1 + level) / 2)


__all__ = [
    "SD_AT_START",
    "AUHead",
    "BinaryHeads",
    "ExpressionHead",
    "PSPIHead",
    "au_interval",
    "interval_half",
    "pspi_distribution",
    "pspi_expectation",
    "pspi_interval",
]
