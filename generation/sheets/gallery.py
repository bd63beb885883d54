"""A picture of a dataset: one line a person: neutral, rising pain, side views of the strongest pain, and heatmaps.

The same dataset gives the same sheet. The people are spread evenly over the dataset, the expressions over their PSPI.
Imported data are shown by what they have: some know neither heatmaps nor demographics.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from dataset_script.directory import DatasetDirectory, Shard
from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.facs import AU_NAMES
from dataset_script.rows import DAMAGED_PICTURE, bounded, why_damaged
from dataset_script.vocabulary import (
    ETHNICITIES,
    EXPRESSION_KINDS,
    EXPRESSIONS_PER_IDENTITY,
    GENDERS,
    MAX_OTHERS,
    STIMULI,
)

Row = dict[str, Any]

CELL, _GAP, _CAPTION, _MARGIN = 192, 6, 40, 14  # pixels
_TITLE = 34
_PAPER, _INK, _FAINT = (255, 255, 255), (20, 20, 20), (110, 110, 110)
_HEAT_STOPS = np.array([[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]])
"""The colours of the map "inferno" at 0, 1/4, 1/2, 3/4 and 1."""
_LABELS = (
    "frame_id",
    "identity_id",
    "subject_id",
    "expression_id",
    "expression_kind",
    "expression",
    "view_id",
    "au",
    "extra_au",
    "pspi",
    "stimulus",
    "age",
    "ethnicity",
    "gender",
    "scene",
    "posture",
)


@dataclass(frozen=True)
class Panel:
    """One picture of a sheet and the two lines under it."""

    picture: Image.Image
    caption: tuple[str, str]


@dataclass(frozen=True)
class _Shown:
    """The frames of a person that the sheet shows, from left to right. Rows hold labels; pictures are read later."""

    neutral: Row
    moved: list[Row]
    side_views: list[Row]

    @property
    def frame_ids(self) -> list[str]:
        return [row["frame_id"] for row in (self.neutral, *self.moved, *self.side_views)]


def gallery(directory: str | Path, identities: int = 6, expressions: int = 4, kind: str = "pain") -> Image.Image:
    """The sheet as RGB.

    Args:
        directory: a dataset, complete or not.
        identities: rows at most; fewer when the dataset has fewer.
        expressions: frames shown of each, of pain 1-10, of others 1-40; fewer when somebody has fewer.
        kind: "pain", or "other" for expressions that are no pain.

    Raises:
        InvalidInput: a number out of range, no such kind, no frame of it, or there is no dataset.
        WorkFailed: it has no finished shard, or one cannot be read.
    """
    if identities < 1:
        raise InvalidInput(f"identities is {identities}; allowed: 1 or more")
    if kind not in EXPRESSION_KINDS[1:]:
        raise InvalidInput(f"kind is {kind!r}; allowed: {' or '.join(EXPRESSION_KINDS[1:])}")
    most = EXPRESSIONS_PER_IDENTITY - 1 if kind == "pain" else MAX_OTHERS
    if not 1 <= expressions <= most:
        raise InvalidInput(f"expressions is {expressions}; allowed: 1 to {most}")
    found = DatasetDirectory.open(directory)
    people = _people(found, identities)
    lines = [_panels(found, identity, shards, expressions, kind) for identity, shards in people]
    if kind == "other":
        what = "expressions that are no pain"
        if max(map(len, lines)) == 1:
            raise InvalidInput(f"{found.path} has no {what}: `pain3d generate --others N` makes them")
    else:
        what = "pain frames at most" if found.is_imported else "of 10 pain expressions"
    return draw_sheet(
        f"{len(lines)} people, {expressions} {what} each. AU intensities 0-5 (AU43: 0 or 1), PSPI 0-16.", lines
    )


def draw_sheet(title: str, lines: list[list[Panel]]) -> Image.Image:
    """Panels in lines under a title, each with its two captions."""
    width = 2 * _MARGIN + max(map(len, lines)) * (CELL + _GAP) - _GAP
    height = 2 * _MARGIN + _TITLE + len(lines) * (CELL + _CAPTION)
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((_MARGIN, _MARGIN), title, fill=_INK, font=ImageFont.load_default(16))
    for j, panels in enumerate(lines):
        for i, panel in enumerate(panels):
            x, y = _MARGIN + i * (CELL + _GAP), _MARGIN + _TITLE + j * (CELL + _CAPTION)
            sheet.paste(panel.picture, (x, y))
            draw.text((x + 1, y + CELL + 2), panel.caption[0], fill=_INK, font=ImageFont.load_default(13))
            draw.text((x + 1, y + CELL + 18), panel.caption[1], fill=_FAINT, font=ImageFont.load_default(12))
    return sheet


def heat_over(heat: Image.Image, picture: Image.Image) -> Image.Image:
    """A heatmap (mode L) in colour over the dimmed grey `picture`, of its size."""
    heat = np.asarray(heat.resize(picture.size, Image.Resampling.BILINEAR), dtype=float)[..., None]
    grey = np.asarray(picture.convert("L"), dtype=float)[..., None] * 0.45
    stops = np.linspace(0, 255, len(_HEAT_STOPS))
    colour = np.concatenate([np.interp(heat, stops, _HEAT_STOPS[:, k]) for k in range(3)], axis=-1)
    weight = np.minimum(heat / 96, 1)
    return Image.fromarray((colour * weight + grey * (1 - weight)).round().astype(np.uint8))


def _people(found: DatasetDirectory, count: int) -> list[tuple[int, list[Shard]]]:
    """`count` identities spread evenly over the finished shards, with the shards that hold their frames."""
    where: dict[int, list[Shard]] = {}
    for shard, table in found.read(["identity_id"]):
        for identity in set(table["identity_id"].to_pylist()):
            where.setdefault(identity, []).append(shard)
    if not where:
        raise WorkFailed(f"{found.path} holds no finished shard of a Pain3D dataset")
    everyone = sorted(where)
    places = np.linspace(0, len(everyone) - 1, min(count, len(everyone))).round().astype(int)
    return [(everyone[k], where[everyone[k]]) for k in places]


def _panels(
    found: DatasetDirectory, identity: int, shards: Sequence[Shard], expressions: int, kind: str
) -> list[Panel]:
    """The panels of one person."""
    shown = _choose(_rows(found, _LABELS, shards, [("identity_id", "=", identity)]), expressions, kind)
    columns = ("frame_id", "image", "heatmap")
    rows = _rows(found, columns, shards, [("identity_id", "=", identity), ("frame_id", "in", shown.frame_ids)])
    stored = {row["frame_id"]: row for row in rows}
    faces = {frame_id: _panel_of(stored[frame_id]["image"]) for frame_id in stored}
    panels = [Panel(faces[shown.neutral["frame_id"]], _who(shown.neutral))]
    panels += [Panel(faces[row["frame_id"]], _labels(row)) for row in shown.moved]
    panels += [Panel(faces[row["frame_id"]], (_level_words(row), f"view {row['view_id']}")) for row in shown.side_views]
    for row in shown.moved:
        if (heat := stored[row["frame_id"]].get("heatmap")) is not None:
            picture = heat_over(_open(heat), faces[row["frame_id"]])
            panels.append(Panel(picture, (_level_words(row), "heatmap")))
    return panels


def _rows(found: DatasetDirectory, columns: Sequence[str], shards: Sequence[Shard], filters: list[tuple]) -> list[Row]:
    return [row for _, table in found.read(columns, shards, filters) for row in table.to_pylist()]


def _choose(rows: list[Row], expressions: int, kind: str) -> _Shown:
    """Of the frames of a person, those to show: in one view, a neutral one and those of a kind with rising PSPI.

    Who has no neutral frame is shown with the one of least PSPI in its place.
    """
    neutral = min(rows, key=lambda row: (row["expression_id"] > 0, row["view_id"], _level(row)))
    frontal = [row for row in rows if row["view_id"] == neutral["view_id"] and _is_of(row, kind)]
    by_pspi = sorted((row for row in frontal if row is not neutral), key=_level)
    places = np.linspace(len(by_pspi) - 1, 0, min(expressions, len(by_pspi))).round().astype(int)[::-1]
    moved = [by_pspi[k] for k in places]
    return _Shown(neutral, moved, _side_views(rows, moved[-1]) if moved else [])


def _is_of(row: Row, kind: str) -> bool:
    """Whether a frame shows pain, or moves without it; where nothing tells, all that is not neutral counts as pain."""
    known = row.get("expression_kind")
    return row["expression_id"] > 0 and kind == ("pain" if known is None else EXPRESSION_KINDS[known])


def _side_views(rows: list[Row], strongest: Row) -> list[Row]:
    """Other views of the same moment: where an expression has several frames a view, none can be told to be it."""
    same = [row for row in rows if row["expression_id"] == strongest["expression_id"]]
    by_view = {row["view_id"]: row for row in same}
    if len(by_view) < len(same):
        return []
    return [by_view[view] for view in sorted(by_view) if view != strongest["view_id"]][:2]


def _who(row: Row) -> tuple[str, str]:
    """The caption of the first panel: the person, and that the face is neutral."""
    state = "neutral" if row["expression_id"] == 0 else _level_words(row)
    if row.get("subject_id") is not None:
        return str(row["subject_id"]), state
    held = f", {row['posture']}" if row.get("scene") == "clinical" else ""
    identity = f"{state}, identity {row['identity_id']}{held}"
    ethnicity, gender = _name(ETHNICITIES, row.get("ethnicity")), _name(GENDERS, row.get("gender"))
    if ethnicity is None or gender is None or row.get("age") is None:
        return "", identity
    return f"{ethnicity.replace('_', ' ').title()} {gender}, {row['age']}", identity


def _name(names: Sequence[str], code: int | None) -> str | None:
    """The name of a class; None where there is none, or only another version knows it."""
    return names[code] if code is not None and 0 <= code < len(names) else None


def _level(row: Row) -> int:
    """The PSPI; of data that tell the stimulus alone, its level."""
    return row["stimulus"] if row["pspi"] is None else row["pspi"]


def _level_words(row: Row) -> str:
    return _name(STIMULI, row["stimulus"]) if row["pspi"] is None else f"PSPI {row['pspi']}"


def _labels(row: Row) -> tuple[str, str]:
    if row.get("au") is None:
        return _level_words(row), ""
    units, level = dict(zip(AU_NAMES, row["au"], strict=True)), _level_words(row)
    if (expression := row.get("expression")) not in (None, "pain"):
        level = f"{expression.replace('_', ' ')}, {level}"
        units |= row["extra_au"]
    return level, "AU " + " ".join(f"{name[2:]}:{value:g}" for name, value in units.items() if value)


def _panel_of(picture: Row) -> Image.Image:
    """A picture, a panel large; what is not square gets margins."""
    return ImageOps.pad(_open(picture).convert("RGB"), (CELL, CELL), Image.Resampling.LANCZOS, _PAPER)


def _open(picture: Row) -> Image.Image:
    """A picture that is in the row, or in a file of its own. Raises WorkFailed where it cannot be read."""
    source = picture["path"] if picture["bytes"] is None else io.BytesIO(picture["bytes"])
    try:
        image = Image.open(source)
        bounded(image).load()
    except DAMAGED_PICTURE as error:
        raise WorkFailed(f"picture {picture['path'] or ''} cannot be decoded: {why_damaged(error)}") from None
    return image
