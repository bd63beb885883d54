"""Identifiers and label vocabularies of a row, for whoever needs no schema: `features` takes a second to import."""

import re

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
"""Expression 0 is neutral, 1-10 are pain; others move without pain."""
EXPRESSIONS_PER_IDENTITY = 11
"""Expression 0 is neutral, 1-10 are pain."""
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
_FRAME_ID = re.compile(r"([0-9]{5})-([0-9]{2})-([0-9])")


def kind_of(expression_id: int) -> int:
    """Index into `EXPRESSION_KINDS` of a planned expression."""
    return 0 if expression_id == 0 else 1 if expression_id < EXPRESSIONS_PER_IDENTITY else 2


def format_frame_id(identity_id: int, expression_id: int, view_id: int) -> str:
    """The id "00017-04-1" for identity 17, expression 4, view 1."""
    return f"{identity_id:05d}-{expression_id:02d}-{view_id:d}"


def parse_frame_id(frame_id: str) -> tuple[int, int, int]:
    """(identity, expression, view) of a frame id. Raises InvalidInput on anything else."""
    match = _FRAME_ID.fullmatch(frame_id)
    if match is None:
        raise InvalidInput(f"frame_id is {frame_id!r}; it must look like '00017-04-1' (identity-expression-view)")
    identity_id, expression_id, view_id = map(int, match.groups())
    if expression_id >= EXPRESSIONS_PER_IDENTITY or view_id >= VIEWS_PER_EXPRESSION:
        raise InvalidInput(
            f"frame_id is {frame_id!r}; expressions are 0-{EXPRESSIONS_PER_IDENTITY - 1} "
            f"and views 0-{VIEWS_PER_EXPRESSION - 1}"
        )
    return identity_id, expression_id, view_id
