"""A random checkpoint in the layout of the authors' release, and their forward pass written from its description.

Nothing here uses the project's own code: it is what the converted model is held against.
"""

from collections import OrderedDict
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

WIDTH, DEPTH, HEADS, HIDDEN, PATCH, RANK, ALPHA = 128, 2, 2, 256, 32, 4, 16
State = dict[str, Tensor]


def random_state(
    lora: bool = True, peft: bool = True, neutral: str = "own", biased: bool = False, seed: int = 0
) -> State:
    """`neutral`: "own" (a second encoder), "equal" (one with the same weights), "none"."""
    draw = torch.Generator().manual_seed(seed)

    def random(*size: int, scale: float = 0.05) -> Tensor:
        return scale * torch.randn(size, generator=draw)

    state: State = OrderedDict()
    encoder = _encoder(random, lora, peft, biased)
    state.update({f"vit_model.{name}": tensor for name, tensor in encoder.items()})
    if neutral != "none":
        second = encoder if neutral == "equal" else _encoder(random, lora, peft, biased)
        state.update({f"neutral_encoder.{name}": tensor.clone() for name, tensor in second.items()})
        state["neutral_cross_attn.in_proj_weight"] = random(3 * WIDTH, WIDTH, scale=0.2)
        state["neutral_cross_attn.in_proj_bias"] = random(3 * WIDTH)
        _linear(state, random, "neutral_cross_attn.out_proj", WIDTH, WIDTH)
        _norm(state, random, "neutral_norm")
    _norm(state, random, "pspi_head.0")
    widths = [WIDTH, 64, 32, 16, 1]
    for k in range(4):
        _linear(state, random, f"pspi_head.{2 + 3 * k}", widths[k], widths[k + 1])
    for threshold in (1, 2, 3):
        _norm(state, random, f"pspi_binary_heads.{threshold}.0")
        _linear(state, random, f"pspi_binary_heads.{threshold}.2", WIDTH, 1)
    state["au_queries"] = random(6, WIDTH, scale=1.0)
    _norm(state, random, "au_shared_features.0")
    _linear(state, random, "au_shared_features.2", WIDTH, 48)
    _linear(state, random, "au_head", 48, 1)
    state["au_head.bias"] = torch.full((1,), 0.5)  # above the last ReLU's zero
    return state


def _encoder(random, lora: bool, peft: bool, biased: bool) -> State:
    """A timm DINOv3 ViT; `peft`: under PEFT's names, `lora`: with LoRA on every layer called qkv or proj."""
    plain: State = OrderedDict()
    plain["cls_token"], plain["reg_token"] = random(1, 1, WIDTH, scale=1.0), random(1, 4, WIDTH, scale=1.0)
    plain["patch_embed.proj.weight"] = random(WIDTH, 3, PATCH, PATCH)
    plain["patch_embed.proj.bias"] = random(WIDTH)
    for k in range(DEPTH):
        block = f"blocks.{k}"
        plain[f"{block}.gamma_1"], plain[f"{block}.gamma_2"] = random(WIDTH, scale=1.0), random(WIDTH, scale=1.0)
        _norm(plain, random, f"{block}.norm1")
        plain[f"{block}.attn.qkv.weight"] = random(3 * WIDTH, WIDTH, scale=0.2)
        if biased:
            plain[f"{block}.attn.q_bias"], plain[f"{block}.attn.v_bias"] = random(WIDTH), random(WIDTH)
        _linear(plain, random, f"{block}.attn.proj", WIDTH, WIDTH)
        _norm(plain, random, f"{block}.norm2")
        _linear(plain, random, f"{block}.mlp.fc1", WIDTH, HIDDEN)
        _linear(plain, random, f"{block}.mlp.fc2", HIDDEN, WIDTH)
    _norm(plain, random, "norm")
    if not peft:
        return plain
    wrapped: State = OrderedDict()
    for name, tensor in plain.items():
        layer, _, kind = name.rpartition(".")
        if not (lora and layer.endswith((".qkv", ".proj"))):
            wrapped[f"base_model.model.{name}"] = tensor
            continue
        wrapped[f"base_model.model.{layer}.base_layer.{kind}"] = tensor
        if kind == "weight":
            ones = (1,) * (tensor.ndim - 2)
            wrapped[f"base_model.model.{layer}.lora_A.default.weight"] = random(RANK, *tensor.shape[1:], scale=0.1)
            wrapped[f"base_model.model.{layer}.lora_B.default.weight"] = random(len(tensor), RANK, *ones, scale=0.1)
    return wrapped


def _linear(state: State, random, name: str, inputs: int, outputs: int) -> None:
    state[f"{name}.weight"], state[f"{name}.bias"] = random(outputs, inputs, scale=inputs**-0.5), random(outputs)


def _norm(state: State, random, name: str) -> None:
    state[f"{name}.weight"], state[f"{name}.bias"] = 1 + random(WIDTH), random(WIDTH)


def save_checkpoint(state: State, path: Path, **more) -> Path:
    """As Lightning does it: the state dict beside hyper-parameters, callbacks and optimizer states."""
    trained = next(iter(state.values()))
    content = {
        "epoch": 3,
        "pytorch-lightning_version": "2.5.0",
        "state_dict": state,
        "optimizer_states": [{"state": {0: {"exp_avg": torch.zeros_like(trained)}}, "param_groups": [{"lr": 1e-4}]}],
        "hyper_parameters": {
            "model_name": "timm/vit_large_patch16_dinov3.sat493m",
            "lora_alpha": ALPHA,
            "lora_rank": RANK,
        },
        **more,
    }
    torch.save(content, path)
    return path


# The release's forward pass (facts of its code): no rotary positions, no registers, LoRA beside the layers, not merged.


class Release:
    """The release on its own tensors, computed in float64."""

    def __init__(self, state: State, alpha: float = ALPHA):
        self.state = {name: tensor.double() for name, tensor in state.items()}
        self.alpha = alpha

    @torch.no_grad()
    def __call__(self, pixels: Tensor, neutral: Tensor | None = None) -> dict[str, Tensor]:
        tokens = self.encode("vit_model", pixels.double())
        if neutral is not None:
            tokens = self.fuse(tokens, self.encode("neutral_encoder", neutral.double()))
        cls, patches = tokens[:, 0], tokens[:, 1:]
        hidden = self.norm("pspi_head.0", cls)
        for index in (2, 5, 8):
            hidden = F.gelu(self.linear(f"pspi_head.{index}", hidden))
        scores = self.linear("pspi_head.11", hidden).squeeze(-1)
        binary = [
            self.linear(f"pspi_binary_heads.{t}.2", self.norm(f"pspi_binary_heads.{t}.0", cls)) for t in (1, 2, 3)
        ]
        attention = torch.softmax(self.state["au_queries"] @ patches.transpose(1, 2) / WIDTH**0.5, dim=-1)
        features = F.gelu(self.linear("au_shared_features.2", self.norm("au_shared_features.0", attention @ patches)))
        return {
            "pspi": 16 * torch.sigmoid(scores),
            "binary_logits": torch.cat(binary, dim=-1),
            "au": F.relu(self.linear("au_head", features).squeeze(-1)),
        }

    def encode(self, encoder: str, pixels: Tensor) -> Tensor:
        prefix = (
            f"{encoder}.base_model.model." if f"{encoder}.base_model.model.cls_token" in self.state else f"{encoder}."
        )
        patches = self.patch_embed(f"{prefix}patch_embed.proj", pixels).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.state[f"{prefix}cls_token"].expand(len(pixels), -1, -1), patches], dim=1)
        for k in range(DEPTH):
            block = f"{prefix}blocks.{k}"
            tokens = tokens + self.state[f"{block}.gamma_1"] * self.attention(
                block, self.norm(f"{block}.norm1", tokens)
            )
            hidden = F.gelu(self.linear(f"{block}.mlp.fc1", self.norm(f"{block}.norm2", tokens)))
            tokens = tokens + self.state[f"{block}.gamma_2"] * self.linear(f"{block}.mlp.fc2", hidden)
        return self.norm(f"{prefix}norm", tokens)

    def attention(self, block: str, tokens: Tensor) -> Tensor:
        batch, count, _ = tokens.shape
        qkv = self.linear(f"{block}.attn.qkv", tokens)
        if f"{block}.attn.q_bias" in self.state:
            q_bias, v_bias = self.state[f"{block}.attn.q_bias"], self.state[f"{block}.attn.v_bias"]
            qkv = qkv + torch.cat([q_bias, torch.zeros_like(q_bias), v_bias])
        q, k, v = qkv.reshape(batch, count, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        weights = torch.softmax(q @ k.transpose(-2, -1) / (WIDTH // HEADS) ** 0.5, dim=-1)
        return self.linear(f"{block}.attn.proj", (weights @ v).transpose(1, 2).reshape(batch, count, WIDTH))

    def fuse(self, tokens: Tensor, neutral: Tensor) -> Tensor:
        """Eight-head cross-attention, residual, LayerNorm."""
        weight, bias = self.state["neutral_cross_attn.in_proj_weight"], self.state["neutral_cross_attn.in_proj_bias"]
        projected = [
            F.linear(x, w, b).unflatten(-1, (8, WIDTH // 8)).transpose(1, 2)
            for x, w, b in zip((tokens, neutral, neutral), weight.chunk(3), bias.chunk(3), strict=True)
        ]
        q, k, v = projected
        weights = torch.softmax(q @ k.transpose(-2, -1) / (WIDTH // 8) ** 0.5, dim=-1)
        attended = self.linear("neutral_cross_attn.out_proj", (weights @ v).transpose(1, 2).flatten(2))
        return self.norm("neutral_norm", tokens + attended)

    def norm(self, name: str, x: Tensor) -> Tensor:
        return F.layer_norm(x, (WIDTH,), self.state[f"{name}.weight"], self.state[f"{name}.bias"], eps=1e-5)

    def linear(self, name: str, x: Tensor) -> Tensor:
        if f"{name}.base_layer.weight" not in self.state:
            return F.linear(x, self.state[f"{name}.weight"], self.state.get(f"{name}.bias"))
        base = F.linear(x, self.state[f"{name}.base_layer.weight"], self.state.get(f"{name}.base_layer.bias"))
        a, b = self.state[f"{name}.lora_A.default.weight"], self.state[f"{name}.lora_B.default.weight"]
        return base + self.alpha / len(a) * F.linear(F.linear(x, a), b)

    def patch_embed(self, name: str, pixels: Tensor) -> Tensor:
        if f"{name}.base_layer.weight" not in self.state:
            return F.conv2d(pixels, self.state[f"{name}.weight"], self.state[f"{name}.bias"], stride=PATCH)
        base = F.conv2d(pixels, self.state[f"{name}.base_layer.weight"], self.state[f"{name}.base_layer.bias"], PATCH)
        a, b = self.state[f"{name}.lora_A.default.weight"], self.state[f"{name}.lora_B.default.weight"]
        return base + self.alpha / len(a) * F.conv2d(F.conv2d(pixels, a, stride=PATCH), b)
