"""The look hunyuan from the command line to `load_dataset`, with tiny models and a program that stands in."""

import re
import shlex
import sys
from pathlib import Path

import datasets
import numpy as np
import pytest
import stand_in_painter
import tiny_diffusion
from PIL import Image

import pain3d_cli
from dataset_script.manifest import read_manifest
from dataset_script.spec import Spec
from generation.catalogue import HUNYUAN_TERMS
from generation.commands.diffusion_options import PROGRAM_VARIABLE

LICENCE = "other: Tencent Hunyuan 3D 2.1 Community License"
STAND_IN = shlex.join([sys.executable, stand_in_painter.__file__, "anew"])
FAILING = shlex.join([sys.executable, "-c", "import sys; sys.exit('CUDA out of memory')"])


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """The command without the directory and the program."""
    models = tiny_diffusion.kandinsky(tmp_path_factory.mktemp("models"))
    chosen = ["--diffusion-model", models["diffusion"], "--prior-model", models["prior"]]
    chosen += ["--inpaint-model", models["inpaint"], "--diffusion-device", "cpu", "--diffusion-dtype", "float32"]
    sizes = ["--identities", "1", "--size", "96", "--diffusion-size", "64", "--diffusion-steps", "2"]
    return ["generate", "--look", "hunyuan", *sizes, *chosen, "--workers", "1"]


@pytest.fixture(scope="module")
def made(words, tmp_path_factory):
    """A finished dataset."""
    out = tmp_path_factory.mktemp("made") / "out"
    assert pain3d_cli.main([*words, str(out), "--hunyuan", STAND_IN, "--accept-licence"]) == 0
    return out


def test_the_terms_are_printed_and_must_be_accepted(words, tmp_path, capsys):
    assert pain3d_cli.main([*words, str(tmp_path / "out"), "--hunyuan", STAND_IN]) == 2
    told = capsys.readouterr()
    assert HUNYUAN_TERMS in told.out and "--look hunyuan needs --accept-licence" in told.err
    for point in ("European Union, the United Kingdom and South Korea", "improve any other AI model"):
        assert point in told.out
    assert not (tmp_path / "out").exists()


def test_rows_and_readme_have_the_licence(made):
    rows = datasets.load_dataset(str(made), split="train", cache_dir=str(made.parent / "cache"))
    assert len(rows) == 33
    assert len(set(rows["licence"])) == 1 and rows["licence"][0].startswith(LICENCE)
    readme = (made / "README.md").read_text()
    assert "license: other" in readme and HUNYUAN_TERMS in readme and LICENCE.removeprefix("other: ") in readme


def test_maps_are_kept_beside_the_portraits_and_in_the_manifest(made):
    names = {f"portraits/00000-{kind}.png" for kind in ("front", "albedo", "material", "background")}
    assert names == {f"portraits/{path.name}" for path in (made / "portraits").glob("*.png")}
    assert names <= {entry.path for entry in read_manifest(made)}
    albedo = np.asarray(Image.open(made / "portraits" / "00000-albedo.png"))
    shown = albedo[albedo.any(axis=2)].astype(int)
    assert albedo.shape == (256, 256, 3) and np.abs(np.median(shown, axis=0) - stand_in_painter.SKIN).max() < 12
    assert pain3d_cli.main(["verify", str(made)]) == 0


def test_a_lost_shard_is_made_again_without_painting_anything(words, made, tmp_path):
    before = {entry.path: (made / entry.path).read_bytes() for entry in read_manifest(made)}
    shard = next(path for path in before if path.endswith(".parquet"))
    (made / shard).unlink()
    assert pain3d_cli.main([*words, str(made), "--hunyuan", FAILING, "--accept-licence"]) == 0
    assert {entry.path: (made / entry.path).read_bytes() for entry in read_manifest(made)} == before


def test_one_frame_is_made_again_from_what_is_kept(made, tmp_path):
    assert pain3d_cli.main(["frame", str(made), "00000-03-1", "--out", str(tmp_path / "face.jpg")]) == 0
    rows = datasets.load_dataset(str(made), split="train", cache_dir=str(made.parent / "cache"))
    rows = rows.cast_column("image", datasets.Image(decode=False))
    row = next(row for row in rows if row["frame_id"] == "00000-03-1")
    assert (tmp_path / "face.jpg").read_bytes() == row["image"]["bytes"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("sys.exit('CUDA out of memory')", "identity 0: .* ended with code 1; it said last: CUDA out of memory"),
        ("time.sleep(600)", "identity 0: .* took more than 1.5 s and was stopped"),
        ("open(sys.argv[3], 'w').write('rubbish')", "identity 0: .* wrote a file that cannot be read as glb"),
    ],
)
def test_a_program_that_fails_ends_the_run_and_the_portrait_stays(code, message, words, made, tmp_path, capsys):
    program = shlex.join([sys.executable, "-c", f"import sys, time; {code}"])
    chosen = ["--hunyuan", program, "--hunyuan-seconds", "1.5", "--accept-licence"]
    assert pain3d_cli.main([*words, str(tmp_path / "out"), *chosen]) == 1
    assert re.search(message, capsys.readouterr().err)
    front = Path("portraits") / "00000-front.png"
    assert [path.name for path in (tmp_path / "out" / "portraits").glob("*.png")] == [front.name]
    assert (tmp_path / "out" / front).read_bytes() == (made / front).read_bytes()


def test_the_program_may_be_named_by_the_environment(words, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(PROGRAM_VARIABLE, "/nowhere/hunyuan worker.py")
    assert pain3d_cli.main([*words, str(tmp_path / "out"), "--accept-licence"]) == 2
    assert f"{PROGRAM_VARIABLE} is '/nowhere/hunyuan worker.py'" in capsys.readouterr().err
    monkeypatch.delenv(PROGRAM_VARIABLE)
    assert pain3d_cli.main([*words, str(tmp_path / "out"), "--accept-licence"]) == 2
    assert f"needs --hunyuan COMMAND, or {PROGRAM_VARIABLE}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--look", "kandinsky", "--accept-licence"], "--accept-licence is given; allowed only with .*: hunyuan"),
        (["--look", "procedural", "--hunyuan", "x"], "--hunyuan is x; allowed only with a look that a program paints"),
        (["--hunyuan", "a 'b", "--accept-licence"], '--hunyuan is "a \'b": No closing quotation'),
        (["--hunyuan", STAND_IN, "--hunyuan-seconds", "0", "--accept-licence"], "seconds is 0; allowed: above 0"),
        (["--hunyuan", STAND_IN, "--accept-licence", "--side-portraits"], "side_portraits is True; allowed: null or"),
    ],
)
def test_options_that_do_not_fit_are_refused(more, message, words, tmp_path, capsys):
    assert pain3d_cli.main([*words, str(tmp_path / "out"), *more]) == 2
    assert re.search(message, capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


def test_the_licences_of_all_parts_are_stated():
    from generation.catalogue import frames_licence

    spec = Spec(look="hunyuan", head="flame", head_file="0" * 64, diffusion_models="0" * 64)
    assert frames_licence(spec).startswith("other: the licence of the FLAME model; Tencent Hunyuan 3D 2.1 Community")
