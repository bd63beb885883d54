"""The heads of ViTPain, and the PSPI distribution (paper, section 4; the regression head: its later versions).

- Shapes: B images, N patches, width D, 6 action units, C = 17 PSPI classes.
- However the head is trained, PSPI leaves it as a distribution over the classes (`logits`), so that intervals,
  distillation and evaluation need not know which head it was.
- This file is Hub remote code: it imports torch and the configuration, nothing else.
"""

import torch
from torch import Tensor, nn

from .configuration_vitpain import ViTPainConfig

ACTIVATIONS = {"relu": nn.ReLU, "gelu": nn.GELU}


class AUHead(nn.Module):
    """Equations 4-8: a learned query a unit, single-head attention over the patches, then Linear-ReLU-Linear-ReLU.

    The two linear layers are shared by the units, which differ in where they attend. With au_head "cls" there are no
    queries, and the layers map the CLS token to all six at once. LayerNorm, dropout and GELU are the release's, off by
    default.
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

    def forward(self, cls: Tensor, patches: Tensor) -> tuple[Tensor, Tensor | None]:
        """`cls` (B, D) and `patches` (B, N, D) -> intensities (B, 6) and attention (B, 6, N)."""
        if self.queries is None:
            return self._intensities(cls), None
        scores = self.queries @ patches.transpose(1, 2) / patches.shape[-1] ** 0.5  # (B, 6, N), equation 4
        attention = scores.softmax(dim=-1)  # equation 5
        features = attention @ patches  # (B, 6, D), equation 6
        return self._intensities(features).squeeze(-1), attention

    def _intensities(self, features: Tensor) -> Tensor:
        """Equations 7 and 8: (…, D) -> (…, 1 or 6), 0 and up."""
        hidden = self.activation(self.hidden(self.dropout(self.norm(features))))
        return self.out(self.dropout(hidden)).relu()


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


class BinaryHeads(nn.Module):
    """One logit a threshold, "pain at PSPI >= t": LayerNorm, Dropout and Linear on CLS, named after the threshold."""

    def __init__(self, config: ViTPainConfig):
        super().__init__()
        width = config.hidden_size
        for threshold in config.pspi_thresholds:
            head = nn.Sequential(nn.LayerNorm(width), nn.Dropout(config.head_dropout), nn.Linear(width, 1))
            self.add_module(str(threshold), head)

    def forward(self, cls: Tensor) -> Tensor:
        """(B, D) -> (B, thresholds)."""
        return torch.cat([head(cls) for head in self.children()], dim=-1)


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


__all__ = [
    "AUHead",
    "BinaryHeads",
    "PSPIHead",
    "pspi_distribution",
    "pspi_expectation",
    "pspi_interval",
]
