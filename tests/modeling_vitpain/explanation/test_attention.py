"""Attention, heat in patches, gradients and estimates without patches are what a plain computation gives."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from small_faces import processor, small_model, write_faces

from dataset_script.errors import InvalidInput
from modeling_vitpain.explanation.attention import explain_split, heat_in_patches, heat_source, pspi_attention, spread
from modeling_vitpain.explanation.gradients import filled_picture, unit_gradients
from modeling_vitpain.explanation.removal import removal_estimates
from modeling_vitpain.frames.dataset import open_split

STEPS = 4


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_faces(tmp_path_factory.mktemp("explaining") / "pain3d", {"train": 2, "validation": 1, "test": 2})


def saved(directory, **settings):
    small_model(**settings).save_pretrained(directory)
    processor().save_pretrained(directory)
    return directory


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("models") / "query")


@pytest.fixture(scope="module")
def explained(model, data):
    return explain_split(model, data, batch_size=3)


def pspi_of(explained, pixels, **others) -> float:
    with torch.inference_mode():
        return explained.network(pixel_values=pixels, **others).pspi[0].item()


def test_attention_and_estimates_are_the_networks_own(explained, data):
    assert explained.grid == (4, 4)
    assert len(explained.attention) == len(open_split(data, "test"))
    item = explained.frames[5]
    with torch.inference_mode():
        output = explained.network(item["pixel_values"][None], output_attentions=True)
    np.testing.assert_allclose(explained.attention[5].reshape(6, -1), output.au_attention[0].numpy(), atol=1e-6)
    assert explained.pspi[5] == pytest.approx(output.pspi[0].item(), abs=1e-5)
    assert explained.labels[5] == item["labels"]


def test_of_a_model_with_companions_the_six_of_the_pspi_are_explained(data, tmp_path):
    names = ["AU4", "AU6", "AU7", "AU9", "AU10", "AU43", "AU1", "AU12"]
    found = explain_split(saved(tmp_path / "more", au_names=names, au_spread=True), data, frames=2)
    assert found.attention.shape == found.gradient.shape == (2, 6, 4, 4)
    assert found.au.shape == found.au_labels.shape == (2, 6)


def test_a_limited_number_takes_frames_at_equal_distances(model, data):
    few = explain_split(model, data, frames=3, gradients=False)
    assert few.gradient is None and len(few.labels) == 3
    assert spread(10, 4) == [0, 3, 6, 9] and spread(3, 100) == [0, 1, 2]
    with pytest.raises(InvalidInput, match="limit is 0"):
        spread(3, 0)


def test_a_model_without_queries_has_nothing_to_explain(data, tmp_path):
    with pytest.raises(InvalidInput, match="au_head 'cls'"):
        explain_split(saved(tmp_path / "cls", au_head="cls"), data)


def test_heat_is_the_mean_of_each_patch(explained, data):
    assert heat_source(data, explained.rows) == "whole"
    heat = heat_in_patches(data, "test", explained.rows, explained.processor, explained.grid, "whole")
    for k in (0, 4, 7):
        levels = np.asarray(explained.rows[k]["heatmap"], dtype=float)
        expected = levels.reshape(4, 8, 4, 8).mean(axis=(1, 3))
        for unit in range(6):
            np.testing.assert_allclose(heat[k, unit], expected, atol=1e-3)
    assert heat.max() > 0


def test_heat_is_cut_out_as_the_picture_is(explained, data, tmp_path):
    """With a face crop the patches lie elsewhere in the heatmap: those of the square that the model sees."""
    cut = explain_split(_cropping(tmp_path / "cut"), data, gradients=False)
    heat = heat_in_patches(data, "test", cut.rows, cut.processor, cut.grid, "whole")
    row = cut.rows[4]
    square = np.asarray(cut.processor.crop_face(row["heatmap"], row["face_box"]).convert("L"), dtype=float)
    assert square.shape == (16, 16)
    np.testing.assert_allclose(heat[4, 0], square.reshape(4, 4, 4, 4).mean(axis=(1, 3)), atol=1e-3)


def test_without_a_face_box_the_whole_picture_is_seen(data, tmp_path):
    """As imported pictures may come; the heat must lie where the network saw it."""
    cut = explain_split(_cropping(tmp_path / "cut"), data, gradients=False, frames=3)
    boxless = cut.rows.remove_columns("face_box").add_column("face_box", [None] * 3)
    heat = heat_in_patches(data, "test", boxless, cut.processor, cut.grid, "whole")
    levels = np.asarray(boxless[1]["heatmap"], dtype=float)
    np.testing.assert_allclose(heat[1, 0], levels.reshape(4, 8, 4, 8).mean(axis=(1, 3)), atol=1e-3)


def _cropping(directory):
    saved(directory)
    cropping = processor()
    cropping.face_crop = 0.5
    cropping.save_pretrained(directory)
    return directory


def test_data_without_heatmaps_say_so(data):
    rows = SimpleNamespace(data={"heatmap": SimpleNamespace(null_count=3)})
    assert heat_source(data, rows) is None


def test_units_weigh_as_in_the_pspi():
    attention = np.random.default_rng(0).random((3, 6, 2, 2))
    au = np.array([[2.0, 3, 1, 0, 4, 1], [0, 2, 2, 0, 0, 0], [0, 0, 0, 0, 0, 0]])
    maps = pspi_attention(attention, au)
    np.testing.assert_allclose(maps[0], np.tensordot([0.2, 0.3, 0, 0, 0.4, 0.1], attention[0], axes=1))
    np.testing.assert_allclose(maps[1], attention[1, 1])
    np.testing.assert_allclose(maps[2], attention[2].mean(axis=0))


class OnePatchAUnit(torch.nn.Module):
    """A network whose unit k is the sum of patch k of a 3 x 2 grid; unit 5 is held at 0."""

    config = SimpleNamespace(backbone_config=SimpleNamespace(patch_size=4))

    def forward(self, pixel_values):
        sums = pixel_values.sum(dim=1).reshape(-1, 3, 4, 2, 4).sum(dim=(2, 4)).flatten(1)
        return SimpleNamespace(au=torch.cat([sums[:, :5], (sums[:, 5:] - 1e6).relu()], dim=1))


def test_a_gradient_finds_the_patch_that_the_prediction_depends_on():
    pixels = torch.randn(2, 3, 12, 8, generator=torch.Generator().manual_seed(0))
    maps = unit_gradients(OnePatchAUnit(), {"pixel_values": pixels}, (3, 2))
    expected = np.eye(6)[:5].reshape(5, 3, 2)
    for frame in maps:
        np.testing.assert_allclose(frame[:5], expected, atol=1e-6)
        np.testing.assert_allclose(frame[5], 1 / 6)


def test_filling_takes_away_what_was_there():
    flat = torch.full((1, 3, 32, 32), 0.7)
    pixels = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    for fill in ("blur", "mean"):
        torch.testing.assert_close(filled_picture(flat, fill), flat)
        assert filled_picture(pixels, fill).std() < 0.35 * pixels.std()
        torch.testing.assert_close(filled_picture(pixels.flip(3), fill), filled_picture(pixels, fill).flip(3))
    torch.testing.assert_close(filled_picture(pixels, "mean")[0, :, 5, 9], pixels.mean(dim=(0, 2, 3)))
    with pytest.raises(InvalidInput, match="fill is 'black'"):
        filled_picture(pixels, "black")


@pytest.mark.parametrize("fill", ["blur", "mean"])
def test_estimates_are_those_of_pictures_made_by_hand(explained, fill):
    places = [3, 6]
    maps = {"attention": pspi_attention(explained.attention[places], explained.au[places])}
    found = removal_estimates(explained, places, maps, fill, STEPS)
    assert set(found) == {"attention", "gradient", "random"}
    for row, place in enumerate(places):
        pixels = explained.frames[place]["pixel_values"][None]
        empty = filled_picture(pixels, fill)
        order = np.argsort(-maps["attention"][row].ravel())
        for step in range(STEPS + 1):
            gone, kept = pixels.clone(), empty.clone()
            for patch in order[: 4 * step]:
                area = np.s_[..., 8 * (patch // 4) : 8 * (patch // 4) + 8, 8 * (patch % 4) : 8 * (patch % 4) + 8]
                gone[area], kept[area] = empty[area], pixels[area]
            for mode, picture in (("deletion", gone), ("insertion", kept)):
                assert found["attention"][mode][row, step] == pytest.approx(pspi_of(explained, picture), abs=1e-4)
        for modes in found.values():
            for mode, first in (("deletion", 0), ("insertion", -1)):
                assert modes[mode][row, first] == pytest.approx(explained.pspi[place], abs=1e-4)


def test_the_random_order_depends_on_the_seed_alone(explained):
    one, same = (removal_estimates(explained, [2], {}, "mean", STEPS, seed=4)["random"] for _ in range(2))
    other = removal_estimates(explained, [2], {}, "mean", STEPS, seed=5)["random"]
    np.testing.assert_array_equal(one["deletion"], same["deletion"])
    assert not np.array_equal(one["deletion"], other["deletion"])
    with pytest.raises(InvalidInput, match="steps is 1"):
        removal_estimates(explained, [2], {}, "mean", 1)


def test_a_model_with_references_sees_them_while_patches_go(data, tmp_path):
    neutral = explain_split(saved(tmp_path / "neutral", reference="neutral"), data, batch_size=4)
    item = neutral.frames[5]
    expected = pspi_of(
        neutral,
        item["pixel_values"][None],
        reference_pixel_values=item["reference_pixel_values"][None],
        reference_mask=item["reference_mask"][None],
    )
    found = removal_estimates(neutral, [5], {}, "blur", STEPS)
    assert neutral.pspi[5] == pytest.approx(expected, abs=1e-4)
    assert found["random"]["deletion"][0, 0] == pytest.approx(expected, abs=1e-4)
    assert neutral.gradient.shape == neutral.attention.shape
