import pytest

from dataset_script.claim import read_record
from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.manifest import read_manifest
from dataset_script.spec import Spec
from dataset_script.strict_json import parse_json

BAD = {
    "twice": ('{"a": 1, "b": {"a": 2, "a": 3}}', "the name 'a' twice"),
    "nan": ('{"a": NaN}', "it holds NaN"),
    "infinity": ("[1, -Infinity]", "it holds -Infinity"),
    "deep list": ("[" * 200_000, "too deep"),
    "deep object": ('{"a":' * 200_000, "too deep"),
    "long number": ("9" * 5000, "digits"),
    "cut": ('{"a": 1', "delimiter"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_programs_read_differently_is_refused(name):
    text, problem = BAD[name]
    with pytest.raises(ValueError, match=problem):
        parse_json(text)


def test_what_json_allows_is_read():
    assert parse_json('{"a": [1, 2.5, null, true, "x"], "b": {"a": {}}}') == {
        "a": [1, 2.5, None, True, "x"],
        "b": {"a": {}},
    }
    assert str(parse_json("[NaN, Infinity]", nan=True)) == "[nan, inf]"


@pytest.mark.parametrize("name", BAD)
def test_records_specs_and_manifests_are_read_so(name, tmp_path):
    (tmp_path / "manifest.jsonl").write_text(f"{BAD[name][0]}\n")
    with pytest.raises(WorkFailed, match=r"manifest.jsonl is damaged: line 1"):
        read_manifest(tmp_path)
    with pytest.raises(WorkFailed, match="is damaged"):
        read_record(tmp_path / "manifest.jsonl")
    with pytest.raises(InvalidInput, match="the spec is not JSON"):
        Spec.from_json(BAD[name][0])
