"""Scores of pictures and of datasets, from a saved model."""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from safetensors import SafetensorError
from torch.utils.data import DataLoader
from tqdm import tqdm

from dataset_script.errors import InvalidInput, WorkFailed

from .configuration_vitpain import ViTPainConfig
from .data import PainFrames, open_split
from .image_processing_vitpain import ViTPainImageProcessor, to_rgb
from .modeling_vitpain import ViTPainForPainAssessment, ViTPainOutput, pspi_interval

_SMALL_MODEL = 5_000_000
"""Parameters below which a second CPU thread costs more in waiting than it computes."""


def load_model(model: str | Path) -> tuple[ViTPainForPainAssessment, ViTPainImageProcessor]:
    """The model, in eval mode on the GPU if there is one, and its image processor. Runs no remote code.

    Args:
        model: a directory written by `pain3d train` or `save_pretrained`, or a name on the Hub.

    Raises:
        InvalidInput: there is no ViTPain there.
        WorkFailed: its files are damaged, or lack tensors.
    """
    if Path(model).is_dir() and not (Path(model) / "config.json").is_file():
        raise InvalidInput(f"model is {str(model)!r}; that directory holds no config.json")
    try:
        config = ViTPainConfig.get_config_dict(str(model))[0]
    except OSError as error:
        raise InvalidInput(f"model is {str(model)!r}; allowed is a model directory or OWNER/NAME on the Hub") from error
    if config.get("model_type") != ViTPainConfig.model_type:
        raise InvalidInput(f"model is {str(model)!r}, of type {config.get('model_type')!r}; allowed is 'vitpain'")
    try:
        network, report = ViTPainForPainAssessment.from_pretrained(str(model), output_loading_info=True)
        processor = ViTPainImageProcessor.from_pretrained(str(model))
    except (OSError, RuntimeError, SafetensorError) as error:
        raise WorkFailed(f"model {model} cannot be loaded: {str(error).splitlines()[0]}") from error
    wrong = sorted([*report["missing_keys"], *report["unexpected_keys"], *map(str, report["mismatched_keys"])])
    if wrong:
        raise WorkFailed(f"model {model} does not fit its configuration: {', '.join(wrong[:5])} ({len(wrong)} in all)")
    return network.eval().to("cuda" if torch.cuda.is_available() else "cpu"), processor


@contextlib.contextmanager
def sensible_threads(model: torch.nn.Module) -> Iterator[None]:
    """One CPU thread for a small model: on shared cores a second makes it many times slower."""
    before = torch.get_num_threads()
    if sum(p.numel() for p in model.parameters()) < _SMALL_MODEL:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@torch.inference_mode()
def predict_dataset(
    model: str | Path,
    data: str | Path,
    split: str = "test",
    input: str = "image",
    batch_size: int = 32,
    limit: int | None = None,
) -> dict[str, np.ndarray]:
    """Runs a model over a split.

    Args:
        model: as `load_model` takes.
        data: a dataset directory or Hub name.
        split: "train", "validation" or "test".
        input: "image", or "heatmap" for a teacher.
        batch_size: frames at a time.
        limit: only the first so many frames.

    Returns:
        One array a key, a row a frame, in the dataset's order: `frame_id` (n,) str, `identity_id`, `view_id`,
        `expression_id` (n,), `labels` (n,) the true PSPI, `logits` (n, 17), `pspi` (n,) the expectation, `au_labels` and
        `au` (n, 6), `age_group`, `ethnicity`, `gender` (n,) class ids. `au` is clipped to the units' scales.

    Raises:
        InvalidInput, WorkFailed: as `load_model` and `open_split`.
    """
    rows = open_split(data, split)
    if limit is not None:
        rows = rows.select(range(min(limit, len(rows))))
    network, processor = load_model(model)
    frames = PainFrames(rows, processor, input)
    outputs: dict[str, list[np.ndarray]] = {"logits": [], "pspi": [], "au": []}
    with sensible_threads(network):
        for batch in tqdm(DataLoader(frames, batch_size=batch_size), desc=f"predict {split}", disable=None):
            output = network(batch["pixel_values"].to(network.device))
            outputs["logits"].append(output.logits.float().cpu().numpy())
            outputs["pspi"].append(output.pspi.cpu().numpy())
            outputs["au"].append(_clipped_au(output, network.config))
    columns = ("frame_id", "identity_id", "view_id", "expression_id", "age_group", "ethnicity", "gender")
    return {
        **{name: np.asarray(rows[name][:]) for name in columns},
        "labels": frames.labels.numpy(),
        "au_labels": frames.au_labels.numpy(),
        **{name: np.concatenate(parts) for name, parts in outputs.items()},
    }


@dataclass(frozen=True)
class ImageScores:
    """Scores of one picture; `error` says why there are none."""

    path: str
    pspi: float | None = None
    pspi_low: int | None = None
    pspi_high: int | None = None
    au: dict[str, float] | None = None
    error: str | None = None


@torch.inference_mode()
def predict_images(
    network: ViTPainForPainAssessment,
    processor: ViTPainImageProcessor,
    paths: Iterable[Path],
    batch_size: int = 32,
    level: float = 0.9,
) -> Iterator[ImageScores]:
    """Scores of each picture, in order, `batch_size` in memory at a time; an unreadable one gives a row with `error`."""
    batch: list[Path] = []
    with sensible_threads(network):
        for path in paths:
            batch.append(path)
            if len(batch) == batch_size:
                yield from _predict_batch(network, processor, batch, level)
                batch = []
        if batch:
            yield from _predict_batch(network, processor, batch, level)


def _predict_batch(network, processor, paths: list[Path], level: float) -> Iterator[ImageScores]:
    pictures = [_read_picture(path) for path in paths]
    readable = [picture for picture in pictures if isinstance(picture, Image.Image)]
    scores = iter(())
    if readable:
        inputs = processor(readable, return_tensors="pt").to(network.device, network.dtype)
        output = network(**inputs)
        low, high = pspi_interval(output.logits, level)
        scores = zip(
            output.pspi.tolist(), low.tolist(), high.tolist(), _clipped_au(output, network.config), strict=True
        )
    for path, picture in zip(paths, pictures, strict=True):
        if isinstance(picture, str):
            yield ImageScores(str(path), error=picture)
        else:
            pspi, pspi_low, pspi_high, au = next(scores)
            named = dict(zip(network.config.au_names, au.tolist(), strict=True))
            yield ImageScores(str(path), pspi, pspi_low, pspi_high, named)


def _read_picture(path: Path) -> Image.Image | str:
    """The picture as RGB, or why there is none."""
    try:
        with Image.open(path) as image:
            return to_rgb(image)
    except UnidentifiedImageError:
        return "not a picture"
    except (
        OSError,
        SyntaxError,
        ValueError,
        Image.DecompressionBombError,
    ) as error:  # PIL reports damage as any of these
        return f"unreadable: {error}"


def _clipped_au(output: ViTPainOutput, config: ViTPainConfig) -> np.ndarray:
    """AU intensities (B, 6) within their scales; the ReLU of equation 8 has no upper end."""
    return np.minimum(output.au.float().cpu().numpy(), np.asarray(config.au_max, dtype=np.float32))
