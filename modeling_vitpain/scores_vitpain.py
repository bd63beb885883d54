"""What users read off a ViTPain's output: PSPI with its interval, AU intensities within their scales, attention maps.

This file is Hub remote code: it imports NumPy, transformers and its neighbours, nothing else.
"""

from dataclasses import dataclass

import numpy as np
from transformers.utils import ModelOutput

from .configuration_vitpain import ViTPainConfig
from .heads_vitpain import pspi_interval


@dataclass(frozen=True)
class PainScores:
    """The scores of B pictures.

    Attributes:
        pspi: (B,) float32, 0-16: the expected score.
        low, high: (B,) int64, whole scores: the central interval of the PSPI.
        au: (B, 6) float32, intensities in the order AU4, AU6, AU7, AU9, AU10, AU43; 0-5, AU43 0-1.
        pain: (B, thresholds) float32, the probabilities of "PSPI >= t"; None for a model without binary heads.
        attention: (B, 6, rows, columns) float32 over the patches, each map summing to 1; None unless it was asked for.
    """

    pspi: np.ndarray
    low: np.ndarray
    high: np.ndarray
    au: np.ndarray
    pain: np.ndarray | None
    attention: np.ndarray | None


def pain_scores(
    output: ModelOutput, config: ViTPainConfig, level: float = 0.9, image_size: tuple[int, int] | None = None
) -> PainScores:
    """The scores in a ViTPainOutput.

    Args:
        output: of the model, on any device and of any dtype; a pipeline hands it over as a plain ModelOutput.
        config: of the model.
        level: of the interval, above 0 and below 1.
        image_size: height and width in pixels of the model's input; None: as configured.
    """
    low, high = pspi_interval(output["logits"], level, config.interval_temperature)
    au = output["au"].float().cpu().numpy()
    pain, attention = output.get("binary_logits"), output.get("au_attention")
    if pain is not None:
        pain = pain.float().sigmoid().cpu().numpy()
    if attention is not None:
        grid = config.patch_grid(*(image_size or config.image_size))
        attention = attention.float().cpu().numpy().reshape(-1, len(config.au_names), *grid)
    return PainScores(
        pspi=output["pspi"].float().cpu().numpy(),
        low=low.cpu().numpy(),
        high=high.cpu().numpy(),
        au=np.minimum(au, np.asarray(config.au_max, dtype=au.dtype)),  # the ReLU of equation 8 has no upper end
        pain=pain,
        attention=attention,
    )


__all__ = ["PainScores", "pain_scores"]
