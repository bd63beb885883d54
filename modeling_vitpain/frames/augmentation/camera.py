"""What a camera and a file do to a picture: blur, fewer pixels, noise, sharpening, JPEG.

Label-safe limits: wrinkles must stay. A picture has one loss of sharpness at most: a blur, a motion or fewer pixels,
each at most so strong that lines 8 pixels apart at 224 (about 7 mm on a face) keep a part of their contrast. The limits
are in sides of the picture, so that they are the same on a face whatever the model's size.
"""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

MAX_BLUR = 0.006  # standard deviation, in sides: 1.3 pixels at 224
MAX_MOTION = 0.022  # length, in sides: 5 pixels at 224
MAX_SHRINK = 1.8  # of the side: 124 pixels at 224
MAX_READ_NOISE = 6.0  # standard deviation in levels, at black
MAX_SHOT_NOISE = 10.0  # standard deviation in levels, at white
MAX_KERNEL = 0.12  # standard deviation of what a random 3 x 3 convolution adds to the picture's own pixel
QUALITY = (40, 95)  # of JPEG


@dataclass(frozen=True)
class Camera:
    """One draw; the defaults leave a picture as it is.

    Attributes:
        blur: standard deviation in sides.
        motion: length in sides, to the right and down.
        shrink: factor by which the camera has fewer pixels.
        read_noise, shot_noise: standard deviations in levels, of black and of white.
        kernel: what is added to the picture's own pixel, 9 numbers of sum 0, row by row; empty: nothing.
        quality: of JPEG; None: no JPEG.
    """

    blur: float = 0.0
    motion: tuple[float, float] = (0.0, 0.0)
    shrink: float = 1.0
    read_noise: float = 0.0
    shot_noise: float = 0.0
    kernel: tuple[float, ...] = ()
    quality: int | None = None

    def apply(self, image: Image.Image, random: np.random.Generator) -> Image.Image:
        """The picture as the camera takes it and the file keeps it, at its own size."""
        size, side = image.size, max(image.size)
        if self.blur:
            image = image.filter(ImageFilter.GaussianBlur(self.blur * side))
        if self.motion != (0.0, 0.0):
            image = moving(image, *(length * side for length in self.motion))
        if self.shrink > 1:
            small = [max(1, round(length / self.shrink)) for length in size]
            image = image.resize(small, Image.Resampling.BOX)
        if self.read_noise or self.shot_noise:
            image = noisy(image, self.read_noise, self.shot_noise, random)
        if self.kernel:
            own = (0, 0, 0, 0, 1, 0, 0, 0, 0)
            image = image.filter(ImageFilter.Kernel((3, 3), np.add(own, self.kernel).tolist(), scale=1))
        if self.quality is not None:
            image = compressed(image, self.quality)
        return image if image.size == size else image.resize(size, Image.Resampling.BICUBIC)


def drawn_camera(random: np.random.Generator, kernels: bool) -> Camera:
    """A draw in which about one and a half of the changes are active. `kernels`: may it have a random convolution?"""
    strength, sharpness = random.random(), random.random()
    angle, active = random.uniform(0, np.pi), random.random(3)
    read, shot = random.random(2) * (active[0] < 0.35)
    kernel = random.normal(0, MAX_KERNEL, 9)
    quality = int(random.integers(QUALITY[0], QUALITY[1] + 1))
    moved = strength * MAX_MOTION * np.array([np.cos(angle), np.sin(angle)])
    return Camera(
        blur=float(strength * MAX_BLUR) if sharpness < 0.2 else 0.0,
        motion=(float(moved[0]), float(moved[1])) if 0.2 <= sharpness < 0.3 else (0.0, 0.0),
        shrink=float(MAX_SHRINK**strength) if 0.3 <= sharpness < 0.5 else 1.0,
        read_noise=float(read * MAX_READ_NOISE),
        shot_noise=float(shot * MAX_SHOT_NOISE),
        kernel=tuple((kernel - kernel.mean()).tolist()) if kernels and active[1] < 0.15 else (),
        quality=quality if active[2] < 0.35 else None,
    )


def moving(image: Image.Image, x: float, y: float) -> Image.Image:
    """The mean of the picture on its way by x and y pixels; its border pixels go on outside."""
    steps = round(max(abs(x), abs(y)))
    if steps == 0:
        return image
    pixels, reach = np.asarray(image), steps // 2 + 1
    padded = np.pad(pixels, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    height, width = pixels.shape[:2]
    total = np.zeros(pixels.shape, dtype=np.uint16)
    for share in np.linspace(-0.5, 0.5, steps + 1):
        left, top = reach + round(share * x), reach + round(share * y)
        total += padded[top : top + height, left : left + width]
    return Image.fromarray((total // (steps + 1)).astype(np.uint8))


def noisy(image: Image.Image, read: float, shot: float, random: np.random.Generator) -> Image.Image:
    """With noise of standard deviation `read` everywhere, and `shot` x the root of the level (white is 1)."""
    deviations = np.sqrt(read**2 + shot**2 * np.arange(256) / 255).astype(np.float32)
    pixels = np.asarray(image)
    noise = random.standard_normal(pixels.shape, dtype=np.float32) * deviations[pixels]
    return Image.fromarray(np.clip(pixels + noise + np.float32(0.5), 0, 255).astype(np.uint8))


def compressed(image: Image.Image, quality: int) -> Image.Image:
    """Written as JPEG and read again."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")
