"""Pictures that are decoded and resized once, then kept in memory that all loader processes share."""

import mmap
import multiprocessing

import numpy as np
import psutil

_SHARE_OF_MEMORY = 0.25


def memory_for_pictures() -> int:
    """Bytes that the kept pictures of a split may take: a quarter of this machine's memory."""
    return int(_SHARE_OF_MEMORY * psutil.virtual_memory().total)


class KeptPictures:
    """Room for `count` pictures of one shape, uint8, each empty until it is put there.

    Processes that are forked later, as PyTorch's loaders are on Linux, share them: each picture is decoded once on the
    machine, whatever the number of workers. A process that is spawned begins with empty ones. Memory is taken as it is
    filled.
    """

    def __init__(self, count: int, shape: tuple[int, int, int]):
        self._made_of = count, shape
        size = count * int(np.prod(shape))
        memory = mmap.mmap(-1, max(size + count, 1))
        self._pixels = np.frombuffer(memory, np.uint8, size).reshape(count, *shape)
        self._filled = np.frombuffer(memory, np.uint8, count, offset=size)
        # so that no process sees a picture as filled before its pixels are there
        self._lock = multiprocessing.Lock()

    def __reduce__(self):
        return KeptPictures, self._made_of

    def get(self, index: int) -> np.ndarray | None:
        """The picture, not to be changed; None: it is not there yet."""
        with self._lock:
            filled = self._filled[index]
        return self._pixels[index] if filled else None

    def put(self, index: int, pixels: np.ndarray) -> None:
        """Keeps a picture. Two processes that put the same one write the same bytes."""
        self._pixels[index] = pixels
        with self._lock:
            self._filled[index] = 1
