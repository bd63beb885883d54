"""Weights of neural rigs whose description is none, or asks for more memory than they have numbers."""

import json

import pytest
import torch
from safetensors.torch import save_file

from dataset_script.errors import WorkFailed
from generation.rigs.neural.channels import CHANNELS
from generation.rigs.neural.rig import NeuralRig

GOOD = {"channels": CHANNELS, "config": {"width": 8, "blocks": 1}}


@pytest.mark.parametrize(
    ("about", "problem"),
    [
        ({"channels": CHANNELS}, "do not fit what they say of themselves: 'config'"),
        (GOOD | {"config": {"width": 8, "depth": 1}}, "unexpected keyword argument 'depth'"),
        (GOOD | {"config": [8]}, "do not fit"),
        (GOOD | {"config": {"width": "8"}}, "do not fit"),
        (GOOD | {"config": {"width": 1 << 30}}, "width 1,073,741,824; allowed are up to 1,024"),
        (GOOD | {"config": {"blocks": 1000}}, "blocks 1,000; allowed are up to 64"),
        (GOOD | {"channels": 7}, "do not fit"),
        (GOOD, "do not fit"),  # the weights are of no network
        ([], "do not fit"),
    ],
)
def test_a_description_that_is_none_is_refused_in_one_line(about, problem, tmp_path):
    save_file({"a": torch.ones(3)}, tmp_path / "a.safetensors", {"rig": json.dumps(about)})
    with pytest.raises(WorkFailed, match=problem) as error:
        NeuralRig.load(tmp_path / "a.safetensors")
    assert "\n" not in str(error.value)
