"""The painted pictures of a dataset: each a PNG that says what it was painted from, whole or not there at all."""

import hashlib
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from dataset_script.errors import WorkFailed
from dataset_script.rows import DAMAGED_PICTURE, bounded, why_damaged
from dataset_script.storage import write_atomically

_KEY = "pain3d"


def fingerprint(spec_hash: str, **values: str | int) -> str:
    """SHA-256 (hex) of what decides a picture."""
    return hashlib.sha256(json.dumps([spec_hash, sorted(values.items())]).encode()).hexdigest()


def keep_picture(path: Path, picture: np.ndarray, made_from: str) -> None:
    """Writes a picture (H, W, 3) uint8 that was painted from `made_from`. Raises WorkFailed where it cannot."""
    path.parent.mkdir(exist_ok=True)
    text = PngImagePlugin.PngInfo()
    text.add_text(_KEY, made_from)
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", pnginfo=text, compress_level=4)
    write_atomically(path, buffer.getvalue())


def read_picture(path: Path, made_from: str) -> np.ndarray:
    """The picture (H, W, 3) uint8 at `path`. Raises WorkFailed where it is damaged or was painted from another spec."""
    try:
        with Image.open(path) as picture:
            bounded(picture).load()
            key, pixels = picture.info.get(_KEY), np.asarray(picture.convert("RGB"))
    except DAMAGED_PICTURE as error:
        raise WorkFailed(f"{path} cannot be read ({why_damaged(error)}); delete it to paint it again") from None
    if key != made_from:
        raise WorkFailed(f"{path} was not painted from this specification; delete it to paint it again")
    return pixels
