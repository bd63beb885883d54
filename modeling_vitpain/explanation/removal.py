"""Predicted PSPI of pictures from which patches are removed, the most important ones first.

`evaluation.explanations.removal` makes scores of it.
"""

from collections.abc import Sequence
from typing import TypedDict

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from dataset_script.errors import InvalidInput

from ..modeling_vitpain import ViTPainForPainAssessment
from ..prediction.forward import model_inputs, sensible_threads
from .attention import Explained
from .gradients import filled_picture, patch_attribution, patch_size


class RemovalCurves(TypedDict):
    """Predicted PSPI (n, steps + 1) of n frames: `deletion` fills the patches one step after the other, in the order of
    their importance; `insertion` begins with the filled picture and puts them back.
    """

    deletion: np.ndarray
    insertion: np.ndarray


def removal_estimates(
    explained: Explained,
    places: Sequence[int],
    maps: dict[str, np.ndarray],
    fill: str,
    steps: int = 8,
    seed: int = 0,
) -> dict[str, RemovalCurves]:
    """Predicted PSPI of some frames while their patches are removed, in several orders.

    Args:
        explained: of `explain_split`.
        places: which of its frames, n of them.
        maps: order -> importance of the patches, `(n, rows, columns)`; ties are broken at random.
        fill: what takes a patch's place, "blur" or "mean".
        steps: parts in which the patches are removed, at least 2.
        seed: of the random order and of ties.

    Returns:
        A curve for each order of `maps`, for "gradient" and for "random".

    Raises:
        InvalidInput: `steps` is below 2, or `fill` is not allowed.
    """
    if steps < 2:
        raise InvalidInput(f"steps is {steps}; allowed is 2 or more")
    network, grid = explained.network, explained.grid
    size = (len(places), steps + 1)
    result: dict[str, RemovalCurves] = {
        name: {"deletion": np.empty(size), "insertion": np.empty(size)} for name in (*maps, "gradient", "random")
    }
    with sensible_threads(network):
        for k, place in enumerate(tqdm(places, desc=f"patches, {fill}", disable=None)):
            item = explained.frames[place]
            inputs = model_inputs(network, {name: tensor[None] for name, tensor in item.items()})
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


def _order(importance: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Patches, the most important first, equal ones at random."""
    shuffled = random.permutation(len(importance))
    return shuffled[np.argsort(-importance[shuffled], kind="stable")]


def _gradient(
    network: ViTPainForPainAssessment, inputs: dict[str, Tensor], filled: Tensor, grid: tuple[int, int]
) -> np.ndarray:
    """How strongly the predicted PSPI of one frame depends on each patch, (P,), not normalised."""
    pixels = inputs["pixel_values"].clone().requires_grad_()
    with torch.enable_grad():
        pspi = network(**{**inputs, "pixel_values": pixels}).pspi
        return patch_attribution(network, pspi, pixels, filled, grid).ravel()


@torch.inference_mode()
def _estimates(
    network: ViTPainForPainAssessment,
    inputs: dict[str, Tensor],
    filled: Tensor,
    orders: list[np.ndarray],
    grid: tuple[int, int],
    steps: int,
) -> np.ndarray:
    """Predicted PSPI of one frame, (orders, 2, steps + 1): in each order deletion and insertion."""
    whole = inputs["pixel_values"]
    count = grid[0] * grid[1]
    filled_patches = []  # (orders, 2, steps + 1, P), bool
    for order in orders:
        rank = np.empty(count, dtype=int)
        rank[order] = np.arange(count)
        taken = rank < np.round(np.linspace(0, count, steps + 1))[:, None]
        filled_patches.append([taken, ~taken])
    mask = torch.from_numpy(np.array(filled_patches).reshape(-1, 1, *grid)).to(whole.device)
    height, width = patch_size(network)
    mask = mask.repeat_interleave(height, dim=2).repeat_interleave(width, dim=3)
    rest = (0, whole.shape[3] - mask.shape[3], 0, whole.shape[2] - mask.shape[2])  # no patch reads that
    pictures = torch.where(torch.nn.functional.pad(mask, rest), filled, whole)
    inputs = {**inputs, "pixel_values": pictures}
    if "reference_mask" in inputs:  # all pictures share the references, but each has its mask
        inputs["reference_mask"] = inputs["reference_mask"].expand(len(pictures), -1)
    estimates = network(**inputs).pspi
    return estimates.float().cpu().numpy().reshape(len(orders), 2, steps + 1)
