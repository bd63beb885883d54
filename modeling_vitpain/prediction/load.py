"""Loading a saved model with its image processor."""

from pathlib import Path

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.names import is_hub_name

from .. import SHIPPED, shipped
from ..configuration_vitpain import ViTPainConfig
from ..image_processing_vitpain import ViTPainImageProcessor
from ..modeling_vitpain import ViTPainForPainAssessment

_ALLOWED = f"allowed is a model directory, OWNER/NAME on the Hub or {' or '.join(SHIPPED)}"


_MOST_LAYERS, _LARGEST = 256, 1 << 17
"""Numbers in a configuration above these are no sizes of a network for faces, and would take all memory there is."""

_DAMAGE = (
    *(OSError, RuntimeError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError),
    *(StrictDataclassError,),
)
"""What transformers raises on files of a model that are damaged, or hold values of other types."""


def located(model: str | Path) -> str | Path:
    """The directory of a shipped model that is given by its name; a directory (it comes first) or Hub name as it is.

    Raises:
        InvalidInput: it is none of these.
        WorkFailed: this copy of the package was made without that model.
    """
    if Path(model).is_dir():
        return model
    if str(model) not in SHIPPED:
        if not is_hub_name(model):
            raise InvalidInput(f"model is {str(model)!r}; {_ALLOWED}")
        return model
    try:
        return shipped(str(model))
    except FileNotFoundError as error:
        raise WorkFailed(str(error)) from None


def load_model(model: str | Path) -> tuple[ViTPainForPainAssessment, ViTPainImageProcessor]:
    """The model, in eval mode on the GPU if there is one, and its image processor. Runs no remote code.

    Args:
        model: a directory written by `pain3d train` or `save_pretrained`, the name of a shipped model, or one on the
            Hub.

    Raises:
        InvalidInput: there is no ViTPain there.
        WorkFailed: its files are damaged, or lack tensors; or it is to be shipped, and is not there.
    """
    model = located(model)
    if Path(model).is_dir() and not (Path(model) / "config.json").is_file():
        raise InvalidInput(f"model is {str(model)!r}; that directory holds no config.json")
    try:
        config = ViTPainConfig.get_config_dict(str(model))[0]
    except OSError as error:
        raise InvalidInput(f"model is {str(model)!r}; {_ALLOWED}") from error
    except _DAMAGE as error:
        raise WorkFailed(f"model {model} has a config.json that cannot be read: {type(error).__name__}") from None
    if not isinstance(config, dict):
        raise WorkFailed(f"model {model} has a config.json that holds no object")
    checked_config(model, config)
    try:
        network, report = ViTPainForPainAssessment.from_pretrained(str(model), output_loading_info=True)
        processor = ViTPainImageProcessor.from_pretrained(str(model))
    except (SafetensorError, *_DAMAGE) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise WorkFailed(f"model {model} cannot be loaded: {reason}") from error
    wrong = sorted([*report["missing_keys"], *report["unexpected_keys"], *map(str, report["mismatched_keys"])])
    if wrong:
        raise WorkFailed(f"model {model} does not fit its configuration: {', '.join(wrong[:5])} ({len(wrong)} in all)")
    return network.eval().to("cuda" if torch.cuda.is_available() else "cpu"), processor


def checked_config(model: str | Path, values: dict) -> ViTPainConfig:
    """The configuration that `values`, of the `config.json` of `model`, are.

    Raises:
        InvalidInput: they are of another kind of model.
        WorkFailed: they are damaged: a value that is not allowed, or sizes beyond those of any network.
    """
    if values.get("model_type") != ViTPainConfig.model_type:
        raise InvalidInput(f"model is {str(model)!r}, of type {values.get('model_type')!r}; allowed is 'vitpain'")
    _check_sizes(str(model), values)
    try:
        return ViTPainConfig.from_dict(values)
    except _DAMAGE as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise WorkFailed(f"model {model} has a config.json that is not allowed: {reason}") from error


def _check_sizes(model: str, values: object, name: str = "config.json") -> None:
    """Raises WorkFailed where a number in a configuration is beyond that of any network."""
    if isinstance(values, dict | list):
        for key, value in values.items() if isinstance(values, dict) else enumerate(values):
            _check_sizes(model, value, str(key))
    elif isinstance(values, int) and values > (most := _MOST_LAYERS if name.endswith("layers") else _LARGEST):
        raise WorkFailed(f"model {model} has a configuration with {name} {values:,}; allowed are up to {most:,}")
