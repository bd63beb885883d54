"""Each picture of a split goes through the backbone once, and the scores are those of pictures side by side."""

import pytest
import torch
from small_faces import SIZE, processor, rows_of, small_model
from torch.utils.data import DataLoader

from modeling_vitpain.frames.dataset import PainFrames
from modeling_vitpain.frames.neutral_frames import NeutralFrames
from modeling_vitpain.prediction import encoded_once
from modeling_vitpain.prediction.forward import model_inputs, run_frames

PEOPLE, EXPRESSIONS, VIEWS = 3, 4, 2


@pytest.fixture(scope="module")
def rows():
    return rows_of(range(PEOPLE), EXPRESSIONS, VIEWS)


def pictures_seen(encoder) -> list[int]:
    """Pictures of each forward pass of a backbone from now on."""
    seen = []
    encoder.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    return seen


def side_by_side(model, frames):
    """PSPI (n,) and AUs (n, 6), every frame with the pixels of its own neutral."""
    with torch.no_grad():
        outputs = [model(**model_inputs(model, batch)) for batch in DataLoader(frames, batch_size=5)]
    return (torch.cat([output[name] for output in outputs]) for name in ("pspi", "au"))


def assert_as_side_by_side(model, frames):
    pspi, au = side_by_side(model, frames)
    assert pspi.std() > 1e-3  # so that equal is not equally blind
    outputs = [output for _, output in run_frames(model, frames, 5)]
    torch.testing.assert_close(torch.cat([output.pspi for output in outputs]), pspi, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(torch.cat([output.au for output in outputs]), au, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("fusion", ["attention", "difference"])
def test_each_picture_is_encoded_once(rows, fusion):
    model = small_model(reference="neutral", reference_fusion=fusion).eval()
    frames = PainFrames(rows, processor(), reference=NeutralFrames())
    seen = pictures_seen(model.backbone)
    assert len([None for _ in run_frames(model, frames, 5)]) == 5
    assert sum(seen) == len(rows) == PEOPLE * EXPRESSIONS * VIEWS
    assert max(seen) <= 5
    assert_as_side_by_side(model, frames)


def test_neutrals_outside_of_the_rows_and_frames_in_any_order(rows):
    """As with a limit on the frames: their neutral may come later, or not be among them."""
    model = small_model(reference="neutral").eval()
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))[:15].tolist()
    frames = PainFrames(rows.select(order), processor(), reference=NeutralFrames(rows))
    seen = pictures_seen(model.backbone)
    list(run_frames(model, frames, 4))
    assert sum(seen) == len({*order, *map(frames.references.fixed, range(15))})
    assert_as_side_by_side(model, frames)


def test_an_encoder_of_their_own_sees_each_neutral_once(rows):
    model = small_model(reference="neutral", reference_encoder="own").eval()
    frames = PainFrames(rows, processor(), reference=NeutralFrames())
    seen, of_neutrals = pictures_seen(model.backbone), pictures_seen(model.reference_backbone)
    list(run_frames(model, frames, 5))
    assert sum(seen) == len(rows)
    assert sum(of_neutrals) == PEOPLE * VIEWS
    assert_as_side_by_side(model, frames)


def test_a_person_without_another_neutral(rows):
    """The frame itself is no reference: the model's fallback is used, as ever."""
    model = small_model(reference="neutral").eval()
    lone = [
        k
        for k, (person, view) in enumerate(zip(rows["identity_id"], rows["view_id"], strict=True))
        if person != 1 or view == 0
    ]
    frames = PainFrames(rows.select(lone), processor(), reference=NeutralFrames())
    assert None in [frames.reference(k)[0] for k in range(len(frames))]
    assert_as_side_by_side(model, frames)


def test_what_is_kept_is_bounded(rows, monkeypatch):
    model = small_model(reference="neutral").eval()
    frames = PainFrames(rows, processor(), reference=NeutralFrames())
    most = []
    drop = encoded_once._drop
    monkeypatch.setattr(encoded_once, "_drop", lambda kept, uses: (drop(kept, uses), most.append(len(kept))))
    list(run_frames(model, frames, 5))
    assert 0 < max(most) <= VIEWS and most[-1] == 0  # the neutrals of one person
    one = ((SIZE // 8) ** 2 + 1) * model.config.hidden_size * 4  # bytes of a picture's tokens
    monkeypatch.setattr(encoded_once, "_KEPT_BYTES", one)
    most.clear()
    assert_as_side_by_side(model, frames)
    assert max(most) <= 1


def test_training_frames_are_varied_each_by_itself(rows):
    frames = PainFrames(rows, processor(), augment_seed=0, reference=NeutralFrames())
    assert not encoded_once.shares_neutrals(frames)
    assert not encoded_once.shares_neutrals(PainFrames(rows, processor()))
