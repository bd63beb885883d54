"""A model's AU attention and gradients on the frames of a split, and the true heat in the same patches.

`evaluation.explanations.agreement` scores how well they agree.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from datasets import Dataset, get_dataset_config_names, load_dataset
from PIL import Image
from tqdm import tqdm

from dataset_script.errors import InvalidInput
from dataset_script.facs import AU_NAMES

from ..frames.dataset import PainFrames, open_split
from ..frames.images import seen_part
from ..image_processing_vitpain import ViTPainImageProcessor
from ..modeling_vitpain import ViTPainForPainAssessment
from ..prediction.forward import run_frames
from ..prediction.splits import model_with_frames
from ..scores_vitpain import pain_scores
from .gradients import unit_gradients


@dataclass(frozen=True)
class Explained:
    """A model's attention for the six units of the PSPI on the frames of a split, n of them.

    Attributes:
        network, frames, rows: the model, what it saw, and the rows of the dataset.
        attention: (n, 6, rows, columns), each map summing to 1.
        gradient: (n, 6, rows, columns), the maps of `unit_gradients`; None where they were not asked for.
        pspi, au: (n,) and (n, 6), predicted.
        labels, au_labels: (n,) and (n, 6), observed.
        identities: (n,).
    """

    network: ViTPainForPainAssessment
    frames: PainFrames
    rows: Dataset
    attention: np.ndarray
    gradient: np.ndarray | None
    pspi: np.ndarray
    au: np.ndarray
    labels: np.ndarray
    au_labels: np.ndarray
    identities: np.ndarray

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        return self.attention.shape[2:]

    @property
    def processor(self) -> ViTPainImageProcessor:
        return self.frames.views["pixel_values"].normaliser.processor


def explain_split(
    model: str | Path,
    data: str | Path,
    split: str = "test",
    input: str = "image",
    batch_size: int = 32,
    frames: int | None = None,
    gradients: bool = True,
) -> Explained:
    """Runs a model with `au_head="query"` over a split.

    Args:
        model, data, split, input, batch_size: as in `predict_dataset`. A model with neutral references gets them.
        frames: at most so many, at equal distances in the split; None: all.
        gradients: also give the gradient maps, which take six backward passes a batch.

    Raises:
        InvalidInput: the model has no AU queries; and as `load_model` and `open_split`.
        WorkFailed: as these two.
    """
    pool = open_split(data, split)
    rows = pool if frames is None else pool.select(spread(len(pool), frames))
    network, seen = model_with_frames(model, rows, pool, input)
    if network.config.au_head != "query":
        raise InvalidInput(f"the model has au_head {network.config.au_head!r}; only 'query' has attention to explain")
    found: dict[str, list[np.ndarray]] = {"attention": [], "gradient": [], "pspi": [], "au": []}
    for inputs, output in run_frames(network, seen, batch_size, f"attention, {split}", output_attentions=True):
        scores = pain_scores(output, network.config, image_size=inputs["pixel_values"].shape[-2:])
        found["attention"].append(scores.attention[:, : len(AU_NAMES)])
        if gradients:
            found["gradient"].append(unit_gradients(network, inputs, scores.attention.shape[2:]))
        found["pspi"].append(scores.pspi)
        found["au"].append(scores.au[:, : len(AU_NAMES)])
    return Explained(
        network=network,
        frames=seen,
        rows=rows,
        **{name: np.concatenate(parts) if parts else None for name, parts in found.items()},
        labels=seen.labels.numpy(),
        au_labels=seen.au_labels.numpy(),
        identities=np.asarray(rows["identity_id"][:]),
    )


def spread(count: int, limit: int) -> list[int]:
    """At most `limit` of the places 0 to `count` - 1, at equal distances. Raises InvalidInput for a limit below 1."""
    if limit < 1:
        raise InvalidInput(f"limit is {limit}; allowed is 1 or more")
    return np.unique(np.linspace(0, count - 1, min(limit, count)).round().astype(int)).tolist()


def heat_source(data: str | Path, rows: Dataset) -> str | None:
    """Which true heatmaps `data` holds: "units", one of each AU alone; "whole", of the expression; None: none."""
    if "geometry" in get_dataset_config_names(str(data)):
        return "units"
    return None if rows.data["heatmap"].null_count else "whole"


def heat_in_patches(
    data: str | Path, split: str, rows: Dataset, processor: ViTPainImageProcessor, grid: tuple[int, int], source: str
) -> np.ndarray:
    """The mean true heat of each patch that the model sees, `(n, 6, rows, columns)` float32, 0-255.

    Args:
        data, split: where the heatmaps are.
        rows: the frames, some of those of `split`.
        processor: the model's.
        grid: rows and columns of patches.
        source: of `heat_source`. With "whole" the six maps of a frame are equal.
    """
    frame_ids, boxes = rows["frame_id"][:], rows["face_box"][:]
    if source == "units":
        pictures = load_dataset(str(data), "geometry", split=split).select_columns(["frame_id", "au_heatmaps"])
        place = {frame_id: k for k, frame_id in enumerate(pictures["frame_id"][:])}
    else:
        pictures = rows.select_columns(["heatmap"])
    maps = np.empty((len(rows), len(AU_NAMES), *grid), dtype=np.float32)
    for k, (frame_id, box) in enumerate(zip(tqdm(frame_ids, desc=f"heat, {split}", disable=None), boxes, strict=True)):
        row = pictures[place[frame_id]] if source == "units" else pictures[k]
        if source == "units":
            maps[k] = [_patches(row["au_heatmaps"][name], box, processor, grid) for name in AU_NAMES]
        else:
            maps[k] = _patches(row["heatmap"], box, processor, grid)
    return maps


def _patches(
    heat: Image.Image, box: list[float] | None, processor: ViTPainImageProcessor, grid: tuple[int, int]
) -> np.ndarray:
    """The mean of each patch of the part of a heatmap that the model sees, (rows, columns) float32."""
    levels = np.asarray(seen_part(heat, box, processor), dtype=np.float32)[..., 0]
    return np.asarray(Image.fromarray(levels).resize(grid[::-1], Image.Resampling.BOX))


def pspi_attention(attention: np.ndarray, au: np.ndarray) -> np.ndarray:
    """One map a frame, `(n, rows, columns)`: the attention of the AUs that the predicted PSPI is the sum of.

    Args:
        attention: `(n, 6, rows, columns)`, of the units.
        au: (n, 6), predicted intensities, which weight the maps of AU4, of the stronger of AU6 and AU7, of the stronger
            of AU9 and AU10, and of AU43. Where all are 0, the units weigh the same.
    """
    weights = au.astype(np.float64)
    for first, second in ((1, 2), (3, 4)):
        smaller = np.where(weights[:, first] < weights[:, second], first, second)
        weights[np.arange(len(weights)), smaller] = 0
    weights[weights.sum(axis=1) <= 0] = 1
    return np.einsum("nurc,nu->nrc", attention, weights / weights.sum(axis=1, keepdims=True))
