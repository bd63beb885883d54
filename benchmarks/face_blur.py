"""Faces out of focus and in motion: how sharp the model's view of them is, and how many have the warning.

    python -m benchmarks.face_blur [--people 12]

Rendered frames of 256 pixels, from the front and the sides, blurred by a Gauss curve of so many pixels, or by motion
along the rows or columns by a share of the face's longer side. `least`, `middle`, `most`: of `sharpness`.
"""

import argparse
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter
from scipy.ndimage import uniform_filter1d

from modeling_vitpain.pictures_vitpain import crop_square
from modeling_vitpain.prediction.face_warnings import sharpness, warnings_of_pixels

from .face_finder import Shown, rendered

CROP, SIDE = 1.25, 112
"""What `vitpain-small` sees: the square in longer sides of the box, and its pixels."""


def out_of_focus(shown: Shown, pixels: float) -> Image.Image:
    return shown.image.filter(ImageFilter.GaussianBlur(pixels))


def in_motion(shown: Shown, share: float, axis: int) -> Image.Image:
    """Moved by `share` of the face's side along the columns (`axis` 0) or rows (1) while it was taken."""
    pixels = np.asarray(shown.image, dtype=np.float32)
    moved = uniform_filter1d(pixels, max(1, round(share * shown.side)), axis=axis, mode="nearest")
    return Image.fromarray(np.rint(moved).astype(np.uint8))


CONDITIONS: dict[str, Callable[[Shown], Image.Image]] = {
    "sharp": lambda shown: shown.image,
    **{f"out of focus by {p} pixels": lambda shown, p=p: out_of_focus(shown, p) for p in (1, 1.5, 2, 3)},
    **{f"moved along rows by {s}": lambda shown, s=s: in_motion(shown, s, 1) for s in (0.05, 0.1, 0.15)},
    **{f"moved along columns by {s}": lambda shown, s=s: in_motion(shown, s, 0) for s in (0.05, 0.1, 0.15)},
}


def seen(picture: Image.Image, shown: Shown) -> np.ndarray:
    """The square around the face as the model sees it, (3, SIDE, SIDE), 0-1."""
    (x, y), half = shown.middle, shown.side / 2
    square = crop_square(picture, (x - half, y - half, x + half, y + half), CROP)
    return np.asarray(square.resize((SIDE, SIDE), Image.Resampling.BOX), np.float32).transpose(2, 0, 1) / 255


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=12)
    frames = [shown for _, shown in rendered(parser.parse_args().people)]
    print("| faces | pictures | least | middle | most | warned |\n|" + "---|" * 6)
    for name, blur in CONDITIONS.items():
        views = [seen(blur(shown), shown) for shown in frames]
        inner = [view.mean(0)[SIDE // 6 : -(SIDE // 6), SIDE // 6 : -(SIDE // 6)] for view in views]
        least, middle, most = np.quantile([sharpness(grey) for grey in inner], (0, 0.5, 1))
        warned = sum("blurred" in warnings_of_pixels(view) for view in views)
        print(f"| {name} | {len(views)} | {least:.3f} | {middle:.3f} | {most:.3f} | {warned} |", flush=True)


if __name__ == "__main__":
    main()
