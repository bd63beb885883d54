from dataclasses import fields

import pyarrow.parquet as pq
import pytest
from fake_builder import FakePain3D

from dataset_script.builder import Pain3DConfig
from dataset_script.errors import InvalidInput
from dataset_script.features import FEATURES
from dataset_script.spec import PAINTED_ONLY, Spec


def build(tmp_path, *args, **kwargs):
    return FakePain3D(*args, cache_dir=str(tmp_path), **kwargs)


def column(path, folder, name):
    """A column of all shards of a folder, by frame."""
    table = pq.read_table(path / folder, columns=["frame_id", name])
    return dict(zip(table["frame_id"].to_pylist(), table[name].to_pylist(), strict=True))


@pytest.mark.parametrize(
    ("config", "folder", "picture"),
    [("default", "data", "image"), ("pairs", "pairs", "neutral_image"), ("geometry", "geometry", "depth")],
)
def test_its_rows_are_those_of_generate(dataset, tmp_path, config, folder, picture):
    builder = build(tmp_path, config, identities=6, size=64)
    builder.download_and_prepare()
    splits = builder.as_dataset()
    assert splits["train"].features == FEATURES[config]
    made = {}
    for rows in splits.values():
        for row in rows.with_format("arrow"):
            made[row["frame_id"][0].as_py()] = row[picture][0].as_py()["bytes"]
    assert made == {key: value["bytes"] for key, value in column(dataset, folder, picture).items()}


def test_two_processes_give_the_same_rows(tmp_path):
    alone, shared = build(tmp_path / "1", identities=20, size=64), build(tmp_path / "2", identities=20, size=64)
    alone.download_and_prepare()
    shared.download_and_prepare(num_proc=2)
    one, two = (builder.as_dataset(split="train").with_format("arrow")[:] for builder in (alone, shared))
    assert one.num_rows == 14 * 33
    assert one.equals(two)


def test_streaming_makes_frames_as_they_are_asked_for(tmp_path, dataset):
    stream = build(tmp_path, "pairs", identities=6, size=64).as_streaming_dataset(split="validation")
    row = next(iter(stream))
    assert row["image"].size == (64, 64)
    assert row["prompt"] == column(dataset, "pairs", "prompt")[row["frame_id"]]


def test_caches_of_two_specs_never_mix(tmp_path):
    options = [{}, {"seed": 1}, {"size": 64}, {"identities": 24}, {"preset": "balanced"}, {"jpeg_quality": 50}]
    places = {build(tmp_path, **kwargs).cache_dir for kwargs in options}
    places |= {build(tmp_path, config).cache_dir for config in ("pairs", "geometry")}
    assert len(places) == len(options) + 2
    assert build(tmp_path).cache_dir == build(tmp_path, "default", identities=2500, preset="paper").cache_dir


OF_THE_SPEC = {
    "preset": "balanced",
    "identities": 7,
    "size": 66,
    "seed": 5,
    "head": "mesh",
    "rig": "neural",
    "look": "other",
    "renderer": "cycles",
    "pspi": "uniform",
    "others": 3,
    "references": 2,
    "mesh": True,
    "scene": "studio",
    "identities_per_shard": 3,
    "heatmap_scale_mm": 4.5,
    "jpeg_quality": 50,
    "head_motion": 0,
    "head_file": "0" * 64,
}


def test_every_field_of_the_spec_is_an_argument_and_reaches_it():
    assert {field.name for field in fields(Spec)} == {*OF_THE_SPEC, *PAINTED_ONLY, "geometry", "version"}
    for name, value in OF_THE_SPEC.items():
        assert getattr(Pain3DConfig(name="geometry", **{name: value}).spec, name) == value
    whole = Pain3DConfig(name="geometry", **OF_THE_SPEC).spec
    assert whole == Spec(geometry=True, **OF_THE_SPEC)


@pytest.mark.parametrize("arguments", [{"head_motion": 0}, {"rig": "neural"}, {"seed": 0}])
def test_arguments_of_the_builder_reach_the_spec(tmp_path, arguments):
    """0 is a value, not an absent one."""
    assert build(tmp_path, **arguments).config.spec == Spec(**arguments)
    assert build(tmp_path, "geometry", **arguments).config.spec == Spec(geometry=True, **arguments)


def test_geometry_is_a_configuration_and_no_argument(tmp_path):
    with pytest.raises(ValueError, match="geometry"):
        build(tmp_path, geometry=True)


def test_bad_options_are_refused_at_once(tmp_path):
    with pytest.raises(InvalidInput, match="size is -64"):
        build(tmp_path, size=-64)
    with pytest.raises(InvalidInput, match=r"'heads'.*default, pairs, references, geometry"):
        build(tmp_path, "heads")
    with pytest.raises(ValueError, match="colour"):
        build(tmp_path, colour="red")
