"""Augmentation leaves labels true: faces stay in the picture, and what units change stays to be seen."""

import dataclasses
import hashlib

import numpy as np
import pytest
import torch
from datasets import Dataset, Features, Image, Value
from PIL import Image as Picture
from small_faces import SIZE, png, processor, rows_of

from benchmarks.augmentation import change_left, contrast_left
from dataset_script.errors import InvalidInput
from modeling_vitpain import ViTPainImageProcessor
from modeling_vitpain.frames.augmentation import AUGMENTATIONS
from modeling_vitpain.frames.augmentation.camera import MAX_BLUR, MAX_MOTION, MAX_SHRINK, Camera
from modeling_vitpain.frames.augmentation.colour import MAX_CURVE, MEAN_LEVELS, Colour, with_light_of
from modeling_vitpain.frames.augmentation.geometry import INNER_FACE, MARGIN, Geometry, places
from modeling_vitpain.frames.augmentation.light import LightVariation
from modeling_vitpain.frames.augmentation.scene import MAX_OCCLUDER, Scene, outlines, random_background
from modeling_vitpain.frames.augmentation.sets import WideVariation, drawn_variation
from modeling_vitpain.frames.dataset import PainFrames
from modeling_vitpain.frames.images import ForegroundColumn, ImageColumn, Normaliser, face_in_view
from modeling_vitpain.frames.neutral_frames import NeutralFrames

BROWS = ((-0.30, -0.12), (-0.06, -0.11), (0.06, -0.11), (0.30, -0.12))
EYES = ((-0.22, -0.05), (-0.08, -0.05), (0.08, -0.05), (0.22, -0.05))
MOUTH = ((-0.115, 0.27), (0.0, 0.24), (0.0, 0.32), (0.115, 0.27))
"""Mean places in a frontal view, in longer sides of the face box from its middle."""


def draws(name: str, count: int) -> list[WideVariation]:
    return [drawn_variation(name, np.random.default_rng([7, 0, k, 0])) for k in range(count)]


def a_face(side: int = 224) -> tuple[np.ndarray, np.ndarray]:
    """A drawn face, (side, side, 3), uint8, with and without furrows of 8 pixels' distance between smooth cheeks."""
    y, x = (np.mgrid[:side, :side] + 0.5) / side - 0.5
    skin = 150 + 60 * x - 40 * y
    skin[(x / 0.4) ** 2 + (y / 0.48) ** 2 > 1] = 60
    furrows = 25 * np.sin(2 * np.pi * x * side / 8) * np.exp(-((x / 0.15) ** 2) - ((y + 0.15) / 0.1) ** 2)
    levels = np.stack([skin, skin + furrows])[..., None] * (1.0, 0.8, 0.7)
    neutral, frowning = np.clip(levels, 0, 255).astype(np.uint8)
    return frowning, neutral


class TestLight:
    def test_numbers_are_those_of_the_recipes_of_the_paper(self):
        """Sum of fifty draws and what they make of a picture, taken before there were other sets."""
        y, x = np.mgrid[0:48, 0:40]
        picture = np.stack([(x * 5 + y) % 256, (x * y) % 256, (255 - 3 * x - 2 * y) % 256], -1).astype(np.uint8)
        found = hashlib.sha256()
        for k in range(50):
            variation = drawn_variation("light", np.random.default_rng([3, 1, k, 0]))
            found.update(variation.apply(picture).tobytes() + variation.move(picture).tobytes())
        assert found.hexdigest() == "0224b6461e6a0092a39049ec7a55637735badc7b9f5c62d21a6d68aa97e25b85"

    def test_it_is_the_default(self):
        rows = rows_of(range(1), 2)
        plain, named = (PainFrames(rows, processor(), augment_seed=2, **a) for a in ({}, {"augmentation": "light"}))
        assert torch.equal(plain[1]["pixel_values"], named[1]["pixel_values"])


class TestGeometry:
    def test_no_draw_moves_the_inner_face_out_of_the_picture(self):
        points = 0.5 + np.array(INNER_FACE)
        for k in range(2000):
            drawn = Geometry.draw(np.random.default_rng(k))
            for geometry in (drawn, drawn.with_mirror(not drawn.mirror)):  # a reference has the frame's mirror
                seen = places(np.linalg.inv(geometry.matrix(224, 224)), points * 224) / 224
                assert seen.min() >= MARGIN - 1e-9 and seen.max() <= 1 - MARGIN + 1e-9

    @pytest.mark.parametrize("sign", [-1, 1])
    def test_the_strongest_is_weakened(self, sign):
        assert not Geometry._of(np.full(13, float(sign)), False).keeps_face()
        strengths = [s for s in (0.75, 0.5, 0.25, 0) if Geometry._of(np.full(13, sign * s), False).keeps_face()]
        assert strengths[-1] == 0

    def test_most_draws_are_at_full_strength(self):
        units = [np.random.default_rng(k).uniform(-1, 1, 13) for k in range(500)]
        assert np.mean([Geometry._of(unit, False).keeps_face() for unit in units]) > 0.6

    def test_matrix_is_where_the_pixels_go(self):
        for k in range(20):
            geometry = Geometry.draw(np.random.default_rng(k))
            pixels = np.zeros((100, 120, 3), dtype=np.uint8)
            pixels[38:42, 48:52] = 255
            for outside in (0, None):
                weights = geometry.warp(pixels, outside)[..., 0].astype(float)
                y, x = (np.average(np.arange(n) + 0.5, weights=weights.sum(axis=a)) for a, n in ((1, 100), (0, 120)))
                expected = places(np.linalg.inv(geometry.matrix(120, 100)), np.array([(50.0, 40.0)]))[0]
                assert (x, y) == (pytest.approx(expected[0], abs=0.3), pytest.approx(expected[1], abs=0.3))

    def test_pictures_and_maps_move_together(self):
        """All that is not geometry switched off, a picture is its map, whatever its shape."""
        grey = png(np.random.default_rng(0).integers(0, 255, (SIZE, SIZE), dtype=np.uint8))
        rows = rows_of(range(1), 1, views=1)
        for column in ("image", "heatmap"):
            cell = Image(decode=False)
            bytes_ = [{"bytes": grey, "path": None}]
            rows = rows.remove_columns(column).add_column(column, bytes_, feature=cell).cast_column(column, Image())
        variation = draws("strong", 1)[0]
        pixels = np.asarray(rows[0]["image"].convert("RGB"))
        still = WideVariation(variation.geometry, Colour(), Camera(), 0, False, False, None, 0)
        assert np.array_equal(still.apply(pixels), still.move(pixels))
        assert np.array_equal(variation.move(pixels)[..., 0], variation.move(pixels[..., 0].copy()))
        plain = Normaliser(processor())
        item = PainFrames(rows, processor(), "heatmap", augment_seed=7, augmentation="strong")[0]
        assert torch.equal(item["pixel_values"], plain.normalise(variation.move(pixels)))


class TestUnitsStayToBeSeen:
    @pytest.mark.parametrize("name", ["appearance", "strong"])
    def test_the_change_from_neutral_survives_every_draw(self, name):
        pair = a_face()
        left = [change_left(variation, *pair) for variation in draws(name, 200)]
        assert min(left) > 0.1
        assert np.quantile(left, 0.05) > 0.4
        assert np.median(left) > 0.9

    def test_the_strongest_camera_keeps_lines_of_wrinkles(self):
        for camera in (Camera(blur=MAX_BLUR), Camera(motion=(MAX_MOTION, 0.0)), Camera(shrink=MAX_SHRINK)):
            variation = WideVariation(Geometry((0.0, 0.0), 1.0, False), Colour(), camera, 0, False, False, None, 0)
            assert contrast_left(variation, 224) > 0.5

    def test_most_draws_keep_at_least_half_of_their_contrast(self):
        left = np.array([contrast_left(variation, 224) for variation in draws("strong", 200)])
        assert np.mean(left >= 0.5) > 0.95
        assert np.mean(left >= 0.9) > 0.8

    def test_sharpness_is_lost_once_at_most(self):
        for variation in draws("strong", 300):
            camera = variation.camera
            assert (camera.blur > 0) + (camera.motion != (0.0, 0.0)) + (camera.shrink > 1) <= 1

    def test_what_was_darker_stays_darker(self):
        for k, variation in enumerate(draws("strong", 300)):
            tables = variation.colour.tables(np.eye(256)[30 + k % 200])
            assert (np.diff(tables.astype(int), axis=1) >= 0).all()
        steep = np.tile([MAX_CURVE, -MAX_CURVE, MAX_CURVE, -MAX_CURVE, MAX_CURVE], (3, 1))
        assert (np.diff(Colour(curve=steep).tables(np.eye(256)[100]).astype(int), axis=1) >= 0).all()

    @pytest.mark.parametrize(("skin", "around"), [(45, 250), (60, 20), (200, 5), (215, 250)])
    def test_no_face_drowns_in_black_or_burns_out(self, skin, around):
        """Dark skin before a bright window, light skin in the dark: what counts is the face."""
        pixels = np.full((96, 96, 3), around, dtype=np.uint8)
        pixels[16:80, 16:80] = skin + np.random.default_rng(0).integers(-20, 21, (64, 64, 1))
        low, high = min(skin, MEAN_LEVELS[0]), max(skin, MEAN_LEVELS[1])
        still = {"hue": 0.0, "saturation": 1.0, "temperature": 0.0, "curve": None}
        for variation in draws("strong", 200):
            after = np.asarray(dataclasses.replace(variation.colour, **still).apply(Picture.fromarray(pixels)))
            assert low - 4 <= after[24:72, 24:72].mean() <= high + 4
            assert after[24:72, 24:72].std() > 0.3 * pixels[24:72, 24:72].std()

    def test_another_frame_gives_its_light_and_no_detail(self):
        frowning, _ = a_face()
        other = np.random.default_rng(0).integers(0, 255, (224, 224, 3), dtype=np.uint8)
        after = with_light_of(Picture.fromarray(frowning), Picture.fromarray(other // 2), 0.5)
        change = np.asarray(after).astype(float).mean(axis=-1) - frowning.mean(axis=-1)
        spectrum = np.abs(np.fft.fft2(change - change.mean()))
        waves = np.abs(np.fft.fftfreq(224, 1 / 224))
        coarse = (waves[:, None] <= 4) & (waves <= 4)
        assert np.abs(change).max() > 10
        assert (spectrum[~coarse] ** 2).sum() < 0.03 * (spectrum**2).sum()

    def test_about_three_or_four_changes_are_active(self):
        counts = []
        for variation in draws("strong", 500):
            colour, camera = variation.colour, variation.camera
            still = Colour()
            tone = ("brightness", "contrast", "gamma", "saturation", "hue", "temperature", "light")
            counts.append(
                sum(getattr(colour, name) != getattr(still, name) for name in tone)
                + (colour.curve is not None)
                + (camera.blur > 0 or camera.motion != (0.0, 0.0) or camera.shrink > 1)
                + (camera.read_noise > 0)
                + bool(camera.kernel)
                + (camera.quality is not None)
            )
        assert 3 < np.mean(counts) < 4.5


class TestOccluders:
    def test_none_covers_brows_and_eyes_and_mouth(self):
        """Of the brows, the eyes and the mouth one at least stays wholly to be seen, and half of the landmarks."""
        face = (0.05, 0.05, 0.95, 0.95)
        regions = [0.5 + 0.9 * np.array(points) for points in (BROWS, EYES, MOUTH)]
        for k in range(2000):
            polygons = outlines(face, np.random.default_rng(k))
            assert all(np.linalg.norm(p[:, None] - p, axis=-1).max() <= MAX_OCCLUDER * 0.9 + 1e-9 for p in polygons)
            covered = [np.mean([any(_inside(p, point) for p in polygons) for point in points]) for points in regions]
            assert min(covered) < 0.5 and np.mean(covered) <= 0.5

    def test_without_a_face_box_there_are_none(self):
        variation = WideVariation(Geometry((0.0, 0.0), 1.0, False), Colour(), Camera(), 0, False, True, None, 3)
        pixels = np.full((64, 64, 3), 90, dtype=np.uint8)
        assert np.array_equal(variation.apply(pixels), pixels)
        assert not np.array_equal(variation.apply(pixels, Scene(face=(0, 0, 1, 1))), pixels)

    def test_the_face_is_where_the_model_sees_it(self):
        crop = ViTPainImageProcessor(size={"height": 32, "width": 32}, face_crop=1.25)
        assert face_in_view(None, [10, 10, 50, 90], crop) == pytest.approx((0.3, 0.1, 0.7, 0.9))
        assert face_in_view((100, 200), [10, 10, 50, 90], processor()) == pytest.approx((0.1, 0.05, 0.5, 0.45))
        assert face_in_view(None, None, crop) is None
        rows = rows_of(range(1), 2)
        boxes = [[4.0, 4.0, 20.0, 28.0], None, None, None]
        rows = rows.remove_columns("face_box").add_column("face_box", boxes, feature=rows.features["face_box"])
        whole = ImageColumn(rows, "image", Normaliser(processor()), keep=False)
        assert whole._face(0) == pytest.approx((4 / SIZE, 4 / SIZE, 20 / SIZE, 28 / SIZE))
        assert whole._face(1) is None


class TestBackgrounds:
    def test_only_background_is_replaced(self):
        pixels = np.full((64, 64, 3), 90, dtype=np.uint8)
        foreground = np.zeros((64, 64), dtype=np.uint8)
        foreground[16:48, 16:48] = 255
        made = np.asarray(random_background(Picture.fromarray(pixels), foreground, np.random.default_rng(0)))
        assert (made[foreground > 0] == 90).all()
        assert (made[foreground == 0] != 90).mean() > 0.9

    def test_segments_are_found_by_frame_and_cut_as_the_picture(self):
        rows = rows_of(range(1), 2)
        pictures = []
        for k in range(len(rows)):
            shown = np.zeros((SIZE, SIZE), dtype=np.uint8)
            shown[: 4 * (k + 1)] = 1 + k
            pictures.append({"frame_id": rows[k]["frame_id"], "segments": {"bytes": png(shown), "path": None}})
        features = Features({"frame_id": Value("string"), "segments": Image(mode="L")})
        segments = Dataset.from_list(pictures[:0:-1], features=features)  # in another order, and one is missing
        column = ForegroundColumn(rows, segments, Normaliser(processor()), keep=True)
        assert column.pixels(0) is None
        for k in (1, 2, 3, 3):
            assert column.pixels(k).tolist() == [[255] * SIZE] * (4 * (k + 1)) + [[0] * SIZE] * (SIZE - 4 * (k + 1))
        strong = [{"augment_seed": 0, "augmentation": "strong", "segments": s} for s in (segments, None)]
        frames, plain = (PainFrames(rows, processor(), **settings) for settings in strong)
        items = [(frames[3, d]["pixel_values"], plain[3, d]["pixel_values"]) for d in range(12)]
        assert 0 < sum(not torch.equal(*pair) for pair in items) < 12


class TestNames:
    @pytest.mark.parametrize("name", AUGMENTATIONS)
    def test_a_function_of_seed_epoch_frame_and_draw(self, name):
        rows = rows_of(range(2), 3)
        settings = {"augment_seed": 5, "augmentation": name, "reference": NeutralFrames(dropout=0.2)}
        one, two = (PainFrames(rows, processor(), **settings) for _ in range(2))
        _ = [one[k] for k in range(5)]
        keys = ("pixel_values", "reference_pixel_values")
        assert all(torch.equal(one[3][key], two[3][key]) for key in keys)
        two.set_epoch(1)
        assert torch.equal(one[3]["pixel_values"], two[3]["pixel_values"]) == (name == "none")
        loader = torch.utils.data.DataLoader(one, batch_size=4, num_workers=2)
        by_workers = torch.cat([batch["pixel_values"] for batch in loader])
        assert torch.equal(by_workers, torch.stack([one[k]["pixel_values"] for k in range(len(rows))]))

    def test_none_leaves_frames_as_they_are(self):
        rows = rows_of(range(1), 3)
        plain, none = (PainFrames(rows, processor(), **a) for a in ({}, {"augment_seed": 1, "augmentation": "none"}))
        assert all(torch.equal(plain[k]["pixel_values"], none[k]["pixel_values"]) for k in range(len(rows)))

    def test_another_name(self):
        with pytest.raises(InvalidInput, match="augmentation is 'heavy'; allowed are none, light, appearance"):
            PainFrames(rows_of(range(1), 2), processor(), augmentation="heavy")

    def test_sets_hold_what_they_say(self):
        for k in range(50):
            random = [np.random.default_rng(k) for _ in range(3)]
            light, appearance, geometry = map(drawn_variation, ("light", "appearance", "geometry"), random)
            assert isinstance(light, LightVariation)
            assert (appearance.geometry.shift, appearance.geometry.zoom) == (light.shift, light.zoom)
            assert (geometry.colour.brightness, geometry.colour.contrast) == (light.brightness, light.contrast)
            assert geometry.camera == Camera()
            for variation in (appearance, geometry):
                assert not (variation.background or variation.occluders or variation.partner)
                assert not variation.camera.kernel and variation.colour.curve is None

    def test_a_mirrored_frame_has_a_mirrored_reference(self):
        for name in AUGMENTATIONS[1:]:
            for k in range(10):
                variation = drawn_variation(name, np.random.default_rng(k))
                assert [variation.with_mirror(m).mirror for m in (False, True)] == [False, True]


def _inside(polygon: np.ndarray, point: np.ndarray) -> bool:
    """Whether a point is inside of a polygon (n, 2): whether a ray to the right meets its border an odd time."""
    x, y = polygon[:, 0], polygon[:, 1]
    x1, y1 = np.roll(x, -1), np.roll(y, -1)
    crossing = (y > point[1]) != (y1 > point[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        at = (x1 - x) * (point[1] - y) / (y1 - y) + x
    return bool((crossing & (point[0] < at)).sum() % 2)
