"""Kept pictures: decoded once, whatever the number of processes."""

import multiprocessing
import pickle

import numpy as np
import pytest

from modeling_vitpain.frames.kept_pictures import KeptPictures

SHAPE = (4, 5, 3)


def _picture(value: int) -> np.ndarray:
    return np.full(SHAPE, value, np.uint8)


def test_a_picture_is_absent_until_it_is_kept():
    kept = KeptPictures(3, SHAPE)
    kept.put(1, _picture(0))  # a black one counts as kept too
    assert kept.get(0) is None and kept.get(2) is None
    np.testing.assert_array_equal(kept.get(1), _picture(0))


def test_no_pictures_at_all():
    KeptPictures(0, SHAPE)


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="processes are spawned here")
def test_forked_processes_share_what_each_of_them_keeps():
    kept = KeptPictures(8, SHAPE)
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=kept.put, args=(k, _picture(k))) for k in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 8
    np.testing.assert_array_equal(np.stack([kept.get(k) for k in range(8)]), np.stack([_picture(k) for k in range(8)]))


def test_a_copy_for_a_spawned_process_begins_empty():
    kept = KeptPictures(2, SHAPE)
    kept.put(0, _picture(7))
    copy = pickle.loads(pickle.dumps(kept))
    assert copy.get(0) is None
    copy.put(1, _picture(9))
    assert kept.get(1) is None
