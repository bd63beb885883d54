"""From the command line to `load_dataset`, with tiny models that are read from disk."""

import io
import json
import shutil
from dataclasses import replace

import datasets
import numpy as np
import pyarrow.parquet as pq
import pytest
from directories import contents
from PIL import Image

import pain3d_cli
from dataset_script.manifest import read_manifest
from dataset_script.shards import to_table
from dataset_script.spec import Spec
from dataset_script.vocabulary import SEGMENTS
from generation.annotate import encoded
from generation.baking.masks import scalp_of_person
from generation.geometry.visibility import interpolate
from generation.photoreal.painting import Painting
from generation.pipeline import FrameMaker, maker_with
from generation.plan import Plan
from generation.prompts import prompt_of
from generation.run.generate import generate
from generation.run.job import Part
from generation.run.local import Local
from generation.sheets import chart as charts


def rows(directory, folder="data"):
    return {row["frame_id"]: row for row in pq.read_table(directory / folder).to_pylist()}


@pytest.mark.slow
def test_kandinsky_from_the_command_line_to_load_dataset(painted, tmp_path):
    assert pain3d_cli.main(["verify", str(painted)]) == 0
    loaded = datasets.load_dataset(str(painted), cache_dir=str(tmp_path))
    assert sum(map(len, loaded.values())) == 99
    row = loaded["train"][0]
    person = Plan(Spec.load(painted))[row["identity_id"]]
    assert row["prompt"] == prompt_of(person, 0) and row["licence"] == "CC-BY-4.0"
    assert row["image"].size == (96, 96) and np.asarray(row["image"]).std() > 5
    kinds = [f"portraits/{who:05d}-{kind}.png" for who in range(3) for kind in ("background", "front")]
    assert sorted(entry.path for entry in read_manifest(painted) if not entry.is_shard) == kinds
    assert sorted(path.name for path in (painted / "portraits").iterdir())[:-1] == [name[10:] for name in kinds]


def test_a_controlnet_from_the_command_line_to_load_dataset(filled, tmp_path):
    assert pain3d_cli.main(["verify", str(filled)]) == 0
    pairs = datasets.load_dataset(str(filled), "pairs", cache_dir=str(tmp_path))
    assert sum(map(len, pairs.values())) == 30
    assert next(iter(pairs.values()))[0]["licence"] == "other: the licence of the diffusion models"
    assert "license: other" in (filled / "README.md").read_text()
    names = sorted(entry.path for entry in read_manifest(filled) if not entry.is_shard)
    assert names == [f"portraits/00000-{kind}.png" for kind in ("front", "left", "right")]


def test_readme_and_card_name_models_device_and_versions(painted, models, tmp_path):
    import diffusers
    import torch

    (record,) = json.loads((painted / "portraits/painted.json").read_text())
    assert record["prior"] == models["kandinsky"].prior and record["device"].startswith("cpu (")
    assert (record["torch"], record["diffusers"]) == (torch.__version__, diffusers.__version__)
    copy = shutil.copytree(painted, tmp_path / "pain3d")
    before = (copy / "README.md").read_text()
    assert pain3d_cli.main(["card", str(copy)]) == 0
    card = (copy / "README.md").read_text()
    for text in (before, card):
        assert "CC-BY-4.0" in text
        for value in record.values():
            assert value in text
    assert "Apache-2.0 (Kandinsky 2.2)" in card and "skin, hair, eyes and light are computed" not in card


@pytest.mark.slow
def test_a_run_broken_off_that_goes_on_without_models_and_with_two_workers_ends_the_same(
    painted, models, tmp_path, monkeypatch
):
    from generation.diffusion.painter import Painter

    painted_now = []
    portrait, fill = Painter.portrait, Painter.fill

    def counted(self, *given):
        painted_now.append(given[1])
        return portrait(self, *given)

    def killed(self, *given):
        if len(painted_now) == 2:
            raise KeyboardInterrupt
        return fill(self, *given)

    monkeypatch.setattr(Painter, "portrait", counted)
    monkeypatch.setattr(Painter, "fill", killed)
    spec, out = Spec.load(painted), tmp_path / "out"
    with_models = maker_with(None, Painting(models["kandinsky"], out / "portraits", ("cpu",)))
    with pytest.raises(KeyboardInterrupt):
        generate(out, spec, maker_factory=with_models, part=Part(portraits_only=True))
    assert len(list((out / "portraits").glob("*-front.png"))) == 2
    monkeypatch.setattr(Painter, "fill", fill)
    generate(out, spec, maker_factory=with_models, part=Part(portraits_only=True))
    assert len(painted_now) == len(set(painted_now)) == 3  # nobody twice
    assert contents(out / "portraits") == contents(painted / "portraits") and not (out / "data").exists()

    generate(out, spec, executor=Local(2), maker_factory=maker_with(None, Painting(None, out / "portraits")))
    assert len(painted_now) == 3
    assert contents(out) == contents(painted)


def test_a_frame_of_a_directory_needs_no_models(painted, tmp_path, monkeypatch):
    monkeypatch.setattr("generation.photoreal.look.open_painter", None)
    assert pain3d_cli.main(["frame", str(painted), "00001-03-2", "--out", str(tmp_path / "f.jpg")]) == 0
    assert (tmp_path / "f.jpg").read_bytes() == rows(painted)["00001-03-2"]["image"]["bytes"]


def test_a_frame_that_is_filled_is_filled_again_with_the_models_and_refused_without(filled, models, tmp_path, capsys):
    model = models["diffusion"]
    call = ["frame", str(filled), "00000-03-1", "--out", str(tmp_path / "f.jpg")]
    assert pain3d_cli.main(call) == 2
    assert capsys.readouterr().err == "pain3d: --look diffusion needs --diffusion-model\n"
    before = contents(filled)
    assert pain3d_cli.main([*call, "--diffusion-model", model.diffusion, "--controlnet", model.controlnet]) == 0
    assert (tmp_path / "f.jpg").read_bytes() == rows(filled)["00000-03-1"]["image"]["bytes"]
    assert contents(filled) == before


def test_a_chart_shows_the_painted_person(painted, tmp_path, monkeypatch):
    line, seen = charts._line, []

    def closing_eyes(maker, person, unit):
        if not seen:
            seen.append((line(maker, person, 5), person.look.texture))
        return seen[0][0]

    monkeypatch.setattr(charts, "_line", closing_eyes)
    out = tmp_path / "chart.png"
    assert pain3d_cli.main(["gallery", str(painted), "--chart", "--out", str(out), "--identity", "1"]) == 0
    assert out.is_file() and seen[0][1] is not None


def test_every_pixel_of_the_face_is_kept_where_hair_and_background_are_filled(filled, models):
    spec = Spec.load(filled)
    maker = FrameMaker(spec, None, Painting(models["diffusion"], filled / "portraits", ("cpu",)))
    plan = Plan(spec)[0]
    person = maker.person(plan)
    grown = scalp_of_person(maker.head.topology, plan, spec.seed)
    for expression, view in ((0, 0), (4, 1)):
        bare, _ = maker.picture(person, plan.expressions[expression], plan.views[view])
        done = maker.appearance.finish(bare, plan, plan.expressions[expression], plan.views[view], spec.seed)
        around = np.isin(bare.segments, [SEGMENTS.index("background"), SEGMENTS.index("hair")])
        scalp = interpolate(bare.ids, bare.weights, maker.head.topology.triangles, grown) > 0.5
        face = ~around & ~scalp
        assert 0.2 < around.mean() < 0.9 and face.mean() > 0.1 and (~around & scalp).mean() < 0.1
        assert np.array_equal(done.rgb[face], bare.rgb[face])
        assert (done.rgb[around] != bare.rgb[around]).any(axis=1).mean() > 0.9
        for name in ("ids", "depth", "weights", "segments"):
            assert getattr(done, name) is getattr(bare, name)
        frame_id = f"00000-{expression:02d}-{view}"
        as_jpeg = [encoded(done.rgb, "JPEG", quality=quality) for quality in range(78, 93)]
        assert rows(filled)[frame_id]["image"]["bytes"] in [each["bytes"] for each in as_jpeg]
        found = np.asarray(Image.open(io.BytesIO(rows(filled, "geometry")[frame_id]["segments"]["bytes"])))
        assert np.array_equal(found, bare.segments)


@pytest.mark.slow
def test_what_is_worn_is_drawn_over_the_painted_face_and_stays_where_the_rest_is_filled(filled, models):
    spec = Spec.load(filled)
    maker = FrameMaker(spec, None, Painting(models["diffusion"], filled / "portraits", ("cpu",)))
    plan = replace(Plan(spec)[0], accessories=())
    worn = replace(plan, accessories=("oxygen_mask", "head_bandage", "hearing_aid"))
    bare_look, look = maker.person(plan).look, maker.person(worn).look
    assert look.props and not bare_look.props
    for mine, theirs in zip(look.texture.levels, bare_look.texture.levels, strict=True):
        assert np.array_equal(mine, theirs)  # the portrait is painted without it
    person = maker.person(worn)
    picture, _ = maker.picture(person, worn.expressions[2], worn.views[1])
    done = maker.appearance.finish(picture, worn, worn.expressions[2], worn.views[1], spec.seed)
    kept = picture.covering.covered_by >= 0
    assert (picture.covering.hidden_by >= 0).any() and kept.any()
    assert np.array_equal(done.rgb[kept], picture.rgb[kept])
    around = picture.segments == SEGMENTS.index("background")
    assert (done.rgb[around & ~kept] != picture.rgb[around & ~kept]).any(axis=1).mean() > 0.9


def test_labels_and_heatmaps_are_those_of_the_procedural_look(painted):
    spec = Spec.load(painted)
    procedural = Spec(identities=3, size=96)
    maker, plan, found = FrameMaker(procedural), Plan(procedural)[1], rows(painted)
    for expression, view in ((0, 0), (7, 0), (7, 2)):
        (row,) = to_table("default", [maker.make_frame(plan, expression, view).row]).to_pylist()
        mine = found[row["frame_id"]]
        assert [name for name in row if mine[name] != row[name]] == ["image"]
    assert spec.hash != procedural.hash
