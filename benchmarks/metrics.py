"""Metrics with intervals over subjects at the size of UNBC-McMaster, against scikit-learn and torchmetrics in a loop.

    python -m benchmarks.metrics [--frames 48398] [--subjects 25] [--resamples 10000] [--rounds 5]

One run of ours computes macro AUROC (17 classes) and the accuracies in every resample. The others are timed on a few
resamples, and their time is scaled to all of them. The values of these resamples are compared too. torchmetrics is
included where it is installed.
"""

import argparse
import json
import os
import platform
import statistics
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import sklearn
from sklearn.metrics import accuracy_score, roc_auc_score

from dataset_script.facs import PSPI_CLASSES, PSPI_MAX
from evaluation.pspi_accuracy.functions import accuracy_from_sums, accuracy_terms
from evaluation.statistics.bootstrap import ClusterBootstrap

CHECKED = 3
"""Resamples that the slow implementations compute."""


def frames(count: int, subjects: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Subject, PSPI (mostly 0, as in UNBC-McMaster) and class probabilities of a mediocre model."""
    random = np.random.default_rng(0)
    labels = np.minimum(random.geometric(0.6, count) - 1, PSPI_MAX)
    labels[:PSPI_CLASSES] = np.arange(PSPI_CLASSES)
    logits = -0.2 * (labels[:, None] + random.normal(0, 2, (count, 1)) - np.arange(PSPI_CLASSES)) ** 2
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return random.integers(0, subjects, count), labels, odds / odds.sum(axis=1, keepdims=True)


def ours(subject: np.ndarray, labels: np.ndarray, scores: np.ndarray, resamples: int) -> dict[str, np.ndarray]:
    """Every metric in every resample, `(resamples,)` each."""
    bootstrap = ClusterBootstrap(subject, resamples)
    sums = bootstrap.sums(accuracy_terms(scores.argmax(axis=1), labels))
    return {"macro_auroc": bootstrap.macro_auroc(scores, labels), **accuracy_from_sums(sums)}


def with_sklearn(labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Macro AUROC and the accuracies of one resample's frames."""
    present = np.unique(labels)
    areas = [roc_auc_score(labels == c, scores[:, c]) for c in present]
    predicted = scores.argmax(axis=1)
    within = {f"accuracy_within_{k}": float(np.mean(np.abs(predicted - labels) <= k)) for k in (1, 2)}
    return {"macro_auroc": float(np.mean(areas)), "accuracy": accuracy_score(labels, predicted), **within}


def with_torchmetrics(labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Macro AUROC and accuracy of one resample's frames."""
    import torch
    from torchmetrics.functional.classification import multiclass_accuracy, multiclass_auroc

    p, y = torch.from_numpy(scores), torch.from_numpy(labels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of classes that this resample lacks: they are left out below
        area = multiclass_auroc(p, y, PSPI_CLASSES, average="none")
    present = torch.from_numpy(np.unique(labels))
    return {
        "macro_auroc": area[present].mean().item(),
        "accuracy": multiclass_accuracy(p, y, PSPI_CLASSES, average="micro").item(),
    }


def seconds(work: Callable[[], object], rounds: int) -> float:
    """Median seconds of `work`."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def measure(count: int, subjects: int, resamples: int, rounds: int) -> dict:
    """Seconds of each implementation for all resamples, and the largest difference of their values from ours."""
    subject, labels, scores = frames(count, subjects)
    found = {"ours": seconds(lambda: ours(subject, labels, scores, resamples), rounds)}
    values = ours(subject, labels, scores, resamples)
    weights = ClusterBootstrap(subject, resamples).weights.astype(int)
    members = [np.flatnonzero(subject == k) for k in np.unique(subject)]
    drawn = [np.concatenate([members[k] for k in np.repeat(range(len(row)), row)]) for row in weights[:CHECKED]]
    ways = {"sklearn": with_sklearn}
    if find_spec("torchmetrics"):
        ways["torchmetrics"] = with_torchmetrics
    apart = {}
    for name, way in ways.items():
        slow = []
        taken = seconds(lambda way=way, slow=slow: slow.extend(way(labels[d], scores[d]) for d in drawn), 1)
        found[name] = taken / len(drawn) * resamples
        found[f"{name} / ours"] = found[name] / found["ours"]
        apart[name] = max(abs(row[m] - values[m][k]) for k, row in enumerate(slow) for m in row)
    return {"seconds": found, "largest difference": apart}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=48_398)
    parser.add_argument("--subjects", type=int, default=25)
    parser.add_argument("--resamples", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    found = measure(args.frames, args.subjects, args.resamples, args.rounds)
    versions = {"numpy": np.__version__, "sklearn": sklearn.__version__}
    print(json.dumps({**vars(args), "machine": platform.machine(), **versions, **found}, indent=1))


if __name__ == "__main__":
    main()
