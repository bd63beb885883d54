import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from generation.streams import stream


def test_golden():
    """These numbers may never change: every frame ever made depends on them."""
    assert stream(0, "plan.view", 17, view=1).integers(0, 2**32, 3).tolist() == [3274528202, 2791899831, 3102938029]
    assert stream(2**63 - 1, "look", None).random(2).tolist() == [0.775764835391953, 0.9592924570045573]


def test_same_name_same_numbers_whatever_was_drawn_before():
    first = stream(5, "look", 1, 2, 0)
    first.random(1000)
    np.testing.assert_array_equal(stream(5, "look", 1, 2, 0).random(10), stream(5, "look", 1, 2, 0).random(10))


def test_every_part_of_the_name_counts():
    names = itertools.product((0, 1), ("a", "b"), (None, 0, 1), (None, 0, 1), (None, 0, 1))
    draws = {stream(*name).integers(2**63) for name in names}
    assert len(draws) == 2 * 2 * 3 * 3 * 3


@given(st.integers(0, 2**63 - 1), st.integers(0, 99_999))
def test_numpy_integers_name_the_same_stream(seed, identity):
    assert stream(np.int64(seed), "s", np.int32(identity)).random() == stream(seed, "s", identity).random()


def test_streams_are_independent():
    draws = np.array([stream(0, "s", identity).random(4) for identity in range(2000)])
    correlation = np.corrcoef(np.concatenate([draws[:-1], draws[1:]], axis=1).T)
    assert np.abs(correlation - np.eye(8)).max() < 0.1  # 4.5 standard errors
    assert abs(draws.mean() - 0.5) < 0.02
