"""A picture of a dataset: a row a person; neutral, rising pain, the side views of the strongest pain, and its heatmaps.

The same dataset gives the same sheet. The people are spread evenly over the dataset, the expressions over their PSPI.
"""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, ImageDraw, ImageFont

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.facs import AU_NAMES
from dataset_script.features import ETHNICITIES, EXPRESSIONS_PER_IDENTITY, GENDERS
from dataset_script.manifest import read_manifest

Row = dict[str, Any]

CELL, _GAP, _CAPTION, _MARGIN = 192, 6, 40, 14  # pixels
_TITLE = 34
_PAPER, _INK, _FAINT = (255, 255, 255), (20, 20, 20), (110, 110, 110)
_HEAT_STOPS = np.array([[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]])
"""The colours of the map "inferno" at 0, 1/4, 1/2, 3/4 and 1."""
_COLUMNS = ["identity_id", "expression_id", "view_id", "image", "heatmap", "au", "pspi", "age", "ethnicity", "gender"]


@dataclass(frozen=True)
class Panel:
    picture: Image.Image
    caption: tuple[str, str]


def gallery(directory: str | Path, identities: int = 6, expressions: int = 4) -> Image.Image:
    """The sheet as RGB.

    Args:
        identities: rows at most; fewer when the dataset has fewer.
        expressions: pain expressions shown of each, 1-10.

    Raises:
        InvalidInput: a number out of range.
        WorkFailed: there is no dataset, or it has no finished shard, or one cannot be read.
    """
    if identities < 1:
        raise InvalidInput(f"identities is {identities}; allowed: 1 or more")
    if not 1 <= expressions < EXPRESSIONS_PER_IDENTITY:
        raise InvalidInput(f"expressions is {expressions}; allowed: 1 to {EXPRESSIONS_PER_IDENTITY - 1}")
    people = _read_people(Path(directory), identities)
    lines = [_panels(frames, expressions) for frames in people]
    title = f"{len(lines)} people, {expressions} of 10 pain expressions each."
    return draw_sheet(f"{title} AU intensities 0-5 (AU43: 0 or 1), PSPI 0-16.", lines)


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


def _panels(frames: dict[tuple[int, int], Row], expressions: int) -> list[Panel]:
    """The panels of one person; `frames` by (expression, view)."""
    by_pspi = sorted(range(1, EXPRESSIONS_PER_IDENTITY), key=lambda e: frames[e, 0]["pspi"])
    shown = [by_pspi[k] for k in np.linspace(len(by_pspi) - 1, 0, expressions).round().astype(int)[::-1]]
    neutral, strongest = frames[0, 0], shown[-1]
    ethnicity = ETHNICITIES[neutral["ethnicity"]].replace("_", " ").title()
    person = f"{ethnicity} {GENDERS[neutral['gender']]}, {neutral['age']}"
    panels = [Panel(_picture(neutral), (person, f"neutral, identity {neutral['identity_id']}"))]
    panels += [Panel(_picture(frames[e, 0]), _labels(frames[e, 0])) for e in shown]
    panels += [Panel(_picture(frames[strongest, v]), (f"PSPI {frames[strongest, v]['pspi']}", f"view {v}")) for v in (1, 2)]  # fmt: skip
    panels += [Panel(_heat(frames[e, 0]), (f"PSPI {frames[e, 0]['pspi']}", "heatmap")) for e in shown]
    return panels


def _labels(row: Row) -> tuple[str, str]:
    units = " ".join(f"{name[2:]}:{value:g}" for name, value in zip(AU_NAMES, row["au"], strict=True) if value)
    return f"PSPI {row['pspi']}", f"AU {units}"


def _picture(row: Row) -> Image.Image:
    return _open(row["image"]).convert("RGB").resize((CELL, CELL), Image.Resampling.LANCZOS)


def _heat(row: Row) -> Image.Image:
    return heat_over(_open(row["heatmap"]), _picture(row))


def heat_over(heat: Image.Image, picture: Image.Image) -> Image.Image:
    """A heatmap (mode L) in colour over the dimmed grey `picture`, a panel large."""
    heat = np.asarray(heat.resize((CELL, CELL), Image.Resampling.BILINEAR), dtype=float)[..., None]
    grey = np.asarray(picture.convert("L"), dtype=float)[..., None] * 0.45
    stops = np.linspace(0, 255, len(_HEAT_STOPS))
    colour = np.concatenate([np.interp(heat, stops, _HEAT_STOPS[:, k]) for k in range(3)], axis=-1)
    weight = np.minimum(heat / 96, 1)
    return Image.fromarray((colour * weight + grey * (1 - weight)).round().astype(np.uint8))


def _open(picture: Row) -> Image.Image:
    return Image.open(io.BytesIO(picture["bytes"]))


def _read_people(directory: Path, count: int) -> list[dict[tuple[int, int], Row]]:
    """The frames of `count` people spread evenly over the finished shards, by (expression, view)."""
    shards = [directory / entry.path for entry in read_manifest(directory) if entry.config == "default"]
    if not shards:
        raise WorkFailed(f"{directory} holds no finished shard of a Pain3D dataset")
    try:
        where = {i: path for path in shards for i in pq.read_table(path, columns=["identity_id"])["identity_id"].to_pylist()}  # fmt: skip
        everyone = sorted(where)
        places = np.linspace(0, len(everyone) - 1, min(count, len(everyone))).round().astype(int)
        return [_read_person(where[everyone[k]], everyone[k]) for k in places]
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise WorkFailed(f"{directory} cannot be read: {reason}; `pain3d verify` lists all that is wrong") from None


def _read_person(path: Path, identity_id: int) -> dict[tuple[int, int], Row]:
    rows = pq.read_table(path, columns=_COLUMNS, filters=[("identity_id", "=", identity_id)]).to_pylist()
    return {(row["expression_id"], row["view_id"]): row for row in rows}
