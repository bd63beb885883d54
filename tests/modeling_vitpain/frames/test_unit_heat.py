"""The heat of each unit alone lies in the patches in which the model sees the unit move."""

import numpy as np
import pytest
import torch
from small_faces import SIZE, add_unit_heat, processor, write_faces

from dataset_script.errors import InvalidInput
from dataset_script.facs import AU_NAMES
from modeling_vitpain.explanation.attention import heat_in_patches
from modeling_vitpain.frames.dataset import PainFrames, open_split
from modeling_vitpain.frames.unit_heat import UnitHeat, open_unit_heat

GRID = (4, 4)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return add_unit_heat(write_faces(tmp_path_factory.mktemp("heat") / "pain3d", {"train": 2, "validation": 1}))


@pytest.fixture(scope="module")
def rows(data):
    return open_split(data, "train")


@pytest.fixture(scope="module")
def heat(data, rows):
    return UnitHeat(rows, open_unit_heat(data), processor(), GRID)


def test_is_what_explanations_compare_with(data, rows, heat):
    expected = heat_in_patches(data, "train", rows, processor(), GRID, "units")
    found = np.stack([heat.patches(k, None).numpy() for k in range(len(rows))])
    np.testing.assert_allclose(found, expected / 255, atol=1e-5)
    shown = np.array(rows["au"][:]) >= 1
    assert (found.sum(axis=(2, 3)) > 0)[shown].all()
    assert not found[~shown].any()


def test_is_cut_out_as_the_picture_is(data, rows):
    cropping = processor()
    cropping.face_crop = 0.5
    found = UnitHeat(rows, open_unit_heat(data), cropping, GRID)
    expected = heat_in_patches(data, "train", rows, cropping, GRID, "units")
    assert not np.allclose(expected[3], heat_in_patches(data, "train", rows, processor(), GRID, "units")[3])
    np.testing.assert_allclose(found.patches(3, None).numpy(), expected[3] / 255, atol=0.01)


def test_follows_the_variation_of_the_picture(rows, heat):
    """The sum of all units' heat is the heatmap of the face, which `PainFrames` varies as it does the picture."""
    frames = PainFrames(rows, processor(), augment_seed=3, with_heatmap=True, unit_heat=heat)
    plain = PainFrames(rows, processor(), unit_heat=heat)
    moved = 0
    for k in range(len(rows)):
        item = frames[k]
        assert item["au_heat"].shape == (len(AU_NAMES), *GRID) and item["au_heat"].dtype == torch.float32
        of_face = torch.nn.functional.adaptive_avg_pool2d(item["heatmaps"][None], GRID)[0]
        torch.testing.assert_close(item["au_heat"].sum(dim=0), of_face, atol=0.01, rtol=0)
        moved += not torch.allclose(item["au_heat"], plain[k]["au_heat"], atol=0.01)
    assert moved > len(rows) // 2


def test_frames_without_heat_are_named(data, rows, tmp_path):
    with pytest.raises(InvalidInput, match=r"without the heat of single action units, 00000-00-0 first"):
        UnitHeat(rows, open_unit_heat(data).select(range(5)), processor(), GRID)
    plain = write_faces(tmp_path / "plain", {"train": 1})
    with pytest.raises(InvalidInput, match="has no heat of single action units; allowed is data with"):
        open_unit_heat(plain)
    assert SIZE % GRID[0] == 0
