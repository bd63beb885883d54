"""STL, ascii and binary."""

import numpy as np

from dataset_script.errors import InvalidInput

HEADER, FACET = 84, np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


def read_stl(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (3 T, 3) and triangles (T, 3): each has three vertices of its own. Words may be in upper case.

    Raises:
        InvalidInput: the file is cut short, or neither ascii nor binary STL.
    """
    if len(content) >= HEADER:
        count = int(np.frombuffer(content, "<u4", 1, HEADER - 4)[0])
        if len(content) >= HEADER + count * FACET.itemsize and (count or content[:5].lower() != b"solid"):
            corners = np.frombuffer(content, FACET, count, HEADER)["corners"].astype(np.float64)
            return corners.reshape(-1, 3), np.arange(3 * count).reshape(-1, 3)
    text = content.lower()
    if b"facet" not in text:
        whole = max(len(content) - HEADER, 0) // FACET.itemsize
        raise InvalidInput(f"is cut short, or no stl: it holds {whole:,} whole triangles, fewer than its header names")
    words = [line.split() for line in text.decode("latin-1").splitlines()]
    if not any(line[:1] == ["endsolid"] for line in words):
        raise InvalidInput("is cut short: it does not end in 'endsolid'")
    found = np.array([line[1:4] for line in words if line[:1] == ["vertex"]], np.float64).reshape(-1, 3)
    if len(found) % 3:
        raise InvalidInput(f"has {len(found):,} vertices, which is not three for each triangle")
    return found, np.arange(len(found)).reshape(-1, 3)
