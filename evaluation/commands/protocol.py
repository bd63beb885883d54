"""`pain3d evaluate --protocol`: the half of the command that trains; `evaluate.py` has its arguments."""

import argparse
import json
import os
import sys
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.storage import locked, write_atomically
from modeling_vitpain.training.options import RunOptions

from ..fairness.gaps import by_group
from ..fairness.report import write_fairness
from ..markdown import to_json
from ..paper.tables import tables_of_folds
from ..protocols.fold_runs import fold_path, read_fold, run_folds
from ..protocols.leakage import refuse_seen
from ..protocols.report import to_markdown
from ..protocols.scores import FoldPredictions, pooled, score_folds
from ..protocols.splits import Split, describe, read_splits, splits_of, write_splits
from ..protocols.trained_folds import Labels, TrainedFolds
from ..provenance import versions, weight_hashes
from ..split.labels import spec_hash
from ..split.report import write_tables
from ..statistics.comparison import compare
from ..statistics.measures import Predictions

CLAIM, SPLITS, FOLDS, MODELS = "protocol.json", "splits.json", "folds", "models"
RESULT = "cross_validation"


def run_protocol(args: argparse.Namespace) -> int:
    """Trains, predicts and scores every fold; what an earlier call finished is not done again."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise InvalidInput(f"WORLD_SIZE is {os.environ['WORLD_SIZE']}; a protocol is run by one process")
    chosen = {field.name: getattr(args, field.name) for field in fields(RunOptions) if field.name != "data"}
    options = RunOptions(data=args.target, **chosen)
    labels = Labels.read(options.data)
    splits = splits_of(args.protocol, labels.population, args.validation, args.split_seed)
    labels.check_thresholds_can_be_set(splits)
    unknown = refuse_seen(options, splits, labels.population)
    other = None if args.against is None else _read_folds(Path(args.against))

    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    with locked(out):
        _claim(out, args, options, splits)
        trained = TrainedFolds(options, splits, out / MODELS, args.workers, args.keep_models)
        folds = run_folds(splits, trained, out / FOLDS, tell=lambda line: print(line, file=sys.stderr, flush=True))
        trained.remove_weights()
        context = _context(args, options, folds, trained) | {"trained_on_unknown": [Path(m).name for m in unknown]}
        training = [labels.of(split.train) for split in splits]
        found = {"context": context, **score_folds(folds, args.resamples, args.seed, training)}
        if other is not None:
            together = compare(_by_name(folds), _by_name(other), resamples=args.resamples, seed=args.seed)
            found["comparison"] = {"model": Path(args.against).name, "metrics": together}
        paths = _write(args, found, folds, out)
    print(to_json(found) if args.json else to_markdown(found), end="")
    print("wrote " + " and ".join(map(str, paths)), file=sys.stderr)
    return 0


def _write(args: argparse.Namespace, found: dict, folds: list[FoldPredictions], out: Path) -> list[Path]:
    """The reports that were asked for; returns their paths."""
    paths = [out / f"{RESULT}.json", out / f"{RESULT}.md"]
    for path, text in zip(paths, (to_json(found), to_markdown(found)), strict=True):
        write_atomically(path, text.encode())
    if args.fairness:
        title = {name: found["context"][name] for name in ("model", "data", "protocol")}
        groups = by_group(pooled(folds)[0], args.resamples, args.seed)
        limits = {"decision_thresholds": found["decision_thresholds"]}
        paths += write_fairness({"context": title, **limits, **groups}, out, args.plots)
    if args.tables:
        paths += write_tables(tables_of_folds(found), out)
    if args.figures:
        from ..paper.figures import write_figures  # needs matplotlib

        paths += write_figures(pooled(folds)[0], out)
    return paths


def _claim(out: Path, args: argparse.Namespace, options: RunOptions, splits: list[Split]) -> None:
    """Makes `out` this protocol's. Raises InvalidInput where it holds another, naming what differs."""
    claim = {
        "protocol": args.protocol,
        "validation": args.validation,
        "split_seed": args.split_seed,
        "spec_hash": spec_hash(options.data),
        "weights": {
            n: weight_hashes(model) for n in ("start", "teacher", "backbone") if (model := getattr(options, n))
        },
        **{f"options.{name}": value for name, value in asdict(options).items()},
    }
    path = out / CLAIM
    if path.is_file():
        try:
            before = json.loads(path.read_text(encoding="utf-8"))
            changed = [
                f"{name} was {before.get(name)!r} and is {now!r}"
                for name, now in claim.items()
                if before.get(name) != now
            ]
        except (ValueError, AttributeError) as error:
            raise WorkFailed(f"{path} is damaged: {error}") from None
        if not changed and read_splits(out / SPLITS) != splits:
            changed = [f"the people in {SPLITS} were others"]
        if changed:
            raise InvalidInput(f"out is {out}, which holds another protocol run: {'; '.join(changed)}")
    elif any(out.iterdir()):
        raise InvalidInput(f"out is {out}, which is not empty and holds no {CLAIM}; choose another directory")
    else:
        write_splits(splits, out / SPLITS)
        write_atomically(path, (json.dumps(claim, indent=1) + "\n").encode())


def _context(
    args: argparse.Namespace, options: RunOptions, folds: list[FoldPredictions], trained: TrainedFolds
) -> dict:
    records = [trained.record_of(fold.split) for fold in folds]
    return {
        "model": Path(options.start or options.backbone or options.config or options.recipe.backbone or "tiny").name,
        "starts_from": "trained ViTPain" if options.start else "backbone" if options.pretrained_backbone else "random",
        "protocol": args.protocol,
        "protocol_words": describe(args.protocol),
        "data": Path(options.data).resolve().name,
        "spec_hash": spec_hash(options.data),
        "input": options.input,
        "frames": sum(len(fold.test["labels"]) for fold in folds),
        "identities": sum(len(np.unique(fold.test["identity_id"])) for fold in folds),
        "preset": records[0]["preset"],
        "recipe": records[0]["recipe"],
        "parameters": records[0]["parameters"],
        "folds": [_of_fold(fold, record) for fold, record in zip(folds, records, strict=True)],
        "resamples": args.resamples,
        "seed": args.seed,
        "versions": versions(),
    }


def _of_fold(fold: FoldPredictions, record: dict) -> dict:
    """What happened in a fold; nothing that differs between two runs, as times do."""
    split, frames = fold.split, record["data"]["frames"]
    return {
        "name": split.name,
        "people": {"train": len(split.train), "validation": len(split.validation), "test": len(split.test)},
        "frames": {**frames, "test": len(fold.test["labels"])},
        "best": record["best"],
        "steps": record["steps"],
        "interval_temperature": float(fold.test["interval_temperature"][0]),
    }


def _read_folds(directory: Path) -> list[FoldPredictions]:
    """The folds of a finished protocol run. Raises InvalidInput where there is none, WorkFailed where it is damaged."""
    if not (directory / SPLITS).is_file():
        raise InvalidInput(f"against is {directory}, which holds no protocol run; allowed is the --out of one")
    splits = read_splits(directory / SPLITS)
    return [read_fold(fold_path(directory / FOLDS, k), split) for k, split in enumerate(splits)]


def _by_name(folds: list[FoldPredictions]) -> Predictions:
    """All test frames, in the order of their names: protocols may test them in another order."""
    frames = pooled(folds)[0]
    order = np.argsort(frames["frame_id"], kind="stable")
    return {key: values[order] for key, values in frames.items()}
