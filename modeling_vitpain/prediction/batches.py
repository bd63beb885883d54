"""How pictures are put into batches. The last digits of a score depend on its batch, so there is one rule for this."""

from collections.abc import Hashable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def batched(groups: Iterable[tuple[Hashable, list[T]]], size: int) -> Iterator[list[T]]:
    """Batches of about `size` items, each as soon as it is full.

    Args:
        groups: a key and items that stay in one batch, as the faces of a picture do. Items of other keys are never in
            the same batch. A group of more than `size` items is a batch of its own.
    """
    batch: list[T] = []
    of: Hashable = None
    for key, items in groups:
        if batch and (key != of or len(batch) + len(items) > size):
            yield batch
            batch = []
        of = key
        batch += items
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch
