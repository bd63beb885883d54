"""What is done with a dataset of full index size, each thing timed in a process of its own: a table and JSON.

    pain3d generate full --size 64
    python -m benchmarks.full_set full [--workers 2] [--out full_set.json]

Loading is timed twice: with an empty cache of `datasets`, where the shards are turned into Arrow files once, and again.
Importing the libraries is not counted, but for the commands, which are timed as they are called. CPU seconds tell what
a busy machine would have done alone. Nothing in the directory is changed: the card is written into a copy that shares
its files.
"""

import argparse
import importlib.util
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

LIMITS = {"load": 5.0, "load, pairs": 5.0, "stream: first row": 2.0, "stream: first row, pairs": 2.0}
"""Seconds that `load_dataset` of the full set may take, when its cache is there, and streaming until the first row."""

Seconds = tuple[float, float]
"""By the clock, and of processors."""


def timed(call: Callable[[], object]) -> tuple[Seconds, object]:
    """Seconds of a call, and what it gave."""
    start, worked = time.perf_counter(), time.process_time()
    result = call()
    return (time.perf_counter() - start, time.process_time() - worked), result


def load(directory: str, config: str) -> dict[str, Seconds]:
    """`load_dataset` of all splits."""
    from datasets import load_dataset

    return {"load": timed(lambda: load_dataset(directory, config))[0]}


def use(directory: str, config: str) -> dict[str, Seconds]:
    """Shuffling, filtering and reading from what is loaded."""
    from datasets import load_dataset

    train = load_dataset(directory, config, split="train")
    count = min(1000, len(train))
    shuffle, shuffled = timed(lambda: train.shuffle(seed=0))
    return {
        "shuffle": shuffle,
        f"{count} rows decoded after it": timed(lambda: [shuffled[k]["image"].size for k in range(count)])[0],
        f"{count} rows decoded in order": timed(lambda: [train[k]["image"].size for k in range(count)])[0],
        "filter: pspi >= 8": timed(lambda: train.filter(lambda pspi: pspi >= 8, input_columns="pspi"))[0],
        "labels of a split as a table": timed(lambda: train.select_columns(["pspi", "au"]).to_pandas())[0],
    }


def stream(directory: str, config: str) -> dict[str, Seconds]:
    """Until the first row, and the 500 after it.

    `datasets` imports PyTorch, where it is installed, when it streams for the first time: counted, and told apart.
    """
    from datasets import load_dataset

    torch = timed(lambda: importlib.import_module("torch"))[0] if importlib.util.find_spec("torch") else (0.0, 0.0)
    first, rows = timed(lambda: load_dataset(directory, config, split="train", streaming=True))
    row, _ = timed(lambda: next(iter(rows)))
    opened = first[0] + row[0], first[1] + row[1]
    return {
        "stream: first row": (torch[0] + opened[0], torch[1] + opened[1]),
        "stream: first row, PyTorch imported before": opened,
        "stream: 501 rows": timed(lambda: list(rows.take(501)))[0],
    }


STEPS: dict[str, Callable[[str, str], dict[str, Seconds]]] = {"load": load, "use": use, "stream": stream}


def alone(cache: Path, step: str, directory: str, config: str) -> dict[str, Seconds]:
    """One step in a process of its own."""
    environment = os.environ | {"HF_HOME": str(cache), "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
    command = [sys.executable, "-m", "benchmarks.full_set", "--step", step, directory, config]
    run = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(run.stdout.splitlines()[-1])
    return found if config == "default" else {f"{name}, {config}": seconds for name, seconds in found.items()}


def command(*words: str) -> Seconds:
    """Seconds of a `pain3d` command, which must succeed, and of the processes that it starts."""
    program = [sys.executable, "-m", "pain3d_cli", *words]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    (wall, _), _ = timed(lambda: subprocess.run(program, check=True, stdout=subprocess.DEVNULL))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(directory: Path, workers: int) -> dict[str, Seconds]:
    """Seconds of everything, by name."""
    found: dict[str, Seconds] = {}
    place = str(directory.resolve())
    found["info"] = command("info", place)
    found[f"verify --quick, {workers} workers"] = command("verify", place, "--quick", "--workers", str(workers))
    found[f"verify, {workers} workers"] = command("verify", place, "--workers", str(workers))
    with tempfile.TemporaryDirectory(prefix=".full-set-", dir=directory.resolve().parent) as folder:
        cache = Path(folder, "cache")
        for config in ("default", "pairs"):
            empty = alone(cache, "load", place, config)
            found |= {f"{name}, empty cache": seconds for name, seconds in empty.items()}
            found |= alone(cache, "load", place, config)
            found |= alone(cache, "stream", place, config)
        found |= alone(cache, "use", place, "default")
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
    print(f"{len(files)} shards, {size / 1e9:.2f} GB; {device}\n")
    print("| | seconds | CPU seconds | target |\n|---|---:|---:|---:|")
    for name, (wall, worked) in found.items():
        target = f"< {LIMITS[name]:g} s" if name in LIMITS else ""
        print(f"| {name} | {wall:,.2f} | {worked:,.2f} | {target} |")
    if args.out:
        args.out.write_text(json.dumps({"shards": len(files), "bytes": size, "device": device, "measured": found}))


if __name__ == "__main__":
    main()
