"""One face by hand: any person, any intensities, any camera."""

from pathlib import Path

from PIL import Image

from dataset_script.errors import InvalidInput
from dataset_script.facs import pspi

from .head_files import HeadFiles
from .heatmap import to_bytes
from .pipeline import FrameMaker
from .plan import AGE_RANGES, ExpressionPlan, IdentityPlan, ViewPlan
from .spec import Spec

ANGLE_LIMITS = {"yaw": 90.0, "pitch": 45.0, "roll": 180.0}
FOV_LIMITS = (5.0, 90.0)
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg")


def render_by_hand(
    spec: Spec, age: int, ethnicity: str, gender: str, person: int, au: tuple[float, ...], extra_au: dict[str, float],
    view: ViewPlan, out: Path, heatmap: Path | None = None, files: HeadFiles | None = None,
) -> None:  # fmt: skip
    """Writes the picture (and the heatmap) of a person of these demographics; `person` picks one of them; `files` where the head is made from some.

    Raises InvalidInput where an angle, the age or a file name is out of range.
    """
    youngest, oldest = AGE_RANGES["young"][0], AGE_RANGES["elderly"][1]
    if not youngest <= age <= oldest:
        raise InvalidInput(f"age is {age}; allowed: {youngest} to {oldest}")
    if not 0 <= person <= 99_999:
        raise InvalidInput(f"person is {person}; allowed: 0 to 99999")
    for name, limit in ANGLE_LIMITS.items():
        if not abs(getattr(view, name)) <= limit:
            raise InvalidInput(f"{name} is {getattr(view, name):g}; allowed: -{limit:g} to {limit:g} degrees")
    if not FOV_LIMITS[0] <= view.fov <= FOV_LIMITS[1]:
        raise InvalidInput(f"fov is {view.fov:g}; allowed: {FOV_LIMITS[0]:g} to {FOV_LIMITS[1]:g} degrees")
    for path in (out, heatmap):
        if path is not None and path.suffix.lower() not in PICTURE_SUFFIXES:
            raise InvalidInput(f"output file is {path}; its name must end in {', '.join(PICTURE_SUFFIXES)}")

    group = "young" if age < AGE_RANGES["elderly"][0] else "elderly"
    expression = ExpressionPlan(1, au, int(pspi(au)), extra_au)
    plan = IdentityPlan(person, "train", group, age, ethnicity, gender, "", (expression,), (view,))
    maker = FrameMaker(spec, files)
    picture, heat = maker.picture(maker.person(plan), expression, view)
    Image.fromarray(picture.rgb).save(out)
    if heatmap is not None:
        Image.fromarray(to_bytes(heat, spec.heatmap_scale_mm)).save(heatmap)
