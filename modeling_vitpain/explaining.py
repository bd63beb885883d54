"""What an explanation is checked with: AU attention, the true heat in the same patches, estimates with patches taken away.

`evaluation.explanations` and `evaluation.removal` make scores of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset, get_dataset_config_names, load_dataset
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader
from tqdm import tqdm

from dataset_script.errors import InvalidInput
from dataset_script.facs import AU_NAMES

from .data import PainFrames, open_split
from .image_processing_vitpain import ViTPainImageProcessor, crop_square
from .inference import clipped_au, load_model, sensible_threads
from .modeling_vitpain import ViTPainForPainAssessment

BLUR = 0.08
"""Standard deviation of the Gaussian that blurs a picture away, in sides: about the width of an eye in a cut-out face."""
_PIXELS = ("pixel_values", "reference_pixel_values", "reference_mask")


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
            pixels = {name: batch[name].to(network.device) for name in _PIXELS if name in batch}
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


def removal_estimates(
    explained: Explained,
    places: Sequence[int],
    maps: dict[str, np.ndarray],
    fill: str,
    steps: int = 8,
    seed: int = 0,
) -> dict[str, dict[str, np.ndarray]]:
    """Estimates of the frames `places` while patches are taken away and put back: see `evaluation.removal`.

    Args:
        explained: of `explain_split`.
        places: frames.
        maps: order -> importance of the patches of these frames, `(len(places), rows, columns)`; equal ones at random.
        fill: "blur" or "mean".
        steps: parts in which the patches are taken away, at least 2.
        seed: of the random order and of ties.

    Returns:
        order -> mode -> PSPI `(len(places), steps + 1)`; the orders of `maps`, and "gradient" and "random".
    """
    if steps < 2:
        raise InvalidInput(f"steps is {steps}; allowed is 2 or more")
    network, grid = explained.network, explained.grid
    names = (*maps, "gradient", "random")
    result = {name: {mode: np.empty((len(places), steps + 1)) for mode in ("deletion", "insertion")} for name in names}
    with sensible_threads(network):
        for k, place in enumerate(tqdm(places, desc=f"patches, {fill}", disable=None)):
            item = explained.frames[place]
            inputs = {name: item[name][None].to(network.device) for name in _PIXELS if name in item}
            filled = filled_picture(inputs["pixel_values"], fill)
            random = np.random.default_rng((seed, place))
            importance = {name: values[k].ravel() for name, values in maps.items()}
            importance["gradient"] = _gradient(network, inputs, filled, grid)
            importance["random"] = np.zeros(grid[0] * grid[1])
            orders = {name: _order(values, random) for name, values in importance.items()}
            estimates = _estimates(network, inputs, filled, list(orders.values()), grid, steps)
            for name, values in zip(orders, estimates, strict=True):
                result[name]["deletion"][k], result[name]["insertion"][k] = values
    return result


def filled_picture(pixels: Tensor, fill: str) -> Tensor:
    """`pixels` (1, 3, H, W) with everything taken away.

    Raises:
        InvalidInput: `fill` is neither "blur" nor "mean".
    """
    if fill == "mean":
        return pixels.mean(dim=(2, 3), keepdim=True).expand_as(pixels)
    if fill != "blur":
        raise InvalidInput(f"fill is {fill!r}; allowed are blur and mean")
    for axis in (2, 3):
        sigma = BLUR * pixels.shape[axis]
        reach = round(3 * sigma)
        weights = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, device=pixels.device) / sigma) ** 2)
        kernel = (weights / weights.sum()).to(pixels.dtype).reshape((1, 1, -1, 1) if axis == 2 else (1, 1, 1, -1))
        edges = (0, 0, reach, reach) if axis == 2 else (reach, reach, 0, 0)
        padded = torch.nn.functional.pad(pixels, edges, mode="reflect")
        pixels = torch.nn.functional.conv2d(padded, kernel.expand(3, 1, -1, -1), groups=3)
    return pixels


def _order(importance: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Patches, the most important first, equal ones at random."""
    shuffled = random.permutation(len(importance))
    return shuffled[np.argsort(-importance[shuffled], kind="stable")]


def unit_gradients(network: ViTPainForPainAssessment, inputs: dict[str, Tensor], grid: tuple[int, int]) -> np.ndarray:
    """What each unit's estimate hangs on: (B, 6, rows, columns), each map summing to 1.

    The size of the gradient times the change that blurring makes, summed over the patch. Even where an estimate is held at 0
    and has no gradient.
    """
    filled = filled_picture(inputs["pixel_values"], "blur")
    pixels = inputs["pixel_values"].clone().requires_grad_()
    with torch.enable_grad():
        au = network(**{**inputs, "pixel_values": pixels}).au
        maps = [
            _hangs_on(network, au[:, k], pixels, filled, grid, keep=k + 1 < au.shape[1]) for k in range(au.shape[1])
        ]
    values = np.stack(maps, axis=1).astype(np.float64)
    totals = values.sum(axis=(2, 3), keepdims=True)
    return np.divide(values, totals, out=np.full(values.shape, 1 / (grid[0] * grid[1])), where=totals > 0)


def _gradient(
    network: ViTPainForPainAssessment, inputs: dict[str, Tensor], filled: Tensor, grid: tuple[int, int]
) -> np.ndarray:
    """The same of the PSPI of one frame, (P,), not normalised."""
    pixels = inputs["pixel_values"].clone().requires_grad_()
    with torch.enable_grad():
        pspi = network(**{**inputs, "pixel_values": pixels}).pspi
        return _hangs_on(network, pspi, pixels, filled, grid).ravel()


def _hangs_on(
    network: ViTPainForPainAssessment,
    estimates: Tensor,
    pixels: Tensor,
    filled: Tensor,
    grid: tuple[int, int],
    keep: bool = False,
) -> np.ndarray:
    """|gradient x change| of `estimates` (B,), summed over each patch: (B, rows, columns). `keep`: more gradients follow."""
    (gradient,) = torch.autograd.grad(estimates.sum(), pixels, retain_graph=keep)
    change = (gradient * (pixels.detach() - filled)).abs().sum(dim=1)  # (B, H, W)
    height, width = _patch_size(network)
    rows, columns = grid
    parts = change[:, : rows * height, : columns * width].reshape(-1, rows, height, columns, width)
    return parts.sum(dim=(2, 4)).float().cpu().numpy()


@torch.inference_mode()
def _estimates(
    network: ViTPainForPainAssessment,
    inputs: dict[str, Tensor],
    filled: Tensor,
    orders: list[np.ndarray],
    grid: tuple[int, int],
    steps: int,
) -> np.ndarray:
    """PSPI of one frame, (orders, 2, steps + 1): in each order deletion and insertion."""
    whole = inputs["pixel_values"]
    count = grid[0] * grid[1]
    gone = []  # (orders, 2, steps + 1, P): which patches are filled
    for order in orders:
        rank = np.empty(count, dtype=int)
        rank[order] = np.arange(count)
        taken = rank < np.round(np.linspace(0, count, steps + 1))[:, None]
        gone.append([taken, ~taken])
    mask = torch.from_numpy(np.array(gone).reshape(-1, 1, *grid)).to(whole.device)
    height, width = _patch_size(network)
    mask = mask.repeat_interleave(height, dim=2).repeat_interleave(width, dim=3)
    rest = (0, whole.shape[3] - mask.shape[3], 0, whole.shape[2] - mask.shape[2])  # no patch reads that
    pictures = torch.where(torch.nn.functional.pad(mask, rest), filled, whole)
    inputs = {**inputs, "pixel_values": pictures}
    if "reference_mask" in inputs:  # all pictures share the references, but each has its mask
        inputs["reference_mask"] = inputs["reference_mask"].expand(len(pictures), -1)
    estimates = network(**inputs).pspi
    return estimates.float().cpu().numpy().reshape(len(orders), 2, steps + 1)


def _patch_size(network: ViTPainForPainAssessment) -> tuple[int, int]:
    """Height and width of a patch in pixels."""
    size = network.config.backbone_config.patch_size
    return (size, size) if isinstance(size, int) else tuple(size)
