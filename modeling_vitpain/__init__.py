"""ViTPain, the model that reads pain in faces. Importing this package registers it with transformers' Auto classes.

The files in this folder are also Hub remote code: a saved model has copies of them, so that it loads with
`trust_remote_code=True` where this package is not installed. What only training, prediction or conversion needs lies in
the folders. Models that come with the package lie beside it in `checkpoints/`, in a checkout as in an installation.
"""

from pathlib import Path

try:
    from transformers import AutoConfig, AutoImageProcessor, AutoModel, AutoModelForImageClassification
    from transformers.models.auto.video_processing_auto import VIDEO_PROCESSOR_MAPPING
    from transformers.pipelines import PIPELINE_REGISTRY

    from .configuration_vitpain import ViTPainConfig
    from .image_processing_vitpain import ViTPainImageProcessor
    from .modeling_vitpain import ViTPainForPainAssessment
    from .pipeline_vitpain import PainAssessmentPipeline
except ModuleNotFoundError as missing:
    if missing.name not in ("torch", "transformers"):
        raise
    text = f"modeling_vitpain needs {missing.name}: pip install 'pain3d[model]'"
    raise ModuleNotFoundError(text, name=missing.name) from None

SHIPPED = ("vitpain-small",)
"""Names of the models that come with this package. The first is taken where none is named."""
_CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"


def shipped(name: str = SHIPPED[0]) -> str:
    """The directory of a model that comes with this package, for `from_pretrained` and `pipeline`.

    Raises:
        ValueError: there is none of that name.
        FileNotFoundError: this copy of the package is without it.
    """
    if name not in SHIPPED:
        raise ValueError(f"name is {name!r}; allowed is {' or '.join(map(repr, SHIPPED))}")
    directory = _CHECKPOINTS / name
    if not (directory / "config.json").is_file():
        raise FileNotFoundError(f"{name} is not in this copy of Pain3D: there is no {directory}; name another model")
    return str(directory)


class _ShippedByDefault(dict):
    """The default of a task of transformers: a shipped model, whose directory is looked for when a pipeline is made."""

    def __getitem__(self, key: str) -> tuple[str, None]:
        """(directory, no revision). Raises FileNotFoundError as `shipped`."""
        return shipped(super().__getitem__(key)[0]), None


AutoConfig.register("vitpain", ViTPainConfig, exist_ok=True)
AutoModel.register(ViTPainConfig, ViTPainForPainAssessment, exist_ok=True)
AutoModelForImageClassification.register(ViTPainConfig, ViTPainForPainAssessment, exist_ok=True)
AutoImageProcessor.register(ViTPainConfig, image_processor_classes={"pil": ViTPainImageProcessor}, exist_ok=True)
# There is none. Unless it is told so, every pipeline looks for the remote code of one, and asks whether to run it.
VIDEO_PROCESSOR_MAPPING.register(ViTPainConfig, {}, exist_ok=True)
if "pain-assessment" not in PIPELINE_REGISTRY.get_supported_tasks():
    PIPELINE_REGISTRY.register_pipeline(
        "pain-assessment",
        pipeline_class=PainAssessmentPipeline,
        pt_model=AutoModel,
        default=_ShippedByDefault(model=(SHIPPED[0], None)),
        type="image",
    )

# With these, save_pretrained writes the code beside the weights.
ViTPainConfig.register_for_auto_class("AutoConfig")
ViTPainForPainAssessment.register_for_auto_class("AutoModel")
ViTPainImageProcessor.register_for_auto_class("AutoImageProcessor")

__all__ = [
    "SHIPPED",
    "PainAssessmentPipeline",
    "ViTPainConfig",
    "ViTPainForPainAssessment",
    "ViTPainImageProcessor",
    "shipped",
]
