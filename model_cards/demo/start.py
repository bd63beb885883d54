"""Opening the parts of the demo and serving its page."""

from collections.abc import Callable
from pathlib import Path

from generation.run.kernels import announcing_compilation

from .frame_index import FrameIndex
from .live_faces import LiveFaces
from .page import build_page
from .photo_scorer import PhotoScorer
from .server import private_cache, serve, wait


def run_demo(model: str | None, data: Path | None, host: str, port: int, say: Callable[[str], None]) -> None:
    """Serves the page until Ctrl-C or SIGTERM.

    Args:
        model: as `PhotoScorer`; without one, and where none comes with the package, the page says that there is none.
        data: a dataset directory to be browsed.
        host, port: where.
        say: is given a line for each thing that the person who starts it should know.

    Raises:
        InvalidInput, WorkFailed: model, data, host or port cannot be used.
    """
    from transformers.utils import logging

    logging.disable_progress_bar()
    index = None if data is None else FrameIndex(data)
    scorer, why_no_model = _scorer(model)
    for note in [why_no_model, *(scorer.notes if scorer else ())]:
        if note:
            say(note)
    with announcing_compilation(), private_cache():
        page = build_page(LiveFaces(), scorer, index, why_no_model)
        address = serve(page, host, port)
        say(f"Pain3D's page is at {address} (Ctrl-C ends it)")
        wait(page)


def _scorer(model: str | None) -> tuple[PhotoScorer | None, str]:
    """The model, or None and why there is none."""
    try:
        return PhotoScorer(model), ""
    except FileNotFoundError as error:
        if model is not None:
            raise
        return None, f"{error} with --model"
