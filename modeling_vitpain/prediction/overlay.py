"""What a model says of a picture, and where it looked, as one sheet (PIL only).

The first row has the picture, where the units looked that the PSPI counts, and every number with its interval. Below,
each unit has its own map. Attention is shown as a multiple of even attention (1 / patches), on one scale for all maps:
one that attends everywhere stays dark, and is not stretched to look like a finding.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dataset_script.facs import AU_DESCRIPTIONS, AU_MAX, AU_NAMES, EXTRA_AU_MAX, PSPI_MAX

from .image_scores import ImageScores
from .overlay_files import CAPTION, COLUMNS, GAP, TILE, sheet_size

_LEAST_TOP = 4.0
"""The scale reaches this multiple of even attention at least."""

_BACKGROUND, _INK, _FAINT = (250, 250, 250), (20, 20, 20), (110, 110, 110)
_TRACK, _BAND, _MARK = (228, 228, 228), (150, 175, 215), (25, 70, 140)
_COLOURS = np.array([(13, 8, 50), (104, 14, 110), (187, 54, 84), (244, 125, 30), (252, 240, 130)], dtype=np.float32)
"""Dark blue, purple, red, orange, yellow: lighter means more, in grey too."""

_TOPS = dict(zip(AU_NAMES, AU_MAX, strict=True))
_NAME_WIDTH, _NUMBER_WIDTH, _ROW = 178, 100, 17
"""Pixels of the panel of numbers: of a row's name and number, and from row to row."""


def overlay(view: np.ndarray, attention: np.ndarray, scores: ImageScores) -> Image.Image:
    """A sheet of the picture, the numbers with their intervals, and the attention maps over the picture.

    Args:
        view: uint8 (256, 256, 3), what the model saw.
        attention: (U, rows, columns), each map summing to 1, in the order of `scores.au`.
        scores: of the same picture.
    """
    maps = attention_pictures(view, attention, scores)
    sheet = Image.new("RGB", sheet_size(len(scores.au)), _BACKGROUND)
    _tile(
        sheet,
        0,
        Image.fromarray(view),
        "the picture as it was seen",
        f"PSPI {scores.pspi:.1f} of {PSPI_MAX}; bands: 90 % intervals",
    )
    _tile(sheet, 1, maps.counted, "where it looked for the PSPI", maps.shares)
    sheet.paste(_numbers(scores, maps.top), _place(2))
    for k, (name, picture) in enumerate(maps.units.items()):
        head = f"{name} {scores.au[name]:.1f} of {au_max(name)}"
        note = f"{AU_DESCRIPTIONS[name]}; peak {maps.peaks[name]:.1f} x even"
        _tile(sheet, COLUMNS + k, picture, head, note)
    return sheet


class AttentionPictures(NamedTuple):
    """Where a model looked, in colour over the grey picture, on one scale.

    Attributes:
        counted: for the units that the PSPI counts, each with its share.
        shares: these, in words.
        units, peaks: for each unit, and the largest attention as a multiple of even attention.
        top: this multiple has the lightest colour.
    """

    counted: Image.Image
    shares: str
    units: dict[str, Image.Image]
    peaks: dict[str, float]
    top: float


def attention_pictures(view: np.ndarray, attention: np.ndarray, scores: ImageScores) -> AttentionPictures:
    """The maps of a picture, each (256, 256). Arguments as those of `overlay`."""
    multiples = attention * attention[0].size
    counted, shares = _counted(scores.au)
    together = np.tensordot(counted, multiples, axes=1)
    top = max(_LEAST_TOP, float(multiples.max()))
    of_unit = dict(zip(scores.au, multiples, strict=True))
    return AttentionPictures(
        _heated(view, together / top),
        shares,
        {name: _heated(view, map_ / top) for name, map_ in of_unit.items()},
        {name: float(map_.max()) for name, map_ in of_unit.items()},
        top,
    )


def au_max(name: str) -> int:
    """The highest intensity of an action unit."""
    return _TOPS.get(name, EXTRA_AU_MAX)


def _counted(au: dict[str, float]) -> tuple[np.ndarray, str]:
    """The share that each unit has in the PSPI, (U,), and in words: AU4, the greater of AU6 and AU7 and so on."""
    parts = [max(pair, key=au.get) for pair in (("AU4",), ("AU6", "AU7"), ("AU9", "AU10"), ("AU43",))]
    total = sum(au[name] for name in parts)
    shares = {name: au[name] / total if total > 0 else 1 / len(parts) for name in parts}
    largest = sorted(parts, key=shares.get, reverse=True)
    words = ", ".join(f"{name} {100 * shares[name]:.0f} %" for name in largest if shares[name] >= 0.005)
    return np.array([shares.get(name, 0.0) for name in au]), words if total > 0 else "no unit is there; all alike"


def _numbers(scores: ImageScores, top: float) -> Image.Image:
    """A row for PSPI, the probability of pain and each unit: name, a scale with the interval, the number."""
    width, height = 2 * TILE + GAP, TILE + CAPTION
    panel = Image.new("RGB", (width, height), _BACKGROUND)
    pen = ImageDraw.Draw(panel)
    intervals = scores.au_interval or {}
    rows = [("PSPI", scores.pspi, (scores.pspi_low, scores.pspi_high), PSPI_MAX)]
    rows += [
        (f"{name} {AU_DESCRIPTIONS[name]}", value, intervals.get(name), au_max(name))
        for name, value in scores.au.items()
    ]
    y = 0
    if scores.pain_probability is not None:
        text = f"pain, and not another expression: {100 * scores.pain_probability:.0f} %"
        pen.text((0, y), text, fill=_INK, font=ImageFont.load_default(15))
        y += _ROW + 4
    for name, value, interval, ceiling in rows:
        _row(pen, y, width, name, value, interval, ceiling)
        y += _ROW if name != "PSPI" else _ROW + 4
    _scale(panel, height - 30, top)
    return panel


def _row(
    pen: ImageDraw.ImageDraw,
    y: int,
    width: int,
    name: str,
    value: float,
    interval: tuple[float, float] | None,
    ceiling: int,
) -> None:
    """One number on its scale from 0 to `ceiling`; the interval is the band around it."""
    left, right, middle = _NAME_WIDTH, width - _NUMBER_WIDTH, y + 9
    pen.text((0, y), name, fill=_INK, font=ImageFont.load_default(13))
    pen.rectangle((left, middle - 3, right, middle + 3), fill=_TRACK)
    number = f"{value:.1f}"
    if interval is not None:
        low, high = (left + (right - left) * end / ceiling for end in interval)
        pen.rectangle((low, middle - 3, high, middle + 3), fill=_BAND)
        number += f"  ({interval[0]:.{_digits(interval)}f} to {interval[1]:.{_digits(interval)}f})"
    x = left + (right - left) * value / ceiling
    pen.rectangle((x - 2, middle - 6, x + 2, middle + 6), fill=_MARK)
    pen.text((right + 8, y), number, fill=_INK, font=ImageFont.load_default(13))


def _digits(interval: tuple[float, float]) -> int:
    return 0 if all(isinstance(end, int) for end in interval) else 1


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


def _scale(panel: Image.Image, y: int, top: float) -> None:
    """The colours of the maps and what they stand for, along the panel."""
    pen, left, right = ImageDraw.Draw(panel), _NAME_WIDTH, panel.width - _NUMBER_WIDTH
    bar = np.repeat(_colour(np.linspace(0, 1, right - left))[None], 10, axis=0)
    pen.text((0, y - 3), "attention, x even", fill=_FAINT, font=ImageFont.load_default(13))
    panel.paste(Image.fromarray(np.rint(bar).astype(np.uint8)), (left, y))
    for value in (1.0, top / 2, top):
        x = left + round((right - left - 1) * value / top)
        pen.line((x, y + 10, x, y + 14), fill=_INK)
        label = "1, even" if value == 1 else f"{value:.3g}"
        pen.text((x, y + 15), label, fill=_INK, font=ImageFont.load_default(13), anchor="mt")


def _place(k: int) -> tuple[int, int]:
    """Left and upper edge of the k-th tile."""
    return GAP + k % COLUMNS * (TILE + GAP), GAP + k // COLUMNS * (TILE + CAPTION + GAP)


def _tile(sheet: Image.Image, k: int, picture: Image.Image, head: str, note: str) -> None:
    """A picture as the k-th tile, with a bold and a faint line under it."""
    (x, y), pen = _place(k), ImageDraw.Draw(sheet)
    sheet.paste(picture, (x, y))
    pen.text((x, y + TILE + 4), head, fill=_INK, font=ImageFont.load_default(17))
    pen.text((x, y + TILE + 25), note, fill=_FAINT, font=ImageFont.load_default(13))
