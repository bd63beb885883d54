"""ONNX: the same scores outside of torch, or no file."""

import json

import numpy as np
import pytest
import torch
from small_vitpain import MORE, inputs_for, small_model, trained

import pain3d_cli
from dataset_script.errors import InvalidInput, WorkFailed
from modeling_vitpain import ViTPainImageProcessor

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

from modeling_vitpain.conversion import onnx as export  # noqa: E402
from modeling_vitpain.conversion.onnx import export_onnx  # noqa: E402

PROCESSOR = ViTPainImageProcessor(size={"height": 32, "width": 32}, face_crop=1.2)


def session(path):
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize(
    ("backbone", "variant", "settings"),
    [
        ("vit", "paper", {}),
        ("dinov2", "baseline", {}),
        pytest.param("dinov3", "release", {}, marks=pytest.mark.slow),
        pytest.param("vit", "neutral", MORE, marks=pytest.mark.slow),
    ],
)
def test_scores_are_the_models_for_any_number_of_frames_and_references(backbone, variant, settings, tmp_path):
    model = trained(small_model(backbone, variant, **settings))
    report = export_onnx(model, PROCESSOR, tmp_path / "model.onnx")
    assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]
    assert report.bytes == (tmp_path / "model.onnx").stat().st_size
    assert max(report.largest_difference.values()) < 1e-3
    network = session(report.path)
    assert [i.name for i in network.get_inputs()] == list(report.inputs)
    assert [o.name for o in network.get_outputs()] == list(report.outputs)
    expected = ("logits", "pspi", "au", *(("binary_logits",) if variant == "release" else ()))
    assert report.outputs == ((*expected, "au_sd", "pain_logits") if settings else expected)
    inputs = inputs_for(model, labels=False)
    fewer = {name: v[1:] if name == "pixel_values" else v[1:, :1] for name, v in inputs.items()}
    for batch in (inputs, fewer):
        found = network.run(list(report.outputs), {name: value.numpy() for name, value in batch.items()})
        with torch.no_grad():
            want = model(**batch)
        for name, value in zip(report.outputs, found, strict=True):
            np.testing.assert_allclose(value, want[name].numpy(), rtol=1e-4, atol=2e-4, err_msg=name)


@pytest.mark.parametrize("variant", ["neutral", pytest.param("release", marks=pytest.mark.slow)])
def test_a_frame_without_reference_scores_nan_where_the_model_refuses_it(variant, tmp_path):
    model = trained(small_model("vit", variant, reference_fallback=False))
    report = export_onnx(model, PROCESSOR, tmp_path / "model.onnx")
    inputs = inputs_for(model, labels=False)
    assert not inputs["reference_mask"][2].any()
    with pytest.raises(ValueError, match="every frame needs one"):
        model(**inputs)
    found = session(report.path).run(list(report.outputs), {name: value.numpy() for name, value in inputs.items()})
    rest = [0, 1, 3]
    with torch.no_grad():
        want = model(**{name: value[rest] for name, value in inputs.items()})
    for name, value in zip(report.outputs, found, strict=True):
        assert np.isnan(value[2]).all(), name
        np.testing.assert_allclose(value[rest], want[name].numpy(), rtol=1e-4, atol=2e-4, err_msg=name)


def test_metadata_says_what_goes_in_and_comes_out(tmp_path):
    export_onnx(small_model(interval_temperature=1.5), PROCESSOR, tmp_path / "model.onnx")
    facts = session(tmp_path / "model.onnx").get_modelmeta().custom_metadata_map
    facts = {name: json.loads(value) for name, value in facts.items()}
    assert facts["au_names"] == ["AU4", "AU6", "AU7", "AU9", "AU10", "AU43"]
    assert facts["au_max"] == [5, 5, 5, 5, 5, 1]
    assert facts["image_size"] == [32, 32]
    assert facts["image_mean"] == list(PROCESSOR.image_mean)
    assert facts["image_std"] == list(PROCESSOR.image_std)
    assert facts["face_crop"] == 1.2
    assert facts["pspi_thresholds"] is None
    assert facts["interval_temperature"] == 1.5
    assert b"modeling_vitpain.py" not in (tmp_path / "model.onnx").read_bytes()  # no path of the machine


@pytest.mark.slow
def test_large_weights_lie_beside_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "LARGEST_FILE", 1000)
    model = small_model()
    report = export_onnx(model, PROCESSOR, tmp_path / "model.onnx")
    assert {p.name for p in tmp_path.iterdir()} == {"model.onnx", "model.onnx.data"}
    assert report.bytes == sum(p.stat().st_size for p in tmp_path.iterdir())
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for part in ("model.onnx", "model.onnx.data"):
        (tmp_path / part).rename(moved / part)
    pixels = inputs_for(model)["pixel_values"]
    (logits,) = session(moved / "model.onnx").run(["logits"], {"pixel_values": pixels.numpy()})
    np.testing.assert_allclose(logits, model(pixels).logits.detach().numpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_a_half_precision_model_is_exported_in_float32(tmp_path):
    export_onnx(small_model().bfloat16(), PROCESSOR, tmp_path / "model.onnx")
    assert session(tmp_path / "model.onnx").get_inputs()[0].type == "tensor(float)"


def test_other_scores_leave_the_former_file(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "TOLERANCE", -1.0)
    (tmp_path / "model.onnx").write_bytes(b"former")
    with pytest.raises(WorkFailed, match=r"the ONNX file's scores differ from the model's by .*logits"):
        export_onnx(small_model(), PROCESSOR, tmp_path / "model.onnx")
    assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]
    assert (tmp_path / "model.onnx").read_bytes() == b"former"


@pytest.mark.parametrize("name", ["model.bin", "nowhere/model.onnx", "model"])
def test_a_wrong_path_is_refused_before_any_work(name, tmp_path):
    with pytest.raises(InvalidInput, match=r"allowed is NAME\.onnx in a directory that exists"):
        export_onnx(small_model(), PROCESSOR, tmp_path / name)


@pytest.mark.slow
def test_command(tmp_path, capsys):
    small_model("vit", "neutral").save_pretrained(tmp_path / "model")
    PROCESSOR.save_pretrained(tmp_path / "model")
    capsys.readouterr()
    assert pain3d_cli.main(["export", str(tmp_path / "model"), "--out", str(tmp_path / "m.onnx"), "--json"]) == 0
    written = json.loads(capsys.readouterr().out)
    assert written["inputs"] == ["pixel_values", "reference_pixel_values", "reference_mask"]
    assert written["outputs"] == ["logits", "pspi", "au"]
    assert (tmp_path / "m.onnx").stat().st_size == written["bytes"]


@pytest.mark.parametrize(
    ("model", "out", "message"),
    [
        ("empty", "m.onnx", "model is 'empty'; that directory holds no config.json"),
        ("model", "m.pt", "allowed is NAME.onnx"),
    ],
)
def test_a_wrong_call_is_one_line(model, out, message, tmp_path, capsys, monkeypatch):
    small_model().save_pretrained(tmp_path / "model")
    PROCESSOR.save_pretrained(tmp_path / "model")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    capsys.readouterr()
    assert pain3d_cli.main(["export", model, "--out", out]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("pain3d: ")
    assert message in error
