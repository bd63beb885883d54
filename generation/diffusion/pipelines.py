"""Pipelines of diffusers: which class a model needs, what that class can do, and opening it."""

import inspect
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dataset_script.errors import InvalidInput, WorkFailed

from .model_files import ModelFiles
from .models import Models, Settings

_TASK = re.compile(r"(?:Control[Nn]et)?(?:Img2Img|Inpaint)?Pipeline$")


def takes(pipeline: Any, *names: str) -> bool:
    """Whether calls of a pipeline (or its class) take all these arguments."""
    cls = pipeline if isinstance(pipeline, type) else type(pipeline)
    return set(names) <= set(inspect.signature(cls.__call__).parameters)


def has(cls: type, component: str) -> bool:
    """Whether pipelines of a class have this component."""
    return component in inspect.signature(cls.__init__).parameters


def own_class(files: ModelFiles) -> type:
    """The pipeline class that a model says it is of. Raises InvalidInput where diffusers has none such."""
    found = _known(files.class_name)
    if found is None:
        raise InvalidInput(
            f"{files.role} model is {files.name!r}, of class {files.class_name!r}, no pipeline of diffusers"
        )
    return found


def related_class(files: ModelFiles, *tasks: str) -> type | None:
    """The pipeline of the same family for other tasks, such as "ControlNet" and "Inpaint"; None where there is none."""
    family = _TASK.sub("", files.class_name)
    names = {family + "".join(tasks) + "Pipeline", family + "".join(tasks).replace("Net", "net") + "Pipeline"}
    return next((found for name in sorted(names) if (found := _known(name)) is not None), None)


def chosen_device(models: Models, settings: Settings) -> str:
    """The device to paint on. Raises InvalidInput where it is not there, or cannot do what is asked."""
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    device = models.device or next(name for name, present in there.items() if present)
    kind, _, number = device.partition(":")
    if not there[kind] or (number and int(number) >= torch.cuda.device_count()):
        raise InvalidInput(
            f"device is {device}, which is not there; allowed is {', '.join(k for k in there if there[k])}"
        )
    if kind == "cpu" and settings.dtype == "float16":
        raise InvalidInput("dtype is float16, which a CPU is not made for; allowed on cpu is float32 or bfloat16")
    if kind != "cuda" and models.offload != "none":
        raise InvalidInput(f"offload is {models.offload!r}, on {device}; allowed there is none: it is for a CUDA GPU")
    return device


def open_pipeline(
    cls: type, files: ModelFiles, device: str, models: Models, settings: Settings, **components: Any
) -> Any:
    """A pipeline of class `cls`, opened from a model's folder and put where `models` says.

    Raises WorkFailed where files are damaged or do not fit each other, InvalidInput where it has no tiling to turn on.
    """
    import torch

    fixed = {"add_watermarker": False} if has(cls, "add_watermarker") else {}  # else it depends on what is installed
    with _load_errors(files):
        pipeline = cls.from_pretrained(
            files.folder,
            dtype=getattr(torch, settings.dtype),
            variant=files.variant,
            use_safetensors=True,
            local_files_only=True,
            **components,
            **fixed,
        )
    for name, component in pipeline.components.items():
        if isinstance(component, torch.nn.Module) and name not in components:
            _check_complete(files, name, component)
    return placed(pipeline, files, device, models)


def open_controlnet(files: ModelFiles, settings: Settings) -> Any:
    """The ControlNet of a folder, on the CPU. Raises WorkFailed where its files are damaged."""
    import diffusers
    import torch

    with _load_errors(files):
        controlnet = diffusers.ControlNetModel.from_pretrained(
            files.folder,
            torch_dtype=getattr(torch, settings.dtype),
            variant=files.variant,
            use_safetensors=True,
            local_files_only=True,
        )
    _check_complete(files, "", controlnet)
    return controlnet


def sharing(cls: type, pipeline: Any, files: ModelFiles, device: str, models: Models) -> Any:
    """A pipeline of another class made of the same networks, which are not copied."""
    expected = set(inspect.signature(cls.__init__).parameters)
    settings = {name: value for name, value in pipeline.config.items() if name in expected}
    parts = {name: value for name, value in pipeline.components.items() if name in expected}
    fixed = {"add_watermarker": False} if "add_watermarker" in expected else {}
    return placed(cls(**{**settings, **parts, **fixed}), files, device, models)


def placed(pipeline: Any, files: ModelFiles, device: str, models: Models) -> Any:
    """The pipeline on its device, with the offload, slicing and tiling that were asked for."""
    pipeline.set_progress_bar_config(disable=True)
    if models.slicing:
        pipeline.enable_attention_slicing()
    if models.tiling:
        decoder = getattr(pipeline, "vae", None)
        if decoder is not None:  # a prior and Kandinsky's pipelines have none
            decoder.enable_tiling()
    if models.offload == "model":
        pipeline.enable_model_cpu_offload(device=device)
    elif models.offload == "sequential":
        pipeline.enable_sequential_cpu_offload(device=device)
    else:
        pipeline.to(device)
    return pipeline


def _known(name: str) -> type | None:
    """A pipeline class of diffusers by its name."""
    import diffusers

    found = getattr(diffusers, name, None)
    return found if isinstance(found, type) and issubclass(found, diffusers.DiffusionPipeline) else None


def _check_complete(files: ModelFiles, component: str, network: Any) -> None:
    """Raises WorkFailed where the files lack tensors of the network: diffusers would draw those at random."""
    held, wanted = files.tensor_count(component), len(network.state_dict())
    if held < wanted:
        where = f" of {component}" if component else ""
        raise WorkFailed(f"{files.role} model {files.name}: the weights{where} are {held} tensors of {wanted}")


@contextmanager
def _load_errors(files: ModelFiles) -> Iterator[None]:
    """What libraries say of damaged or unfitting files, as WorkFailed. Out of memory is left to others."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        said = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        raise WorkFailed(f"{files.role} model {files.name} cannot be loaded: {said}") from error
