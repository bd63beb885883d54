"""Boxes and landmarks against the size of their picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dataset_script.importers.boxes import (
    box_of_landmarks,
    check_in_picture,
    checked_box,
    landmarks_in_picture,
    picture_size,
)
from dataset_script.importers.report import Unusable

SIZE = (80, 60)
NAN, INF = float("nan"), float("inf")


def test_the_face_box_is_the_one_that_the_model_makes_of_the_same_landmarks():
    from modeling_vitpain.image_processing_vitpain import box_of_landmarks as of_the_model

    points = np.random.default_rng(0).uniform(0, 300, (66, 2)).astype(np.float32)
    assert box_of_landmarks(points) == pytest.approx(of_the_model(points))


@pytest.mark.parametrize("box", [(5, 0, 5, 9), (0, 9, 5, 0), (8, 0, 5, 9), (NAN, 0, 5, 9), (0, 0, INF, 9)])
def test_a_box_needs_an_inside(box):
    with pytest.raises(Unusable, match="it must be finite x0 < x1 and y0 < y1") as refused:
        checked_box(*box)
    assert refused.value.kind == "bad number"


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ((900, 900, 1200, 1200), "box is 900, 900, 1200, 1200, outside of the picture of 80 x 60 pixels"),
        ((-50, -50, -1, -1), "outside of the picture"),
        ((60, 40, 110, 90), "mostly outside of the picture"),
        ((0.2, 0.1, 0.8, 0.9), "no face in the picture of 80 x 60 pixels; allowed are pixels"),
        ((-0.1, -0.1, 1.1, 1.1), "no face in the picture"),
    ],
)
def test_a_box_that_holds_no_picture_is_refused(box, message):
    with pytest.raises(Unusable, match=message):
        check_in_picture("box", box, SIZE)


@given(st.floats(-200, 200), st.floats(-200, 200), st.floats(3, 300), st.floats(3, 300))
def test_a_box_is_taken_when_half_of_it_is_in_the_picture(x, y, width, height):
    corners = np.clip([x, x + width], 0, SIZE[0]), np.clip([y, y + height], 0, SIZE[1])
    share = np.prod([high - low for low, high in corners]) / (width * height)
    try:
        check_in_picture("box", (x, y, x + width, y + height), SIZE)
    except Unusable:
        assert share < 0.5 + 1e-9
    else:
        assert share > 0.5 - 1e-9


def test_landmarks_in_pixels_in_shares_and_beside_the_picture():
    points = np.random.default_rng(0).uniform(5, 55, (66, 2)).astype(np.float32)
    same, shares = landmarks_in_picture(points, SIZE)
    assert same is points and not shares
    scaled, shares = landmarks_in_picture(points / np.float32(SIZE), SIZE)
    assert shares and scaled == pytest.approx(points, rel=1e-5)
    with pytest.raises(Unusable, match=r"landmarks' extent is .* outside of the picture of 80 x 60 pixels"):
        landmarks_in_picture(points + 900, SIZE)


@pytest.mark.parametrize("suffix", ["png", "jpg"])
@pytest.mark.parametrize("orientation", [None, 3, 6])
def test_the_size_is_that_of_the_upright_picture(tmp_path, suffix, orientation):
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    path = tmp_path / f"a.{suffix}"
    Image.new("RGB", SIZE).save(path, exif=exif)
    assert picture_size(path) == (SIZE[::-1] if orientation == 6 else SIZE)


def test_a_file_that_is_no_picture_has_no_size(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"GIF?")
    with pytest.raises(Unusable, match="cannot be decoded"):
        picture_size(path)
