"""What ViTPain returns. Shapes as in `modeling_vitpain.py`.

This file is Hub remote code: it imports torch and transformers, nothing else.
"""

from dataclasses import dataclass

from torch import Tensor
from transformers.utils import ModelOutput


@dataclass
class ViTPainOutput(ModelOutput):
    """What ViTPain returns.

    Attributes:
        loss: (), when labels of any kind were given: the weighted sum of what can be computed from them.
        logits: (B, 17), of the PSPI classes 0-16; with pspi_head "regression" log-probabilities around `pspi`, float32.
        pspi: (B,), float32, 0-16: the expectation over the classes; with pspi_head "regression" the score itself.
        au: (B, U), intensities in the order of the configuration's `au_names`: AU4, AU6, AU7, AU9, AU10, AU43, then
            companions; 0 and up, trained on 0-5 (AU43 0-1).
        cls: (B, D), what the PSPI branch reads of the whole face: the CLS token, or with pooling "mean" the mean of
            the patch tokens. With "cls+mean" or reference_fusion "difference" it is wider: `face_size`.
        au_attention: (B, U, N), where the AU queries look, in the mean of a unit's queries: rows sum to 1, patches in
            raster order; only with `output_attentions=True` or `output_au_attention=True`, and au_head "query".
        binary_logits: (B, 3), of "pain at PSPI >= 1, 2, 3" (`pspi_thresholds`); only with pspi_head "regression".
        au_sd: (B, U), float32, standard deviation of each intensity in AU units, above 0; only with au_spread.
        pain_logits: (B,), of "pain, and not another expression"; only with expression_head.
        hidden_states: the backbone's own, of the frames: (B, T, D) after the embeddings and after each layer; only with
            `output_hidden_states`.
        attentions: the backbone's own, of the frames: (B, heads, T, T) of each layer; only with
            `output_attentions=True` and attn_implementation "eager", since no other returns them.
    """

    loss: Tensor | None = None
    logits: Tensor | None = None
    pspi: Tensor | None = None
    au: Tensor | None = None
    cls: Tensor | None = None
    au_attention: Tensor | None = None
    binary_logits: Tensor | None = None
    au_sd: Tensor | None = None
    pain_logits: Tensor | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


__all__ = ["ViTPainOutput"]
