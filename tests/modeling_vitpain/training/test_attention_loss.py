"""The attention loss: it moves attention to where the units are, and says what it needs."""

import pytest
import torch
from small_faces import add_unit_heat, options_of, small_model, trainer_of, write_faces, write_world

from dataset_script.errors import InvalidInput
from modeling_vitpain.training.run import train


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    directory = write_world(tmp_path_factory.mktemp("attention"))
    add_unit_heat(directory / "pain3d")
    return directory


def attention_term(trainer) -> float:
    """Of all training frames, in their unvaried geometry."""
    frames, model = trainer.train_dataset, trainer.model.eval()
    seed, frames.augment_seed = frames.augment_seed, None
    items = [frames[k] for k in range(len(frames))]
    frames.augment_seed = seed
    batch = {name: torch.stack([item[name] for item in items]) for name in items[0]}
    with torch.no_grad():
        output = model(batch["pixel_values"], output_au_attention=True)
        return float(trainer.loss_terms(output, {**dict.fromkeys(trainer.targets), **batch}, training=True).attention)


def test_attention_moves_to_the_heat(world, tmp_path):
    options = options_of("scratch", world, epochs=4, lr=3e-3, heatmap_weight=0.0)
    found = {}
    for weight in (0.0, 1.0):
        trainer = trainer_of(options, tmp_path / str(weight), attention_weight=1.0)
        before = attention_term(trainer)
        trainer.args.attention_weight = weight
        trainer.train()
        trainer.args.attention_weight = 1.0
        found[weight] = before, attention_term(trainer)
    assert found[0.0][0] == found[1.0][0]
    assert found[1.0][1] < found[1.0][0] - 0.1
    assert found[1.0][1] < found[0.0][1] - 0.1


def test_what_it_needs_is_named(world, tmp_path):
    plain = write_faces(tmp_path / "plain", {"train": 1, "validation": 1})
    with pytest.raises(InvalidInput, match="has no heat of single action units; allowed is data with"):
        trainer_of(options_of("scratch", world, data=str(plain)), tmp_path / "out", attention_weight=1.0)
    with pytest.raises(InvalidInput, match=r"attention_weight is 1.0 with au_head 'cls'; allowed is 0, or"):
        trainer_of(options_of("paper", world, au_head="cls"), tmp_path / "out", attention_weight=1.0)
    with pytest.raises(InvalidInput, match="attention_weight is -1; allowed is 0 or more"):
        options_of("scratch", world).training_arguments(tmp_path / "out", attention_weight=-1)


def test_a_run_with_all_that_a_model_may_say(world, tmp_path):
    """Companions, deviations, pain's probability: trained, calibrated and written."""
    small_model(
        au_names=["AU4", "AU6", "AU7", "AU9", "AU10", "AU43", "AU12"], au_spread=True, expression_head=True
    ).config.save_pretrained(tmp_path / "config")
    options = options_of("scratch", world, config=str(tmp_path / "config"), epochs=1)
    record = train(options, tmp_path / "out")
    assert record["calibration"]["au"]["AU4"]["coverage_after"] >= 0.9
    assert {"validation_companion_mae", "validation_pain_auroc"} <= record["curve"][0].keys()
