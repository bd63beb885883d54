"""`pain3d generate` and `pain3d frame`, with a cheap maker in place of the pipeline."""

import io
import sys
import types

import numpy as np
import pyarrow.parquet as pq
import pytest
from directories import contents
from fake_maker import FakeMaker
from PIL import Image

import pain3d_cli
from dataset_script.spec import Spec
from generation.run.generate import generate


@pytest.fixture(autouse=True)
def cheap_pipeline(monkeypatch):
    module = types.ModuleType("generation.pipeline")
    module.FrameMaker = FakeMaker
    module.maker_with = lambda files, painting=None: FakeMaker
    monkeypatch.setitem(sys.modules, "generation.pipeline", module)


def call(*words) -> int:
    return pain3d_cli.main([str(word) for word in words])


def test_generate_writes_the_dataset_and_says_how_to_load_it(tmp_path, capsys):
    command = ("generate", tmp_path / "out", "--identities", 3, "--size", 64, "--seed", 5, "--geometry", "--workers", 1)
    assert call(*command) == 0
    out = capsys.readouterr().out
    assert "99 frames" in out
    assert f'load_dataset("{tmp_path / "out"}", "pairs")' in out
    generate(tmp_path / "direct", Spec(identities=3, size=64, seed=5, geometry=True), maker_factory=FakeMaker)
    assert contents(tmp_path / "out") == contents(tmp_path / "direct")
    assert call(*command) == 0
    assert "(0 made now)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--preset", "fair"], "preset is 'fair'; allowed: paper, balanced"),
        (["--size", "-256"], "size is -256; allowed: an integer from 64 to 2048"),
        (["--head", "blender"], "head is 'blender'; allowed: makehuman, ict, flame, mesh"),
        (["--workers", "0"], "workers is 0; allowed: 1 or more"),
    ],
)
def test_bad_options_are_one_line_and_exit_2(tmp_path, capsys, words, line):
    assert call("generate", tmp_path / "out", *words) == 2
    assert capsys.readouterr().err == f"pain3d: {line}\n"
    assert not (tmp_path / "out").exists()


def test_a_directory_of_another_spec_is_exit_2(tmp_path, capsys):
    assert call("generate", tmp_path, "--identities", 1, "--size", 64, "--workers", 1) == 0
    capsys.readouterr()
    assert call("generate", tmp_path, "--identities", 1, "--size", 64, "--workers", 1, "--seed", 1) == 2
    error = capsys.readouterr().err
    assert "holds another dataset: seed was 0 and is 1" in error
    assert error.count("\n") == 1


def test_frame_gives_the_row_as_jpeg_png_and_heatmap(tmp_path, capsys):
    spec = Spec(identities=4, size=64)
    generate(tmp_path / "pain3d", spec, maker_factory=FakeMaker)
    row = next(r for r in pq.read_table(tmp_path / "pain3d/data").to_pylist() if r["frame_id"] == "00002-03-1")
    jpg, png, heat = (tmp_path / name for name in ("f.jpg", "f.png", "h.png"))
    assert call("frame", tmp_path / "pain3d", "00002-03-1", "--out", jpg, "--heatmap", heat) == 0
    assert f"PSPI {row['pspi']}" in capsys.readouterr().out
    assert jpg.read_bytes() == row["image"]["bytes"]
    assert heat.read_bytes() == row["heatmap"]["bytes"]
    (tmp_path / "other.json").write_text(spec.to_json())
    assert call("frame", tmp_path / "other.json", "00002-03-1", "--out", png) == 0
    with Image.open(png) as one, Image.open(io.BytesIO(row["image"]["bytes"])) as other:
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


@pytest.mark.parametrize(
    ("frame_id", "out", "code", "line"),
    [
        ("17-4-1", "f.png", 2, "frame_id is '17-4-1'; it must look like '00017-04-1'"),
        ("00009-00-0", "f.png", 2, "identities of this dataset are 0 to 3"),
        ("00000-00-0", "f.gif", 2, "it must end in .jpg or .png"),
        ("00000-00-0", "nowhere/f.png", 1, "there is no directory"),
    ],
)
def test_frame_refuses_in_one_line(tmp_path, capsys, frame_id, out, code, line):
    (tmp_path / "spec.json").write_text(Spec(identities=4, size=64).to_json())
    assert call("frame", tmp_path, frame_id, "--out", tmp_path / out) == code
    error = capsys.readouterr().err
    assert line in error
    assert error.count("\n") == 1


def test_frame_of_no_dataset_is_exit_1(tmp_path, capsys):
    assert call("frame", tmp_path, "00000-00-0", "--out", tmp_path / "f.png") == 1
    assert "not a Pain3D dataset or spec" in capsys.readouterr().err
