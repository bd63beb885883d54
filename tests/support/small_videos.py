"""Small videos as cameras and editors write them: turned, mirrored, of non-square pixels, with other streams beside."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

RATE = 25
WIDTH, HEIGHT = 96, 64

MATRICES = {
    "as stored": (1, 0, 0, 1),
    "mirrored": (-1, 0, 0, 1),
    "upside down": (1, 0, 0, -1),
    "turned by 180": (-1, 0, 0, -1),
    "clockwise": (0, 1, -1, 0),
    "counter-clockwise": (0, -1, 1, 0),
    "transposed": (0, 1, 1, 0),
    "transposed and turned by 180": (0, -1, -1, 0),
}
"""a, b, c, d of the display matrix: (x, y), y downwards, is shown at (a x + c y, b x + d y)."""


def drawn(k: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """uint8 (height, width, 3): smooth, with a white corner above on the left and a dark one below on the left."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([60 + 100 * x / width, 60 + 100 * y / height, np.full(x.shape, 80 + 3 * k)], axis=-1)
    pixels[: height // 4, : width // 4] = 250
    pixels[-height // 4 :, : width // 4] = 10
    return pixels.astype(np.uint8)


def write_clip(
    path: Path,
    frames: int = 8,
    codec: str = "libx264",
    container_format: str | None = None,
    aspect: Fraction | None = None,
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> Path:
    """A clip of `drawn` frames."""
    with av.open(str(path), "w", format=container_format) as container:
        add_frames(container, add_video(container, codec, size, aspect), frames)
    return path


def add_video(container, codec: str = "libx264", size=(WIDTH, HEIGHT), aspect: Fraction | None = None, rate=RATE):
    stream = container.add_stream(codec, rate=rate)
    stream.width, stream.height, stream.pix_fmt, stream.gop_size = *size, "yuv420p", 4
    stream.bit_rate = 2_000_000
    if aspect is not None:
        stream.codec_context.sample_aspect_ratio = aspect
    return stream


def add_frames(container, stream, frames: int = 8, begin: int = 0, shade: int = 0) -> None:
    """`frames` drawn frames, the first at `begin` frames after zero; `shade` moves the blue of all."""
    for k in range(frames):
        frame = av.VideoFrame.from_ndarray(drawn(k + shade, stream.width, stream.height))
        frame.pts, frame.time_base = begin + k, Fraction(1, RATE)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def add_silence(container, stream, seconds: float) -> None:
    """Silence in an AAC stream, which was added before anything was written."""
    rate = stream.rate
    for k in range(int(seconds * rate / 1024)):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), dtype=np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, 1024 * k, Fraction(1, rate)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def with_matrix(source: Path, target: Path, matrix: tuple[float, float, float, float]) -> Path:
    """The MP4 file with a, b, c, d of its track's display matrix overwritten (ISO 14496-12, `tkhd`)."""
    content = bytearray(source.read_bytes())
    place = content.index(b"tkhd") + 4 + 40
    a, b, c, d = (round(value * 65536) for value in matrix)
    content[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    target.write_bytes(content)
    return target


def shown(pixels: np.ndarray, matrix: tuple[int, int, int, int]) -> np.ndarray:
    """Pixels (H, W, 3) moved point by point as one of `MATRICES` says."""
    a, b, c, d = matrix
    y, x = np.mgrid[0 : pixels.shape[0], 0 : pixels.shape[1]]
    to_x, to_y = a * x + c * y, b * x + d * y
    to_x, to_y = to_x - to_x.min(), to_y - to_y.min()
    out = np.zeros((to_y.max() + 1, to_x.max() + 1, 3), dtype=np.uint8)
    out[to_y, to_x] = pixels
    return out


def distance(image: Image.Image, pixels: np.ndarray) -> float:
    """Mean difference in grey levels; infinite where the sizes differ."""
    found = np.asarray(image, dtype=np.int16)
    return float("inf") if found.shape != pixels.shape else float(np.abs(found - pixels).mean())
