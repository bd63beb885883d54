import re

import numpy as np
import pytest

from dataset_script.errors import InvalidInput
from generation.geometry.checks import check_surface
from generation.geometry.mesh import uv_sphere
from generation.geometry.repair import mend

BALL, TRIANGLES = uv_sphere(20, 28)
NUMBERS = np.arange(len(BALL)) + 1000
A, B, C = TRIANGLES[300]


def mended(triangles, vertices=BALL):
    found = mend(vertices, np.asarray(triangles), np.arange(len(vertices)) + 1000)
    check_surface(vertices[found.source], found.triangles)
    return found


def with_cap():
    """A vertex in the middle of an edge, and a triangle without area between it and the edge."""
    vertices = np.concatenate([BALL, [(BALL[A] + BALL[B]) / 2]])
    n = len(BALL)
    return vertices, np.concatenate([np.delete(TRIANGLES, 300, 0), [[A, n, C], [n, B, C], [A, B, n]]])


def test_a_sound_surface_is_left_as_it_is():
    found = mended(TRIANGLES)
    assert found.faults == found.mended == ()
    assert (found.triangles == TRIANGLES).all() and (found.source == np.arange(len(BALL))).all()


@pytest.mark.parametrize(
    ("triangles", "fault", "done", "removed"),
    [
        ([*TRIANGLES, [B, C, A]], rf"{B + 1000}-{C + 1000}-{A + 1000} at \(.* stands twice", "1 doubled", 1),
        ([*TRIANGLES, [C, B, A]], "stands twice", "1 doubled", 1),
        ([*TRIANGLES, [A, B, 5]], "is in 3 triangles, allowed is 2", "1 triangles at edges", 1),
        ([*TRIANGLES, [A, A, B]], "has no area", "1 triangles without area", 1),
    ],
)
def test_bad_triangles_are_named_by_number_and_place_and_removed(triangles, fault, done, removed):
    found = mended(triangles)
    (line,) = found.faults
    assert str(B + 1000) in line and "at (" in line
    assert re.search(fault, line) and done in found.mended[0]
    assert len(found.triangles) == len(triangles) - removed


def test_turned_triangles_are_turned_back():
    turned = TRIANGLES.copy()
    turned[[10, 300, 301]] = turned[[10, 300, 301], ::-1]
    found = mended(turned)
    assert "oriented against each other" in found.faults[0] and found.mended == ("3 triangles turned round",)
    assert np.linalg.det(BALL[found.source][found.triangles]).sum() > 0
    assert len(found.triangles) == len(TRIANGLES)


def test_a_vertex_between_two_fans_becomes_two():
    far = TRIANGLES[20][0]
    welded = TRIANGLES.copy()
    welded[welded == far] = A
    found = mended(welded)
    assert f"vertex {A + 1000} at (" in found.faults[0] and "separate fans" in found.faults[0]
    assert np.sum(found.source == A) == 2 and len(found.triangles) == len(TRIANGLES)


def test_triangles_without_area_between_three_vertices_are_removed():
    vertices, triangles = with_cap()
    found = mended(triangles, vertices)
    assert "has no area" in found.faults[0] and len(found.triangles) == len(triangles) - 1


def test_all_faults_are_named_at_once():
    turned = TRIANGLES.copy()
    turned[[10, 11]] = turned[[10, 11], ::-1]
    found = mended([*turned, [B, C, A], [A, B, 5], [7, 7, 8]])
    for word in ("no area", "stands twice", "in 3 triangles", "oriented against"):
        assert sum(word in fault for fault in found.faults) == 1, word
    assert len(found.mended) == 4


def test_more_than_a_few_are_not_repaired():
    many = np.concatenate([TRIANGLES, np.stack([TRIANGLES[:100, 0], TRIANGLES[:100, 0], TRIANGLES[:100, 1]], 1)])
    with pytest.raises(InvalidInput, match=r"100 of 1,164 triangles cannot be kept.*has no area"):
        mend(BALL, many, NUMBERS)


@pytest.mark.parametrize(
    "flatten", [lambda points: 0 * points, lambda points: points * (0, 1, 0)], ids=["one place", "one line"]
)
def test_a_mesh_whose_triangles_all_lack_area_is_refused_in_one_line(flatten):
    with pytest.raises(InvalidInput, match=r"1,064 of 1,064 triangles cannot be kept.*has no area") as refusal:
        mend(flatten(BALL), TRIANGLES, NUMBERS)
    assert "\n" not in str(refusal.value)


def test_a_mesh_of_nothing_but_crowded_edges_is_refused_in_one_line():
    pages = np.array([[0, 1, k] for k in range(2, 6)])
    points = np.random.default_rng(0).normal(size=(6, 3))
    with pytest.raises(InvalidInput, match=r"of 4 triangles cannot be kept.*is in 4 triangles"):
        mend(points, pages, np.arange(6))


def test_a_surface_of_one_side_is_refused():
    angle = np.linspace(0, np.pi, 12, endpoint=False)
    side = np.stack([np.cos(angle) * np.cos(2 * angle), np.cos(angle) * np.sin(2 * angle), np.sin(angle)], 1)
    ring = np.stack([np.cos(2 * angle), np.sin(2 * angle), 0 * angle], 1)
    points = np.concatenate([2 * ring + 0.5 * side, 2 * ring - 0.5 * side])
    band = []
    for k in range(12):
        upper, lower = (k + 1, k + 13) if k < 11 else (12, 0)  # half a turn: the sides change
        band += [[k, upper, lower], [k, lower, k + 12]]
    with pytest.raises(InvalidInput, match="one side only"):
        mend(points, np.array(band), np.arange(24))
