"""The judges as seen from here: processes under a Python of their own that say what they see in pictures."""

import io
import json
import queue
import subprocess
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from dataset_script.errors import WorkFailed
from generation.other_python import find_other_python

PYTHON_VARIABLE = "PAIN3D_JUDGES_PYTHON"
LOCAL_PYTHON = Path(".venv-judges/bin/python")
INSTALL = "sh benchmarks/judges/make_venv.sh"
WORKER = Path(__file__).with_name("worker.py")
BOTH_SIDES = "browDown", "eyeSquint", "mouthUpperUp", "eyeBlink", "browOuterUp", "mouthLowerDown", "mouthSmile"
BOTH_SIDES += ("mouthStretch",)
SINGLE = "browInnerUp", "jawOpen"


@dataclass(frozen=True)
class Picture:
    """A JPEG or PNG file, and whether SFace looks at it too."""

    data: bytes
    embed: bool = False

    @classmethod
    def of(cls, rgb: np.ndarray, embed: bool = False) -> "Picture":
        """Of pixels (H, W, 3) uint8, without loss."""
        buffer = io.BytesIO()
        Image.fromarray(rgb).save(buffer, "PNG", compress_level=1)
        return cls(buffer.getvalue(), embed)


@dataclass(frozen=True)
class Reading:
    """What the judges see in a picture.

    Attributes:
        scores: MediaPipe's, 0 to 1: those of BOTH_SIDES (mean of left and right) and SINGLE; None: no face found.
        embedding: (128,) of length 1 from SFace; None: not asked for, or no face found.
    """

    scores: dict[str, float] | None
    embedding: np.ndarray | None = None


def proxy_pspi(scores: dict[str, float]) -> float:
    """PSPI as MediaPipe's scores have it, 0-16: 5 (browDown + eyeSquint + mouthUpperUp) + eyeBlink.

    AU6 and AU7 both move eyeSquint, AU9 and AU10 both mouthUpperUp: the two maxima of PSPI. It ranks faces; it is no
    PSPI, because at rest it is not zero: subtract that of the person's own neutral face.
    """
    return 5 * (scores["browDown"] + scores["eyeSquint"] + scores["mouthUpperUp"]) + scores["eyeBlink"]


def find_python() -> str:
    """The Python of the judges: $PAIN3D_JUDGES_PYTHON, else `.venv-judges` in the current directory.

    Raises WorkFailed, with the line that makes it, where there is none.
    """
    return find_other_python(
        PYTHON_VARIABLE,
        LOCAL_PYTHON,
        "the judges need a Python of their own",
        f"to make it: {INSTALL}",
    )


class _Process:
    """One process of judges."""

    def __init__(self, python: str) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="pain3d-judges-")
        self._log = Path(self._directory.name) / "log.txt"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [python, "-I", str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            )
        self.close = weakref.finalize(self, _close, self._process)

    def read(self, picture: Picture) -> Reading:
        try:
            self._process.stdin.write(bytes([picture.embed]) + len(picture.data).to_bytes(4, "big") + picture.data)
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            said = self._log.read_text(errors="replace").strip().splitlines()
            raise WorkFailed(f"the judges ended: {said[-1] if said else 'without a word'}; to make them: {INSTALL}")
        return reading(json.loads(line))


def _close(process: subprocess.Popen) -> None:
    process.kill()
    process.wait()
    with suppress(BrokenPipeError):  # of a picture that it no longer took
        process.stdin.close()
    process.stdout.close()


def reading(answer: dict) -> Reading:
    """An answer of the process."""
    raw, embedding = answer["scores"], answer["embedding"]
    scores = None
    if raw is not None:
        scores = {name: (raw[f"{name}Left"] + raw[f"{name}Right"]) / 2 for name in BOTH_SIDES}
        scores |= {name: raw[name] for name in SINGLE}
    return Reading(scores, None if embedding is None else np.array(embedding))


class Judges:
    """MediaPipe's FaceLandmarker and SFace, in `workers` processes.

    Raises:
        WorkFailed: there is no Python of the judges; later, from `read`: a process ended.
    """

    def __init__(self, workers: int = 1) -> None:
        python = find_python()
        self._workers = workers
        self._idle: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        for _ in range(workers):
            self._idle.put(_Process(python))

    def read(self, picture: Picture) -> Reading:
        """What is seen in one picture."""
        process = self._idle.get()
        try:
            return process.read(picture)
        finally:
            self._idle.put(process)

    def read_all(self, pictures: Iterable[Picture]) -> Iterator[Reading]:
        """What is seen in each picture, in their order."""
        with ThreadPoolExecutor(self._workers) as threads:
            yield from threads.map(self.read, pictures)
