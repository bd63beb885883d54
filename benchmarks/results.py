"""Measures the numbers of docs/results.md and README.md again, and writes commit, date and hardware beside each.

    python -m benchmarks.results                  # lists the rows, when each was measured and at which commit
    python -m benchmarks.results quickstart render-256 [--work DIR] [--ict ict_facekit.npz]
    python -m benchmarks.results --all

A row is one or more commands and a function that reads their output. Datasets and models stay in `--work` and
serve the rows that need them; generation and training go on where they stopped. What is measured goes to
docs/results.json; from it docs/results.md and the results of README.md are written. Run it on an idle machine with
everything committed: a row that was measured on uncommitted changes says so.
"""

import argparse
import datetime
import json
import os
import platform
import shlex
import subprocess
import sys
import time
from pathlib import Path

from .results_rows import ROWS, Row

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results.json"
PAGE = ROOT / "docs" / "results.md"
README = ROOT / "README.md"
BEGIN, END = "<!-- results: begin, written by `python -m benchmarks.results` -->", "<!-- results: end -->"


def measure(row: Row, work: Path, ict: str | None) -> dict:
    """Runs the commands of a row in `work`. Raises SystemExit where one of them fails."""
    started, outputs = time.monotonic(), []
    for command in row.commands:
        if "{ict}" in command and ict is None:
            raise SystemExit(f"{row.name} needs --ict FILE, the ICT-FaceKit pack")
        outputs.append(run(command.format(ict=ict), work))
    return {
        "result": row.read(outputs, work),
        "commit": commit(),
        "date": datetime.date.today().isoformat(),
        "hardware": hardware(),
        "minutes": round((time.monotonic() - started) / 60, 1),
    }


def run(command: str, work: Path) -> str:
    """Standard output of a command; `pain3d` and `python` are those of this checkout and environment."""
    words = shlex.split(command)
    words = [sys.executable, "-m", "pain3d_cli", *words[1:]] if words[0] == "pain3d" else [sys.executable, *words[1:]]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    print(f"$ {command}", file=sys.stderr, flush=True)
    done = subprocess.run(words, cwd=work, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command}: exit code {done.returncode}")
    return done.stdout


def commit() -> str:
    """The commit that is measured."""
    head = subprocess.check_output(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, text=True).strip()
    changes = subprocess.check_output(["git", "status", "--porcelain"], cwd=ROOT, text=True).splitlines()
    ours = (RESULTS.name, PAGE.name, README.name)
    return head if all(line.endswith(ours) for line in changes) else f"{head} with uncommitted changes"


def hardware() -> str:
    """The processor and how many of its cores this process may use."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{names[0] if names else platform.processor() or platform.machine()}, {cores} cores, no GPU"


def page(results: dict[str, dict]) -> str:
    """docs/results.md."""
    lines = [
        "# Results",
        "",
        "Every number with the command that prints it, the commit and the machine it was measured on. Written by",
        "`python -m benchmarks.results`, whose `--help` says how to measure a row again.",
        "Models here were trained and tested on rendered faces: none has seen a patient.",
    ]
    for group in dict.fromkeys(row.group for row in ROWS):
        lines += ["", f"## {group}", "", "| what | result | command | measured |", "|---|---|---|---|"]
        for row in ROWS:
            if row.group == group:
                found = results.get(row.name)
                commands = "<br>".join(f"`{command.format(ict='ict_facekit.npz')}`" for command in row.commands)
                measured = f"{found['commit']}, {found['date']}, {found['hardware']}" if found else ""
                lines.append(
                    f"| {row.what} | {found['result'] if found else 'not measured'} | {commands} | {measured} |"
                )
    return "\n".join(lines) + "\n"


def first_rows(results: dict[str, dict]) -> str:
    """The rows of README.md."""
    lines = ["| what | result | command | measured |", "|---|---|---|---|"]
    for row in ROWS:
        if row.first and row.name in results:
            found = results[row.name]
            command = row.commands[-1].format(ict="ict_facekit.npz")
            lines.append(f"| {row.what} | {found['result']} | `{command}` | `{found['commit']}`, {found['date']} |")
    machines = sorted({results[row.name]["hardware"] for row in ROWS if row.first and row.name in results})
    return "\n".join([*lines, "", f"Measured on: {'; '.join(machines)}."])


def with_first_rows(readme: str, results: dict[str, dict]) -> str:
    """README.md with its results between the two marks."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{first_rows(results)}\n{END}{after}"


def write(results: dict[str, dict]) -> None:
    """docs/results.json, docs/results.md and the results of README.md."""
    ordered = {row.name: results[row.name] for row in ROWS if row.name in results}
    RESULTS.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(page(ordered), encoding="utf-8")
    README.write_text(with_first_rows(README.read_text(encoding="utf-8"), ordered), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW", help="rows to measure")
    parser.add_argument("--all", action="store_true", help="every row")
    parser.add_argument("--work", type=Path, default=Path("results-work"), metavar="DIR", help="datasets, models")
    parser.add_argument("--ict", metavar="FILE", help="the ICT-FaceKit pack, for the rows on heads and rigs")
    args = parser.parse_args()
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    names = [row.name for row in ROWS] if args.all else args.rows
    if unknown := set(names) - {row.name for row in ROWS}:
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    args.work.mkdir(parents=True, exist_ok=True)
    for row in ROWS:
        if row.name in names:
            results[row.name] = measure(row, args.work, args.ict and str(Path(args.ict).resolve()))
            write(results)
    if not names:
        for row in ROWS:
            found = results.get(row.name)
            print(f"{row.name:16} {found['commit'] + ', ' + found['date'] if found else 'not measured'}")


if __name__ == "__main__":
    main()
