"""What a piece is expected to take on one core: measured paces, and how much there is to do.

Only the first seed of a row pays for the frozen features that the others share.
"""

from .pieces import MAIN, PICTURES, Piece, features_name, rows, seeds
from .scale import SPLITS, Scale

SECONDS = {
    "frame drawn": 0.12,
    "frame of a shift set": 0.12,
    "picture kept": 0.055,
    "step of heads": 0.2,
    "picture scored": 0.12,
    "picture of a step": 0.2,
    "start": 40.0,
}
"""Seconds of one core for each thing, at 256 px drawn and 224 px seen by 9 layers of ViT-S."""
COPIES = 4
"""Of each training picture among frozen features."""
SHIFT_FRAMES = 3072
"""Of all shift sets, Cycles and ICT-FaceKit among them."""
DRAWN_SHIFT_FRAMES = 1728
EXPLAINED = 1100


def expected_seconds(piece: Piece, scale: Scale) -> float:
    """Seconds that a piece is expected to take."""
    if piece.kind == "data":
        people = scale.people if piece.data == MAIN else scale.part
        return people * PICTURES * SECONDS["frame drawn"]
    if piece.kind == "sets":
        return DRAWN_SHIFT_FRAMES * SECONDS["frame of a shift set"]
    row, views = piece.row, 2 if piece.row.options.get("reference") == "neutral" else 1
    people = (scale.people if row.data == MAIN else scale.part) if row.people is None else row.people
    of_split = {name: people * PICTURES * share / sum(SPLITS.values()) for name, share in SPLITS.items()}
    tested = min(scale.test_frames, scale.people * PICTURES * SPLITS["test"] / sum(SPLITS.values()))
    seconds = SECONDS["start"] + (tested + SHIFT_FRAMES) * views * SECONDS["picture scored"]
    if row.tuned:
        seconds += scale.tuned_steps * 64 * SECONDS["picture of a step"]
        epochs = max(1.0, scale.tuned_steps * 64 / of_split["train"])
        seconds += epochs * of_split["validation"] * SECONDS["picture scored"]
    else:
        seconds += scale.steps * SECONDS["step of heads"] * views
    if _pays_for_features(piece, scale):
        seconds += (of_split["train"] * _copies(piece) + of_split["validation"]) * SECONDS["picture kept"]
    if row.explained:
        seconds += EXPLAINED * 3 * SECONDS["picture scored"]
    return seconds


def _copies(piece: Piece) -> int:
    return 1 if piece.row.options.get("augmentation") == "none" else COPIES


def _pays_for_features(piece: Piece, scale: Scale) -> bool:
    name = features_name(piece.row)
    if name is None:
        return False
    first = next(row for row in rows(scale).values() if features_name(row) == name)
    return (piece.row.key, piece.seed) == (first.key, seeds(first, scale)[0])
