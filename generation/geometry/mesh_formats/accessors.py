"""The arrays of a glTF scene: accessors over its buffers, with sparse and normalised values."""

import base64

import numpy as np

from dataset_script.errors import InvalidInput

COMPONENTS = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


class Arrays:
    """Accessors of a scene by their number.

    Args:
        scene: the JSON chunk.
        chunk: content of the binary chunk, empty if there is none.
    """

    def __init__(self, scene: dict, chunk: bytes) -> None:
        self._accessors = scene.get("accessors", [])
        self._views = scene.get("bufferViews", [])
        self._buffers = [_content(buffer, chunk) for buffer in scene.get("buffers", [])]
        self._most = sum(map(len, self._buffers))

    def numbers(self, index: int) -> np.ndarray:
        """(N, width) values of accessor `index`, as stored: integers stay integers.

        Raises:
            InvalidInput: it ends outside its buffer, sparse values lie outside the accessor, or it has more values than
            the buffers have bytes.
        """
        accessor = self._accessors[index]
        count, width, kind = accessor["count"], WIDTHS[accessor["type"]], COMPONENTS[accessor["componentType"]]
        values = self._stored(accessor, count, width, kind) if "bufferView" in accessor else None
        if count > self._most:  # zeros, or one value again and again, take no bytes of the file
            raise InvalidInput(f"has an accessor of {count:,} values; its buffers have {self._most:,} bytes")
        if values is None:
            values = np.zeros((count, width), kind)
        if "sparse" in accessor:
            sparse, values = accessor["sparse"], values.copy()
            place = sparse["indices"]
            rows = self._stored(place, sparse["count"], 1, COMPONENTS[place["componentType"]])[:, 0]
            if len(rows) and rows.max() >= count:
                raise InvalidInput(f"has sparse values out of range: {rows.max()} (from 0), of {count}")
            values[rows] = self._stored(sparse["values"], sparse["count"], width, kind)
        return values

    def floats(self, index: int) -> np.ndarray:
        """(N, width) float64 values of accessor `index`; normalised integers from -1 or 0 to 1."""
        values = self.numbers(index)
        if self._accessors[index].get("normalized") and values.dtype.kind in "iu":
            return np.maximum(values / np.iinfo(values.dtype).max, -1.0)
        return values.astype(np.float64)

    def view(self, index: int) -> bytes:
        """The content of buffer view `index`. Raises InvalidInput where it ends outside its buffer."""
        view = self._views[index]
        start, content = view.get("byteOffset", 0), self._buffers[view["buffer"]]
        if start < 0 or start + view["byteLength"] > len(content):
            raise InvalidInput(f"has a view that ends outside its buffer of {len(content):,} bytes")
        return content[start : start + view["byteLength"]]

    def _stored(self, place: dict, count: int, width: int, kind: str) -> np.ndarray:
        """(count, width) of type `kind` where `place` (a view and an offset) says."""
        view, size = self._views[place["bufferView"]], np.dtype(kind).itemsize
        step = view.get("byteStride", width * size)
        start = view.get("byteOffset", 0) + place.get("byteOffset", 0)
        content = self._buffers[view["buffer"]]
        if min(count, start, step) < 0 or (count and start + (count - 1) * step + width * size > len(content)):
            raise InvalidInput(f"has an accessor that ends outside its buffer of {len(content):,} bytes")
        if not count:
            return np.zeros((0, width), kind)
        return np.ndarray((count, width), kind, content, start, (step, size))


def _content(buffer: dict, chunk: bytes) -> bytes:
    if "uri" not in buffer:
        return chunk
    head, _, body = buffer["uri"].partition(",")
    if not head.startswith("data:") or not head.endswith("base64"):
        raise InvalidInput("keeps its triangles in another file: export it as one .glb")
    return base64.b64decode(body)
