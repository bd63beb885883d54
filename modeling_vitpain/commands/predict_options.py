"""What the options of `pain3d predict` ask for: the model, who says where faces are, and the neutral references."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
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

FORMAT = 3
"""Of the rows: raised when columns, or what they mean, change. The first versions recorded none."""


@dataclass(frozen=True)
class Scoring:
    """How pictures are scored.

    Attributes:
        scorer: the model.
        references_of: the neutral references of a file's person; None: none were named.
        without_reference: of each person whose references cannot be used, why not.
        settings: JSON values of all that decides the scores of a picture.
        closing_notes: gives, after all was scored, a line for each thing that a table names and no video has.
    """

    scorer: Scorer
    references_of: Callable[[MediaFile], References] | None
    settings: dict[str, Any]
    closing_notes: Callable[[], list[str]] = list
    without_reference: dict[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """Of the rows of scores."""
        return score_columns(self.scorer.network.config)

    def checked(self, source: MediaFile) -> MediaFile:
        """A file to be scored; with an error where its person has no reference that can be used."""
        why = None if source.error is not None else self.without_reference.get(source.person)
        return source if why is None else replace(source, error=why)


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
    references_of, used, without = _references(args, scorer, sources)
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
    return Scoring(scorer, references_of, settings, closing_notes, without)


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
) -> tuple[Callable[[MediaFile], References] | None, list[References], dict[str, str]]:
    """The references of each file's person, all of them, and why there are none of a person; None: none were named."""
    if args.reference is not None:
        if args.all_faces:
            print("pain3d: every face is compared with the one person that --reference shows", file=sys.stderr)
        shared = scorer.read_references(args.reference)
        return lambda source: shared, [shared], {}
    if args.reference_dir is None:
        return None, [], {}
    people = sorted({source.person for source in sources if source.error is None})
    of_person, without = {}, {}
    for person in people:
        try:
            of_person[person] = scorer.read_references(_reference_paths(args.reference_dir, person))
        except InvalidInput as error:
            if not of_person and person == people[-1]:
                raise
            without[person] = str(error)
    if without:
        names = ", ".join(list(without)[:3]) + (f" and {len(without) - 3} more" if len(without) > 3 else "")
        print(f"pain3d: no neutral reference of {names}: their pictures have an error row each", file=sys.stderr)
    nobody = References()
    return lambda source: of_person.get(source.person, nobody), list(of_person.values()), without


def _reference_paths(directory: Path, person: str) -> list[Path]:
    """The folder or the pictures of a person, whose name may be written there in other letter case.

    Raises:
        InvalidInput: there are none, or several names differ from the person's by letter case alone.
    """
    of_name: dict[str, list[Path]] = {}
    for path in sorted(directory.glob("*")):
        if path.is_dir():
            of_name.setdefault(path.name, []).insert(0, path)
        elif path.suffix.lower() in PICTURE_SUFFIXES:
            of_name.setdefault(path.stem, []).append(path)
    alike = [name for name in of_name if name.casefold() == person.casefold()]
    if person not in of_name and len(alike) > 1:
        raise InvalidInput(f"reference-dir {directory} holds {' and '.join(alike)}, which may be {person}; rename one")
    found = of_name.get(person) or (of_name[alike[0]] if alike else [])
    if not found:
        raise InvalidInput(f"reference-dir {directory} holds neither a picture {person}.* nor a folder {person}")
    return found[:1] if found[0].is_dir() else found
