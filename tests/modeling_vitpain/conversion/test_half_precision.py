"""Weights in float16 on disk: half the bytes in small files, float32 in memory, nothing else changed."""

import json
import shutil
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file
from small_vitpain import small_model, trained
from transformers import AutoModel

import pain3d_cli
from dataset_script.errors import InvalidInput, WorkFailed
from modeling_vitpain import ViTPainImageProcessor
from modeling_vitpain.conversion.half_precision import save_half_precision
from modeling_vitpain.prediction.load import load_model

PROCESSOR = ViTPainImageProcessor(size={"height": 32, "width": 32}, face_crop=1.2)
SMALL_FILE = 150_000


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A model directory as training, evaluation and the card leave it."""
    directory = tmp_path_factory.mktemp("source") / "model"
    trained(small_model("dinov2", "neutral", interval_temperature=1.5)).save_pretrained(directory)
    PROCESSOR.save_pretrained(directory)
    (directory / "training.json").write_text('{"steps": 3}\n')
    (directory / "README.md").write_text("# the card\n")
    (directory / "metrics.json").write_text("{}\n")
    return directory


@pytest.fixture(scope="module")
def half(source, tmp_path_factory):
    out = tmp_path_factory.mktemp("half") / "model"
    report = save_half_precision(*load_model(source), source, out, SMALL_FILE)
    assert len(report.files) > 1 and report.path == out
    return out


def weights(directory):
    return {name: tensor for path in directory.glob("*.safetensors") for name, tensor in load_file(path).items()}


def test_files_hold_float16_and_are_small(source, half):
    whole, stored = weights(source), weights(half)
    assert whole.keys() == stored.keys()
    assert {tensor.dtype for tensor in stored.values()} == {torch.float16}
    assert all(path.stat().st_size <= SMALL_FILE for path in half.glob("*.safetensors"))
    for name, tensor in whole.items():
        assert stored[name].equal(tensor.half()), name


def test_everything_else_is_what_it_was(source, half):
    names = {path.name for path in source.iterdir() if path.suffix != ".safetensors"} - {"metrics.json"}
    assert {path.name for path in half.iterdir() if "safetensors" not in path.name} == names
    before, after = (json.loads((directory / "config.json").read_text()) for directory in (source, half))
    before["backbone_config"]["dtype"] = "float32"  # which transformers writes of a model that was loaded
    assert after == before and after["dtype"] == "float32"
    for name in names - {"config.json"}:
        assert (half / name).read_bytes() == (source / name).read_bytes(), name


def test_it_loads_as_float32_with_the_rounded_weights(source, half):
    for model in (load_model(half)[0], AutoModel.from_pretrained(half)):
        assert {tensor.dtype for tensor in model.state_dict().values()} == {torch.float32}
        for name, tensor in load_model(source)[0].state_dict().items():
            assert model.state_dict()[name].equal(tensor.half().float()), name
    assert load_model(half)[1].to_dict() == load_model(source)[1].to_dict()
    assert AutoModel.from_pretrained(half, dtype=torch.float16).dtype == torch.float16


@pytest.mark.slow
def test_remote_code_loads_as_float32_too(half, tmp_path):
    code = (
        "import sys; from transformers import AutoModel; "
        f"model = AutoModel.from_pretrained({str(half)!r}, trust_remote_code=True); "
        "assert 'modeling_vitpain' not in sys.modules; print(model.dtype, model.config.interval_temperature)"
    )
    environment = {"HF_MODULES_CACHE": str(tmp_path), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert done.stdout == "torch.float32 1.5\n", done.stderr


def test_a_fine_tuned_successor_is_stored_in_float32_again(half, tmp_path):
    load_model(half)[0].save_pretrained(tmp_path)
    assert {tensor.dtype for tensor in weights(tmp_path).values()} == {torch.float32}


def test_again_gives_the_same_bytes(source, half, tmp_path):
    save_half_precision(*load_model(half), half, tmp_path / "again", SMALL_FILE)
    for path in half.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.name


def test_a_weight_beyond_float16_is_refused_and_nothing_is_left(tmp_path):
    model = small_model()
    with torch.no_grad():
        model.au_head.hidden.bias[0] = 7e4
    with pytest.raises(WorkFailed, match=r"au_head\.hidden\.bias holds 70000; float16 ends at 65504"):
        save_half_precision(model, PROCESSOR, tmp_path / "none", tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_a_tensor_larger_than_a_file_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match=r"max-file is 0.001 MB; allowed is 0\.1 MB or more: .* is in one file"):
        save_half_precision(small_model(), PROCESSOR, tmp_path / "none", tmp_path / "out", 1000)
    assert not list(tmp_path.iterdir())


def test_command(source, tmp_path, capsys):
    out = tmp_path / "half"
    call = ["export", str(source), "--out", str(out), "--float16", "--max-file", "0.15", "--json"]
    assert pain3d_cli.main(call) == 0
    written = json.loads(capsys.readouterr().out)
    assert written["files"] == {path.name: path.stat().st_size for path in sorted(out.glob("*.safetensors"))}
    assert 0 < written["largest_rounding"] < 1e-3
    assert pain3d_cli.main(call) == 2
    assert "is there already" in capsys.readouterr().err
    shutil.rmtree(out)
    assert pain3d_cli.main([*call[:4], "--max-file", "1"]) == 2
    assert "max-file was given without --float16" in capsys.readouterr().err
