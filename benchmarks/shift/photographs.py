"""Photographs of real faces: no intensities are known, so a row is compared with MediaPipe, which learned from such."""

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from datasets import Dataset, Features, Image, List, Value
from PIL import Image as Pictures
from PIL import ImageOps

from benchmarks.judges.measures import UNIT_SCORES
from dataset_script.errors import InvalidInput
from dataset_script.facs import AU_NAMES
from evaluation.results import Estimate
from evaluation.statistics.bootstrap import ClusterBootstrap
from modeling_vitpain.prediction.faces import NoFace
from modeling_vitpain.prediction.main_face import MainFace

from .frames import Frames
from .measures import RESAMPLES, correlation
from .rows import Row
from .stored import Arrays

SUFFIXES = (".jpg", ".jpeg", ".png")
CROP = 1.7
"""Side of the square that all rows and MediaPipe are given, in longer sides of the face box."""
LONGEST = 512
"""Pixels of its side; larger ones are reduced."""
_NUMBERS = ("identity_id", "view_id", "expression_id", "age_group", "ethnicity", "gender", "pspi")
_COLUMNS = Features(
    {
        "frame_id": Value("string"),
        "image": Image(),
        "face_box": List(Value("float32"), length=4),
        "au": List(Value("float32"), length=len(AU_NAMES)),
        **{name: Value("int64") for name in _NUMBERS},
    }
)
ORDER, PAIN, SMILE = "order of the units", "PSPI and its proxy", "PSPI and mouthSmile, which should be no higher than 0"


def open_photographs(folder: Path) -> Frames:
    """The main face of every picture of a folder; pictures without a face are left out.

    Raises InvalidInput where fewer than three show one.
    """
    paths = sorted(path for path in folder.glob("*") if path.suffix.lower() in SUFFIXES)
    rows = list(_faces(paths))
    if len(rows) < 3:
        raise InvalidInput(f"--photographs is {folder}, with {len(rows)} faces; allowed is a folder of 3 and more")
    digests = [hashlib.sha256(row["image"]["bytes"]).hexdigest() for row in rows]
    unknown = {"au": None, **dict.fromkeys(_NUMBERS)}
    numbered = [unknown | row | {"identity_id": k, "view_id": 0, "expression_id": 1} for k, row in enumerate(rows)]
    return Frames(Dataset.from_list(numbered, features=_COLUMNS), {"photographs": digests})


def _faces(paths: list[Path]) -> Iterator[dict]:
    finder = MainFace()
    for path in paths:
        with Pictures.open(path) as opened:
            picture = ImageOps.exif_transpose(opened).convert("RGB")
        try:
            picture, (x0, y0, x1, y1) = finder(picture, CROP)
        except NoFace:
            continue
        side = CROP * max(x1 - x0, y1 - y0)
        left, top = (x0 + x1 - side) / 2, (y0 + y1 - side) / 2
        size = min(round(side), LONGEST)
        square = picture.crop(tuple(round(value) for value in (left, top, left + side, top + side)))
        buffer = io.BytesIO()
        square.resize((size, size), Pictures.Resampling.LANCZOS).save(buffer, "PNG", compress_level=1)
        box = [size / side * value for value in (x0 - left, y0 - top, x1 - left, y1 - top)]
        yield {"frame_id": path.name, "image": {"bytes": buffer.getvalue(), "path": None}, "face_box": box}


def agreement(scores: Arrays, judged: Arrays) -> dict[str, Estimate]:
    """What of a row's scores of n photographs agrees with MediaPipe's, with intervals over photographs.

    Rank correlations of PSPI, of each unit or the higher of two, and of PSPI with smiles; and the mean over photographs
    of the correlation between the ranks that the units have among all photographs: which unit stands out in a face.

    Args:
        scores: `pspi` (n,) and `au` (n, 6).
        judged: the same of MediaPipe, NaN where it sees no face, and `smile` (n,).
    """
    seen = np.isfinite(judged["pspi"])
    bootstrap = ClusterBootstrap(np.arange(seen.sum()), RESAMPLES)
    ours = _ranks(np.column_stack([scores["pspi"], *_pooled(scores["au"])])[seen])
    theirs = _ranks(np.column_stack([judged["pspi"], *_pooled(judged["au"])])[seen])
    names = [PAIN, *(f"{name} and {score}" for name, (_, score) in UNIT_SCORES.items())]
    values = {name: correlation(ours[:, k], theirs[:, k], bootstrap.whole) for k, name in enumerate(names)}
    values[SMILE] = correlation(ours[:, 0], _ranks(judged["smile"][seen, None])[:, 0], bootstrap.whole)
    each = _rowwise(ours[:, 1:], theirs[:, 1:])
    total = bootstrap.whole.sums(np.column_stack([each, np.ones_like(each)]))
    values[ORDER] = total[:, 0] / total[:, 1]
    return {name: bootstrap.estimate(value) for name, value in values.items()}


def measure_photographs(rows: list[Row], judge: Row, frames: Frames, scores_of) -> dict:
    """How many photographs there are, and row -> what agrees; `scores_of` (row, frames) gives a row's scores."""
    judged = scores_of(judge, frames)
    found = {row.name: agreement(scores_of(row, frames), judged) for row in rows}
    return {"photographs": len(frames.rows), "seen": int(np.isfinite(judged["pspi"]).sum()), "agreement": found}


def _pooled(au: np.ndarray) -> list[np.ndarray]:
    """The higher of the units that move one score of MediaPipe, in the order of UNIT_SCORES."""
    return [au[:, [AU_NAMES.index(unit) for unit in units]].max(axis=1) for units, _ in UNIT_SCORES.values()]


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks in each column (n, K), from 0 to 1; equal values share theirs."""
    found = [np.unique(column, return_inverse=True, return_counts=True)[1:] for column in values.T]
    middles = [(np.cumsum(counts) - (counts + 1) / 2)[place] for place, counts in found]
    return np.column_stack(middles) / max(len(values) - 1, 1)


def _rowwise(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(n,) Pearson correlation of each row of `x` and `y` (n, K); 0 where a row never varies."""
    x, y = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    spread = np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1))
    return np.divide((x * y).sum(axis=1), spread, out=np.zeros(len(x)), where=spread > 1e-12)
