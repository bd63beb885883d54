"""What the benchmarks of scale print follows from what they see."""

import sys
import time

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


@pytest.mark.parametrize("config", ["default", "pairs"])
def test_every_step_takes_time(dataset, tmp_path, monkeypatch, config):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    found = [step(str(dataset), config) for step in full_set.STEPS.values()]
    assert [len(seconds) for seconds in found] == [1, 5, 3]
    assert all(wall > 0 and worked >= 0 for seconds in found for wall, worked in seconds.values())


def test_time_of_processors_is_told_from_time_that_is_waited():
    (wall, worked), result = full_set.timed(lambda: time.sleep(0.3) or 7)
    assert result == 7 and wall >= 0.3 > worked
