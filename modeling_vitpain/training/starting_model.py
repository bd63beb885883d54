"""The model that a training run starts from, and its image processor."""

import sys
from pathlib import Path

import numpy as np
import torch
from transformers import AutoConfig, AutoImageProcessor
from transformers.image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from transformers.utils import IMAGE_PROCESSOR_NAME, cached_file

from dataset_script.errors import InvalidInput, WorkFailed

from ..configuration_checks_vitpain import check_values
from ..configuration_vitpain import ViTPainConfig
from ..heads_vitpain import ExpressionHead
from ..image_processing_vitpain import ViTPainImageProcessor
from ..modeling_vitpain import ViTPainForPainAssessment
from ..prediction.load import load_model
from ..reference_vitpain import ReferenceToken
from .options import CHANGEABLE, RunOptions

PRETRAINED_SIZE = 224
"""Pixels a side that a pretrained backbone sees unless a size is given, as in the paper; never more than its own."""


def starting_model(options: RunOptions) -> tuple[ViTPainForPainAssessment, ViTPainImageProcessor]:
    """The model before its first step.

    Raises:
        InvalidInput: there is no such configuration or model, or it does not allow a setting.
        WorkFailed: the backbone or the model cannot be loaded.
    """
    if options.start is not None:
        model, processor = load_model(options.start)
        _change(model, options)
        if model.config.reference == "neutral" and not model.config.reference_fallback:
            _add_fallback(model)
        return model.train(), processor
    normalisation = {}
    if options.pretrained_backbone is None:
        model = ViTPainForPainAssessment(_config(options))
        start_from_sine_positions(model)
    else:
        model, normalisation = _on_pretrained(options)
    height, width = model.config.image_size
    processor = ViTPainImageProcessor(
        size={"height": height, "width": width}, face_crop=options.recipe.face_crop, **normalisation
    )
    return model, processor


def _on_pretrained(options: RunOptions) -> tuple[ViTPainForPainAssessment, dict[str, list[float]]]:
    """New heads on the pretrained backbone of the options, and the normalisation of its pictures."""
    backbone, size = options.pretrained_backbone, options.size
    try:
        own_size = AutoConfig.from_pretrained(backbone).image_size
        if size is None and isinstance(own_size, int):
            size = min(PRETRAINED_SIZE, own_size)
        model = ViTPainForPainAssessment.from_backbone(backbone, options.kept_layers, size, **options.model_settings())
        return model, _normalisation(backbone)
    except (OSError, ValueError) as error:
        raise WorkFailed(f"backbone {backbone} cannot be loaded: {str(error).strip().splitlines()[0]}") from error


def _normalisation(backbone: str) -> dict[str, list[float]]:
    """Mean and standard deviation of the pictures that a backbone was trained on; ImageNet's where it does not say."""
    if cached_file(backbone, IMAGE_PROCESSOR_NAME, _raise_exceptions_for_missing_entries=False) is None:
        mean, std = IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
        print(
            f"pain3d: backbone {backbone} has no {IMAGE_PROCESSOR_NAME}; ImageNet's normalisation is taken, "
            f"mean {mean}, standard deviation {std}",
            file=sys.stderr,
        )
        return {"image_mean": mean, "image_std": std}
    own = AutoImageProcessor.from_pretrained(backbone)
    return {"image_mean": own.image_mean, "image_std": own.image_std}


def _config(options: RunOptions) -> ViTPainConfig:
    name, settings = options.config or "tiny", options.model_settings()
    try:
        if name == "tiny":
            return ViTPainConfig.tiny(**settings)
        if Path(name).exists():
            return ViTPainConfig.from_pretrained(name, **settings)
    except (OSError, ValueError) as error:
        raise InvalidInput(f"config {name} is no ViTPain configuration: {str(error).splitlines()[0]}") from error
    raise InvalidInput(f"config is {name!r}; allowed are tiny, large or the path of a configuration")


def _change(model: ViTPainForPainAssessment, options: RunOptions) -> None:
    """Gives a trained model the settings that may change. Raises InvalidInput where it does not allow them."""
    config = model.config
    before, size = config.expression_hidden_size, options.expression_hidden_size
    for name in CHANGEABLE:
        if (value := getattr(options, name)) is not None:
            setattr(config, name, value)
    try:
        check_values(config)
    except ValueError as error:
        raise InvalidInput(str(error)) from None
    if size is None or size == before:
        return
    if model.expression_head is None:
        raise InvalidInput(f"expression_hidden_size is {size}, and {options.start} has no expression head")
    print("pain3d: the expression head is a new one, of random weights", file=sys.stderr)
    model.expression_head = ExpressionHead(config).to(model.device, model.dtype)
    for module in model.expression_head.modules():
        model._init_weights(module)


def _add_fallback(model: ViTPainForPainAssessment) -> None:
    """A learned fallback for a model that has none, as converted ones: some frames of a training have no reference."""
    print("pain3d: the model has no learned fallback for frames without a reference; it gets one", file=sys.stderr)
    model.config.reference_fallback = True
    if model.reference_attention is None:  # a learned difference is there already
        return
    model.reference_token = ReferenceToken(model.config.hidden_size).to(model.device, model.dtype)
    model._init_weights(model.reference_token)


@torch.no_grad()
def start_from_sine_positions(model: ViTPainForPainAssessment) -> None:
    """Sets learned positions to the 2-D sine-cosine code of MAE, in which near patches have similar positions.

    Backbones without learned positions (DINOv3's are rotary) stay as they are.
    """
    positions = getattr(model.backbone.embeddings, "position_embeddings", None)
    if positions is None:
        return
    rows, columns = model.config.patch_grid(*model.config.image_size)
    width = model.config.hidden_size
    frequencies = 10000.0 ** -(np.arange(width // 4) / (width // 4))
    y, x = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    code = [wave(axis.reshape(-1, 1) * frequencies) for axis in (y, x) for wave in (np.sin, np.cos)]
    code = torch.from_numpy(np.concatenate(code, axis=1)).to(positions)  # (N, 4 * (D // 4))
    positions[0, -rows * columns :, : code.shape[1]] = code
