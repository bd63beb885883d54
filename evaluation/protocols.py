"""Who trains, who selects, who is tested: splits by person, as data.

- Nobody is in two parts of a split. Model selection and decision thresholds use `validation`, people taken out of the
  training folds (nested validation), so that the test people are seen once, at the end.
- Nothing is drawn unless a seed is given: folds are runs of the sorted names, and the people who validate are the next ones
  after the test people, in a circle. So over the folds everybody validates equally often.
- In the paper (section 4, Table 3): 25 people, five groups of five. It does not say which groups; where a release does (the
  `folds` of the authors' HDF5 file), give them to `from_groups`.
"""

import json
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.features import SPLIT_RATIO
from dataset_script.storage import write_atomically

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """The people of one training run, each name in one part only.

    Attributes:
        name: "fold-0" and the like.
        train, validation, test: names of people, in order; `validation` may be empty, the others not.

    Raises:
        InvalidInput: a person in two parts or twice, nobody to train or test.
    """

    name: str
    train: tuple[Hashable, ...]
    validation: tuple[Hashable, ...]
    test: tuple[Hashable, ...]

    def __post_init__(self) -> None:
        people = Counter([*self.train, *self.validation, *self.test])
        twice = sorted(str(person) for person, count in people.items() if count > 1)
        if twice:
            raise InvalidInput(f"split {self.name} has {', '.join(twice[:5])} more than once; allowed is one part each")
        if not self.train or not self.test:
            raise InvalidInput(f"split {self.name} has nobody to {'test' if self.train else 'train'}")

    def masks(self, identities: np.ndarray) -> dict[str, np.ndarray]:
        """Part -> `(n,)` mask of the frames of its people. `identities` `(n,)` holds the person of each frame.

        Raises:
            InvalidInput: a frame of a person who is in no part.
        """
        masks = {part: np.isin(identities, getattr(self, part)) for part in PARTS}
        unknown = np.unique(np.asarray(identities)[~np.any(list(masks.values()), axis=0)])
        if unknown.size:
            raise InvalidInput(f"split {self.name} lacks {', '.join(map(str, unknown[:5]))} ({unknown.size} in all)")
        return masks


def identity_split(people: Iterable[Hashable], seed: int = 0, ratio: Sequence[int] = SPLIT_RATIO) -> Split:
    """One split in `ratio` (train, validation, test), by largest remainder, of people shuffled with `seed`.

    Raises:
        InvalidInput: fewer than three people, or a ratio that is not three numbers above 0.
    """
    names = _names(people, at_least=3)
    if len(ratio) != 3 or min(ratio) <= 0:
        raise InvalidInput(f"ratio is {tuple(ratio)}; allowed are three numbers above 0")
    exact = np.array(ratio) / sum(ratio) * len(names)
    counts = np.maximum(np.floor(exact), 1).astype(int)  # nobody is not enough for a part
    while counts.sum() > len(names):
        counts[np.argmax(counts)] -= 1
    for k in np.argsort(counts - exact, kind="stable")[: len(names) - counts.sum()]:
        counts[k] += 1
    order = np.random.default_rng(seed).permutation(len(names))
    parts = np.split(order, np.cumsum(counts)[:-1])
    return Split("identities", *(tuple(names[k] for k in sorted(part)) for part in parts))


def subject_kfold(
    people: Iterable[Hashable], folds: int = 5, validation: int | None = None, seed: int | None = None
) -> list[Split]:
    """`folds` splits; each person is tested in exactly one.

    Args:
        people: names, sorted here.
        folds: at least 2; sizes differ by at most one.
        validation: how many people of the training folds validate; None: as many as a fold's test people; 0: nobody.
        seed: shuffles the people first; None: runs of the sorted names.

    Raises:
        InvalidInput: fewer people than folds, or nobody left to train.
    """
    if folds < 2:
        raise InvalidInput(f"folds is {folds}; it must be at least 2")
    names = _names(people, at_least=folds)
    if seed is not None:
        names = [names[k] for k in np.random.default_rng(seed).permutation(len(names))]
    return from_groups([[names[k] for k in part] for part in np.array_split(np.arange(len(names)), folds)], validation)


def leave_one_subject_out(people: Iterable[Hashable], validation: int = 5) -> list[Split]:
    """A split a person, who alone is tested; `validation` others validate. Raises InvalidInput as `subject_kfold`."""
    names = _names(people, at_least=2)
    splits = from_groups([[name] for name in names], validation)
    return [Split(f"without-{split.test[0]}", split.train, split.validation, split.test) for split in splits]


def from_groups(groups: Sequence[Sequence[Hashable]], validation: int | None = None) -> list[Split]:
    """A split a group, which is tested; the next `validation` people after it, in a circle, validate; the rest train.

    Raises:
        InvalidInput: a person in two groups, an empty group, `validation` out of range.
    """
    circle = [person for group in groups for person in group]
    splits, start = [], 0
    for k, group in enumerate(groups):
        start += len(group)
        others = [circle[(start + i) % len(circle)] for i in range(len(circle) - len(group))]
        count = len(group) if validation is None else validation
        if not 0 <= count < len(others):
            raise InvalidInput(f"validation is {count}; allowed is 0 to {len(others) - 1}, so that somebody trains")
        splits.append(Split(f"fold-{k}", tuple(others[count:]), tuple(others[:count]), tuple(group)))
    return splits


def write_splits(splits: Sequence[Split], path: str | Path) -> None:
    """Writes `splits` as JSON. Raises WorkFailed where the file cannot be written, InvalidInput on names of other types."""
    try:
        text = json.dumps([asdict(split) for split in splits], indent=1, ensure_ascii=False) + "\n"
    except TypeError as error:
        raise InvalidInput(f"people must be named by text or whole numbers: {error}") from None
    write_atomically(Path(path), text.encode())


def read_splits(path: str | Path) -> list[Split]:
    """Splits that `write_splits` wrote, or that were written by hand. Raises WorkFailed, InvalidInput as `Split`."""
    try:
        entries = json.loads(Path(path).read_text())
        parts = [(e["name"], *(tuple(e[part]) for part in PARTS)) for e in entries]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WorkFailed(f"cannot read splits from {path}: {error!r}") from None
    return [Split(*part) for part in parts]


def _names(people: Iterable[Hashable], at_least: int) -> list:
    """Unique names as plain Python values, sorted."""
    names = np.unique(np.asarray(list(people))).tolist()
    if len(names) < at_least:
        raise InvalidInput(f"there are {len(names)} people; this protocol needs at least {at_least}")
    return names
