"""Binary glTF files, made by hand."""

import json
import struct

import numpy as np


def glb(scene: dict, content: bytes = b"") -> bytes:
    """The file of a scene description and the content of its binary chunk."""
    text = json.dumps({"asset": {"version": "2.0"}, **scene}).encode()
    text += b" " * (-len(text) % 4)
    rest = struct.pack("<II", len(content), 0x004E4942) + content if content else b""
    return struct.pack("<4sIIII", b"glTF", 2, 20 + len(text) + len(rest), len(text), 0x4E4F534A) + text + rest


def glb_of(scene: dict, accessors: list[dict], arrays: list[np.ndarray]) -> bytes:
    """The file of `scene` in which every array is a buffer view of its own, and accessor k is over array k.

    What an accessor says itself overrides what follows from its array; None leaves it out.
    """
    views, parts, size = [], [], 0
    for array in arrays:
        content = array.tobytes()
        views.append({"buffer": 0, "byteOffset": size, "byteLength": len(content)})
        parts.append(content + b"\0" * (-len(content) % 4))
        size += len(parts[-1])
    types, kinds = (
        {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"},
        {"i1": 5120, "u1": 5121, "i2": 5122, "u2": 5123},
    )
    found = [
        {
            "bufferView": k,
            "count": len(arrays[k]),
            "type": types[arrays[k][0].size],
            "componentType": (kinds | {"u4": 5125, "f4": 5126})[arrays[k].dtype.str[1:]],
        }
        | more
        for k, more in enumerate(accessors)
    ]
    found = [{name: value for name, value in accessor.items() if value is not None} for accessor in found]
    named = {"accessors": found, "bufferViews": views, "buffers": [{"byteLength": size}]}
    return glb(scene | named, b"".join(parts))
