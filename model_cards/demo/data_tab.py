"""The third tab: the frames of a dataset directory, filtered by their labels."""

from collections.abc import Sequence

import gradio as gr
import numpy as np

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.facs import AU_DESCRIPTIONS, PSPI_MAX
from dataset_script.vocabulary import SPLITS
from generation.sheets.gallery import heat_over

from . import markup
from .frame_index import CLASSES, FrameIndex, Wanted

PAGE = 24
"""Frames on a page."""

_ANY = "any"
_CLICKED = """element.addEventListener('click', event => {
  const chosen = event.target.closest('button[data-frame]');
  if (chosen) trigger('select', {frame: Number(chosen.dataset.frame)});
});"""


def wanted_of(
    low: float, high: float, unit: str, level: float, splits: Sequence[str], *classes: Sequence[str]
) -> Wanted:
    """The filter that the controls ask for; `classes` in the order of `CLASSES`. Raises InvalidInput."""
    chosen = {name: tuple(names) for name, names in zip(CLASSES, classes, strict=True)}
    return Wanted((low, high), None if unit == _ANY else unit, level, tuple(splits), **chosen)


def page_html(index: FrameIndex, found: np.ndarray, page: int) -> tuple[str, int, str]:
    """A page of small pictures, the number of the page that is shown, and a line that says of how many."""
    pages = max(-(-len(found) // PAGE), 1)
    page = min(max(page, 0), pages - 1)
    if not len(found):
        return markup.message("No frame is like this: widen the filters."), page, f"0 of {len(index):,} frames"
    numbers = found[page * PAGE : (page + 1) * PAGE].tolist()
    try:
        thumbnails = markup.thumbnails(zip(numbers, index.frames(numbers), strict=True))
    except WorkFailed as error:
        thumbnails = markup.message(f"{error}.", "error")
    return thumbnails, page, f"{len(found):,} of {len(index):,} frames, page {page + 1:,} of {pages:,}"


def frame_html(index: FrameIndex, number: object) -> str:
    """A frame with all that the dataset says of it."""
    if not isinstance(number, int) or not 0 <= number < len(index):
        return markup.message("There is no such frame.", "error")
    try:
        (frame,) = index.frames([number], with_heat=True)
    except WorkFailed as error:
        return markup.message(f"{error}.", "error")
    heat = None if frame.heat is None else heat_over(frame.heat, frame.picture)
    return markup.stored_frame(frame, heat)


def build_data_tab(index: FrameIndex) -> None:
    """Lays out the tab inside the Blocks that are open."""
    everything = np.arange(len(index))
    with gr.Row(elem_classes="split"):
        with gr.Column(scale=1, min_width=260):
            filters = _filters(index)
        with gr.Column(scale=3, min_width=300):
            first, _, words = page_html(index, everything, 0)
            with gr.Row(elem_classes="pager"):
                before = gr.Button("Previous", size="sm", min_width=80, elem_id="previous")
                count = gr.Markdown(words, elem_id="count")
                after = gr.Button("Next", size="sm", min_width=80, elem_id="next")
            shown = gr.HTML(first, js_on_load=_CLICKED, apply_default_css=False, elem_id="thumbnails")
            detail = gr.HTML(
                markup.message("Choose a frame to see it large, with its labels."),
                apply_default_css=False,
                elem_id="frame",
            )
    page = gr.State(0)
    outputs = [shown, page, count]
    hidden = {"api_visibility": "private", "trigger_mode": "always_last", "show_progress": "minimal", "queue": False}

    def turn(step: int | None):
        def show(page: int, *values) -> tuple[str, int, str]:
            try:
                found = index.find(wanted_of(*values))
            except InvalidInput as error:
                return markup.message(f"{error}.", "error"), 0, ""
            return page_html(index, found, 0 if step is None else page + step)

        return show

    gr.on([each.input for each in filters], turn(None), [page, *filters], outputs, **hidden)
    before.click(turn(-1), [page, *filters], outputs, **hidden)
    after.click(turn(1), [page, *filters], outputs, **hidden)

    def choose(event: gr.EventData) -> str:
        return frame_html(index, event._data.get("frame"))

    shown.select(choose, None, detail, scroll_to_output=True, **hidden)


def _filters(index: FrameIndex) -> list[gr.components.Component]:
    """The controls, in the order of the arguments of `wanted_of`."""
    low = _slider(0, PSPI_MAX, 0, 1, "PSPI from", "pspi-from")
    high = _slider(0, PSPI_MAX, PSPI_MAX, 1, "PSPI to", "pspi-to")
    classes = {name: _classes(name, names) for name, names in CLASSES.items() if name != "expression_kind"}
    with gr.Accordion("More filters", open=False):
        units = [("Any", _ANY), *((f"{name} {AU_DESCRIPTIONS[name]}", name) for name in index.units)]
        unit = gr.Dropdown(units, value=_ANY, label="With the action unit", elem_id="unit")
        level = _slider(0.5, 5, 1, 0.5, "Its lowest intensity", "level")
        classes["expression_kind"] = _classes("expression_kind", CLASSES["expression_kind"])
        present = {shard.split for shard in index.found.of_config("default")}
        splits = _classes("split", [name for name in SPLITS if name in present])
    return [low, high, unit, level, splits, *(classes[name] for name in CLASSES)]


def _classes(label: str, names: Sequence[str]) -> gr.CheckboxGroup:
    choices = [(markup.titled(name), name) for name in names]
    return gr.CheckboxGroup(choices, label=label.replace("_", " ").capitalize(), elem_id=label)


def _slider(low: float, high: float, value: float, step: float, label: str, name: str) -> gr.Slider:
    return gr.Slider(low, high, value=value, step=step, label=label, elem_id=name, buttons=[])
