"""Loaders that are compared give the same tensors, and ratios are to the best of a round."""

import pytest
from datasets import load_dataset

from benchmarks import formats


@pytest.fixture(scope="module")
def rows(dataset):
    return load_dataset(str(dataset), split="train").select(range(20))


@pytest.fixture(scope="module")
def made(rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("formats")
    formats.write(rows, folder)
    return formats.loaders(rows, folder, 16)


def test_a_folder_gives_the_tensors_of_parquet(made):
    ours, theirs, our_whole, their_whole = (
        [frames[k] for k in range(20)]
        for frames in (made[name]() for name in ("Parquet", "folder", "Parquet, whole", "folder, whole"))
    )
    assert formats.difference(ours, theirs) < 1e-6
    assert formats.difference(our_whole, their_whole) < 1e-6
    assert [int(item["labels"]) for item in ours] == [int(item["labels"]) for item in theirs]
    assert formats.difference(ours, our_whole) > 1e-3


def test_tar_files_give_the_tensors_of_parquet(made):
    pytest.importorskip("webdataset")
    ours = made["Parquet"]()
    assert formats.difference([ours[k] for k in range(20)], list(made["WebDataset"]())) < 1e-6


def test_ratios_are_to_the_best_of_a_round_that_decodes_in_every_epoch():
    runs = {
        "Parquet": [{"cpu": 2.0, "pictures": 5.0}, {"cpu": 4.0, "pictures": 1.0}],
        "folder": [{"cpu": 1.0, "pictures": 10.0}, {"cpu": 8.0, "pictures": 0.5}],
        formats.LATER: [{"cpu": 0.1, "pictures": 100.0}] * 2,
    }
    assert formats.ratios_to_best(runs, "Parquet", "cpu") == [2.0, 1.0]
    assert formats.ratios_to_best(runs, "Parquet", "pictures") == [0.5, 1.0]
    assert "3; 1.50 (1.00-2.00)" in formats.table({1: runs}, "cpu")
