"""`import_dataset`: a foreign data set -> a dataset directory that `load_dataset` opens."""

from collections.abc import Callable
from pathlib import Path

from ..claim import check_loadable
from ..errors import InvalidInput, WorkFailed
from ..names import is_text, why_no_text, written_text
from ..vocabulary import SPLITS
from .frame import Source, SourceFrame, link_neutral_frames
from .layouts import DEFAULTS, LayoutOptions, find_source
from .output import write_dataset
from .pictures import check_pictures
from .report import ImportReport
from .subjects import assign

ProgressCallback = Callable[[int, int], None]


class ProblemsFound(WorkFailed):
    """Strict import of a source that has problems; `report` lists them."""

    def __init__(self, report: ImportReport) -> None:
        super().__init__(f"{report.problems:,} problems, so nothing was written (--strict)")
        self.report = report


def import_dataset(
    source: str | Path,
    out: str | Path,
    copy: bool = False,
    check_images: bool = False,
    strict: bool = False,
    options: LayoutOptions = DEFAULTS,
    progress: ProgressCallback | None = None,
) -> ImportReport:
    """Indexes a data set and writes it with the schema `IMPORTED_FEATURES` or `STIMULUS_FEATURES`, splits by subject.

    Killed and run again it continues, and the directory ends the same. Nothing that is wrong is passed over: a frame
    with a problem is left out, and `report.json` in `out` names it and the reason.

    Args:
        source: a directory or file of one of the layouts of this package.
        copy: put the pictures into the data; else it holds their absolute paths. Archives (HDF5, tar) must be copied.
        check_images: decode every picture; black and damaged ones are left out.
        strict: any problem stops the import before anything is written.
        options: of the source's layout.
        progress: called with (done, total) frames, while pictures are checked and then while they are copied.

    Raises:
        InvalidInput: `source` is of no known layout, an option does not fit it, `out` holds something else or
            has a name that `load_dataset` cannot open.
        ProblemsFound: `strict`, and there are problems.
        WorkFailed: a file is damaged, folds or splits share a subject, no frame is left, or `out` cannot be written.
    """
    check_loadable(Path(out))  # before minutes of reading
    found, place = find_source(Path(source), options, check_images)
    report = ImportReport(found.layout, str(Path(source).absolute()))
    if place != Path(source).absolute():
        report.notes.append(f"the data set lies in {place}")
    frames = found.frames(report)
    if not copy and any(found.path(frame) is None for frame in frames):
        raise InvalidInput(
            f"pictures of {source} lie inside an archive or a video, where nothing can refer to them: add --copy"
        )
    frames = _without_duplicates(_with_text_names(found, frames, report, copy), report)
    if check_images:
        frames = check_pictures(found, frames, report, progress)
    report.found, report.portable, report.pictures_checked = found.num_pictures, copy, check_images
    if strict and report.problems:
        raise ProblemsFound(report)
    if not frames:
        raise WorkFailed(f"{source} has no usable frame; {_first_reason(report)}")
    folds, notes = assign(frames, found.folds)
    link_neutral_frames(frames)
    report.notes += notes
    if boxless := sum(frame.face_box is None for frame in frames):
        report.notes.append(f"{boxless:,} frames have no face box: training and evaluation see the whole picture")
    report.subjects = len({frame.subject_id for frame in frames})
    report.splits = _count(frames)
    write_dataset(Path(out), found, frames, folds, report, copy, progress)
    return report


def _with_text_names(found: Source, frames: list[SourceFrame], report: ImportReport, copy: bool) -> list[SourceFrame]:
    """The frames whose names can be written into a row, which holds UTF-8."""
    kept = []
    for frame in frames:
        path = None if copy else found.path(frame)
        names = [frame.frame_id, frame.subject_id, frame.sequence_id or "", path or ""]
        wrong = next((name for name in names if not is_text(name)), None)
        if wrong is None:
            kept.append(frame)
        else:
            report.leave_out(written_text(frame.frame_id), "name is not UTF-8", why_no_text(wrong))
    return kept


def _without_duplicates(frames: list[SourceFrame], report: ImportReport) -> list[SourceFrame]:
    """A frame id names one row: later ones are left out."""
    kept: dict[str, SourceFrame] = {}
    for frame in frames:
        if kept.setdefault(frame.frame_id, frame) is not frame:
            report.leave_out(frame.frame_id, "found twice", "an earlier frame has the same name")
    return list(kept.values())


def _count(frames: list[SourceFrame]) -> dict[str, dict[str, int]]:
    counts = {}
    for split in SPLITS:
        members = [frame.subject_id for frame in frames if frame.split == split]
        if members:
            counts[split] = {"frames": len(members), "subjects": len({*members})}
    return counts


def _first_reason(report: ImportReport) -> str:
    if not report.left_out:
        return "it holds no picture"
    first = report.left_out[0]
    return f"for example {first.what}: {first.reason}"
