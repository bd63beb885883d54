import subprocess
import sys

import pytest
from datasets import Features
from hypothesis import given
from hypothesis import strategies as st

from dataset_script.errors import InvalidInput
from dataset_script.features import FEATURES
from dataset_script.vocabulary import SPLIT_RATIO, format_frame_id, parse_frame_id


@given(st.integers(0, 99_999), st.integers(0, 50), st.integers(0, 2))
def test_frame_ids_round_trip(identity, expression, view):
    text = format_frame_id(identity, expression, view)
    assert len(text) == 10
    assert parse_frame_id(text) == (identity, expression, view, 0)


def test_frame_id_of_the_contract():
    assert format_frame_id(17, 4, 1) == "00017-04-1"


@given(st.text() | st.from_regex(r"\d{4,6}-\d{1,3}-\d{1,2}", fullmatch=True))
def test_any_text_is_an_id_or_refused(text):
    try:
        key = parse_frame_id(text)
    except InvalidInput as refusal:
        assert repr(text) in str(refusal)
    else:
        assert parse_frame_id(format_frame_id(*key)) == key


@pytest.mark.parametrize("text", ["00017-51-0", "00017-04-3", "17-4-1", "00017-04-1\n", " 00017-04-1", "00017_04_1"])
def test_near_misses_are_refused(text):
    with pytest.raises(InvalidInput, match="frame_id"):
        parse_frame_id(text)


@pytest.mark.parametrize("config", FEATURES)
def test_features_survive_yaml(config):
    assert Features._from_yaml_list(FEATURES[config]._to_yaml_list()) == FEATURES[config]


def test_split_ratio_is_that_of_the_paper():
    assert sum(SPLIT_RATIO) == 2500


def test_errors_come_without_datasets():
    """`pain3d --help` must be quick: the package and its errors import nothing heavy."""
    code = "import sys, dataset_script.errors; sys.exit('datasets' in sys.modules or 'pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
