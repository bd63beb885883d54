"""What an importer knows of one frame, and how it becomes a row of an imported dataset."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from datasets import Features

from ..facs import EXTRA_AU_NAMES
from ..features import IMPORTED_FEATURES, STIMULUS_FEATURES


@dataclass(slots=True)
class SourceFrame:
    """One frame of a source, its labels checked.

    Attributes:
        pspi: 0-16; None: the source tells the stimulus and nothing of the face.
        where: what the source needs to find the picture again.
        au: (6,), C1 order; None: the source does not give them.
        stimulus: level, an index into `STIMULI`.
        age: years. gender: an index into `GENDERS`.
        sequence_ratings: some of `RATINGS`.
        aam_landmarks: (66, 2), x and y in pixels.
        split: "train", "validation", "test"; None: the source has none.
    """

    frame_id: str
    subject_id: str
    where: Any
    pspi: int | None
    au: tuple[float, ...] | None
    expression_id: int
    view_id: int = 0
    sequence_id: str | None = None
    extra_au: dict[str, float | None] | None = None
    sequence_ratings: dict[str, float] | None = None
    aam_landmarks: np.ndarray | None = None
    face_box: tuple[float, float, float, float] | None = None
    split: str | None = None
    licence: str | None = None
    stimulus: int | None = None
    age: int | None = None
    gender: int | None = None
    identity_id: int = -1
    fold: int | None = None
    neutral_frame_id: str | None = None


class Source(Protocol):
    """One layout on the disk.

    Attributes:
        layout: its name, for people.
        num_pictures: pictures seen, good and bad; known once `frames` has run.
        folds: the source's own cross-validation: (training subjects, validation subjects) each.
    """

    layout: str
    num_pictures: int
    folds: list[tuple[list[str], list[str]]] | None

    def frames(self, report: Any) -> list[SourceFrame]:
        """All usable frames, in the source's order; everything else is named in the report."""

    def path(self, frame: SourceFrame) -> str | None:
        """The absolute path of its picture; None where it lies inside an archive."""

    def file(self, frame: SourceFrame) -> str:
        """The path of the file that its picture is read from: the picture, or an archive or a video with it."""

    def read(self, frame: SourceFrame) -> bytes:
        """Its picture as a PNG or JPEG file. Quick when frames are asked for in the source's order."""


def features_of(frames: Sequence[SourceFrame]) -> Features:
    """The schema of a source's rows: with a column `stimulus` where the source tells it."""
    return IMPORTED_FEATURES if all(frame.stimulus is None for frame in frames) else STIMULUS_FEATURES


def frames_table(frames: Sequence[SourceFrame], paths: Sequence[str | None]) -> pa.Table:
    """Rows with the schema of `features_of`; each image is its path, without bytes."""
    schema = features_of(frames).arrow_schema
    known = {
        "image": [{"bytes": None, "path": path} for path in paths],
        "extra_au": [frame.extra_au and {n: frame.extra_au.get(n) for n in EXTRA_AU_NAMES} for frame in frames],
        "aam_landmarks": [None if frame.aam_landmarks is None else frame.aam_landmarks.tolist() for frame in frames],
    }
    columns = []
    for field in schema:
        if field.name in known:
            columns.append(pa.array(known[field.name], field.type))
        elif field.name in SourceFrame.__dataclass_fields__:
            columns.append(pa.array([getattr(frame, field.name) for frame in frames], field.type))
        else:
            columns.append(pa.nulls(len(frames), field.type))
    return pa.Table.from_arrays(columns, schema=schema)


def with_bytes(table: pa.Table, pictures: Sequence[bytes]) -> pa.Table:
    """The same rows with the pictures in them and no path."""
    place = table.schema.get_field_index("image")
    field = table.schema.field(place)
    images = pa.array([{"bytes": picture, "path": None} for picture in pictures], field.type)
    return table.set_column(place, field, images)


def link_neutral_frames(frames: Sequence[SourceFrame]) -> None:
    """Sets `neutral_frame_id`: the first neutral frame of the same sequence and view, else of the subject and view."""
    first: dict[tuple, str] = {}
    for frame in frames:
        if frame.expression_id == 0:
            first.setdefault((frame.subject_id, frame.view_id, frame.sequence_id), frame.frame_id)
            first.setdefault((frame.subject_id, frame.view_id), frame.frame_id)
    for frame in frames:
        own, subject = (frame.subject_id, frame.view_id, frame.sequence_id), (frame.subject_id, frame.view_id)
        frame.neutral_frame_id = first.get(own, first.get(subject))
