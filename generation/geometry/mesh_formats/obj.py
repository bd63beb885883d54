"""Wavefront OBJ: `v` and `f` lines; everything else is passed over."""

import numpy as np

from dataset_script.errors import InvalidInput

from .polygons import fan


def read_obj(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V, 3) in the file's order and triangles (T, 3), from 0; polygons become fans.

    Raises:
        InvalidInput: a line that is not understood; names it.
    """
    text = content.decode("utf-8", errors="replace")
    if "\\" in text:
        text = _joined(text)
    vertices, triangles = [], []
    for number, line in enumerate(text.split("\n"), 1):
        words = (line.partition("#")[0] if "#" in line else line).split()
        if not words or words[0] not in ("v", "f"):
            continue
        try:
            if words[0] == "v":
                x, y, z = map(float, words[1:4])  # more numbers are a weight or a colour
                vertices.append((x, y, z))
            else:
                triangles += _fan(words[1:], len(vertices))
        except ValueError:
            raise InvalidInput(
                f"cannot be read as obj: line {number} is {line.strip()[:60]!r}; allowed are 'v x y z' and "
                f"'f a b c' with whole numbers from 1, or negative ones ({_likely_cause(words)})"
            ) from None
    return np.array(vertices, np.float64).reshape(-1, 3), np.array(triangles, np.int64).reshape(-1, 3)


def _likely_cause(words: list[str]) -> str:
    """What may have gone wrong where a line is not understood."""
    if words[0] == "v" and any("," in word for word in words):
        return "decimal commas must be points; is the file written under another locale?"
    return "is the file cut short?"


def _fan(words: list[str], num_vertices: int) -> list[tuple[int, int, int]]:
    """The triangles of one polygon, from 0. Raises ValueError where a corner is no vertex number."""
    corners = [int(word.partition("/")[0]) for word in words]
    if 0 in corners or len(corners) < 3:
        raise ValueError
    return fan([c - 1 if c > 0 else num_vertices + c for c in corners])


def _joined(text: str) -> str:
    """`text` with continued lines in one, each followed by as many empty lines as it took in."""
    lines: list[str] = []
    parts: list[str] = []  # of the line that goes on
    for line in text.split("\n"):
        whole = line.rstrip()
        begins = parts[0] if parts else whole
        if whole.endswith("\\") and not begins.lstrip().startswith("#"):
            parts.append(whole[:-1] + " ")
            continue
        lines += ["".join([*parts, line]), *[""] * len(parts)]
        parts = []
    return "\n".join([*lines, *(["".join(parts), *[""] * (len(parts) - 1)] if parts else [])])
