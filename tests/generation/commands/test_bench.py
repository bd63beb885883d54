"""`pain3d bench`: every second is counted for one stage, and projections follow from what was measured."""

import json

import pytest

import pain3d_cli
from dataset_script.spec import Spec
from generation.run import measure
from generation.run.measure import SHARDS, STAGES, Measured, Stopwatch, project

FULL = Spec()
MEASURED = Measured(2, 132, dict.fromkeys(STAGES, 0.05), 12.0, 700.0, 60_000.0)


def test_time_inside_a_stage_counts_for_no_other(monkeypatch):
    now = 100.0
    monkeypatch.setattr(measure.time, "process_time", lambda: now)
    watch = Stopwatch("outside")
    with watch.stage("outer"):
        now += 5
        with watch.stage("inner"):
            now += 10
    now += 2
    watch.lap()
    assert watch.seconds == {"inner": 10, "outer": 5, "outside": 2}


def test_hours_are_those_until_the_last_shard_and_cost_is_of_all_cores():
    """158 shards of 16 people, 33 frames each, 0.3 s a frame."""
    shard_hours = 16 * 33 * 0.3 / 3600
    two, many = (project(MEASURED, FULL, "here", cores, 0.05) for cores in (2, 1000))
    assert two.hours == pytest.approx(79 * shard_hours)
    assert two.cost == pytest.approx(two.hours * 2 * 0.05)
    assert many.hours == pytest.approx(shard_hours)  # more cores than shards do not help
    assert many.cost == pytest.approx(shard_hours * 1000 * 0.05)
    finer = project(MEASURED, Spec(identities_per_shard=1), "here", 1000, 0.05)
    assert finer.hours == pytest.approx(3 * 33 * 0.3 / 3600)


@pytest.mark.parametrize(("option", "line"), [("--people", "people is 0"), ("--machines", "machines is 0")])
def test_numbers_below_one_are_refused(option, line, capsys):
    assert pain3d_cli.main(["bench", option, "0"]) == 2
    assert f"{line}; allowed: 1 or more" in capsys.readouterr().err


def test_the_command_measures_every_stage_and_says_which_prices_are_assumed(capsys):
    options = ["--size", "64", "--people", "1", "--workers", "1"]
    assert pain3d_cli.main(["bench", *options, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    seconds = found["measured"]["seconds"]
    assert list(seconds) == list(STAGES) and min(seconds.values()) > 0
    assert found["measured"]["frames"] == 33
    assert found["measured"]["frames_a_second_a_core"] == pytest.approx(1 / sum(seconds.values()))
    assert found["measured"]["bytes_a_frame"] > 1000
    assert seconds[SHARDS] < sum(seconds.values()) / 2
    assert [place["name"] for place in found["projected"]] == ["this machine", "8 machines of 1 cores", "GPU node"]
