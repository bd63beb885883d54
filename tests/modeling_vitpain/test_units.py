"""Companions, deviations and the probability of pain: all that a model may say of a face beside the paper's scores."""

import json

import pytest
import torch
from small_vitpain import BACKBONES, COMPANIONS, MORE, inputs_for, small_config, small_model, trained

from dataset_script.facs import AU_MAX, AU_NAMES, EXTRA_AU_MAX, EXTRA_AU_NAMES
from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment
from modeling_vitpain.configuration_checks_vitpain import COMPANION_MAX, COMPANION_NAMES
from modeling_vitpain.heads_vitpain import SMALLEST_SD, au_interval
from modeling_vitpain.losses_vitpain import expression_error, smile_weights, spread_error
from modeling_vitpain.scores_vitpain import pain_scores

HEADS = pytest.mark.parametrize("au_head", ["query", "cls"])
NEW_FIELDS = ("au_spread", "au_interval_scale", "expression_head", "lambda_expression")
NEW_FIELDS += ("expression_hidden_size", "smile_weight")


# Configuration


def test_the_configuration_repeats_the_companions_of_the_contract():
    assert (tuple(COMPANION_NAMES), COMPANION_MAX) == (EXTRA_AU_NAMES, EXTRA_AU_MAX)
    config = small_config(**MORE)
    assert config.companion_names == COMPANIONS
    assert config.au_max == [*AU_MAX, *[5] * 6]
    assert small_config().companion_names == []


def test_a_configuration_from_before_loads_as_it_was(tmp_path):
    """Without the fields that it cannot have, and with the same weights."""
    model = small_model()
    model.save_pretrained(tmp_path)
    path = tmp_path / "config.json"
    stored = {name: value for name, value in json.loads(path.read_text()).items() if name not in NEW_FIELDS}
    path.write_text(json.dumps(stored))
    loaded = ViTPainForPainAssessment.from_pretrained(tmp_path)
    assert loaded.config.au_names == list(AU_NAMES) and loaded.config.au_max == list(AU_MAX)
    assert loaded.state_dict().keys() == model.state_dict().keys()
    inputs = inputs_for(model)
    old, new = model(**inputs), loaded(**inputs)
    assert torch.equal(old.loss, new.loss) and torch.equal(old.au, new.au)
    assert new.au_sd is None and new.pain_logits is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"au_names": [*AU_NAMES, "AU12", "AU1"]}, "au_names is .*; the order is fixed"),
        ({"au_names": [*AU_NAMES, "AU5"]}, "au_names is .*'AU5'"),
        ({"au_names": ["AU1", *AU_NAMES]}, "au_names is .*; the order is fixed"),
        ({"au_names": [*AU_NAMES, "AU1", "AU1"]}, "au_names is .*; the order is fixed"),
        ({"au_names": [*AU_NAMES, "AU1"], "au_max": [5, 5, 5, 5, 5, 1, 1]}, "au_max is .*; the scales are fixed"),
        ({"au_spread": "yes"}, "au_spread is 'yes'; allowed is True or False"),
        ({"expression_head": 1}, "expression_head is 1; allowed is True or False"),
        ({"lambda_expression": -0.1}, "lambda_expression is -0.1; allowed is 0 or more"),
        ({"expression_hidden_size": -1}, "expression_hidden_size is -1; allowed is 0 or more"),
        ({**MORE, "smile_weight": -1.0}, "smile_weight is -1.0; allowed is 0 or more"),
        ({"smile_weight": 4.0}, "smile_weight is 4.0, and au_names lacks AU12; allowed is 1"),
        ({"au_interval_scale": [1.0] * 6}, "au_interval_scale is .* with au_spread=False; allowed is None"),
        ({"au_spread": True, "au_interval_scale": [1.0] * 5}, "a number above 0 for each of 6 units"),
        ({"au_spread": True, "au_interval_scale": [1.0] * 5 + [0.0]}, "a number above 0 for each of 6 units"),
        ({"au_spread": True, "au_interval_scale": ["1"] * 6}, "allowed is a list of numbers"),
    ],
)
def test_what_is_not_allowed_is_named(settings, message):
    with pytest.raises(ValueError, match=message):
        small_config(**settings)


def test_other_units_than_the_stored_ones_have_other_scales(tmp_path):
    small_config(**MORE, au_interval_scale=[2.0] * 12).save_pretrained(tmp_path)
    again = ViTPainConfig.from_pretrained(tmp_path)
    assert again.au_interval_scale == [2.0] * 12 and again.au_names == MORE["au_names"]
    fewer = ViTPainConfig.from_pretrained(tmp_path, au_names=[*AU_NAMES, "AU12"])
    assert (fewer.au_max, fewer.au_interval_scale) == ([*AU_MAX, 5], None)
    assert ViTPainConfig.from_pretrained(tmp_path, au_names=MORE["au_names"]).au_interval_scale == [2.0] * 12


# The heads


@HEADS
@pytest.mark.parametrize("variant", ["paper", "neutral_regression"])
def test_every_head_gives_its_output_and_learns(au_head, variant):
    model = small_model(variant=variant, **MORE, au_head=au_head).train()
    output = model(**inputs_for(model), output_au_attention=True)
    assert output.au.shape == output.au_sd.shape == (4, 12)
    assert output.au_sd.dtype == torch.float32 and (output.au_sd > SMALLEST_SD).all()
    assert output.pain_logits.shape == (4,)
    assert (output.au_attention.shape == (4, 12, 16)) if au_head == "query" else output.au_attention is None
    output.loss.backward()
    silent = [name for name, p in model.named_parameters() if p.requires_grad and not p.grad.any()]
    assert [name for name in silent if "backbone" not in name] == []


@HEADS
def test_one_picture_at_a_time_gives_the_scores_of_a_batch(au_head):
    model = trained(small_model(**MORE, au_head=au_head))
    pixels = inputs_for(model)["pixel_values"]
    with torch.no_grad():
        together, alone = model(pixels), [model(picture[None]) for picture in pixels]
    for name in ("pspi", "au", "au_sd", "pain_logits"):
        torch.testing.assert_close(torch.cat([one[name] for one in alone]), together[name], atol=1e-5, rtol=1e-4)
    assert together.au_sd.std(dim=0).min() > 1e-4  # it depends on the picture


def test_half_precision_has_deviations_in_float32():
    model = small_model(**MORE).to(torch.bfloat16)
    with torch.no_grad():
        output = model(inputs_for(model)["pixel_values"].to(torch.bfloat16))
    assert output.au_sd.dtype == torch.float32
    scores = pain_scores(output, model.config)
    assert scores.au_low.dtype == scores.pain_probability.dtype == "float32"


def test_the_model_can_be_exported(tmp_path):
    model = trained(small_model(**MORE))
    pixels = inputs_for(model)["pixel_values"]
    program = torch.export.export(model, (pixels,))
    with torch.no_grad():
        found, expected = program.module()(pixels), model(pixels)
    for name in ("au", "au_sd", "pain_logits"):
        torch.testing.assert_close(found[name], expected[name])


# Losses


@HEADS
def test_the_likelihood_teaches_the_deviations_alone(au_head):
    """Else the intensities of a model would depend on whether it also says how sure it is."""
    model = small_model(**MORE, au_head=au_head).train()
    inputs = inputs_for(model)
    output = model(inputs["pixel_values"])
    spread_error(output.au, output.au_sd, inputs["au_labels"]).backward()
    moved = [name for name, p in model.named_parameters() if p.grad is not None and p.grad.any()]
    assert moved == ["au_head.spread.weight", "au_head.spread.bias"]


def test_a_pain_label_that_is_none_is_refused():
    model = small_model(**MORE)
    inputs = inputs_for(model)
    with pytest.raises(ValueError, match=r"pain_labels holds 0.5; allowed are 0, 1, and NaN for unknown"):
        model(**{**inputs, "pain_labels": torch.tensor([0.0, 0.5, 1, 1])})
    with pytest.raises(ValueError, match=r"pain_labels have the shape \(3,\); allowed is \(4,\)"):
        model(**{**inputs, "pain_labels": torch.zeros(3)})


def test_pain_labels_reach_the_expression_head_alone():
    model = small_model(**MORE, lambda_expression=2.0)
    inputs = inputs_for(model)
    pain = inputs.pop("pain_labels")
    both, without, alone = model(**inputs, pain_labels=pain), model(**inputs), model(inputs["pixel_values"])
    chance = alone.pain_logits.sigmoid()
    expected = -((1 - chance[0]).log() + chance[2].log() + chance[3].log()) / 3  # the second is not known
    torch.testing.assert_close(both.loss - without.loss, 2 * expected, rtol=1e-4, atol=1e-4)
    plain = small_model()
    assert plain(inputs["pixel_values"], pain_labels=pain).loss is None


def test_a_hidden_layer_of_the_expression_head_changes_nothing_else():
    """It learns, and what it reads does not learn from it; from a linear head it does."""
    for size, others_learn in ((0, True), (8, False)):
        model = small_model(**MORE, expression_hidden_size=size)
        inputs = inputs_for(model)
        model(inputs["pixel_values"], pain_labels=inputs["pain_labels"]).loss.backward()
        moved = {name for name, p in model.named_parameters() if p.grad is not None and p.grad.any()}
        own = {f"expression_head.{name}" for name, _ in model.expression_head.named_parameters()}
        assert own <= moved and (moved > own) == others_learn
        assert len(own) == (4 if size == 0 else 6)  # LayerNorm and one linear layer, or two


def test_a_smile_counts_as_often_as_the_configuration_says():
    model = small_model(**MORE, smile_weight=4.0)
    names, units = model.config.au_names, torch.zeros(4, 12)
    units[0, [names.index("AU6"), names.index("AU12")]] = 2.0  # without pain
    units[1, names.index("AU12")] = 2.0  # without AU6
    units[3, [names.index("AU6"), names.index("AU12")]] = 1.0  # in pain
    assert smile_weights(units, model.config).tolist() == [4, 1, 1, 4]
    assert smile_weights(units.where(units == 2, torch.nan), model.config).tolist() == [4, 1, 1, 1]
    logits, pain = torch.tensor([0.3, -1.0, 2.0, 0.5]), torch.tensor([0.0, 0, 0, 1])
    each = torch.nn.functional.binary_cross_entropy_with_logits(logits, pain, reduction="none")
    expected = (4 * each[0] + each[1] + each[2] + each[3]) / 4
    torch.testing.assert_close(expression_error(logits, pain, smile_weights(units, model.config)), expected)
    inputs = {**inputs_for(model), "pain_labels": pain, "au_labels": units}
    with_weight, model.config.smile_weight = model(**inputs).loss, 1.0
    first = model(inputs["pixel_values"]).pain_logits[:1]
    more = 3 * torch.nn.functional.softplus(first)[0] / 4
    torch.testing.assert_close(with_weight - model(**inputs).loss, more, rtol=1e-3, atol=1e-4)


# Intervals


def test_an_interval_is_that_of_a_normal_within_the_scale():
    au, sd = torch.tensor([[2.0, 0.1, 7.0, 0.5]]), torch.tensor([[0.5, 1.0, 0.5, 2.0]])
    low, high = au_interval(au, sd, 0.9, None, [5, 5, 5, 1])
    half = 1.6448536 * sd
    torch.testing.assert_close(low, torch.tensor([[2 - half[0, 0], 0.0, 5 - half[0, 2], 0.0]]))
    torch.testing.assert_close(high, torch.tensor([[2 + half[0, 0], 0.1 + half[0, 1], 5.0, 1.0]]))
    wider = au_interval(au, sd, 0.9, [2.0, 1.0, 1.0, 1.0], [5, 5, 5, 1])
    torch.testing.assert_close(wider[1] - wider[0] - (high - low), torch.tensor([[2 * half[0, 0], 0.0, 0.0, 0.0]]))


@pytest.mark.parametrize("backbone", ["vit", "dinov2"])
def test_scores_hold_intervals_and_the_probability_of_pain(backbone):
    assert backbone in BACKBONES
    model = trained(small_model(backbone, **MORE, au_interval_scale=[0.5] * 6 + [2.0] * 6))
    with torch.no_grad():
        output = model(inputs_for(model)["pixel_values"])
    scores = pain_scores(output, model.config, level=0.5)
    low, high = model.au_interval(output.au, output.au_sd, 0.5)
    assert (scores.au_low == low.numpy()).all() and (scores.au_high == high.numpy()).all()
    assert (scores.au_low <= scores.au).all() and (scores.au <= scores.au_high).all()
    assert (scores.pain_probability == output.pain_logits.sigmoid().numpy()).all()
    plain = small_model()
    with torch.no_grad():
        scores = pain_scores(plain(inputs_for(plain)["pixel_values"]), plain.config)
    assert scores.au_low is scores.au_high is scores.pain_probability is None
