"""Each term of the loss is what its formula says, and the loss is their weighted sum (equation 15)."""

import math
from dataclasses import fields

import pytest
import torch
from small_faces import options_of, trainer_of, write_world
from small_vitpain import inputs_for, small_model

from modeling_vitpain.configuration_vitpain import ViTPainConfig
from modeling_vitpain.losses_vitpain import (
    HEATMAP_CELLS,
    LossTerms,
    LossWeights,
    add_distillation,
    attention_error,
    au_error,
    check_labels,
    expression_error,
    heatmap_error,
    known_units,
    spread_error,
    supervised_terms,
    total_loss,
)
from modeling_vitpain.output_vitpain import ViTPainOutput
from modeling_vitpain.training.recipes import ViTPainTrainingArguments


def outputs(seed: int, binary: bool = False) -> ViTPainOutput:
    """Of three frames, in double precision, with gradients."""
    generator = torch.Generator().manual_seed(seed)

    def noise(*size):
        return torch.randn(*size, generator=generator, dtype=torch.float64).requires_grad_()

    return ViTPainOutput(
        logits=noise(3, 17),
        pspi=noise(3),
        au=noise(3, 6),
        cls=noise(3, 8),
        binary_logits=noise(3, 3) if binary else None,
    )


def test_the_loss_is_the_sum_of_weight_times_term():
    """Every weight reaches its own term, and no other."""
    reached = {
        "lambda_pspi": ["pspi"],
        "lambda_binary": ["binary"],
        "lambda_au": ["au", "au_spread"],
        "lambda_expression": ["expression"],
        "heatmap_weight": ["heatmap"],
        "attention_weight": ["attention"],
        "distillation_pspi": ["distilled_pspi"],
        "distillation_au": ["distilled_au"],
        "distillation_feature": ["distilled_feature"],
    }
    assert list(reached) == [f.name for f in fields(LossWeights)]
    names = [name for each in reached.values() for name in each]
    assert names == [f.name for f in fields(LossTerms)]
    terms = LossTerms(**{name: 10.0**k for k, name in enumerate(names)})
    weights = LossWeights(**{name: float(k + 1) for k, name in enumerate(reached)})
    assert total_loss(terms, weights) == 9_876_543_321
    assert total_loss(LossTerms(), weights) == 0


def test_terms_of_a_classification():
    output, labels = outputs(0), torch.tensor([0, 7, 16])
    terms = supervised_terms(output, labels, None, None, ViTPainConfig.tiny())
    expected = -output.logits.float().log_softmax(-1)[range(3), labels].mean()
    torch.testing.assert_close(terms.pspi, expected)
    assert (terms.binary, terms.au, terms.heatmap) == (0, 0, 0)


def test_terms_of_a_regression():
    output, labels = outputs(0, binary=True), torch.tensor([0, 2, 16])
    terms = supervised_terms(
        output, labels, None, None, ViTPainConfig.tiny(pspi_head="regression", pspi_thresholds=[1, 2, 6])
    )
    torch.testing.assert_close(terms.pspi, ((output.pspi - labels) ** 2).mean())
    chance, truth = output.binary_logits.float().sigmoid(), torch.tensor([[0.0, 0, 0], [1, 1, 0], [1, 1, 1]])
    expected = -(truth * chance.log() + (1 - truth) * (1 - chance).log()).mean()
    torch.testing.assert_close(terms.binary, expected)


def test_au_error_is_over_the_frames_whose_units_are_known():
    au = torch.rand(3, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    labels = torch.ones(3, 6)
    torch.testing.assert_close(au_error(au, labels), ((au.float() - 1) ** 2).mean())
    labels[1, 4] = torch.nan  # one unknown unit: the frame's AUs do not count
    torch.testing.assert_close(au_error(au, labels), ((au[[0, 2]].float() - 1) ** 2).mean())


def test_au_error_of_shares_counts_closed_eyes_as_much_as_a_strong_frown():
    none, config = torch.zeros(1, 6), ViTPainConfig.tiny()
    frown, closed = torch.tensor([[5.0, 0, 0, 0, 0, 0]]), torch.tensor([[0, 0, 0, 0, 0, 1.0]])
    assert au_error(none, closed, config.au_max) == au_error(none, frown, config.au_max) == au_error(none, frown)
    output = outputs(0)
    labels = torch.rand(3, 6, generator=torch.Generator().manual_seed(1))
    errors = [
        supervised_terms(output, None, labels, None, ViTPainConfig.tiny(au_error=kind)).au
        for kind in ("intensity", "scale")
    ]
    torch.testing.assert_close(
        errors[1] - errors[0], 24 * ((output.au[:, 5].float() - labels[:, 5]) ** 2).mean() / 6, rtol=1e-4, atol=1e-5
    )


def test_a_companion_counts_where_it_is_known_by_itself():
    au = torch.rand(3, 8, generator=torch.Generator().manual_seed(0))
    labels = torch.ones(3, 8)
    labels[0, 6] = labels[1, 2] = torch.nan  # a companion of the first frame; one of the six of the second
    known = torch.tensor([[1.0] * 6 + [0, 1], [0] * 6 + [1, 1], [1] * 8])
    assert torch.equal(known_units(labels), known.bool())
    torch.testing.assert_close(au_error(au, labels), ((au - 1) ** 2 * known).sum() / known.sum())
    sd = au + 0.5
    likelihood = -torch.distributions.Normal(au, sd).log_prob(torch.tensor(1.0)) - math.log(2 * math.pi) / 2
    torch.testing.assert_close(spread_error(au, sd, labels), (likelihood * known).sum() / known.sum())


def test_the_likelihoods_gradient_is_that_of_finite_differences():
    generator = torch.Generator().manual_seed(0)
    au, sd = torch.rand(3, 8, generator=generator), torch.rand(3, 8, generator=generator, dtype=torch.float64) + 0.2
    labels = torch.randint(0, 6, (3, 8), generator=generator).float()
    labels[1, 7] = labels[2, 0] = torch.nan
    assert torch.autograd.gradcheck(lambda sd: spread_error(au, sd, labels), sd.requires_grad_())
    au.requires_grad_()
    assert not torch.autograd.grad(spread_error(au, sd, labels), au, allow_unused=True)[0]


@pytest.mark.parametrize(
    ("shape", "loss_of"),
    [
        ((3, 6), lambda x: au_error(x, torch.full((3, 6), torch.nan))),
        ((3, 8), lambda x: spread_error(torch.zeros(3, 8), x, torch.full((3, 8), torch.nan))),
        ((3,), lambda x: expression_error(x, torch.full((3,), torch.nan))),
        ((3, 6, 4), lambda x: attention_error(x, torch.zeros(3, 6, 2, 2), torch.ones(3, 6, dtype=torch.bool))),
        ((3, 6, 4), lambda x: attention_error(x, torch.ones(3, 6, 2, 2), torch.zeros(3, 6, dtype=torch.bool))),
    ],
)
def test_nothing_known_gives_zero_and_no_gradient(shape, loss_of):
    values = torch.rand(shape, requires_grad=True)
    loss = loss_of(values)
    loss.backward()
    assert loss.item() == 0 and not values.grad.any()


def test_attention_is_compared_with_the_heat_of_units_that_are_shown():
    attention = torch.rand(2, 6, 4, generator=torch.Generator().manual_seed(0)).softmax(dim=-1).requires_grad_()
    heat, shown = torch.zeros(2, 6, 2, 2), torch.zeros(2, 6, dtype=torch.bool)
    heat[0, 1, 0, 1], heat[0, 1, 1, 1], heat[1, 3] = 0.3, 0.1, 0.2
    heat[1, 5] = 1.0
    shown[0, 1] = shown[1, 3] = shown[1, 0] = True  # the last has no heat
    expected = -(0.75 * attention[0, 1, 1].log() + 0.25 * attention[0, 1, 3].log() + attention[1, 3].log().mean()) / 2
    torch.testing.assert_close(attention_error(attention, heat, shown), expected)
    (slope,) = torch.autograd.grad(attention_error(attention, heat, shown), attention)
    assert [tuple(place) for place in slope.any(dim=2).nonzero().tolist()] == [(0, 1), (1, 3)]


def test_a_teacher_of_other_companions_distils_the_six():
    student, teacher, terms = outputs(0), outputs(1), LossTerms()
    student.au = torch.cat([student.au, torch.ones(3, 2)], dim=1)
    add_distillation(terms, student, teacher, 1.0)
    torch.testing.assert_close(terms.distilled_au, ((student.au[:, :6] - teacher.au) ** 2).mean().float())


def test_a_complete_batch_has_the_plain_mean_squared_error_to_the_bit():
    """Data without unknown units train as if there were none."""
    for batch, weight in ((1, 1.0), (3, 0.7), (16, 0.1), (33, 2.0)):
        au, labels = torch.rand(batch, 6).mul(5).requires_grad_(), torch.randint(0, 6, (batch, 6)).float()
        masked, plain = au_error(au, labels), torch.nn.functional.mse_loss(au, labels)
        assert torch.equal(masked, plain)
        slopes = [torch.autograd.grad(weight * loss, au)[0] for loss in (masked, plain)]
        assert torch.equal(*slopes)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_distillation_is_equations_13_and_14_and_a_softened_divergence(temperature):
    student, teacher, terms = outputs(0), outputs(1), LossTerms()
    add_distillation(terms, student, teacher, temperature)
    p, q = ((output.logits.float() / temperature).softmax(-1) for output in (teacher, student))
    torch.testing.assert_close(terms.distilled_pspi, temperature**2 * (p * (p.log() - q.log())).sum() / 3)
    torch.testing.assert_close(terms.distilled_au, ((student.au - teacher.au) ** 2).mean().float())
    torch.testing.assert_close(terms.distilled_feature, ((student.cls - teacher.cls) ** 2).mean().float())
    assert (terms.pspi, terms.au) == (0, 0)
    add_distillation(terms, teacher, teacher, temperature)
    assert total_loss(terms, LossWeights()).item() == pytest.approx(0, abs=1e-6)


def test_the_papers_distillation_weights(tmp_path):
    args = ViTPainTrainingArguments.preset("paper", output_dir=str(tmp_path))
    assert (args.distillation_pspi, args.distillation_au, args.distillation_feature) == (0.1, 0.3, 0.5)
    terms = LossTerms(distilled_pspi=100.0, distilled_au=10.0, distilled_feature=1.0)
    assert total_loss(terms, LossWeights()) == pytest.approx(0.1 * 100 + 0.3 * 10 + 0.5)


def test_heatmap_error_compares_each_cell_of_each_patch():
    heatmaps = torch.rand(2, 12, 8, generator=torch.Generator().manual_seed(0))  # 3 x 2 patches of 4 px, cells of 2 px
    of_patches, of_face = torch.zeros(2, 6, HEATMAP_CELLS**2), torch.zeros(2, 6)
    for row, column, y, x in torch.cartesian_prod(*map(torch.arange, (3, 2, 2, 2))).tolist():
        cell = heatmaps[:, 4 * row + 2 * y : 4 * row + 2 * y + 2, 4 * column + 2 * x : 4 * column + 2 * x + 2]
        of_patches[:, 2 * row + column, 2 * y + x] = cell.mean(dim=(1, 2)) * 10  # a tenth of full scale counts as 1
    of_face[:] = of_patches.mean(dim=-1)
    assert heatmap_error(of_patches, of_face, heatmaps, (3, 2)) == pytest.approx(0, abs=1e-9)
    assert heatmap_error(of_patches + 0.5, of_face, heatmaps, (3, 2)) == pytest.approx(0.25, abs=1e-5)
    assert heatmap_error(of_patches, of_face - 2.0, heatmaps, (3, 2)) == pytest.approx(4, abs=1e-5)


@pytest.mark.parametrize("binary", [False, True])
def test_gradients_are_those_of_finite_differences(binary):
    """Along a random direction, of the whole sum, with a frame whose units are unknown."""
    labels, au_labels = torch.tensor([0, 7, 16]), torch.tensor([[1.0] * 6, [3.0] * 6, [torch.nan] * 6])
    direction = outputs(2, binary)

    def loss(step):
        moved = {name: value.detach() + step * direction[name] for name, value in outputs(0, binary).items()}
        output = ViTPainOutput(**moved)
        terms = supervised_terms(output, labels, au_labels, None, ViTPainConfig.tiny())
        add_distillation(terms, output, outputs(1), 4.0)
        return total_loss(terms, LossWeights(0.5, 3.0, 2.0))

    step = torch.zeros((), dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(loss(step), step)
    assert slope.item() == pytest.approx((loss(1e-2) - loss(-1e-2)).item() / 2e-2, rel=1e-3)
    assert abs(slope.item()) > 0.1


@pytest.mark.parametrize("variant", ["paper", "regression"])
def test_the_models_loss_is_the_supervised_sum(variant):
    model = small_model(variant=variant, lambda_pspi=0.5, lambda_au=2.0, lambda_binary=3.0)
    inputs = inputs_for(model)
    output = model(**inputs)
    terms = supervised_terms(output, inputs["labels"], inputs["au_labels"], None, model.config)
    assert torch.equal(output.loss, total_loss(terms, LossWeights(0.5, 3.0, 2.0)))


def test_labels_out_of_range_are_named():
    config = small_model().config
    labels, au_labels = torch.tensor([0, 16]), torch.tensor([[5.0] * 5 + [1.0], [torch.nan] * 6])
    check_labels(labels, au_labels, None, config, 2, unknown_allowed=True)
    with pytest.raises(ValueError, match=r"au_labels holds nan; allowed is 0 to \[5, 5, 5, 5, 5, 1\]"):
        check_labels(labels, au_labels, None, config, 2)
    au_labels[0, 5] = 2.0
    with pytest.raises(ValueError, match="au_labels holds 2"):
        check_labels(labels, au_labels, None, config, 2, unknown_allowed=True)
    with pytest.raises(ValueError, match=r"labels \(PSPI\) holds 17; allowed is 0 to 16"):
        check_labels(labels + 1, None, None, config, 2)


def test_a_trainer_takes_each_weight_from_where_it_is(tmp_path):
    world = write_world(tmp_path)
    options = options_of("distillation", world, lambda_au=0.25, heatmap_weight=2.0)
    trainer = trainer_of(options, tmp_path / "out", distillation_au=0.7)
    assert trainer.loss_weights() == LossWeights(lambda_au=0.25, heatmap_weight=2.0, distillation_au=0.7)
    trainer.model.config.lambda_pspi = 0.1
    assert trainer.loss_weights().lambda_pspi == 0.1
