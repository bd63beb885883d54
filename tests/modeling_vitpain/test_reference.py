"""The variant of the paper's later versions: neutral references of the same person, and what happens without one."""

import pytest
import torch
from small_vitpain import BACKBONES, inputs_for, small_model, trained

ATTENDING = ("neutral", "neutral_own", "neutral_regression", "release")
NEUTRAL = (*ATTENDING, "difference", "small")
every_neutral = pytest.mark.parametrize("variant", NEUTRAL)


@pytest.fixture
def pictures():
    return torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(8))


@pytest.fixture
def references():
    return torch.randn(3, 4, 3, 32, 32, generator=torch.Generator().manual_seed(9))


def neutral_model(variant: str = "neutral", backbone: str = "vit", **kwargs):
    return trained(small_model(backbone, variant, **kwargs))


def tokens_of(backbone, pictures):
    return backbone(pictures).last_hidden_state


@torch.no_grad()
@pytest.mark.parametrize("variant", ATTENDING)
@pytest.mark.parametrize("backbone", BACKBONES)
def test_fusion_is_cross_attention_residual_and_norm_averaged_over_references(variant, backbone, pictures, references):
    """Once more by torch's own multi-head attention, a reference at a time."""
    model = neutral_model(variant, backbone)
    attention = torch.nn.MultiheadAttention(32, 8, batch_first=True)
    attention.load_state_dict(model.reference_attention.state_dict())
    encoder = model.reference_backbone if model.config.reference_encoder == "own" else model.backbone
    tokens = tokens_of(model.backbone, pictures)
    attended = []
    for k in range(4):
        keys = tokens_of(encoder, references[:, k])
        attended.append(attention(tokens, keys, keys)[0])
    fused = model.reference_norm(tokens + torch.stack(attended).mean(dim=0))

    output = model(pictures, references, output_attentions=True)
    torch.testing.assert_close(output.cls, fused[:, 0], rtol=1e-4, atol=1e-5)
    au, _, looks, _ = model.au_head(fused[:, 0], fused[:, -16:])
    torch.testing.assert_close(output.au, au, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(output.au_attention, looks, rtol=1e-4, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("backbone", BACKBONES)
def test_differences_are_from_the_mean_of_the_references(backbone, pictures, references):
    """Once more by hand, a reference and a query at a time, with their own softmax and output weights."""
    model = neutral_model("small", backbone)
    head = model.au_head

    def pooled(tokens):
        return torch.cat([tokens[:, 0], tokens[:, -16:].mean(dim=1)], dim=1)

    def looked(tokens):
        patches = tokens[:, -16:]
        found = [(patches @ query / 32**0.5).softmax(dim=1)[:, None] @ patches for query in head.queries]
        return torch.cat(found, dim=1).reshape(3, 6, 3 * 32)  # the queries of a unit are neighbours

    tokens = tokens_of(model.backbone, pictures)
    others = [tokens_of(model.backbone, references[:, k]) for k in range(4)]
    face, units = ([read(tokens), *(read(other) for other in others)] for read in (pooled, looked))
    face, units = (torch.cat([x[0], x[0] - sum(x[1:]) / 4], dim=-1) for x in (face, units))
    hidden = torch.relu(units @ head.hidden.weight.T + head.hidden.bias)
    au = torch.stack([hidden[:, k] @ head.out.weight[k] + head.out.bias[k] for k in range(6)], dim=1).relu()
    logits = model.pspi_head(torch.cat([face, hidden.flatten(1)], dim=1))

    output = model(pictures, references)
    torch.testing.assert_close(output.cls, face, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(output.au, au, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(output.logits, logits, rtol=1e-4, atol=1e-4)


@torch.no_grad()
@every_neutral
def test_shared_references_are_encoded_once_and_give_the_same(variant, pictures, references):
    model = neutral_model(variant)
    encoder = model.reference_backbone if model.config.reference_encoder == "own" else model.backbone
    seen = []
    encoder.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    mask = torch.tensor([[True, True, False, True]] * 2 + [[True] * 4])
    for chosen in (None, mask):
        straight = model(pictures, references[:1].expand(3, -1, -1, -1, -1), chosen)
        seen.clear()
        shared = model(pictures, references[:1], chosen)
        assert max(seen) == 4 and sum(seen) <= 3 + 4
        torch.testing.assert_close(shared.logits, straight.logits, rtol=1e-4, atol=1e-5)


@torch.no_grad()
@every_neutral
def test_order_and_copies_of_references_do_not_matter(variant, pictures, references):
    model = neutral_model(variant)
    straight = model(pictures, references)
    torch.testing.assert_close(
        model(pictures, references[:, [2, 0, 3, 1]]).logits, straight.logits, rtol=1e-4, atol=1e-4
    )
    one = model(pictures, references[:, 0])
    copies = references[:, :1].expand(-1, 4, -1, -1, -1)
    torch.testing.assert_close(model(pictures, copies).logits, one.logits, rtol=1e-4, atol=1e-4)
    assert (straight.au - one.au).abs().max() > 1e-3


@torch.no_grad()
@every_neutral
def test_empty_slots_count_for_nothing(variant, pictures, references):
    model = neutral_model(variant)
    mask = torch.tensor([[True, False, True, False]] * 3)
    masked = model(pictures, references, mask)
    torch.testing.assert_close(masked.logits, model(pictures, references[:, ::2]).logits, rtol=1e-4, atol=1e-4)
    other = torch.where(mask[:, :, None, None, None], references, torch.full_like(references, 3.0))
    torch.testing.assert_close(masked.logits, model(pictures, other, mask).logits, rtol=0, atol=0)


@torch.no_grad()
@every_neutral
def test_no_reference_is_the_learned_token_however_it_is_said(variant, pictures, references):
    model = neutral_model(variant)
    without = model(pictures)
    empty = model(pictures, references, torch.zeros(3, 4, dtype=torch.bool))
    torch.testing.assert_close(empty.logits, without.logits, rtol=1e-4, atol=1e-4)
    mixed = model(pictures, references, torch.tensor([[True] * 4, [False] * 4, [True] * 4]))
    torch.testing.assert_close(mixed.logits[1], without.logits[1], rtol=1e-4, atol=1e-4)
    learned = [p for name, p in model.named_parameters() if name.endswith(("reference_token.weight", ".missing"))]
    assert learned
    for parameter in learned:
        parameter.add_(1.0)
    assert (model(pictures).au - without.au).abs().max() > 1e-3


@torch.no_grad()
@every_neutral
@pytest.mark.parametrize("backbone", BACKBONES)
def test_no_reference_never_equals_self_reference(variant, backbone, pictures):
    """The authors' release compared a face with itself where it found no neutral one."""
    model = neutral_model(variant, backbone)
    without, itself = model(pictures), model(pictures, pictures)
    for name in ("logits", "cls"):
        assert (without[name] - itself[name]).abs().amax(dim=1).min() > 1e-4, name
    assert (without.au - itself.au).abs().max() > 1e-4


@torch.no_grad()
@every_neutral
def test_every_reference_changes_the_output(variant, pictures, references):
    model = neutral_model(variant)
    straight = model(pictures, references)
    for k in range(4):
        other = references.clone()
        other[:, k] += 0.5
        assert (model(pictures, other).cls - straight.cls).abs().amax(dim=1).min() > 1e-5


@torch.no_grad()
def test_a_reference_is_of_its_own_frame_only(pictures, references):
    model = neutral_model()
    straight = model(pictures, references)
    references[1] += 1.0
    changed = (model(pictures, references).logits - straight.logits).abs().amax(dim=1)
    assert changed[1] > 1e-4
    assert changed[[0, 2]].max() < 1e-5


def test_shared_and_own_encoders():
    shared, own = small_model("vit", "neutral"), small_model("vit", "neutral_own")
    assert shared.reference_backbone is None
    twice = sum(p.numel() for p in own.parameters()) - sum(p.numel() for p in shared.parameters())
    assert twice == sum(p.numel() for p in own.backbone.parameters())
    assert own.reference_backbone.state_dict().keys() == own.backbone.state_dict().keys()


def test_the_start_is_close_to_what_the_backbone_gives(pictures, references):
    """At first almost nothing of the reference is added: fine-tuning a pretrained backbone begins gently."""
    model = small_model("vit", "neutral")
    tokens = tokens_of(model.backbone, pictures)
    added = model.reference_attention(
        tokens, tokens_of(model.backbone, references[:, 0]).unsqueeze(1), torch.ones(3, 1, dtype=torch.bool)
    )
    assert 0 < added.std() < 0.2 * tokens.std()


# Without a fallback


def test_without_a_fallback_every_frame_needs_a_reference(pictures, references):
    model = neutral_model(reference_fallback=False)
    assert not any("reference_token" in name for name in model.state_dict())
    assert model(pictures, references).logits.isfinite().all()
    with pytest.raises(ValueError, match="with reference_fallback=False every frame needs one"):
        model(pictures)
    mask = torch.tensor([[True] * 4, [False] * 4, [True] * 4])
    with pytest.raises(ValueError, match="with reference_fallback=False every frame needs one"):
        model(pictures, references, mask)


@torch.no_grad()
def test_a_fallback_changes_nothing_where_there_are_references(pictures, references):
    with_token, without = neutral_model(), neutral_model(reference_fallback=False)
    without.load_state_dict({k: v for k, v in with_token.state_dict().items() if "reference_token" not in k})
    assert torch.equal(with_token(pictures, references).logits, without(pictures, references).logits)


# Wrong calls


@pytest.mark.parametrize(
    ("shape", "mask", "message"),
    [
        (
            (2, 3, 32, 32),
            None,
            r"reference_pixel_values is \(2, 3, 32, 32\); allowed is \(3, 3, H, W\) or \(3, R, 3, H, W\)",
        ),
        ((3, 32, 32), None, "reference_pixel_values is"),
        ((3, 0, 3, 32, 32), None, r"reference_pixel_values is \(3, 0, 3, 32, 32\); allowed is .*, R 1 or more"),
        (
            (3, 4, 3, 32, 32),
            torch.ones(3, dtype=torch.bool),
            r"reference_mask is torch.bool \(3,\); allowed is torch.bool \(3, 4\)",
        ),
        ((3, 4, 3, 32, 32), torch.ones(3, 4), "reference_mask is torch.float32"),
        (None, torch.ones(3, 1, dtype=torch.bool), "reference_mask was given without reference_pixel_values"),
    ],
)
def test_references_of_another_shape_are_refused(shape, mask, message, pictures):
    with pytest.raises(ValueError, match=message):
        neutral_model()(pictures, None if shape is None else torch.zeros(shape), mask)


@pytest.mark.parametrize("name", ["reference_pixel_values", "reference_mask"])
def test_a_reference_is_refused_where_there_is_none(name, pictures):
    with pytest.raises(ValueError, match="reference='none'"):
        small_model()(pictures, **{name: torch.ones(3, 1, dtype=torch.bool)})


def test_labels_and_references_together(pictures):
    model = small_model("vit", "neutral_regression").train()
    output = model(**inputs_for(model))
    assert output.loss.isfinite()
    assert output.binary_logits.shape == (4, 3)
