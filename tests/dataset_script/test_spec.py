import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset_script.claim import changed_settings
from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.spec import PRESETS, Spec

specs = st.builds(
    Spec,
    preset=st.sampled_from(PRESETS),
    identities=st.integers(1, 99_999),
    size=st.integers(32, 1024).map(lambda half: 2 * half),
    seed=st.integers(0, 2**63 - 1),
    others=st.integers(0, 40),
    references=st.integers(0, 20),
    geometry=st.booleans(),
    identities_per_shard=st.none() | st.integers(1, 1000),
    heatmap_scale_mm=st.floats(0.001, 100),
    head_motion=st.floats(0, 2),
    jpeg_quality=st.integers(1, 100),
)


@given(specs)
def test_json_round_trip_keeps_the_spec_and_its_hash(spec):
    again = Spec.from_json(spec.to_json())
    assert again == spec
    assert again.to_json() == spec.to_json()
    assert again.hash == spec.hash


def test_meshes_are_a_part_of_the_geometry():
    with pytest.raises(InvalidInput, match="mesh is True; allowed: only where geometry is True too"):
        Spec(mesh=True)
    assert Spec(geometry=True, mesh=True).hash != Spec(geometry=True).hash


@given(specs, specs)
def test_hashes_differ_exactly_when_specs_differ(one, other):
    assert (one.hash == other.hash) == (one == other) == (not changed_settings(one.to_dict(), other.to_dict()))


def test_json_is_canonical_whatever_the_order_and_number_type():
    shuffled = json.dumps(dict(reversed(Spec(heatmap_scale_mm=12).to_dict().items())), indent=3)
    assert Spec.from_json(shuffled).hash == Spec(heatmap_scale_mm=12.0).hash


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("preset", "fair", "paper, balanced"),
        ("identities", 0, "1 to 99999"),
        ("identities", 100_000, "1 to 99999"),
        ("identities", 2.0, "an integer"),
        ("identities", True, "an integer"),
        ("identities", "24", "an integer"),
        ("others", 41, "0 to 40"),
        ("references", -1, "0 to 20"),
        ("size", -256, "64 to 2048"),
        ("size", 2050, "64 to 2048"),
        ("size", 255, "even"),
        ("seed", -1, "0 to"),
        ("seed", 2**63, "0 to"),
        ("head", "Make Human", "lower-case"),
        ("head_file", "0" * 63, "64 hexadecimal digits"),
        ("rig", None, "lower-case"),
        ("look", ["procedural"], "lower-case"),
        ("renderer", "", "lower-case"),
        ("pspi", "paper", "uniform, clinical, dementia"),
        ("geometry", 1, "true or false"),
        ("identities_per_shard", 0, "1 to 1000"),
        ("heatmap_scale_mm", 0, "above 0"),
        ("heatmap_scale_mm", float("nan"), "above 0"),
        ("heatmap_scale_mm", "12", "above 0"),
        ("head_motion", -0.1, "0 to 2"),
        ("head_motion", 2.5, "0 to 2"),
        ("head_motion", True, "0 to 2"),
        ("jpeg_quality", 101, "1 to 100"),
        ("version", 0, "1 to"),
    ],
)
def test_bad_fields_are_refused_by_name_value_and_what_is_allowed(field, value, allowed):
    with pytest.raises(InvalidInput, match=field) as refusal:
        Spec(**{field: value})
    assert repr(value) in str(refusal.value)
    assert allowed in str(refusal.value)


def test_unknown_fields_and_other_json_are_refused():
    with pytest.raises(InvalidInput, match="'colour'"):
        Spec.from_json('{"colour": "red"}')
    for text in ("", "{", "[1]", "null"):
        with pytest.raises(InvalidInput):
            Spec.from_json(text)


@pytest.mark.parametrize(("identities", "per_shard"), [(1, 4), (24, 4), (400, 4), (401, 5), (1000, 10), (2500, 16)])
def test_shards_grow_with_the_dataset(identities, per_shard):
    assert Spec(identities=identities).identities_per_shard == per_shard


def test_load_takes_a_file_or_a_directory(tmp_path):
    spec = Spec(identities=7, seed=3)
    (tmp_path / "spec.json").write_text(spec.to_json())
    assert Spec.load(tmp_path) == Spec.load(tmp_path / "spec.json") == spec
    with pytest.raises(WorkFailed, match=r"nowhere"):
        Spec.load(tmp_path / "nowhere")
    (tmp_path / "spec.json").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidInput, match=r"spec\.json"):
        Spec.load(tmp_path)
