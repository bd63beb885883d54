"""`pain3d predict`."""

import argparse
import csv
import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypedDict

from dataset_script.errors import InvalidInput, WorkFailed

HELP = "PSPI and action units of pictures and videos, to CSV"
EXAMPLE = "pain3d predict photos/ visit.mp4 --model ./vitpain-tiny --fps 5 --out scores.csv"

_ERRORS_SHOWN = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description += (
        "\n\nColumns: path; frame, from 0, and time_s, seconds, of a video; pspi, 0-16, the expected score; pspi_low"
        "\nand pspi_high, its 90 % interval; AU4 to AU10, 0-5; AU43, 0-1; face, with --all-faces its number, in a"
        "\nvideo the same in all frames; faces, how many the picture shows; yaw, pitch and roll of the head, degrees:"
        "\npositive when the subject turns to their own left, looks up, tilts clockwise in the picture; warning, what"
        "\nthe model was not trained for; error, why there are no scores. Rows with an error are counted and make the"
        "\nexit code 1; the other rows are written all the same."
        "\nUnless faces are named or searched, a picture must be a face: let it fill the picture, forehead to chin."
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="IMAGE|VIDEO|DIR", help="files, or folders of them")
    parser.add_argument("--model", required=True, help="model directory, or OWNER/NAME on the Hub")
    parser.add_argument("--out", type=Path, help="CSV file to write (default: standard output)")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--json", action="store_true", help="JSON in place of CSV")
    parser.add_argument(
        "--overlays", type=Path, metavar="DIR", help="a PNG for each picture: where each AU query looks"
    )

    video = parser.add_argument_group("videos").add_mutually_exclusive_group()
    video.add_argument("--every", type=int, metavar="N", help="each N-th frame only")
    video.add_argument("--fps", type=float, help="at most so many frames a second")

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
    from tqdm import tqdm
    from transformers.utils import logging

    from dataset_script.media_files import PassedOver
    from dataset_script.storage import write_atomically
    from dataset_script.video import Sampling

    from ..prediction.media import find_media

    sampling = Sampling(args.every, args.fps)
    passed_over = PassedOver()
    sources = [source for path in args.paths for source in find_media(path, passed_over)]
    if passed_over:
        print(f"pain3d: {passed_over}", file=sys.stderr)
    _check_names(args, sources)
    if any(source.is_video for source in sources):
        import av  # noqa: F401 - a missing package is reported before the model is loaded

    logging.disable_progress_bar()
    scorer = _scorer(args)
    total = None if any(source.is_video for source in sources) else len(sources)
    rows = []
    for scored in tqdm(_scored(args, scorer, sources, sampling), total=total, desc="predict", disable=None):
        rows.append(_row(scored.scores, scorer.network.config.au_names))
        if args.overlays is not None and scored.attention is not None:
            _write_overlay(args.overlays, scored)
    failed = [row for row in rows if row["error"]]
    if failed and len(rows) == 1:
        raise WorkFailed(f"{failed[0]['path']}: {failed[0]['error']}")
    text = json.dumps(rows, indent=1) + "\n" if args.json else _csv(rows)
    if args.out is None:
        print(text, end="")
    else:
        write_atomically(args.out, text.encode())
    _report(rows, failed)
    return 1 if failed else 0


def _check_names(args: argparse.Namespace, sources: list) -> None:
    names = [source.name for source in sources]
    twice = next((name for name in names if names.count(name) > 1), None) if args.overlays is not None else None
    if twice is not None:
        raise InvalidInput(f"overlays: two pictures are named {twice}; score them in two calls")


def _scorer(args: argparse.Namespace):
    from ..prediction.load import load_model
    from ..prediction.pictures import Scorer

    faces = _face_finder(args)
    if args.batch_size < 1:
        raise InvalidInput(f"batch-size is {args.batch_size}; allowed is 1 or more")
    network, processor = load_model(args.model)
    if faces is None and processor.face_crop is not None:
        print(
            "pain3d: faces were neither named nor searched: each picture is taken as a face that was cut out already; "
            "otherwise --find-faces",
            file=sys.stderr,
        )
    return Scorer(
        network,
        processor,
        batch_size=args.batch_size,
        faces=faces,
        face_crop=args.face_crop,
        with_attention=args.overlays is not None,
        all_faces=args.all_faces,
    )


def _face_finder(args: argparse.Namespace):
    """What says where the faces are, as asked for; None: pictures are faces already."""
    if args.face_model is not None and not args.find_faces:
        raise InvalidInput("face-model was given without faces to be found; allowed is beside --find-faces")
    if args.find_faces:
        from ..prediction.face_finders import best_finder

        return best_finder(args.face_model, lambda text: print(f"pain3d: {text}", file=sys.stderr))
    if args.boxes is None and args.landmarks is None:
        return None
    from ..prediction.named_faces import NamedFaces

    named = NamedFaces(args.boxes or args.landmarks, args.landmarks is not None, args.all_faces)
    for note in named.notes:
        print(f"pain3d: {note}", file=sys.stderr)
    return named


def _scored(args: argparse.Namespace, scorer, sources: list, sampling) -> Iterator:
    """Scores of all pictures, with the references that were asked for."""
    from ..prediction.lowest import score_with_lowest
    from ..prediction.media import read_pictures

    if args.neutral_from_lowest is not None:
        return score_with_lowest(scorer, sources, args.neutral_from_lowest, sampling)
    references_of = _references(args, scorer, sources)
    config = scorer.network.config
    if references_of is None and config.reference == "neutral" and not config.reference_fallback:
        raise InvalidInput("the model always needs a neutral reference: give --reference or --reference-dir")
    return scorer.score((picture for source in sources for picture in read_pictures(source, sampling)), references_of)


def _references(args: argparse.Namespace, scorer, sources: list) -> Callable | None:
    from dataset_script.media_files import PICTURE_SUFFIXES

    if args.reference is not None:
        shared = scorer.read_references(args.reference)
        return lambda source: shared
    if args.reference_dir is None:
        return None
    of_person = {}
    for person in sorted({source.person for source in sources}):
        folder = args.reference_dir / person
        files = sorted(
            p for p in args.reference_dir.glob("*") if p.stem == person and p.suffix.lower() in PICTURE_SUFFIXES
        )
        found = [folder] if folder.is_dir() else files
        if not found:
            raise InvalidInput(
                f"reference-dir {args.reference_dir} holds neither a picture {person}.* nor a folder {person}"
            )
        of_person[person] = scorer.read_references(found)
    return lambda source: of_person[source.person]


def _write_overlay(directory: Path, scored) -> None:
    from dataset_script.storage import write_atomically

    from ..prediction.overlay import overlay

    name = scored.source.name if scored.scores.frame is None else f"{scored.source.name}/{scored.scores.frame:06d}"
    face = "" if scored.scores.face is None else f"-face{scored.scores.face}"
    path = directory / f"{name}{face}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    overlay(scored.view, scored.attention, scored.scores).save(buffer, "PNG")
    write_atomically(path, buffer.getvalue())


class ScoreRow(TypedDict):
    """A row of the output: see `pain3d predict --help`. None where there is no value."""

    path: str
    frame: int | None
    time_s: float | None
    pspi: float | None
    pspi_low: int | None
    pspi_high: int | None
    AU4: float | None
    AU6: float | None
    AU7: float | None
    AU9: float | None
    AU10: float | None
    AU43: float | None
    face: int | None
    faces: int | None
    yaw: float | None
    pitch: float | None
    roll: float | None
    warning: str | None
    error: str | None


def _row(score, au_names: list[str]) -> ScoreRow:
    """One flat row. Four decimals: the rest of a float32 depends on the size of the batch."""
    au = score.au or {}
    return {
        "path": score.path,
        "frame": score.frame,
        "time_s": None if score.time_s is None else round(score.time_s, 4),
        "pspi": None if score.pspi is None else round(score.pspi, 4),
        "pspi_low": score.pspi_low,
        "pspi_high": score.pspi_high,
        **{name: None if name not in au else round(au[name], 4) for name in au_names},
        "face": score.face,
        "faces": score.faces,
        **{
            name: None if (angle := getattr(score, name)) is None else round(angle, 1)
            for name in ("yaw", "pitch", "roll")
        },
        "warning": score.warning,
        "error": score.error,
    }


def _csv(rows: list[ScoreRow]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _report(rows: list[ScoreRow], failed: list[ScoreRow]) -> None:
    """Prints the errors, and how many pictures were scored, on standard error."""
    for row in failed[:_ERRORS_SHOWN]:
        where = row["path"] if row["frame"] is None else f"{row['path']}, frame {row['frame']}"
        print(f"pain3d: {where}: {row['error']}", file=sys.stderr)
    if len(failed) > _ERRORS_SHOWN:
        print(f"pain3d: and {len(failed) - _ERRORS_SHOWN} more, in the column error", file=sys.stderr)
    print(f"{len(rows) - len(failed)} of {len(rows)} pictures scored", file=sys.stderr)
