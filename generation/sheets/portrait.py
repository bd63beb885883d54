"""One face by hand: any person, any intensities, any camera."""

from dataclasses import dataclass

import numpy as np

from dataset_script.errors import InvalidInput
from dataset_script.facs import pspi

from ..heatmap import to_bytes
from ..pipeline import FrameMaker
from ..plan import ExpressionPlan, IdentityPlan, ViewPlan
from ..populations import AGE_RANGES

ANGLE_LIMITS = {"yaw": 90.0, "pitch": 45.0, "roll": 180.0}
FOV_LIMITS = (5.0, 90.0)


@dataclass(frozen=True)
class Portrait:
    """A person and what the face does.

    Attributes:
        age: years, 18-90; ethnicity, gender: labels of the schema.
        person: 0-99999, which of the people of these demographics.
        au: six intensities in C1 order; extra_au: name -> 0-5 of the units that are not counted.
        view: the camera.
        accessories: of `accessories.ACCESSORIES`, what is worn.
    """

    age: int
    ethnicity: str
    gender: str
    person: int
    au: tuple[float, ...]
    extra_au: dict[str, float]
    view: ViewPlan
    accessories: tuple[str, ...] = ()

    def plan(self) -> IdentityPlan:
        """The plan of this person with one expression and one view. Raises InvalidInput for what is out of range."""
        youngest, oldest = AGE_RANGES["young"][0], AGE_RANGES["elderly"][1]
        if not youngest <= self.age <= oldest:
            raise InvalidInput(f"age is {self.age}; allowed: {youngest} to {oldest}")
        if not 0 <= self.person <= 99_999:
            raise InvalidInput(f"person is {self.person}; allowed: 0 to 99999")
        for name, limit in ANGLE_LIMITS.items():
            if not abs(getattr(self.view, name)) <= limit:
                raise InvalidInput(f"{name} is {getattr(self.view, name):g}; allowed: -{limit:g} to {limit:g} degrees")
        if not FOV_LIMITS[0] <= self.view.fov <= FOV_LIMITS[1]:
            raise InvalidInput(f"fov is {self.view.fov:g}; allowed: {FOV_LIMITS[0]:g} to {FOV_LIMITS[1]:g} degrees")
        group = "young" if self.age < AGE_RANGES["elderly"][0] else "elderly"
        expression = ExpressionPlan(1, self.au, int(pspi(self.au)), self.extra_au)
        return IdentityPlan(
            identity_id=self.person,
            split="train",
            age_group=group,
            age=self.age,
            ethnicity=self.ethnicity,
            gender=self.gender,
            expressions=(expression,),
            views=(self.view,),
            accessories=self.accessories,
        )


def render_portrait(maker: FrameMaker, portrait: Portrait) -> tuple[np.ndarray, np.ndarray]:
    """The picture (S, S, 3) and its heatmap (S, S), both uint8. Raises InvalidInput as `Portrait.plan`."""
    plan = portrait.plan()
    picture, heat = maker.picture(maker.person(plan), plan.expressions[0], plan.views[0])
    return picture.rgb, to_bytes(heat, maker.spec.heatmap_scale_mm)
