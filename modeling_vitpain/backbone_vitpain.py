"""The backbone of ViTPain: a ViT of transformers, made by `AutoModel` and run by its own forward.

A converted checkpoint of the authors was trained without rotary positions and register tokens: forward hooks remove
them from what this model's modules return, while its weights keep their names.
This file is Hub remote code: it imports torch, transformers and the configuration, nothing else.
"""

import inspect
import math
import os

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel
from transformers.utils import ModelOutput, logging

from .configuration_vitpain import ViTPainConfig

logger = logging.get_logger(__name__)

_STAGES = ("stage_names", "out_features", "out_indices")


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


def pretrained_backbone(
    name_or_path: str, layers: int | None = None, size: int | None = None
) -> tuple[PreTrainedConfig, dict[str, Tensor]]:
    """Configuration and weights of a pretrained backbone, a Hub name or a directory, without its last layers if wanted.

    Args:
        name_or_path: of any model that `AutoModel` loads.
        layers: how many of the first layers are kept; None: all.
        size: pixels a side of the pictures it will see. Learned positions are interpolated to it here, once, as
            transformers does it in each forward pass; None: the size that it was trained on.

    Raises:
        ValueError: more layers than it has, or a size that is no multiple of its patches.
    """
    config = AutoConfig.from_pretrained(name_or_path)
    weights = AutoModel.from_pretrained(name_or_path).state_dict()
    if layers is not None:
        if not 1 <= layers <= config.num_hidden_layers:
            raise ValueError(f"layers is {layers}; allowed is 1 to {config.num_hidden_layers}, which the backbone has")
        # made anew, because configurations of backbones also list their stages, one a layer
        settings = {name: value for name, value in config.to_dict().items() if name not in _STAGES}
        config = type(config).from_dict({**settings, "num_hidden_layers": layers})
    if size is not None:
        patch = config.patch_size
        if size < 1 or size % patch:
            raise ValueError(f"size is {size}; allowed are multiples of the backbone's patches, {patch} pixels")
        if size != config.image_size and any("relative_position_bias" in name for name in weights):
            raise ValueError(f"size is {size}; allowed is {config.image_size}: the backbone's positions are relative")
        for name in filter(_is_positions, weights):
            weights[name] = interpolated_positions(weights[name], (size // patch) ** 2)
        config.image_size = size
    if os.path.isdir(name_or_path):
        config._name_or_path = os.path.basename(os.path.normpath(name_or_path))  # no path of a machine in saved models
    return config, weights


def interpolated_positions(positions: Tensor, patches: int) -> Tensor:
    """Learned positions (..., extra + N, D) of a square grid -> those of another one, (..., extra + `patches`, D).

    The class token's, where there is one, stays as it is.
    """
    count, width = positions.shape[-2:]
    side, new_side = math.isqrt(count), math.isqrt(patches)
    of_patches = positions[..., count - side**2 :, :]
    if side == new_side:
        return positions
    grid = of_patches.reshape(1, side, side, width).permute(0, 3, 1, 2)
    grid = nn.functional.interpolate(grid.float(), size=(new_side, new_side), mode="bicubic", align_corners=False)
    of_patches = grid.permute(0, 2, 3, 1).reshape(*positions.shape[:-2], patches, width).to(positions.dtype)
    return torch.cat([positions[..., : count - side**2, :], of_patches], dim=-2)


def _is_positions(name: str) -> bool:
    """Whether a tensor of a backbone holds learned positions: ViT's and DINOv2's names, or CLIP's and SigLIP's."""
    return name.endswith(("embeddings.position_embeddings", "embeddings.position_embedding.weight"))


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


def encoded_by(backbone: PreTrainedModel, pixel_values: Tensor, interpolate: bool, **wanted) -> ModelOutput:
    """(B, 3, H, W) -> the backbone's output, `last_hidden_state` (B, T, D).

    DINOs take any size; ViTs need the argument that has positions interpolated.
    """
    if interpolate and "interpolate_pos_encoding" in inspect.signature(backbone.forward).parameters:
        wanted["interpolate_pos_encoding"] = True
    return backbone(pixel_values, return_dict=True, **wanted)


def wanted_of_backbone(
    backbone: PreTrainedModel, config: ViTPainConfig, attentions: bool, hidden_states: bool | int | list[int] | None
) -> dict:
    """What the backbone is asked for beside its tokens, for `encoded_by`."""
    hidden_states = config.output_hidden_states if hidden_states is None else hidden_states
    wanted = {} if hidden_states is None or hidden_states is False else {"output_hidden_states": hidden_states}
    if attentions and backbone.config._attn_implementation == "eager":
        wanted["output_attentions"] = True
    elif attentions and not torch.compiler.is_compiling():
        logger.warning_once(
            f"attentions of the backbone are not returned by {backbone.config._attn_implementation!r}; load the model "
            "with attn_implementation='eager'. au_attention is there all the same"
        )
    return wanted


def face_and_patches(tokens: Tensor, patches: int, pooling: str) -> tuple[Tensor, Tensor]:
    """Tokens (..., T, D) -> what stands for the whole face (..., D or 2 D), and the patch tokens (..., N, D).

    The patches are the last tokens; registers lie between the class token and them. `pooling` as in ViTPainConfig.
    """
    of_patches = tokens[..., -patches:, :]
    if pooling == "cls":
        return tokens[..., 0, :], of_patches
    mean = of_patches.mean(dim=-2)
    return (mean if pooling == "mean" else torch.cat([tokens[..., 0, :], mean], dim=-1)), of_patches


def _no_rotation(module: nn.Module, inputs: tuple, output: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Cosine 1 and sine 0: no patch is rotated, so none has a position."""
    cos, sin = output
    return torch.ones_like(cos), torch.zeros_like(sin)


def _drop_registers(module: nn.Module, inputs: tuple, output: Tensor) -> Tensor:
    """(B, 1 + registers + N, D) -> (B, 1 + N, D)."""
    return torch.cat([output[:, :1], output[:, 1 + module.register_tokens.shape[1] :]], dim=1)


__all__ = [
    "encoded_by",
    "face_and_patches",
    "freeze_unread",
    "interpolated_positions",
    "make_backbone",
    "pretrained_backbone",
    "wanted_of_backbone",
]
