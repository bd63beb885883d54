"""The same files from a Ray cluster of this machine, whoever is lost on the way."""

import functools
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import ray
from directories import contents
from fake_maker import BrokenMaker, DyingOnceMaker, FakeMaker, OutOfMemoryMaker, SlowMaker
from killing import kill_at_random
from ray.cluster_utils import Cluster

import pain3d_cli
from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.spec import Spec
from generation.run import on_ray
from generation.run.generate import generate
from generation.run.on_ray import Ray

SUPPORT = Path(__file__).parents[2] / "support"
SPEC = Spec(identities=9, size=64, geometry=True, identities_per_shard=2)


def started(tries: int = 4) -> Cluster:
    """Ray gives a node 30 seconds to start, which is too little where the processors are busy with other things."""
    for left in reversed(range(tries)):
        found = Cluster()
        try:
            found.add_node(num_cpus=2, object_store_memory=100 * 2**20)
            return found
        except Exception as error:
            found.shutdown()
            if not left or "timed out" not in str(error):
                raise


@pytest.fixture(scope="module")
def cluster():
    """A node with two processors, to which this process is connected."""
    with pytest.MonkeyPatch.context() as patch:
        paths = [str(SUPPORT), str(SUPPORT.parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
        patch.setenv("PYTHONPATH", os.pathsep.join(paths))  # what is installed on the nodes of others
        found = started()
        ray.init(found.address, log_to_driver=False)
        yield found
        ray.shutdown()
        found.shutdown()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "pain3d"
    generate(out, SPEC, maker_factory=FakeMaker)
    return contents(out)


@pytest.mark.slow
def test_a_worker_that_is_killed_is_replaced_and_the_bytes_are_the_same(cluster, whole, tmp_path):
    calls, maker = [], functools.partial(DyingOnceMaker, mark=tmp_path / "died")
    generate(tmp_path / "out", SPEC, Ray(), maker, lambda *call: calls.append(call))
    assert (tmp_path / "died").exists()
    assert contents(tmp_path / "out") == whole
    assert calls[0] == (0, 297, "starting") and calls[-1] == (297, 297, "")
    assert max(done for done, _, _ in calls) == 297


def test_errors_are_those_of_the_other_executors(cluster, tmp_path):
    with pytest.raises(ZeroDivisionError) as bug:
        generate(tmp_path / "out", SPEC, Ray(), BrokenMaker)
    assert "while identity 5 was made" in bug.value.__notes__
    assert not [name for name in contents(tmp_path / "out") if ".tmp-" in name]


def test_what_it_cannot_do_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(InvalidInput, match="workers is 0; allowed: 1 or more"):
        Ray(workers=0)
    with pytest.raises(InvalidInput, match=r"memory://faces/x, which only this process sees; allowed with executor"):
        generate("memory://faces/x", SPEC, Ray(), FakeMaker)
    painted = Spec(identities=1, size=64, look="kandinsky", diffusion_models="0" * 64)
    with pytest.raises(InvalidInput, match="executor is 'ray'; allowed with look 'kandinsky', which is painted: local"):
        generate(tmp_path / "out", painted, Ray(), FakeMaker)
    assert not (tmp_path / "out").exists()


def test_a_node_with_other_libraries_or_without_the_output_says_so(tmp_path):
    from dataset_script.outputs import DirectoryOutput
    from generation.run.job import Job

    job = Job(DirectoryOutput(tmp_path), SPEC, FakeMaker)
    versions = on_ray.versions()
    with pytest.raises(WorkFailed, match=rf"has numpy {versions['numpy']} \(driver: 1\.0\): its files could differ"):
        on_ray._check_node(job, versions | {"numpy": "1.0"})
    with pytest.raises(WorkFailed, match=rf"does not see {tmp_path}: .* on a file system that all nodes share"):
        on_ray._check_node(job, versions)


@pytest.mark.slow
def test_no_more_chunks_are_in_flight_than_workers(cluster, whole, tmp_path, monkeypatch):
    flying = []
    wait = ray.wait
    monkeypatch.setattr(on_ray.ray, "wait", lambda tasks, **kw: flying.append(len(tasks)) or wait(tasks, **kw))
    generate(tmp_path / "out", SPEC, Ray(workers=1), FakeMaker)
    assert max(flying) == 1
    assert contents(tmp_path / "out") == whole


@pytest.mark.slow
def test_a_chunk_that_kills_every_worker_ends_the_run_and_it_can_go_on(cluster, whole, tmp_path):
    with pytest.raises(WorkFailed, match=r"4 workers were lost while they made data/.*run the same command again"):
        generate(tmp_path / "out", SPEC, Ray(), OutOfMemoryMaker)
    assert not [name for name in contents(tmp_path / "out") if ".tmp-" in name]
    generate(tmp_path / "out", SPEC, Ray(), FakeMaker)
    assert contents(tmp_path / "out") == whole


@pytest.mark.slow
def test_a_node_that_is_lost_is_done_without(cluster, tmp_path):
    spec = Spec(identities=40, size=64, identities_per_shard=2)
    node = cluster.add_node(num_cpus=2, object_store_memory=100 * 2**20)
    cluster.wait_for_nodes()
    lost = threading.Event()

    def lose(done, total, waiting):
        if done > 300 and not lost.is_set():
            lost.set()
            cluster.remove_node(node, allow_graceful=False)

    generate(tmp_path / "out", spec, Ray(), SlowMaker, lose)
    assert lost.is_set()
    generate(tmp_path / "whole", spec, maker_factory=FakeMaker)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


@pytest.mark.slow
def test_ctrl_c_stops_and_the_run_can_go_on(cluster, whole, tmp_path):
    def press(done, total, waiting):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(tmp_path / "out", SPEC, Ray(), SlowMaker, press)
    assert not [name for name in contents(tmp_path / "out") if ".tmp-" in name]
    generate(tmp_path / "out", SPEC, Ray(), FakeMaker)
    assert contents(tmp_path / "out") == whole


@pytest.mark.slow
def test_the_command_makes_real_faces_there(cluster, tmp_path):
    options = ["--identities", "3", "--size", "64"]
    command = ["generate", str(tmp_path / "out"), *options, "--executor", "ray", "--ray-address", cluster.address]
    assert pain3d_cli.main(command) == 0
    assert pain3d_cli.main(["generate", str(tmp_path / "whole"), *options, "--workers", "1"]) == 0
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


@pytest.mark.slow
def test_without_a_cluster_the_command_says_how_to_start_one(tmp_path):
    command = [sys.executable, "-m", "pain3d_cli", "generate", str(tmp_path / "out"), "--executor", "ray"]
    environment = os.environ | {"RAY_ADDRESS": "127.0.0.1:1"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert run.returncode == 2
    assert "no Ray cluster answers" in run.stderr and "ray start --head" in run.stderr


@pytest.mark.slow
def test_runs_that_are_killed_at_random_20_times_end_with_the_same_bytes(cluster, tmp_path):
    """The driver is killed; the tasks of a dead driver end, and what they had not finished is made again."""
    spec = Spec(identities=24, size=64, identities_per_shard=2)
    generate(tmp_path / "whole", spec, maker_factory=FakeMaker)
    command = [sys.executable, str(SUPPORT / "fake_maker.py")]
    kill_at_random([*command, "OUT", spec.to_json(), "2", cluster.address], tmp_path, contents(tmp_path / "whole"))
