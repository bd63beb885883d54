"""Pictures that are given as text: base64 and data URIs.

This file is Hub remote code: it imports PIL and its neighbours here, nothing else.
"""

import base64
import io
import urllib.parse
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from .pictures_vitpain import identified


def is_file(source: str | Path) -> bool:
    """Whether there is such a file; base64 text is too long a name to be asked for."""
    try:
        return Path(source).is_file()
    except OSError:
        return False


def decoded_text(text: str) -> io.BytesIO:
    """The bytes of a picture that is given as base64 text or as a data URI.

    Raises:
        ValueError: the text is neither.
    """
    header, _, content = text.partition(",") if text.startswith("data:") else (";base64", "", text)
    try:
        if header.endswith(";base64"):
            content = "".join(urllib.parse.unquote(content).split()).replace("-", "+").replace("_", "/")
            picture = io.BytesIO(base64.b64decode(content + "=" * (-len(content) % 4), validate=True))
        else:
            picture = io.BytesIO(urllib.parse.unquote_to_bytes(content))
        identified(picture)  # reads the header alone
    except (ValueError, UnidentifiedImageError):
        shown = text if len(text) <= 80 else f"{text[:80]}…"
        raise ValueError(f"{shown!r} is no picture; allowed are a file, a URL, base64 text or a data URI") from None
    except Image.DecompressionBombError:
        pass  # `open_picture` will say what is allowed
    picture.seek(0)
    return picture


__all__ = ["decoded_text", "is_file"]
