"""Scores of pictures and video frames from a loaded model, with or without neutral references.

- Pictures come as a stream and each is resized for the model as soon as it is decoded, so that memory holds one decoded
  picture and one batch.
- A picture is never its own reference: where it is among its references, that one is left out, and where none is left
  the model's learned fallback is used. A model without fallback does not score such a picture.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dataset_script.errors import InvalidInput

from ..image_processing_vitpain import ViTPainImageProcessor
from ..modeling_vitpain import ViTPainForPainAssessment
from ..scores_vitpain import PainScores, pain_scores
from .batches import batched
from .face_warnings import warnings_of_face, warnings_of_interval, warnings_of_pixels
from .faces import Face, FaceFinder, NoFace, upright
from .forward import model_inputs, sensible_threads
from .image_scores import ImageScores, joined
from .media import InputImage, MediaFile, find_media, read_pictures
from .overlay_files import TILE
from .tracks import Tracks

Key = tuple[Path, int | None]
"""A picture's file and, of a video, frame."""


@dataclass(frozen=True)
class Scored:
    """A picture's scores, with what they were computed from.

    Attributes:
        source: the file.
        scores: the scores, or an error.
        key: identifies the picture; None where there are no scores.
        pixels: (3, H, W), as the model saw it.
        attention: (U, rows, columns) over the patches, each summing to 1; only where asked for.
        view: uint8 (256, 256, 3), the part of the picture that the model saw; only where attention was asked for.
    """

    source: MediaFile
    scores: ImageScores
    key: Key | None = None
    pixels: Tensor | None = None
    attention: np.ndarray | None = None
    view: np.ndarray | None = None


@dataclass
class References:
    """Neutral pictures of one person: `pixels`, R of (3, H, W), and the `keys` that identify them."""

    pixels: list[Tensor] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)

    def mask(self, keys: list[Key]) -> Tensor:
        """(B, R) bool for the pictures `keys`: False where the reference is the picture itself."""
        return torch.tensor([[key != known for known in self.keys] for key in keys])


@dataclass(frozen=True)
class Scorer:
    """A loaded model, and how pictures are prepared for it.

    Attributes:
        network, processor: from `load_model`.
        batch_size: pictures at a time.
        level: of the PSPI interval, above 0 and below 1.
        faces: finds the face; None: pictures are faces already.
        face_crop: side of the square around the face in units of its longer side; None: the processor's.
        with_attention: also give the attention maps.
        all_faces: score every face of a picture, not its main one.

    Raises:
        InvalidInput: the model cannot do that.
    """

    network: ViTPainForPainAssessment
    processor: ViTPainImageProcessor
    batch_size: int = 32
    level: float = 0.9
    faces: FaceFinder | None = None
    face_crop: float | None = None
    with_attention: bool = False
    all_faces: bool = False

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise InvalidInput(f"batch-size is {self.batch_size}; allowed is 1 or more")
        if self.face_crop is not None and not 0 < self.face_crop < float("inf"):
            raise InvalidInput(f"face-crop is {self.face_crop}; allowed is above 0")
        if self.face_crop is not None and self.faces is None:
            raise InvalidInput(
                "face-crop was given without faces; allowed is beside --boxes, --landmarks or --find-faces"
            )
        if self.all_faces and self.faces is None:
            raise InvalidInput(
                "all-faces was given without faces; allowed is beside --boxes, --landmarks or --find-faces"
            )
        if self.faces is not None and (self.face_crop or self.processor.face_crop) is None:
            raise InvalidInput(
                "the model sees whole pictures; give --face-crop too (1.7 is the framing of Pain3D's frames)"
            )
        if self.with_attention and self.network.config.au_head != "query":
            raise InvalidInput(
                f"the model has au_head {self.network.config.au_head!r}; only 'query' has attention maps"
            )

    def score(
        self, pictures: Iterable[InputImage], references_of: Callable[[MediaFile], References] | None = None
    ) -> Iterator[Scored]:
        """Scores of each picture, in order; one without image, or without a face, gives scores with `error`.

        With `all_faces` a picture with several gives as many, the main one first.
        """
        with sensible_threads(self.network):
            for batch in batched(self._groups(pictures, references_of), self.batch_size):
                yield from self._score_batch(batch, references_of(batch[0].source) if references_of else None)

    def together(self, source: MediaFile, references_of: Callable[[MediaFile], References] | None) -> Hashable:
        """Pictures of which this is equal share batches: those with the same references; those of one video alone."""
        return source.path if source.is_video else None, id(references_of(source)) if references_of else None

    def _groups(
        self, pictures: Iterable[InputImage], references_of: Callable[[MediaFile], References] | None
    ) -> Iterator[tuple[Hashable, list["_Prepared"]]]:
        tracks: tuple[MediaFile, Tracks] | None = None
        for picture in pictures:
            if tracks is None or tracks[0] != picture.source:
                tracks = picture.source, Tracks()
            yield self.together(picture.source, references_of), self._prepared(picture, tracks[1])

    def read_references(self, paths: Iterable[Path]) -> References:
        """Neutral pictures from files and folders.

        Raises:
            InvalidInput: the model takes none, or one of them cannot be used.
        """
        if self.network.config.reference != "neutral":
            raise InvalidInput("a neutral reference was given, but the model has reference='none'")
        references = References()
        for source in (source for path in paths for source in find_media(path)):
            if source.is_video:
                raise InvalidInput(f"reference {source.path} is a video; allowed are pictures")
            for picture in read_pictures(source):
                item = replace(self, all_faces=False)._prepared(picture, Tracks())[0]
                if item.pixels is None:
                    raise InvalidInput(f"reference {source.path}: {item.bare.error}")
                references.pixels.append(item.pixels)
                references.keys.append(item.key)
        return references

    def _prepared(self, picture: InputImage, tracks: Tracks) -> list["_Prepared"]:
        """The faces to be scored at the model's size, or scores that hold an error. The decoded picture is not kept."""
        key, bare = _key(picture), ImageScores(str(picture.source.path), picture.frame, picture.time_s)
        if picture.image is None:
            return [_Prepared(picture.source, key, replace(bare, error=picture.error))]
        if self.faces is None:
            return [self._cut_out(picture, None, key, bare)]
        try:
            faces = self.faces.find(picture)
        except NoFace as error:
            return [_Prepared(picture.source, key, replace(bare, error=str(error)))]
        bare = replace(bare, faces=len(faces))
        if not self.all_faces:
            return [self._cut_out(picture, faces[0], key, bare)]
        numbers = tracks.number(faces, picture.image.size)
        return [
            self._cut_out(picture, face, key, replace(bare, face=number))
            for face, number in zip(faces, numbers, strict=True)
        ]

    def _cut_out(self, picture: InputImage, face: Face | None, key: Key, bare: ImageScores) -> "_Prepared":
        """One face of a picture, or the whole picture, at the model's size."""
        image, cut, warnings = picture.image, {"boxes": "whole"}, [picture.note] if picture.note else []
        if face is not None:
            box = tuple(float(value) / picture.scale for value in face.box)
            bare = replace(bare, box=box, yaw=face.yaw, pitch=face.pitch, roll=face.roll)
            if face.is_cut(image.size) and not face.named:
                return _Prepared(picture.source, key, replace(bare, error="the picture's edge cuts the face"))
            crop = self.face_crop or self.processor.face_crop
            warnings += warnings_of_face(face, image.size, crop, self.processor.size["height"])
            image, face = upright(image, face, crop)
            cut = {"boxes": [face.box], "face_crop": crop}
        try:
            pixels = self.processor(image, return_tensors="pt", **cut)["pixel_values"][0]
        except ValueError as error:
            return _Prepared(picture.source, key, replace(bare, error=f"unusable: {str(error).splitlines()[0]}"))
        warnings += warnings_of_pixels(self._levels(pixels))
        view = None
        if self.with_attention:
            size = {"height": TILE, "width": TILE}
            shown = self.processor(image, size=size, do_rescale=False, do_normalize=False, **cut)
            view = np.asarray(shown["pixel_values"][0], dtype=np.uint8).transpose(1, 2, 0)
        return _Prepared(picture.source, key, replace(bare, warning=joined(None, warnings)), pixels, view)

    def _levels(self, pixels: Tensor) -> np.ndarray:
        """Normalised (3, H, W) as 0-1."""
        if not self.processor.do_normalize:
            return pixels.numpy()
        mean, std = (
            np.asarray(v, np.float32).reshape(-1, 1, 1) for v in (self.processor.image_mean, self.processor.image_std)
        )
        return pixels.numpy() * std + mean

    def _score_batch(self, batch: list["_Prepared"], references: References | None) -> Iterator[Scored]:
        batch = [self._with_reference(item, references) for item in batch]
        usable = [item for item in batch if item.pixels is not None]
        scored = iter(self._run(usable, references) if usable else ())
        for item in batch:
            yield Scored(item.source, item.bare) if item.pixels is None else next(scored)

    def _with_reference(self, item: "_Prepared", references: References | None) -> "_Prepared":
        """The item, or an error in its place where a model without fallback has no reference for it."""
        config = self.network.config
        if item.pixels is None or config.reference != "neutral" or config.reference_fallback:
            return item
        if references is not None and any(item.key != key for key in references.keys):
            return item
        error = "the picture is its own only reference; this model needs another neutral picture of the person"
        return _Prepared(item.source, item.key, replace(item.bare, error=error))

    def _run(self, items: list["_Prepared"], references: References | None) -> list[Scored]:
        batch = {"pixel_values": torch.stack([item.pixels for item in items])}
        if references is not None and references.pixels:
            batch["reference_pixel_values"] = torch.stack(references.pixels)[None]  # of all items
            batch["reference_mask"] = references.mask([item.key for item in items])
        config, size = self.network.config, batch["pixel_values"].shape[-2:]
        with torch.inference_mode():
            output = self.network(**model_inputs(self.network, batch), output_au_attention=self.with_attention)
        found = pain_scores(output, config, self.level, size)
        return [
            Scored(
                item.source,
                _filled(item.bare, found, k, config.au_names),
                item.key,
                item.pixels,
                None if found.attention is None else found.attention[k],
                item.view,
            )
            for k, item in enumerate(items)
        ]


def predict_images(
    network: ViTPainForPainAssessment,
    processor: ViTPainImageProcessor,
    paths: Iterable[Path],
    batch_size: int = 32,
    level: float = 0.9,
) -> Iterator[ImageScores]:
    """Scores of picture and video files, in order; an unreadable one gives scores with `error`."""
    pictures = (picture for path in paths for picture in read_pictures(MediaFile(Path(path), Path(path).name)))
    for scored in Scorer(network, processor, batch_size, level).score(pictures):
        yield scored.scores


@dataclass(frozen=True)
class _Prepared:
    """A picture at the model's size (`pixels`), or scores that hold an error (`bare`)."""

    source: MediaFile
    key: Key
    bare: ImageScores
    pixels: Tensor | None = None
    view: np.ndarray | None = None


def _filled(bare: ImageScores, found: PainScores, k: int, names: Sequence[str]) -> ImageScores:
    """The scores of the k-th picture. `names`: of the action units."""
    low, high = found.low[k].item(), found.high[k].item()
    intervals = None
    if found.au_low is not None:
        ends = zip(found.au_low[k].tolist(), found.au_high[k].tolist(), strict=True)
        intervals = dict(zip(names, ends, strict=True))
    return replace(
        bare,
        pspi=found.pspi[k].item(),
        pspi_low=low,
        pspi_high=high,
        au=dict(zip(names, found.au[k].tolist(), strict=True)),
        au_interval=intervals,
        pain_probability=None if found.pain_probability is None else found.pain_probability[k].item(),
        warning=joined(bare.warning, warnings_of_interval(low, high)),
    )


def _key(picture: InputImage) -> Key:
    return picture.source.path.resolve(), picture.frame
