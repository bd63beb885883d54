"""Faces as a visitor asks for them: the person is kept, so that another expression or camera takes one rendering."""

import functools
import threading
from dataclasses import dataclass

from PIL import Image

from dataset_script.spec import Spec
from generation.heatmap import to_bytes
from generation.pipeline import FrameMaker, Person
from generation.plan import ViewPlan
from generation.prompts import who
from generation.sheets.gallery import heat_over
from generation.sheets.portrait import Portrait

SHOWN, SCORED = 384, 512
"""Side in pixels of a face that is shown while a slider moves, and of one that is given to a model."""

_KEPT_PEOPLE = 16
_FRONT = ViewPlan(0, 0.0, 0.0, 0.0, 26.0, 1.0)


@dataclass(frozen=True)
class LiveFace:
    """A rendered face.

    Attributes:
        picture: RGB.
        heat: RGB of the same size: how far the skin moved from the person's neutral face, over the dimmed picture.
        most_mm: of the skin that is seen, the largest heat in mm.
        portrait: what it shows; who: the person, in words such as "a 34-year-old Latina woman".
    """

    picture: Image.Image
    heat: Image.Image
    most_mm: float
    portrait: Portrait
    who: str


class LiveFaces:
    """Renders faces one at a time, from any thread. Equal to `pain3d render` with the same options.

    Building it loads the head; the first face of a new installation compiles kernels for a minute.
    """

    def __init__(self, seed: int = 0) -> None:
        self._maker = FrameMaker(Spec(identities=1, size=SHOWN, seed=seed))
        self._one_at_a_time = threading.Lock()
        self._person = functools.lru_cache(_KEPT_PEOPLE)(self._make_person)

    def render(self, portrait: Portrait, size: int = SHOWN) -> LiveFace:
        """The face and its heatmap, `size` pixels wide and high. Raises InvalidInput for what is out of range."""
        plan = portrait.plan()
        with self._one_at_a_time:
            person = self._person(portrait.age, portrait.ethnicity, portrait.gender, portrait.person)
            picture, heat_mm = self._maker.picture(person, plan.expressions[0], plan.views[0], size)
        face = Image.fromarray(picture.rgb)
        heat = Image.fromarray(to_bytes(heat_mm, self._maker.spec.heatmap_scale_mm))
        return LiveFace(face, heat_over(heat, face), float(heat_mm.max()), portrait, who(plan))

    def _make_person(self, age: int, ethnicity: str, gender: str, person: int) -> Person:
        return self._maker.person(Portrait(age, ethnicity, gender, person, (0.0,) * 6, {}, _FRONT).plan())
