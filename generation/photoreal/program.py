"""A user's program that paints a mesh from a portrait, run in a process and an environment of its own."""

import contextlib
import io
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from dataset_script.errors import InvalidInput, WorkFailed

SECONDS = 1800.0
"""A mesh may take so long. Loading the models is part of it."""
_LAST_LINES = 6
_OURS = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
"""Variables of this environment, which would mislead a program of another."""


@dataclass(frozen=True)
class Program:
    """Picklable. It is started as COMMAND MESH.glb PORTRAIT.png PAINTED.glb and writes the third file.

    Attributes:
        command: its words, the program first.
        seconds: after these it counts as hung.

    Raises:
        InvalidInput: there is no such program, or no time for it.
    """

    command: tuple[str, ...]
    seconds: float = SECONDS

    def __post_init__(self) -> None:
        if not self.command or shutil.which(self.command[0]) is None:
            raise InvalidInput(f"command is {shlex.join(self.command)!r}; its first word must be a program")
        if not self.seconds > 0:
            raise InvalidInput(f"seconds is {self.seconds:g}; allowed: above 0")

    def paint(self, mesh: bytes, portrait: np.ndarray, device: str | None = None) -> bytes:
        """The painted mesh, as the program wrote it.

        Args:
            mesh: binary glTF.
            portrait: (S, S, 4) uint8 RGBA.
            device: cuda:N is the only GPU that it sees; else it sees all.

        Raises:
            WorkFailed: the program fails, takes too long or writes nothing; tells what it said last.
        """
        picture = io.BytesIO()
        Image.fromarray(portrait).save(picture, "PNG")
        with tempfile.TemporaryDirectory(prefix="pain3d-paint-") as folder:
            files = [Path(folder) / name for name in ("head.glb", "portrait.png", "painted.glb")]
            log = Path(folder) / "log.txt"
            try:
                files[0].write_bytes(mesh)
                files[1].write_bytes(picture.getvalue())
                self._run([str(file) for file in files], log, device)
                if not files[2].is_file():
                    raise WorkFailed(f"{self.command[0]} wrote no file{_said(log)}")
                return files[2].read_bytes()
            except OSError as error:
                raise WorkFailed(f"{self.command[0]} cannot be run: {error}") from None

    def _run(self, files: list[str], log: Path, device: str | None) -> None:
        with log.open("wb") as said:
            process = subprocess.Popen(
                [*self.command, *files],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env=_environment(device),
                start_new_session=True,  # it ends with all that it has started
            )
            try:
                code = process.wait(self.seconds)
            except subprocess.TimeoutExpired:
                raise WorkFailed(
                    f"{self.command[0]} took more than {self.seconds:g} s and was stopped{_said(log)}"
                ) from None
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if code:
            ended = f"was killed by signal {-code} (out of memory?)" if code < 0 else f"ended with code {code}"
            raise WorkFailed(f"{self.command[0]} {ended}{_said(log)}")


def _environment(device: str | None) -> dict[str, str]:
    found = {name: value for name, value in os.environ.items() if name not in _OURS}
    kind, _, number = (device or "").partition(":")
    if kind == "cuda" and number.isdecimal():
        visible = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
        found["CUDA_VISIBLE_DEVICES"] = visible[int(number)] if int(number) < len(visible) else number
    return found


def _said(log: Path) -> str:
    """The last lines that a program said, to be put behind what happened to it; errors are one line."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return "; it said nothing" if not lines else f"; it said last: {' | '.join(lines[-_LAST_LINES:])}"
