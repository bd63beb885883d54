"""What users read off a ViTPain's output: PSPI and AU intensities with their intervals, pain's probability, attention.

This file is Hub remote code: it imports NumPy, torch, transformers and its neighbours, nothing else.
"""

from dataclasses import dataclass

import numpy as np
from torch import Tensor
from transformers.utils import ModelOutput

from .configuration_vitpain import ViTPainConfig
from .heads_vitpain import au_interval, pspi_interval


@dataclass(frozen=True)
class PainScores:
    """The scores of B pictures.

    Attributes:
        pspi: (B,) float32, 0-16: the expected score.
        low, high: (B,) int64, whole scores: the central interval of the PSPI.
        au: (B, U) float32, intensities in the order of the configuration's `au_names`: AU4, AU6, AU7, AU9, AU10, AU43,
            then companions; 0-5, AU43 0-1.
        au_low, au_high: (B, U) float32, the central interval of each intensity; None for a model without au_spread.
        pain: (B, thresholds) float32, the probabilities of "PSPI >= t"; None for a model without binary heads.
        pain_probability: (B,) float32, of "pain, and not another expression"; None for a model without that head.
        attention: (B, U, rows, columns) float32 over the patches, each map summing to 1; None unless it was asked for.
    """

    pspi: np.ndarray
    low: np.ndarray
    high: np.ndarray
    au: np.ndarray
    au_low: np.ndarray | None
    au_high: np.ndarray | None
    pain: np.ndarray | None
    pain_probability: np.ndarray | None
    attention: np.ndarray | None


def pain_scores(
    output: ModelOutput, config: ViTPainConfig, level: float = 0.9, image_size: tuple[int, int] | None = None
) -> PainScores:
    """The scores in a ViTPainOutput.

    Args:
        output: of the model, on any device and of any dtype; a pipeline hands it over as a plain ModelOutput.
        config: of the model.
        level: of the intervals, above 0 and below 1.
        image_size: height and width in pixels of the model's input; None: as configured.
    """
    low, high = pspi_interval(output["logits"], level, config.interval_temperature)
    au, au_sd, attention = output["au"].float().cpu(), output.get("au_sd"), output.get("au_attention")
    au_low = au_high = None
    if au_sd is not None:
        ends = au_interval(au, au_sd.cpu(), level, config.au_interval_scale, config.au_max)
        au_low, au_high = (end.numpy() for end in ends)
    au = au.numpy()
    if attention is not None:
        grid = config.patch_grid(*(image_size or config.image_size))
        attention = attention.float().cpu().numpy().reshape(-1, len(config.au_names), *grid)
    return PainScores(
        pspi=output["pspi"].float().cpu().numpy(),
        low=low.cpu().numpy(),
        high=high.cpu().numpy(),
        au=np.minimum(au, np.asarray(config.au_max, dtype=au.dtype)),  # the ReLU of equation 8 has no upper end
        au_low=au_low,
        au_high=au_high,
        pain=_probabilities(output.get("binary_logits")),
        pain_probability=_probabilities(output.get("pain_logits")),
        attention=attention,
    )


def _probabilities(logits: Tensor | None) -> np.ndarray | None:
    return None if logits is None else logits.float().sigmoid().cpu().numpy()


__all__ = ["PainScores", "pain_scores"]
