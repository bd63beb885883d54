"""What a piece is expected to take on one core: measured paces, and how much there is to do.

The first piece that needs tokens of pictures, or the outputs of a teacher, pays for them; others share them.
"""

from collections.abc import Callable

from .pieces import Piece, features_name, seeds
from .rows import MAIN, PICTURES, Row, rows
from .scale import SPLITS, Scale

SECONDS = {
    "frame drawn": 0.11,
    "frame of a shift set": 0.07,
    "picture kept": 0.045,
    "picture scored": 0.11,
    "frame scored from tokens": 0.001,
    "frame scored from tokens, with attention to a reference": 0.006,
    "step of heads": 0.08,
    "step of heads with differences": 0.17,
    "step of heads with attention to a reference": 0.75,
    "picture of a step": 0.085,
    "picture of a step, all layers": 0.15,
    "picture of a step, tiny": 0.01,
    "frame of a simple row": 0.02,
    "start": 50.0,
}
"""Of one core for each: 256 px drawn with geometry, 224 px seen by nine layers of ViT-S; learning is in bfloat16."""
SHIFT_FRAMES = 3072
"""Of all shift sets, Cycles and ICT-FaceKit among them."""
DRAWN_SHIFT_FRAMES = 1728
SIMPLE_FRAMES = 8000
"""Of training and validation, which simple rows are fitted to."""
EXPLAINED = 500


def expected_seconds(piece: Piece, scale: Scale) -> float:
    """Seconds that a piece is expected to take."""
    if piece.kind == "data":
        people = scale.people if piece.data == MAIN else scale.part
        return people * PICTURES * SECONDS["frame drawn"]
    if piece.kind == "sets":
        return DRAWN_SHIFT_FRAMES * SECONDS["frame of a shift set"]
    row = piece.row
    frames, tested = _frames(row, scale), _tested(row, scale)
    seconds = SECONDS["start"] + _training(row, scale, frames)
    if row.frozen:
        scored = _scored(row)
        seconds += tested * scored + _kept(piece, scale, frames, tested) * SECONDS["picture kept"]
    else:
        seconds += tested * SECONDS["picture scored" if row.tuned else "picture of a step, tiny"]
    if row.teacher is not None and _is_first(piece, scale, lambda other: other.teacher == row.teacher):
        seconds += frames["train"] * SECONDS["picture kept"]
    if row.explained:
        seconds += EXPLAINED * 2 * SECONDS["picture scored"]
    if row.simple and _is_first(piece, scale, lambda other: other.simple):
        seconds += (SIMPLE_FRAMES + SHIFT_FRAMES) * (SECONDS["picture scored"] + SECONDS["frame of a simple row"])
    return seconds


def _frames(row: Row, scale: Scale) -> dict[str, float]:
    """Split -> frames of the people of a row."""
    people = (scale.people if row.data == MAIN else scale.part) if row.people is None else row.people
    found = {name: people * PICTURES * share / sum(SPLITS.values()) for name, share in SPLITS.items()}
    return {**found, "train": found["train"] * min(1, row.options.get("pictures", PICTURES) / PICTURES)}


def _tested(row: Row, scale: Scale) -> float:
    """Frames of the test split and of the shift sets, which a teacher does not see."""
    test = scale.people * PICTURES * SPLITS["test"] / sum(SPLITS.values())
    return min(scale.test_frames, test) + (0 if _seen(row) == "heatmap" else SHIFT_FRAMES)


def _training(row: Row, scale: Scale, frames: dict[str, float]) -> float:
    """Of the steps, and of the validation frames after each epoch."""
    seen = (scale.tuned_steps if row.tuned else scale.steps) * 64
    epochs = max(1.0, seen / frames["train"])
    if row.frozen:
        kind = "step of heads"
        if row.options.get("reference") == "neutral":
            kind += " with attention to a reference" if row.attends else " with differences"
        return scale.steps * SECONDS[kind] + epochs * frames["validation"] * _scored(row)
    if not row.tuned:
        return seen * SECONDS["picture of a step, tiny"]
    whole = row.options["tune"] == scale.layers
    step = SECONDS["picture of a step, all layers" if whole else "picture of a step"]
    return seen * step + epochs * frames["validation"] * SECONDS["picture scored"]


def _scored(row: Row) -> float:
    """Seconds a frame whose tokens are there."""
    return SECONDS["frame scored from tokens" + (", with attention to a reference" if row.attends else "")]


def _kept(piece: Piece, scale: Scale, frames: dict[str, float], tested: float) -> float:
    """Pictures whose tokens a piece computes, of training and of tests."""
    row, name, seen = piece.row, features_name(piece.row), _seen(piece.row)
    copies = 1 if row.options.get("augmentation") == "none" else scale.copies
    kept = 0.0
    if _is_first(piece, scale, lambda other: features_name(other) == name):
        kept += frames["train"] * copies + frames["validation"]
    if _is_first(piece, scale, lambda other: other.frozen and _seen(other) == seen):
        kept += tested
    return kept


def _seen(row: Row) -> str:
    return row.options.get("input", "image")


def _is_first(piece: Piece, scale: Scale, alike: Callable[[Row], bool]) -> bool:
    """Whether a piece is the first seed of the first row, in the order of the whole study, that is `alike`."""
    first = next(row for row in rows(scale).values() if alike(row))
    return (piece.row.key, piece.seed) == (first.key, seeds(first, scale)[0])
