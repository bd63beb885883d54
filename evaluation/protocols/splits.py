"""Who trains, who selects, who is tested: splits by person, as data.

- Nobody is in two parts of a split. Model selection and decision thresholds use `validation`, people taken out of the
  training folds (nested validation), so that the test people are seen once, at the end.
- Nothing is drawn unless a seed is given: folds are runs of the sorted names, and the people who validate are the next
  ones after the test people, in a circle. So over the folds everybody validates equally often.
- In the paper (section 4, Table 3): 25 people, five groups of five. It does not say which groups; where a release does
  (the `folds` of the authors' HDF5 file), give them to `from_groups`.
"""

import json
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.storage import write_atomically
from dataset_script.strict_json import parse_json
from dataset_script.vocabulary import SPLIT_RATIO

PARTS = ("train", "validation", "test")
PROTOCOLS = {
    "subject-5fold": "five groups of people, each tested once (any number: subject-10fold); the paper's on UNBC",
    "loso": "leave one subject out: as many folds as people",
    "own-folds": "the groups that the source of imported data holds out in turn",
    "own-split": "the data's own train, validation and test people",
    "identity-split": "one split in the ratio of the paper, 1747 : 497 : 256",
    "FILE.json": "splits written by hand",
}
"""Name -> what it is."""


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
    """One split for each person, who alone is tested; `validation` others validate. Raises as `subject_kfold`."""
    names = _names(people, at_least=2)
    splits = from_groups([[name] for name in names], validation)
    return [Split(f"without-{split.test[0]}", split.train, split.validation, split.test) for split in splits]


def from_groups(groups: Sequence[Sequence[Hashable]], validation: int | None = None) -> list[Split]:
    """One split for each group, which is tested; the next `validation` people, in a circle, validate; the rest train.

    `validation` None: as many as the group has.

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
            most = len(others) - 1
            allowed = f"allowed is 0 to {most}" if most > 0 else f"needed are {len(group) + 2} people or more"
            raise InvalidInput(
                f"validation is {count} of {len(circle)} people, beside {len(group)} tested; {allowed}, "
                "so that somebody trains"
            )
        splits.append(Split(f"fold-{k}", tuple(others[count:]), tuple(others[:count]), tuple(group)))
    return splits


@dataclass(frozen=True)
class Population:
    """Who there is, as far as a protocol needs to know.

    Attributes:
        people: everybody, each once.
        own_split: the data's own split, "train", "validation" and "test" -> people; empty where it has none.
        own_folds: groups of people that the source of the data holds out in turn; empty where it names none.
    """

    people: Sequence[Hashable]
    own_split: Mapping[str, Sequence[Hashable]] = field(default_factory=dict)
    own_folds: Sequence[Sequence[Hashable]] = ()


def splits_of(
    protocol: str, population: Population, validation: int | None = None, seed: int | None = None
) -> list[Split]:
    """The splits of a protocol by its name, one of `PROTOCOLS`, or those in a file of `write_splits` ("NAME.json").

    Args:
        protocol: "subject-5fold" (any number from 2 on) and so on.
        population: who there is.
        validation: people who select, of each fold; None: the protocol's default. At least 1: nobody else may select.
        seed: of who goes where, for subject-Nfold and identity-split; None: runs of the sorted names; seed 0.

    Raises:
        InvalidInput: no such protocol, an option that it does not take, or the people do not allow it.
        WorkFailed: the file cannot be read.
    """
    folds = re.fullmatch(r"subject-([0-9]{1,4})fold", protocol)
    if validation is not None and (validation < 1 or not (folds or protocol in ("loso", "own-folds"))):
        raise InvalidInput(
            f"validation is {validation} with {protocol}; allowed is 1 or more, for subject-Nfold, loso and own-folds"
        )
    if seed is not None and not (folds or protocol == "identity-split"):
        raise InvalidInput(f"split seed is {seed} with {protocol}; allowed is with subject-Nfold and identity-split")
    if folds:
        splits = subject_kfold(population.people, int(folds[1]), validation, seed)
    elif protocol == "loso":
        default = min(5, max(1, len(population.people) - 2))
        splits = leave_one_subject_out(population.people, default if validation is None else validation)
    elif protocol == "identity-split":
        splits = [identity_split(population.people, seed or 0)]
    elif protocol == "own-split":
        if lacking := [part for part in PARTS if not population.own_split.get(part)]:
            raise InvalidInput(f"protocol is own-split, and nobody is in the data's {', '.join(lacking)} split")
        splits = [Split(protocol, *(tuple(population.own_split[part]) for part in PARTS))]
    elif protocol == "own-folds":
        if not population.own_folds:
            raise InvalidInput("protocol is own-folds, and the data have no folds.json that names some")
        splits = from_groups(population.own_folds, validation)
    elif protocol.endswith(".json"):
        splits = read_splits(protocol)
    else:
        raise InvalidInput(f"protocol is {protocol!r}; allowed are {', '.join(PROTOCOLS)}")
    _check_people(splits, population.people)
    return splits


def protocol_words(protocol: str) -> str:
    """What a protocol is, in a few words."""
    if folds := re.fullmatch(r"subject-([0-9]+)fold", protocol):
        return f"{folds[1]} groups of people, each tested once"
    return PROTOCOLS.get(protocol, PROTOCOLS["FILE.json"])


def _check_people(splits: Sequence[Split], people: Sequence[Hashable]) -> None:
    """Raises InvalidInput on splits that do not fit the data, before anything is trained."""
    for split in splits:
        strangers = {*split.train, *split.validation, *split.test} - {*people}
        if strangers:
            raise InvalidInput(f"split {split.name} has {min(map(str, strangers))}, who has no frame in the data")
        if not split.validation:
            raise InvalidInput(f"split {split.name} has nobody to select the checkpoint; allowed is one or more")
    for what, values in (
        ("the name", [split.name for split in splits]),
        ("to test", [person for split in splits for person in split.test]),
    ):
        value, count = Counter(values).most_common(1)[0]
        if count > 1:
            raise InvalidInput(f"{count} splits have {what} {value}; allowed is one")


def write_splits(splits: Sequence[Split], path: str | Path) -> None:
    """Writes `splits` as JSON. Raises WorkFailed where that fails, InvalidInput on names that are no text or number."""
    try:
        text = json.dumps([asdict(split) for split in splits], indent=1, ensure_ascii=False) + "\n"
    except TypeError as error:
        raise InvalidInput(f"people must be named by text or whole numbers: {error}") from None
    write_atomically(Path(path), text.encode())


def read_splits(path: str | Path) -> list[Split]:
    """Splits from a file of `write_splits` or by hand. Raises WorkFailed on a damaged file, InvalidInput as `Split`."""
    try:
        entries = parse_json(Path(path).read_text(encoding="utf-8"))
        parts = [(e["name"], *(tuple(e[part]) for part in PARTS)) for e in entries]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WorkFailed(f"cannot read splits from {path}: {error!r}") from None
    return [Split(*part) for part in parts]


def _names(people: Iterable[Hashable], at_least: int) -> list:
    """Unique names as plain Python values, sorted."""
    names = np.unique(np.asarray(list(people))).tolist()
    if len(names) < at_least:
        people = "person" if len(names) == 1 else "people"
        raise InvalidInput(f"the data show {len(names)} {people}; this protocol needs at least {at_least}")
    return names
