"""What an explanation is checked with: AU attention, gradients, and the true heat in the same patches.

`evaluation.explanations.agreement` makes scores of it. Estimates with patches taken away: `occlusion.py`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset, get_dataset_config_names, load_dataset
from PIL import Image
from torch.utils.data import DataLoader
from tqdm import tqdm

from dataset_script.errors import InvalidInput
from dataset_script.facs import AU_NAMES

from ..frames.dataset import PainFrames, open_split
from ..image_processing_vitpain import ViTPainImageProcessor, crop_square
from ..modeling_vitpain import ViTPainForPainAssessment
from ..prediction.load import clipped_au, load_model, sensible_threads
from .gradients import PIXELS, unit_gradients


@dataclass(frozen=True)
class Explained:
    """A model's AU attention on the frames of a split, n of them.

    Attributes:
        network, frames, rows: the model, what it saw, and the rows of the dataset.
        attention: (n, 6, rows, columns), each map summing to 1.
        gradient: the same of `unit_gradients`, or None where it was not asked for.
        pspi, au: (n,) and (n, 6), the estimates.
        labels, au_labels, identities: (n,), (n, 6), (n,).
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
    limit: int | None = None,
    gradients: bool = True,
) -> Explained:
    """Runs a model with `au_head="query"` over a split, or over `limit` of its frames at equal distances.

    A model with neutral references gets them as in `predict_dataset`. `gradients` take six passes back a batch.

    Raises:
        InvalidInput: the model has no AU queries; and as `load_model` and `open_split`.
        WorkFailed: as these two.
    """
    pool = open_split(data, split)
    rows = pool if limit is None else pool.select(spread(len(pool), limit))
    network, processor = load_model(model)
    if network.config.au_head != "query":
        raise InvalidInput(f"the model has au_head {network.config.au_head!r}; only 'query' has attention to explain")
    references = {"reference": True, "reference_rows": pool} if network.config.reference == "neutral" else {}
    frames = PainFrames(rows, processor, input, **references)
    found: dict[str, list[np.ndarray]] = {"attention": [], "gradient": [], "pspi": [], "au": []}
    with sensible_threads(network):
        for batch in tqdm(DataLoader(frames, batch_size=batch_size), desc=f"attention, {split}", disable=None):
            pixels = {name: batch[name].to(network.device) for name in PIXELS if name in batch}
            with torch.inference_mode():
                output = network(**pixels, output_attentions=True)
            grid = network.config.patch_grid(*pixels["pixel_values"].shape[-2:])
            found["attention"].append(output.au_attention.float().cpu().numpy().reshape(-1, len(AU_NAMES), *grid))
            if gradients:
                found["gradient"].append(unit_gradients(network, pixels, grid))
            found["pspi"].append(output.pspi.float().cpu().numpy())
            found["au"].append(clipped_au(output, network.config))
    arrays = {name: np.concatenate(parts) if parts else None for name, parts in found.items()}
    identities = np.asarray(rows["identity_id"][:])
    return Explained(
        network, frames, rows, **arrays, labels=frames.labels.numpy(), au_labels=frames.au_labels.numpy(),
        identities=identities,
    )  # fmt: skip


def spread(count: int, limit: int) -> list[int]:
    """At most `limit` of `count` places at equal distances. Raises InvalidInput below 1."""
    if limit < 1:
        raise InvalidInput(f"limit is {limit}; allowed is 1 or more")
    return np.unique(np.linspace(0, count - 1, min(limit, count)).round().astype(int)).tolist()


def heat_source(data: str | Path, rows: Dataset) -> str | None:
    """What true heat `data` holds: "units", a heatmap of each unit alone; "whole", of the expression; None: none."""
    if "geometry" in get_dataset_config_names(str(data)):
        return "units"
    return None if rows.data["heatmap"].null_count else "whole"


def heat_in_patches(
    data: str | Path, split: str, rows: Dataset, processor: ViTPainImageProcessor, grid: tuple[int, int], source: str
) -> np.ndarray:
    """The mean heat of each patch that the model sees, `(n, 6, rows, columns)` float32, 0-255.

    With `source` "whole" the six maps of a frame are the same. `rows` are some of those of `split`.
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
    """A heatmap, cut out as `PainFrames` cuts the picture, averaged over each patch."""
    if box is None and processor.face_crop is not None:
        seen = crop_square(heat, (0, 0, *heat.size), 1.0)
    else:
        seen = processor.crop_face(heat, box)
    levels = np.asarray(seen, dtype=np.float32)[..., 0]
    return np.asarray(Image.fromarray(levels).resize(grid[::-1], Image.Resampling.BOX))


def pspi_attention(attention: np.ndarray, au: np.ndarray) -> np.ndarray:
    """One map a frame, `(n, rows, columns)`, of what makes up the estimated PSPI.

    The units' maps `(n, 6, rows, columns)` are weighted by their estimated intensities `au` (n, 6), AU4, the larger of AU6
    and AU7, the larger of AU9 and AU10, AU43; where all are 0, alike.
    """
    weights = au.astype(np.float64)
    for first, second in ((1, 2), (3, 4)):
        smaller = np.where(weights[:, first] < weights[:, second], first, second)
        weights[np.arange(len(weights)), smaller] = 0
    weights[weights.sum(axis=1) <= 0] = 1
    return np.einsum("nurc,nu->nrc", attention, weights / weights.sum(axis=1, keepdims=True))
