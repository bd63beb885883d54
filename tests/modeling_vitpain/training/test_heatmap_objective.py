"""The heatmap objective of small models: it tells the right patch, learns, and leaves no trace in the model."""

import numpy as np
import pytest
import torch

from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment, ViTPainImageProcessor
from modeling_vitpain.frames.dataset import PainFrames, open_split
from modeling_vitpain.training.heatmap_objective import HeatmapObjective
from modeling_vitpain.training.recipes import ViTPainTrainingArguments
from modeling_vitpain.training.starting_model import start_from_sine_positions
from modeling_vitpain.training.trainers import ViTPainTrainer


@pytest.fixture
def model():
    torch.manual_seed(0)
    return ViTPainForPainAssessment(ViTPainConfig.tiny()).train()


def test_loss_is_zero_when_every_token_tells_its_own_heat(model):
    """Weights and tokens are set by hand, so that each patch's heat can only come from the token of that patch."""
    objective = HeatmapObjective(model)
    heatmaps = torch.rand(2, 112, 112, generator=torch.Generator().manual_seed(1))
    cells = torch.zeros(2, 49, 4)
    for row, column in np.ndindex(7, 7):
        patch = heatmaps[:, row * 16 : row * 16 + 16, column * 16 : column * 16 + 16]
        for k, (top, left) in enumerate(((0, 0), (0, 8), (8, 0), (8, 8))):
            cells[:, row * 7 + column, k] = patch[:, top : top + 8, left : left + 8].mean(dim=(1, 2)) / 0.1
    tokens = torch.zeros(2, 50, 96)
    tokens[:, 1:, :4] = cells
    tokens[:, 0, :49] = cells.mean(dim=-1)
    with torch.no_grad():
        for linear in (objective.of_patch, objective.of_face):
            linear.weight.copy_(torch.eye(*linear.weight.shape))
            linear.bias.zero_()
    objective._tokens = tokens
    assert objective(heatmaps).item() == pytest.approx(0, abs=1e-9)
    objective._tokens = tokens.roll(1, dims=1)
    assert objective(heatmaps) > 0.1


def test_gradient_reaches_backbone_patches_and_cls(model):
    objective = HeatmapObjective(model)
    model(torch.randn(2, 3, 112, 112))
    objective(torch.rand(2, 112, 112)).backward()
    assert all(p.grad is not None and p.grad.any() for p in objective.parameters())
    assert model.backbone.embeddings.patch_embeddings.projection.weight.grad.any()
    assert model.backbone.embeddings.cls_token.grad.any()
    assert model.pspi_head[1].weight.grad is None


def test_training_clears_the_heads_gradients_and_saves_none_of_them(faces, tmp_path):
    processor = ViTPainImageProcessor(size={"height": 112, "width": 112}, face_crop=1.1)
    args = ViTPainTrainingArguments.preset(
        "scratch", output_dir=str(tmp_path), num_train_epochs=1, per_device_train_batch_size=10
    )
    torch.manual_seed(0)
    model = ViTPainForPainAssessment(ViTPainConfig.tiny())
    names = model.state_dict().keys()
    trainer = ViTPainTrainer(
        model,
        args,
        train_dataset=PainFrames(open_split(faces, "train"), processor, augment_seed=0, with_heatmap=True),
        eval_dataset=PainFrames(open_split(faces, "validation"), processor),
    )
    before = trainer.objective.of_patch.weight.clone()
    trainer.train()
    assert not torch.equal(before, trainer.objective.of_patch.weight)
    assert all(p.grad is None or not p.grad.any() for p in trainer.objective.parameters())
    trainer.model.save_pretrained(tmp_path / "model")
    assert ViTPainForPainAssessment.from_pretrained(tmp_path / "model").state_dict().keys() == names


def test_heatmaps_lie_over_the_pixels(faces):
    """The same crop, shift, scale and mirror: a frame whose picture is its heatmap gives the same numbers twice."""
    processor = ViTPainImageProcessor(size={"height": 112, "width": 112}, face_crop=1.1)
    frames = PainFrames(open_split(faces, "train"), processor, "heatmap", augment_seed=0, with_heatmap=True)
    for k in range(1, 5):
        item = frames[k]
        assert item["heatmaps"].shape == (112, 112)
        assert item["heatmaps"].max() > 0
        torch.testing.assert_close(item["pixel_values"][0], item["heatmaps"] * 2 - 1)


def test_sine_positions_tell_distance(model):
    cls = model.backbone.embeddings.position_embeddings[0, 0].clone()
    start_from_sine_positions(model)
    positions = model.backbone.embeddings.position_embeddings[0].detach()
    assert torch.equal(positions[0], cls)
    distance = torch.cdist(positions[1:], positions[1:])
    centre = 3 * 7 + 3
    assert distance[centre, centre + 1].item() == pytest.approx(distance[centre, centre - 7].item(), rel=1e-4)
    assert distance[centre, centre + 1] < distance[centre, centre + 3]
    assert len(torch.unique(positions, dim=0)) == 50
