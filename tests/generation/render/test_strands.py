"""Strands: how much of a picture they cover, where their highlights are, and what they do not depend on."""

from itertools import pairwise

import numpy as np
import pytest

from generation.appearance.places.light import Light
from generation.geometry.shadows import ShadowMaps
from generation.kernels import kernel
from generation.render.raster.mesh import Viewpoint
from generation.render.raster.strand_light import FIRST_SHIFT, SECOND_SHIFT, lobe, strand_colour
from generation.render.raster.strands import COVERED, Layer, SampleBuffer, Strands, draw_segment, draw_strands

SIDE = 64
FLAT = np.array([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
"""A projection that leaves x and y (samples) as they are, at depth 1."""
OPEN = ShadowMaps(np.full((3, 8, 8), np.inf, np.float32), np.zeros((3, 3, 4), np.float32))
WHITE = Light.plain(
    direction=np.array([[0, 0, 1], [0, 0, 1], [0, 0, 1]]),
    colour=np.array([[1, 1, 1], [0, 0, 0], [0, 0, 0]]),
    sky=np.zeros(3),
    ground=np.zeros(3),
)


def blank() -> Layer:
    return Layer(np.zeros((SIDE, SIDE, 5), np.float32), np.zeros((SIDE, SIDE), np.bool_), 0, 0)


def line(layer: Layer, start, end, widths, wall: float = 1e9, bias: float = 0.5) -> np.ndarray:
    """Coverage (SIDE, SIDE) after a line of `widths` at its ends (samples) is drawn into the `layer`."""
    ends = np.array([[*start, 1.0], [*end, 1.0]], np.float32)
    colour, depth = np.ones(3, np.float32), np.full((SIDE, SIDE), wall, np.float32)
    widths = np.float32(widths[0]), np.float32(widths[1])
    draw_segment(layer, depth, ends[0], ends[1], widths, colour, colour, bias)
    return layer.values[..., COVERED]


def strands_of(points, width=1.0, tip=1.0, **changes) -> Strands:
    points = np.asarray(points, np.float32)
    count = len(points)
    fields = {
        "points": points,
        "tint": np.full((count, 3), 0.2, np.float32),
        "buried": np.zeros(count, np.float32),
        "width": np.full(count, width, np.float32),
        "tip": np.float32(tip),
        "middle": np.zeros(3, np.float32),
        "shine": 0.6,
        "bias": 0.6,
        "code": 4,
    }
    return Strands(**fields | changes)


def drawn(strands: Strands) -> SampleBuffer:
    """Strands in samples, seen straight from the front, over white."""
    buffer = SampleBuffer(
        np.ones((SIDE, SIDE, 3), np.float32), np.full((SIDE, SIDE), 1e9, np.float32), np.zeros((SIDE, SIDE), np.uint8)
    )
    viewpoint = Viewpoint(np.array([0, 0, 1000], np.float32), 2.0, FLAT)
    draw_strands(strands, WHITE, OPEN, viewpoint, buffer)
    return buffer


@pytest.mark.parametrize("width", [0.2, 0.7, 1.0, 2.6])
@pytest.mark.parametrize("angle", [0, 13, 30, 45, 61, 90, 171, 250])
def test_a_strand_covers_its_length_times_its_width_wherever_it_lies(width, angle):
    rng = np.random.default_rng(angle)
    for _ in range(6):
        middle, along = (
            32 + rng.uniform(-1, 1, 2),
            20 * np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))]),
        )
        covered = line(blank(), middle - along, middle + along, (width, width))
        assert covered.max() <= 1 + 1e-5
        assert covered.sum() == pytest.approx(40 * width, rel=0.01)


def test_a_strand_that_tapers_covers_the_mean_of_its_widths():
    covered = line(blank(), (10.3, 12.8), (52.1, 30.4), (1.2, 0.2))
    assert covered.sum() == pytest.approx(0.7 * np.hypot(41.8, 17.6), rel=0.01)
    assert covered[:, 12].sum() > 3 * covered[:, 50].sum()


def test_strands_of_several_segments_cover_as_much_as_one():
    for joints in (2, 5, 9):
        layer = blank()
        at = np.linspace([8.4, 20.2], [50.7, 41.6], joints)
        for a, b in pairwise(at):
            covered = line(layer, a, b, (0.6, 0.6))
        assert covered.sum() == pytest.approx(0.6 * np.hypot(*(at[-1] - at[0])), rel=0.04)


def test_strands_over_each_other_never_cover_more_than_all():
    layer = blank()
    for _ in range(2):
        covered = line(layer, (10.0, 32.5), (50.0, 32.5), (0.6, 0.6)).copy()
    assert covered[32, 20:40] == pytest.approx(1 - 0.4**2, abs=1e-5)
    for _ in range(40):
        covered = line(layer, (10.0, 31.9), (50.0, 33.3), (1.4, 0.8))
    assert covered.max() <= 1 + 1e-6


def test_what_is_nearer_hides_a_strand_and_its_bias_lets_it_through():
    assert line(blank(), (10, 10), (50, 40), (1, 1), wall=0.7, bias=0.5).sum() > 30
    assert line(blank(), (10, 10), (50, 40), (1, 1), wall=0.3, bias=0.5).sum() == 0


def test_pixels_that_are_covered_at_least_half_are_named():
    across = np.array([[[4.0, 20.5, 1], [60.0, 20.5, 1]]])
    for width, named in ((0.8, False), (2.4, True)):
        buffer = drawn(strands_of(across, width))
        assert (buffer.cover[20:22, 20:40] == 4).all() == named
        assert (buffer.cover == 4).any() == named
        pixels = buffer.cover.reshape(SIDE // 2, 2, SIDE // 2, 2)
        assert (pixels.max(axis=(1, 3)) == pixels.min(axis=(1, 3))).all()


def test_ends_fade_out():
    buffer = drawn(strands_of([[[4.0, 20.5, 1], [32.0, 20.5, 1], [60.0, 20.5, 1]]], 0.9, 0.1))
    darker = 1 - buffer.colour[20, :, 0]
    assert darker[6] > 1.5 * darker[45] > 2 * darker[58] > 0


def test_the_picture_depends_on_depth_and_not_on_the_order_of_strands():
    near, far = [[4.0, 20.5, 0], [60.0, 20.5, 0]], [[4.0, 20.5, 0], [60.0, 20.5, 0]]
    tint = np.array([[0.9, 0, 0], [0, 0.9, 0]], np.float32)
    projection = FLAT + np.array([[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, -0.001, 0]])
    near = [[x, y, 50.0] for x, y, _ in near]

    def picture(order):
        points = np.array([near, far], np.float32)[order]
        buffer = SampleBuffer(
            np.ones((SIDE, SIDE, 3), np.float32), np.full((SIDE, SIDE), 1e9, np.float32),
            np.zeros((SIDE, SIDE), np.uint8),
        )  # fmt: skip
        viewpoint = Viewpoint(np.array([0, 0, 1000], np.float32), 2.0, projection)
        strands = strands_of(points, 1.0, tint=tint[order], shine=0.0)
        draw_strands(strands, WHITE, OPEN, viewpoint, buffer)
        return buffer.colour

    first, second = picture([0, 1]), picture([1, 0])
    assert np.array_equal(first, second)


@kernel
def _lobe(along, normal, half, shift):
    return lobe((along[0], along[1], along[2]), (normal[0], normal[1], normal[2]), (half[0], half[1], half[2]), shift)


def test_the_first_highlight_is_nearer_to_the_tip_and_the_second_nearer_to_the_root():
    """On a hair that runs down over a ball, from its top, seen and lit from the front."""
    angle = np.linspace(0.2, 2.9, 400)  # from the top
    along = np.stack([0 * angle, -np.sin(angle), np.cos(angle)], axis=1)
    normal = np.stack([0 * angle, np.cos(angle), np.sin(angle)], axis=1)
    half = np.array([0.0, 0.0, 1.0])
    brightest = {
        shift: angle[np.argmax([_lobe(t, n, half, shift) for t, n in zip(along, normal, strict=True)])]
        for shift in (FIRST_SHIFT, 0.0, SECOND_SHIFT)
    }
    assert brightest[SECOND_SHIFT] < brightest[0.0] - 0.03 < brightest[FIRST_SHIFT] - 0.06


@kernel
def _colour(strands, p, light, shadows, camera):
    return strand_colour(strands, 0, p, light, shadows, camera)


def test_the_first_highlight_has_the_colour_of_the_lamp_and_the_second_that_of_the_hair():
    angle = np.linspace(0.4, 2.7, 60)
    points = 100 * np.stack([0 * angle, np.cos(angle), np.sin(angle)], axis=1)[None]
    red = strands_of(points, tint=np.array([[0.30, 0.03, 0.03]], np.float32), shine=1.0)
    dull = red._replace(shine=0.0)
    camera = np.array([0, 0, 1000], np.float32)
    gloss = np.array(
        [np.subtract(_colour(red, p, WHITE, OPEN, camera), _colour(dull, p, WHITE, OPEN, camera)) for p in range(60)]
    )
    # the share of the highlight that is not tinted is largest where the first one is
    first, second = np.argmax(gloss[:, 2]), np.argmax(gloss[:, 0] - gloss[:, 2])
    assert first > second
    assert gloss[first, 2] > 0.02 and gloss[second, 0] > 3 * gloss[second, 2]


def test_light_comes_through_the_surface_of_hair_and_not_through_its_depth():
    against = WHITE._replace(direction=np.array([[0, 0, -1], [0, 0, 1], [0, 0, 1]], np.float32))
    points = np.array([[[0, 90, 30], [0, 95, 20], [0, 98, 10]]], np.float32)
    camera = np.array([0, 0, 1000], np.float32)
    thin, deep = (
        _colour(strands_of(points, buried=np.full(1, buried, np.float32)), 1, against, OPEN, camera)
        for buried in (0.0, 1.0)
    )
    assert thin[0] > 0.03 and deep[0] < 0.4 * thin[0]


def test_fewer_strands_for_a_small_picture_cover_as_much():
    rng = np.random.default_rng(0)
    start = rng.uniform([4, 4], [60, 60], (30000, 2))
    points = np.zeros((30000, 2, 3), np.float32)
    points[:, 0, :2], points[:, 1, :2] = start, start + rng.normal(0, 3, (30000, 2))
    many = strands_of(points, 0.02)
    few = drawn(many).colour
    darker = 1 - few.mean()
    expected = (np.linalg.norm(points[:, 1] - points[:, 0], axis=1) * 0.02).sum() / SIDE**2
    assert darker == pytest.approx((1 - np.exp(-expected)) * 0.93, abs=0.12)


def test_a_head_without_a_strand_to_be_seen_leaves_the_picture_as_it_is():
    np.testing.assert_array_equal(drawn(strands_of(np.zeros((0, 3, 3)))).colour, np.ones((SIDE, SIDE, 3)))
