"""The backbone of ViTPain: any ViT-like model of transformers, made by `AutoModel` and run by its own forward.

A converted checkpoint of the authors was trained without rotary positions and register tokens: forward hooks remove
them from what this model's modules return, while its weights keep their names.
This file is Hub remote code: it imports torch, transformers and the configuration, nothing else.
"""

import torch
from torch import Tensor, nn
from transformers import AutoModel, PreTrainedModel

from .configuration_vitpain import ViTPainConfig


def make_backbone(config: ViTPainConfig) -> PreTrainedModel:
    """The backbone with random weights, without a pooler, which nothing would read."""
    backbone = AutoModel.from_config(config.backbone_config)
    if getattr(backbone, "pooler", None) is not None:
        backbone.pooler = None
    if config.backbone_positions == "none":
        backbone.rope_embeddings.register_forward_hook(_no_rotation)
    if not config.backbone_registers:
        backbone.embeddings.register_forward_hook(_drop_registers)
    freeze_unread(backbone, config)
    return backbone


def freeze_unread(backbone: PreTrainedModel, config: ViTPainConfig) -> None:
    """Freezes the mask token, and register tokens that are left out: they are never read, and get no gradient."""
    unread = ("mask_token",) if config.backbone_registers else ("mask_token", "register_tokens")
    for name, parameter in backbone.named_parameters():
        if name.endswith(unread):
            parameter.requires_grad_(False)


def _no_rotation(module: nn.Module, inputs: tuple, output: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Cosine 1 and sine 0: no patch is rotated, so none has a position."""
    cos, sin = output
    return torch.ones_like(cos), torch.zeros_like(sin)


def _drop_registers(module: nn.Module, inputs: tuple, output: Tensor) -> Tensor:
    """(B, 1 + registers + N, D) -> (B, 1 + N, D)."""
    return torch.cat([output[:, :1], output[:, 1 + module.register_tokens.shape[1] :]], dim=1)


__all__ = ["freeze_unread", "make_backbone"]
