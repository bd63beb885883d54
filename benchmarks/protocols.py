"""Scoring the folds of a protocol at the size of UNBC-McMaster: every metric, per fold and together, and trivial rows.

python -m benchmarks.protocols [--frames 48398] [--subjects 25] [--resamples 10000]
"""

import argparse
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from dataset_script.facs import PSPI_CLASSES, PSPI_MAX
from evaluation.protocols.scores import FoldPredictions, score_folds
from evaluation.protocols.splits import Population, splits_of
from evaluation.statistics.measures import Predictions, TrainingLabels


def predictions(frames: int, subjects: int) -> Predictions:
    """Those of a mediocre model; PSPI is mostly 0, as in UNBC-McMaster."""
    random = np.random.default_rng(0)
    labels = np.minimum(random.geometric(0.6, frames) - 1, PSPI_MAX)
    pspi = np.clip(labels + random.normal(0, 2, frames), 0, PSPI_MAX)
    units = random.integers(0, 2, (frames, 6)).astype(np.float32)
    return {
        "identity_id": random.integers(0, subjects, frames),
        "labels": labels,
        "pspi": pspi,
        "logits": -0.2 * (pspi[:, None] - np.arange(PSPI_CLASSES)) ** 2,
        "au": units + random.normal(0, 0.5, units.shape),
        "au_labels": units,
        "interval_temperature": np.full(frames, 1.3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=48_398)
    parser.add_argument("--subjects", type=int, default=25)
    parser.add_argument("--resamples", type=int, default=10_000)
    args = parser.parse_args()
    everything = predictions(args.frames, args.subjects)

    def of(people: tuple) -> Predictions:
        chosen = np.isin(everything["identity_id"], people)
        return {key: values[chosen] for key, values in everything.items()}

    for protocol in ("subject-5fold", "loso"):
        splits = splits_of(protocol, Population(range(args.subjects)))
        folds = [FoldPredictions(split, of(split.test), of(split.validation)) for split in splits]
        known = [of(split.train) for split in splits]
        training = [TrainingLabels(part["labels"], part["au_labels"]) for part in known]
        began = time.perf_counter()
        score_folds(folds, training, args.resamples)
        seconds = time.perf_counter() - began
        print(f"{protocol}: {len(folds)} folds of {args.frames:,} frames scored in {seconds:.1f} s")


if __name__ == "__main__":
    main()
