"""The measures of how much people differ, on shapes whose truth is known."""

import numpy as np
import pytest

from benchmarks.spread import DISTANCES, MEASURED, pair_distances, within


def test_what_groups_differ_by_does_not_count():
    values, group = np.array([1.0, 3.0, 11.0, 13.0]), np.array(["a", "a", "b", "b"])
    assert within(values, group) == pytest.approx(np.sqrt(4 / 2))


def test_pairs_and_nearest():
    shapes = np.zeros((3, 5, 3))
    shapes[1, :, 0], shapes[2, :, 0] = 1.0, 4.0
    mean, nearest = pair_distances(shapes)
    assert mean == pytest.approx((1 + 4 + 3) / 3) and nearest.tolist() == [1, 1, 3]


def test_every_measured_distance_is_one_of_ours():
    assert set(MEASURED) < set(DISTANCES)
