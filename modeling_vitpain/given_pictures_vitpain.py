"""Pictures as they were given to a pipeline: which one an error is about, and whether two are the same."""

import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch.utils.data import Dataset, IterableDataset

from .arrays_vitpain import as_numpy, is_array
from .picture_text_vitpain import is_file, is_url


@dataclass(frozen=True, eq=False)
class Given:
    """A picture of a call.

    Attributes:
        image: path, URL, base64, PIL, array or tensor.
        place: where it stands, as "inputs[2]"; empty for the only picture.
        box: (x0, y0, x1, y1) of the face in pixels of the upright picture; "whole": the picture is one.
        references: its own neutral pictures; None: it has those of the call, if any.
    """

    image: Any
    place: str = ""
    box: Any = None
    references: "list[Given] | None" = None


def numbered(pictures: list, name: str) -> list[Given]:
    """Pictures with their places, "name[0]" and so on; the only one is "name"."""
    return [Given(image, f"{name}[{k}]" if len(pictures) > 1 else name) for k, image in enumerate(pictures)]


def is_list(value) -> bool:
    """Whether it is a sequence of things, such as a list or a column of a dataset, and no text or bytes."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray | memoryview)


def with_places(inputs):
    """What is given to a pipeline, each picture with its place: a list, a generator, a dataset or one picture."""
    if is_list(inputs) or (is_array(inputs) and inputs.ndim == 4):
        pictures = list(inputs)
        return numbered(pictures, "inputs") if len(pictures) > 1 else [Given(image) for image in pictures]
    if isinstance(inputs, types.GeneratorType):
        return (Given(image, f"inputs[{k}]") for k, image in enumerate(inputs))
    if isinstance(inputs, Dataset):
        return inputs if isinstance(inputs, IterableDataset) else _PlacedDataset(inputs)
    return Given(inputs)


class _PlacedDataset(Dataset):
    def __init__(self, pictures: Dataset):
        self._pictures = pictures

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, k: int) -> Given:
        return Given(self._pictures[k], f"inputs[{k}]")


@contextmanager
def errors_of(given: Given) -> Iterator[None]:
    """Errors raised inside begin with the picture's place and its path or URL."""
    try:
        yield
    except (ValueError, TypeError, OSError, SyntaxError) as error:
        file = given.image if is_url(given.image) else _path_of(given.image)
        named = "" if file is None or str(file) in str(error) else str(file)
        where = f"{given.place} ({named})" if given.place and named else given.place or named
        if not where:
            raise
        kind = next(kind for kind in (ValueError, TypeError, OSError, SyntaxError) if isinstance(error, kind))
        raise kind(f"{where}: {error}") from error


def is_same_picture(one, other) -> bool:
    """Whether two things given as pictures are one: the same file, the same text, or equal pixels of one kind."""
    if isinstance(one, Image.Image) and isinstance(other, Image.Image):
        return one is other or (one.mode == other.mode and one.size == other.size and one.tobytes() == other.tobytes())
    if is_array(one) and is_array(other):
        return np.array_equal(as_numpy(one), as_numpy(other))
    files = _path_of(one), _path_of(other)
    if None not in files:
        return files[0].resolve() == files[1].resolve() and _page_of(one) == _page_of(other)
    return isinstance(one, str) and isinstance(other, str) and one == other


def _path_of(image) -> Path | None:
    """The file that a path names, or that a PIL picture was opened from; None: there is none."""
    source = getattr(image, "filename", None) if isinstance(image, Image.Image) else image
    return Path(source) if isinstance(source, str | Path) and source and is_file(source) else None


def _page_of(image) -> int:
    """Which picture of its file a PIL picture is, from 0; of a path, the first is taken."""
    return image.tell() if isinstance(image, Image.Image) else 0


def with_boxes(inputs, boxes: np.ndarray, name: str = "boxes"):
    """One picture or a list, each with its box of `boxes` (N, 4). Raises ValueError unless there is one for each."""
    several = isinstance(inputs, list)
    pictures = inputs if several else [inputs]
    if not all(isinstance(picture, Given) for picture in pictures):
        raise ValueError(f"{name} is for a picture or a list of pictures; a generator or dataset has none")
    if len(pictures) != len(boxes):
        raise ValueError(f"{len(boxes)} {name} were given for {len(pictures)} pictures; allowed is one for each")
    paired = [replace(picture, box=box) for picture, box in zip(pictures, boxes, strict=True)]
    return paired if several else paired[0]


def with_references(inputs, reference: list, boxes):
    """One picture or a list, each with its own set of neutral pictures.

    Args:
        inputs: from `with_places`.
        reference: a list for each picture; an empty one where the person has none.
        boxes: None; nested likewise, a box for each reference; or "whole".

    Raises:
        ValueError: not one set for each picture, or not one box for each reference.
    """
    if not isinstance(inputs, list | Given):
        raise ValueError("reference is a list of lists, one set for each picture; allowed is beside a list of pictures")
    several = isinstance(inputs, list)
    pictures = inputs if several else [inputs]
    loose = next((k for k, found in enumerate(reference) if not is_list(found)), None)
    if loose is not None:
        raise ValueError(
            f"reference[{loose}] is no list, but others are; allowed are pictures of one person, or a list for each "
            "picture"
        )
    if len(reference) != len(pictures):
        raise ValueError(
            f"reference holds {len(reference)} sets for {len(pictures)} picture(s); allowed is one set for each, or a "
            "flat list of one person's pictures"
        )
    if isinstance(boxes, str):
        boxes = [[boxes] * len(found) for found in reference]
    if boxes is not None and [len(found) for found in boxes] != [len(found) for found in reference]:
        raise ValueError("reference_boxes does not hold one box for each picture of each set of reference")
    own = []
    for k, (picture, found) in enumerate(zip(pictures, reference, strict=True)):
        neutral = [Given(image, f"reference[{k}][{n}]") for n, image in enumerate(found)]
        if boxes is not None:
            neutral = [replace(one, box=box) for one, box in zip(neutral, boxes[k], strict=True)]
        own.append(replace(picture, references=neutral))
    return own if several else own[0]


__all__ = [
    "Given",
    "errors_of",
    "is_list",
    "is_same_picture",
    "numbered",
    "with_boxes",
    "with_places",
    "with_references",
]
