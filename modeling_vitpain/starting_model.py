"""The model that a training run starts from, and its image processor."""

from pathlib import Path

from transformers import AutoImageProcessor

from dataset_script.errors import InvalidInput, WorkFailed

from .configuration_vitpain import ViTPainConfig
from .from_scratch import start_from_sine_positions
from .image_processing_vitpain import ViTPainImageProcessor
from .inference import load_model
from .modeling_vitpain import ViTPainForPainAssessment
from .options import RunOptions


def starting_model(options: RunOptions) -> tuple[ViTPainForPainAssessment, ViTPainImageProcessor]:
    """The model before its first step.

    Raises:
        InvalidInput: there is no such configuration or model, or it does not allow a setting.
        WorkFailed: the backbone or the model cannot be loaded.
    """
    if options.start is not None:
        model, processor = load_model(options.start)
        if options.lambda_au is not None:
            model.config.lambda_au = options.lambda_au
        return model.train(), processor
    normalisation = {}
    if options.pretrained_backbone is None:
        model = ViTPainForPainAssessment(_config(options))
        start_from_sine_positions(model)
    else:
        backbone = options.pretrained_backbone
        try:
            model = ViTPainForPainAssessment.from_backbone(backbone, **options.model_settings())
            own = AutoImageProcessor.from_pretrained(backbone)
        except (OSError, ValueError) as error:
            raise WorkFailed(f"backbone {backbone} cannot be loaded: {str(error).strip().splitlines()[0]}") from error
        normalisation = {"image_mean": own.image_mean, "image_std": own.image_std}
    height, width = model.config.image_size
    processor = ViTPainImageProcessor(
        size={"height": height, "width": width}, face_crop=options.recipe.face_crop, **normalisation
    )
    return model, processor


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
