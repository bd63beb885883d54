"""Which parameters of a model learn, and at what rate."""

import re
from collections.abc import Iterable

from torch import nn

from dataset_script.errors import InvalidInput

_ENCODERS = ("backbone.", "reference_backbone.")
_LAYER = re.compile(r"\.layers?\.(\d+)\.")
"""In the names of parameters: the layers of transformers' backbones."""


def in_backbone(name: str) -> bool:
    """Whether a parameter of a ViTPain belongs to its backbone, or to the backbone of its references."""
    return name.startswith(_ENCODERS)


def depth(name: str, layers: int) -> int:
    """Place of a backbone's parameter: 0 for the embeddings, 1 to `layers` for the layers, then `layers` + 1."""
    found = _LAYER.search(name)
    if found:
        return int(found[1]) + 1
    return 0 if ".embeddings." in name else layers + 1


def train_last_layers(model: nn.Module, count: int) -> None:
    """Freezes a ViTPain's backbone but for its last `count` layers and the norm after them, in place.

    0 freezes all of it; all of its layers bring the embeddings with them.

    Raises:
        InvalidInput: more layers than the backbone has.
    """
    layers = model.config.backbone_config.num_hidden_layers
    if count > layers:
        raise InvalidInput(f"tune is {count}; allowed is 0 to {layers}, the layers of the backbone")
    for name, parameter in model.named_parameters():
        if in_backbone(name) and (count == 0 or (count < layers and depth(name, layers) <= layers - count)):
            parameter.requires_grad_(False)


def backbone_groups(model: nn.Module, rate: float, decay: float) -> list[dict]:
    """The backbone's trainable parameters by their rate, the highest first: `rate` for its last layer and what follows.

    Each layer below has `decay` times the rate of the one above, and the embeddings that of a layer below the first.
    """
    layers = model.config.backbone_config.num_hidden_layers
    by_rate: dict[float, list[nn.Parameter]] = {}
    for name, parameter in _trainable_backbone(model):
        steps = max(layers - depth(name, layers), 0)
        by_rate.setdefault(rate * decay**steps, []).append(parameter)
    return [{"params": by_rate[key], "lr": key} for key in sorted(by_rate, reverse=True)]


def _trainable_backbone(model: nn.Module) -> Iterable[tuple[str, nn.Parameter]]:
    return [(n, p) for n, p in model.named_parameters() if p.requires_grad and in_backbone(n)]
