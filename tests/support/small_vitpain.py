"""Every shape of ViTPain, so small that a test of all of them takes seconds: D = 32, 2 layers, 32 px, 16 patches."""

import torch
from transformers import DeiTConfig, Dinov2Config, Dinov2WithRegistersConfig, DINOv3ViTConfig, ViTConfig

from dataset_script.facs import AU_NAMES
from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 32, "patch_size": 8}
BACKBONES = {
    "vit": lambda: ViTConfig(**SMALL, intermediate_size=64),
    "deit": lambda: DeiTConfig(**SMALL, intermediate_size=64),
    "dinov2": lambda: Dinov2Config(**SMALL, mlp_ratio=2),
    "dinov2_with_registers": lambda: Dinov2WithRegistersConfig(**SMALL, mlp_ratio=2, num_register_tokens=3),
    "dinov3": lambda: DINOv3ViTConfig(**SMALL, intermediate_size=64, num_register_tokens=2),
}
VARIANTS = {
    "paper": {},
    "baseline": {"au_head": "cls"},
    "regression": {"pspi_head": "regression"},
    "neutral": {"reference": "neutral"},
    "neutral_own": {"reference": "neutral", "reference_encoder": "own"},
    "neutral_regression": {"reference": "neutral", "pspi_head": "regression"},
    "difference": {"reference": "neutral", "reference_fusion": "difference", "au_head": "cls"},
    "small": {
        "reference": "neutral",
        "reference_fusion": "difference",
        "pooling": "cls+mean",
        "au_queries": 3,
        "au_output": "own",
        "au_error": "scale",
        "pspi_reads": "face+units",
    },
    "release": {
        "reference": "neutral",
        "reference_encoder": "own",
        "pspi_head": "regression",
        "au_norm": True,
        "au_activation": "gelu",
        "au_dropout": 0.1,
    },
}
COMPANIONS = ["AU1", "AU2", "AU12", "AU20", "AU25", "AU26"]
MORE = {"au_names": [*AU_NAMES, *COMPANIONS], "au_spread": True, "expression_head": True}
"""All that a model may say of a face beside the paper's scores: 12 units, their deviations, pain's probability."""
EVERY_SHAPE = [(backbone, variant) for backbone in BACKBONES for variant in VARIANTS]


def small_config(backbone: str = "vit", variant: str = "paper", **kwargs) -> ViTPainConfig:
    return ViTPainConfig(backbone_config=BACKBONES[backbone](), **{**VARIANTS[variant], **kwargs})


def small_model(backbone: str = "vit", variant: str = "paper", **kwargs) -> ViTPainForPainAssessment:
    """A model in eval mode, with the same weights in every call."""
    torch.manual_seed(0)
    return ViTPainForPainAssessment(small_config(backbone, variant, **kwargs)).eval()


def trained(model: ViTPainForPainAssessment) -> ViTPainForPainAssessment:
    """The model with weights moved from their start: some begin at zero, where a missing part would make no change."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.1)
    return model


def inputs_for(model: ViTPainForPainAssessment, batch: int = 4, labels: bool = True) -> dict[str, torch.Tensor]:
    """Pictures and labels; two references a frame where the model takes them, with a row of one and a row of none."""
    generator = torch.Generator().manual_seed(1)
    inputs = {"pixel_values": torch.randn(batch, 3, 32, 32, generator=generator)}
    if model.config.reference == "neutral":
        inputs["reference_pixel_values"] = torch.randn(batch, 2, 3, 32, 32, generator=generator)
        inputs["reference_mask"] = torch.tensor([[True, True], [False, True], [False, False], [True, True]])[:batch]
    if labels:
        inputs["labels"] = torch.tensor([0, 5, 11, 16])[:batch]
        intensities = [[0.0] * 6, [1, 2, 0, 0, 1, 1], [4, 3, 2, 3, 1, 1], [5, 5, 5, 5, 5, 1]]
        companions = torch.tensor([[0.0], [5.0], [1.0], [2.0]]).expand(-1, len(model.config.companion_names))
        inputs["au_labels"] = torch.cat([torch.tensor(intensities), companions], dim=1)[:batch]
        if model.config.expression_head:
            inputs["pain_labels"] = torch.tensor([0.0, torch.nan, 1.0, 1.0])[:batch]
    return inputs
