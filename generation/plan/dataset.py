"""The plan of a dataset, person by person, and the shards that hold it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dataset_script.spec import Spec
from dataset_script.vocabulary import (
    AGE_GROUPS,
    ETHNICITIES,
    GENDERS,
    SPLIT_RATIO,
    SPLITS,
    VIEWS_PER_EXPRESSION,
)

from ..accessories import choose_accessories
from ..populations import AGE_RANGES
from ..streams import stream
from .circumstances import Circumstances
from .demographics import PAPER_COUNTS, balanced_cells, largest_remainder, permuted
from .others import other_expressions
from .pain import neutral_and_pain
from .records import IdentityPlan
from .scenes import CLINICAL, STUDIO, in_care, placed, scene_of_occasion
from .views import reference_view, view_of


@dataclass(frozen=True)
class Chunk:
    """The identities of one shard: number `index` of the `count` shards of `split`."""

    split: str
    index: int
    count: int
    identities: tuple[int, ...]


class Plan(Sequence[IdentityPlan]):
    """The plan of a dataset: `len(plan)` identities, `plan[i]` made when it is asked for."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        counts = largest_remainder(spec.identities, SPLIT_RATIO)
        if spec.identities >= len(SPLITS):  # tiny datasets keep every split
            while 0 in counts:
                counts[int(np.argmax(counts))] -= 1
                counts[counts.index(0)] += 1
        self._split = permuted(spec, "plan.split", counts)
        if spec.preset == "paper":
            self._age, self._ethnicity, self._gender = (
                permuted(spec, f"plan.{name}", largest_remainder(spec.identities, weights))
                for name, weights in PAPER_COUNTS.items()
            )
        else:
            self._age, self._ethnicity, self._gender = balanced_cells(spec)
        self._in_care = in_care(spec, (self._age, self._ethnicity, self._gender, self._split))

    def __len__(self) -> int:
        return self.spec.identities

    def __getitem__(self, identity_id: int) -> IdentityPlan:  # type: ignore[override]  # no slices
        if not 0 <= identity_id < len(self):
            raise IndexError(f"identity {identity_id} is not among the {len(self)} planned")
        seed = self.spec.seed
        age_group = AGE_GROUPS[self._age[identity_id]]
        ethnicity, gender = ETHNICITIES[self._ethnicity[identity_id]], GENDERS[self._gender[identity_id]]
        low, high = AGE_RANGES[age_group]
        age = int(stream(seed, "plan.years", identity_id).integers(low, high, endpoint=True))
        person = IdentityPlan(
            identity_id=identity_id,
            split=self.split_of(identity_id),
            age_group=age_group,
            age=age,
            ethnicity=ethnicity,
            gender=gender,
            expressions=neutral_and_pain(self.spec, identity_id) + other_expressions(self.spec, identity_id),
            views=tuple(view_of(seed, identity_id, view_id) for view_id in range(VIEWS_PER_EXPRESSION)),
        )
        scene = CLINICAL if self._in_care[identity_id] else STUDIO
        return _dressed(placed(person, scene, seed), seed)

    def references(self, identity_id: int) -> tuple[IdentityPlan, ...]:
        """The same person on the occasions of `spec.references` other pictures: one neutral expression, one view."""
        person = replace(self[identity_id], scene=STUDIO, circumstances=Circumstances())
        neutral, seed = person.expressions[:1], self.spec.seed
        days = (replace(person, occasion=k, expressions=neutral) for k in range(1, self.spec.references + 1))
        upright = (replace(day, views=(reference_view(seed, day),)) for day in days)
        return tuple(_dressed(placed(day, scene_of_occasion(self.spec, day), seed), seed) for day in upright)

    def split_of(self, identity_id: int) -> str:
        """The split of an identity, without planning the rest of it."""
        return SPLITS[self._split[identity_id]]

    def chunks(self) -> list[Chunk]:
        """The shards: each split's identities in order, `spec.identities_per_shard` at a time."""
        per_shard = self.spec.identities_per_shard
        chunks = []
        for k, split in enumerate(SPLITS):
            members = np.flatnonzero(self._split == k).tolist()
            parts = [tuple(members[i : i + per_shard]) for i in range(0, len(members), per_shard)]
            chunks += [Chunk(split, index, len(parts), part) for index, part in enumerate(parts)]
        return chunks


def _dressed(person: IdentityPlan, seed: int) -> IdentityPlan:
    """A person with what they wear on their head where they are."""
    return replace(person, accessories=choose_accessories(person, seed))
