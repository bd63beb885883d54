"""LoRA on a backbone's attention (peft), for training; merged into plain weights for release.

The model stays a ViTPain: peft's layers take the place of the four linear layers q, k, v and output projection of each
attention in `backbone` (and in `reference_backbone`, where the reference has its own encoder). Everything else in the
backbones is frozen; the heads are trained.
"""

from torch import nn

from dataset_script.errors import InvalidInput

from ..modeling_vitpain import ViTPainForPainAssessment

_PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj")
"""transformers' names in ViT, DeiT, DINOv2 (with and without registers) and DINOv3. timm's `qkv` is the first three."""
_ENCODERS = ("backbone", "reference_backbone")


def add_lora(model: ViTPainForPainAssessment, rank: int, alpha: float, dropout: float) -> None:
    """Puts adapters of `rank`, scaled by alpha / rank, into the model, in place. They start as the identity.

    Raises:
        InvalidInput: rank or dropout out of range, the model has adapters already, or its backbone no such layers.
    """
    from peft import LoraConfig, inject_adapter_in_model

    if rank < 1:
        raise InvalidInput(f"lora_rank is {rank}; allowed is 1 or more")
    if not 0 <= dropout < 1:
        raise InvalidInput(f"lora_dropout is {dropout}; allowed is 0 to below 1")
    if has_lora(model):
        raise InvalidInput("the model has LoRA adapters already; merge_lora makes them part of its weights")
    for encoder in _encoders(model):
        names = [name for name, layer in encoder.named_modules() if _is_projection(name, layer)]
        if not names:
            allowed = f"one with attention layers {', '.join(_PROJECTIONS)}"
            raise InvalidInput(f"backbone is a {type(encoder).__name__}; allowed for LoRA is {allowed}")
        inject_adapter_in_model(
            LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules=names), encoder
        )


def merge_lora(model: ViTPainForPainAssessment) -> None:
    """Adds the adapters to the weights and removes peft's layers, in place. What was frozen stays frozen."""
    from peft.tuners.lora import LoraLayer

    for encoder in _encoders(model):
        for name, layer in list(encoder.named_modules()):
            if isinstance(layer, LoraLayer):
                layer.merge()
                encoder.set_submodule(name, layer.get_base_layer())
        if hasattr(encoder, "peft_config"):
            del encoder.peft_config


def has_lora(model: nn.Module) -> bool:
    """Whether peft's layers are in the model."""
    return any(".lora_A." in name for name, _ in model.named_parameters())


def _encoders(model: ViTPainForPainAssessment) -> list[nn.Module]:
    found = [getattr(model, name, None) for name in _ENCODERS]
    return [encoder for encoder in found if encoder is not None]


def _is_projection(name: str, layer: nn.Module) -> bool:
    *_, parent, last = ["", *name.split(".")]
    return isinstance(layer, nn.Linear) and last in _PROJECTIONS and "attention" in parent
