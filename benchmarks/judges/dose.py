"""How much each action unit alone moves the judges' scores: rendered from the front, without motion of the head."""

from collections.abc import Iterator

import numpy as np

from dataset_script.facs import AU_MAX, AU_NAMES, EXTRA_AU_NAMES, pspi
from dataset_script.progress import Progress
from dataset_script.spec import Spec
from generation.pipeline import FrameMaker
from generation.plan import ExpressionPlan, Plan, ViewPlan

from .client import Judges, Picture

SCORES = (
    *("browDown", "browInnerUp", "browOuterUp", "eyeSquint", "eyeBlink"),
    *("mouthUpperUp", "mouthLowerDown", "mouthSmile", "mouthStretch", "jawOpen"),
)
LEVELS = 1, 3, 5
SIZE, SEED = 320, 0
FOV, FRAMING = 24.0, 1.0


def expressions() -> Iterator[tuple[str, ExpressionPlan]]:
    """Name -> expression: neutral, each unit alone at LEVELS (AU43 at 1), the six units of PSPI at their highest."""
    yield "neutral", _expression({})
    for name in (*AU_NAMES, *EXTRA_AU_NAMES):
        for level in (1,) if name == "AU43" else LEVELS:
            yield f"{name} {level}", _expression({name: level})
    yield "all six", _expression(dict(zip(AU_NAMES, AU_MAX, strict=True)))


def _expression(levels: dict[str, int]) -> ExpressionPlan:
    au = tuple(levels.get(name, 0) for name in AU_NAMES)
    extra = {name: float(levels.get(name, 0)) for name in EXTRA_AU_NAMES}
    return ExpressionPlan(1, au, int(pspi(au)), extra)


def responses(judges: Judges, rig: str, people: int) -> dict[str, dict[str, float | int]]:
    """Name of an expression -> mean of each score minus that of the own neutral face, over balanced people.

    "people" beside the scores says how many: those whose face was found in both pictures.

    Raises InvalidInput, WorkFailed.
    """
    spec = Spec(identities=max(people, 24), preset="balanced", size=SIZE, seed=SEED, rig=rig, head_motion=0.0)
    plan, maker = Plan(spec), FrameMaker(spec)
    named = dict(expressions())
    view = ViewPlan(0, 0.0, 0.0, 0.0, FOV, FRAMING)
    found: dict[str, list[np.ndarray]] = {name: [] for name in named}
    with Progress("people") as progress:
        for k in range(people):
            person = maker.person(plan[k])
            pictures = [Picture.of(maker.picture(person, each, view)[0].rgb) for each in named.values()]
            scores = [each.scores for each in judges.read_all(pictures)]
            for name, mine in zip(named, scores, strict=True):
                if scores[0] is not None and mine is not None:
                    found[name].append(np.array([mine[s] - scores[0][s] for s in SCORES]))
            progress(k + 1, people)
    return {name: mean_response(rows) for name, rows in found.items() if name != "neutral"}


def mean_response(rows: list[np.ndarray]) -> dict[str, float | int]:
    """ "people" and the mean of each of SCORES over rows (10,)."""
    means = np.mean(rows, axis=0).tolist() if rows else [float("nan")] * len(SCORES)
    return {"people": len(rows), **dict(zip(SCORES, means, strict=True))}
