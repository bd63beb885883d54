"""Scores with the lowest-scoring pictures of the same person as neutral references."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from dataset_script.errors import InvalidInput
from dataset_script.video import Sampling

from .media import MediaFile, read_pictures
from .pictures import References, Scored, Scorer


def score_with_lowest(
    scorer: Scorer, sources: Iterable[MediaFile], lowest: int, sampling: Sampling | None = None
) -> Iterator[Scored]:
    """Scores each video, and the pictures of each folder, with its `lowest` lowest-scoring pictures as the references.

    A first pass, without references, finds them; a second pass scores all pictures with them. Files are read twice.
    Folders come in the order in which they first occur.

    Raises:
        InvalidInput: `lowest` is below 1, or the model takes no references or cannot do without.
    """
    config = scorer.network.config
    if scorer.all_faces:
        raise InvalidInput("neutral-from-lowest and all-faces were both given; the references must be of one person")
    if lowest < 1:
        raise InvalidInput(f"neutral-from-lowest is {lowest}; allowed is 1 or more")
    if config.reference != "neutral" or not config.reference_fallback:
        raise InvalidInput(
            f"neutral-from-lowest was given, but the model has reference={config.reference!r} and "
            f"reference_fallback={config.reference_fallback}; allowed are 'neutral' and True"
        )
    groups: dict[Path, list[MediaFile]] = {}
    for source in sources:
        groups.setdefault(source.group, []).append(source)
    for group in groups.values():
        references = _lowest(scorer, group, lowest, sampling)
        pictures = (picture for source in group for picture in read_pictures(source, sampling))
        yield from scorer.score(pictures, lambda _, references=references: references)


def _lowest(scorer: Scorer, group: list[MediaFile], lowest: int, sampling: Sampling | None) -> References:
    """The lowest-scoring pictures of a group; of equal scores the earlier ones."""
    plain = replace(scorer, with_attention=False)
    pictures = (picture for source in group for picture in read_pictures(source, sampling))
    scored = (item for item in plain.score(pictures) if item.pixels is not None)
    kept = heapq.nsmallest(lowest, scored, key=lambda item: item.scores.pspi)
    return References([item.pixels for item in kept], [item.key for item in kept])
