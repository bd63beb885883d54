"""How many pictures a second each set of augmentations varies, on one core, and how much of a face survives them.

    python -m benchmarks.augmentation [--data pain3d] [--size 224] [--draws 300]

- pictures/s: `apply` on bytes already cached, with another frame and a drawn foreground at hand.
- lines: contrast of lines 8 pixels apart at 224 that is left by blur, motion or fewer pixels: median over the draws,
  and the share of draws that leave at least half.
- change: of the energy of (frame minus the person's neutral frame) inside the face, the share that is left when both
  get the same colours and camera, noise aside; median and lowest of the draws. Only with `--data`.
"""

import argparse
import dataclasses
import time

import numpy as np
from PIL import Image

from modeling_vitpain.frames.augmentation import AUGMENTATIONS
from modeling_vitpain.frames.augmentation.scene import Scene
from modeling_vitpain.frames.augmentation.sets import WideVariation, drawn_variation

PERIOD = 8 / 224
"""Distance of the lines, in sides: about that of crow's feet, 7 mm on a face."""


def lines(size: int) -> np.ndarray:
    """(size, size, 3), uint8: upright lines, sinusoidal, a `PERIOD` apart."""
    x = (np.arange(size) + 0.5) / size
    levels = 128 + 80 * np.sin(2 * np.pi * x / PERIOD)
    return np.broadcast_to(levels.astype(np.uint8)[None, :, None], (size, size, 3)).copy()


def contrast_left(variation: WideVariation, size: int) -> float:
    """Share of the lines' contrast that the camera of a draw leaves; noise, convolution and JPEG aside."""
    picture = lines(size)
    camera = dataclasses.replace(variation.camera, read_noise=0, shot_noise=0, kernel=(), quality=None)
    after = np.asarray(camera.apply(Image.fromarray(picture), np.random.default_rng(0)))
    inner = slice(size // 4, -size // 4)
    return float(after[inner, inner].std() / picture[inner, inner].std())


def change_left(variation: WideVariation, frame: np.ndarray, neutral: np.ndarray) -> float:
    """Energy of frame minus neutral after the draw's colours and camera, by that before; noise aside."""
    camera = dataclasses.replace(variation.camera, read_noise=0, shot_noise=0)
    after = [
        np.asarray(camera.apply(variation.colour.apply(Image.fromarray(p)), np.random.default_rng(0))).astype(float)
        for p in (frame, neutral)
    ]
    grey = [p.mean(axis=-1) for p in (*after, frame.astype(float), neutral.astype(float))]
    inner = slice(len(frame) // 5, -len(frame) // 5)
    new, old = grey[0] - grey[1], grey[2] - grey[3]
    return float((new[inner, inner] ** 2).sum() / (old[inner, inner] ** 2).sum())


def pictures_a_second(name: str, picture: np.ndarray, draws: int) -> float:
    """Draws and applied variations a second of CPU time."""
    size = len(picture)
    foreground = np.zeros((size, size), dtype=np.uint8)
    foreground[size // 6 :, size // 5 : -size // 5] = 255
    scene = Scene((0.05, 0.05, 0.95, 0.95), foreground, picture[:, ::-1].copy())
    started = time.process_time()
    for k in range(draws):
        variation = drawn_variation(name, np.random.default_rng([0, 0, k, 0]))
        if variation is not None:
            variation.apply(picture, scene)
    return draws / (time.process_time() - started)


def frame_and_neutral(data: str, size: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """The strongest frame of each of 12 people and their neutral frame of the same view."""
    from modeling_vitpain import ViTPainImageProcessor
    from modeling_vitpain.frames.dataset import open_split
    from modeling_vitpain.frames.images import Normaliser

    rows = open_split(data, "train")
    cut = Normaliser(ViTPainImageProcessor(size={"height": size, "width": size}, face_crop=1.1))
    place = {frame_id: k for k, frame_id in enumerate(rows["frame_id"][:])}
    strongest: dict[int, tuple[int, int]] = {}
    for k, (person, pspi) in enumerate(zip(rows["identity_id"][:], rows["pspi"][:], strict=True)):
        strongest[person] = max(strongest.get(person, (0, 0)), (pspi, k))
    pairs = []
    for _, k in list(strongest.values())[:12]:
        row = rows[k]
        neutral = rows[place[row["neutral_frame_id"]]]
        pairs.append(tuple(cut.resize(each["image"], each["face_box"]) for each in (row, neutral)))
    return pairs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--draws", type=int, default=300)
    args = parser.parse_args()
    pairs = frame_and_neutral(args.data, args.size) if args.data else []
    picture = pairs[0][0] if pairs else lines(args.size)
    for name in AUGMENTATIONS[1:]:
        shown = f"{name:<11}{pictures_a_second(name, picture, args.draws):7.0f} pictures/s"
        if name in ("appearance", "strong"):
            drawn = [drawn_variation(name, np.random.default_rng([1, 0, k, 0])) for k in range(args.draws)]
            left = [contrast_left(variation, args.size) for variation in drawn]
            shown += f"   lines: median {np.median(left):.2f}, {np.mean(np.array(left) >= 0.5):.0%} keep half"
            shown += f", lowest {min(left):.2f}"
            if pairs:
                kept = [change_left(variation, *pairs[k % len(pairs)]) for k, variation in enumerate(drawn)]
                shown += f"   change: median {np.median(kept):.2f}, 5 % below {np.quantile(kept, 0.05):.2f}"
                shown += f", lowest {min(kept):.2f}"
        print(shown)


if __name__ == "__main__":
    main()
