"""How the authors' checkpoint names its tensors, and how this model does.

The release (github.com/TaatiTeam/Pain-in-3D, `lib/models/vitpain.py`) holds two timm DINOv3 ViTs, `vit_model` and
`neutral_encoder`, wrapped by PEFT: a layer with LoRA has its weight in `base_layer` and the low-rank pair beside it.
LoRA sits on `attn.qkv`, on `attn.proj` and, because PEFT goes by the last part of the name, on `patch_embed.proj` too,
which is a convolution. "Plain" names here are those that the tensors would have without PEFT.
"""

import re
from dataclasses import dataclass, field

from transformers import DINOv3ViTConfig

from dataset_script.errors import InvalidInput
from dataset_script.restricted_pickle import one_line

from ..configuration_vitpain import ViTPainConfig

IMAGE_SIZE = 224
HEAD_WIDTH = 64
"""Width of one attention head of every DINOv3."""
_SHOWN = 10
_NEEDED = {  # tensors that the rest is inferred from, and their dimensions
    "vit_model.patch_embed.proj.weight": 4,
    "vit_model.blocks.0.mlp.fc1.weight": 2,
    "pspi_head.2.weight": 2,
    "au_shared_features.2.weight": 2,
}

_ENCODER = re.compile(r"(vit_model|neutral_encoder)\.(?:base_model\.model\.)?(.+)")
_BASE = re.compile(r"(.+)\.base_layer\.(weight|bias)")
_LORA = re.compile(r"(.+)\.lora_([AB])\.default\.weight")
_TO_PLAIN = [  # this model's name -> the release's plain name, one after the other
    (r"^backbone\.", "vit_model."),
    (r"^reference_backbone\.", "neutral_encoder."),
    (r"\.embeddings\.cls_token$", ".cls_token"),
    (r"\.embeddings\.register_tokens$", ".reg_token"),
    (r"\.embeddings\.patch_embeddings\.", ".patch_embed.proj."),
    (r"\.model\.layer\.", ".blocks."),
    (r"\.attention\.[qkv]_proj\.weight$", ".attn.qkv.weight"),
    (r"\.attention\.([qv])_proj\.bias$", r".attn.\1_bias"),
    (r"\.attention\.o_proj\.", ".attn.proj."),
    (r"\.layer_scale([12])\.lambda1$", r".gamma_\1"),
    (r"\.mlp\.up_proj\.", ".mlp.fc1."),
    (r"\.mlp\.down_proj\.", ".mlp.fc2."),
    (r"^binary_heads\.", "pspi_binary_heads."),
    (r"^au_head\.out\.", "au_head."),
    (r"^au_head\.queries$", "au_queries"),
    (r"^au_head\.norm\.", "au_shared_features.0."),
    (r"^au_head\.hidden\.", "au_shared_features.2."),
    (r"^reference_attention\.", "neutral_cross_attn."),
    (r"^reference_norm\.", "neutral_norm."),
]

Size = tuple[int, ...]


@dataclass
class Parts:
    """Names in the checkpoint of what makes up one plain tensor: "weight", and "A" and "B" where LoRA was added."""

    names: dict[str, str] = field(default_factory=dict)

    @property
    def has_lora(self) -> bool:
        return "A" in self.names


def plain_parts(names: list[str]) -> dict[str, Parts]:
    """The plain names, each with where its tensor lies. Raises InvalidInput when two tensors claim one name."""
    found: dict[str, Parts] = {}
    for name in names:
        plain, role = _plain(name)
        taken = found.setdefault(plain, Parts()).names.setdefault(role, name)
        if taken != name:
            raise InvalidInput(
                f"state_dict holds {one_line(taken)} and {one_line(name)}, the same tensor; allowed is one of them"
            )
    return found


def _plain(name: str) -> tuple[str, str]:
    encoder = _ENCODER.fullmatch(name)
    if not encoder:
        return name, "weight"
    rest = encoder[2]
    if lora := _LORA.fullmatch(rest):
        return f"{encoder[1]}.{lora[1]}.weight", lora[2]
    if base := _BASE.fullmatch(rest):
        rest = f"{base[1]}.{base[2]}"
    return f"{encoder[1]}.{rest}", "weight"


def source_of(target: str) -> tuple[str, int | None]:
    """Plain name of the tensor that the parameter `target` comes from; of q, k and v also which third, else None."""
    plain = target
    for pattern, replacement in _TO_PLAIN:
        plain = re.sub(pattern, replacement, plain)
    third = re.search(r"\.attention\.([qkv])_proj\.weight$", target)
    return plain, "qkv".index(third[1]) if third else None


def infer_config(sizes: dict[str, Size], attention_heads: int | None) -> ViTPainConfig:
    """The configuration that fits the tensors, and that reproduces the release's outputs.

    Args:
        sizes: of the tensors, by plain name.
        attention_heads: of the backbone, which no tensor's shape shows; None: one for each 64 of its width, as all
            DINOv3 have.

    Raises:
        InvalidInput: tensors that it takes to infer the rest are missing, or the sizes fit no model.
    """
    wrong = [name for name, dimensions in _NEEDED.items() if len(sizes.get(name, ())) != dimensions]
    if wrong:
        raise InvalidInput(f"the checkpoint is no ViTPain of the authors: it lacks {', '.join(wrong)}")
    width = sizes["vit_model.patch_embed.proj.weight"][0]
    heads = width // HEAD_WIDTH if attention_heads is None else attention_heads
    if heads < 1 or width % heads:
        raise InvalidInput(f"attention-heads is {heads}; allowed are divisors of the backbone's width, {width}")
    linears = [index for index in range(2, 32, 3) if len(sizes.get(f"pspi_head.{index}.weight", ())) == 2]
    thresholds = {int(match[1]) for name in sizes if (match := re.match(r"pspi_binary_heads\.(\d{1,2})\.", name))}
    try:
        return ViTPainConfig(
            backbone_config=_backbone_config(sizes, heads),
            backbone_positions="none",
            backbone_registers="vit_model.reg_token" not in sizes,
            pspi_head="regression",
            pspi_hidden_sizes=[sizes[f"pspi_head.{index}.weight"][0] for index in linears[:-1]],
            pspi_thresholds=sorted(thresholds) or None,
            head_dropout=0.5,
            au_hidden_size=sizes["au_shared_features.2.weight"][0],
            au_norm=True,
            au_activation="gelu",
            au_dropout=0.3,
            reference="neutral" if "neutral_cross_attn.in_proj_weight" in sizes else "none",
            reference_encoder="own" if any(name.startswith("neutral_encoder.") for name in sizes) else "shared",
            reference_fallback=False,
        )
    except ValueError as error:
        raise InvalidInput(f"the checkpoint's sizes fit no model: {error}") from error


def _backbone_config(sizes: dict[str, Size], attention_heads: int) -> DINOv3ViTConfig:
    width, channels, patch, _ = sizes["vit_model.patch_embed.proj.weight"]
    registers = sizes.get("vit_model.reg_token", (1, 0, width))
    biased = "vit_model.blocks.0.attn.q_bias" in sizes
    return DINOv3ViTConfig(
        image_size=IMAGE_SIZE,
        patch_size=patch,
        num_channels=channels,
        hidden_size=width,
        intermediate_size=sizes["vit_model.blocks.0.mlp.fc1.weight"][0],
        num_hidden_layers=len({m[1] for name in sizes if (m := re.match(r"vit_model\.blocks\.(\d+)\.", name))}),
        num_attention_heads=attention_heads,
        num_register_tokens=registers[1] if len(registers) == 3 else 0,
        query_bias=biased,
        key_bias=False,
        value_bias=biased,
    )


def check(parts: dict[str, Parts], sizes: dict[str, Size], wanted: dict[str, Size]) -> None:
    """Compares the checkpoint with what the model needs, by name and size.

    Args:
        parts: by plain name.
        sizes: of every tensor, by the name it has in the checkpoint.
        wanted: sizes by plain name.

    Raises:
        InvalidInput: names what is missing, extra or of another size: ten of each, and how many there are.
    """
    missing = [plain for plain in wanted if "weight" not in getattr(parts.get(plain), "names", ())]
    extra = [name for plain, part in parts.items() for name in part.names.values() if plain not in wanted]
    misfits = []
    for plain, part in parts.items():
        if plain in wanted and "weight" in part.names:
            if len(part.names) == 2:
                missing.append(f"the other half of the LoRA of {plain}")
            misfits += _misfits(plain, part, sizes, wanted[plain])
    complaints = [
        f"{what} {', '.join(map(one_line, names[:_SHOWN]))}{f' and {len(names) - _SHOWN} more' * (len(names) > _SHOWN)}"
        for what, names in (("missing", missing), ("extra", extra), ("of another size", misfits))
        if names
    ]
    if complaints:
        raise InvalidInput(f"state_dict has not the layout of the authors' release: {'; '.join(complaints)}")


def _misfits(plain: str, part: Parts, sizes: dict[str, Size], wanted: Size) -> list[str]:
    size = sizes[part.names["weight"]]
    if size != wanted:
        return [f"{plain} {size}, needed {wanted}"]
    if not {"A", "B"} <= part.names.keys():
        return []
    a, b = sizes[part.names["A"]], sizes[part.names["B"]]
    ones = (1,) * (len(wanted) - 2)  # the second of a pair of convolutions has a kernel of one pixel
    if not (a and len(b) > 1 and a[1:] == wanted[1:] and b == (wanted[0], a[0], *ones)):
        return [f"the LoRA of {plain} {a} and {b}, needed (r, …) and ({wanted[0]}, r, …)"]
    return []
