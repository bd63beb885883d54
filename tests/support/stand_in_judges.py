"""Stands in for the Python of the judges: answers every picture as `worker.py` would, without looking for faces.

A picture whose top left pixel is black has no face. The redder that pixel, the more of every score, up to 1; the
embedding turns with its green. Pain3D's own interpreter runs it: `install` writes the script to name in
PAIN3D_JUDGES_PYTHON.
"""

import io
import json
import math
import sys
from pathlib import Path

SIDED = "browDown", "eyeSquint", "mouthUpperUp", "eyeBlink", "browOuterUp", "mouthLowerDown", "mouthSmile"
NAMES = [f"{name}{side}" for name in (*SIDED, "mouthStretch") for side in ("Left", "Right")]
NAMES += ["browInnerUp", "jawOpen"]


def install(directory: Path, program: str | None = None) -> Path:
    """An executable that runs this file, or `program`, whatever it is asked to run."""
    path = directory / "python"
    path.write_text(f"#!/bin/sh\n{program or f'exec {sys.executable} {__file__}'}\n")
    path.chmod(0o755)
    return path


def answer(data: bytes, embed: bool) -> dict:
    """What is seen in a picture file."""
    from PIL import Image

    red, green, blue = Image.open(io.BytesIO(data)).convert("RGB").getpixel((0, 0))
    if red + green + blue == 0:
        return {"scores": None, "embedding": None}
    angle = green / 255
    embedding = [math.cos(angle), math.sin(angle), *[0.0] * 126]
    return {"scores": dict.fromkeys(NAMES, red / 255), "embedding": embedding if embed else None}


def main() -> None:
    while head := sys.stdin.buffer.read(5):
        data = sys.stdin.buffer.read(int.from_bytes(head[1:], "big"))
        print(json.dumps(answer(data, bool(head[0]))), flush=True)


if __name__ == "__main__":
    main()
