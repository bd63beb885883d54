"""The attention of the AU queries, drawn over the picture that the model saw (PIL only).

Attention is shown as a multiple of even attention (1 / patches), on one scale for all six units: a map that attends
everywhere stays dark, and is not stretched to look like a finding.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dataset_script.facs import AU_DESCRIPTIONS, AU_MAX, AU_NAMES, PSPI_MAX

from .image_scores import ImageScores
from .overlay_files import CAPTION, COLUMNS, GAP, SHEET, TILE

_LEAST_TOP = 4.0
"""The scale reaches this multiple of even attention at least."""

_BACKGROUND, _INK, _FAINT = (250, 250, 250), (20, 20, 20), (110, 110, 110)
_COLOURS = np.array([(13, 8, 50), (104, 14, 110), (187, 54, 84), (244, 125, 30), (252, 240, 130)], dtype=np.float32)
"""Dark blue, purple, red, orange, yellow: lighter means more, in grey too."""


def overlay(view: np.ndarray, attention: np.ndarray, scores: ImageScores) -> Image.Image:
    """A sheet of the picture, the six attention maps over it, and their scale.

    Args:
        view: uint8 (256, 256, 3), what the model saw.
        attention: (6, rows, columns), each map summing to 1, in the order AU4, AU6, AU7, AU9, AU10, AU43.
        scores: of the same picture, for the captions.
    """
    multiples = attention * attention[0].size
    top = max(_LEAST_TOP, float(multiples.max()))
    tiles = [
        (
            Image.fromarray(view),
            f"PSPI {scores.pspi:.1f} of {PSPI_MAX}",
            f"90 % interval {scores.pspi_low} to {scores.pspi_high}",
        )
    ]
    for name, ceiling, map_ in zip(AU_NAMES, AU_MAX, multiples, strict=True):
        head = f"{name} {scores.au[name]:.1f} of {ceiling}"
        tiles.append((_heated(view, map_ / top), head, f"{AU_DESCRIPTIONS[name]}; peak {map_.max():.1f} x even"))
    tiles.append((_scale(top), "attention", "as a multiple of even attention"))
    return _sheet(tiles)


def _heated(view: np.ndarray, heat: np.ndarray) -> Image.Image:
    """The picture in grey, coloured where `heat` (rows, columns), 0-1, is high."""
    smooth = Image.fromarray(heat.astype(np.float32)).resize((TILE, TILE), Image.Resampling.BICUBIC)
    level = np.clip(np.asarray(smooth), 0, 1)[..., None]  # (256, 256, 1)
    grey = np.asarray(Image.fromarray(view).convert("L"), dtype=np.float32)[..., None] * 0.75
    strength = 0.8 * np.sqrt(level)
    return Image.fromarray(np.rint(grey * (1 - strength) + _colour(level[..., 0]) * strength).astype(np.uint8))


def _colour(level: np.ndarray) -> np.ndarray:
    """0-1 -> RGB, 0-255, float32, one more axis."""
    stops = np.linspace(0, 1, len(_COLOURS))
    return np.stack([np.interp(level, stops, _COLOURS[:, k]) for k in range(3)], axis=-1).astype(np.float32)


def _scale(top: float) -> Image.Image:
    """The colours and what they stand for."""
    tile = Image.new("RGB", (TILE, TILE), _BACKGROUND)
    bar = np.repeat(_colour(np.linspace(1, 0, TILE - 40))[:, None], 36, axis=1)
    tile.paste(Image.fromarray(np.rint(bar).astype(np.uint8)), (30, 20))
    pen = ImageDraw.Draw(tile)
    for value in (1.0, top / 2, top):
        y = 20 + round((TILE - 41) * (1 - value / top))
        pen.line((66, y, 74, y), fill=_INK)
        label = "1, even" if value == 1 else f"{value:.3g}"
        pen.text((80, y), label, fill=_INK, font=ImageFont.load_default(15), anchor="lm")
    return tile


def _sheet(tiles: list[tuple[Image.Image, str, str]]) -> Image.Image:
    """Tiles in rows of four, a bold and a faint line under each."""
    sheet = Image.new("RGB", SHEET, _BACKGROUND)
    pen = ImageDraw.Draw(sheet)
    for k, (tile, head, note) in enumerate(tiles):
        x, y = GAP + k % COLUMNS * (TILE + GAP), GAP + k // COLUMNS * (TILE + CAPTION + GAP)
        sheet.paste(tile, (x, y))
        pen.text((x, y + TILE + 4), head, fill=_INK, font=ImageFont.load_default(17))
        pen.text((x, y + TILE + 25), note, fill=_FAINT, font=ImageFont.load_default(13))
    return sheet
