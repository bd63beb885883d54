import numpy as np

from generation.geometry.mesh import uv_sphere
from generation.geometry.seams import join_seams, open_vertices, parts_of


def sheet(n: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """A flat square of n x n quads as triangles."""
    points = np.array([[x, y, 0] for y in range(n + 1) for x in range(n + 1)], float)
    corners = np.array([y * (n + 1) + x for y in range(n) for x in range(n)])
    right, up, across = corners + 1, corners + n + 1, corners + n + 2
    return points, np.concatenate([np.stack([corners, right, across], 1), np.stack([corners, across, up], 1)])


def cut(points: np.ndarray, triangles: np.ndarray, x: float, where=None) -> tuple[np.ndarray, np.ndarray]:
    """The mesh with a second vertex for each on the line `x`, used by the triangles to the right; `where`: which."""
    split = np.flatnonzero((points[:, 0] == x) & (True if where is None else where(points)))
    new = np.arange(len(points))
    new[split] = len(points) + np.arange(len(split))
    right = points[triangles].mean(axis=1)[:, 0] > x
    return np.concatenate([points, points[split]]), np.where(right[:, None], new[triangles], triangles)


def pieces(points, triangles) -> int:
    return len(np.unique(parts_of(triangles, len(points))[triangles]))


def test_a_surface_without_seams_is_left_as_it_is():
    ball, triangles = uv_sphere()
    assert join_seams(ball, triangles) is triangles
    points, flat = sheet()
    assert (join_seams(points, flat) == flat).all()


def test_seams_are_joined_and_numbers_are_those_of_the_file():
    points, triangles = sheet()
    split = cut(points, triangles, 3.0)
    assert pieces(*split) == 2
    assert (join_seams(*split) == triangles).all()


def test_triangles_with_vertices_of_their_own_become_one_surface():
    ball, triangles = uv_sphere()
    soup, own = ball[triangles].reshape(-1, 3), np.arange(triangles.size).reshape(-1, 3)
    joined = join_seams(soup, own)
    assert pieces(soup, joined) == 1 and not len(open_vertices(joined, len(soup)))
    assert np.allclose(soup[joined], ball[triangles])
    assert (joined <= own).all()  # the first vertex at each place


def test_rounding_does_not_keep_seams_open():
    ball, triangles = uv_sphere()
    soup = ball[triangles].reshape(-1, 3) + np.random.default_rng(0).normal(0, 1e-6, (triangles.size, 3))
    joined = join_seams(soup, np.arange(triangles.size).reshape(-1, 3))
    assert pieces(soup, joined) == 1 and not len(open_vertices(joined, len(soup)))


def test_a_slit_whose_sides_touch_can_be_left_open():
    points, triangles = sheet()
    split = cut(points, triangles, 3.0, lambda p: (p[:, 1] > 1) & (p[:, 1] < 5))
    assert pieces(*split) == 1
    assert (join_seams(*split) == triangles).all()
    assert (join_seams(*split, within_parts=False) == split[1]).all()


def test_surfaces_that_touch_inside_stay_apart():
    points, triangles = sheet()
    both = np.concatenate([points, points * (0.25, 0.25, 1) + (2, 2, 0)])  # corners of the small one are vertices
    twice = np.concatenate([triangles, triangles + len(points)])
    assert pieces(both, join_seams(both, twice)) == 2


def test_vertices_that_are_not_finite_join_nothing():
    points, triangles = sheet()
    split, own = cut(points, triangles, 3.0)
    split[triangles[0, 0]] = np.nan
    assert pieces(split, join_seams(split, own)) == 1
