"""What is painted around a face: behind all views of a person at once, or hair and background of one frame."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from dataset_script.vocabulary import SEGMENTS

from ..appearance.base import Look
from ..baking.camera import tone_curve_undone
from ..diffusion.painter import Painter
from ..geometry.camera import Camera
from ..geometry.visibility import interpolate
from ..heads.base import HeadShape, Topology
from ..plan import IdentityPlan
from ..prompts import BACKGROUND_NEGATIVE_PROMPT, background_prompt
from ..render.base import RenderedView
from ..render.develop import look_exposure
from ..render.raster.renderer import RasterRenderer
from .views import neutral_view

BACKGROUND, HAIR, SKIN = (SEGMENTS.index(name) for name in ("background", "hair", "skin"))
STRAY_HAIRS = 0.012
"""Share of a view's width around the person where the old background still shines through fine hair."""


@dataclass(frozen=True)
class Group:
    """The neutral views of a person on one canvas, so that one call paints what is behind all of them.

    Attributes:
        canvas: (S, S, 3) uint8, the views in rows; mask: (S, S) bool, where to paint.
        behind: of each view, (size, size) bool, where its background is seen.
        prompt, negative: what to paint, and what not.
    """

    canvas: np.ndarray
    mask: np.ndarray
    behind: list[np.ndarray]
    prompt: str
    negative: str

    def views(self, painted: np.ndarray, look: Look) -> tuple[np.ndarray, ...]:
        """Linear radiance (size, size, 3) float32 behind each view, of the canvas `painted`; it goes on behind the
        person, as the head moves a little."""
        size = len(self.behind[0])
        exposure, cut = look_exposure(look), _cells(len(self.behind), size)
        return tuple(
            (continued(tone_curve_undone(painted[cell]), behind) / exposure).astype(np.float32)
            for cell, behind in zip(cut, self.behind, strict=True)
        )


def paint_behind(
    renderer: RasterRenderer, plan: IdentityPlan, shape: HeadShape, look: Look, size: int, seed: int
) -> Group:
    """The canvas of a person's neutral views, `size` pixels wide each."""
    cells = _cells(len(plan.views), size)
    side = size * int(np.ceil(np.sqrt(len(plan.views))))
    canvas, mask = np.zeros((side, side, 3), np.uint8), np.ones((side, side), bool)
    behind = []
    for cell, view in zip(cells, plan.views, strict=True):
        seen = neutral_view(renderer, plan, shape, look, Camera.from_plan(view, size), seed)
        behind.append(seen.segments == BACKGROUND)
        canvas[cell], mask[cell] = seen.rgb, behind[-1]
    return Group(canvas, mask, behind, background_prompt(plan, seed), BACKGROUND_NEGATIVE_PROMPT)


def _cells(count: int, size: int) -> list[tuple[slice, slice]]:
    """Where each of `count` views lies on a square canvas."""
    wide = int(np.ceil(np.sqrt(count)))
    corners = [(size * (k // wide), size * (k % wide)) for k in range(count)]
    return [(slice(row, row + size), slice(column, column + size)) for row, column in corners]


def continued(picture: np.ndarray, known: np.ndarray) -> np.ndarray:
    """`picture` (S, S, 3) float where it is `known` (S, S), carried on smoothly where it is not."""
    margin = max(1, round(STRAY_HAIRS * len(picture)))
    sure = ndimage.binary_erosion(known, iterations=margin, border_value=1)
    if not sure.any():
        return np.broadcast_to(picture.mean(axis=(0, 1)), picture.shape).astype(np.float32)
    out, total = np.zeros_like(picture), np.zeros(picture.shape[:2], np.float32)
    weight, sigma = sure.astype(np.float32), 1.0
    while (total < 1).any() and sigma < 4 * len(picture):
        share = ndimage.gaussian_filter(weight, sigma, mode="nearest")
        blurred = np.stack(
            [ndimage.gaussian_filter(picture[..., k] * weight, sigma, mode="nearest") for k in range(3)], axis=2
        )
        taken = np.minimum(np.clip(8 * share, 0, 1), 1 - total)
        out += taken[..., None] * blurred / np.maximum(share, 1e-6)[..., None]
        total += taken
        sigma *= 2
    carried = out / np.maximum(total, 1e-6)[..., None]
    return np.where(known[..., None], np.where(sure[..., None], picture, carried), carried).astype(np.float32)


def around_face(picture: RenderedView, topology: Topology, scalp: np.ndarray) -> np.ndarray:
    """(S, S) bool: background, hair, and the `scalp` (V,) 0-1 between hairs."""
    grown = interpolate(picture.ids, picture.weights, topology.triangles, np.ascontiguousarray(scalp, np.float32))
    around = np.isin(picture.segments, (BACKGROUND, HAIR)) | ((picture.segments == SKIN) & (grown > 0.5))
    if picture.covering is not None:  # clear plastic before the background
        around &= picture.covering.covered_by < 0
    return around


def fill_around(
    painter: Painter, picture: RenderedView, around: np.ndarray, plan: IdentityPlan, seed: int, noise: int
) -> RenderedView:
    """A frame with what is `around` the face (S, S) painted anew; all other pixels stay byte for byte."""
    rgb = painter.fill(picture.rgb, around, background_prompt(plan, seed), BACKGROUND_NEGATIVE_PROMPT, noise)
    return replace(picture, rgb=rgb)
