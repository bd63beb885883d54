"""The backbone of ViTPain: a ViT of transformers, made by `AutoModel` and run by its own forward.

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
    if getattr(backbone, "use_head", False):  # SigLIP's pooler
        backbone.use_head, backbone.head = False, None
    if config.backbone_positions == "none":
        backbone.rope_embeddings.register_forward_hook(_no_rotation)
    if not config.backbone_registers:
        backbone.embeddings.register_forward_hook(_drop_registers)
    freeze_unread(backbone, config)
    return backbone


def freeze_unread(backbone: PreTrainedModel, config: ViTPainConfig) -> None:
    """Freezes the mask token, register tokens that are left out, and CLIP's norm of its pooled output.

    They are never read, and get no gradient.
    """
    unread = ["mask_token"] if config.backbone_registers else ["mask_token", "register_tokens"]
    if config.backbone_config.model_type == "clip_vision_model":
        unread += ["post_layernorm.weight", "post_layernorm.bias"]
    for name, parameter in backbone.named_parameters():
        if name.endswith(tuple(unread)):
            parameter.requires_grad_(False)


def face_and_patches(tokens: Tensor, patches: int, pooling: str) -> tuple[Tensor, Tensor]:
    """Tokens (B, T, D) -> what stands for the whole face (B, D), and the patch tokens (B, N, D).

    The patches are the last tokens; registers lie between the class token and them. `pooling` as in ViTPainConfig.
    """
    of_patches = tokens[:, -patches:]
    return (tokens[:, 0] if pooling == "cls" else of_patches.mean(dim=1)), of_patches


def _no_rotation(module: nn.Module, inputs: tuple, output: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Cosine 1 and sine 0: no patch is rotated, so none has a position."""
    cos, sin = output
    return torch.ones_like(cos), torch.zeros_like(sin)


def _drop_registers(module: nn.Module, inputs: tuple, output: Tensor) -> Tensor:
    """(B, 1 + registers + N, D) -> (B, 1 + N, D)."""
    return torch.cat([output[:, :1], output[:, 1 + module.register_tokens.shape[1] :]], dim=1)


__all__ = ["face_and_patches", "freeze_unread", "make_backbone"]
