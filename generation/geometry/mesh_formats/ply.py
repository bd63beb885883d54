"""PLY: ascii and binary of both byte orders, polygons of any lists, and triangle strips."""

import struct
from dataclasses import dataclass, field

import numpy as np

from dataset_script.errors import InvalidInput

from .polygons import fan

TYPES = {
    "char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4", "float": "f4",
    "double": "f8", "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2", "int32": "i4", "uint32": "u4",
    "float32": "f4", "float64": "f8",
}  # fmt: skip
STRUCT = {"i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "f4": "f", "f8": "d"}
BYTE_ORDER = {"binary_little_endian": "<", "binary_big_endian": ">", "ascii": "<"}
CUT_SHORT = "is cut short: the {name} elements end before the {count:,} that its header names"


@dataclass
class _Element:
    """`properties`: name, type of the value, and type of the length for lists (else None)."""

    name: str
    count: int
    properties: list[tuple[str, str, str | None]] = field(default_factory=list)


def read_ply(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V, 3) in the file's order and triangles (T, 3); polygons become fans, strips lose empty triangles.

    Raises:
        InvalidInput: the header is not one of PLY, or the file is cut short.
    """
    order, elements, offset = _header(content)
    if order is None:  # numbers in words: from here on as if all were binary doubles
        content = np.array(content[offset:].split(), np.float64).tobytes()
        offset, order = 0, "<"
        for element in elements:
            element.properties = [(name, "f8", size and "f8") for name, _, size in element.properties]
    vertices, triangles = np.zeros((0, 3)), [np.zeros((0, 3), np.int64)]
    for element in elements:
        values, offset = _read(content, offset, element, order)
        if element.name == "vertex":
            vertices = np.stack([np.asarray(values[axis], np.float64) for axis in "xyz"], axis=1)
        elif element.name in ("face", "tristrips"):
            lists = values.get("vertex_indices", values.get("vertex_index"))
            if lists is None:
                raise InvalidInput(f"cannot be read as ply: its {element.name} elements have no vertex_indices")
            triangles.append(_fans(lists) if element.name == "face" else _strips(lists))
    return vertices, np.concatenate(triangles)


def _header(content: bytes) -> tuple[str | None, list[_Element], int]:
    """Byte order (None: ascii), elements, and where the data begin."""
    end = content.find(b"end_header")
    line_end = content.find(b"\n", end)
    lines = content[:end].decode("latin-1").split("\n")
    if end < 0 or line_end < 0 or lines[0].strip() != "ply":
        raise InvalidInput("cannot be read as ply: it has no header from 'ply' to 'end_header'")
    order, elements = None, []
    for words in (line.split() for line in lines[1:]):
        if words[:1] == ["format"]:
            if words[1] not in BYTE_ORDER:
                raise InvalidInput(
                    f"cannot be read as ply: its format is {words[1]}; allowed are {', '.join(BYTE_ORDER)}"
                )
            order = None if words[1] == "ascii" else BYTE_ORDER[words[1]]
        elif words[:1] == ["element"]:
            elements.append(_Element(words[1], int(words[2])))
        elif words[:2] == ["property", "list"]:
            elements[-1].properties.append((words[4], TYPES[words[3]], TYPES[words[2]]))
        elif words[:1] == ["property"]:
            elements[-1].properties.append((words[2], TYPES[words[1]], None))
    return order, elements, line_end + 1


def _read(content: bytes, offset: int, element: _Element, order: str) -> tuple[dict, int]:
    """The values of each property, (N,) or for lists (N, n) or N tuples, and where the next element begins."""
    if not element.count:
        return {name: np.zeros((0, 3)) for name, _, _ in element.properties}, offset
    _, lengths, _ = _row(content, offset, element, order)  # most files have lists of one length: try that first
    layout = []
    for name, kind, size in element.properties:
        if size is None:
            layout.append((name, order + kind))
        else:
            layout += [(f"length of {name}", order + size), (name, order + kind, (lengths[name],))]
    kind = np.dtype(layout)
    if offset + element.count * kind.itemsize <= len(content):
        rows = np.frombuffer(content, kind, element.count, offset)
        if all((rows[f"length of {name}"] == length).all() for name, length in lengths.items()):
            return {name: rows[name] for name, _, _ in element.properties}, offset + rows.nbytes
    elif not lengths:
        raise InvalidInput(CUT_SHORT.format(name=element.name, count=element.count))
    columns: dict[str, list] = {name: [] for name, _, _ in element.properties}
    for _ in range(element.count):
        values, _, offset = _row(content, offset, element, order)
        for name, value in values.items():
            columns[name].append(value)
    return columns, offset


def _row(content: bytes, offset: int, element: _Element, order: str) -> tuple[dict, dict[str, int], int]:
    """One element: values, lengths of its lists, and where the next begins."""
    values, lengths = {}, {}
    try:
        for name, kind, size in element.properties:
            count = 1
            if size is not None:
                (count,) = struct.unpack_from(order + STRUCT[size], content, offset)
                count, offset = int(count), offset + np.dtype(size).itemsize
                lengths[name] = count
            form = f"{order}{count}{STRUCT[kind]}"
            found = struct.unpack_from(form, content, offset)
            values[name], offset = found if size is not None else found[0], offset + struct.calcsize(form)
    except struct.error:
        raise InvalidInput(CUT_SHORT.format(name=element.name, count=element.count)) from None
    return values, lengths, offset


def _fans(polygons: np.ndarray | list) -> np.ndarray:
    """(T, 3) triangles of polygons; those of one length stand together."""
    if isinstance(polygons, list):
        by_length: dict[int, list] = {}
        for polygon in polygons:
            by_length.setdefault(len(polygon), []).append(polygon)
        groups = [np.array(found, np.int64) for length, found in sorted(by_length.items()) if length]
    else:
        groups = [polygons.astype(np.int64)]
    fans = []
    for group in groups:
        if group.shape[1] > 2:
            doubled = (group == np.roll(group, 1, axis=1)).any(axis=1)
            whole = group[~doubled]
            fans.append(np.stack([np.broadcast_to(whole[:, :1], whole[:, 2:].shape), whole[:, 1:-1], whole[:, 2:]], 2))
            fans += [np.array(fan(polygon), np.int64) for polygon in group[doubled].tolist()]
    return np.concatenate([np.zeros((0, 3), np.int64), *(triangles.reshape(-1, 3) for triangles in fans)])


def _strips(strips: np.ndarray | list) -> np.ndarray:
    """(T, 3) triangles of strips; -1 ends one. Every second triangle of a strip runs the other way round."""
    triangles = [np.zeros((0, 3), np.int64)]
    for strip in strips:
        strip = np.asarray(strip, np.int64)
        for piece in np.split(strip, np.flatnonzero(strip < 0)):
            piece = piece[piece >= 0]
            if len(piece) > 2:
                found = np.stack([piece[:-2], piece[1:-1], piece[2:]], axis=1)
                found[1::2] = found[1::2, ::-1]
                triangles.append(found)
    found = np.concatenate(triangles)
    return found[(found != np.roll(found, 1, axis=1)).all(axis=1)]  # empty triangles only lead on to the next piece
