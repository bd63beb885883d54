"""The page: three tabs under a plain word on what this is not."""

from pathlib import Path

import gradio as gr

from .data_tab import build_data_tab
from .face_tab import build_face_tab
from .frame_index import FrameIndex
from .live_faces import LiveFaces
from .photo_scorer import PhotoScorer
from .photo_tab import build_photo_tab

KEPT_SECONDS = 300
"""How long a picture of a visitor may lie on the server."""

CHECKED_EVERY_SECONDS = 30
STYLE = Path(__file__).with_name("page.css")
THEME = gr.themes.Default(
    primary_hue="blue",
    font=[
        gr.themes.LocalFont("Source Sans Pro", weights=(400, 700)),
        "system-ui",
        "sans-serif",
    ],  # its 600 lacks letters
).set(
    # Gradio's own are too pale to be read easily.
    body_text_color_subdued="*neutral_600",
    body_text_color_subdued_dark="*neutral_400",
    button_primary_background_fill="*primary_600",
    button_primary_background_fill_hover="*primary_700",
)

_FACE, _PHOTO, _DATA = "face", "photo", "data"


def build_page(
    faces: LiveFaces, scorer: PhotoScorer | None, index: FrameIndex | None, why_no_model: str = ""
) -> gr.Blocks:
    """The page, not yet served.

    Args:
        faces: draws faces.
        scorer: scores pictures; None: the second tab says `why_no_model`.
        index: the frames to be browsed; None: the third tab says how to give some.
    """
    kept = (CHECKED_EVERY_SECONDS, KEPT_SECONDS)
    with gr.Blocks(title="Pain3D", analytics_enabled=False, delete_cache=kept) as page:
        gr.Markdown("# Pain3D\nSynthetic faces in pain, and a model that reads pain in faces.", elem_id="title")
        gr.Markdown(_limits(scorer), elem_id="limits", container=True)
        with gr.Tabs() as tabs:
            with gr.Tab("Make a face", id=_FACE):
                face_tab = build_face_tab(faces, scorer is not None)
            with gr.Tab("Score a picture", id=_PHOTO):
                if scorer is None:
                    gr.Markdown(f"There is no model here: {why_no_model}", elem_id="no-model", container=True)
                else:
                    build_photo_tab(scorer, faces, face_tab, tabs, _PHOTO)
            with gr.Tab("Browse data", id=_DATA):
                if index is None:
                    gr.Markdown(_NO_DATA, elem_id="no-data", container=True)
                else:
                    build_data_tab(index)
    return page


_NO_DATA = (
    "No dataset was given to this page. Make one with `pain3d generate pain3d --identities 24 --size 256`, "
    "and start the page with `pain3d demo --data pain3d`."
)


def _limits(scorer: PhotoScorer | None) -> str:
    seen = (
        ""
        if scorer is None
        else f" Pictures that you give are scored on the machine that serves this page, deleted from it within "
        f"{(KEPT_SECONDS + CHECKED_EVERY_SECONDS) / 60:.0f} minutes, and used for nothing else."
    )
    return (
        "**What this is not.** Not a medical device: do not use it to decide about anyone's pain or treatment. "
        "The faces are drawn by a program; no patient was photographed. Models trained on them have not been "
        f"validated on patients, and they see movements of the face, not what somebody feels.{seen}"
    )
