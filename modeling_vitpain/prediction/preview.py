"""What is shown while a camera is scored: a window where one can be had, else a line of text that is refreshed."""

import contextlib
import os
import select
import sys
import time
from collections import deque
from typing import TextIO

import numpy as np
from PIL import Image

from .image_scores import ImageScores

_QUIT = "q"
_TITLE = "Pain3D - q stops"
_LINE_SECONDS = 1.0
"""Between two lines where the line cannot be refreshed in place."""


def score_line(scores: list[ImageScores], rate: float) -> str:
    """The scores of one picture's faces, the main one first, and the pictures a second."""
    main, pace = scores[0], [f"{rate:.0f} fps"] if rate > 0 else []
    if main.pspi is None:
        return "  ".join([str(main.error), *pace])
    parts = [f"PSPI {main.pspi:.1f} ({main.pspi_low}-{main.pspi_high})"]
    if main.pain_probability is not None:
        parts.append(f"pain {main.pain_probability:.0%}")
    parts += [f"{name} {value:.0f}" for name in ("yaw", "pitch", "roll") if (value := getattr(main, name)) is not None]
    if main.faces is not None:
        parts.append(f"{main.faces} {'face' if main.faces == 1 else 'faces'}")
    if len(scores) > 1:
        parts.append("others " + " ".join("-" if s.pspi is None else f"{s.pspi:.1f}" for s in scores[1:]))
    return "  ".join([*parts, *pace, *([main.warning] if main.warning else [])])


class Preview:
    """Shows each picture with its scores; a context manager.

    Args:
        stream: where the line of text goes; default standard error.
    """

    def __init__(self, stream: TextIO | None = None):
        self._stream = stream or sys.stderr
        self._times: deque[float] = deque(maxlen=20)
        self._printed = float("-inf")
        self._window = _Window() if _Window.can_be_had() else None
        self._held = contextlib.ExitStack()

    def __enter__(self) -> "Preview":
        if self._window is None:
            self._held.enter_context(_single_keys())
        return self

    def __exit__(self, *exc: object) -> None:
        self._held.close()
        if self._window is not None:
            self._window.close()
        elif self._stream.isatty():
            print(file=self._stream)

    def show(self, image: Image.Image | None, scores: list[ImageScores]) -> bool:
        """Shows a picture and its scores; whether it goes on: not after q, or when the window was closed."""
        self._times.append(time.monotonic())
        line = score_line(scores, self._rate())
        if self._window is not None:
            return self._window.show(image, line)
        if self._stream.isatty():
            print(f"\r{line[: _columns() - 1]}\x1b[K", end="", file=self._stream, flush=True)
        elif self._times[-1] - self._printed >= _LINE_SECONDS:
            self._printed = self._times[-1]
            print(line, file=self._stream, flush=True)
        return _pressed() != _QUIT

    def _rate(self) -> float:
        spent = self._times[-1] - self._times[0]
        return (len(self._times) - 1) / spent if spent > 0 else 0.0


class _Window:
    """A window of OpenCV's."""

    @staticmethod
    def can_be_had() -> bool:
        """Whether there is a display, and an OpenCV that draws windows: the headless one does not."""
        if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            return False
        import cv2

        try:
            cv2.namedWindow(_TITLE, cv2.WINDOW_NORMAL)
        except cv2.error:
            return False
        return True

    def show(self, image: Image.Image | None, line: str) -> bool:
        import cv2

        if image is not None:
            pixels = np.ascontiguousarray(np.asarray(image)[..., ::-1])
            size = max(0.4, pixels.shape[1] / 1000)
            place = (8, pixels.shape[0] - 12)
            for colour, width in (((0, 0, 0), 4), ((255, 255, 255), 1)):
                cv2.putText(pixels, line, place, cv2.FONT_HERSHEY_SIMPLEX, size, colour, width, cv2.LINE_AA)
            cv2.imshow(_TITLE, pixels)
        return cv2.waitKey(1) & 0xFF != ord(_QUIT) and cv2.getWindowProperty(_TITLE, cv2.WND_PROP_VISIBLE) >= 1

    def close(self) -> None:
        import cv2

        cv2.destroyAllWindows()


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


@contextlib.contextmanager
def _single_keys():
    """Keys of the terminal count at once, without Enter."""
    if sys.stdin is None or not sys.stdin.isatty():
        yield
        return
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin, termios.TCSANOW)  # what was typed before counts too
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _pressed() -> str | None:
    """The key that was pressed since the last call; None: none."""
    if sys.stdin is None or not sys.stdin.isatty() or not select.select([sys.stdin], [], [], 0)[0]:
        return None
    return os.read(sys.stdin.fileno(), 1).decode("ascii", "replace")
