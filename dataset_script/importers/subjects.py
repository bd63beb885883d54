"""Who is who, and who is in which fold and split. Everything here is by subject, never by frame."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from ..errors import WorkFailed
from ..vocabulary import SPLITS
from .frame import SourceFrame

NUM_FOLDS = 5

Folds = list[tuple[list[str], list[str]]]


def chosen_spelling(spellings: Iterable[str]) -> str:
    """The one that is used of several spellings of a name, whatever their order: with small letters where it may be."""
    return max(spellings)


def differing_in_case(names: Iterable[str]) -> list[list[str]]:
    """Groups of names, two or more each, that differ in nothing but case; sorted."""
    groups: dict[str, set[str]] = {}
    for name in names:
        groups.setdefault(name.casefold(), set()).add(name)
    return [sorted(group) for _, group in sorted(groups.items()) if len(group) > 1]


def differing_in_spelling(names: Iterable[str]) -> list[list[str]]:
    """Groups of names, two or more each, that may be one person's: 1, 01 and 1.0; S1, s01 and s-1; sorted.

    What differs is case, the zeros before a number, the ".0" of a number in a spreadsheet, and how words are parted.
    """
    groups: dict[str, set[str]] = {}
    for name in names:
        groups.setdefault(_without_spelling(name), set()).add(name)
    return [sorted(group) for _, group in sorted(groups.items()) if len(group) > 1]


def _without_spelling(name: str) -> str:
    text = unicodedata.normalize("NFKC", name).casefold().strip()
    text = re.sub(r"^([0-9]+)\.0+$", r"\1", text)
    text = re.sub(r"[\s_-]+", "-", text)
    text = re.sub(r"(?<=[^\W\d_])-(?=[0-9])", "", text)
    return re.sub(r"(?<![0-9.,])0+(?=[0-9])", "", text)


def spelling_note(spellings: Iterable[str]) -> str:
    """The line of a report for a subject that a source spells in several ways."""
    spellings = sorted(spellings)
    return f"subject {chosen_spelling(spellings)} is spelled {' and '.join(spellings)}: they are one subject"


def number_subjects(subjects: Iterable[str]) -> dict[str, int]:
    """Subject -> identity_id: the first number in its name if these differ ("042-ll042" is 42), else its place."""
    names = sorted(set(subjects))
    numbers = [int(match[0]) for name in names if (match := re.search(r"[0-9]{1,9}", name))]
    differ = len(set(numbers)) == len(names)
    return dict(zip(names, numbers if differ else range(len(names)), strict=True))


def make_folds(subjects: Sequence[str]) -> Folds:
    """Five folds, or one a subject if there are fewer: subject k of the sorted list is held out in fold k mod 5."""
    names = sorted(subjects)
    count = min(NUM_FOLDS, len(names))
    return [([name for k, name in enumerate(names) if k % count != fold], names[fold::count]) for fold in range(count)]


def check_folds(folds: Folds, known: Iterable[str]) -> None:
    """Raises WorkFailed when a fold trains on whom it validates on, or a subject is held out more or less than once."""
    held_out = [name for _, validation in folds for name in validation]
    for k, (training, validation) in enumerate(folds):
        if both := sorted({*training} & {*validation}):
            raise WorkFailed(f"fold {k} has {both[0]} among its training and its validation subjects")
    for name in sorted({*known} | {*held_out}):
        if held_out.count(name) != 1:
            raise WorkFailed(f"subject {name} is held out in {held_out.count(name)} folds; it must be in one")


def assign(frames: Sequence[SourceFrame], folds: Folds | None) -> tuple[Folds | None, list[str]]:
    """Sets `identity_id`, `fold` and `split` of every frame.

    A split that the source has stays. Else fold 0 is the test split, fold 1 validation, the rest training.

    Args:
        folds: the source's own; None: five are made, unless the source has splits.

    Returns:
        The folds, and notes on what was decided.

    Raises:
        WorkFailed: a subject is in two splits, or the source's folds are not disjoint.
    """
    identities = number_subjects(frame.subject_id for frame in frames)
    notes = []
    given = any(frame.split for frame in frames)
    if given:
        _check_splits(frames)
    if folds is None and not given:
        if len(identities) < len(SPLITS):
            cure = "add subjects" + ", or import a CSV file with a column `split`" * (len(identities) > 1)
            notes.append(
                f"{len(identities)} subject(s) cannot make three splits: all frames are in train; training also needs "
                f"somebody in validation: {cure}"
            )
        else:
            folds = make_folds(list(identities))
            notes.append(
                f"the source has no folds: subject k of the sorted list is held out in fold k mod {len(folds)}"
            )
    elif folds is not None:
        check_folds(folds, identities)
    fold_of = {name: k for k, (_, validation) in enumerate(folds or []) for name in validation}
    if not given and folds is not None:
        notes.append("test is fold 0, validation is fold 1, train is the others; folds.json has all folds")
    for frame in frames:
        frame.identity_id = identities[frame.subject_id]
        frame.fold = fold_of.get(frame.subject_id)
        if not given:
            frame.split = {0: "test", 1: "validation"}.get(frame.fold, "train")
    return folds, notes


def _check_splits(frames: Sequence[SourceFrame]) -> None:
    split_of: dict[str, str] = {}
    for frame in frames:
        if split_of.setdefault(frame.subject_id, frame.split) != frame.split:
            raise WorkFailed(
                f"subject {frame.subject_id} is in the splits {split_of[frame.subject_id]} and {frame.split}; "
                "splits must be by subject"
            )
