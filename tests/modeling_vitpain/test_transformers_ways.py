"""What users of transformers' own models expect: outputs on request, class names, and refusals in one line."""

import logging
import re

import pytest
import torch
from small_vitpain import BACKBONES, EVERY_SHAPE, MORE, SMALL, inputs_for, small_config, small_model, trained
from transformers import AutoModel, AutoModelForImageClassification, Trainer, ViTModel

from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment
from modeling_vitpain.heads_vitpain import pspi_expectation

every_backbone = pytest.mark.parametrize("backbone", BACKBONES)


def eager(backbone: str = "vit", variant: str = "paper", **kwargs) -> ViTPainForPainAssessment:
    model = small_model(backbone, variant, **kwargs)
    model.set_attn_implementation("eager")
    return model


# Hidden states and attentions


@pytest.mark.parametrize(("backbone", "variant"), EVERY_SHAPE)
def test_hidden_states_and_attentions_are_the_backbones_own(backbone, variant):
    model = trained(eager(backbone, variant))
    inputs = inputs_for(model)
    plain = model(**inputs)
    assert plain.hidden_states is None and plain.attentions is None and plain.au_attention is None
    output = model(**inputs, output_hidden_states=True, output_attentions=True)
    own = model.backbone(inputs["pixel_values"], output_hidden_states=True, output_attentions=True)
    assert len(output.hidden_states) == 3 and len(output.attentions) == 2  # of two layers
    for name in ("hidden_states", "attentions"):
        assert all(torch.equal(one, other) for one, other in zip(output[name], own[name], strict=True))
    tokens = own.last_hidden_state.shape[1]
    assert output.attentions[0].shape == (4, 2, tokens, tokens)
    assert torch.equal(output.logits, plain.logits) and torch.equal(output.loss, plain.loss)


def test_each_output_comes_alone_when_it_is_asked_for_alone():
    model = eager()
    pixels = inputs_for(model)["pixel_values"]
    found = {
        name: {key for key in model(pixels, **{name: True}) if key not in ("logits", "pspi", "au", "cls")}
        for name in ("output_hidden_states", "output_attentions", "output_au_attention")
    }
    assert found == {
        "output_hidden_states": {"hidden_states"},
        "output_attentions": {"attentions", "au_attention"},
        "output_au_attention": {"au_attention"},
    }
    without = model(pixels, output_hidden_states=False, output_attentions=True, output_au_attention=False)
    assert without.hidden_states is None and without.au_attention is None and without.attentions is not None


def test_outputs_by_configuration_and_as_a_tuple(tmp_path):
    eager().save_pretrained(tmp_path)
    model = AutoModel.from_pretrained(
        tmp_path, output_hidden_states=True, output_attentions=True, attn_implementation="eager"
    )
    pixels = inputs_for(model)["pixel_values"]
    output = model(pixels)
    assert list(output) == ["logits", "pspi", "au", "cls", "au_attention", "hidden_states", "attentions"]
    assert model(pixels, output_hidden_states=False).hidden_states is None
    for given in (model(pixels, return_dict=False), _without_dict(model)(pixels)):
        assert isinstance(given, tuple) and len(given) == 7
        assert torch.equal(given[0], output.logits) and len(given[5]) == 3 and len(given[6]) == 2


def _without_dict(model):
    model.config.return_dict = False
    model.backbone.config.return_dict = False  # the backbone's own configuration never changes what the heads read
    return model


def test_attentions_that_sdpa_cannot_give_are_announced(caplog):
    model = small_model()
    assert model.backbone.config._attn_implementation == "sdpa"
    pixels = inputs_for(model)["pixel_values"]
    model(pixels, output_au_attention=True)
    assert not caplog.records
    with caplog.at_level(logging.WARNING):
        output = model(pixels, output_attentions=True)
    assert output.attentions is None and output.au_attention is not None
    assert not caplog.records or "attn_implementation='eager'" in caplog.text  # it is said once in a process


def test_trainer_does_not_gather_them(tmp_path):
    model = eager()
    model.config.output_hidden_states = model.config.output_attentions = True
    inputs = inputs_for(model)
    rows = [{name: tensor[k] for name, tensor in inputs.items()} for k in range(4)]
    trainer = Trainer(model=model, args=_arguments(tmp_path), eval_dataset=rows)
    assert len(trainer.predict(rows).predictions) == 3  # logits, pspi, au


def test_a_plain_trainer_evaluates_with_and_without_pain_labels(tmp_path):
    model = small_model(**MORE)
    inputs = inputs_for(model)
    rows = [{name: tensor[k] for name, tensor in inputs.items()} for k in range(4)]
    fewer = [{name: value for name, value in row.items() if name != "pain_labels"} for row in rows]
    for given in (rows, fewer):
        found = Trainer(model=model, args=_arguments(tmp_path), eval_dataset=given).evaluate()
        batch = {name: torch.stack([row[name] for row in given]) for name in given[0]}
        assert found["eval_loss"] == pytest.approx(model(**batch).loss.item(), rel=1e-5)
    with pytest.raises(TypeError, match="pain_label"):
        model(inputs["pixel_values"], pain_label=inputs["pain_labels"])


def _arguments(directory):
    from transformers import TrainingArguments

    return TrainingArguments(output_dir=str(directory), report_to=[], use_cpu=True, remove_unused_columns=False)


# Names of the classes


def test_names_of_the_classes_are_honoured_and_saved(tmp_path):
    small_model().save_pretrained(tmp_path / "plain")
    names = {k: f"score {k}" for k in range(17)}
    model = AutoModelForImageClassification.from_pretrained(tmp_path / "plain", id2label=names)
    assert model.config.id2label == names and model.config.label2id["score 4"] == 4
    model.save_pretrained(tmp_path / "named")
    again = ViTPainConfig.from_pretrained(tmp_path / "named")
    assert again.id2label == names and again.label2id["score 4"] == 4
    inverse = {f"class {k}": k for k in range(17)}
    assert ViTPainConfig.from_pretrained(tmp_path / "named", label2id=inverse).id2label[3] == "class 3"
    assert ViTPainConfig.from_pretrained(tmp_path / "plain", num_labels=17).num_labels == 17
    fewer = ViTPainConfig.from_pretrained(tmp_path / "plain", num_pspi_classes=4)
    assert fewer.id2label == {0: "PSPI 0", 1: "PSPI 1", 2: "PSPI 2", 3: "PSPI 3"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"num_labels": 3}, "num_labels is 3; allowed is num_pspi_classes, 17"),
        ({"id2label": {0: "no pain", 1: "pain"}}, r"id2label names the classes \[0, 1\]; allowed is another name for"),
        ({"id2label": dict.fromkeys(range(17), "pain")}, "id2label names the classes"),
        ({"label2id": {"pain": 1}}, r"id2label names the classes \[1\]"),
        ({"id2label": {k: str(k) for k in range(17)}, "label2id": {"0": 1}}, "label2id is .* the inverse of id2label"),
        ({"reference": "smiling"}, "reference is 'smiling'"),
        ({"pooling": "max"}, "pooling is 'max'; allowed is 'cls' or 'mean'"),
    ],
)
def test_settings_given_on_loading_are_checked(given, message, tmp_path):
    small_model().save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=message):
        AutoModelForImageClassification.from_pretrained(tmp_path, **given)
    with pytest.raises(ValueError, match=message):
        ViTPainForPainAssessment.from_pretrained(tmp_path, **given)
    with pytest.raises(ValueError, match=message):
        small_config(**given)


def test_a_part_of_the_backbones_configuration_can_be_given_on_loading(tmp_path):
    small_model().save_pretrained(tmp_path)
    config = ViTPainConfig.from_pretrained(tmp_path, backbone_config={"hidden_dropout_prob": 0.25})
    assert (config.backbone_config.hidden_dropout_prob, config.backbone_config.hidden_size) == (0.25, 32)


def test_a_plain_vit_is_sent_to_from_backbone(tmp_path):
    ViTModel(BACKBONES["vit"]()).save_pretrained(tmp_path)
    for load in (ViTPainForPainAssessment.from_pretrained, ViTPainConfig.from_pretrained):
        with pytest.raises(ValueError, match=r"type 'vit'; allowed is 'vitpain'.*from_backbone"):
            load(tmp_path)
    assert ViTPainForPainAssessment.from_backbone(str(tmp_path)).config.hidden_size == 32


# Backbones


def other(name: str, **kwargs):
    import transformers

    return getattr(transformers, name)(**{**SMALL, "intermediate_size": 64, **kwargs})


WITH_CLASS_TOKEN = ("BeitConfig", "CLIPVisionConfig", "Data2VecVisionConfig", "ViTMSNConfig")
WITHOUT = ("IJepaConfig", "SiglipVisionConfig")
UNFIT = {
    "ViTMAEConfig": {"decoder_hidden_size": 16, "decoder_num_hidden_layers": 1, "decoder_num_attention_heads": 2},
    "SwinConfig": {"patch_size": 4, "embed_dim": 8, "depths": [1, 1], "num_heads": [2, 2], "window_size": 4},
    "YolosConfig": {"image_size": [32, 32], "num_detection_tokens": 5},
    "ConvNextConfig": {"hidden_sizes": [8, 16, 32, 64], "depths": [1, 1, 1, 1]},
    "DINOv3ConvNextConfig": {"hidden_sizes": [8, 16, 32, 64], "depths": [1, 1, 1, 1]},
    "DPTConfig": {"backbone_out_indices": [0, 0, 1, 1]},
    "VideoMAEConfig": {},
    "BertConfig": {},
    "SiglipConfig": {},
}


@pytest.mark.parametrize("name", UNFIT)
def test_an_unfit_backbone_is_refused_in_one_line(name):
    message = rf"backbone_config is a {name} .*; allowed are beit.*pooling='mean'"
    for pooling in ("cls", "mean"):
        with pytest.raises(ValueError, match=message) as error:
            ViTPainConfig(backbone_config=other(name, **UNFIT[name]), pooling=pooling)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", WITHOUT)
def test_a_backbone_without_class_token_needs_mean_pooling(name):
    with pytest.raises(ValueError, match=r"pooling is 'cls', but backbone '.*' has no class token; allowed is 'mean'"):
        ViTPainConfig(backbone_config=other(name))


def with_pooling(name: str, pooling: str, **kwargs) -> ViTPainForPainAssessment:
    torch.manual_seed(0)
    return ViTPainForPainAssessment(ViTPainConfig(backbone_config=other(name), pooling=pooling, **kwargs)).eval()


@pytest.mark.parametrize(
    ("name", "pooling"),
    [*((name, "mean") for name in ("ViTConfig", *WITHOUT, *WITH_CLASS_TOKEN)), *((n, "cls") for n in WITH_CLASS_TOKEN)],
)
@pytest.mark.parametrize("reference", ["none", "neutral"])
def test_what_the_heads_read_of_other_backbones(name, pooling, reference, tmp_path):
    model = trained(with_pooling(name, pooling, reference=reference))
    inputs = inputs_for(model)
    output = model(**inputs, output_au_attention=True)
    assert output.au_attention.shape == (4, 6, 16)
    if reference == "none":
        tokens = model.backbone(inputs["pixel_values"]).last_hidden_state
        patches = tokens[:, -16:]
        assert tokens.shape[1] == (16 if name in WITHOUT else 17)
        torch.testing.assert_close(output.cls, tokens[:, 0] if pooling == "cls" else patches.mean(dim=1))
        torch.testing.assert_close(output.logits, model.pspi_head(output.cls))
    assert torch.equal(model(**inputs).logits, output.logits)  # nothing is drawn at random in eval mode
    model.save_pretrained(tmp_path)
    assert torch.equal(AutoModel.from_pretrained(tmp_path)(**inputs).logits, output.logits)
    output.loss.backward()
    unread = {n for n, p in model.named_parameters() if p.requires_grad and p.grad is None}
    assert not unread
    larger = torch.randn(1, 3, 48, 48)
    if reference == "none" and not name.startswith(("Beit", "Data2Vec", "ViTMSN")):
        assert model(larger, interpolate_pos_encoding=True, output_au_attention=True).au_attention.shape == (1, 6, 36)


@pytest.mark.parametrize("name", WITHOUT)
def test_new_heads_on_a_pretrained_backbone_without_class_token(name, tmp_path):
    torch.manual_seed(1)
    bare = AutoModel.from_config(other(name)).eval()
    bare.save_pretrained(tmp_path)
    model = ViTPainForPainAssessment.from_backbone(str(tmp_path), pooling="mean").eval()
    pixels = inputs_for(model)["pixel_values"]
    torch.testing.assert_close(model(pixels).cls, bare(pixels).last_hidden_state.mean(dim=1))


# Precision and labels


@pytest.mark.parametrize("variant", ["paper", "regression", "neutral"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_scores_are_float32_under_autocast(variant, dtype):
    model = trained(small_model(variant=variant))
    inputs = inputs_for(model)
    with torch.autocast("cpu", dtype=dtype):
        output = model(**inputs)
    assert output.pspi.dtype == output.loss.dtype == torch.float32
    if variant == "regression":
        assert output.logits.dtype == torch.float32
    else:
        assert torch.equal(output.pspi, pspi_expectation(output.logits))  # computed in float32, not only stored so
    half = model.to(torch.bfloat16)(inputs["pixel_values"].to(torch.bfloat16))
    assert half.pspi.dtype == torch.float32


@pytest.mark.parametrize(
    ("name", "wrong", "shapes"),
    [
        ("labels", lambda t: t[:, None], r"labels have the shape \(4, 1\); allowed is \(4,\)"),
        ("labels", lambda t: t[:1], r"labels have the shape \(1,\); allowed is \(4,\)"),
        ("labels", lambda t: t[0], r"labels have the shape \(\); allowed is \(4,\)"),
        ("au_labels", lambda t: t[:1], r"au_labels have the shape \(1, 6\); allowed is \(4, 6\)"),
        ("au_labels", lambda t: t[:, :1], r"au_labels have the shape \(4, 1\); allowed is \(4, 6\)"),
        ("au_labels", lambda t: t[0], r"au_labels have the shape \(6,\); allowed is \(4, 6\)"),
        ("au_labels", lambda t: t[:, None], r"au_labels have the shape \(4, 1, 6\); allowed is \(4, 6\)"),
    ],
)
@pytest.mark.parametrize("variant", ["paper", "regression"])
def test_labels_of_another_shape_are_refused(variant, name, wrong, shapes):
    model = small_model(variant=variant)
    inputs = inputs_for(model)
    with pytest.raises(ValueError, match=shapes):
        model(**{**inputs, name: wrong(inputs[name])})


def test_a_label_between_two_classes_is_refused():
    model = small_model()
    inputs = inputs_for(model)
    whole = model(**inputs).loss
    assert torch.equal(model(**{**inputs, "labels": inputs["labels"].float()}).loss, whole)
    between = {**inputs, "labels": torch.tensor([0, 2.7, 11, 16])}
    with pytest.raises(ValueError, match=re.escape("labels (PSPI) holds 2.7; allowed are whole scores")):
        model(**between)
    assert small_model(variant="regression")(**between).loss > 0
