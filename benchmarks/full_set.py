"""What is done with a dataset of full index size, each thing timed in a process of its own: a table and JSON.

    pain3d generate full --size 64
    python -m benchmarks.full_set full [--workers 2] [--out full_set.json]

Loading is timed twice: with an empty cache of `datasets`, where the shards are turned into Arrow files once, and again.
Importing the libraries is not counted, but for the commands, which are timed as they are called. Nothing in the
directory is changed: the card is written into a copy that shares its files.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

LIMITS = {"load": 5.0, "load, pairs": 5.0, "stream: first row": 2.0, "stream: first row, pairs": 2.0}
"""Seconds that `load_dataset` of the full set may take, when its cache is there, and streaming until the first row."""


def timed(call: Callable[[], object]) -> tuple[float, object]:
    """Seconds of a call, and what it gave."""
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def load(directory: str, config: str) -> dict[str, float]:
    """`load_dataset` of all splits."""
    from datasets import load_dataset

    return {"seconds": timed(lambda: load_dataset(directory, config))[0]}


def use(directory: str) -> dict[str, float]:
    """Shuffling, filtering and reading from what is loaded; seconds of each."""
    from datasets import load_dataset

    train = load_dataset(directory, split="train")
    count = min(1000, len(train))
    shuffle, shuffled = timed(lambda: train.shuffle(seed=0))
    read, _ = timed(lambda: [shuffled[k]["image"].size for k in range(count)])
    plain, _ = timed(lambda: [train[k]["image"].size for k in range(count)])
    strong, kept = timed(lambda: train.filter(lambda pspi: pspi >= 8, input_columns="pspi"))
    whole, _ = timed(lambda: train.filter(lambda rows: [p >= 8 for p in rows["pspi"]], batched=True))
    columns, _ = timed(lambda: train.select_columns(["pspi", "au", "identity_id"]).to_pandas())
    return {
        "shuffle": shuffle,
        f"{count} rows decoded after it": read,
        f"{count} rows decoded in order": plain,
        "filter: pspi >= 8, one column": strong,
        "filter: pspi >= 8, all columns": whole,
        "labels of a split as a table": columns,
        "rows kept": len(kept),
    }


def stream(directory: str, config: str) -> dict[str, float]:
    """Until the first row, and rows a second after it."""
    from datasets import load_dataset

    start = time.perf_counter()
    rows = iter(load_dataset(directory, config, split="train", streaming=True))
    next(rows)
    first = time.perf_counter() - start
    count = sum(1 for _, _ in zip(range(500), rows, strict=False))
    return {"seconds": first, "rows_a_second": count / (time.perf_counter() - start - first)}


STEPS: dict[str, Callable[..., dict[str, float]]] = {"load": load, "use": use, "stream": stream}


def alone(cache: Path, *words: str) -> dict[str, float]:
    """One step in a process of its own."""
    environment = os.environ | {"HF_HOME": str(cache), "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
    command = [sys.executable, "-m", "benchmarks.full_set", "--step", *words]
    run = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(run.stdout.splitlines()[-1])


def command(*words: str) -> float:
    """Seconds of a `pain3d` command, which must succeed."""
    program = [sys.executable, "-m", "pain3d_cli", *words]
    return timed(lambda: subprocess.run(program, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))[0]


def measure(directory: Path, workers: int) -> dict[str, float]:
    """Seconds of everything, by name."""
    found: dict[str, float] = {}
    place = str(directory.resolve())
    found["info"] = command("info", place)
    found[f"verify --quick, {workers} workers"] = command("verify", place, "--quick", "--workers", str(workers))
    found[f"verify, {workers} workers"] = command("verify", place, "--workers", str(workers))
    with tempfile.TemporaryDirectory(prefix=".full-set-", dir=directory.resolve().parent) as folder:
        cache = Path(folder, "cache")
        found["load, empty cache"] = alone(cache, "load", place, "default")["seconds"]
        found["load"] = alone(cache, "load", place, "default")["seconds"]
        found["load, pairs, empty cache"] = alone(cache, "load", place, "pairs")["seconds"]
        found["load, pairs"] = alone(cache, "load", place, "pairs")["seconds"]
        found |= alone(cache, "use", place)
        for config, name in (("default", ""), ("pairs", ", pairs")):
            streamed = alone(cache, "stream", place, config)
            found[f"stream: first row{name}"] = streamed["seconds"]
            found[f"stream: rows a second{name}"] = streamed["rows_a_second"]
        copy = shutil.copytree(directory, Path(folder, "pain3d"), copy_function=os.link)
        found["card"] = command("card", str(copy))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path, nargs="?", help="dataset directory")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="W", help="processes that verify")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    parser.add_argument("--step", nargs="+", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.step:
        print(json.dumps(STEPS[args.step[0]](*args.step[1:])))
        return
    if args.directory is None:
        parser.error("the dataset directory is missing")
    files = [path for path in args.directory.rglob("*.parquet") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    found = measure(args.directory, args.workers)
    device = f"{platform.machine()}, {os.cpu_count()} cores"
    print(f"{len(files)} shards, {size / 1e9:.2f} GB; {device}\n\n| step | seconds | target |\n|---|---:|---:|")
    for name, value in found.items():
        target = f"< {LIMITS[name]:g}" if name in LIMITS else ""
        print(f"| {name} | {value:,.2f} | {target} |")
    if args.out:
        args.out.write_text(json.dumps({"shards": len(files), "bytes": size, "device": device, "measured": found}))


if __name__ == "__main__":
    main()
