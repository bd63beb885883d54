"""The heads of ViTPain, and the PSPI distribution (paper, section 4; the regression head: its later versions).

- Shapes: B images, N patches, width D, U action units (the six of the PSPI first), C = 17 PSPI classes, F features that
  the PSPI branch reads.
- An action unit has an intensity and, with au_spread, a standard deviation: its interval is that of a normal around the
  intensity, cut to the unit's scale. The same holds for AU43, which is 0 or 1: an interval that reaches one end says
  which of the two it is, one from 0 to 1 says that the picture does not tell.
- However the head is trained, PSPI leaves it as a distribution over the classes (`logits`), so that intervals,
  distillation and evaluation need not know which head it was.
- This file is Hub remote code: it imports torch and its neighbours, nothing else.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist

import torch
from torch import Tensor, nn

from .configuration_vitpain import ViTPainConfig
from .reference_vitpain import ReferenceDifference

ACTIVATIONS = {"relu": nn.ReLU, "gelu": nn.GELU}
SMALLEST_SD = 0.05
"""AU units. The likelihood of a unit that is 0 in almost every frame would otherwise have no maximum."""
SD_AT_START = math.log(math.e - 1)
"""The bias whose softplus is 1 AU unit."""


class AUHead(nn.Module):
    """Equations 4-8: a learned query a unit, single-head attention over the patches, then Linear-ReLU-Linear-ReLU.

    The two linear layers are shared by the units, which differ in where they attend; with au_output "own" the second
    has weights for each unit. With au_head "cls" there are no queries, and the layers map the features of the whole
    face to all units at once. LayerNorm, dropout and GELU are the release's, off by default, and so are several queries
    a unit, whose results are read side by side.

    With au_spread, one more linear layer maps the same hidden features to a standard deviation, with weights for each
    unit: unlike the intensities, these do not share a scale. It learns from the features and does not change them, so
    that the intensities are trained as without it.
    """

    def __init__(self, config: ViTPainConfig):
        super().__init__()
        count, by_query = len(config.au_names), config.au_head == "query"
        self.count = count
        self.queries = nn.Parameter(torch.empty(count * config.au_queries, config.hidden_size)) if by_query else None
        looked = config.hidden_size * config.au_queries
        self.difference = ReferenceDifference(count, looked) if by_query and config.takes_differences else None
        width = looked * (1 if self.difference is None else 2) if by_query else config.face_size
        self.norm = nn.LayerNorm(width) if config.au_norm else nn.Identity()
        self.hidden = nn.Linear(width, config.au_hidden_size)
        self.activation = ACTIVATIONS[config.au_activation]()
        self.dropout = nn.Dropout(config.au_dropout)
        self.own_weights = by_query and config.au_output == "own"
        self.out = nn.Linear(config.au_hidden_size, 1 if by_query and not self.own_weights else count)
        self.spread = nn.Linear(config.au_hidden_size, count) if config.au_spread else None

    def forward(
        self, face: Tensor, patches: Tensor, of_references: Tensor | None = None, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None, Tensor | None, Tensor]:
        """Intensities (B, U), their deviations (B, U), where the units look (B, U, N), and the hidden features.

        Args:
            face: (B, F), what stands for the whole face; read where there are no queries.
            patches: (B, N, D).
            of_references: (B, R, N, D), patches of the references, for a head that takes differences.
            mask: (B, R), which of these are there.

        The hidden features are (B, U, hidden), or (B, hidden) where there are no queries.
        """
        features, attention = face, None
        if self.queries is not None:
            features, attention = self._attend(patches)
        if self.difference is not None:
            features = self.difference(features, self._attend(of_references)[0], mask)
        # equation 7, and the inner part of 8
        hidden = self.dropout(self.activation(self.hidden(self.dropout(self.norm(features)))))
        if self.own_weights:
            intensities = (hidden * self.out.weight).sum(dim=-1) + self.out.bias
        else:
            intensities = self.out(hidden)
            intensities = intensities if self.queries is None else intensities.squeeze(-1)
        return intensities.relu(), self._deviations(hidden), attention, hidden

    def _attend(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        """Features of each unit (…, U, Q D), of Q queries, from `patches` (…, N, D), and where they look (…, U, N)."""
        scores = self.queries @ patches.transpose(-1, -2) / patches.shape[-1] ** 0.5  # (…, U Q, N), equation 4
        attention = scores.softmax(dim=-1)  # equation 5
        features = attention @ patches  # (…, U Q, D), equation 6
        return features.unflatten(-2, (self.count, -1)).flatten(-2), attention.unflatten(-2, (self.count, -1)).mean(-2)

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
    """Features of the face (B, F) -> class logits (B, C), or one score before the sigmoid (B, 1).

    "classification", equations 9-12: LayerNorm, blocks of Linear, GELU, Dropout of decreasing width, Linear.
    "regression": the same with a dropout after the LayerNorm, as in the release.
    """

    def __init__(self, config: ViTPainConfig):
        regression = config.pspi_head == "regression"
        width, layers = config.pspi_size, [nn.LayerNorm(config.pspi_size)]
        if regression:
            layers.append(nn.Dropout(config.head_dropout))
        for size in config.pspi_hidden_sizes:
            layers += [nn.Linear(width, size), nn.GELU(), nn.Dropout(config.head_dropout)]
            width = size
        super().__init__(*layers, nn.Linear(width, 1 if regression else config.num_pspi_classes))


class BinaryHead(nn.Sequential):
    """Features of the face (B, F) -> one logit (B, 1): LayerNorm, Dropout and Linear."""

    def __init__(self, config: ViTPainConfig):
        width = config.pspi_size
        super().__init__(nn.LayerNorm(width), nn.Dropout(config.head_dropout), nn.Linear(width, 1))


class BinaryHeads(nn.Module):
    """One logit a threshold, "pain at PSPI >= t", each head named after its threshold."""

    def __init__(self, config: ViTPainConfig):
        super().__init__()
        for threshold in config.pspi_thresholds:
            self.add_module(str(threshold), BinaryHead(config))

    def forward(self, features: Tensor) -> Tensor:
        """(B, F) -> (B, thresholds)."""
        return torch.cat([head(features) for head in self.children()], dim=-1)


class ExpressionHead(nn.Sequential):
    """The logit of "pain, and not another expression": a face that moves without pain counts as a neutral one does.

    LayerNorm, Dropout and Linear, or with expression_hidden_size a hidden layer more. That one has enough weights to
    learn its frames by heart: it reads the features as they are, so that the scores do not learn from it.
    """

    def __init__(self, config: ViTPainConfig):
        width, hidden, dropout = config.pspi_size, config.expression_hidden_size, config.head_dropout
        layers = [nn.LayerNorm(width), nn.Dropout(dropout)]
        if hidden:
            layers += [nn.Linear(width, hidden), nn.GELU(), nn.Dropout(dropout)]
        super().__init__(*layers, nn.Linear(hidden or width, 1))
        self.reads_alone = hidden > 0

    def forward(self, features: Tensor) -> Tensor:
        """(B, F) -> (B, 1)."""
        return super().forward(features.detach() if self.reads_alone else features)


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
