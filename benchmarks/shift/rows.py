"""What stands in a table: the model, and simpler or other things that score the same frames."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Image

from benchmarks.judges.client import Judges, Picture, proxy_pspi
from benchmarks.judges.measures import UNIT_SCORES
from benchmarks.judges.worker import LANDMARKER
from dataset_script.errors import InvalidInput
from dataset_script.facs import AU_NAMES
from evaluation.provenance import weight_hashes
from evaluation.split.hog import MARGIN, SIDE, hog_features
from evaluation.split.ridge import Described, Ridge, fit_ridge
from model_cards.shift_file import MODEL
from modeling_vitpain.configuration_vitpain import ViTPainConfig
from modeling_vitpain.frames.dataset import au_array
from modeling_vitpain.image_processing_vitpain import ViTPainImageProcessor

from .frames import Frames
from .neutrals import less_neutral
from .stored import Arrays, Stored, digest
from .training_frames import TrainingFrames

Features = Callable[[Frames], np.ndarray]
MEAN = "training mean"
WITH_NEUTRAL = ", with neutral"
STRONGER = 10.0
"""How much stronger the second ridge on frozen features is than the one that is best in domain."""


@dataclass(frozen=True)
class Row:
    """Something that scores frames.

    Attributes:
        name: in tables.
        key: JSON values that decide its scores, for `Stored`.
        predict: frames -> scores: `pspi` (n,), `au` (n, 6), and where it has them `logits` (n, 17) and `pain` (n,), the
            probability of pain. Without logits only the order of the scores counts; NaN: it sees no face.
        with_neutral: it needs a neutral frame of the same person.
    """

    name: str
    key: dict[str, Any] = field(compare=False)
    predict: Callable[[Frames], Arrays] = field(compare=False)
    with_neutral: bool = False


def model_rows(model: Path, features: Path | None = None) -> list[Row]:
    """The model; one with a neutral reference and a fallback also without the reference.

    `features`: directory of the tokens of the backbone, which models with the same one share; they are computed in
    bfloat16. None: the backbone runs for each row.

    Raises InvalidInput where `model` is no model directory.
    """
    if not (model / "config.json").is_file():
        raise InvalidInput(f"MODEL is {model}; allowed is a directory of `pain3d train`")
    files = [model / "config.json", model / "preprocessor_config.json"]
    key = {"weights": weight_hashes(model), "files": [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]}
    key |= {} if features is None else {"tokens": "bfloat16"}
    config = ViTPainConfig.from_pretrained(model)
    if config.reference == "none":
        return [_of_model(MODEL, model, key, features)]
    rows = [_of_model(f"{MODEL}{WITH_NEUTRAL}", model, key, features)]
    return rows + ([_of_model(f"{MODEL}, without", model, key, features, False)] if config.reference_fallback else [])


def _of_model(name: str, model: Path, key: dict, features: Path | None, reference: bool | None = None) -> Row:
    def predict(frames: Frames) -> Arrays:
        from modeling_vitpain.prediction.splits import model_with_frames, predict_frames
        from modeling_vitpain.training.feature_cache import FeatureCache

        network, seen = model_with_frames(model, frames.rows, frames.rows, "image", reference)
        if features is not None:
            seen = FeatureCache(features, network, bf16=True).frames(seen, f"set-{digest(frames.key)}")
        found = predict_frames(network, seen, frames.rows)
        scores = {"pspi": found["pspi"], "logits": found["logits"], "au": found["au"][:, : len(AU_NAMES)]}
        return scores | ({"pain": found["pain_probability"]} if "pain_probability" in found else {})

    takes = ViTPainConfig.from_pretrained(model).reference == "neutral" and reference is None
    return Row(name, key | {"reference": reference}, predict, takes)


def mean_row(training: TrainingFrames) -> Row:
    """The mean PSPI and units of the training frames for every frame, and their shares of PSPI as probabilities."""

    def predict(frames: Frames) -> Arrays:
        labels, n = training.labels, len(frames.rows)
        shares = np.bincount(labels.pspi, minlength=17) / len(labels.pspi)
        return {
            "pspi": np.full(n, labels.pspi.mean()),
            "logits": np.tile(np.log(np.maximum(shares, 1e-9)), (n, 1)),
            "au": np.tile(labels.au_mean, (n, 1)),
        }

    return Row(MEAN, training.key, predict)


def hog_rows(training: TrainingFrames, neutral: bool, stored: Stored) -> list[Row]:
    """HOG of the face and ridge; with `neutral` also one that is given HOG less that of the neutral frame."""
    key = {"features": "hog", "side": SIDE, "margin": MARGIN}

    def features(frames: Frames) -> np.ndarray:
        return hog_features(frames.rows)

    rows = [_ridge_row("HOG + ridge", features, key, training, stored)]
    if neutral:
        rows.append(_ridge_row(f"HOG + ridge{WITH_NEUTRAL}", _beside_neutral(features), key, training, stored))
    return rows


def frozen_rows(
    backbone: Path, layers: int, model: Path, training: TrainingFrames, neutral: bool, stored: Stored
) -> list[Row]:
    """Ridge on frozen features of `backbone`, which sees what `model` sees, and the same STRONGER times as strong.

    With `neutral`, also with the features less those of the neutral frame.
    """
    processor = ViTPainImageProcessor.from_pretrained(model)
    key = {
        "features": "frozen",
        "weights": weight_hashes(backbone),
        "layers": layers,
        "sees": [processor.face_crop, processor.size["height"], *processor.image_mean, *processor.image_std],
    }

    @cache
    def network():
        from .frozen import FrozenBackbone

        return FrozenBackbone(backbone, layers, processor)

    def features(frames: Frames) -> np.ndarray:
        computed = stored.get("features", key | frames.key, lambda: {"features": network().features(frames.rows)})
        return computed["features"]

    name = "frozen + ridge"
    rows = [_ridge_row(name, features, key, training, stored)]
    rows.append(_ridge_row(f"{name}, {STRONGER:g} times stronger", features, key, training, stored, STRONGER))
    if neutral:
        rows.append(_ridge_row(f"{name}{WITH_NEUTRAL}", _beside_neutral(features), key, training, stored))
    return rows


def _beside_neutral(features: Features) -> Features:
    def both(frames: Frames) -> np.ndarray:
        found = features(frames)
        return np.hstack([found, less_neutral(found, frames.rows)])

    return both


def _ridge_row(
    name: str, features: Features, key: dict, training: TrainingFrames, stored: Stored, stronger: float = 1.0
) -> Row:
    key = key | training.key | {"name": name, "stronger": stronger}

    def describe(split: str) -> Described:
        frames = training.frames(split)
        rows = frames.rows
        return Described(features(frames), np.array(rows["pspi"][:]), au_array(rows["au"][:]))

    def fitted() -> Arrays:
        train, validation = describe("train"), describe("validation")
        best = fit_ridge(train, validation)
        if stronger != 1:
            best = fit_ridge(train, validation, (best.strength * stronger,))
        return {name: np.asarray(value) for name, value in asdict(best).items()}

    def predict(frames: Frames) -> Arrays:
        return Ridge(**stored.get("ridge", key, fitted)).predict(features(frames))

    return Row(name, key, predict, name.endswith(WITH_NEUTRAL))


def mediapipe_rows(workers: int, stored: Stored) -> list[Row]:
    """MediaPipe's own scores, and the same less those of the person's neutral frame. The order of scores alone counts.

    Its proxy stands for PSPI, and the score that a unit moves for the unit.
    """
    key = {"judge": LANDMARKER[2]}

    @cache
    def judges() -> Judges:
        return Judges(workers)

    def seen(frames: Frames) -> Arrays:
        pictures = frames.rows.select_columns(["image"]).cast_column("image", Image(decode=False))
        found = judges().read_all(Picture(row["image"]["bytes"]) for row in pictures)
        return scores_of_judges([each.scores for each in found])

    def predict(frames: Frames) -> Arrays:
        return stored.get("judged", key | frames.key, lambda: seen(frames))

    def risen(frames: Frames) -> Arrays:
        return {name: less_neutral(values, frames.rows) for name, values in predict(frames).items()}

    return [
        Row("MediaPipe", key, predict),
        Row("MediaPipe, less neutral", key | {"neutral": True}, risen, with_neutral=True),
    ]


def scores_of_judges(seen: list[dict[str, float] | None]) -> Arrays:
    """`pspi` (n,), `au` (n, 6) and `smile` (n,) in MediaPipe's own scores; NaN without a face."""
    score_of = {unit: score for units, score in UNIT_SCORES.values() for unit in units}
    nothing = [np.nan] * len(AU_NAMES)
    units = [nothing if scores is None else [scores[score_of[unit]] for unit in AU_NAMES] for scores in seen]
    proxy = [np.nan if scores is None else proxy_pspi(scores) for scores in seen]
    smile = [np.nan if scores is None else scores["mouthSmile"] for scores in seen]
    return {"pspi": np.array(proxy), "au": np.array(units).reshape(-1, len(AU_NAMES)), "smile": np.array(smile)}
