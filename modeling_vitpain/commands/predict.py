"""`pain3d predict`."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from dataset_script.errors import InvalidInput

if TYPE_CHECKING:
    from dataset_script.video import Sampling

    from ..prediction.media import MediaFile
    from ..prediction.pictures import Scored
    from ..prediction.score_rows import ScoreRow
    from .predict_options import Scoring

HELP = "PSPI and action units of pictures and videos, to CSV"
EXAMPLE = """pain3d predict face.jpg --find-faces
  pain3d predict photos/ visit.mp4 --model ./vitpain-tiny --fps 5 --out scores.csv"""
RAW_NAMES = ("paths", "out", "overlays", "boxes", "landmarks", "reference", "reference_dir", "face_model")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description += (
        "\n\nColumns: path; frame, from 0, and time_s, seconds, of a video; pspi, 0-16, the expected score; pspi_low"
        "\nand pspi_high, its 90 % interval; AU4 to AU10, 0-5; AU43, 0-1; then what the model has: AU1, AU2, AU12 and"
        "\nother units beside those of the PSPI, 0-5; AU4_low, AU4_high and so on, the 90 % interval of each unit;"
        "\npain_probability, 0-1, of pain and not another expression; and then face, with --all-faces its number, in"
        "\na video the same from frame to frame while the face moves on in small steps; faces, how many the picture"
        "\nshows; x0, y0, x1, y1, the face's box, forehead to chin, in pixels of the upright picture, as --boxes reads"
        "\nthem; yaw, pitch and roll of the head, degrees: positive when the subject turns to their own left, looks up,"
        "\ntilts clockwise in the picture; warning, what the model was not trained for; error, why there are no"
        "\nscores. Rows with an error are counted and make the exit code 1; the other rows are written all the same."
        "\nUnless faces are named or searched, a picture must be a face: let it fill the picture, forehead to chin."
        "\nRows are written as they come. A run that was stopped goes on when the same command is run again: rows that"
        "\nare there are kept, a video that was not finished begins anew. OUT.run.json says which options they are of."
    )
    parser.add_argument("paths", nargs="*", type=Path, metavar="IMAGE|VIDEO|DIR", help="files, or folders of them")
    parser.add_argument(
        "--model", help="model directory, or OWNER/NAME on the Hub (default: vitpain-small, which comes with Pain3D)"
    )
    parser.add_argument("--out", type=Path, help="CSV file to write (default, or -: standard output)")
    parser.add_argument("--overwrite", action="store_true", help="start anew where OUT holds rows already")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--json", action="store_true", help="JSON in place of CSV, as where OUT is named .json")
    parser.add_argument(
        "--overlays", type=Path, metavar="DIR", help="a PNG for each picture: where each AU query looks"
    )

    _add_input_arguments(parser)
    _add_face_arguments(parser)
    _add_reference_arguments(parser)


def _add_input_arguments(parser: argparse.ArgumentParser) -> None:
    video = parser.add_argument_group("videos").add_mutually_exclusive_group()
    video.add_argument("--every", type=int, metavar="N", help="each N-th frame only")
    video.add_argument("--fps", type=float, help="at most so many frames a second")

    camera = parser.add_argument_group("live")
    camera.add_argument("--camera", metavar="DEVICE", help="in place of files: a camera's number, or its path or URL")
    camera.add_argument("--seconds", type=float, metavar="S", help="of the camera (default: until q or Ctrl-C)")


def _add_face_arguments(parser: argparse.ArgumentParser) -> None:
    faces = parser.add_argument_group("where the face is")
    faces.add_argument(
        "--face-crop", type=float, metavar="F", help="the square seen, in longer sides of the face's box"
    )
    where = faces.add_mutually_exclusive_group()
    where.add_argument(
        "--boxes", type=Path, metavar="CSV", help="columns path, x0, y0, x1, y1 (pixels); of a video also frame"
    )
    where.add_argument(
        "--landmarks", type=Path, metavar="CSV", help="columns path, x0, y0, …, x67, y67; of a video also frame"
    )
    where.add_argument("--find-faces", action="store_true", help="the largest and most central face that YuNet finds")
    faces.add_argument("--all-faces", action="store_true", help="every face, not the main one: a row each")
    faces.add_argument(
        "--face-model",
        type=Path,
        metavar="ONNX",
        help="YuNet's weights (default: those of pain3d[faces], or the file that PAIN3D_FACE_MODEL names)",
    )


def _add_reference_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("neutral references, for a model that takes them")
    neutral = group.add_mutually_exclusive_group()
    neutral.add_argument(
        "--reference", nargs="+", type=Path, metavar="PIC", help="neutral pictures of the one person scored"
    )
    neutral.add_argument(
        "--reference-dir",
        type=Path,
        metavar="DIR",
        help="of many people: DIR/NAME.png or a folder DIR/NAME; NAME is a video's, or the name of a picture's folder",
    )
    neutral.add_argument(
        "--neutral-from-lowest",
        type=int,
        metavar="K",
        help="the K lowest-scoring frames of each video, or pictures of each folder, found in a first pass without",
    )


def run(args: argparse.Namespace) -> int:
    from transformers.utils import logging

    from dataset_script.video import Sampling

    logging.disable_progress_bar()
    sampling = Sampling(args.every, args.fps)
    if args.camera is not None:
        from .predict_live import run_live

        return run_live(args, sampling)
    if args.seconds is not None:
        raise InvalidInput("seconds was given without a camera; allowed is beside --camera")
    if not args.paths:
        raise InvalidInput("nothing to score was named; allowed are pictures, videos and folders of them, or --camera")
    return _run_files(args, sampling)


def _run_files(args: argparse.Namespace, sampling: "Sampling") -> int:
    from ..prediction.resume import in_order, kept_rows, stamps_of
    from ..prediction.score_file import open_scores
    from .predict_options import scoring_of
    from .predict_report import Report

    sources = _sources(args.paths, args.overlays, args.out)
    if args.overlays is not None:
        _check_names(sources)
    if any(source.is_video for source in sources):
        import av  # noqa: F401 - a missing package is reported before the model is loaded

    with open_scores(args.out, args.json, args.overwrite) as scores:
        scoring = scoring_of(args, sources)
        sources = [scoring.checked(source) for source in sources]
        units = _units(args, sources)
        stamps = stamps_of(sources)
        kept = kept_rows(
            scores.earlier(scoring.settings, scoring.columns),
            units,
            stamps,
            args.all_faces,
            _batch_key(args, scoring),
            args.batch_size,
        )
        begin = next((k for k, rows in enumerate(kept) if rows is None), len(units))
        missing = [source for unit, rows in zip(units, kept, strict=True) if rows is None for source in unit]
        ready = [row for rows in kept[:begin] for row in rows]
        with Report(missing, sampling) as report:
            rows = in_order(units, kept, begin, _rows(args, scoring, missing, sampling))
            scores.begin(scoring.settings, stamps, ready)
            for row in ready:
                report.add(row, is_new=False)
            for row, is_new in rows:
                report.add(row, is_new)
                scores.write(row)
        scores.finish()
    for note in scoring.closing_notes():
        print(f"pain3d: {note}", file=sys.stderr)
    return report.finish()


def _sources(paths: list[Path], overlays: Path | None, out: Path | None) -> list["MediaFile"]:
    """The files to be scored, each once. Where something else is there as well, what is not is a file with an error."""
    from dataset_script.media_files import PassedOver

    from ..prediction.media import MediaFile, find_media
    from ..prediction.score_file import files_of_scores

    found, errors, passed_over = [], [], PassedOver()
    written = {path.resolve() for path in files_of_scores(out)}
    for path in paths:
        try:
            found += find_media(path, passed_over, overlays, written)
        except (InvalidInput, OSError) as error:
            errors.append(error)
            found.append(MediaFile(path, path.name, str(error).removeprefix(f"{path} ")))
    if passed_over:
        print(f"pain3d: {passed_over}", file=sys.stderr)
    if len(errors) == len(paths):
        raise errors[0]
    if not found:
        raise InvalidInput("all that was named is what this command writes; allowed are pictures, videos and folders")
    once = _once(found)
    if len(once) < len(found):
        twice = len(found) - len(once)
        words = "1 file was named twice, and is" if twice == 1 else f"{twice} files were named twice, and are"
        print(f"pain3d: {words} scored once", file=sys.stderr)
    return once


def _once(sources: list["MediaFile"]) -> list["MediaFile"]:
    """The files without those that another path names already, through a link or from another folder."""
    kept: dict[Path, MediaFile] = {}
    for source in sources:
        kept.setdefault(source.path.resolve(), source)
    return list(kept.values())


def _check_names(sources: list["MediaFile"]) -> None:
    seen = set()
    for source in sources:
        if source.name in seen:
            raise InvalidInput(
                f"overlays: two pictures are named {source.name}; score a folder that holds both, or each in a call of "
                "its own"
            )
        seen.add(source.name)


def _units(args: argparse.Namespace, sources: list["MediaFile"]) -> list[list["MediaFile"]]:
    """What is scored together: each file by itself, or those of a person who is compared with their own lowest."""
    if args.neutral_from_lowest is None:
        return [[source] for source in sources]
    groups: dict[Path, list[MediaFile]] = {}
    for source in sources:
        groups.setdefault(source.group, []).append(source)
    return list(groups.values())


def _batch_key(args: argparse.Namespace, scoring: "Scoring"):
    if args.neutral_from_lowest is not None:
        return lambda source: source.group
    return lambda source: scoring.scorer.together(source, scoring.references_of)


def _rows(
    args: argparse.Namespace, scoring: "Scoring", sources: list["MediaFile"], sampling: "Sampling"
) -> Iterator[tuple["MediaFile", "ScoreRow"]]:
    """The row of each picture; its overlay is written before."""
    from ..prediction.score_rows import score_row

    for scored in _scored(args, scoring, sources, sampling):
        if args.overlays is not None and scored.attention is not None:
            _write_overlay(args.overlays, scored)
        yield scored.source, score_row(scored.scores, scoring.columns)


def _scored(
    args: argparse.Namespace, scoring: "Scoring", sources: list["MediaFile"], sampling: "Sampling"
) -> Iterator["Scored"]:
    from ..prediction.lowest import score_with_lowest
    from ..prediction.media import read_pictures

    if args.neutral_from_lowest is not None:
        return score_with_lowest(scoring.scorer, sources, args.neutral_from_lowest, sampling)
    pictures = (picture for source in sources for picture in read_pictures(source, sampling))
    return scoring.scorer.score(pictures, scoring.references_of)


def _write_overlay(directory: Path, scored) -> None:
    from dataset_script.storage import write_atomically

    from ..prediction.overlay import overlay
    from ..prediction.overlay_files import overlay_file, overlay_path

    path = overlay_path(directory, scored.source.name, scored.scores.frame, scored.scores.face)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, overlay_file(overlay(scored.view, scored.attention, scored.scores)))
