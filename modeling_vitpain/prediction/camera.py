"""Pictures of a camera as they are taken, by OpenCV."""

import os
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.video import Sampling, is_sampled, next_tick
from dataset_script.video_pictures import square_pixels

from .media import InputImage, MediaFile


class Camera:
    """An open camera; a context manager.

    Args:
        device: its number, or a path or URL that OpenCV opens.
        sampling: which of its pictures are used.
        seconds: after which it ends; None: it does not by itself.

    Raises:
        InvalidInput: `seconds` is not above 0.
        WorkFailed: there is no such camera, or another program uses it.
    """

    def __init__(self, device: str, sampling: Sampling, seconds: float | None = None):
        if seconds is not None and not 0 < seconds < float("inf"):
            raise InvalidInput(f"seconds is {seconds}; allowed is above 0")
        self.source = MediaFile(Path(f"camera {device}"), f"camera {device}")
        self._sampling, self._seconds = sampling, seconds
        self._is_numbered = device.isdecimal()
        self._capture = _capture(int(device) if self._is_numbered else device)
        if not self._capture.isOpened():
            if "://" in device:
                raise WorkFailed(f"{device} cannot be reached, or sends no video that OpenCV reads")
            what = (
                "is it connected, and used by no other program?"
                if self._is_numbered
                else "allowed are a number, and a path or URL that OpenCV reads"
            )
            raise WorkFailed(f"camera {device} cannot be opened; {what}")
        self._stopped = False

    def __enter__(self) -> "Camera":
        return self

    def __exit__(self, *exc: object) -> None:
        self._capture.release()

    def stop(self) -> None:
        """Ends `pictures` with the one that is there."""
        self._stopped = True

    def pictures(self) -> Iterator[InputImage]:
        """The pictures from now on; `time_s` counts from the first. A path or URL may end, a camera may not.

        Raises:
            WorkFailed: it gives no picture, or no more.
        """
        number, due, begin = -1, 0.0, None
        while not self._stopped:
            there, pixels = self._capture.read()
            now = time.monotonic()
            begin = now if begin is None else begin
            seconds = now - begin
            if self._seconds is not None and seconds >= self._seconds:
                return
            if not there:
                if number < 0 or self._is_numbered:
                    raise WorkFailed(f"{self.source.name} gives no {'more pictures' if number >= 0 else 'picture'}")
                return
            number += 1
            if is_sampled(number, seconds, due, self._sampling):
                due = seconds if self._sampling.fps is None else next_tick(seconds, self._sampling.fps)
                yield InputImage(self.source, self._shown(pixels), number, seconds)

    def _shown(self, pixels: np.ndarray) -> Image.Image:
        """A picture of OpenCV, which has turned it already, as RGB with square pixels."""
        image = Image.fromarray(pixels[..., ::-1].copy())
        size = square_pixels(image.width, image.height, _pixel_aspect(self._capture))
        return image if size == image.size else image.resize(size, Image.Resampling.BICUBIC)


def _pixel_aspect(capture) -> Fraction | None:
    """Width of a pixel of the upright picture in units of its height; None: a camera, or a file, that says nothing."""
    import cv2

    width, height = (int(capture.get(name)) for name in (cv2.CAP_PROP_SAR_NUM, cv2.CAP_PROP_SAR_DEN))
    if width <= 0 or height <= 0:
        return None
    turned = capture.get(cv2.CAP_PROP_ORIENTATION_AUTO) > 0 and capture.get(cv2.CAP_PROP_ORIENTATION_META) % 180 == 90
    return Fraction(height, width) if turned else Fraction(width, height)


def _capture(device: int | str):
    """OpenCV's capture, without its own lines on standard error, which say what the error says."""
    import cv2

    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    before = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        capture = cv2.VideoCapture(device)
    finally:
        cv2.utils.logging.setLogLevel(before)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest picture, not one of some time ago
    return capture
