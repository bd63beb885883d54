"""Memory of a command and of each process that it starts, second by second, as a table and a picture.

    python -m benchmarks.memory --out memory.json --plot memory.png -- pain3d generate OUT --identities 100 --size 512
    python -m benchmarks.memory --out memory.json --pid 4711 --minutes 60       # of a command that runs already
    python -m benchmarks.memory --plot memory.png --read memory.json

Memory is the resident set of each process, in which pages that processes share are counted in each. The first two
minutes, in which kernels are compiled, are left out where growth is measured. Needs the extras `model` (psutil) and
`plots`.
"""

import argparse
import json
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

WARM_UP_SECONDS = 120.0
MEGABYTE = 2**20


def run(command: list[str], every: float) -> dict:
    """Runs a command to its end; what `sample` gives, and how it ended."""
    import psutil

    running = psutil.Popen(command)
    return sample(running, every, lambda: running.poll() is None) | {"exit": running.returncode}


def watch(pid: int, minutes: float, every: float) -> dict:
    """Watches a process for so many minutes, or until it ends."""
    import psutil

    end, running = time.monotonic() + 60 * minutes, psutil.Process(pid)
    return sample(running, every, lambda: running.is_running() and time.monotonic() < end) | {"exit": 0}


def sample(running, every: float, goes_on: Callable[[], bool]) -> dict:
    """Memory of a process and of those that it starts: a list of {"name", "seconds": [...], "megabytes": [...]}."""
    import psutil

    start, words = time.monotonic(), running.cmdline()
    processes: dict[int, dict] = {}
    while goes_on():
        for process in (running, *_children(running)):
            try:
                megabytes = process.memory_info().rss / MEGABYTE
                name = "run" if process is running else "worker"
            except psutil.NoSuchProcess:
                continue
            seen = processes.setdefault(process.pid, {"name": name, "seconds": [], "megabytes": []})
            seen["seconds"].append(round(time.monotonic() - start, 1))
            seen["megabytes"].append(round(megabytes, 1))
        time.sleep(every)
    return {"command": shlex.join(words), "processes": list(processes.values())}


def _children(running) -> list:
    import psutil

    try:
        children = running.children(recursive=True)
        return [child for child in children if "resource_tracker" not in " ".join(child.cmdline())]
    except psutil.NoSuchProcess:
        return []


def summary(found: dict) -> list[dict]:
    """Of each process that lived for a minute: most megabytes, and megabytes an hour after the warm-up."""
    rows = []
    for process in found["processes"]:
        seconds, megabytes = np.array(process["seconds"]), np.array(process["megabytes"])
        if seconds[-1] - seconds[0] < 60:
            continue
        warm = seconds > seconds[0] + min(WARM_UP_SECONDS, (seconds[-1] - seconds[0]) / 2)
        growth = np.polyfit(seconds[warm] / 3600, megabytes[warm], 1)[0] if warm.sum() > 2 else np.nan
        rows.append(
            {
                "process": process["name"],
                "minutes": round(float(seconds[-1] - seconds[0]) / 60, 1),
                "most_megabytes": float(megabytes.max()),
                "median_megabytes": float(np.median(megabytes[warm])),
                "megabytes_an_hour": round(float(growth), 1),
            }
        )
    return rows


def plot(found: dict, path: Path) -> None:
    """A line a process; those that lived for less than a minute are left out."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3.2), layout="constrained")
    number = 0
    for process in found["processes"]:
        seconds = np.array(process["seconds"])
        if seconds[-1] - seconds[0] < 60:
            continue
        number += process["name"] == "worker"
        label = f"worker {number}" if process["name"] == "worker" else "the run itself"
        axes.plot(seconds / 60, process["megabytes"], label=label, linewidth=1)
    axes.axhline(1000, color="0.6", linestyle="--", linewidth=1)
    axes.set(xlabel="minutes", ylabel="resident memory, MB", ylim=(0, 1100))
    axes.legend(loc="upper right", bbox_to_anchor=(1, 0.88), ncols=4, frameon=False)
    figure.savefig(path, dpi=150)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="JSON file to write")
    parser.add_argument("--read", type=Path, help="JSON file of an earlier run, in place of a command")
    parser.add_argument("--plot", type=Path, help="picture to write")
    parser.add_argument("--pid", type=int, help="process to watch, in place of a command")
    parser.add_argument("--minutes", type=float, default=60.0, help="how long --pid is watched (60)")
    parser.add_argument("--every", type=float, default=1.0, metavar="S", help="seconds between samples (1)")
    parser.add_argument("command", nargs="*", help="after --")
    args = parser.parse_args()
    if sum((args.read is not None, args.pid is not None, bool(args.command))) != 1:
        parser.error("give a command, --pid or --read")
    if args.read:
        found = json.loads(args.read.read_text())
    else:
        found = run(args.command, args.every) if args.command else watch(args.pid, args.minutes, args.every)
    if args.out:
        args.out.write_text(json.dumps(found))
    for row in summary(found):
        print(json.dumps(row))
    if args.plot:
        plot(found, args.plot)
    return found["exit"]


if __name__ == "__main__":
    sys.exit(main())
