"""What a model says of a visitor's picture, through the code of `pain3d predict`."""

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from dataset_script.errors import InvalidInput
from modeling_vitpain import shipped
from modeling_vitpain.prediction.face_finders import best_finder
from modeling_vitpain.prediction.image_scores import ImageScores
from modeling_vitpain.prediction.load import load_model
from modeling_vitpain.prediction.media import MediaFile, read_picture
from modeling_vitpain.prediction.overlay import AttentionPictures, attention_pictures
from modeling_vitpain.prediction.pictures import References, Scorer

FRAMING = 1.7
"""Side of the square around a face in longer sides of its box, as Pain3D's frames show it; of models without their
own."""

_NAME = "the picture"


@dataclass(frozen=True)
class Reading:
    """What was found in a picture.

    Attributes:
        scores: the scores, or an error. Its `path` names no file of the visitor.
        compared: whether it was compared with a neutral picture of the person.
        view: RGB (256, 256), the part that the model saw; None where there are no scores, or no attention.
        maps: where the model looked; None as `view`.
    """

    scores: ImageScores
    compared: bool = False
    view: Image.Image | None = None
    maps: AttentionPictures | None = None


class PhotoScorer:
    """A loaded model with a face finder. Scores one picture at a time, from any thread."""

    def __init__(self, model: str | Path | None = None) -> None:
        """Loads a model.

        Args:
            model: a directory, or OWNER/NAME on the Hub; None: the one that comes with the package.

        Raises:
            FileNotFoundError: `model` is None, and this copy of the package is without it.
            InvalidInput, WorkFailed: as `load_model`.
            ModuleNotFoundError: OpenCV is not installed.
        """
        self.name = Path(shipped() if model is None else model).name
        network, processor = load_model(shipped() if model is None else model)
        self.notes: list[str] = []
        self._scorer = Scorer(
            network,
            processor,
            batch_size=1,
            faces=best_finder(None, self.notes.append),
            face_crop=FRAMING if processor.face_crop is None else None,
            with_attention=network.config.au_head == "query",
        )
        self._one_at_a_time = threading.Lock()

    @property
    def compares(self) -> bool:
        """Whether the model takes a neutral picture of the same person."""
        return self._scorer.network.config.reference == "neutral"

    @property
    def needs_neutral(self) -> bool:
        """Whether it scores nothing without one."""
        return self.compares and not self._scorer.network.config.reference_fallback

    def read(self, photo: Path, neutral: Path | None = None) -> Reading:
        """The scores of the main face of a picture file.

        Args:
            neutral: a neutral picture of the same person; only where `compares`.
        """
        if neutral is not None and neutral.read_bytes() == photo.read_bytes():
            return _failed("the neutral picture is the same file as the picture; choose another")
        with self._one_at_a_time:
            try:
                references = None if neutral is None else self._scorer.read_references([neutral])
            except InvalidInput as error:
                return _failed(f"the neutral picture: {str(error).rpartition(f'{neutral}: ')[2]}")
            return self._read(photo, references)

    def _read(self, photo: Path, references: References | None) -> Reading:
        if references is None and self.needs_neutral:
            return _failed("this model scores no picture without a neutral one of the same person")
        picture = read_picture(MediaFile(photo, _NAME))
        (scored,) = self._scorer.score([picture], None if references is None else lambda _: references)
        scores = scored.scores
        if scores.error is not None or scored.attention is None:
            return Reading(scores, references is not None)
        maps = attention_pictures(scored.view, scored.attention, scores)
        return Reading(scores, references is not None, Image.fromarray(np.asarray(scored.view)), maps)


def _failed(error: str) -> Reading:
    return Reading(ImageScores(_NAME, error=error))
