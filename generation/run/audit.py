"""Rows against the plan: what must stand in a row that this version of the generator made."""

import math
from collections.abc import Iterator

import numpy as np

from dataset_script.features import AGE_GROUPS, ETHNICITIES, GENDERS, format_frame_id
from dataset_script.rows import Row, facs_problems
from dataset_script.spec import Spec

from ..plan import IdentityPlan


def label_problems(
    config: str, row: Row, spec: Spec, person: IdentityPlan, expression_id: int, view_id: int
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
        yield from facs_problems(row)
        if not np.isfinite(row["landmarks"]).all():
            yield "landmarks are not all finite"
        x0, y0, x1, y1 = row["face_box"]
        if not (math.isfinite(x0 + y0 + x1 + y1) and x0 < x1 and y0 < y1):
            yield f"face_box is {row['face_box']}; it must be x0, y0, x1, y1 with x0 < x1 and y0 < y1"
    for name, value in planned.items():
        if row[name] != value:
            yield f"{name} is {row[name]!r}; planned is {value!r}"
