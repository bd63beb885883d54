"""What a row says of its frame before anything is drawn: all that the plan decides."""

from typing import Any

from dataset_script.facs import EXTRA_AU_NAMES
from dataset_script.spec import Spec
from dataset_script.vocabulary import AGE_GROUPS, ETHNICITIES, EXPRESSION_KINDS, GENDERS, format_frame_id

from .appearance.places.setups import choose_setup
from .catalogue import frames_licence
from .geometry.camera import Camera
from .geometry.room import camera_row, head_pose_row
from .plan import ExpressionPlan, IdentityPlan, ViewPlan

Row = dict[str, Any]


def frame_key(person: IdentityPlan, expression: ExpressionPlan, view: ViewPlan) -> Row:
    """The columns that name a frame, in every configuration."""
    return {
        "frame_id": format_frame_id(
            person.identity_id, expression.expression_id, view.view_id, reference_id=person.occasion
        ),
        "identity_id": person.identity_id,
        "expression_id": expression.expression_id,
        "view_id": view.view_id,
    }


def planned_row(spec: Spec, person: IdentityPlan, prompt: str, expression: ExpressionPlan, view: ViewPlan) -> Row:
    """A row of `FEATURES["default"]` without what needs the face: pictures, landmarks, `face_box`, what covers it.

    `prompt`: what `prompts.prompt_of` says of the person; one for all rows.

    Raises:
        InvalidInput: the specification names a part that the catalogue does not list.
    """
    camera, up = Camera.from_plan(view, spec.size, expression.head_motion), person.circumstances.up
    return frame_key(person, expression, view) | {
        "au": [float(level) for level in expression.au],
        "pspi": expression.pspi,
        "extra_au": {name: float(expression.extra_au.get(name, 0.0)) for name in EXTRA_AU_NAMES},
        "age_group": AGE_GROUPS.index(person.age_group),
        "age": person.age,
        "ethnicity": ETHNICITIES.index(person.ethnicity),
        "gender": GENDERS.index(person.gender),
        "prompt": prompt,
        "camera": camera_row(camera, up),
        "head_pose": head_pose_row(camera, up),
        "neutral_frame_id": format_frame_id(person.identity_id, 0, view.view_id),
        "expression_kind": EXPRESSION_KINDS.index(expression.kind),
        "expression": expression.name,
        "scene": person.scene,
        "setup": choose_setup(person, spec.seed)[0],
        "posture": person.circumstances.posture,
        "camera_kind": view.camera,
        "seed": spec.seed,
        "renderer": spec.renderer,
        "rig": spec.rig,
        "head": spec.head,
        "licence": frames_licence(spec),
    }
