"""Small models that say everything: companions, intervals of the units, the probability of pain."""

from pathlib import Path

import torch
from transformers import ViTConfig

from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment, ViTPainImageProcessor

SIX = ["AU4", "AU6", "AU7", "AU9", "AU10", "AU43"]
COMPANIONS = ["AU1", "AU2", "AU12", "AU20", "AU25", "AU26"]
EVERYTHING = {"au_names": SIX + COMPANIONS, "au_spread": True, "expression_head": True}
BACKBONE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}


def save_assessing_model(directory: Path, side: int = 112, face_crop: float | None = None, **settings) -> Path:
    """Saves a model of random weights, of everything unless `settings` say otherwise; `side` of its input in pixels."""
    torch.manual_seed(0)
    config = ViTPainConfig(
        backbone_config=ViTConfig(**BACKBONE, image_size=side, patch_size=side // 8), **{**EVERYTHING, **settings}
    )
    model = ViTPainForPainAssessment(config)
    with torch.no_grad():  # the pictures decide: at the start every unit is near its bias
        model.au_head.out.weight.mul_(40)
        if model.au_head.spread is not None:
            model.au_head.spread.weight.mul_(40)
    model.save_pretrained(directory)
    ViTPainImageProcessor(size={"height": side, "width": side}, face_crop=face_crop).save_pretrained(directory)
    return directory
