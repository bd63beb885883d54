"""What painting can fail of: memory, with the option that helps next."""

from collections.abc import Iterator
from contextlib import contextmanager

from dataset_script.errors import WorkFailed

from .models import Models, Settings

_SAID = ("out of memory", "can't allocate memory", "not enough memory", "failed to allocate")


@contextmanager
def memory_errors(what: str, device: str, models: Models, settings: Settings) -> Iterator[None]:
    """Turns every kind of "out of memory" into WorkFailed that names the option that helps next."""
    try:
        yield
    except (
        RuntimeError,
        MemoryError,
    ) as error:  # torch.OutOfMemoryError is a RuntimeError, so are those of CPU and MPS
        said = str(error).lower()
        short = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
        if not short and not any(words in said for words in _SAID):
            raise
        raise WorkFailed(f"out of memory on {device} while {what}; {memory_cure(device, models, settings)}") from error


def memory_cure(device: str, models: Models, settings: Settings) -> str:
    """The next option that lowers memory, the cheapest first."""
    if device.startswith("cuda"):
        if settings.dtype == "float32":
            return "paint with dtype float16 or bfloat16, which takes half"
        if models.offload == "none":
            return "--offload model keeps only the network that runs on the GPU"
    if not models.slicing:
        return "--attention-slicing lowers the peak"
    if device.startswith("cuda") and models.offload == "model":
        return "--offload sequential needs the least, and is slow"
    if settings.size > 512:
        return f"paint smaller than {settings.size} pixels, 512 say"
    return "choose a smaller model, or a device with more memory"
