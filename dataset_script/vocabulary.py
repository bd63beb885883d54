"""Identifiers and label vocabularies of a row, for whoever needs no schema: `features` takes a second to import."""

import re
from typing import NamedTuple

from .errors import InvalidInput

AGE_GROUPS: tuple[str, ...] = ("young", "elderly")
ETHNICITIES: tuple[str, ...] = ("latino", "white", "south_asian", "black", "middle_eastern", "east_asian")
GENDERS: tuple[str, ...] = ("man", "woman")
STIMULI: tuple[str, ...] = ("BL1", "PA1", "PA2", "PA3", "PA4")
"""BioVid's stimulus levels 0 to 4: no stimulus, and heat from the pain threshold to the tolerance of each subject."""
SPLITS: tuple[str, ...] = ("train", "validation", "test")
SPLIT_RATIO: tuple[int, ...] = (1747, 497, 256)
"""Identities of train : validation : test at 2,500."""
EXPRESSION_KINDS: tuple[str, ...] = ("neutral", "pain", "other")
"""How a face is: at rest, in pain, or moving without pain."""
EXPRESSIONS_PER_IDENTITY = 11
"""Expression 0 is neutral, 1-10 are pain; those that are neither come after them."""
MAX_OTHERS = 40
"""Expressions of a person that are neither, at most."""
VIEWS_PER_EXPRESSION = 3
"""View 0 is frontal, 1 and 2 are yawed."""
NUM_LANDMARKS = 68
SEGMENTS: tuple[str, ...] = (
    "background",
    "skin",
    "lips",
    "eyes",
    "brows",
    "lashes",
    "teeth",
    "mouth",
    "hair",
    "clothes",
    "accessory",
    "bedding",
)
"""Pixel value of the `segments` PNG -> what is there. An accessory is worn on the head; bedding lies around it."""
OPTIONAL_COLUMNS = frozenset({"mesh"})
"""Columns of generated data that may be null."""
MAX_REFERENCES = 20
"""Further neutral pictures of a person, at most."""
_FRAME_ID = re.compile(r"([0-9]{5})-(?:([0-9]{2})|r([1-9][0-9]?))-([0-9])")


class FrameKey(NamedTuple):
    """What a frame id names: a view of an expression of a person; or, from 1 on, a reference picture of the person."""

    identity_id: int
    expression_id: int
    view_id: int
    reference_id: int = 0


def kind_of(expression_id: int) -> int:
    """Index into `EXPRESSION_KINDS` of a planned expression."""
    return 0 if expression_id == 0 else 1 if expression_id < EXPRESSIONS_PER_IDENTITY else 2


def format_frame_id(identity_id: int, expression_id: int, view_id: int, reference_id: int = 0) -> str:
    """The id "00017-04-1" for identity 17, expression 4, view 1; "00017-r2-0" for the person's reference picture 2."""
    moment = f"r{reference_id:d}" if reference_id else f"{expression_id:02d}"
    return f"{identity_id:05d}-{moment}-{view_id:d}"


def parse_frame_id(frame_id: str) -> FrameKey:
    """What a frame id names. Raises InvalidInput on anything else."""
    match = _FRAME_ID.fullmatch(frame_id)
    if match is None:
        raise InvalidInput(f"frame_id is {frame_id!r}; it must look like '00017-04-1' (identity-expression-view)")
    identity_id, expression_id, reference_id, view_id = (int(number or 0) for number in match.groups())
    if reference_id > MAX_REFERENCES or (reference_id and view_id):
        raise InvalidInput(f"frame_id is {frame_id!r}; reference pictures are r1 to r{MAX_REFERENCES}, of view 0")
    if expression_id >= EXPRESSIONS_PER_IDENTITY + MAX_OTHERS or view_id >= VIEWS_PER_EXPRESSION:
        raise InvalidInput(
            f"frame_id is {frame_id!r}; expressions are 0-{EXPRESSIONS_PER_IDENTITY + MAX_OTHERS - 1} "
            f"and views 0-{VIEWS_PER_EXPRESSION - 1}"
        )
    return FrameKey(identity_id, expression_id, view_id, reference_id)
