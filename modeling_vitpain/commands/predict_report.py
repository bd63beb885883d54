"""What `pain3d predict` says on standard error: progress, errors, and how many pictures were scored how fast."""

import sys
import time

from dataset_script.names import written_path
from dataset_script.progress import Progress
from dataset_script.terminal import one_line
from dataset_script.video import Sampling, expected_frames

from ..prediction.media import MediaFile
from ..prediction.score_rows import ScoreRow

_ERRORS_SHOWN = 10


class Report:
    """Counts rows, and shows how far the work is; a context manager while rows come.

    Args:
        missing: the files that are to be scored now.
    """

    def __init__(self, missing: list[MediaFile], sampling: Sampling):
        self._pace = _Pace(
            {
                written_path(source.path): expected_frames(source.path, sampling)
                if source.is_video and source.error is None
                else 1
                for source in missing
            }
        )
        self._progress = Progress("pictures")
        self._begun = time.monotonic()
        self._seconds = 0.0
        self._rows = self._kept = self._failed = 0
        self._shown: list[ScoreRow] = []

    def __enter__(self) -> "Report":
        return self

    def __exit__(self, *exc: object) -> None:
        self._seconds = time.monotonic() - self._begun
        self._progress.__exit__(*exc)

    def add(self, row: ScoreRow, is_new: bool) -> None:
        """Counts a row; one that is not new was there from an earlier run."""
        self._rows += 1
        self._kept += not is_new
        if row["error"]:
            self._failed += 1
            if len(self._shown) < _ERRORS_SHOWN:
                self._shown.append(row)
        if is_new:
            self._pace.add(row)
            self._progress(self._pace.done, self._pace.total)

    def finish(self) -> int:
        """Prints the errors, and how many pictures were scored how fast. Gives the exit code."""
        for row in self._shown:
            where = row["path"] if row["frame"] in (None, "") else f"{row['path']}, frame {row['frame']}"
            print(f"pain3d: {one_line(where)}: {one_line(row['error'])}", file=sys.stderr)
        if self._failed > len(self._shown):
            print(f"pain3d: and {self._failed - len(self._shown)} more, in the column error", file=sys.stderr)
        parts = [f"{self._rows - self._failed} of {self._rows} pictures scored"]
        if self._kept:
            parts.append(f"{self._kept} of them by an earlier run")
        if self._pace.done:
            parts.append(f"{self._pace.done / max(self._seconds, 1e-9):.1f} a second")
        print(", ".join(parts), file=sys.stderr)
        return 1 if self._failed else 0


class _Pace:
    """How many pictures are done, and how many there will be, by what each file's header says.

    Args:
        expected: pictures of each file, by its written name, in the order in which they come.
    """

    def __init__(self, expected: dict[str, int]):
        self.done = 0
        self._expected = expected
        self._ahead = sum(expected.values())
        self._path, self._picture, self._left = None, None, 0

    @property
    def total(self) -> int:
        return self.done + self._ahead + max(0, self._left)

    def add(self, row: ScoreRow) -> None:
        """Counts the picture of a row once, however many faces it has."""
        if row["path"] != self._path:
            self._path, self._picture = row["path"], None
            self._left = self._expected[self._path]
            self._ahead -= self._left
        if self._picture is None or row["frame"] != self._picture[0]:
            self._picture = (row["frame"],)
            self.done += 1
            self._left -= 1
