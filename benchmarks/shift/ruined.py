"""`home` as bad cameras and channels leave it. Labels and faces stay, so that what is lost is the picture's quality."""

import io
from collections.abc import Callable

from datasets import Dataset, Image
from PIL import Image as Pictures
from PIL import ImageFilter

PEOPLE = 24
"""The first so many people of `home`."""
Picture = Pictures.Image


def _half(picture: Picture) -> Picture:
    return picture.resize((picture.width // 2, picture.height // 2), Pictures.Resampling.BOX)


def _blurred(picture: Picture) -> Picture:
    return picture.filter(ImageFilter.GaussianBlur(picture.width / 128))


def _dark(picture: Picture) -> Picture:
    return picture.point(lambda level: level * 0.3)


RUINED: dict[str, tuple[str, Callable[[Picture], Picture]]] = {
    "jpeg": ("JPEG of quality 20", lambda picture: picture),
    "half": ("half the width and height", _half),
    "blur": ("Gaussian blur, 1/128 of the width", _blurred),
    "grey": ("without colour", lambda picture: picture.convert("L").convert("RGB")),
    "dark": ("30 % of the light", _dark),
}
"""Name -> what is done, in words, and the function."""


def ruined(home: Dataset, name: str) -> Dataset:
    """The frames of the first people of `home`, with pictures and face boxes as they are after it."""
    people = [k for k, identity in enumerate(home["identity_id"][:]) if identity < PEOPLE]

    def changed(row: dict) -> dict:
        before = row["image"].convert("RGB")
        after = RUINED[name][1](before)
        share = after.width / before.width
        return {"image": _encoded(after, name), "face_box": [share * value for value in row["face_box"]]}

    return home.select(people).map(changed, features=home.features, keep_in_memory=True, load_from_cache_file=False)


def _encoded(picture: Picture, name: str) -> dict:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=20) if name == "jpeg" else picture.save(buffer, "PNG", compress_level=1)
    return Image().encode_example({"bytes": buffer.getvalue(), "path": None})
