"""The second tab: a picture, and a neutral one of the same person where the model takes it -> scores and attention."""

from pathlib import Path

import gradio as gr
from gradio.data_classes import ImageData

from . import markup
from .face_tab import FaceTab, face_and_neutral
from .live_faces import LiveFaces
from .photo_scorer import PhotoScorer


def uploaded(payload: ImageData | None) -> Path | None:
    """The file of a picture, which nothing has opened: `PhotoScorer` says in words what is wrong with it.

    Gradio has checked that it lies where uploads are. A data: URL has no file, and is not taken.
    """
    return None if payload is None or payload.path is None else Path(payload.path)


def photo_html(scorer: PhotoScorer, photo: Path | None, neutral: Path | None = None) -> str:
    """The scores of a picture, or what is missing."""
    if photo is None:
        return markup.message("Choose a picture of a face, or take one with the webcam; its scores appear here.")
    if not all(path is None or path.is_file() for path in (photo, neutral)):
        return markup.message("The picture has been deleted from the server by now; choose it again.", "error")
    return markup.reading(scorer.read(photo, neutral))


def build_photo_tab(scorer: PhotoScorer, faces: LiveFaces, face_tab: FaceTab, tabs: gr.Tabs, own_id: str) -> None:
    """Lays out the tab inside the Blocks that are open; `face_tab`'s button fills it."""
    with gr.Row(elem_classes="split"):
        with gr.Column(scale=2, min_width=300):
            photo = _photo("Picture", "photo")
            optional = "" if scorer.needs_neutral else " (optional)"
            neutral = _photo(f"The same person, neutral{optional}", "neutral", scorer.compares)
            gr.Markdown(_about(scorer), sanitize_html=True)
        with gr.Column(scale=3, min_width=300):
            shown = gr.HTML(photo_html(scorer, None), apply_default_css=False, elem_id="photo-scores")
    inputs = [photo, neutral] if scorer.compares else [photo]

    def score(*pictures: Path | None) -> str:
        return photo_html(scorer, *pictures)

    def fill(*values: str | float | None) -> tuple:
        face, at_rest = face_and_neutral(faces, values)
        return gr.Tabs(selected=own_id), face, *((at_rest,) if scorer.compares else ())

    hidden = {"api_visibility": "private"}
    gr.on(
        [event for each in inputs for event in (each.input, each.clear)],
        score,
        inputs,
        shown,
        trigger_mode="always_last",
        **hidden,
    )
    face_tab.score.click(fill, face_tab.controls, [tabs, *inputs], **hidden).then(score, inputs, shown, **hidden)


def _photo(label: str, name: str, visible: bool = True) -> gr.Image:
    picture = gr.Image(
        label=label,
        type="filepath",
        image_mode=None,
        format="png",
        sources=["upload", "webcam", "clipboard"],
        buttons=[],
        height=320,
        elem_id=name,
        visible=visible,
    )
    picture.preprocess = uploaded  # a subclass would do, but Gradio writes a .pyi beside the module of one
    return picture


def _about(scorer: PhotoScorer) -> str:
    neutral = {
        (True, True): "The model compares a picture with a neutral one of the same person, and needs both.",
        (True, False): "The model can compare a picture with a neutral one of the same person.",
        (False, False): "The model sees one picture; it takes no neutral one to compare with.",
    }[scorer.compares, scorer.needs_neutral]
    notes = " ".join(f"Note: {note}." for note in scorer.notes)
    return f"The largest face is found and scored by **{scorer.name}**. {neutral} {notes}"
