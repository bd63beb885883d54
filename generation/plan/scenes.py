"""Where people are seen: who is in care, how they are held there, and the cameras around them."""

from dataclasses import replace

import numpy as np

from dataset_script.spec import Spec

from ..streams import occasion_stream, stream
from .cameras import CAMERA_KINDS
from .circumstances import Circumstances, draw_aim, draw_circumstances
from .records import IdentityPlan, ViewPlan

STUDIO, CLINICAL, MIXED = "studio", "clinical", "mixed"


def in_care(spec: Spec, groups: tuple[np.ndarray, ...]) -> np.ndarray:
    """Which people are seen in clinical scenes, (N,) bool; of scene "mixed" half of every group, give or take one.

    `groups`: labels (N,) of each attribute, split first. People of the same labels are dealt out in turn, and the turn
    runs on from one cell to the next, so that whole groups are halved too.
    """
    if spec.scene != MIXED:
        return np.full(spec.identities, spec.scene == CLINICAL)
    rng = stream(spec.seed, "plan.scene", None)
    order = np.lexsort((rng.random(spec.identities), *groups))
    chosen = np.empty(spec.identities, bool)
    chosen[order] = (np.arange(spec.identities) + rng.integers(2)) % 2 == 1
    return chosen


def scene_of_occasion(spec: Spec, plan: IdentityPlan) -> str:
    """Where a person is seen on an occasion other than the pain session: of scene "mixed", by the toss of a coin."""
    if spec.scene != MIXED:
        return spec.scene
    return CLINICAL if occasion_stream(spec.seed, "plan.scene", plan).random() < 0.5 else STUDIO


def placed(plan: IdentityPlan, scene: str, seed: int) -> IdentityPlan:
    """A planned person with the views of a studio, in a scene: "studio" leaves them as they are."""
    if scene == STUDIO:
        return plan
    circumstances = draw_circumstances(occasion_stream(seed, "plan.circumstances", plan))
    views = tuple(_view(plan, circumstances, view.view_id, seed) for view in plan.views)
    return replace(plan, scene=CLINICAL, circumstances=circumstances, views=views)


def _view(plan: IdentityPlan, circumstances: Circumstances, view_id: int, seed: int) -> ViewPlan:
    rng = occasion_stream(seed, "plan.clinical_view", plan, view=view_id)
    left = (plan.identity_id + view_id) % 2 == 1  # as in the studio, view 1 of even identities turns left
    yaw, pitch, roll = draw_aim(circumstances, view_id, left, rng)
    kind = CAMERA_KINDS[circumstances.camera]
    aside = rng.uniform(-1, 1, 2) * kind.aside
    return ViewPlan(
        view_id=view_id,
        yaw=yaw,
        pitch=pitch,
        roll=roll,
        fov=float(rng.uniform(*kind.fov)),
        framing=float(rng.uniform(*kind.framing)),
        aside=(float(aside[0]), float(aside[1])),
        camera=circumstances.camera,
    )
