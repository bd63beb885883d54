"""How strongly a prediction depends on each patch, by the gradient at the pixels."""

import numpy as np
import torch
from torch import Tensor

from dataset_script.errors import InvalidInput
from dataset_script.facs import AU_NAMES

from ..modeling_vitpain import ViTPainForPainAssessment

BLUR = 0.08
"""Standard deviation of the Gaussian that hides a picture, in sides: about the width of an eye in a cropped face."""


def filled_picture(pixels: Tensor, fill: str) -> Tensor:
    """Pictures without their content, blurred or of one colour: `pixels` (B, 3, H, W) -> the same shape.

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


def unit_gradients(network: ViTPainForPainAssessment, inputs: dict[str, Tensor], grid: tuple[int, int]) -> np.ndarray:
    """How strongly each predicted AU of the PSPI depends on each patch: (B, 6, rows, columns), each map summing to 1.

    |gradient x change that blurring makes|, summed over the patch. Uniform where a prediction is cut off at 0, and has
    no gradient.
    """
    filled = filled_picture(inputs["pixel_values"], "blur")
    pixels = inputs["pixel_values"].clone().requires_grad_()
    with torch.enable_grad():
        au = network(**{**inputs, "pixel_values": pixels}).au[:, : len(AU_NAMES)]
        maps = [
            patch_attribution(network, au[:, k], pixels, filled, grid, keep=k + 1 < au.shape[1])
            for k in range(au.shape[1])
        ]
    values = np.stack(maps, axis=1).astype(np.float64)
    totals = values.sum(axis=(2, 3), keepdims=True)
    return np.divide(values, totals, out=np.full(values.shape, 1 / (grid[0] * grid[1])), where=totals > 0)


def patch_attribution(
    network: ViTPainForPainAssessment,
    predictions: Tensor,
    pixels: Tensor,
    filled: Tensor,
    grid: tuple[int, int],
    keep: bool = False,
) -> np.ndarray:
    """|gradient x change from `pixels` to `filled`| of predictions, summed over each patch: (B, rows, columns).

    Args:
        network: the model.
        predictions: (B,), computed from `pixels`.
        pixels, filled: (B, 3, H, W), the pictures and the same without content.
        grid: rows and columns of patches.
        keep: keep the graph, for more gradients of the same forward pass.
    """
    (gradient,) = torch.autograd.grad(predictions.sum(), pixels, retain_graph=keep)
    change = (gradient * (pixels.detach() - filled)).abs().sum(dim=1)  # (B, H, W)
    height, width = patch_size(network)
    rows, columns = grid
    parts = change[:, : rows * height, : columns * width].reshape(-1, rows, height, columns, width)
    return parts.sum(dim=(2, 4)).float().cpu().numpy()


def patch_size(network: ViTPainForPainAssessment) -> tuple[int, int]:
    """Height and width of a patch in pixels."""
    size = network.config.backbone_config.patch_size
    return (size, size) if isinstance(size, int) else tuple(size)
