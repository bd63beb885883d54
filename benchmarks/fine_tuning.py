"""What fine-tuning a model with a frozen backbone does to people whom neither has seen, by rate and epochs.

    python -m benchmarks.fine_tuning DATA... [--start vitpain-small] [--rates 2e-4 5e-4 1e-3] [--epochs 3 5 10]

- Each DATA, `pain3d generate DATA --identities 24 --preset balanced --size 256 --seed N`, is cut into folds of people.
  A sixth of the others choose the epoch, the rest train, as in `pain3d train DATA --start MODEL`; those of the fold are
  scored beside a neutral frame by the tuned model and the unchanged one. All people are so scored once.
- `change` is the mean over people of the tuned model's error of the PSPI less the unchanged one's, below 0 where tuning
  helps, with its 95 % interval over people.
- The tokens of the backbone are computed once and kept in --features, which a second call reads.
"""

import argparse
import itertools
import json
import tempfile
from pathlib import Path

import datasets
import numpy as np
from datasets import Dataset, concatenate_datasets
from transformers import set_seed
from transformers.utils import logging

from dataset_script.facs import AU_NAMES
from modeling_vitpain.frames.dataset import PainFrames, open_splits
from modeling_vitpain.frames.neutral_frames import NeutralFrames
from modeling_vitpain.prediction.load import load_model
from modeling_vitpain.prediction.splits import Predictions, predict_frames
from modeling_vitpain.training.feature_cache import FeatureCache, FeatureFrames
from modeling_vitpain.training.options import RunOptions
from modeling_vitpain.training.recipes import ViTPainTrainingArguments
from modeling_vitpain.training.trainers import ViTPainTrainer

PRESET = "small"


class Tokens:
    """All frames of a dataset as the backbone of a model sees them, as they are and varied for training."""

    def __init__(self, data: Path, start: str, features: Path):
        model, self.processor = load_model(start)
        self.units = model.config.au_names
        self.rows = concatenate_datasets(list(open_splits(data).values()))
        self.person = np.asarray(self.rows["identity_id"][:])
        cache = FeatureCache(features / data.resolve().name, model)
        options = RunOptions(str(data), start=start, preset=PRESET)
        self.augmentation = options.augmentation_name
        copies = options.training_arguments(features).feature_copies
        self.kept = {
            "varied": cache.frames(self._frames(self.rows, varied=True), "varied", copies).tokens,
            "as they are": cache.frames(self._frames(self.rows), "plain").tokens,
        }

    def of(self, people: np.ndarray, args: ViTPainTrainingArguments | None = None) -> tuple[FeatureFrames, Dataset]:
        """The frames of people and their rows, varied where the arguments of a training are given."""
        places = np.flatnonzero(np.isin(self.person, people))
        rows = self.rows.select(places)
        neutral = NeutralFrames() if args is None else NeutralFrames(None, args.reference_dropout, args.same_view_share)
        kept = self.kept["as they are" if args is None else "varied"]
        frames = self._frames(rows, varied=args is not None, neutral=neutral)
        return FeatureFrames(frames, [np.ascontiguousarray(tokens[places]) for tokens in kept]), rows

    def _frames(self, rows: Dataset, varied: bool = False, neutral: NeutralFrames | None = None) -> PainFrames:
        how = {"augment_seed": 0, "augmentation": self.augmentation} if varied else {}
        return PainFrames(rows, self.processor, au_names=self.units, reference=neutral, **how)


def tuned(start: str, tokens: Tokens, options: RunOptions, train: np.ndarray, validation: np.ndarray):
    """The model after training on some people, at the epoch that others chose."""
    with tempfile.TemporaryDirectory() as checkpoints:
        args = options.training_arguments(Path(checkpoints))
        set_seed(options.seed)
        model = load_model(start)[0].train()
        parts = {"train_dataset": tokens.of(train, args)[0], "eval_dataset": tokens.of(validation)[0]}
        ViTPainTrainer(model, args, **parts).train()
    return model.eval()


def measured(data: Path, start: str, features: Path, settings: list[dict], folds: int) -> dict[str, dict]:
    """The errors of the unchanged model and, for each of the settings, of the tuned ones."""
    tokens, unchanged = Tokens(data, start, features), load_model(start)[0]
    people = np.random.default_rng(0).permutation(np.unique(tokens.person))
    found: dict[str, list[Predictions]] = {}
    for fold in range(folds):
        tested = people[fold::folds]
        others = np.setdiff1d(people, tested)
        validation, train = others[::6], np.setdiff1d(others, others[::6])
        seen = tokens.of(tested)
        found.setdefault("unchanged", []).append(predict_frames(unchanged, *seen))
        for setting in settings:
            options = RunOptions(str(data), start=start, preset=PRESET, **setting)
            model = tuned(start, tokens, options, train, validation)
            found.setdefault(json.dumps(setting), []).append(predict_frames(model, *seen))
    before = errors(found["unchanged"], people)
    return {name: summary(parts, people, None if name == "unchanged" else before) for name, parts in found.items()}


def errors(parts: list[Predictions], people: np.ndarray) -> np.ndarray:
    """Mean absolute error of each person's PSPI."""
    error = np.concatenate([np.abs(part["pspi"] - part["labels"]) for part in parts])
    person = np.concatenate([part["identity_id"] for part in parts])
    return np.array([error[person == one].mean() for one in people])


def summary(parts: list[Predictions], people: np.ndarray, before: np.ndarray | None) -> dict:
    """MAE of PSPI and AUs over people, and how PSPI's changes from `before`."""
    after = errors(parts, people)
    observed = [part["au_labels"][:, : len(AU_NAMES)] for part in parts]  # companions may stand behind them
    of_units = np.concatenate([np.abs(part["au"] - labels) for part, labels in zip(parts, observed, strict=True)])
    result = {"mae": round(float(after.mean()), 3), "au_mae": round(float(np.nanmean(of_units)), 3)}
    if before is not None:
        change, random = after - before, np.random.default_rng(0)
        means = change[random.integers(0, len(change), (10_000, len(change)))].mean(axis=1)
        result["change"] = round(float(change.mean()), 3)
        result["interval"] = [round(float(end), 3) for end in np.quantile(means, (0.025, 0.975))]
        result["people_helped"] = round(float((change < 0).mean()), 2)
    return result


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--start", default="vitpain-small")
    parser.add_argument("--rates", nargs="+", type=float, default=[2e-4, 5e-4, 1e-3])
    parser.add_argument("--epochs", nargs="+", type=int, default=[3, 5, 10])
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--features", type=Path, help="folder for the tokens (a temporary one)")
    args = parser.parse_args(argv)
    logging.disable_progress_bar()
    datasets.disable_progress_bars()
    settings = [{"lr": rate, "epochs": epochs} for rate, epochs in itertools.product(args.rates, args.epochs)]
    with tempfile.TemporaryDirectory() as temporary:
        features = args.features or Path(temporary)
        for data in args.data:
            found = measured(data, args.start, features, settings, args.folds)
            print(json.dumps({"data": data.resolve().name, **found}, indent=1), flush=True)


if __name__ == "__main__":
    main()
