"""3DPain as its authors publish it: a folder, or tar shards with a JSON file for each sample.

    meshes_inpainted/flame_sample_0001_pain_3_textured_view_002_inpainted.jpg
    meshes_inpainted/flame_sample_0001_neutral_textured_view_002_inpainted.jpg
    annotations/flame_sample_0001_pain_3_annotations.json     {"AU4": 0-5, …, "AU43": 0 or 1, "PSPI": 0-16}
    split.csv                                                 annotation_base_name,split: 0 train, 1 val, 2 test

A neutral frame has no annotation (or one of zeros), no line in the split file, and the split of its person. In shards
the same files lie in any folder; the JSON file may also have the name of the picture.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..errors import InvalidInput, WorkFailed
from ..facs import AU_NAMES
from ..strict_json import parse_json
from ..table_files import read_table
from ..vocabulary import SPLITS
from .files import PICTURES, read_label, tables_in, walk
from .frame import SourceFrame
from .labels import checked_aus, split_named, whole, whole_pspi
from .report import ImportReport, Unusable
from .tar_shards import TarShards

LICENCE = "as the authors published 3DPain (SoroushMehraban/3D-Pain)"
SPLIT_COLUMNS = ["annotation_base_name", "split"]
_NUMBERED = {str(number): split for number, split in enumerate(SPLITS)}

_ABSURD = 1e9
"""No label is near it, and a whole number may have more digits than a float holds."""
_PICTURE = re.compile(
    r"(?P<base>(?P<subject>flame_sample_[0-9]{1,9})_(?:pain_(?P<pain>[0-9]{1,2})|neutral))"
    r"(?:_textured)?_view_(?P<view>[0-9]{1,9})(?:_inpainted)?"
)
_ANNOTATION = "_annotations"


@dataclass(frozen=True)
class PictureFile:
    """A picture file: `stem` is its name without folder and suffix, `where` as `SourceFrame.where`."""

    stem: str
    where: Any
    empty: bool


class ReleaseFolder:
    """The folder `root`, which holds `meshes_inpainted` and `annotations`."""

    layout = "3DPain, folder"
    folds = None

    def __init__(self, root: Path, split_csv: Path | None = None) -> None:
        self.root = root
        self.split_csv = split_csv or find_split_csv(root)
        self.num_pictures = 0

    def frames(self, report: ImportReport) -> list[SourceFrame]:
        pictures, others = [], 0
        for entry in walk(self.root / "meshes_inpainted"):
            stem, dot, suffix = entry.name.rpartition(".")
            if dot + suffix.lower() in PICTURES:
                pictures.append(PictureFile(stem, entry.path, not entry.stat().st_size))
            else:
                others += 1
        if others:
            report.notes.append(f"meshes_inpainted holds {others:,} files that are not pictures")
        annotations: dict[str, str | Unusable] = {}
        for entry in walk(self.root / "annotations"):
            if entry.name.endswith(".json"):
                try:
                    annotations[_annotated(entry.name)] = read_label(entry.path)
                except Unusable as problem:
                    annotations[_annotated(entry.name)] = problem
        self.num_pictures = len(pictures)
        return assemble(pictures, annotations, self.split_csv, report)

    def path(self, frame: SourceFrame) -> str:
        return frame.where

    def file(self, frame: SourceFrame) -> str:
        return frame.where

    def read(self, frame: SourceFrame) -> bytes:
        return Path(frame.where).read_bytes()


class ReleaseShards:
    """Tar files, compressed or not, in the order of their names; read from beginning to end, nothing is unpacked."""

    layout = "3DPain, tar shards"
    folds = None

    def __init__(self, shards: list[Path], split_csv: Path | None = None) -> None:
        self.shards = TarShards(shards)
        self.split_csv = split_csv or find_split_csv(shards[0].parent)
        self.num_pictures = 0

    def frames(self, report: ImportReport) -> list[SourceFrame]:
        pictures: list[PictureFile] = []
        annotations: dict[str, str | Unusable] = {}
        for member in self.shards.members():
            stem, dot, suffix = member.name.rpartition(".")
            if dot + suffix.lower() in PICTURES:
                pictures.append(PictureFile(stem, member.where, not member.size))
            elif suffix.lower() == "json":
                try:
                    annotations[_annotated(member.name)] = member.text()
                except Unusable as problem:
                    annotations[_annotated(member.name)] = problem
        self.num_pictures = len(pictures)
        if pictures and not any(_PICTURE.fullmatch(picture.stem) for picture in pictures):
            file = self.shards.file(pictures[0].where)
            raise WorkFailed(f"{file} holds no picture of 3DPain, whose shards alone are read packed: unpack it first")
        return assemble(pictures, annotations, self.split_csv, report)

    def path(self, frame: SourceFrame) -> None:
        return None

    def file(self, frame: SourceFrame) -> str:
        return self.shards.file(frame.where)

    def read(self, frame: SourceFrame) -> bytes:
        return self.shards.read(frame.where)


def assemble(
    pictures: Iterable[PictureFile],
    annotations: dict[str, str | Unusable],
    split_csv: Path | None,
    report: ImportReport,
) -> list[SourceFrame]:
    """Pictures and the texts of the JSON files, by the name they annotate -> frames."""
    matches = [(picture, _PICTURE.fullmatch(picture.stem)) for picture in pictures]
    views = sorted({int(match["view"]) for _, match in matches if match})
    view_ids = {view: place for place, view in enumerate(views)}
    if views != list(range(len(views))):
        report.notes.append(f"view_id is the place of the view's number in {views}")
    splits = None if split_csv is None else read_split_csv(split_csv)
    split_of_subject = _splits_of_subjects(splits or {})
    if splits is None:
        report.notes.append("there is no split file")
    frames, seen, used = [], set(), set()
    for picture, match in matches:
        name = picture.stem
        try:
            if match is None:
                raise Unusable("unknown file name", "the name is not that of a frame of 3DPain")
            used |= {name, match["base"]}
            if picture.empty:
                raise Unusable("unreadable picture", "the file is empty")
            key = (match["base"], int(match["view"]))
            if key in seen:
                raise Unusable("found twice", "there is another picture of the same expression and view")
            seen.add(key)
            au, level = _labels(annotations.get(name, annotations.get(match["base"])), match["pain"])
            split = None
            if splits is not None:
                split = splits.get(match["base"]) or (None if match["pain"] else split_of_subject.get(match["subject"]))
                if split is None:
                    raise Unusable("no split", f"{split_csv.name} has no line for it")
        except Unusable as problem:
            report.leave_out(name, problem.kind, str(problem))
            continue
        frames.append(
            SourceFrame(
                frame_id=f"{match['base']}_view_{match['view']}",
                subject_id=match["subject"],
                where=picture.where,
                au=au,
                pspi=level,
                expression_id=int(match["pain"] or 0),
                view_id=view_ids[int(match["view"])],
                split=split,
                licence=LICENCE,
            )
        )
    for base in sorted(annotations.keys() - used):
        report.leave_out(base, "no picture", "there is an annotation but no picture")
    for base in sorted((splits or {}).keys() - used):
        report.leave_out(base, "no picture", f"{split_csv.name} has a line for it, but there is no picture")
    return frames


@lru_cache(maxsize=16)  # the views of an expression follow each other
def _labels(annotation: str | Unusable | None, pain: str | None) -> tuple[tuple[float, ...], int]:
    """Units (6,) and PSPI of one annotation. Raises Unusable."""
    if annotation is None:
        if pain is not None:
            raise Unusable("no annotation", "there is no JSON file for it")
        return (0.0,) * len(AU_NAMES), 0
    if isinstance(annotation, Unusable):
        raise annotation
    if pain == "0":
        raise Unusable("unknown file name", "pain expressions are counted from 1")
    try:
        values = parse_json(annotation, nan=True)  # a number that is none is named below
    except ValueError as error:
        raise Unusable("unreadable label", f"its annotation is not JSON: {error}") from None
    if not isinstance(values, dict):
        raise Unusable("unreadable label", "its annotation is not a JSON object")
    numbers = {name: _json_number(values, name) for name in (*AU_NAMES, "PSPI")}
    au = checked_aus(numbers)
    level = whole_pspi(au, whole("PSPI", numbers["PSPI"]))
    if pain is None and any(au):
        raise Unusable("contradiction", "a neutral frame is annotated with action units")
    return au, level


def _json_number(values: dict, name: str) -> float:
    value = values.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _ABSURD:  # nor is NaN
        raise Unusable("bad number", f"{name} is {json.dumps(value)[:40]}; it must be a number")
    return float(value)


def _annotated(file_name: str) -> str:
    return file_name.removesuffix(".json").removesuffix(_ANNOTATION)


def find_split_csv(folder: Path) -> Path | None:
    """The split file of a folder, if it holds just one. Raises InvalidInput when it holds several."""
    found = [path for path in tables_in(folder) if _is_split_csv(path)]
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise InvalidInput(f"{folder} holds several split files, {names}: choose one with --split-csv")
    return found[0] if found else None


def read_split_csv(path: Path) -> dict[str, str]:
    """Base name of an annotation -> split. Raises WorkFailed on a wrong line."""
    splits: dict[str, str] = {}
    table = read_table(path)
    if sorted(table.columns) != SPLIT_COLUMNS:
        raise WorkFailed(f"{path} has the columns {', '.join(table.columns)}; it must have {', '.join(SPLIT_COLUMNS)}")
    for row in table.rows:
        base, word = ((row.values[name] or "").strip() for name in SPLIT_COLUMNS)
        split = _NUMBERED.get(word.removesuffix(".0")) or split_named(word)
        if not base or split is None or row.surplus:
            raise WorkFailed(f"{path} line {row.line}: {base!r}, {word!r}; the split must be 0, 1 or 2 or its name")
        if splits.setdefault(base, split) != split:
            raise WorkFailed(f"{path} line {row.line}: {base} is in two splits, {splits[base]} and {split}")
    return splits


def _splits_of_subjects(splits: dict[str, str]) -> dict[str, str]:
    return {base.partition("_pain_")[0]: split for base, split in splits.items()}


def _is_split_csv(path: Path) -> bool:
    try:
        return sorted(read_table(path).columns) == SPLIT_COLUMNS
    except InvalidInput:
        return False
