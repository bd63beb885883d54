"""`pipeline("pain-assessment")`: pictures of faces to PSPI, its interval and six action units."""

from typing import NotRequired, TypedDict

import numpy as np
import torch
from transformers import Pipeline

from .arrays_vitpain import is_array
from .scores_vitpain import pain_scores

_ALLOWED = ("output_attentions", "interval_level", "reference", "reference_boxes", "face_crop")


class PainAssessment(TypedDict):
    """What the pipeline returns of a picture.

    Attributes:
        pspi: Prkachin and Solomon Pain Intensity, 0 (none) to 16: the expectation over the model's classes.
        pspi_interval: [low, high], whole PSPI scores, the central 90 % of the model's class distribution.
        au: {"AU4": …, "AU43": …}, FACS intensities, 0 (absent) to 5 (letter E); AU43, eyes closed, 0 to 1.
        pain: of a model with binary heads, {"PSPI >= 1": probability, …}.
        attention: with `output_attentions=True`, {"AU4": array (rows, columns) of the patches, summing to 1, …}.
    """

    pspi: float
    pspi_interval: list[int]
    au: dict[str, float]
    pain: NotRequired[dict[str, float]]
    attention: NotRequired[dict[str, np.ndarray]]


class PainAssessmentPipeline(Pipeline):
    """Pain in pictures of faces. A research tool, not a medical device.

    Takes one picture or a list (path, URL, PIL, array, tensor), or an array (N, …) of several, and returns a
    `PainAssessment` for each.

    Parameters:
        boxes: (x0, y0, x1, y1) of the face in pixels of each upright picture, one for each; then the model sees the
            square around it that it was trained on.
        reference: for a model with reference "neutral", one picture or a list: neutral pictures of the person that all
            pictures of the call show. Without it the model uses its learned fallback.
        reference_boxes: as `boxes`, for the references.
        face_crop: side of that square in longer sides of the box; only for a model that sees whole pictures.
        output_attentions: False.
        interval_level: 0.9, above 0 and below 1.
    """

    _load_processor = False
    _load_image_processor = True
    _load_feature_extractor = False
    _load_tokenizer = False

    def __call__(self, inputs, *args, boxes=None, **kwargs):
        """Scores pictures, with the parameters of the class. Raises ValueError unless each picture has one box."""
        if is_array(inputs) and inputs.ndim == 4:
            inputs = list(inputs)
        if boxes is not None:
            several = isinstance(inputs, list | tuple)
            pictures, faces = (inputs, boxes) if several else ([inputs], np.asarray(boxes).reshape(-1, 4))
            if len(pictures) != len(faces):
                raise ValueError(f"{len(faces)} boxes were given for {len(pictures)} pictures; allowed is one for each")
            paired = [{"image": image, "box": box} for image, box in zip(pictures, faces, strict=True)]
            inputs = paired if several else paired[0]
        return super().__call__(inputs, *args, **kwargs)

    def _sanitize_parameters(
        self,
        output_attentions=None,
        interval_level=None,
        reference=None,
        reference_boxes=None,
        face_crop=None,
        **kwargs,
    ):
        if kwargs:
            raise ValueError(f"unknown parameter {', '.join(kwargs)}; allowed are boxes, {', '.join(_ALLOWED)}")
        if interval_level is not None and not 0 < interval_level < 1:
            raise ValueError(f"interval_level is {interval_level}; allowed is above 0 and below 1")
        crop = {} if face_crop is None else {"face_crop": face_crop}
        forward = {} if output_attentions is None else {"output_attentions": output_attentions}
        if reference is not None:
            forward["references"] = self._encoded_references(reference, reference_boxes, crop)
        elif reference_boxes is not None:
            raise ValueError("reference_boxes was given without reference")
        return crop, forward, {} if interval_level is None else {"interval_level": interval_level}

    def _encoded_references(self, reference, boxes, crop: dict) -> torch.Tensor:
        """Neutral pictures -> (R, 3, H, W)."""
        if self.model.config.reference != "neutral":
            raise ValueError(f"reference was given, but the model has reference={self.model.config.reference!r}")
        pictures = list(reference) if isinstance(reference, list | tuple) else [reference]
        if not pictures:
            raise ValueError("reference is empty; allowed is one neutral picture or more")
        faces = {} if boxes is None else {"boxes": boxes, **crop}
        return self.image_processor(pictures, return_tensors="pt", **faces)["pixel_values"]

    def preprocess(self, image, face_crop=None):
        faces = {}
        if isinstance(image, dict):
            faces = {"boxes": [image["box"]]} | ({} if face_crop is None else {"face_crop": face_crop})
            image = image["image"]
        elif face_crop is not None:
            raise ValueError("face_crop was given without boxes")
        inputs = self.image_processor(image, return_tensors="pt", **faces)
        if (number := len(inputs["pixel_values"])) != 1:
            raise ValueError(f"{number} pictures were given in the place of one; allowed is a flat list of pictures")
        return inputs.to(self.dtype)

    def _forward(self, model_inputs, output_attentions=False, references=None):
        inputs = dict(model_inputs)
        if references is not None:
            pixels = inputs["pixel_values"]
            inputs["reference_pixel_values"] = references[None].to(pixels.device, pixels.dtype)
        return self.model(**inputs, output_attentions=output_attentions)

    def postprocess(self, output, interval_level=0.9):
        config = self.model.config
        scores = pain_scores(output, config, interval_level)  # of one picture
        result: PainAssessment = {
            "pspi": scores.pspi[0].item(),
            "pspi_interval": [scores.low[0].item(), scores.high[0].item()],
            "au": dict(zip(config.au_names, scores.au[0].tolist(), strict=True)),
        }
        if scores.pain is not None:
            names = [f"PSPI >= {threshold}" for threshold in config.pspi_thresholds]
            result["pain"] = dict(zip(names, scores.pain[0].tolist(), strict=True))
        if scores.attention is not None:
            result["attention"] = dict(zip(config.au_names, scores.attention[0], strict=True))
        return result


__all__ = ["PainAssessmentPipeline"]
