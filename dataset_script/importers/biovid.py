"""BioVid Heat Pain Database, part A: clips of 5.5 s (138 frames), 20 at each of five stimulus levels, of 87 subjects.

    samples.csv, or starting_point/samples.csv
        subject_id, subject_name, class_id, class_name, sample_id, sample_name; separated by tabs
    video/<subject>/<sample>.mp4
        the clips, as they are distributed
    <sample>/<frame>.jpg, or <sample>_<frame>.jpg
        frames that somebody has taken out of them, in any folder; of several sets, one is used (biovid_pictures.py)
    subjects.csv
        subject_name, sex, age; only compared with the names

A sample is named "071309_w_21-BL1-081": the subject (a woman of 21), the stimulus, a number. Without samples.csv the
names say everything. The labels are what was done to the subject: nothing tells PSPI or action units.
"""

import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from ..errors import InvalidInput, WorkFailed
from ..media_files import VIDEO_SUFFIXES
from ..table_files import read_table
from ..video import Sampling, count_frames, read_frames
from ..vocabulary import GENDERS, STIMULI
from .biovid_pictures import ClipPicture, chosen_pictures, clip_picture
from .files import PICTURES, walk
from .frame import SourceFrame
from .report import ImportReport, Unusable

LICENCE = "BioVid agreement, non-commercial research"
NUM_SUBJECTS, NUM_CLIPS = 87, 8_700
CLIP_FRAMES = 14
"""Frames that are used of a clip: about every tenth of its 138."""
_TABLES = ("samples.csv", "starting_point/samples.csv")
_SUBJECT_TABLES = ("subjects.csv", "starting_point/subjects.csv")
_COLUMNS = ("subject_name", "class_name", "sample_name")
_SUBJECT = re.compile(r"[0-9]{6}_(?P<sex>[mw])_(?P<age>[0-9]{1,3})")
_SAMPLE = re.compile(rf"(?P<subject>{_SUBJECT.pattern})-(?P<stimulus>[A-Za-z]+[0-9]*)-(?P<number>[0-9]+)")
_GENDERS = {"m": GENDERS.index("man"), "w": GENDERS.index("woman")}
_JPEG = {"quality": 95}


def is_biovid(root: Path) -> bool:
    """Whether the folder looks like part A: a table of samples, or subjects' folders in it or in `video`."""
    for name in _TABLES:
        if (root / name).is_file() and "sample_name" in _columns(root / name):
            return True
    folders = [folder for folder in (root, root / "video") if folder.is_dir()]
    return any(_SUBJECT.fullmatch(entry.name) for folder in folders for entry in folder.iterdir() if entry.is_dir())


def spread(count: int, wanted: int) -> list[int]:
    """`wanted` of `count` places at equal distances, the middles of as many parts; all where there are no more."""
    if count <= wanted:
        return list(range(count))
    return [(2 * k + 1) * count // (2 * wanted) for k in range(wanted)]


@dataclass
class _Clip:
    """The files of a sample: its video, or pictures in the order of time."""

    video: str | None = None
    pictures: list[ClipPicture] = field(default_factory=list)


class BioVid:
    """The database at `root`; `clip_frames` are used of each clip, and `clip_pictures` of several sets of pictures."""

    layout = "BioVid, part A"
    folds = None

    def __init__(self, root: Path, clip_frames: int | None = None, clip_pictures: str | None = None) -> None:
        self.root = root
        self.clip_pictures = clip_pictures
        self.clip_frames = CLIP_FRAMES if clip_frames is None else clip_frames
        if self.clip_frames < 1:
            raise InvalidInput(f"clip-frames is {clip_frames}; allowed is 1 or more")
        self.num_pictures = 0
        self._wanted: dict[str, list[int]] = {}  # video -> numbers of its frames
        self._decoded: tuple[str, dict[int, bytes | str]] = ("", {})  # the last video: number -> picture or problem

    def frames(self, report: ImportReport) -> list[SourceFrame]:
        clips = self._clips(report)
        frames, used = [], set()
        for sample, level in self._samples(report, clips):
            try:
                if sample not in clips:
                    raise Unusable("no video", "there is neither a video nor pictures of it")
                frames += self._of_clip(sample, level, clips[sample])
                used.add(sample)
            except Unusable as problem:
                report.leave_out(sample, problem.kind, str(problem))
        self._check_subjects(report, {frame.subject_id for frame in frames})
        subjects = len({frame.subject_id for frame in frames})
        if (len(used), subjects) != (NUM_CLIPS, NUM_SUBJECTS):
            report.notes.append(
                f"{len(used):,} clips of {subjects} subjects; part A has {NUM_CLIPS:,} of {NUM_SUBJECTS}"
            )
        report.notes.append(f"of each clip at most {self.clip_frames} frames, at equal distances (--clip-frames)")
        report.notes.append(
            "labels are stimulus levels, pspi and au are null: `pain3d evaluate MODEL --data OUT --protocol biovid "
            "--find-faces` scores a model on them"
        )
        return frames

    def path(self, frame: SourceFrame) -> str | None:
        return frame.where if isinstance(frame.where, str) else None

    def file(self, frame: SourceFrame) -> str:
        return frame.where if isinstance(frame.where, str) else frame.where[0]

    def read(self, frame: SourceFrame) -> bytes:
        if isinstance(frame.where, str):
            return Path(frame.where).read_bytes()
        video, number = frame.where
        if self._decoded[0] != video:
            self._decoded = video, _decode(video, self._wanted[video])
        picture = self._decoded[1].get(number, "the video ends before this frame")
        if isinstance(picture, str):
            raise OSError(picture)
        return picture

    def _clips(self, report: ImportReport) -> dict[str, _Clip]:
        """Sample -> its files."""
        clips: dict[str, _Clip] = {}
        pictures: list[ClipPicture] = []
        folders = cache(self._without_samples)
        other = 0
        for entry in walk(self.root):
            stem, suffix = os.path.splitext(entry.name)
            sample = _sample_of(entry.path, stem)
            if suffix.lower() in VIDEO_SUFFIXES and _SAMPLE.fullmatch(stem):
                clip = clips.setdefault(stem, _Clip())
                if clip.video is not None:
                    report.leave_out(stem, "found twice", f"{entry.path} is left out; {clip.video} is used")
                    continue
                clip.video = entry.path
            elif suffix.lower() in PICTURES and sample is not None:
                pictures.append(clip_picture(sample, entry.path, folders(os.path.dirname(entry.path))))
            elif suffix.lower() in VIDEO_SUFFIXES or suffix.lower() in PICTURES:
                other += 1
        if other:
            report.notes.append(f"{other:,} pictures and videos have no name of a sample and are passed over")
        for sample, chosen in chosen_pictures(pictures, self.clip_pictures, self.root, report).items():
            clips.setdefault(sample, _Clip()).pictures = chosen
        if both := sum(clip.video is not None and bool(clip.pictures) for clip in clips.values()):
            report.notes.append(f"{both:,} clips are there as a video and as pictures: the pictures are used")
        from_pictures = sum(bool(clip.pictures) for clip in clips.values())
        if 0 < from_pictures < len(clips):
            report.notes.append(
                f"{from_pictures:,} clips are pictures, {len(clips) - from_pictures:,} are videos alone"
            )
        return clips

    def _without_samples(self, folder: str) -> str:
        """A folder below the root, without those of subjects and samples."""
        parts = Path(folder).relative_to(self.root).parts
        return Path(*(p for p in parts if not (_SUBJECT.fullmatch(p) or _SAMPLE.fullmatch(p)))).as_posix()

    def _samples(self, report: ImportReport, clips: dict[str, _Clip]) -> Iterator[tuple[str, int]]:
        """Each sample that has sound labels, and its stimulus level; what is wrong with others goes into the report."""
        table = next((self.root / name for name in _TABLES if (self.root / name).is_file()), None)
        rows = [{"sample_name": name} for name in sorted(clips)]
        if table is None:
            report.notes.append(f"there is no {_TABLES[0]}: subjects and stimulus levels are those of the names")
        else:
            rows = _rows(table, _COLUMNS)
        seen: set[str] = set()
        for row in rows:
            sample = row["sample_name"]
            try:
                if sample in seen:
                    raise Unusable("found twice", f"{_TABLES[0]} names it again")
                seen.add(sample)
                yield sample, _level(row)
            except Unusable as problem:
                report.leave_out(sample, problem.kind, str(problem))
        for sample in sorted(clips.keys() - seen):
            report.leave_out(sample, "no label", f"there is a clip, which {_TABLES[0]} does not name")

    def _of_clip(self, sample: str, level: int, clip: _Clip) -> Iterator[SourceFrame]:
        """The frames that are used of a clip. Raises Unusable where its video cannot be opened."""
        parts = _SAMPLE.fullmatch(sample)
        if clip.pictures:
            self.num_pictures += len(clip.pictures)
            chosen = [clip.pictures[k] for k in spread(len(clip.pictures), self.clip_frames)]
            places = [(picture.stem, picture.path) for picture in chosen]
        else:
            places = [(f"{number:03d}", (clip.video, number)) for number in self._numbers(clip.video)]
        for name, where in places:
            yield SourceFrame(
                frame_id=f"{sample}/{name}",
                subject_id=parts["subject"],
                sequence_id=sample,
                where=where,
                au=None,
                pspi=None,
                expression_id=level,
                stimulus=level,
                age=int(parts["age"]),
                gender=_GENDERS[parts["sex"]],
                licence=LICENCE,
            )

    def _numbers(self, video: str) -> list[int]:
        """Which frames of a video are used. Raises Unusable where it cannot be opened."""
        try:
            count = count_frames(Path(video))
        except WorkFailed as error:
            raise Unusable("unreadable video", str(error)) from None
        self.num_pictures += count
        self._wanted[video] = spread(count, self.clip_frames)
        return self._wanted[video]

    def _check_subjects(self, report: ImportReport, subjects: set[str]) -> None:
        """Names where subjects.csv says another age or sex than the subject's name, which is used."""
        table = next((self.root / name for name in _SUBJECT_TABLES if (self.root / name).is_file()), None)
        for row in [] if table is None else _rows(table, ("subject_name",)):
            if row["subject_name"] not in subjects:
                continue
            parts = _SUBJECT.fullmatch(row["subject_name"])
            sex = (row.get("sex") or row.get("gender") or parts["sex"]).strip().lower()
            for what, said, named in (
                ("sex", {"f": "w"}.get(sex[:1], sex[:1]), parts["sex"]),
                ("age", (row.get("age") or parts["age"]).strip(), parts["age"]),
            ):
                if said != named:
                    reason = f"its {what} is {said} in {table.name} and {named} in its name, which is used"
                    report.lacks(row["subject_name"], "subject table disagrees", reason)


def _sample_of(path: str, stem: str) -> str | None:
    """The sample that a picture is of, by its own name or that of its folder."""
    if match := _SAMPLE.match(stem):
        return match[0]
    folder = os.path.basename(os.path.dirname(path))
    return folder if _SAMPLE.fullmatch(folder) else None


def _level(row: dict[str, str]) -> int:
    """The stimulus level of a line of samples.csv, or of a name alone. Raises Unusable where its parts disagree."""
    parts = _SAMPLE.fullmatch(row["sample_name"])
    if parts is None:
        raise Unusable("bad sample name", "it must look like 071309_w_21-BL1-081 (subject, stimulus, number)")
    stimulus = row.get("class_name", parts["stimulus"])
    if stimulus not in STIMULI:
        raise Unusable("unknown class", f"its class is {stimulus!r}; allowed are {', '.join(STIMULI)}")
    level = STIMULI.index(stimulus)
    if stimulus != parts["stimulus"] or row.get("class_id", str(level)) != str(level):
        said = f"class_id {row['class_id']}, class_name {stimulus}" if "class_id" in row else f"class_name {stimulus}"
        raise Unusable("class disagrees", f"it is {parts['stimulus']} by its name; samples.csv says {said}")
    if row.get("subject_name", parts["subject"]) != parts["subject"]:
        raise Unusable(
            "wrong subject", f"it is of {parts['subject']} by its name; samples.csv says {row['subject_name']}"
        )
    return level


def _decode(video: str, numbers: list[int]) -> dict[int, bytes | str]:
    """Number -> the frame as a JPEG file, or what is wrong with it; where the video ends early, -1 says why."""
    found: dict[int, bytes | str] = {}
    for frame in read_frames(Path(video), Sampling(numbers=frozenset(numbers))):
        if frame.image is not None:
            buffer = io.BytesIO()
            frame.image.save(buffer, "JPEG", **_JPEG)
            found[frame.number] = buffer.getvalue()
        elif frame.number is not None:
            found[frame.number] = frame.error
        else:
            found |= {number: frame.error for number in numbers if number not in found}
    return found


def _columns(table: Path) -> list[str]:
    """Its column names; none where it cannot be read."""
    try:
        return read_table(table).columns
    except InvalidInput:
        return []


def _rows(path: Path, required: tuple[str, ...]) -> list[dict[str, str]]:
    """The lines of a table of the archive.

    Raises:
        InvalidInput: it is no table, or a column of `required` is missing.
        WorkFailed: a line has more or fewer fields than the header.
    """
    table = read_table(path)
    if missing := [name for name in required if name not in table.columns]:
        raise InvalidInput(f"{path} lacks the columns {', '.join(missing)}; it has {', '.join(table.columns)}")
    for row in table.rows:
        if row.surplus or None in row.values.values():
            count = sum(value is not None for value in row.values.values()) + row.surplus
            raise WorkFailed(f"{path} has {count} fields in line {row.line}; its header has {len(table.columns)}")
    return [{name: value.strip() for name, value in row.values.items()} for row in table.rows]
