"""What the options of `pain3d predict` ask for: the model, who says where faces are, and the neutral references."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataset_script.errors import InvalidInput
from dataset_script.media_files import PICTURE_SUFFIXES

from .. import shipped
from ..prediction.faces import FaceFinder
from ..prediction.load import load_model
from ..prediction.media import MediaFile
from ..prediction.pictures import References, Scorer
from ..prediction.resume import digest_of_file, digest_of_model, digest_of_tensors
from ..prediction.score_rows import score_columns

FORMAT = 2
"""Of the rows: raised when columns, or what they mean, change. The first versions recorded none."""


@dataclass(frozen=True)
class Scoring:
    """How pictures are scored.

    Attributes:
        scorer: the model.
        references_of: the neutral references of a file's person; None: none were named.
        settings: JSON values of all that decides the scores of a picture.
        closing_notes: gives, after all was scored, a line for each thing that a table names and no video has.
    """

    scorer: Scorer
    references_of: Callable[[MediaFile], References] | None
    settings: dict[str, Any]
    closing_notes: Callable[[], list[str]] = list

    @property
    def columns(self) -> tuple[str, ...]:
        """Of the rows of scores."""
        return score_columns(self.scorer.network.config)


def scoring_of(args: argparse.Namespace, sources: list[MediaFile]) -> Scoring:
    """What was asked for, for `sources`.

    Raises:
        InvalidInput: options contradict each other, or do not fit the model.
        WorkFailed: the model cannot be loaded.
    """
    if args.batch_size < 1:
        raise InvalidInput(f"batch-size is {args.batch_size}; allowed is 1 or more")
    faces, face_settings = _face_finder(args, sources)
    network, processor = load_model(shipped() if args.model is None else args.model)
    if faces is None and processor.face_crop is not None:
        print(
            "pain3d: faces were neither named nor searched: each picture is taken as a face that was cut out already; "
            "otherwise --find-faces",
            file=sys.stderr,
        )
    scorer = Scorer(
        network,
        processor,
        batch_size=args.batch_size,
        faces=faces,
        face_crop=args.face_crop,
        with_attention=args.overlays is not None,
        all_faces=args.all_faces,
    )
    references_of, used = _references(args, scorer, sources)
    config = network.config
    if references_of is None and config.reference == "neutral" and not config.reference_fallback:
        raise InvalidInput("the model always needs a neutral reference: give --reference or --reference-dir")
    settings = {
        "format": FORMAT,
        "model": digest_of_model(network, f"{config.to_json_string()}{processor.to_json_string()}"),
        **face_settings,
        "face-crop": args.face_crop,
        "all-faces": args.all_faces,
        "every": args.every,
        "fps": args.fps,
        "overlays": args.overlays is not None,
        "references": digest_of_tensors(pixels for item in used for pixels in item.pixels) if used else None,
        "neutral-from-lowest": args.neutral_from_lowest,
    }
    closing_notes = faces.frames_beyond if args.boxes or args.landmarks else list
    return Scoring(scorer, references_of, settings, closing_notes)


def _face_finder(args: argparse.Namespace, sources: list[MediaFile]) -> tuple[FaceFinder | None, dict[str, str | None]]:
    """What says where the faces are, as asked for, and the settings of it; None: pictures are faces already."""
    if args.face_model is not None and not args.find_faces:
        raise InvalidInput("face-model was given without faces to be found; allowed is beside --find-faces")
    if args.find_faces:
        return _detector(args.face_model, args.all_faces)
    table = args.boxes or args.landmarks
    if table is None:
        return None, {"faces": None}
    from ..prediction.named_faces import NamedFaces

    named = NamedFaces(table, args.landmarks is not None, args.all_faces, [source.path for source in sources])
    for note in named.notes:
        print(f"pain3d: {note}", file=sys.stderr)
    return named, {"faces": f"{'boxes' if args.boxes else 'landmarks'} {digest_of_file(table)}"}


def _detector(face_model: Path | None, all_faces: bool) -> tuple[FaceFinder, dict[str, str]]:
    from ..prediction.face_finders import best_finder
    from ..prediction.yunet import find_weights

    finder = best_finder(face_model, lambda text: print(f"pain3d: {text}", file=sys.stderr), all_faces)
    weights = find_weights(face_model)
    return finder, {"faces": "cascades" if weights is None else f"YuNet {digest_of_file(weights)}"}


def _references(
    args: argparse.Namespace, scorer: Scorer, sources: list[MediaFile]
) -> tuple[Callable[[MediaFile], References] | None, list[References]]:
    """The references of each file's person, and all of them; None: none were named."""
    if args.reference is not None:
        shared = scorer.read_references(args.reference)
        return lambda source: shared, [shared]
    if args.reference_dir is None:
        return None, []
    of_person = {}
    for person in sorted({source.person for source in sources if source.error is None}):
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
    nobody = References()
    return lambda source: of_person.get(source.person, nobody), list(of_person.values())
