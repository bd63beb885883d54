"""The simple thing that a trained model must beat: HOG of the cut-out face and ridge regression, on the same frames.

    python -m benchmarks.hog DATA [--side 96]

Histograms of oriented gradients (OpenCV's: cells of 8 pixels, blocks of 16, 9 bins) of the face box, grey, `--side`
pixels square. The strength of the ridge is chosen on the validation split. Prints PSPI MAE on the test split with its
95 % interval over people, the MAE of the training mean, and the AUROC of PSPI >= 3. Needs the extras `faces` and
`evaluation`.
"""

import argparse
import json
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
from datasets import Dataset, load_dataset
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score

STRENGTHS = tuple(10.0**k for k in range(0, 7))
MARGIN = 0.1
"""Shares of the box that are added on each side."""


def features(frames: Dataset, side: int) -> np.ndarray:
    """(N, D) float32 HOG of the faces."""
    hog = cv2.HOGDescriptor((side, side), (16, 16), (8, 8), (8, 8), 9)
    return np.stack([hog.compute(face(row, side)).ravel() for row in frames])


def face(row: dict, side: int) -> np.ndarray:
    """(side, side) uint8 grey: the face box with a margin, squeezed to a square."""
    x0, y0, x1, y1 = row["face_box"]
    more_x, more_y = MARGIN * (x1 - x0), MARGIN * (y1 - y0)
    picture = row["image"].convert("L").crop((x0 - more_x, y0 - more_y, x1 + more_x, y1 + more_y))
    return np.asarray(picture.resize((side, side)))


def mean_with_interval(errors: np.ndarray, people: np.ndarray) -> list[float]:
    """Mean of the errors (N,), and the 95 % interval from 10,000 resamples of the people."""
    _, person = np.unique(people, return_inverse=True)
    sums, counts = np.bincount(person, errors), np.bincount(person)
    drawn = np.random.default_rng(0).integers(0, len(sums), (10_000, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    return [round(float(value), 3) for value in (errors.mean(), *np.percentile(means, (2.5, 97.5)))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", metavar="DATA", help="dataset directory")
    parser.add_argument(
        "--side", type=int, default=96, help="pixels of the cut-out face, a multiple of 8 (%(default)s)"
    )
    args = parser.parse_args()
    splits = load_dataset(args.data)
    found = {name: features(split, args.side) for name, split in splits.items()}
    labels = {name: np.array(split["pspi"], float) for name, split in splits.items()}
    models = [Ridge(alpha=strength).fit(found["train"], labels["train"]) for strength in STRENGTHS]

    def error(model: Ridge) -> float:
        return float(np.abs(model.predict(found["validation"]).clip(0, 16) - labels["validation"]).mean())

    best = min(models, key=error)
    predicted, observed = best.predict(found["test"]).clip(0, 16), labels["test"]
    people = np.array(splits["test"]["identity_id"])
    result = {
        "frames": len(observed),
        "people": len(np.unique(people)),
        "ridge": best.alpha,
        "mae": mean_with_interval(np.abs(predicted - observed), people),
        "mae_of_the_mean": mean_with_interval(np.abs(labels["train"].mean() - observed), people),
        "auroc_pspi_3": round(float(roc_auc_score(observed >= 3, predicted)), 3),
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
