"""The backbone of ViTPain: any ViT-like model of transformers, made by `AutoModel` and run by its own forward.

What a converted checkpoint of the authors was trained without (rotary positions, register tokens) is taken out of what the
backbone's modules return, by forward hooks on this one model; its weights and their names stay.
This file is Hub remote code: it imports torch, transformers and the configuration, nothing else.
"""

import torch
from torch import Tensor, nn
from transformers import AutoModel, PreTrainedModel

from .configuration_vitpain import ViTPainConfig


def make_backbone(config: ViTPainConfig) -> PreTrainedModel:
    """The backbone with random weights. What the configuration switches off is taken from what its modules return."""
    backbone = without_unused_parts(AutoModel.from_config(config.backbone_config))
    if config.backbone_positions == "none":
        backbone.rope_embeddings.register_forward_hook(_no_rotation)
    if not config.backbone_registers:
        backbone.embeddings.register_tokens.requires_grad_(False)
        backbone.embeddings.register_forward_hook(_drop_registers)
    return backbone


def _no_rotation(module: nn.Module, inputs: tuple, output: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Cosine 1 and sine 0: every patch is rotated by nothing, and has no position."""
    cos, sin = output
    return torch.ones_like(cos), torch.zeros_like(sin)


def _drop_registers(module: nn.Module, inputs: tuple, output: Tensor) -> Tensor:
    """(B, 1 + registers + N, D) -> (B, 1 + N, D)."""
    return torch.cat([output[:, :1], output[:, 1 + module.register_tokens.shape[1] :]], dim=1)


def without_unused_parts(backbone: PreTrainedModel) -> PreTrainedModel:
    """Drops the pooler and freezes the mask token: nothing reads them, so they would never get a gradient."""
    if getattr(backbone, "pooler", None) is not None:
        backbone.pooler = None
    for name, parameter in backbone.named_parameters():
        if name.endswith("mask_token"):
            parameter.requires_grad_(False)
    return backbone


__all__ = ["make_backbone", "without_unused_parts"]
