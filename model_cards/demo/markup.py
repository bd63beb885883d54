"""HTML of what the page shows. Every text goes through `escape`; pictures lie in the page itself, in no file."""

import base64
import io
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from PIL import Image

from dataset_script.facs import ALL_AU_NAMES, AU_DESCRIPTIONS, AU_NAMES, PSPI_MAX, pspi
from modeling_vitpain.prediction.image_scores import ImageScores
from modeling_vitpain.prediction.overlay import au_max

from .frame_index import StoredFrame
from .live_faces import LiveFace
from .photo_scorer import Reading

THUMBNAIL = 160
"""Side in pixels of a small picture."""


def picture(image: Image.Image, alt: str, caption: str = "") -> str:
    """A picture with its description for those who do not see it, and a line of text under it."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92)
    source = f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    line = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return (
        f'<figure><img src="{source}" alt="{escape(alt)}" width="{image.width}" height="{image.height}">{line}</figure>'
    )


def titled(name: str) -> str:
    """A name of the schema in words: "South Asian" of "south_asian"."""
    return name.replace("_", " ").title()


def message(text: str, kind: str = "note") -> str:
    """A box with one or several lines. `kind`: "note", "warning" or "error"."""
    role = ' role="alert"' if kind == "error" else ""
    return f'<div class="box {escape(kind)}"{role}>{escape(text)}</div>'


def live_face(face: LiveFace) -> str:
    """A rendered face beside its heatmap, and its PSPI as the sum that it is."""
    units = dict(zip(AU_NAMES, face.portrait.au, strict=True))
    score = float(pspi(face.portrait.au))
    rest = "no skin has moved" if face.most_mm < 0.05 else f"up to {face.most_mm:.1f} mm"
    return (
        '<div class="pictures">'
        + picture(face.picture, f"Rendered face of {face.who}, PSPI {score:g}", f"Rendered: {face.who}")
        + picture(face.heat, "Heatmap of the same face", f"How far the skin moved: {rest}")
        + f'</div><div class="pspi"><span class="score" id="live-pspi">PSPI {score:g}</span>'
        f'<span class="of">of {PSPI_MAX}</span><span class="sum">{escape(_sum(units))}</span></div>'
    )


def _sum(units: Mapping[str, float]) -> str:
    value = {name: f"{name} {level:g}" for name, level in units.items()}
    lids = f"max({value['AU6']}, {value['AU7']})"
    return f"= {value['AU4']} + {lids} + max({value['AU9']}, {value['AU10']}) + {value['AU43']}"


def reading(found: Reading) -> str:
    """What a model says of a picture: PSPI and units with their intervals, where it looked, and warnings."""
    scores = found.scores
    if scores.error is not None:
        return message(f"No scores: {scores.error}.", "error")
    notes = [message(f"Do not trust these scores: {scores.warning}.", "warning")] if scores.warning else []
    if scores.faces is not None and scores.faces > 1:
        notes.append(message(f"The picture shows {scores.faces} faces; the largest and most central one was scored."))
    compared = "compared with the neutral picture" if found.compared else "from this picture alone"
    head = (
        f'<div class="pspi"><span class="score" id="photo-pspi">PSPI {scores.pspi:.1f}</span>'
        f'<span class="of">of {PSPI_MAX}, 90 % interval {scores.pspi_low} to {scores.pspi_high}</span>'
        f'<span class="sum">{escape(compared)}{_pose(scores)}</span></div>'
    )
    return head + "".join(notes) + _score_table(scores) + _attention(found)


def _pose(scores: ImageScores) -> str:
    if scores.yaw is None:
        return ""
    return f"; head at yaw {scores.yaw:.0f}°, pitch {scores.pitch:.0f}°"


def _score_table(scores: ImageScores) -> str:
    rows = [_score_row("PSPI", "", scores.pspi, (scores.pspi_low, scores.pspi_high), PSPI_MAX)]
    for name, value in scores.au.items():
        interval = (scores.au_interval or {}).get(name)
        rows.append(_score_row(name, AU_DESCRIPTIONS[name], value, interval, au_max(name)))
    if scores.pain_probability is not None:
        rows.append(_score_row("pain", "and not another expression", scores.pain_probability, None, 1))
    banded = "; bands are 90 % intervals" if scores.au_interval else "; this model gives no intervals of units"
    return (
        f'<table class="scores"><caption>Each on its own scale{banded}.</caption>'
        '<thead><tr><th scope="col">what</th><th scope="col">scale</th><th scope="col">predicted</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _score_row(name: str, words: str, value: float, interval: tuple[float, float] | None, top: int) -> str:
    band, ends = "", ""
    if interval is not None:
        low, high = (100 * end / top for end in interval)
        band = f'<i class="band" style="left:{low:.1f}%;width:{high - low:.1f}%"></i>'
        digits = 0 if all(isinstance(end, int) for end in interval) else 1
        ends = f" <small>{interval[0]:.{digits}f} to {interval[1]:.{digits}f}</small>"
    return (
        f'<tr><th scope="row">{escape(name)} <small>{escape(words)}</small></th>'
        f'<td class="scale"><span class="track">{band}<i class="mark" style="left:{100 * value / top:.1f}%"></i></span>'
        f'<small class="top">{top}</small></td><td class="number">{value:.1f}{ends}</td></tr>'
    )


def _attention(found: Reading) -> str:
    if found.maps is None:
        return message("This model has no action unit queries, so it cannot say where it looked.")
    maps = found.maps
    units = "".join(
        picture(image, f"Where the model looked for {name}", f"{name}, peak {maps.peaks[name]:.1f} x even")
        for name, image in maps.units.items()
    )
    return (
        '<h3>Where it looked</h3><div class="pictures">'
        + picture(found.view, "The part of the picture that the model saw", "What the model saw")
        + picture(maps.counted, "Where the model looked for the PSPI", f"For the PSPI: {maps.shares}")
        + "</div><details><summary>Each action unit by itself</summary>"
        f'<div class="pictures units">{units}</div>'
        f"<p>Attention as a multiple of even attention; the lightest colour is {maps.top:.3g} times even.</p></details>"
    )


def frame_caption(labels: Mapping[str, Any]) -> str:
    """One line about a stored frame, as plain text."""
    level = "PSPI not known" if labels["pspi"] is None else f"PSPI {labels['pspi']}"
    who = labels["subject_id"] if labels["subject_id"] is not None else f"person {labels['identity_id']}"
    return f"{level}, {who}"


def stored_frame(frame: StoredFrame, heat: Image.Image | None) -> str:
    """A stored frame with all that the dataset says of it. `heat`: its heatmap in colour."""
    labels = frame.labels
    if frame.error is not None:
        shown = message(f"{labels['frame_id']}: {frame.error}", "error")
    else:
        pictures = picture(frame.picture, f"Frame {labels['frame_id']}", frame_caption(labels))
        if heat is not None:
            pictures += picture(heat, "Heatmap of the frame", "How far the skin moved")
        shown = f'<div class="pictures">{pictures}</div>'
    return f"{shown}{_table(_label_rows(labels))}"


def _label_rows(labels: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    yield "frame", str(labels["frame_id"])
    units = dict(zip(AU_NAMES, labels["au"] or (), strict=False)) | (labels["extra_au"] or {})
    present = [
        f"{name} {units[name]:g} ({AU_DESCRIPTIONS[name]})" for name in ALL_AU_NAMES if units.get(name) not in (None, 0)
    ]
    if units:
        yield "action units", ", ".join(present) or "none"
    person = [labels[name] for name in ("age", "age_group", "gender", "ethnicity")]
    if any(value is not None for value in person):
        yield "person", ", ".join(titled(str(value)) for value in person if value is not None)
    for name in ("expression_kind", "expression", "scene", "posture", "split", "prompt", "licence", "shard"):
        if labels.get(name) is not None:
            yield name.replace("_", " "), str(labels[name])


def _table(rows: Iterable[tuple[str, str]]) -> str:
    lines = (f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in rows)
    return f'<table class="labels"><tbody>{"".join(lines)}</tbody></table>'


def thumbnails(frames: Iterable[tuple[int, StoredFrame]]) -> str:
    """Small pictures as buttons, each with its number in `data-frame`."""
    buttons = []
    for number, frame in frames:
        caption = frame_caption(frame.labels)
        if frame.error is None:
            small = frame.picture.copy()
            small.thumbnail((THUMBNAIL, THUMBNAIL))
            shown = picture(small, caption, caption)
        else:
            shown = f"<figure><figcaption>{escape(caption)}: cannot be shown</figcaption></figure>"
        buttons.append(f'<button type="button" data-frame="{number:d}">{shown}</button>')
    return f'<div class="thumbnails">{"".join(buttons)}</div>'
