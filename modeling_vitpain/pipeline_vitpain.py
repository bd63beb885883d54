"""`pipeline("pain-assessment")`: pictures of faces to PSPI and action units, with intervals."""

from collections.abc import Callable
from dataclasses import replace
from typing import NotRequired, TypedDict

import numpy as np
import torch
from PIL import Image
from transformers import BatchFeature, Pipeline

from .arrays_vitpain import is_array
from .given_pictures_vitpain import (
    Given,
    errors_of,
    is_list,
    is_same_picture,
    numbered,
    with_boxes,
    with_places,
    with_references,
)
from .image_processing_vitpain import WHOLE, boxes_array
from .scores_vitpain import pain_scores

_ALLOWED = ("output_attentions", "interval_level", "reference", "reference_boxes", "face_crop", "find_face")

Box = tuple[float, float, float, float]
FindFace = Callable[[Image.Image, float], tuple[Image.Image, Box]]
"""An upright RGB picture and the side of the square to be seen, in longer sides of the face's box -> the picture with
its main face upright, and the face's box in it. Raises ValueError where there is no face."""


class PainAssessment(TypedDict):
    """What the pipeline returns of a picture.

    Attributes:
        pspi: Prkachin and Solomon Pain Intensity, 0 (none) to 16: the expectation over the model's classes.
        pspi_interval: [low, high], whole PSPI scores, the central 90 % of the model's class distribution.
        au: {"AU4": …, "AU43": …}, FACS intensities, 0 (absent) to 5 (letter E); AU43, eyes closed, 0 to 1.
            With the units of the PSPI come the companions that the model predicts, by the same scale.
        au_interval: of a model with au_spread, {"AU4": [low, high], …}, the central 90 % of each intensity within its
            scale; [0, 1] of AU43 says that the picture does not tell.
        pain_probability: of a model with an expression head, of "pain, and not another expression".
        pain: of a model with binary heads, {"PSPI >= 1": probability, …}.
        attention: with `output_attentions=True`, {"AU4": array (rows, columns) of the patches, summing to 1, …}.
    """

    pspi: float
    pspi_interval: list[int]
    au: dict[str, float]
    au_interval: NotRequired[dict[str, list[float]]]
    pain_probability: NotRequired[float]
    pain: NotRequired[dict[str, float]]
    attention: NotRequired[dict[str, np.ndarray]]


class PainAssessmentPipeline(Pipeline):
    """Pain in pictures of faces. A research tool, not a medical device.

    Takes one picture (path, URL, base64, PIL, array, tensor), a list or another sequence of them, such as the column
    `ds["image"]` of a dataset, or an array (N, …), and returns a `PainAssessment` for each.

    Parameters:
        boxes: (x0, y0, x1, y1) of the face in pixels of each upright picture, one for each; then the model sees the
            square around it that it was trained on. "whole": the pictures are such squares already.
        find_face: finds the face of pictures and references without boxes;
            `modeling_vitpain.prediction.main_face.MainFace()` of the package pain3d[faces] does. With neither, pictures
            are taken as such squares, with a warning.
        reference: for a model with reference "neutral", one picture or a list: neutral pictures of the person that all
            pictures of the call show. Or a list of lists, one set for each picture. A picture is never its own
            reference; without another the model uses its learned fallback.
        reference_boxes: as `boxes`, for the references; nested as they are.
        face_crop: side of that square in longer sides of the box; only for a model that sees whole pictures.
        output_attentions: False.
        interval_level: of all intervals, 0.9; above 0 and below 1.
    """

    _load_processor = False
    _load_image_processor = True
    _load_feature_extractor = False
    _load_tokenizer = False
    _load_video_processor = False  # transformers would look for one, and ask to run remote code

    def __call__(self, inputs, *args, boxes=None, reference=None, reference_boxes=None, **kwargs):
        """Scores pictures, with the parameters of the class.

        Raises:
            ValueError: not one box, or not one set of references, for each picture; no face is found; or a box that
                holds no face of its picture: beside it, in shares of it, not finite, or reversed. Names the picture,
                the box and the size of the picture.
            TypeError: something is no picture; names its type and what is allowed.
            OSError: a file or URL cannot be read, or is no picture; names it.
        """
        if args:
            raise TypeError(f"{len(args)} argument(s) follow the pictures without a name; boxes are given as boxes=...")
        inputs = with_places(inputs)
        if isinstance(inputs, list) and not inputs:
            return []
        if isinstance(boxes, str):
            if boxes != WHOLE:
                raise ValueError(f"boxes is {boxes!r}; allowed are x0, y0, x1, y1 for each picture, or {WHOLE!r}")
            kwargs["whole"] = True
        elif boxes is not None:
            inputs = with_boxes(inputs, boxes_array(boxes))
        if is_list(reference) and any(is_list(found) for found in reference):
            self._check_takes_references()
            inputs = with_references(inputs, list(reference), reference_boxes)
        elif reference is not None or reference_boxes is not None:
            kwargs |= {"reference": reference, "reference_boxes": reference_boxes}
        return super().__call__(inputs, *args, **kwargs)

    def _sanitize_parameters(
        self,
        output_attentions=None,
        interval_level=None,
        reference=None,
        reference_boxes=None,
        face_crop=None,
        find_face: FindFace | None = None,
        whole: bool = False,
        **kwargs,
    ):
        if kwargs:
            raise ValueError(f"unknown parameter {', '.join(kwargs)}; allowed are boxes, {', '.join(_ALLOWED)}")
        if interval_level is not None and not 0 < interval_level < 1:
            raise ValueError(f"interval_level is {interval_level}; allowed is above 0 and below 1")
        finding = {"face_crop": face_crop, "find_face": find_face}
        finding = {name: value for name, value in finding.items() if value is not None}
        preprocess = {"whole": True} if whole else dict(finding)
        forward = {} if output_attentions is None else {"output_attentions": output_attentions}
        if reference is not None:
            earlier = getattr(self, "_preprocess_params", {})  # absent while the pipeline is built
            finding = {name: earlier[name] for name in ("face_crop", "find_face") if name in earlier} | finding
            preprocess["references"] = self._given_references(reference, reference_boxes)
            forward["references"] = self._encoded(preprocess["references"], **finding)
        elif reference_boxes is not None:
            raise ValueError("reference_boxes was given without reference")
        return preprocess, forward, {} if interval_level is None else {"interval_level": interval_level}

    def _given_references(self, reference, boxes) -> list[Given]:
        """The neutral pictures of one person, with their boxes."""
        self._check_takes_references()
        several = is_list(reference) or (is_array(reference) and reference.ndim == 4)
        pictures = numbered(list(reference) if several else [reference], "reference")
        if not pictures:
            raise ValueError("reference is empty; allowed is one neutral picture or more")
        if boxes is None:
            return pictures
        if isinstance(boxes, str):
            if boxes != WHOLE:
                raise ValueError(f"reference_boxes is {boxes!r}; allowed are x0, y0, x1, y1 for each, or {WHOLE!r}")
            return [replace(picture, box=WHOLE) for picture in pictures]
        return with_boxes(pictures, boxes_array(boxes), "reference_boxes")

    def _check_takes_references(self) -> None:
        if self.model.config.reference != "neutral":
            raise ValueError(f"reference was given, but the model has reference={self.model.config.reference!r}")

    def _encoded(self, pictures: list[Given], face_crop=None, find_face=None) -> torch.Tensor:
        """Neutral pictures -> (R, 3, H, W)."""
        pixels = []
        for picture in pictures:
            with errors_of(picture):
                pixels.append(self._pixels(picture, face_crop, find_face, boxes="reference_boxes"))
        return torch.cat(pixels)

    def preprocess(self, given, face_crop=None, find_face=None, whole=False, references: list[Given] = ()):
        given = given if isinstance(given, Given) else Given(given)
        inputs = {}
        with errors_of(given):
            seen = replace(given, box=WHOLE) if whole else given
            inputs["pixel_values"] = self._pixels(seen, None if whole else face_crop, find_face)
            if given.references is not None:
                references = given.references
            if references or given.references is not None:
                inputs["reference_mask"] = self._mask(given, references)
        if given.references is not None:
            size = (1, *inputs["pixel_values"].shape[1:])
            found = self._encoded(references, face_crop, find_face) if references else torch.zeros(size)
            inputs["reference_pixel_values"] = found[None]
        return BatchFeature(inputs).to(self.dtype)

    def _mask(self, given: Given, references: list[Given]) -> torch.Tensor:
        """(1, R) bool, False where the reference is the picture itself; (1, 1), False, where there is none."""
        others = [not is_same_picture(given.image, reference.image) for reference in references] or [False]
        if not any(others) and not self.model.config.reference_fallback:
            why = "the picture is its own only reference" if references else "the picture has no reference"
            raise ValueError(f"{why}; this model needs another neutral picture of the person")
        return torch.tensor([others])

    def _pixels(self, given: Given, face_crop, find_face, boxes: str = "boxes") -> torch.Tensor:
        """(1, 3, H, W) of a picture. `boxes` is the parameter that names its face."""
        image, faces = given.image, {} if face_crop is None else {"face_crop": face_crop}
        if isinstance(given.box, str):
            faces = {"boxes": WHOLE}
        elif given.box is not None:
            faces["boxes"] = [given.box]
        elif find_face is not None:
            image, box = self._found(image, face_crop, find_face, boxes)
            faces["boxes"] = [box]
        elif face_crop is not None:
            raise ValueError(f"face_crop was given without {boxes} or find_face")
        pixels = self.image_processor(image, return_tensors="pt", **faces)["pixel_values"]
        if len(pixels) != 1:
            raise ValueError(f"{len(pixels)} pictures were given in the place of one; allowed is a flat list")
        return pixels

    def _found(self, image, face_crop: float | None, find_face: FindFace, boxes: str) -> tuple[Image.Image, Box]:
        """What `find_face` says of a picture of any kind."""
        crop = face_crop or self.image_processor.face_crop
        if crop is None:
            raise ValueError(
                "find_face was given, but this model sees whole pictures (face_crop is None); give face_crop too"
            )
        picture = self.image_processor.as_picture(image)
        try:
            return find_face(picture, crop)
        except ValueError as error:
            raise ValueError(
                f"{error}; name the face with {boxes}, or {boxes}={WHOLE!r} if the picture is one"
            ) from error

    def _forward(self, model_inputs, output_attentions=False, references=None):
        inputs = dict(model_inputs)
        if references is not None and "reference_pixel_values" not in inputs:  # else each picture has its own
            pixels = inputs["pixel_values"]
            inputs["reference_pixel_values"] = references[None].to(pixels.device, pixels.dtype)
        return self.model(**inputs, output_au_attention=output_attentions)

    def postprocess(self, output, interval_level=0.9):
        config = self.model.config
        scores = pain_scores(output, config, interval_level)  # of one picture
        result: PainAssessment = {
            "pspi": scores.pspi[0].item(),
            "pspi_interval": [scores.low[0].item(), scores.high[0].item()],
            "au": dict(zip(config.au_names, scores.au[0].tolist(), strict=True)),
        }
        if scores.au_low is not None:
            ends = np.stack([scores.au_low[0], scores.au_high[0]], axis=1).tolist()
            result["au_interval"] = dict(zip(config.au_names, ends, strict=True))
        if scores.pain_probability is not None:
            result["pain_probability"] = scores.pain_probability[0].item()
        if scores.pain is not None:
            names = [f"PSPI >= {threshold}" for threshold in config.pspi_thresholds]
            result["pain"] = dict(zip(names, scores.pain[0].tolist(), strict=True))
        if scores.attention is not None:
            result["attention"] = dict(zip(config.au_names, scores.attention[0], strict=True))
        return result


__all__ = ["PainAssessmentPipeline"]
