"""The pictures kept beside a dataset, the models that paint them, and what is refused."""

import json
import shutil

import numpy as np
import pytest

import pain3d_cli
from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.spec import PAINTED_ONLY, Spec
from generation.baking.bake import bake
from generation.photoreal.painting import Painting, painted_names, settings_of
from generation.photoreal.record import painted_by, read_record, record_painter
from generation.pipeline import FrameMaker
from generation.plan import Plan


@pytest.fixture
def folder(painted, tmp_path):
    """The pictures alone, to be written to."""
    return shutil.copytree(painted / "portraits", tmp_path / "portraits")


@pytest.fixture
def copy(painted, tmp_path):
    return shutil.copytree(painted, tmp_path / "pain3d")


def dress(painted, folder, identity_id=0, models=None):
    spec = Spec.load(painted)
    return FrameMaker(spec, None, Painting(models, folder, ("cpu",))).person(Plan(spec)[identity_id]).look


def test_a_picture_that_is_damaged_foreign_or_missing_is_one_clear_error(painted, folder):
    front = folder / "00000-front.png"
    whole = front.read_bytes()
    assert dress(painted, folder).texture is not None
    front.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WorkFailed, match=r"00000-front\.png cannot be read .*; delete it to paint it again"):
        dress(painted, folder)
    front.write_bytes(b"no picture")
    with pytest.raises(WorkFailed, match=r"00000-front\.png cannot be read"):
        dress(painted, folder)
    shutil.copy(folder / "00001-front.png", front)
    with pytest.raises(WorkFailed, match=r"00000-front\.png was not painted from this specification"):
        dress(painted, folder)
    front.unlink()
    with pytest.raises(WorkFailed, match=r"00000-front\.png is not painted yet, and no models were given"):
        dress(painted, folder)


def test_a_missing_picture_is_painted_again_the_same_and_the_others_are_left(painted, folder, models):
    from directories import contents

    (folder / "00001-background.png").unlink()
    dress(painted, folder, 1, models["kandinsky"])
    assert contents(folder) == contents(painted / "portraits")


def test_verify_finds_a_damaged_and_a_missing_picture(copy, capsys):
    damaged = copy / "portraits/00000-front.png"
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    (copy / "portraits/00002-background.png").unlink()
    capsys.readouterr()
    assert pain3d_cli.main(["verify", str(copy), "--quick"]) == 1
    out = capsys.readouterr().out
    assert "portraits/00000-front.png: damaged: its sha256 is" in out
    assert "portraits/00002-background.png: missing" in out
    assert len([line for line in out.splitlines() if "portraits/" in line]) == 2


def test_models_other_than_those_of_the_specification_are_refused(painted, folder, models):
    with pytest.raises(InvalidInput, match=r"diffusion_models is [0-9a-f]{64} in the spec; the models given have"):
        dress(painted, folder, models=models["diffusion"])


def test_other_models_do_not_go_on_with_a_directory(copy, command, capsys):
    assert command(copy, "diffusion", "--identities", "3") == 2
    assert "holds another dataset: look was 'kandinsky' and is 'diffusion'" in capsys.readouterr().err


def test_pictures_from_the_sides_show_more_of_the_skin(filled, monkeypatch):
    found = []

    def noted(*given):
        found.append(bake(*given))
        return found[-1]

    monkeypatch.setattr("generation.photoreal.look.bake", noted)
    assert dress(filled, filled / "portraits").texture is found[1].look.texture
    front, all_sides = (baked.look.texture.levels[0][..., 3] for baked in found)
    assert all_sides.sum() > 1.1 * front.sum()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--background", "frame"], "background is 'frame'; allowed: null, as no model paints look 'procedural'"),
        (["--diffusion-steps", "9"], "diffusion_steps is 9; allowed: null, as no model paints look 'procedural'"),
        (["--portraits-only"], "--portraits-only is given; allowed only with a look that is painted, not 'procedural'"),
        (["--inpaint-model", "x"], "--inpaint-model is x; allowed only with a look that is painted, not 'procedural'"),
    ],
)
def test_what_only_painted_looks_have_is_refused_elsewhere(tmp_path, capsys, words, line):
    assert pain3d_cli.main(["generate", str(tmp_path / "out"), "--identities", "1", *words]) == 2
    assert capsys.readouterr().err == f"pain3d: {line}\n"
    assert not (tmp_path / "out").exists()


def test_a_portrait_of_a_size_that_models_do_not_take_is_refused(command, tmp_path, capsys):
    assert command(tmp_path / "out", "kandinsky", "--identities", "1", "--diffusion-size", "100") == 2
    assert capsys.readouterr().err == "pain3d: size is 100; allowed is a multiple of 64 from 64 to 4096\n"


def test_running_out_of_memory_is_one_line_that_names_the_cure(command, tmp_path, capsys, monkeypatch):
    import torch

    def short(*given, **more):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 3 GiB")

    monkeypatch.setattr("generation.diffusion.painter.open_pipeline", short)
    assert command(tmp_path / "out", "kandinsky", "--identities", "1") == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("pain3d: identity 0: out of memory on cpu while painting a portrait; --attention-slicing")


def test_a_specification_says_nothing_of_painting_where_nothing_is_painted():
    assert not set(PAINTED_ONLY) & set(json.loads(Spec().to_json()))
    spec = Spec(look="kandinsky", diffusion_models="a" * 64, diffusion_steps=20, guidance=3, side_portraits=True)
    assert Spec.from_json(spec.to_json()) == spec
    settings = settings_of(spec)
    assert (settings.size, settings.steps, settings.prior_steps, settings.guidance) == (768, 20, 10, 3.0)
    assert painted_names(spec, 7) == [f"portraits/00007-{k}.png" for k in ("front", "left", "right", "background")]
    for name, value in (("background", "view"), ("diffusion_dtype", "int8"), ("guidance", 0.5)):
        with pytest.raises(InvalidInput, match=f"^{name} is {value!r}"):
            Spec(look="kandinsky", diffusion_models="a" * 64, **{name: value})


def test_workers_paint_on_their_own_devices_in_turn(models, monkeypatch):
    painting = Painting(models["kandinsky"], None, ("cuda:0", "cuda:1"))
    found = []
    for number in range(4):
        monkeypatch.setattr("generation.photoreal.painting.worker_number", lambda number=number: number)
        found.append(painting.on_my_device().device)
    assert found == ["cuda:0", "cuda:1", "cuda:0", "cuda:1"]
    assert Painting(models["kandinsky"]).on_my_device() == models["kandinsky"]


def test_the_record_holds_each_painter_once_in_one_order(models, tmp_path):
    folder = tmp_path / "portraits"
    assert read_record(folder) == [] and painted_by([]) == ""
    for name in ("kandinsky", "diffusion", "kandinsky"):
        record_painter(folder, models[name], "cpu")
    one = (folder / "painted.json").read_bytes()
    assert len(read_record(folder)) == 2
    (folder / "painted.json").unlink()
    for name in ("diffusion", "kandinsky"):
        record_painter(folder, models[name], "cpu")
    assert (folder / "painted.json").read_bytes() == one
    said = painted_by(read_record(folder))
    assert models["diffusion"].controlnet + " (controlnet)" in said and "on cpu (" in said
    (folder / "painted.json").write_text("{")
    with pytest.raises(WorkFailed, match=r"painted\.json is damaged"):
        read_record(folder)


def test_the_face_that_is_painted_is_the_one_that_is_shown(painted, folder):
    """The texture comes from the kept portrait: another portrait, another face."""
    textures = [dress(painted, folder, who).texture.levels[0] for who in (0, 1)]
    shown = np.all([texture[..., 3] > 0.5 for texture in textures], axis=0)
    assert shown.mean() > 0.01
    assert np.abs(textures[0] - textures[1])[shown].mean() > 0.02
