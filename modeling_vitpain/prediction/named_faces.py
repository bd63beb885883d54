"""Faces that a table names."""

import itertools
import math
import os
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.names import bare_name, meant_name, read_name
from dataset_script.table_files import Row, TableFile, are_shares, read_table
from dataset_script.video import count_frames

from ..image_processing_vitpain import check_box_in_picture
from .faces import Box, Face, NoFace, by_prominence, face_of_landmarks
from .media import InputImage, MediaFile

_BOX_COLUMNS = ["x0", "y0", "x1", "y1"]
_LANDMARK_COLUMNS = [f"{axis}{k}" for k in range(68) for axis in "xy"]


@dataclass(frozen=True)
class _Named:
    """One row: the line, and where the face is, in pixels of the file or shares of it.

    Attributes:
        box: None where the row names no face; as `Face.box`.
        tilt: as `Face.tilt`; None where a box alone is named.
    """

    line: int
    box: Box | None = None
    tilt: float | None = None


class NamedFaces:
    """Faces listed in a CSV file; see `read_table` for what is read as one.

    Columns, in capitals or not: `path`, relative to the working directory or to the file's own folder, or the end of
    the path of one of the `pictures` alone, with slashes or backslashes and accents in either form of Unicode;
    `x0, y0, x1, y1`, a box in pixels of the upright picture, or with `landmarks` `x0, y0, …, x67, y67`, the 68 points
    of iBUG 300-W. For videos also `frame`, from 0; a row without it holds for all frames of its video. A row without
    numbers, with NaN or with nothing but zeros says that there is no face. Boxes may be shares of the picture, as
    `are_shares` tells for the whole file.

    Args:
        several: whether a picture may have several faces.
        pictures: all files that will be asked for.

    Attributes:
        notes: one line for each thing that was read otherwise than as plain CSV in pixels.

    Raises:
        InvalidInput: the file does not exist, a column is missing, or a row is wrong.
    """

    def __init__(
        self, table: Path, landmarks: bool = False, several: bool = False, pictures: Collection[Path] = ()
    ) -> None:
        self.several = several
        self._columns = _LANDMARK_COLUMNS if landmarks else _BOX_COLUMNS
        read = read_table(table, ("path", *self._columns[:2]))
        _check_points(table, read.columns, landmarks)
        self._name = table.name
        self.notes = list(read.notes)
        lower = {name.lower(): name for name in reversed(read.columns)}
        wanted = ("path", "frame", *self._columns)
        self._named = {name: name if name in read.columns else lower.get(name) for name in wanted}
        absent = [name for name in ("path", *self._columns) if self._named[name] is None]
        if absent:
            needed = f"path and {self._columns[0]} to {self._columns[-1]}"
            raise InvalidInput(f"{table} has no column {', '.join(absent[:4])}; needed are {needed}")
        self._pictures = _Pictures(pictures)
        self._rows: dict[tuple[Path, int | None], list[_Named]] = {}
        for row in read.rows:
            path, frame, face = self._read_row(read, row)
            if path is not None:
                self._rows.setdefault((path, frame), []).append(face)
        self._check_frames(table)
        self._seen: dict[Path, int] = {}  # of each video, the last frame that was asked for
        scored, known = {path.resolve() for path in pictures}, {path for path, _ in self._rows}
        absent = sorted(path for path in known - scored if not os.path.exists(path))
        unclear = self._pictures.unclear
        if unclear:
            name, fitting = next(iter(unclear.items()))
            self.notes.append(
                f"{table.name} has {name!r}, which fits {len(fitting)} files, such as {str(fitting[0])!r} and "
                f"{str(fitting[1])!r}; write the whole path"
                + (f" (and {len(unclear) - 1} more names like it)" if unclear.keys() - {name} else "")
            )
        if known & scored and absent:
            self.notes.append(f"{table.name} names {len(absent)} file(s) that do not exist, such as {str(absent[0])!r}")
        if self._rows and pictures and known.isdisjoint(scored) and not unclear:
            example = read.rows[0].values[self._named["path"]]
            self.notes.append(
                f"{table.name} names none of the files to be scored: it has {example!r}, they are like "
                f"{str(next(iter(pictures)))!r}; write paths from the table's own folder, or their ends alone"
            )
        boxes = [named.box for rows in self._rows.values() for named in rows if named.box is not None]
        self._shares = not landmarks and are_shares(boxes)
        if self._shares:
            self.notes.append(f"{table.name} holds boxes from 0 to 1, read as shares of the picture")

    def find(self, picture: InputImage) -> list[Face]:
        """See `FaceFinder`."""
        path = picture.source.path.resolve()
        if picture.frame is not None:
            self._seen[path] = max(picture.frame, self._seen.get(path, 0))
        rows = self._rows.get((path, picture.frame)) or self._rows.get((path, None), [])
        named = [row for row in rows if row.box is not None]
        if not named:
            raise NoFace(f"no face is named for it in {self._name}")
        if len(named) > 1 and not self.several:
            lines = ", ".join(str(row.line) for row in named)
            raise NoFace(f"{self._name} names {len(named)} faces for it, lines {lines}; score them with --all-faces")
        return by_prominence([self._face(row, picture) for row in named], picture.image.size)

    def frames_beyond(self) -> list[str]:
        """One line for each video of which the table names frames that it does not have; after all were asked for."""
        named: dict[Path, set[int]] = {}
        for path, frame in self._rows:
            if frame is not None:
                named.setdefault(path, set()).add(frame)
        lines = []
        for path, last in self._seen.items():
            if max(named.get(path, {0})) <= last:
                continue
            try:
                count = count_frames(path)
            except WorkFailed:
                continue  # its own row says so
            beyond = sorted(frame for frame in named[path] if frame >= count)
            if named[path] == set(range(1, count + 1)):
                lines.append(
                    f"{self._name} names frames 1 to {count} of {path.name}, which has frames 0 to {count - 1}: each "
                    "was used for the frame after its own; frames count from 0"
                )
            elif beyond:
                lines.append(
                    f"{self._name} names frame {beyond[0]}"
                    + (f" and {len(beyond) - 1} more" if beyond[1:] else "")
                    + f" of {path.name}, which has frames 0 to {count - 1}: frames count from 0"
                )
        return lines

    def _check_frames(self, table: Path) -> None:
        """Raises InvalidInput where there are several boxes for a video, and no column says of which frames."""
        if self._named["frame"] is not None:
            return
        for (path, _), rows in self._rows.items():
            if len(rows) > 1 and os.path.isfile(path) and MediaFile(path, path.name).is_video:
                raise InvalidInput(
                    f"{table} names {len(rows):,} faces for the video {path.name} and has no column frame; needed is "
                    "the number of the frame, from 0, in each row (one row alone holds for all frames)"
                )

    def _face(self, row: _Named, picture: InputImage) -> Face:
        width, height = picture.image.size
        factors = (width, height, width, height) if self._shares else (picture.scale,) * 4
        box = tuple(value * factor for value, factor in zip(row.box, factors, strict=True))
        try:
            check_box_in_picture(box, (width, height))
        except ValueError as error:
            raise NoFace(f"{self._name}, line {row.line}: {error}") from None
        return Face(box, row.tilt or 0.0, roll=row.tilt, named=True)

    def _read_row(self, table: TableFile, row: Row) -> tuple[Path | None, int | None, _Named]:
        """File, frame and face of a row; no file where its path fits several of those to be scored."""
        where = f"{table.path}, line {row.line}"
        if row.surplus and not table.decimal_comma:
            raise InvalidInput(
                f"{where}: {row.surplus} fields more than the header; "
                "decimal commas need semicolons between the columns"
            )
        values = {name: row.values.get(column) for name, column in self._named.items() if column is not None}
        if not (values["path"] or "").strip():
            raise InvalidInput(f"{where}: the path is empty; allowed is a picture or video")
        try:
            numbers = np.array([table.number(values[name]) for name in self._columns])
            frame = table.number(values.get("frame"))
        except ValueError as error:
            raise InvalidInput(f"{where}: {error}; allowed are numbers") from None
        if not (math.isnan(frame) or (0 <= frame < math.inf and frame == int(frame))):
            raise InvalidInput(f"{where}: frame is {frame:g}; allowed are whole numbers from 0")
        try:
            path = self._file(table, values["path"].strip())
        except (OSError, ValueError) as error:  # too long, or with a byte that no name has
            raise InvalidInput(
                f"{where}: path is {values['path'][:60]!r}, which no file can be called: {error}"
            ) from None
        whole = None if math.isnan(frame) else int(frame)
        if np.isnan(numbers).all() or not numbers.any():  # of a frame where OpenFace failed, all are 0
            return path, whole, _Named(row.line)
        return path, whole, self._face_of(numbers, row.line, where)

    def _file(self, table: TableFile, text: str) -> Path | None:
        """The file that a path means; None where it fits several of those to be scored."""
        here, folder = Path(meant_name(read_name(text), suffix_as_there=True)), table.path.parent
        beside = folder / meant_name(read_name(text), folder, suffix_as_there=True)
        there = [path.resolve() for path in (here, beside) if os.path.exists(path)]
        if there:
            return self._pictures.only_one_of(text, there)
        found = self._pictures.ending_in(text) or self._pictures.ending_in(bare_name(text))
        if found is None and {text, bare_name(text)} & self._pictures.unclear.keys():
            return None
        return found or beside.resolve()

    def _face_of(self, numbers: np.ndarray, line: int, where: str) -> _Named:
        tilt = None
        if len(numbers) == 4:
            box = tuple(numbers.tolist())
        elif np.isfinite(numbers).all():
            box, tilt = face_of_landmarks(numbers.reshape(-1, 2))
        else:
            wrong = int(np.flatnonzero(~np.isfinite(numbers))[0])
            raise InvalidInput(f"{where}: {self._columns[wrong]} is {numbers[wrong]:g}; allowed are finite numbers")
        if not (np.isfinite(box).all() and box[0] < box[2] and box[1] < box[3]):
            raise InvalidInput(f"{where}: the face is {list(box)}; allowed are finite x0 < x1 and y0 < y1")
        return _Named(line, box, tilt)


def _check_points(table: Path, columns: Collection[str], landmarks: bool) -> None:
    """Raises InvalidInput where each row has more points than the 68 `landmarks`, or the two corners of a box."""
    names = {name.lower() for name in columns}
    count = next(k for k in itertools.count() if not {f"x{k}", f"y{k}"} <= names)
    most = 68 if landmarks else 2
    if count <= most:
        return
    has = f"{table} has the columns x{most} to y{count - 1}"
    if landmarks:
        raise InvalidInput(f"{has}: {count} landmarks; needed are the {most} of iBUG 300-W, x0 to y{most - 1}")
    cure = "give the table as --landmarks" if count == 68 else "delete them, if x0, y0, x1, y1 are a box"
    raise InvalidInput(f"{has}: {count} points, where a box has two corners; {cure}")


class _Pictures:
    """The files to be scored, by the ends of their paths.

    Attributes:
        unclear: text that was asked for -> the files, several, that it fits.
    """

    def __init__(self, paths: Collection[Path]) -> None:
        self.unclear: dict[str, list[Path]] = {}
        self._paths = {path.resolve() for path in paths}
        self._by_name: dict[str, list[tuple[list[str], Path]]] = {}
        for path in paths:
            parts = _parts(str(path.absolute()))
            self._by_name.setdefault(parts[-1], []).append((parts, path.resolve()))

    def only_one_of(self, text: str, there: list[Path]) -> Path | None:
        """Of the files that `text` names, the one to be scored, else the first; None where several are to be."""
        scored = [path for path in dict.fromkeys(there) if path in self._paths]
        if len(scored) > 1:
            self.unclear[text] = scored
            return None
        return (scored or there)[0]

    def ending_in(self, text: str) -> Path | None:
        """The only file whose path is one of a table, or ends in it; None where there is none, or several."""
        for parts in (_parts(read_name(text)), _parts(text.replace("\\", "/"))):
            if not parts:
                continue
            length = 0 if text.startswith(("/", "\\")) else -len(parts)  # an absolute path must be equal
            found = {path for whole, path in self._by_name.get(parts[-1], ()) if whole[length:] == parts}
            if len(found) == 1:
                return found.pop()
            if found:
                self.unclear[text] = sorted(found)
        return None


def _parts(path: str) -> list[str]:
    """The parts of a path; accents in one form, which macOS writes otherwise than other systems."""
    return [part for part in unicodedata.normalize("NFC", path).split("/") if part not in ("", ".")]
