"""`import`, `predict` and `train` that are killed, find no room, a directory in use or a clock that jumps."""

import ctypes
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from assessing_models import save_assessing_model
from directories import contents
from PIL import Image
from small_faces import write_world
from small_videos import write_clip
from unbc_layout import write_unbc

import pain3d_cli
from dataset_script.importers.importing import import_dataset
from dataset_script.storage import locked
from modeling_vitpain.prediction.score_file import files_of_scores

SUPPORT = Path(__file__).parent / "support"
FORKS = multiprocessing.get_context("forkserver")
"""Of a process that has imported what `predict` needs and run nothing: threads that others have started do not fork."""
FORKS.set_forkserver_preload(["pain3d_cli", "modeling_vitpain.prediction.load"])
TRAINING = ("--reference", "neutral", "--batch-size", "6", "--epochs", "4", "--no-bf16")
FILE_EVENTS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree", "os.truncate", "fcntl.flock"}
IMPORT = f"""import os, signal, sys
from dataset_script.importers import output
from dataset_script.importers.importing import import_dataset
output.COPIED_ROWS_PER_SHARD = 2
source, out, last = sys.argv[1], sys.argv[2], int(sys.argv[3])
touched = 0
def count(event, arguments):
    global touched
    if event in {FILE_EVENTS} and arguments and str(arguments[0]).startswith(out):
        touched += 1
        if touched == last:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
import_dataset(source, out, copy=True)
print(touched)
"""
"""An import that is killed as it touches a file for the `last`-th time, and else says how often it did."""
TRAIN = """import sys
import pain3d_cli
from modeling_vitpain.training import run
print("begins", flush=True)
sys.exit(pain3d_cli.main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_unbc(tmp_path_factory.mktemp("source") / "UNBC")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp("world"))


def started(words: list[str], **others) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **others
    )


def command(*words: object) -> list[str]:
    return ["-m", "pain3d_cli", *map(str, words)]


@pytest.mark.slow
def test_an_import_killed_twenty_times_ends_as_one_that_was_not(source, tmp_path):
    whole, out = tmp_path / "whole", tmp_path / "out"
    run = started(["-c", IMPORT, str(source), str(whole), "0"])
    said, errors = run.communicate()
    assert run.returncode == 0, errors
    moments, killed = random.Random(0), 0
    while killed < 20:
        run = started(["-c", IMPORT, str(source), str(out), str(moments.randint(1, int(said)))])
        errors = run.communicate()[1]
        killed += run.returncode == -signal.SIGKILL
        if run.returncode != -signal.SIGKILL:  # what was left to do touches fewer files: anew
            assert run.returncode == 0, errors
            assert contents(out) == contents(whole)
            shutil.rmtree(out)
    run = started(["-c", IMPORT, str(source), str(out), "0"])
    assert run.wait() == 0, run.stderr.read()
    assert contents(out) == contents(whole)


@pytest.mark.slow
def test_a_training_killed_six_times_ends_as_one_that_was_not(world, tmp_path):
    moments = random.Random(0)
    words = ["train", world / "pain3d", "--backbone", world / "backbone", *TRAINING, "--out"]
    assert pain3d_cli.main([*map(str, words), str(tmp_path / "warm")]) == 0
    begun = time.monotonic()
    assert pain3d_cli.main([*map(str, words), str(tmp_path / "straight")]) == 0
    took = time.monotonic() - begun
    straight, out, killed = contents(tmp_path / "straight"), tmp_path / "killed", 0
    while killed < 6:
        run = started(["-c", TRAIN, *map(str, words), str(out), "--resume"])
        assert run.stdout.readline() == "begins\n"
        time.sleep(moments.uniform(0, took))
        run.send_signal(signal.SIGKILL)
        said = run.communicate()[1]
        killed += run.returncode == -signal.SIGKILL
        if (out / "training.json").exists():  # it had come to its end: anew
            assert run.returncode in (0, -signal.SIGKILL), said
            assert contents(out)["model.safetensors"] == straight["model.safetensors"]
            shutil.rmtree(out)
    assert pain3d_cli.main([*map(str, words), str(out), "--resume"]) == 0
    assert contents(out).keys() == straight.keys()
    assert contents(out)["model.safetensors"] == straight["model.safetensors"]


def score(words: list[str]) -> None:
    sys.exit(pain3d_cli.main(words))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Two folders of pictures, a video between them, and a model."""
    folder, random_pixels = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for k in range(160):
        path = folder / "shown" / ("a" if k < 80 else "c") / f"{k:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random_pixels.integers(0, 255, (120, 120, 3), dtype=np.uint8)).save(path)
    write_clip(folder / "shown" / "b.mp4", frames=60)
    save_assessing_model(folder / "model", face_crop=1.0)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", ["scores.csv", "scores.json"])
def test_scoring_killed_twenty_times_ends_as_one_that_was_not(pictures, tmp_path, name):
    """Each time when the file has grown by another length."""
    moments, out = random.Random(0), tmp_path / name
    words = ["predict", str(pictures / "shown"), "--model", str(pictures / "model"), "--batch-size", "4", "--out"]
    assert pain3d_cli.main([*words, str(tmp_path / f"straight-{name}")]) == 0
    straight, killed, resumed = (tmp_path / f"straight-{name}").read_bytes(), 0, 0
    while killed < 20:
        length = (out.stat().st_size if out.exists() else 0) + moments.uniform(0.01, 0.4) * len(straight)
        child = FORKS.Process(target=score, args=([*words, str(out)],))
        child.start()
        while not (out.exists() and out.stat().st_size >= length) and child.is_alive():
            time.sleep(0.001)
        time.sleep(moments.uniform(0, 0.02))
        child.kill()
        child.join()
        code = child.exitcode
        assert code in (0, -signal.SIGKILL)
        killed += code == -signal.SIGKILL
        resumed += code == -signal.SIGKILL and out.stat().st_size < len(straight)
        if code == 0:  # anew
            assert out.read_bytes() == straight
            for path in files_of_scores(out):
                path.unlink()
    assert resumed > 10
    assert pain3d_cli.main([*words, str(out)]) == 0
    assert out.read_bytes() == straight


def without_override() -> None:
    """Root may write whatever the mode of a directory says; the next program of this process may not."""
    if os.geteuid() == 0 and ctypes.CDLL(None).prctl(24, 1, 0, 0, 0):  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE
        os._exit(77)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["import", "predict", "train"])
def test_a_directory_that_cannot_be_written_is_named_in_one_line(name, source, world, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    words = {
        "import": ["import", source, closed / "out", "--copy"],
        "predict": ["predict", source / "Images", "--model", "m", "--out", closed / "scores.csv"],
        "train": ["train", world / "pain3d", "--backbone", world / "backbone", *TRAINING, "--out", closed / "model"],
    }[name]
    run = started(command(*words), preexec_fn=without_override)
    said = run.communicate()[1]
    if run.returncode == 77:
        pytest.skip("this system lets no process give up CAP_DAC_OVERRIDE")
    assert run.returncode == 1, said
    assert "Traceback" not in said and said.splitlines()[-1].startswith("pain3d: cannot write ")
    assert "Permission denied" in said and not list(closed.iterdir())


@pytest.mark.parametrize("name", ["import", "train"])
def test_two_runs_in_one_directory_are_refused(name, source, tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    words = {"import": ["import", source, out], "train": ["train", tmp_path / "nothing", "--out", out]}[name]
    with locked(out):
        assert pain3d_cli.main([*map(str, words)]) == 2
    assert "is being written by another run" in capsys.readouterr().err
    assert out.is_dir() and not list(out.iterdir())


def test_a_clock_that_jumps_changes_nothing(source, tmp_path, monkeypatch):
    import_dataset(source, tmp_path / "straight", copy=True)
    jumps = random.Random(0)
    monkeypatch.setattr(time, "time", lambda: jumps.uniform(-1e9, 4e9))
    monkeypatch.setattr(time, "time_ns", lambda: jumps.randrange(-(10**18), 4 * 10**18))
    import_dataset(source, tmp_path / "jumped", copy=True)
    import_dataset(source, tmp_path / "jumped", copy=True)
    assert contents(tmp_path / "jumped") == contents(tmp_path / "straight")
