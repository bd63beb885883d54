"""Several processes make one model: two with half a batch each do what one does with the whole."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from small_faces import options_of, trainer_of, write_world

from modeling_vitpain.prediction.load import load_model

SCRIPT = """
import sys
from pathlib import Path
import torch
from safetensors.torch import save_file
from small_faces import options_of, trainer_of

variant, world, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
trainer = trainer_of(options_of(variant, world, batch_size=3), out / "checkpoints", max_steps=6, freeze_epochs=1)
for layer in trainer.model.modules():
    if isinstance(layer, torch.nn.Dropout):
        layer.p = 0.0
trainer.train()
tensors = dict(trainer.model.state_dict())
if trainer.objective is not None:
    tensors |= {f"objective {k}": v for k, v in trainer.objective.state_dict().items()}
save_file({k: v.contiguous() for k, v in tensors.items()}, out / f"rank-{trainer.args.process_index}.safetensors")
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp("world"))


def launch(*command: str) -> subprocess.CompletedProcess:
    """Two processes on this machine that talk over gloo."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    paths = [
        str(Path(__file__).parents[2] / "support"),
        str(Path(__file__).parents[3]),
        os.environ.get("PYTHONPATH", ""),
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
    }
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", f"--master_port={port}"]
    process = subprocess.run([*torchrun, *command], capture_output=True, text=True, env=environment, timeout=800)
    assert process.returncode == 0, process.stderr[-3000:]
    return process


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["scratch", "reference, regression", "pain twice"])
def test_two_processes_agree_and_do_what_one_does(world, tmp_path, variant):
    (tmp_path / "script.py").write_text(SCRIPT)
    launch(str(tmp_path / "script.py"), variant, str(world), str(tmp_path))
    one, two = (load_file(tmp_path / f"rank-{rank}.safetensors") for rank in (0, 1))
    assert all(value.isfinite().all() for value in one.values())
    assert all(torch.equal(value, two[name]) for name, value in one.items())  # in sync

    alone = trainer_of(options_of(variant, world, batch_size=6), tmp_path / "alone", max_steps=6, freeze_epochs=1)
    for layer in alone.model.modules():
        if isinstance(layer, torch.nn.Dropout):
            layer.p = 0.0
    start = {name: value.clone() for name, value in alone.model.state_dict().items()}
    alone.train()
    moved = 0.0
    for name, value in alone.model.state_dict().items():
        moved += (value - start[name]).abs().sum()
        torch.testing.assert_close(one[name], value, atol=2e-5, rtol=1e-3, msg=lambda m, name=name: f"{name}: {m}")
    assert moved > 0
    if alone.objective is not None:
        for name, value in alone.objective.state_dict().items():
            torch.testing.assert_close(one[f"objective {name}"], value, atol=2e-5, rtol=1e-3)


@pytest.mark.slow
def test_the_command_under_torchrun_writes_one_model(world, tmp_path):
    out = tmp_path / "model"
    process = launch(
        *("-m", "pain3d_cli", "train", str(world / "pain3d"), "--out", str(out), "--backbone", str(world / "backbone")),
        *("--reference", "neutral", "--reference-dropout", "0.5", "--batch-size", "3", "--epochs", "2"),
    )
    record = json.loads((out / "training.json").read_text())
    assert record["processes"] == 2
    assert process.stdout.count("parameters") == 1  # one of the two tells
    assert process.stderr.count("epoch   1") == 1
    assert not (out / "checkpoints").exists()
    assert load_model(out)[0].config.reference == "neutral"
