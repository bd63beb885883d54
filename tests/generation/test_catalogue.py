"""One list of heads, rigs, looks and renderers, which everything else reads."""

import dataclasses
import tomllib
from pathlib import Path

import numpy as np
import pytest

import pain3d_cli
from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.spec import Spec
from generation import catalogue
from generation.heads import makehuman
from generation.plan import Plan
from generation.run.generate import generate
from generation.run.single import regenerate

ROOT = Path(__file__).parents[2]


class WideHead:
    """The default head, a tenth wider. Everything else is the default head's."""

    name = "wide"

    def __init__(self) -> None:
        self._like = makehuman.load()
        self.base = self._like.base

    def __getattr__(self, name):
        return getattr(self._like, name)

    def shape(self, plan, seed):
        shape = self._like.shape(plan, seed)
        return dataclasses.replace(shape, control=shape.control * np.float32([1.1, 1, 1]), parameters={"wide": 1.1})


class FlatRenderer:
    """Paints one grey: its pictures show that it, and not another renderer, drew them."""

    name = "flat"

    def __init__(self, head) -> None:
        self._like = catalogue.RENDERERS["raster"].make(head)
        self.pose = self._like.pose

    def render(self, posed, look, camera, noise):
        picture = self._like.render(posed, look, camera, noise)
        return dataclasses.replace(picture, rgb=np.full_like(picture.rgb, 77))


@pytest.fixture
def wide(monkeypatch):
    entry = dataclasses.replace(
        catalogue.HEADS["makehuman"],
        name="wide",
        make=lambda files: WideHead(),
        frames_licence="other: those of the wide head",
        people="These people are wide.",
    )
    monkeypatch.setitem(catalogue.HEADS, "wide", entry)


@pytest.fixture
def flat(monkeypatch):
    entry = dataclasses.replace(catalogue.RENDERERS["raster"], name="flat", make=FlatRenderer, what="one grey")
    monkeypatch.setitem(catalogue.RENDERERS, "flat", entry)


def test_a_new_head_and_a_new_renderer_are_one_entry_each(wide, flat, tmp_path, capsys):
    spec = Spec(identities=1, size=64, head="wide", renderer="flat", geometry=True)
    generate(tmp_path / "out", spec)
    readme = (tmp_path / "out" / "README.md").read_text()
    assert "license: other" in readme and "those of the wide head" in readme and "These people are wide." in readme
    row = regenerate(spec, "00000-03-1").row
    assert (row["head"], row["renderer"], row["licence"]) == ("wide", "flat", "other: those of the wide head")
    assert pain3d_cli.main(["verify", str(tmp_path / "out")]) == 0
    assert pain3d_cli.main(["card", str(tmp_path / "out")]) == 0
    assert "one grey" in (tmp_path / "out" / "README.md").read_text()
    with pytest.raises(SystemExit):
        pain3d_cli.main(["generate", "--help"])
    out = capsys.readouterr().out
    assert "wide" in out and "flat" in out


def test_the_head_of_the_entry_shapes_the_face(wide):
    plan = Plan(Spec(identities=1))[0]
    wide, usual = (catalogue.open_head(Spec(head=name)).shape(plan, 0) for name in ("wide", "makehuman"))
    assert np.allclose(wide.control[:, 0], 1.1 * usual.control[:, 0])


def test_names_are_those_of_the_entries_and_licences_are_stated():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for field, entries in catalogue.CATALOGUE.items():
        assert getattr(Spec(), field) in entries
        for name, entry in entries.items():
            assert entry.name == name and entry.extra in extras
            assert entry.licence and entry.frames_licence and entry.what


@pytest.mark.parametrize(
    ("fields", "allowed"),
    [
        ({"head": "blender"}, "makehuman, ict, flame, mesh"),
        ({"rig": "bones"}, "blendshapes, neural"),
        ({"look": "photographed"}, "procedural, kandinsky, diffusion"),
        ({"look": "kandinsky"}, "the sha256 of the models of look 'kandinsky'"),
        ({"look": "kandinsky", "scene": "mixed"}, "studio, as look 'kandinsky' paints people upright"),
        ({"background": "frame"}, "null, as no model paints look 'procedural'"),
        ({"renderer": "eevee"}, "raster, cycles, pytorch3d"),
        ({"head_file": "0" * 64}, "null"),
        ({"head": "mesh"}, "the sha256 of the file"),
    ],
)
def test_what_is_not_listed_is_refused_before_anything_is_written(fields, allowed, tmp_path):
    with pytest.raises(InvalidInput, match=allowed):
        generate(tmp_path / "out", Spec(**fields))
    assert not (tmp_path / "out").exists()


def test_a_missing_dependency_names_the_extra(monkeypatch):
    def make(head):
        raise ModuleNotFoundError("No module named 'cholespy'", name="cholespy")

    monkeypatch.setitem(catalogue.RIGS, "neural", dataclasses.replace(catalogue.RIGS["neural"], make=make))
    with pytest.raises(WorkFailed, match=r"neural needs cholespy: pip install 'pain3d\[neural\]'"):
        catalogue.open_rig(Spec(rig="neural"), makehuman.load())


def test_a_broken_import_of_our_own_is_not_taken_for_a_missing_extra(monkeypatch):
    def make(head):
        raise ModuleNotFoundError("No module named 'generation.rigs.gone'", name="generation.rigs.gone")

    monkeypatch.setitem(catalogue.RIGS, "neural", dataclasses.replace(catalogue.RIGS["neural"], make=make))
    with pytest.raises(ModuleNotFoundError, match="gone"):
        catalogue.open_rig(Spec(rig="neural"), makehuman.load())
