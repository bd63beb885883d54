"""The first tab: action units, a person and a camera -> a face, drawn while a slider moves."""

import secrets
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import gradio as gr
from PIL import Image

from dataset_script.errors import InvalidInput
from dataset_script.facs import AU_DESCRIPTIONS, AU_MAX, AU_NAMES, EXTRA_AU_MAX, EXTRA_AU_NAMES
from dataset_script.vocabulary import ETHNICITIES, GENDERS
from generation.plan import ViewPlan
from generation.sheets.portrait import Portrait

from . import markup
from .live_faces import SCORED, LiveFaces
from .markup import titled

_PEOPLE = 100_000
_FOV, _FRAMING = 26.0, 1.0
_PAIN = (4.0, 3.0, 4.0, 2.0, 3.0, 0.0)
_FIRST = ("woman", "white", 62, 0, 12.0, 0.0, *_PAIN, *(0.0 for _ in EXTRA_AU_NAMES))
"""What the page shows before anything is chosen, in the order of the controls."""
_WHERE = ("gender", "ethnicity", "age", "person", "yaw", "pitch", *AU_NAMES, *EXTRA_AU_NAMES)


class FaceTab(NamedTuple):
    """What other tabs need of this one: the button that scores its face, and the controls that say which."""

    score: gr.Button
    controls: list[gr.components.Component]


def portrait_of(values: Sequence[str | float | None]) -> Portrait:
    """The portrait that the controls ask for, `values` in the order of `_WHERE`. Raises InvalidInput."""
    given = dict(zip(_WHERE, values, strict=True))
    for name, value in given.items():
        if value is None:
            raise InvalidInput(f"{name} is empty")
    for name, allowed in (("gender", GENDERS), ("ethnicity", ETHNICITIES)):
        if given[name] not in allowed:
            raise InvalidInput(f"{name} is {given[name]!r}; allowed are {', '.join(allowed)}")
    return Portrait(
        age=int(given["age"]),
        ethnicity=given["ethnicity"],
        gender=given["gender"],
        person=int(given["person"]),
        au=tuple(float(given[name]) for name in AU_NAMES),
        extra_au={name: float(given[name]) for name in EXTRA_AU_NAMES},
        view=ViewPlan(0, float(given["yaw"]), float(given["pitch"]), 0.0, _FOV, _FRAMING),
    )


def face_html(faces: LiveFaces, values: Sequence[str | float | None]) -> str:
    """The face that the controls ask for, or why there is none."""
    try:
        return markup.live_face(faces.render(portrait_of(values)))
    except InvalidInput as error:
        return markup.message(f"No face: {error}.", "error")


def face_and_neutral(faces: LiveFaces, values: Sequence[str | float | None]) -> tuple[Image.Image, Image.Image]:
    """The face that the controls ask for, and the same person at rest, frontal. Raises gr.Error."""
    at_rest = dict(zip(_WHERE, values, strict=True)) | dict.fromkeys(("yaw", "pitch", *AU_NAMES, *EXTRA_AU_NAMES), 0.0)
    try:
        return tuple(faces.render(portrait_of(each), SCORED).picture for each in (values, list(at_rest.values())))
    except InvalidInput as error:
        raise gr.Error(escape(f"No face: {error}.")) from None  # shown as HTML


def build_face_tab(faces: LiveFaces, can_score: bool) -> FaceTab:
    """Lays out the tab inside the Blocks that are open. `can_score`: whether there is a model."""
    with gr.Row(elem_classes="face-parts"):
        with gr.Column(min_width=240, elem_classes="stage"):
            shown = gr.HTML(face_html(faces, _FIRST), apply_default_css=False, elem_id="live-face")
        with gr.Column(min_width=240, elem_classes="units"):
            with gr.Row(elem_classes="buttons"):
                neutral = gr.Button("Neutral", size="sm", min_width=80)
                pain = gr.Button("In pain", size="sm", min_width=80)
            units = [
                _slider(f"{name} {AU_DESCRIPTIONS[name]}", 0, top, _first(name), 0.5 if top > 1 else 1, name)
                for name, top in zip(AU_NAMES, AU_MAX, strict=True)
            ]
            with gr.Accordion("Units that the PSPI does not count", open=False):
                extras = [
                    _slider(f"{name} {AU_DESCRIPTIONS[name]}", 0, EXTRA_AU_MAX, 0, 0.5, name) for name in EXTRA_AU_NAMES
                ]
            score = gr.Button("Score this face with the model", variant="primary", visible=can_score)
        with gr.Column(min_width=240, elem_classes="who"):
            person = _person_controls()
            another = gr.Button("Another person", size="sm")
    controls = [*person, *units, *extras]

    def draw(*values: str | float | None) -> str:
        return face_html(faces, values)

    # Without Gradio's queue: an answer a request, instead of a stream of events for each step of a slider.
    calm = {"show_progress": "hidden", "trigger_mode": "always_last", "api_visibility": "private", "queue": False}
    gr.on([each.input for each in controls], draw, controls, shown, **calm)
    none = (0.0,) * len(extras)
    for button, levels in ((neutral, (0.0,) * len(units)), (pain, _PAIN)):
        chosen = button.click(lambda levels=levels: (*levels, *none), None, [*units, *extras], **calm)
        chosen.then(draw, controls, shown, **calm)
    drawn = another.click(lambda: secrets.randbelow(_PEOPLE), None, controls[_WHERE.index("person")], **calm)
    drawn.then(draw, controls, shown, **calm)
    return FaceTab(score, controls)


def _person_controls() -> list[gr.components.Component]:
    """Who, and how they are seen: the first six of `_WHERE`."""
    with gr.Row():
        gender = gr.Radio(
            [(titled(name), name) for name in GENDERS], value=_first("gender"), label="Gender", min_width=200
        )
        ethnicity = gr.Dropdown(
            [(titled(name), name) for name in ETHNICITIES],
            value=_first("ethnicity"),
            label="Ethnicity",
            min_width=200,
            elem_id="ethnicity",
        )
    with gr.Row():
        age = _slider("Age, years", 18, 90, _first("age"), 1, "age")
        person = gr.Number(
            _first("person"),
            label=f"Person, 0 to {_PEOPLE - 1}",
            precision=0,
            minimum=0,
            maximum=_PEOPLE - 1,
            min_width=200,
            elem_id="person",
        )
    with gr.Row():
        yaw = _slider("Head turned, °", -60, 60, _first("yaw"), 1, "yaw")
        pitch = _slider("Head raised, °", -30, 30, _first("pitch"), 1, "pitch")
    return [gender, ethnicity, age, person, yaw, pitch]


def _slider(label: str, low: float, high: float, value: float, step: float, name: str) -> gr.Slider:
    return gr.Slider(low, high, value=value, step=step, label=label, min_width=200, elem_id=name, buttons=[])


def _first(name: str) -> str | float:
    return _FIRST[_WHERE.index(name)]
