"""Where people are seen: who is in care, how they are held there, and the cameras around them."""

from dataclasses import replace

import numpy as np

from dataset_script.spec import Spec

from ..streams import occasion_stream, stream
from .cameras import CAMERA_KINDS
from .circumstances import Circumstances, draw_aim, draw_circumstances
from .records import IdentityPlan, ViewPlan

STUDIO, CLINICAL, MIXED = "studio", "clinical", "mixed"
WEIGHTS = (1000.0, 100.0, 1.0)
"""How much an uneven cell, uneven halves and an uneven group count."""


def in_care(spec: Spec, groups: tuple[np.ndarray, ...]) -> np.ndarray:
    """Which people are in clinical scenes, (N,) bool; of scene "mixed" half of them, of every cell and every group.

    `groups`: labels (N,) of age, ethnicity and gender, which make the cells, and of the split. People are dealt out
    cell by cell, each to the scene that has fewer of their cell; if both have as many, to the one that has fewer
    people, and fewer of their groups.
    """
    if spec.scene != MIXED:
        return np.full(spec.identities, spec.scene == CLINICAL)
    rng = stream(spec.seed, "plan.scene", None)
    _, cell = np.unique(np.stack(groups[:-1]), axis=1, return_inverse=True)
    order = np.lexsort((rng.random(spec.identities), rng.permutation(cell.max() + 1)[cell.ravel()]))
    labels = np.stack([cell.ravel(), np.zeros_like(cell.ravel()), *groups], axis=1)
    more = [np.zeros(column.max() + 1) for column in labels.T]  # in clinical scenes than in studios
    weights = WEIGHTS[:2] + WEIGHTS[2:] * len(groups)
    chosen = np.empty(spec.identities, bool)
    for person, toss in zip(order, rng.uniform(-0.5, 0.5, spec.identities), strict=True):
        lead = sum(w * one[label] for w, one, label in zip(weights, more, labels[person], strict=True))
        chosen[person] = lead + toss < 0
        for one, label in zip(more, labels[person], strict=True):
            one[label] += 1 if chosen[person] else -1
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
