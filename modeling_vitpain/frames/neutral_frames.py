"""The neutral frame of the same person, which a model with reference="neutral" compares each frame with."""

from dataclasses import dataclass

import numpy as np
from datasets import Dataset

from dataset_script.errors import InvalidInput

COLUMNS = ("frame_id", "identity_id", "expression_id", "neutral_frame_id")


@dataclass(frozen=True)
class NeutralFrames:
    """What `PainFrames` gives a model with reference "neutral": neutral frames of the same person.

    Attributes:
        rows: where they are; None: among the frames themselves.
        dropout: share of training items that get none, so that the model's fallback learns; 0 to below 1.
        same_view_share: share of training items that get the neutral frame of their own view, as in evaluation, and not
            one of any view; 0 to 1.
        other_days: rows of the configuration `references`: neutral pictures that were taken elsewhere.
        other_day_share: share of training items that get one of these, where the person has any; 0 to 1. In evaluation
            nobody does.
        required: False lets frames pass of which none has a reference: a model with a fallback has a use for them.

    Raises:
        InvalidInput: a share is out of range.
    """

    rows: Dataset | None = None
    dropout: float = 0.0
    same_view_share: float = 0.0
    other_days: Dataset | None = None
    other_day_share: float = 0.0
    required: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.dropout < 1:
            raise InvalidInput(f"reference_dropout is {self.dropout}; allowed is 0 to below 1")
        for name in ("same_view_share", "other_day_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise InvalidInput(f"{name} is {getattr(self, name)}; allowed is 0 to 1")


class OtherDays:
    """For each frame of `rows`, the neutral pictures of the same person in `pictures`, rows of `references`.

    Raises InvalidInput where `share` of the training items shall get one and a column is missing.
    """

    def __init__(self, rows: Dataset, pictures: Dataset, share: float):
        for dataset in (rows, pictures):
            if "identity_id" not in dataset.column_names:
                raise InvalidInput("data has no column identity_id; a model with a neutral reference needs it")
        self.share = share
        of_person: dict[int, list[int]] = {}
        for k, identity in enumerate(pictures["identity_id"][:]):
            of_person.setdefault(identity, []).append(k)
        self._of = [of_person.get(identity, []) for identity in rows["identity_id"][:]]

    def drawn(self, index: int, random: np.random.Generator) -> int | None:
        """Place in `pictures` of one of the person of a frame. None: there is none, or it is not its turn."""
        choices = self._of[index]
        if not choices or random.random() >= self.share:
            return None
        return choices[random.integers(len(choices))]


class NeutralReferences:
    """For each frame of `rows`, the neutral frames of the same person in `pool`. A frame is never its own reference.

    Args:
        rows: the frames that are scored.
        pool: where the neutral frames are looked for.
        same_view_share: of what is drawn, the share that is `fixed`.
        required: whether some frame must have a reference.

    Raises:
        InvalidInput: a column is missing, or no frame at all has a reference that is required.
    """

    def __init__(self, rows: Dataset, pool: Dataset, same_view_share: float = 0.0, required: bool = True):
        self.same_view_share = same_view_share
        for dataset in (rows, pool):
            missing = [name for name in COLUMNS if name not in dataset.column_names]
            if missing:
                raise InvalidInput(
                    f"data has no column {', '.join(missing)}; a model with a neutral reference needs it"
                )
        pool_ids = pool["frame_id"][:]
        self._place = {frame_id: k for k, frame_id in enumerate(pool_ids)}
        neutral_of: dict[int, list[int]] = {}
        for k, (identity, expression) in enumerate(zip(pool["identity_id"][:], pool["expression_id"][:], strict=True)):
            if expression == 0:
                neutral_of.setdefault(identity, []).append(k)
        frame_ids = rows["frame_id"][:]
        self._own = [self._place.get(frame_id) for frame_id in frame_ids]
        self._same_view = [self._place.get(frame_id) for frame_id in rows["neutral_frame_id"][:]]
        self._neutral = [neutral_of.get(identity, []) for identity in rows["identity_id"][:]]  # one list a person
        self.some = any(map(self._choices, range(len(rows))))
        if required and not self.some:
            raise InvalidInput(f"data has {len(rows)} frames, none with a neutral frame of the same person beside it")

    def place(self, index: int) -> int | None:
        """Place of a frame itself in `pool`; None: it is not there."""
        return self._own[index]

    def fixed(self, index: int) -> int | None:
        """Place in `pool` of the neutral frame of the same view; of a neutral frame, that of the person's next view.

        None: the person has no other neutral frame.
        """
        same_view, own = self._same_view[index], self._own[index]
        if same_view is not None and same_view != own:
            return same_view
        choices = self._choices(index)
        return next((k for k in choices if own is None or k > own), choices[0] if choices else None)

    def drawn(self, index: int, random: np.random.Generator) -> int | None:
        """Place in `pool` of a neutral frame of the same person, of any view. None: there is no other."""
        if self.same_view_share and random.random() < self.same_view_share:
            return self.fixed(index)
        choices = self._choices(index)
        return choices[random.integers(len(choices))] if choices else None

    def _choices(self, index: int) -> list[int]:
        """The neutral frames of the same person, without the frame itself."""
        return [k for k in self._neutral[index] if k != self._own[index]]
