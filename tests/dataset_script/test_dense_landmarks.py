"""The dense landmarks are a fixed list; it is part of the format."""

import hashlib
from itertools import pairwise

from dataset_script.dense_landmarks import DENSE_MIRROR, DENSE_REGIONS, DENSE_VERTICES, NUM_DENSE_LANDMARKS


def test_the_list_is_the_one_that_data_were_made_with():
    digest = hashlib.sha256(repr(DENSE_VERTICES).encode()).hexdigest()
    assert (NUM_DENSE_LANDMARKS, digest[:16]) == (500, "d00d764c81d0d79f")
    assert len(set(DENSE_VERTICES)) == 500


def test_regions_follow_each_other_and_hold_all():
    spans = list(DENSE_REGIONS.values())
    assert spans[0] == (0, 68) and spans[-1][1] == 500
    assert all(before[1] == after[0] < after[1] for before, after in pairwise(spans))


def test_sides_are_mirrored_pair_by_pair():
    assert [DENSE_MIRROR[k] for k in DENSE_MIRROR] == list(range(500))
    assert DENSE_MIRROR[36] == 45 and DENSE_MIRROR[48] == 54 and DENSE_MIRROR[8] == 8  # iBUG
    for name, (first, end) in DENSE_REGIONS.items():
        other = name.replace("right", "left") if "right" in name else name.replace("left", "right")
        start, stop = DENSE_REGIONS[other]
        mirrored = [DENSE_MIRROR[k] for k in range(first, end)]
        assert sorted(mirrored) == list(range(start, stop))
        if name.endswith("right"):
            assert mirrored == list(range(start, stop))
