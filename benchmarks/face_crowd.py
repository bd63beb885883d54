"""All faces of a picture: how many are found without and with `--all-faces`, and at what cost.

    python -m benchmarks.face_crowd [--face-model ONNX]

Rendered people from the front and the sides, 40 in each picture, at uneven distances on a plain wall; in every second
picture one in five lies on a side.

- found: of 40, by a face whose middle is within 0.15 of its side; else: faces anywhere else.
- s, 40 faces and s, one face: CPU seconds of a search with `--all-faces`, the latter of a picture of the same size with
  one face a third as high as the picture; without: that of the main face alone.
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np
from PIL import Image

from modeling_vitpain.prediction.face_search import YuNetFaces
from modeling_vitpain.prediction.faces import Face
from modeling_vitpain.prediction.yunet import find_weights

from .face_finder import SIZE, Shown, look, rendered

COLUMNS, ROWS = 8, 5
PEOPLE = 4
WALL = (120, 140, 160)
PICTURES = (
    ((1280, 960), 32),
    ((1280, 960), 64),
    ((1920, 1080), 32),
    ((1920, 1080), 48),
    ((3840, 2160), 48),
    ((4000, 3000), 48),
    ((8000, 6000), 48),
)
"""Sizes in pixels, and the longer side of the faces in them."""


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--face-model", type=Path, metavar="ONNX", help="YuNet's weights")
    weights = find_weights(parser.parse_args(arguments).face_model)
    one, every = YuNetFaces(weights), YuNetFaces(weights, all_faces=True)
    people = [shown for _, shown in rendered(PEOPLE)]
    print("| picture | face in pixels | who lies | main face only | `--all-faces` | else |", end="")
    print(" s, 40 faces | s, one face | without |\n|" + "---|" * 9)
    for size, side in PICTURES:
        alone, _ = crowd(people, size, size[1] // 3, columns=1, rows=1)
        (_, large), (_, without) = timed(every, alone), timed(one, alone)
        for lying in (False, True):
            picture, middles = crowd(people, size, side, lying)
            few, _ = timed(one, picture)
            faces, seconds = timed(every, picture)
            found = count(faces, middles, side)
            print(
                f"| {size[0]} x {size[1]} | {side} | {'one in five' if lying else 'nobody'} "
                f"| {count(few, middles, side)} of {len(middles)} | {found} of {len(middles)} | {len(faces) - found} "
                f"| {seconds:.1f} | {large:.2f} | {without:.2f} |",
                flush=True,
            )


def crowd(
    people: list[Shown], size: tuple[int, int], side: int, lying: bool = False, columns: int = COLUMNS, rows: int = ROWS
) -> tuple[Image.Image, list[np.ndarray]]:
    """A picture with faces of `side` pixels in rows, one in five `lying` on a side, and their middles."""
    picture, random = Image.new("RGB", size, WALL), np.random.default_rng(0)
    middles = []
    for k in range(columns * rows):
        row, column = divmod(k, columns)
        shown = people[k % len(people)]
        scale = side / shown.side
        image = shown.image.resize((round(SIZE * scale),) * 2, Image.Resampling.LANCZOS)
        middle = shown.middle * scale
        if lying and k % 5 == 0:
            image, middle = image.transpose(Image.Transpose.ROTATE_90), (middle[1], image.width - middle[0])
        corner = (
            round((column + random.uniform(0.1, 0.4)) * size[0] / columns),
            round((row + random.uniform(0.1, 0.4)) * size[1] / rows),
        )
        picture.paste(image, corner)
        middles.append(np.add(middle, corner))
    return picture, middles


def timed(finder: YuNetFaces, picture: Image.Image) -> tuple[list[Face], float]:
    """The faces, and the CPU seconds of the faster of two searches."""
    seconds = []
    for _ in range(2):
        begun = time.process_time()
        faces = look(finder, picture)
        seconds.append(time.process_time() - begun)
    return faces, min(seconds)


def count(faces: list[Face], middles: list[np.ndarray], side: int) -> int:
    """How many of the people are found."""
    return sum(any(math.dist(face.centre, middle) < 0.15 * side for face in faces) for middle in middles)


if __name__ == "__main__":
    main()
