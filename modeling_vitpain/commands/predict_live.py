"""`pain3d predict --camera`."""

import argparse
import datetime
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.video import Sampling

from ..prediction.camera import Camera
from ..prediction.image_scores import ImageScores
from ..prediction.media import InputImage
from ..prediction.preview import Preview
from ..prediction.score_file import ScoreFile, ScoreStream, open_scores
from ..prediction.score_rows import score_row
from .predict_options import Scoring, scoring_of


def run_live(args: argparse.Namespace, sampling: Sampling) -> int:
    """Scores a camera until q, Ctrl-C, `--seconds`, or the end of a file that stands in for one."""
    for option, given in (
        ("files", args.paths),
        ("boxes", args.boxes),
        ("landmarks", args.landmarks),
        ("overlays", args.overlays),
        ("reference-dir", args.reference_dir),
        ("neutral-from-lowest", args.neutral_from_lowest),
    ):
        if given:
            raise InvalidInput(f"camera and {option} were both given; allowed is one of them")
    args.batch_size = 1  # each row as soon as its picture is there
    with (
        open_scores(args.out, args.json, args.overwrite) as scores,
        Camera(args.camera, sampling, args.seconds) as camera,
    ):
        scoring = scoring_of(args, [camera.source])
        begun = datetime.datetime.now().astimezone().isoformat(timespec="milliseconds")
        settings = {**scoring.settings, "camera": f"{args.camera} from {begun}"}
        scores.earlier(settings, scoring.columns)
        scores.begin(settings, {}, [])
        counts = _Counts()
        try:
            _score(camera, scoring, scores, Preview(), f"{camera.source.name} from {begun}", counts)
        except KeyboardInterrupt:
            pass  # as good an end as q
        finally:
            if counts.pictures:
                scores.finish()
                print(counts.text(), file=sys.stderr)
    if not counts.pictures:
        raise WorkFailed(f"{camera.source.name} was stopped before its first picture was scored")
    return 0


class _Counts:
    """How many pictures were scored, and how fast."""

    def __init__(self):
        self.pictures = self.scored = 0
        self._begun = time.monotonic()

    def add(self, faces: list[ImageScores]) -> None:
        self.pictures += 1
        self.scored += any(face.error is None for face in faces)

    def text(self) -> str:
        rate = self.pictures / max(time.monotonic() - self._begun, 1e-9)
        return f"{self.scored} of {self.pictures} pictures scored, {rate:.1f} a second"


def _score(
    camera: Camera,
    scoring: Scoring,
    scores: ScoreFile | ScoreStream,
    preview: Preview,
    name: str,
    counts: _Counts,
) -> None:
    """Writes the rows of each picture, then shows it. `name`: the path of the rows."""
    faces: list[ImageScores] = []

    def pictures() -> Iterator[InputImage]:
        for picture in camera.pictures():
            yield picture
            counts.add(faces)  # a picture is a batch: all its rows were written before the next is asked for
            if not preview.show(picture.image, faces):
                camera.stop()
            faces.clear()

    with preview:
        for scored in scoring.scorer.score(pictures(), scoring.references_of):
            face = replace(scored.scores, path=name)
            scores.write(score_row(face, scoring.columns))
            faces.append(face)
