"""Painting with tiny models: a picture depends on its own words, depth and seed, and on nothing else."""

import subprocess
import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

from dataset_script.errors import InvalidInput, WorkFailed
from generation.diffusion.models import Models, Settings
from generation.diffusion.painter import Painter, Portrait, open_painter

SIZE = 64


def test_portrait_is_a_picture_of_the_size_asked_for_that_depends_on_everything_given(painter, depth):
    picture = painter.portrait(depth, "an old man", "a drawing", 3)
    assert picture.shape == (SIZE, SIZE, 3) and picture.dtype == np.uint8 and picture.std() > 1
    assert np.array_equal(picture, painter.portrait(depth, "an old man", "a drawing", 3))
    turned = depth[:, ::-1] + np.linspace(0, 90, depth.shape[1], dtype=np.float32)
    for other in (
        (depth, "an old man", "a drawing", 4),
        (depth, "a young woman", "a drawing", 3),
        (depth, "an old man", "a photograph", 3),
        (turned, "an old man", "a drawing", 3),
    ):
        assert not np.array_equal(picture, painter.portrait(*other)), other[1:]


def test_portraits_equal_those_painted_alone(painter, depth):
    wanted = [
        Portrait(depth, "a man", "", 1),
        Portrait(depth[:, ::-1] + 5, "a woman", "bad", 2),
        Portrait(depth, "x", "y", 3),
    ]
    together = painter.portraits(wanted)
    alone = [painter.portrait(*one) for one in reversed(wanted)][::-1]
    assert [picture.tobytes() for picture in together] == [picture.tobytes() for picture in alone]


def test_a_painter_opened_anew_paints_the_same(painter, depth):
    again = open_painter(painter.models, painter.settings)
    again.fill(np.zeros((SIZE, SIZE, 3), np.uint8), np.eye(SIZE, dtype=bool), "first something else", "", 9)
    assert np.array_equal(again.portrait(depth, "a man", "", 5), painter.portrait(depth, "a man", "", 5))


def test_filling_keeps_every_other_pixel_and_paints_those_of_the_mask(painter, picture, mask):
    filled = painter.fill(picture, mask, "a hospital room", "people", 7)
    assert filled.shape == picture.shape and filled.dtype == np.uint8
    assert np.array_equal(filled[~mask], picture[~mask])
    assert (filled[mask] != picture[mask]).any(axis=1).mean() > 0.9
    assert not np.array_equal(filled, painter.fill(picture, mask, "a hospital room", "people", 8))


def test_fills_of_several_masks_equal_those_made_alone(painter, picture, mask):
    """diffusers' Kandinsky takes the first mask of a batch for all (huggingface/diffusers issue 13596)."""
    other = np.zeros_like(mask)
    other[:30] = True
    first, second = (painter.fill(picture, region, "a garden", "", 7) for region in (mask, other))
    alone = open_painter(painter.models, painter.settings)
    assert np.array_equal(alone.fill(picture, other, "a garden", "", 7), second)
    assert np.array_equal(alone.fill(picture, mask, "a garden", "", 7), first)
    assert np.array_equal(second[~other], picture[~other])


def test_the_model_paints_every_pixel_that_a_thin_region_touches(painter, monkeypatch):
    seen = []

    def paint(what, opened, prompt, negative, seed, **inputs):
        seen.append(np.asarray(inputs["mask_image"]))
        return np.zeros((SIZE, SIZE, 3), np.uint8)

    monkeypatch.setattr(painter, "_paint", paint)
    line = np.zeros((4 * SIZE, 4 * SIZE), bool)
    line[:, 101] = True
    painter.fill(np.zeros((*line.shape, 3), np.uint8), line, "", "", 1)
    assert set(np.unique(seen[0])) == {0, 255} and (seen[0][:, 101 // 4] == 255).all()


def test_filling_nothing_gives_the_picture_and_filling_all_a_new_one(painter, picture, mask):
    nothing = painter.fill(picture, np.zeros_like(mask), "a room", "", 1)
    assert np.array_equal(nothing, picture) and nothing is not picture
    assert painter.fill(picture, np.ones_like(mask), "a room", "", 1).shape == picture.shape


@pytest.mark.parametrize("side", [48, 130])
def test_filling_takes_any_even_size(painter, side):
    region = np.zeros((side, side), bool)
    region[:, : side // 2] = True
    before = np.full((side, side, 3), 90, np.uint8)
    after = painter.fill(before, region, "a wall", "", 2)
    assert after.shape == before.shape and (after[~region] == 90).all()


def test_a_side_portrait_keeps_what_is_known_and_depends_on_the_rest(painter, depth):
    known = np.full((SIZE, SIZE, 3), 120, np.uint8)
    keep = np.zeros((SIZE, SIZE))
    keep[:, :20], keep[:, 20:24] = 1, 0.5
    painted = painter.side_portrait(depth, known, keep, "a man", "", 4)
    assert painted.shape == known.shape and (painted[:, :20] == 120).all()
    assert (painted[:, 24:] != 120).any(axis=2).mean() > 0.9
    assert np.array_equal(painted, painter.side_portrait(depth, known, keep, "a man", "", 4))
    assert not np.array_equal(painted, painter.side_portrait(depth, known, keep, "a man", "", 5))
    assert not np.array_equal(painted, painter.side_portrait(depth + np.tri(96) * 30, known, keep, "a man", "", 4))


def test_bad_pictures_masks_and_seeds_are_refused(painter, depth, picture, mask):
    with pytest.raises(InvalidInput, match=r"^seed is -1; allowed is 0 to 2\*\*64 - 1"):
        painter.portrait(depth, "a man", "", -1)
    with pytest.raises(InvalidInput, match=r"^picture is uint8 of shape \(95, 95, 3\); allowed is uint8 of"):
        painter.fill(picture[:95, :95], mask[:95, :95], "", "", 0)
    with pytest.raises(InvalidInput, match=r"^mask is uint8 of shape \(96, 96\); allowed is bool"):
        painter.fill(picture, mask.astype(np.uint8), "", "", 0)
    with pytest.raises(
        InvalidInput, match=r"^picture is uint8 of shape \(96, 96, 3\); allowed is uint8 of \(64, 64, 3\)"
    ):
        painter.side_portrait(depth, picture, np.zeros((96, 96)), "", "", 0)
    with pytest.raises(InvalidInput, match=r"^keep has shape \(64, 64\); allowed is \(64, 64\) with values in 0-1"):
        painter.side_portrait(depth, picture[:64, :64], np.full((64, 64), 1.5), "", "", 0)


def test_words_that_the_model_does_not_read_are_told_once(painter, depth):
    fresh = open_painter(painter.models, painter.settings)
    with pytest.warns(UserWarning, match="longer than the 77 tokens that the model reads"):
        cut = fresh.portrait(depth, "a very long story " * 9, "", 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(fresh.portrait(depth, "a very long story " * 9 + "told", "", 1), cut)


def test_slices_and_tiles_paint(painter, depth):
    tiling = "controlnet" in painter._files  # Kandinsky's decoder has no tiles
    sliced = open_painter(replace(painter.models, slicing=True, tiling=tiling), painter.settings)
    assert np.allclose(sliced.portrait(depth, "x", "", 1), painter.portrait(depth, "x", "", 1), atol=2)  # of one tile


def test_pictures_larger_than_a_tile_show_that_they_were_decoded_in_tiles(folders, settings, depth):
    large = replace(settings, size=128)
    whole, tiled = (
        open_painter(Models(**folders["sd"], device="cpu", tiling=tiling), large).portrait(depth, "x", "", 1)
        for tiling in (False, True)
    )
    assert whole.shape == tiled.shape and not np.array_equal(whole, tiled)


def test_offloading_changes_no_picture(painter, depth, picture, mask):
    """On the CPU, to which a user cannot offload, but the hooks are the same."""
    moved = Painter(replace(painter.models, offload="model"), painter.settings, "cpu", painter._files, painter._roles)
    keep = np.zeros((SIZE, SIZE))
    for _ in range(2):  # pipelines share networks, and each takes the other's hooks off
        for paint in (
            lambda one: one.portrait(depth, "a man", "", 1),
            lambda one: one.fill(picture, mask, "a room", "", 1),
            lambda one: one.side_portrait(depth, picture[:SIZE, :SIZE], keep, "a man", "", 1),
        ):
            assert np.array_equal(paint(moved), paint(painter))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_paints_near_the_full(painter, depth, picture, mask, dtype):
    """float16 on a CPU is refused, being slow: here the networks are small."""
    files = painter.models.files(dtype)
    half = Painter(painter.models, replace(painter.settings, dtype=dtype), "cpu", files, painter._roles)
    keep = np.zeros((SIZE, SIZE))
    for paint in (
        lambda one: one.portrait(depth, "a man", "", 1),
        lambda one: one.side_portrait(depth, picture[:SIZE, :SIZE], keep, "a man", "", 1),
        lambda one: one.fill(picture, mask, "a room", "", 1),
    ):
        rough, fine = paint(half).astype(int), paint(painter)
        assert not np.array_equal(rough, fine) and abs(rough - fine).mean() < 10


def test_strengths_change_the_picture(folders, settings, depth, picture, mask):
    models = Models(**folders["sd"], device="cpu")
    usual = open_painter(models, settings)
    other = open_painter(models, replace(settings, control_strength=0.0, fill_strength=0.5))
    assert not np.array_equal(usual.portrait(depth, "x", "", 1), other.portrait(depth, "x", "", 1))
    assert not np.array_equal(usual.fill(picture, mask, "x", "", 1), other.fill(picture, mask, "x", "", 1))


def test_a_flagged_picture_is_an_error_and_no_black_portrait(folders, settings, depth):
    painter = open_painter(Models(**folders["sd"], device="cpu"), settings)
    painter._portraits.safety_checker.concept_embeds_weights.data.fill_(-2.0)  # every picture reaches it
    with pytest.raises(WorkFailed, match="safety checker flagged the picture of seed 6; take another seed or prompt"):
        painter.portrait(depth, "a man", "", 6)


def test_numbers_that_overflow_are_an_error(folders, settings, depth):
    painter = open_painter(Models(**folders["kandinsky"], device="cpu"), settings)
    next(painter._portraits.movq.decoder.parameters()).data.fill_(float("nan"))
    with pytest.raises(WorkFailed, match="picture of seed 6 overflowed float32"):
        painter.portrait(depth, "a man", "", 6)


@pytest.mark.parametrize(
    ("error", "changes", "cure"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), {"slicing": True}, "choose a smaller model, or a device with"),
        (MemoryError(), {"slicing": False}, "--attention-slicing"),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
            {},
            "--attention-",
        ),
        (RuntimeError("MPS backend out of memory"), {"slicing": True}, "choose a smaller model"),
    ],
)
def test_out_of_memory_names_what_helps(folders, settings, depth, monkeypatch, error, changes, cure):
    painter = open_painter(Models(**folders["sd"], device="cpu", **changes), settings)

    def full(*args, **kwargs):
        raise error

    monkeypatch.setattr(painter._portraits.unet, "forward", full)
    with pytest.raises(WorkFailed, match=f"^out of memory on cpu while painting a portrait; .*{cure}"):
        painter.portrait(depth, "a man", "", 1)


def test_memory_cures_go_from_the_cheap_to_the_slow():
    from generation.diffusion.failures import memory_cure

    steps = [
        ("none", False, "float32"),
        ("none", False, "float16"),
        ("model", False, "float16"),
        ("model", True, "float16"),
    ]
    cures = [memory_cure("cuda", Models("m", offload=o, slicing=s), Settings(dtype=d)) for o, s, d in steps]
    words = ["dtype float16", "--offload model", "--attention-slicing", "--offload sequential"]
    assert all(word in cure for word, cure in zip(words, cures, strict=True))
    assert "512" in memory_cure("cuda", Models("m", offload="sequential", slicing=True), Settings())


def test_other_errors_of_a_pipeline_stay_what_they_are(folders, settings, depth, monkeypatch):
    painter = open_painter(Models(**folders["kandinsky"], device="cpu"), settings)
    monkeypatch.setattr(painter, "_words", lambda *given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        painter.portrait(depth, "a man", "", 1)


def test_importing_the_painter_imports_no_torch():
    code = (
        "import sys, generation.diffusion.painter; print({'torch', 'diffusers', 'huggingface_hub'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
