"""How a head's files enter the specification, the commands and the pipeline."""

import json

import numpy as np
import pytest
from fake_maker import FakeMaker

import pain3d_cli
from dataset_script.errors import InvalidInput
from dataset_script.spec import Spec
from generation.catalogue import check, open_head
from generation.heads.files import HeadFiles
from generation.pipeline import FrameMaker
from generation.plan import Plan
from generation.run.generate import generate


def call(*words) -> int:
    return pain3d_cli.main([str(word) for word in words])


@pytest.fixture
def files(tmp_path):
    (tmp_path / "head.obj").write_text("one")
    (tmp_path / "points.txt").write_text("two")
    return HeadFiles(tmp_path / "head.obj", tmp_path / "points.txt")


def test_the_digest_depends_on_content_and_on_nothing_else(files, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    for path in (files.file, files.landmarks):
        (tmp_path / "elsewhere" / path.name).write_bytes(path.read_bytes())
    moved = HeadFiles(tmp_path / "elsewhere" / "head.obj", tmp_path / "elsewhere" / "points.txt")
    assert moved.digest() == files.digest() != HeadFiles(files.file).digest()
    moved.landmarks.write_text("three")
    assert moved.digest() != files.digest()
    with pytest.raises(InvalidInput, match="cannot be read"):
        HeadFiles(tmp_path / "nowhere.obj").digest()


def test_the_spec_names_the_file_by_its_content(files):
    spec = Spec(head="mesh", head_file=files.digest())
    assert Spec.from_json(spec.to_json()) == spec and str(files.file) not in spec.to_json()
    assert "head_file" not in Spec().to_json()  # hashes of specs without a file stay what they were
    for bad in (None, "0" * 63, "G" * 64, 5):
        with pytest.raises(InvalidInput, match="head_file is"):
            check(Spec(head="mesh", head_file=bad))
    with pytest.raises(InvalidInput, match="head_file is"):
        check(Spec(head_file=files.digest()))


def test_a_run_with_another_file_is_refused(files, tmp_path):
    spec = Spec(head="mesh", head_file=files.digest(), identities=1, size=64)
    generate(tmp_path / "out", spec, maker_factory=FakeMaker)
    assert json.loads((tmp_path / "out" / "spec.json").read_text())["head_file"] == files.digest()
    other = Spec(head="mesh", head_file="0" * 64, identities=1, size=64)
    with pytest.raises(InvalidInput, match="head_file"):
        generate(tmp_path / "out", other, maker_factory=FakeMaker)


def test_the_readme_does_not_promise_what_a_scan_cannot_keep(files, tmp_path):
    spec = Spec(head="mesh", head_file=files.digest(), identities=1, size=64)
    generate(tmp_path / "mesh", spec, maker_factory=FakeMaker)
    generate(tmp_path / "own", Spec(identities=1, size=64), maker_factory=FakeMaker)
    mesh, own = ((tmp_path / name / "README.md").read_text() for name in ("mesh", "own"))
    assert "No real person is shown" in own and "license: cc-by-4.0" in own and "head_file" not in own
    assert "No real person" not in mesh and "license: other" in mesh and "must have agreed" in mesh


def test_files_that_are_not_the_datasets_are_refused(files):
    with pytest.raises(InvalidInput, match="another head"):
        open_head(Spec(head="mesh", head_file="0" * 64), files)
    with pytest.raises(InvalidInput, match="--head-file FILE must name a mesh"):
        open_head(Spec(head="mesh", head_file="0" * 64))


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--head", "ict"], "--head ict needs --head-file FILE, the ICT-FaceKit pack"),
        (["--head", "nowhere.obj"], "nowhere.obj cannot be read"),
        (["--head", "a.obj", "--head-file", "b.obj"], "--head a.obj names the file already"),
        (["--head-file", "a.obj"], "--head makehuman needs none"),
        (["--head-landmarks", "a.txt"], "allowed only beside a head's own file"),
        (["--head", "a.gltf"], "--head is a.gltf; a mesh must end in .obj, .ply, .stl, .glb: export it"),
        (["--repair"], "allowed only beside a head's own file"),
    ],
)
def test_wrong_calls_are_one_line_and_exit_2(tmp_path, capsys, words, line):
    assert call("generate", tmp_path / "out", *words) == 2
    error = capsys.readouterr().err
    assert line in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_an_unfit_head_leaves_no_directory(tmp_path, capsys):
    (tmp_path / "head.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\nf 1 2 3\n")
    assert call("generate", tmp_path / "out", "--head", tmp_path / "head.obj") == 2
    assert "head.obj: " in capsys.readouterr().err and not (tmp_path / "out").exists()


@pytest.mark.slow
def test_frames_of_an_own_head_name_it_and_come_again(wrapped, obj, tmp_path, capsys):
    spec = Spec(head="mesh", head_file=HeadFiles(obj).digest(), identities=1, size=96)
    maker = FrameMaker(spec, HeadFiles(obj))
    row = maker.make_frame(Plan(spec)[0], 2, 1).row
    assert row["head"] == "mesh" and row["licence"].startswith("other")
    assert np.isfinite(row["landmarks"]).all()
    (tmp_path / "spec.json").write_text(spec.to_json())
    assert call("frame", tmp_path, "00000-02-1", "--out", tmp_path / "f.jpg", "--head-file", obj) == 0
    assert (tmp_path / "f.jpg").read_bytes() == row["image"]["bytes"]
    assert call("frame", tmp_path, "00000-02-1", "--out", tmp_path / "g.jpg") == 2
    assert "--head-file FILE must name a mesh" in capsys.readouterr().err
