"""What must be true of a row: its labels agree with FACS and with the plan, its pictures are what they should be."""

import io
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from .errors import InvalidInput
from .facs import check_extra_aus, pspi
from .features import AGE_GROUPS, ETHNICITIES, GENDERS, SEGMENTS, format_frame_id

if TYPE_CHECKING:
    from generation.plan import IdentityPlan
    from generation.spec import Spec

Row = dict[str, Any]


def label_problems(
    config: str, row: Row, spec: "Spec", person: "IdentityPlan", expression_id: int, view_id: int
) -> Iterator[str]:
    """Differences between a row and the frame that the plan has in its place, one line each."""
    view, expression = person.views[view_id], person.expressions[expression_id]
    planned: Row = {
        "frame_id": format_frame_id(person.identity_id, expression_id, view_id),
        "identity_id": person.identity_id,
        "expression_id": expression_id,
        "view_id": view_id,
    }
    camera = row["camera"]
    if not all(map(math.isfinite, [*camera["intrinsics"].values()])) or camera["intrinsics"]["fx"] <= 0:
        yield f"camera.intrinsics is {camera['intrinsics']}; it must be finite, with fx above 0"
    moved = zip(("yaw", "pitch", "roll", "fov"), (*expression.head_motion, 0.0), strict=True)
    for name, angle in ((name, getattr(view, name) + motion) for name, motion in moved):
        if not math.isclose(camera[name], angle, rel_tol=1e-5, abs_tol=1e-4):
            yield f"camera.{name} is {camera[name]:g}; planned is {angle:g}"
    if config != "geometry":
        planned |= {
            "au": [float(value) for value in expression.au],
            "pspi": expression.pspi,
            "extra_au": {name: float(value) for name, value in expression.extra_au.items()},
            "age_group": AGE_GROUPS.index(person.age_group),
            "age": person.age,
            "ethnicity": ETHNICITIES.index(person.ethnicity),
            "gender": GENDERS.index(person.gender),
            "prompt": person.prompt,
            "neutral_frame_id": format_frame_id(person.identity_id, 0, view_id),
            "seed": spec.seed,
            "renderer": spec.renderer,
            "rig": spec.rig,
            "head": spec.head,
        }
        yield from _facs_problems(row)
        if not np.isfinite(row["landmarks"]).all():
            yield "landmarks are not all finite"
        x0, y0, x1, y1 = row["face_box"]
        if not (math.isfinite(x0 + y0 + x1 + y1) and x0 < x1 and y0 < y1):
            yield f"face_box is {row['face_box']}; it must be x0, y0, x1, y1 with x0 < x1 and y0 < y1"
    for name, value in planned.items():
        if row[name] != value:
            yield f"{name} is {row[name]!r}; planned is {value!r}"


def _facs_problems(row: Row) -> Iterator[str]:
    try:
        if row["pspi"] != (expected := pspi(row["au"])):
            yield f"pspi is {row['pspi']}; its action units give {expected:g}"
        check_extra_aus(row["extra_au"])
    except InvalidInput as error:
        yield str(error)


def picture_problems(row: Row, size: int) -> Iterator[str]:
    """What is wrong with `image` and `heatmap` of a `default` row; `size` in pixels."""
    _, problem = _decode("image", row["image"], "RGB", size)
    yield from problem
    heatmap, problem = _decode("heatmap", row["heatmap"], "L", size)
    yield from problem
    if heatmap is not None and bool(heatmap.any()) != (row["expression_id"] > 0):
        yield f"heatmap is {'not ' if heatmap.any() else ''}all zero on a {'pain' if row['pspi'] else 'neutral'} frame"


def geometry_problems(row: Row, size: int) -> Iterator[str]:
    """What is wrong with the pictures of a `geometry` row."""
    depth, problem = _decode("depth", row["depth"], "I;16", size)
    yield from problem
    if depth is not None and not depth.any():
        yield "depth is empty"
    _, problem = _decode("normals", row["normals"], "RGB", size)
    yield from problem
    segments, problem = _decode("segments", row["segments"], "L", size)
    yield from problem
    if segments is not None and segments.max() >= len(SEGMENTS):
        yield f"segments holds {segments.max()}; allowed is 0 to {len(SEGMENTS) - 1}"
    for name, picture in row["au_heatmaps"].items():
        _, problem = _decode(f"au_heatmaps.{name}", picture, "L", size)
        yield from problem


def _decode(name: str, picture: Row, mode: str, size: int) -> tuple[np.ndarray | None, list[str]]:
    """The pixels, or None and why not."""
    try:
        with Image.open(io.BytesIO(picture["bytes"])) as image:
            pixels = np.asarray(image)
            if (image.mode, image.size) != (mode, (size, size)):
                shape = "{} x {}".format(*image.size)
                return None, [f"{name} is {image.mode}, {shape} pixels; it must be {mode}, {size} x {size}"]
            return pixels, []
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        return None, [f"{name} cannot be decoded: {error}"]
