import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from dataset_script.errors import InvalidInput
from generation.rigs.neural.data import MeshVariant
from generation.rigs.neural.model import NetworkConfig
from generation.rigs.neural.rig import NeuralRig
from generation.rigs.neural.train import RECIPES, Recipe, Run, main, vertex_errors

torch.set_num_threads(1)
COARSE = MeshVariant("head", "decimated", 500)
TINY = Recipe(
    network=NetworkConfig(width=16, blocks=2, eigenvectors=24, identity=4, decoder_width=32, decoder_layers=2),
    identities=2,
    topologies=(COARSE, MeshVariant("head", "remeshed", 500)),
    steps=6,
    rate=3e-3,
    expressions=2,
    singles=2,
    checkpoint_every=3,
    held_out=1,
    measured=(COARSE,),
)


@pytest.mark.slow
def test_one_face_is_learned(pack, tmp_path):
    network = replace(TINY.network, width=32, decoder_width=64)
    recipe = replace(TINY, network=network, steps=200, rate=5e-3, singles=8, identities=1, topologies=(COARSE,))
    run = Run(pack, tmp_path, recipe)
    face = run._faces[0]
    gates = torch.eye(21)[:13]
    before = vertex_errors(run.network, face, gates)[0].mean()
    run.train()
    after, still = (part.mean() for part in vertex_errors(run.network, face, gates))
    assert before == pytest.approx(float(still))
    assert after < 0.6 * still


@pytest.mark.slow
def test_an_interrupted_run_ends_with_the_same_weights(pack, tmp_path):
    whole = Run(pack, tmp_path / "whole", TINY)
    whole.train()
    record = whole.finish()
    Run(pack, tmp_path / "parts", TINY).train(until=4)
    resumed = Run(pack, tmp_path / "parts", TINY)
    assert resumed.step == 4
    resumed.train()
    resumed.finish()
    assert (tmp_path / "whole/rig.safetensors").read_bytes() == (tmp_path / "parts/rig.safetensors").read_bytes()
    logs = [
        [json.loads(line) for line in (tmp_path / part / "log.jsonl").read_text().splitlines()]
        for part in ("whole", "parts")
    ]
    assert logs[0][-1]["loss"] == logs[1][-1]["loss"]
    assert record["steps"] == 6 and record["held_out"][0]["mean_mm"] > 0
    assert NeuralRig.load(tmp_path / "whole/rig.safetensors").network.config == TINY.network


def test_another_run_in_the_same_directory_is_refused(pack, tmp_path):
    Run(pack, tmp_path, TINY).train(until=1)
    with pytest.raises(InvalidInput, match="holds a run of another recipe or seed"):
        Run(pack, tmp_path, TINY, seed=1)


def test_the_command_trains_and_says_what_is_wrong(pack, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(RECIPES, "cpu", TINY)
    assert main(["--data", str(pack), "--out", str(tmp_path / "run"), "--steps", "1"]) == 0
    assert json.loads((tmp_path / "run/training.json").read_text())["steps"] == 1
    assert main(["--data", str(tmp_path / "none.npz"), "--out", str(tmp_path / "new")]) == 1
    assert "make it from a checkout of ICT-FaceKit" in capsys.readouterr().err
    assert main(["--data", str(pack), "--out", str(tmp_path / "run"), "--seed", "1", "--steps", "1"]) == 2


def test_held_out_faces_are_never_trained_on(pack, tmp_path):
    run = Run(pack, tmp_path, TINY)
    seen = [run._maker.region("head").neutral(k) for k in range(TINY.identities)]
    unseen = run._maker.region("head").neutral(1_000_000)
    assert all(np.abs(unseen - face).max() > 0.1 for face in seen)
    for recipe in RECIPES.values():
        assert not set(recipe.topologies) & {t for t in recipe.measured if t.kind == "remeshed"}
