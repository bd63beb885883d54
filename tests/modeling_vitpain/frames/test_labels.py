"""Labels of rows: the six units together, companions each by itself, and what a face does, where the data tell."""

import numpy as np
import pytest
import torch
from small_faces import processor, rows_of

from dataset_script.facs import AU_NAMES, EXTRA_AU_NAMES
from modeling_vitpain.frames.dataset import PainFrames
from modeling_vitpain.frames.labels import companion_array, pain_array

NAMES = [*AU_NAMES, "AU2", "AU12"]


@pytest.fixture(scope="module")
def rows():
    """Four frames of one person; of the companions one is told of, one is null, and one row is null."""
    rows = rows_of(range(1), 4, views=1)
    told = [
        {name: float(k) for k, name in enumerate(EXTRA_AU_NAMES)},
        {**dict.fromkeys(EXTRA_AU_NAMES, None), "AU12": 3.0},
        None,
        dict.fromkeys(EXTRA_AU_NAMES, 0.0),
    ]
    feature = rows.features["extra_au"]
    return rows.remove_columns("extra_au").add_column("extra_au", told, feature=feature)


def test_companions_come_by_name_and_are_nan_where_they_are_not_known(rows):
    nan = np.nan
    np.testing.assert_array_equal(companion_array(rows, ["AU2", "AU12"]), [[1, 2], [nan, 3], [nan, nan], [0, 0]])
    np.testing.assert_array_equal(companion_array(rows.remove_columns("extra_au"), ["AU2"]), [[nan]] * 4)
    assert companion_array(rows, []).shape == (4, 0)


def test_frames_give_the_units_of_the_model(rows):
    item = PainFrames(rows, processor(), au_names=NAMES)[1]
    assert item["au_labels"].dtype == torch.float32
    np.testing.assert_array_equal(item["au_labels"], [*rows[1]["au"], np.nan, 3])
    assert PainFrames(rows, processor())[1]["au_labels"].shape == (6,)


def test_pain_is_neither_neutral_nor_another_expression_nor_a_guess(rows):
    kinds = rows.remove_columns("expression_kind").add_column(
        "expression_kind", [0, 1, 2, None], feature=rows.features["expression_kind"]
    )
    np.testing.assert_array_equal(pain_array(kinds), np.float32([0, 1, 0, np.nan]))
    assert np.isnan(pain_array(rows.remove_columns("expression_kind"))).all()
    assert PainFrames(kinds, processor())[1]["pain_labels"].item() == 1
