"""LoRA adapters sit on the attention only, train alone in the backbone, and leave a plain model behind."""

import subprocess
import sys

import pytest
import torch
from small_faces import processor, small_model
from torch import nn
from transformers import Dinov2Config, Dinov2WithRegistersConfig

from dataset_script.errors import InvalidInput
from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment
from modeling_vitpain.training.lora import add_lora, has_lora, merge_lora

DINOV2 = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 32, "patch_size": 8}
OWN = {"reference": "neutral", "reference_encoder": "own", "pspi_head": "regression"}


def model_of(kind: str) -> ViTPainForPainAssessment:
    if kind in ("vit", "dinov3"):
        return small_model(kind, **OWN)
    torch.manual_seed(0)
    config = {"dinov2": Dinov2Config, "dinov2 with registers": Dinov2WithRegistersConfig}[kind](**DINOV2, mlp_ratio=2)
    return ViTPainForPainAssessment(ViTPainConfig(backbone_config=config, **OWN))


def adapt(model: ViTPainForPainAssessment) -> None:
    """Adapters that change the output: they start as the identity."""
    add_lora(model, rank=2, alpha=4, dropout=0.1)
    generator = torch.Generator().manual_seed(3)
    for name, parameter in model.named_parameters():
        if ".lora_B." in name:
            nn.init.normal_(parameter, std=0.3, generator=generator)


@pytest.mark.parametrize("kind", ["vit", "dinov2", "dinov2 with registers", "dinov3"])
def test_merged_equals_unmerged_and_loads_as_before(kind, tmp_path):
    model = model_of(kind).eval()
    names = model.state_dict().keys()
    pixels = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    references = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    plain = model(pixels, references)
    add_lora(model, 2, 4, 0.1)
    identity = model.eval()(pixels, references)
    torch.testing.assert_close(identity.cls, plain.cls)
    model = model_of(kind).eval()
    adapt(model)
    before = model.eval()(pixels, references)
    assert (before.cls - plain.cls).abs().max() > 0.01
    merge_lora(model)
    assert model.state_dict().keys() == names
    assert not has_lora(model)
    after = model(pixels, references)
    for key in ("logits", "pspi", "au", "cls"):
        torch.testing.assert_close(after[key], before[key], atol=1e-5, rtol=1e-5)
    model.save_pretrained(tmp_path)
    loaded = ViTPainForPainAssessment.from_pretrained(tmp_path).eval()(pixels, references)
    assert torch.equal(loaded.cls, after.cls)


@pytest.mark.parametrize("kind", ["vit", "dinov2", "dinov3"])
def test_adapters_are_on_the_four_projections_of_each_attention_of_both_encoders(kind):
    model = model_of(kind)
    heads = {name for name, p in model.named_parameters() if p.requires_grad and "backbone." not in name}
    add_lora(model, 2, 4, 0.1)
    adapted = {name.split(".lora_A.")[0] for name, _ in model.named_parameters() if ".lora_A." in name}
    assert {name.split(".")[0] for name in adapted} == {"backbone", "reference_backbone"}
    assert len(adapted) == 2 * 2 * 4  # encoders, layers, projections
    assert {name.split(".")[-1] for name in adapted} == {"q_proj", "k_proj", "v_proj", "o_proj"}
    trainable = {name for name, p in model.named_parameters() if p.requires_grad}
    assert {name for name in trainable if "backbone." not in name} == heads
    assert all(".lora_" in name for name in trainable if "backbone." in name)


def test_same_seed_same_adapters():
    first, second = small_model(), small_model()
    for model in (first, second):
        torch.manual_seed(4)
        add_lora(model, 2, 4, 0.1)
    other = second.state_dict()
    assert all(torch.equal(value, other[name]) for name, value in first.state_dict().items())


@pytest.mark.slow
def test_a_merged_model_needs_no_peft(tmp_path):
    """In a process where peft cannot be imported."""
    model = small_model()
    adapt(model)
    merge_lora(model)
    model.save_pretrained(tmp_path)
    processor().save_pretrained(tmp_path)
    code = (
        "import sys; sys.modules['peft'] = None\n"
        "import torch, modeling_vitpain\n"
        f"from modeling_vitpain.prediction.splits import load_model; m, _ = load_model({str(tmp_path)!r})\n"
        "assert m(torch.zeros(1, 3, 32, 32)).au.shape == (1, 6)"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"rank": 0}, "lora_rank is 0"), ({"dropout": 1.0}, "lora_dropout is 1.0"), ({"dropout": -0.1}, "lora_dropout")],
)
def test_values_that_are_not_allowed(settings, message):
    with pytest.raises(InvalidInput, match=message):
        add_lora(small_model(), **{"rank": 2, "alpha": 4, "dropout": 0.1, **settings})


def test_twice_is_refused_and_so_is_a_backbone_without_attention_projections():
    model = small_model()
    add_lora(model, 2, 4, 0.1)
    with pytest.raises(InvalidInput, match="LoRA adapters already"):
        add_lora(model, 2, 4, 0.1)
    model = small_model()
    for layer in model.backbone.modules():
        if hasattr(layer, "q_proj"):
            for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
                setattr(layer, name, nn.Identity())
    with pytest.raises(InvalidInput, match="backbone is a ViTModel"):
        add_lora(model, 2, 4, 0.1)
