"""The AU chart: one face of a dataset, each action unit alone at every level, and the heatmap of the highest."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from dataset_script.errors import InvalidInput
from dataset_script.facs import AU_DESCRIPTIONS, AU_MAX, AU_NAMES, EXTRA_AU_NAMES, pspi
from dataset_script.spec import Spec, check_version

from ..heads.files import HeadFiles
from ..heatmap import to_bytes
from ..photoreal.painting import FOLDER, Painting
from ..pipeline import FrameMaker, Person
from ..plan import ExpressionPlan, Plan, ViewPlan
from ..prompts import who
from .gallery import CELL, Panel, draw_sheet, heat_over

_VIEW = ViewPlan(0, 16.0, 0.0, 0.0, 24.0, 0.78)
_OVERSAMPLING = 2


def chart(directory: str | Path, identity_id: int = 0, files: HeadFiles | None = None) -> Image.Image:
    """The chart as RGB, of a person of the dataset in `directory`; `files` where its head is made from some.

    Raises:
        InvalidInput: the person is not planned, or the files are not the dataset's.
        WorkFailed: there is no specification, or another version of the generator wrote it; or a picture that it was
            painted with is missing.
    """
    spec = Spec.load(directory)
    check_version(spec.version)
    plan = Plan(spec)
    if not 0 <= identity_id < len(plan):
        raise InvalidInput(f"identity is {identity_id}; the dataset has 0 to {len(plan) - 1}")
    maker = FrameMaker(spec, files, Painting(folder=Path(directory) / FOLDER, read_only=True))
    person = maker.person(plan[identity_id])
    scene = replace(person.look.scene, painted=())  # what is painted behind is that of the dataset's own views
    person = replace(person, look=replace(person.look, scene=scene))
    lines = [_line(maker, person, k) for k in range(len(AU_NAMES))]
    return draw_sheet(f"Each action unit alone, level by level. Person {identity_id}: {who(person.plan)}.", lines)


def _line(maker: FrameMaker, person: Person, unit: int) -> list[Panel]:
    name, panels = AU_NAMES[unit], []
    for level in range(AU_MAX[unit] + 1):
        au = tuple(level if k == unit else 0 for k in range(len(AU_NAMES)))
        expression = ExpressionPlan(1, au, int(pspi(au)), dict.fromkeys(EXTRA_AU_NAMES, 0.0))
        picture, heat = maker.picture(person, expression, _VIEW, CELL * _OVERSAMPLING)
        face = Image.fromarray(picture.rgb).resize((CELL, CELL), Image.Resampling.LANCZOS)
        panels.append(Panel(face, (f"{name} = {level}", AU_DESCRIPTIONS[name] if level == 0 else f"PSPI {level}")))
    scale = maker.spec.heatmap_scale_mm
    hot = heat_over(Image.fromarray(to_bytes(heat, scale)), face)
    panels.append(Panel(hot, (f"{name} = {level}", f"heatmap, up to {np.max(heat):.1f} mm")))
    return panels
