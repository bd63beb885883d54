"""What the benchmarks of scale print follows from what they see."""

import sys

import datasets
import numpy as np
import pytest

from benchmarks import full_set, memory


def samples(megabytes):
    return {"name": "worker", "seconds": list(range(len(megabytes))), "megabytes": list(megabytes)}


def test_growth_is_that_after_the_first_two_minutes():
    flat = [100.0 + min(second, 120) * 4 for second in range(600)]
    growing = [500 + second / 36 for second in range(600)]  # 100 MB an hour
    rows = memory.summary({"processes": [samples(flat), samples(growing), samples([1.0] * 20)]})
    assert [row["most_megabytes"] for row in rows] == [580.0, pytest.approx(516.6, abs=0.1)]
    assert [row["megabytes_an_hour"] for row in rows] == [pytest.approx(0, abs=0.1), pytest.approx(100, abs=0.1)]


def test_a_command_and_the_processes_that_it_starts_are_watched(tmp_path):
    program = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(1)'])"
    found = memory.run([sys.executable, "-c", program], every=0.1)
    assert found["exit"] == 0
    assert {process["name"] for process in found["processes"]} == {"run", "worker"}
    assert all(np.max(process["megabytes"]) > 1 for process in found["processes"])


def test_the_steps_measure_what_they_say(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    used = full_set.use(str(dataset))
    strong = [p for p in datasets.load_dataset(str(dataset), split="train")["pspi"] if p >= 8]
    assert used.pop("rows kept") == len(strong) > 0
    assert len(used) == 6 and min(used.values()) > 0
    for config in ("default", "pairs"):
        assert full_set.load(str(dataset), config)["seconds"] > 0
        streamed = full_set.stream(str(dataset), config)
        assert streamed["seconds"] > 0 and streamed["rows_a_second"] > 0
