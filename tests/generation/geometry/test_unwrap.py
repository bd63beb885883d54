"""Flattening a surface with one rim."""

import numpy as np
import pytest

from generation.geometry.unwrap import cut_open, flatten, rims

SIDE = 15


def grid(height=lambda x, y: 0 * x, seed=0):
    """A square sheet (SIDE x SIDE vertices), uneven inside, counter-clockwise from above."""
    x, y = np.meshgrid(*2 * [np.linspace(-1, 1, SIDE)])
    inside = (np.abs(x) < 1) & (np.abs(y) < 1)
    x, y = (v + inside * np.random.default_rng(seed + k).uniform(-0.04, 0.04, v.shape) for k, v in enumerate((x, y)))
    points = np.stack([x, y, height(x, y)], axis=2).reshape(-1, 3)
    first = (np.arange(SIDE - 1)[:, None] * SIDE + np.arange(SIDE - 1)).ravel()
    quads = np.stack([first, first + 1, first + SIDE + 1, first + SIDE], axis=1)
    return points, quads[:, [[0, 1, 2], [0, 2, 3]]].reshape(-1, 3)


def areas(places, triangles):
    a, b, c = (places[triangles[:, k]] for k in range(3))
    return 0.5 * ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])


def on_a_circle(count):
    turn = 2 * np.pi * np.arange(count) / count
    return 0.5 + 0.5 * np.stack([np.cos(turn), np.sin(turn)], axis=1)


def test_a_flat_sheet_stays_as_it_is():
    points, triangles = grid()
    (rim,) = rims(triangles)
    places = flatten(points, triangles, rim, points[rim, :2], np.ones(len(points)), rounds=1)
    assert np.allclose(places, points[:, :2], atol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_no_triangle_of_a_rough_hill_is_flipped_or_covers_another(seed):
    points, triangles = grid(lambda x, y: 3 * np.exp(-3 * (x**2 + y**2)) + 0.2 * np.sin(9 * x) * y, seed)
    (rim,) = rims(triangles)
    at = on_a_circle(len(rim))
    wanted = np.random.default_rng(seed).uniform(0.3, 2, len(points))
    places = flatten(points, triangles, rim, at, wanted)
    assert (areas(places, triangles) > 0).all() and np.array_equal(places[rim], at)
    following = np.roll(at, -1, axis=0)
    outline = 0.5 * (at[:, 0] * following[:, 1] - at[:, 1] * following[:, 0]).sum()
    assert areas(places, triangles).sum() == pytest.approx(outline)  # with no flip, nothing is covered twice


def test_what_is_wanted_larger_gets_larger_and_a_hill_its_share():
    points, triangles = grid(lambda x, y: 2 * np.exp(-4 * (x**2 + y**2)))
    (rim,) = rims(triangles)
    middle = (np.linalg.norm(points[:, :2], axis=1) < 0.4)[triangles].all(axis=1)

    def share(wanted, rounds=10):
        return areas(flatten(points, triangles, rim, on_a_circle(len(rim)), wanted, rounds), triangles)[middle].sum()

    even = share(np.ones(len(points)))
    larger = share(np.where(np.linalg.norm(points[:, :2], axis=1) < 0.45, 2.0, 1.0))
    assert even > 1.5 * share(np.ones(len(points)), rounds=1)  # which Floater's map alone would press together
    assert larger > 1.3 * even


def test_rims_are_loops_with_the_surface_to_their_left():
    points, triangles = grid()
    hole = (np.abs(points[:, :2]) < 0.3).all(axis=1)[triangles].all(axis=1)
    outer, inner = sorted(rims(triangles[~hole]), key=len, reverse=True)
    assert len(outer) == 4 * (SIDE - 1) and len(inner) < len(outer)
    for loop, sign in ((outer, 1), (inner, -1)):
        x, y = points[loop, :2].T
        assert sign * (x * np.roll(y, -1) - y * np.roll(x, -1)).sum() > 0


def test_a_sheet_cut_open_has_one_longer_rim_and_the_same_triangles():
    points, triangles = grid()
    row = SIDE // 2 * SIDE
    path = row + np.arange(SIDE // 2, SIDE)  # from the middle to the rim
    cut, copies = cut_open(triangles, path, len(points))
    assert np.array_equal(copies, path[1:]) and cut.shape == triangles.shape
    of_vertex = np.concatenate([np.arange(len(points)), copies])
    assert np.array_equal(of_vertex[cut], triangles)
    (rim,) = rims(cut)
    assert len(rim) == 4 * (SIDE - 1) + 2 * len(copies)
    assert np.array_equal(np.sort(of_vertex[rim])[np.isin(np.sort(of_vertex[rim]), path[1:])], np.repeat(path[1:], 2))
    above = points[triangles].mean(axis=1)[:, 1] > points[path, 1].mean()
    copied = (cut >= len(points)).any(axis=1)
    beside = np.isin(triangles, path[1:]).any(axis=1)
    assert np.array_equal(copied, beside & above)  # on the left side of the path alone
