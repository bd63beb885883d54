import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_vitpain import BACKBONES, EVERY_SHAPE, inputs_for, small_model, trained
from transformers import AutoModel, ViTConfig

from dataset_script.facs import AU_MAX, AU_NAMES, PSPI_MAX
from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment
from modeling_vitpain.heads_vitpain import pspi_distribution, pspi_expectation, pspi_interval


@pytest.fixture
def model():
    return small_model()


@pytest.fixture
def batch(model):
    return inputs_for(model)


def test_config_repeats_the_contract():
    config = ViTPainConfig.tiny()
    assert tuple(config.au_names) == AU_NAMES
    assert tuple(config.au_max) == AU_MAX
    assert config.num_pspi_classes == config.num_labels == PSPI_MAX + 1
    assert config.id2label[16] == "PSPI 16"
    assert config.label2id["PSPI 3"] == 3


def test_default_is_the_papers_vit_large():
    backbone = ViTPainConfig.large().backbone_config
    found = (backbone.hidden_size, backbone.num_hidden_layers, backbone.image_size, backbone.patch_size)
    assert (backbone.model_type, *found) == ("vit", 1024, 24, 224, 16)
    with torch.device("meta"):
        model = ViTPainForPainAssessment(ViTPainConfig.large())
        bare = AutoModel.from_config(backbone, add_pooling_layer=False)
    share = sum(p.numel() for p in model.parameters()) / sum(p.numel() for p in bare.parameters()) - 1
    assert 0 < share < 0.02  # the heads' share of the parameters


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("au_head", "gap"),
        ("au_activation", "tanh"),
        ("pspi_head", "ordinal"),
        ("reference", "smiling"),
        ("reference_encoder", "none"),
        ("reference_fusion", "sum"),
        ("pooling", "max"),
        ("pspi_reads", "units"),
        ("au_output", "none"),
        ("au_error", "relative"),
        ("au_queries", 0),
        ("au_queries", 1.5),
        ("backbone_positions", "learned"),
        ("au_names", ["AU6", "AU4", "AU7", "AU9", "AU10", "AU43"]),
        ("au_max", [5, 5, 5, 5, 5, 5]),
        ("num_pspi_classes", 1),
        ("head_dropout", 1.0),
        ("au_dropout", -0.1),
        ("lambda_au", -1.0),
        ("lambda_binary", float("nan")),
        ("regression_sd", 0.0),
        ("interval_temperature", float("inf")),
        ("pspi_hidden_sizes", []),
        ("pspi_hidden_sizes", [8, 0]),
        ("pspi_thresholds", []),
        ("pspi_thresholds", [2, 1]),
        ("pspi_thresholds", [0, 3]),
        ("pspi_thresholds", [16, 17]),
        ("pspi_thresholds", [1.5]),
        ("pspi_hidden_sizes", 5),
        ("reference_heads", "8"),
        ("backbone_registers", "no"),
        ("head_dropout", True),
        ("regression_sd", None),
    ],
)
def test_config_refuses_what_is_not_allowed(name, value):
    with pytest.raises(ValueError, match=name):
        ViTPainConfig.tiny(**{name: value})


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"reference": "neutral", "reference_heads": 5}, "reference_heads is 5; allowed are divisors of 32"),
        (
            {"backbone_positions": "none"},
            "backbone_positions is 'none', backbone 'vit'; allowed with 'dinov3_vit' only",
        ),
        (
            {"au_head": "cls", "au_queries": 2},
            "au_queries is 2 with au_head 'cls'; allowed is 1, or more with 'query'",
        ),
        ({"backbone_registers": False}, "backbone_registers is False, but backbone 'vit' has none; allowed is True"),
    ],
)
def test_config_refuses_what_the_backbone_cannot_do(kwargs, message):
    with pytest.raises(ValueError, match=message):
        ViTPainConfig(backbone_config=BACKBONES["vit"](), **kwargs)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_shapes_with_every_backbone(backbone, batch):
    model = small_model(backbone)
    output = model(**batch, output_attentions=True)
    assert output.loss.shape == ()
    assert output.logits.shape == (4, 17)
    assert output.pspi.shape == (4,)
    assert output.au.shape == (4, 6)
    assert output.cls.shape == (4, 32)
    assert output.au_attention.shape == (4, 6, 16)
    assert ((output.pspi >= 0) & (output.pspi <= 16)).all()
    torch.testing.assert_close(output.au_attention.sum(dim=-1), torch.ones(4, 6))


@pytest.mark.parametrize("backbone", BACKBONES)
def test_heads_read_cls_and_patches_of_the_backbone(backbone, batch):
    """Equations 4-12 once more, written out from the backbone's tokens."""
    model = small_model(backbone)
    output = model(batch["pixel_values"], output_attentions=True)
    tokens = model.backbone(batch["pixel_values"]).last_hidden_state
    patches = tokens[:, tokens.shape[1] - 16 :]
    head = model.au_head
    for image, unit in itertools.product(range(4), range(6)):
        scores = torch.stack([head.queries[unit] @ patch / 32**0.5 for patch in patches[image]])
        weights = scores.exp() / scores.exp().sum()
        feature = sum(weight * patch for weight, patch in zip(weights, patches[image], strict=True))
        torch.testing.assert_close(output.au_attention[image, unit], weights)
        torch.testing.assert_close(output.au[image, unit], head.out(head.hidden(feature).relu()).relu()[0])
    torch.testing.assert_close(output.cls, tokens[:, 0])
    torch.testing.assert_close(output.logits, model.pspi_head(tokens[:, 0]))


def test_loss_is_the_weighted_sum(batch):
    model = small_model(lambda_pspi=0.5, lambda_au=2.0)
    output = model(**batch)
    cross_entropy = -output.logits.log_softmax(-1)[range(4), batch["labels"]].mean()
    squared = ((output.au - batch["au_labels"]) ** 2).mean()
    torch.testing.assert_close(output.loss, 0.5 * cross_entropy + 2.0 * squared)
    only_au = model(batch["pixel_values"], au_labels=batch["au_labels"]).loss
    torch.testing.assert_close(only_au, 2.0 * squared)
    assert model(batch["pixel_values"]).loss is None


def test_cls_head_has_no_queries(batch):
    model = small_model(au_head="cls")
    output = model(**batch, output_attentions=True)
    assert output.au.shape == (4, 6)
    assert output.au_attention is None
    assert not any("queries" in name for name, _ in model.named_parameters())


def shuffled(pixels: torch.Tensor) -> torch.Tensor:
    """The same patches of 8 px in another order."""
    tiles = pixels.unfold(2, 8, 8).unfold(3, 8, 8).reshape(4, 3, 16, 8, 8)
    tiles = tiles[:, :, torch.randperm(16, generator=torch.Generator().manual_seed(2))]
    return tiles.reshape(4, 3, 4, 4, 8, 8).permute(0, 1, 2, 4, 3, 5).reshape(4, 3, 32, 32)


@pytest.mark.parametrize(("backbone", "variant"), EVERY_SHAPE)
def test_shuffled_patches_change_the_output(backbone, variant):
    """Positions reach the heads: the same patches in another order are another picture."""
    model = trained(small_model(backbone, variant))
    inputs = inputs_for(model, labels=False)
    straight = model(**inputs)
    other = model(**{**inputs, "pixel_values": shuffled(inputs["pixel_values"])})
    assert (straight.logits - other.logits).abs().amax(dim=1).min() > 1e-4
    assert (straight.au - other.au).abs().max() > 1e-4


def test_a_converted_backbone_can_be_run_without_positions_and_registers():
    """As the authors' release ran it: the order of the patches is lost, and the registers are not there."""
    own = trained(small_model("dinov3"))
    bare = small_model("dinov3", backbone_positions="none", backbone_registers=False)
    assert bare.state_dict().keys() == own.state_dict().keys()
    bare.load_state_dict(own.state_dict())
    pixels = inputs_for(own)["pixel_values"]

    hidden = bare.backbone.embeddings.patch_embeddings(pixels).flatten(2).transpose(1, 2)
    hidden = torch.cat([bare.backbone.embeddings.cls_token.expand(4, -1, -1), hidden], dim=1)
    nothing = torch.ones(16, 16), torch.zeros(16, 16)  # cosine and sine of a rotation by nothing
    for layer in bare.backbone.model.layer:
        hidden = layer(hidden, position_embeddings=nothing)
    torch.testing.assert_close(bare(pixels).cls, bare.backbone.norm(hidden)[:, 0])

    for name in ("logits", "au"):
        torch.testing.assert_close(bare(pixels)[name], bare(shuffled(pixels))[name], rtol=1e-4, atol=1e-4)
        assert (bare(pixels)[name] - own(pixels)[name]).abs().max() > 1e-3


@pytest.mark.parametrize("backbone", ["dinov2_with_registers", "dinov3"])
def test_registers_that_are_left_out_do_nothing_and_are_frozen(backbone):
    model = trained(small_model(backbone, backbone_registers=False))
    registers = model.backbone.embeddings.register_tokens
    assert not registers.requires_grad
    pixels = inputs_for(model)["pixel_values"]
    before = model(pixels).logits
    with torch.no_grad():
        registers.add_(5.0)
    assert torch.equal(model(pixels).logits, before)
    assert model.backbone(pixels).last_hidden_state.shape[1] == 17


# The regression head


def test_regression_reads_pspi_as_16_times_a_sigmoid(batch):
    model = trained(small_model(variant="regression"))
    output = model(**batch)
    score = model.pspi_head(output.cls)
    assert score.shape == (4, 1)
    torch.testing.assert_close(output.pspi, 16 * score[:, 0].sigmoid())
    assert output.logits.shape == (4, 17)
    torch.testing.assert_close(output.logits.exp().sum(dim=-1), torch.ones(4))
    for k, threshold in enumerate(("1", "2", "3")):
        head = getattr(model.binary_heads, threshold)
        torch.testing.assert_close(output.binary_logits[:, k : k + 1], head(output.cls))


@settings(max_examples=200, deadline=None)
@given(st.floats(0, 16), st.floats(0.2, 5))
def test_the_distribution_of_a_regression_is_a_normal_cut_to_the_scores(pspi, sd):
    logits = pspi_distribution(torch.tensor([pspi]), sd, 17)
    density = torch.distributions.Normal(pspi, sd).log_prob(torch.arange(17.0)).exp().double()
    torch.testing.assert_close(logits.double().exp()[0], density / density.sum(), rtol=1e-3, atol=1e-5)
    assert abs(int(logits.argmax()) - pspi) <= 0.5 + 1e-4
    low, high = (int(bound) for bound in pspi_interval(logits, 0.9))
    assert low - 0.5 <= pspi <= high + 0.5


def test_regression_loss_is_in_pspi_units(batch):
    model = small_model(variant="regression", lambda_pspi=0.5, lambda_au=2.0, lambda_binary=3.0, pspi_thresholds=[1, 6])
    output = model(**batch)
    truth = torch.tensor([[0.0, 0.0], [1, 0], [1, 1], [1, 1]])  # of PSPI 0, 5, 11, 16
    chance = output.binary_logits.sigmoid()
    binary = -(truth * chance.log() + (1 - truth) * (1 - chance).log()).mean()
    error = ((output.pspi - batch["labels"]) ** 2).mean()
    au = ((output.au - batch["au_labels"]) ** 2).mean()
    torch.testing.assert_close(output.loss, 0.5 * error + 2.0 * au + 3.0 * binary)
    between = {**batch, "labels": batch["labels"].float() * 0.9}
    assert model(**between).loss != output.loss  # a score between two classes is a label here


def test_the_releases_heads_layer_by_layer():
    model = ViTPainForPainAssessment(
        ViTPainConfig(
            backbone_config=ViTConfig(
                hidden_size=1024, num_hidden_layers=1, num_attention_heads=16, intermediate_size=64
            ),
            pspi_head="regression",
            au_norm=True,
            au_activation="gelu",
            au_dropout=0.1,
            au_hidden_size=512,
        )
    )
    kinds = [type(layer).__name__ for layer in model.pspi_head]
    assert kinds == ["LayerNorm", "Dropout", *["Linear", "GELU", "Dropout"] * 3, "Linear"]
    assert [layer.out_features for layer in model.pspi_head if hasattr(layer, "out_features")] == [512, 256, 128, 1]
    assert [name for name, _ in model.binary_heads.named_children()] == ["1", "2", "3"]
    assert {name: tuple(p.shape) for name, p in model.au_head.named_parameters() if p.ndim == 2} == {
        "queries": (6, 1024),
        "hidden.weight": (512, 1024),
        "out.weight": (1, 512),
    }
    assert type(model.au_head.norm).__name__ == "LayerNorm"
    assert type(model.au_head.activation).__name__ == "GELU"


@pytest.mark.parametrize("variant", ["paper", "regression"])
def test_interval_follows_the_configured_temperature(variant, batch):
    model = small_model(variant=variant, interval_temperature=2.0)
    logits = model(**batch).logits
    plain, calibrated = pspi_interval(logits, 0.9), model.pspi_interval(logits, 0.9)
    assert all(torch.equal(a, b) for a, b in zip(calibrated, pspi_interval(logits, 0.9, temperature=2.0), strict=True))
    assert (calibrated[1] - calibrated[0] >= plain[1] - plain[0]).all()
    model.config.interval_temperature = 1.0
    assert all(torch.equal(a, b) for a, b in zip(model.pspi_interval(logits), plain, strict=True))


def test_no_unit_is_dead_at_the_start(batch):
    for seed in range(5):
        torch.manual_seed(seed)
        model = ViTPainForPainAssessment(ViTPainConfig.tiny())
        assert (model(torch.randn(8, 3, 112, 112)).au > 0).all()


def test_another_size_without_interpolation_is_refused(model):
    with pytest.raises(ValueError, match="48"):
        model(torch.randn(1, 3, 48, 48))


@pytest.mark.parametrize("label", [-1, 17, -100])
def test_a_pspi_out_of_range_is_refused(model, batch, label):
    batch["labels"][2] = label
    with pytest.raises(ValueError, match=rf"labels \(PSPI\) holds {label}; allowed is 0 to 16"):
        model(**batch)


@pytest.mark.parametrize(("unit", "value"), [(0, 5.5), (5, 2.0), (3, -1.0), (1, float("nan"))])
def test_an_au_out_of_range_is_refused(model, batch, unit, value):
    batch["au_labels"][1, unit] = value
    with pytest.raises(ValueError, match="au_labels holds"):
        model(**batch)


def test_a_reference_is_refused_where_there_is_none(model, batch):
    with pytest.raises(ValueError, match="reference"):
        model(**batch, reference_pixel_values=batch["pixel_values"])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(-30, 30), min_size=17, max_size=17), st.floats(0.05, 0.99))
def test_interval_holds_its_probability(logits, level):
    logits = torch.tensor([logits], dtype=torch.float64)
    low, high = (int(bound) for bound in pspi_interval(logits, level))
    probabilities = logits.softmax(-1)[0]
    tail = (1 - level) / 2
    assert 0 <= low <= high <= 16
    assert probabilities[:low].sum() <= tail + 1e-9
    assert probabilities[high + 1 :].sum() <= tail + 1e-9
    assert probabilities[: low + 1].sum() >= tail - 1e-9  # no narrower lower end would do
    assert 0 <= float(pspi_expectation(logits)) <= 16 + 1e-4


def test_expectation_of_a_certain_class():
    logits = torch.full((17, 17), -100.0).fill_diagonal_(100.0)
    torch.testing.assert_close(pspi_expectation(logits), torch.arange(17.0))
