"""The frames of a dataset that the judges look at."""

from collections.abc import Iterator

import datasets
import numpy as np

from dataset_script.errors import InvalidInput
from dataset_script.progress import Progress

from .client import Judges, Picture
from .measures import Readings, group_masks, view_masks

COLUMNS = "frame_id", "identity_id", "view_id", "neutral_frame_id", "pspi", "au", "age_group", "ethnicity", "gender"
FRONTAL = 0
"""The view that SFace compares people by: side views differ by the angle as well."""


def frames_of(directory: str) -> datasets.Dataset:
    """All splits of a dataset, pictures as files. Raises InvalidInput where a column is missing."""
    frames = datasets.concatenate_datasets(list(datasets.load_dataset(directory).values()))
    if missing := {"image", *COLUMNS} - set(frames.column_names):
        raise InvalidInput(f"{directory} has no column {', '.join(sorted(missing))}; allowed is a dataset of `pain3d`")
    frames = frames.cast_column("image", datasets.Image(decode=False))
    if "expression_kind" in frames.column_names:
        kinds = frames.features["expression_kind"]
        other = kinds.str2int("other")
        frames = frames.select(np.flatnonzero(np.array(frames["expression_kind"]) != other))
    return frames


def read_dataset(directory: str, judges: Judges) -> Readings:
    """What the judges see in the neutral and pain frames of a dataset. Raises InvalidInput, WorkFailed."""
    frames = frames_of(directory)
    labels = frames.select_columns(list(COLUMNS))[:]
    view = np.array(labels["view_id"])
    seen = []
    with Progress("frames") as progress:
        for reading in judges.read_all(_pictures(frames, view == FRONTAL)):
            seen.append(reading)
            progress(len(seen), len(frames))
    codes = (np.array(labels[name]) for name in ("ethnicity", "age_group", "gender"))
    worn = frames["occluders"] if "occluders" in frames.column_names else [[]] * len(frames)
    return Readings(
        identity=np.array(labels["identity_id"]),
        groups=group_masks(*codes) | view_masks(view == FRONTAL, np.array(["glasses" in each for each in worn])),
        neutral=own_neutrals(labels["frame_id"], labels["neutral_frame_id"]),
        frontal=view == FRONTAL,
        au=np.array(labels["au"], float),
        pspi=np.array(labels["pspi"]),
        seen=seen,
    )


def own_neutrals(frame_ids: list[str], neutral_ids: list[str]) -> np.ndarray:
    """(N,) the place of each frame's own neutral frame. Raises InvalidInput where it is not there."""
    places = {name: k for k, name in enumerate(frame_ids)}
    for frame, neutral in zip(frame_ids, neutral_ids, strict=True):
        if neutral not in places:
            raise InvalidInput(f"neutral_frame_id of {frame} is {neutral!r}; allowed is a frame of the dataset")
    return np.array([places[neutral] for neutral in neutral_ids])


def _pictures(frames: datasets.Dataset, embedded: np.ndarray) -> Iterator[Picture]:
    for image, embed in zip(frames.select_columns(["image"]), embedded, strict=True):
        yield Picture(image["image"]["bytes"], bool(embed))
