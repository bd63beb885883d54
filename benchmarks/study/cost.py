"""What a piece is expected to take on one core: measured paces, and how much there is to do.

Only the first seed of a row pays for the frozen features that the others share.
"""

from .pieces import MAIN, PICTURES, Piece, Row, features_name, rows, seeds
from .scale import SPLITS, Scale

SECONDS = {
    "frame drawn": 0.11,
    "frame of a shift set": 0.07,
    "picture kept": 0.055,
    "step of heads": 0.1,
    "step of heads with a reference": 0.75,
    "picture scored": 0.11,
    "picture of a step": 0.085,
    "picture of a step, all layers": 0.15,
    "picture of a step, tiny": 0.01,
    "start": 40.0,
}
"""Of one core for each thing: 256 px drawn with geometry, 224 px seen by nine layers of ViT-S, learning in bfloat16."""
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
    row = piece.row
    views = 2 if row.options.get("reference") == "neutral" else 1
    frames = _frames(row, scale)
    seconds = SECONDS["start"] + _tested(row, scale) * views * SECONDS["picture scored"]
    seconds += _training(row, scale, frames)
    if _pays_for_features(piece, scale):
        copies = 1 if row.options.get("augmentation") == "none" else COPIES
        seconds += (frames["train"] * copies + frames["validation"]) * SECONDS["picture kept"]
    if row.explained:
        seconds += EXPLAINED * 3 * SECONDS["picture scored"]
    return seconds


def _frames(row: Row, scale: Scale) -> dict[str, float]:
    """Split -> frames of the people of a row."""
    people = (scale.people if row.data == MAIN else scale.part) if row.people is None else row.people
    return {name: people * PICTURES * share / sum(SPLITS.values()) for name, share in SPLITS.items()}


def _tested(row: Row, scale: Scale) -> float:
    """Frames of the test split and of the shift sets, which a teacher does not see."""
    test = scale.people * PICTURES * SPLITS["test"] / sum(SPLITS.values())
    return min(scale.test_frames, test) + (0 if row.options.get("input") == "heatmap" else SHIFT_FRAMES)


def _training(row: Row, scale: Scale, frames: dict[str, float]) -> float:
    if row.frozen:
        step = "step of heads with a reference" if row.options.get("reference") == "neutral" else "step of heads"
        return scale.steps * SECONDS[step]
    if not row.tuned:
        return scale.steps * 64 * SECONDS["picture of a step, tiny"]
    whole = row.options["tune"] == scale.layers
    step = SECONDS["picture of a step, all layers" if whole else "picture of a step"]
    seen = scale.tuned_steps * 64
    epochs = max(1.0, seen / frames["train"])
    return seen * step + epochs * frames["validation"] * SECONDS["picture scored"]


def _pays_for_features(piece: Piece, scale: Scale) -> bool:
    name = features_name(piece.row)
    if name is None:
        return False
    first = next(row for row in rows(scale).values() if features_name(row) == name)
    return (piece.row.key, piece.seed) == (first.key, seeds(first, scale)[0])
