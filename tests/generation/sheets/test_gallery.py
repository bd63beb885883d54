import numpy as np
import pytest
from fake_maker import FakeMaker
from PIL import Image

import pain3d_cli
from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.importers.importing import import_dataset
from dataset_script.spec import Spec
from generation.run.generate import generate
from generation.sheets.gallery import CELL, gallery


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    out = tmp_path_factory.mktemp("gallery") / "pain3d"
    generate(out, Spec(identities=5, size=64), maker_factory=FakeMaker)
    return out


def test_it_is_deterministic(dataset):
    one, other = (np.asarray(gallery(dataset, 3, 4)) for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_it_grows_with_people_and_expressions(dataset):
    small, tall, wide = gallery(dataset, 1, 1), gallery(dataset, 2, 1), gallery(dataset, 1, 10)
    assert small.width == tall.width
    assert small.height < tall.height
    assert small.width < wide.width
    assert gallery(dataset, 50, 1).size == gallery(dataset, 5, 1).size  # no more people than there are


def test_it_shows_pictures_and_captions(dataset):
    sheet = np.asarray(gallery(dataset, 2, 2)).astype(int)
    colourful = (sheet.max(axis=-1) - sheet.min(axis=-1)) > 60
    assert 0.3 < colourful.mean() < 0.95
    captions = sheet[-14 - 40 : -14]  # below the last row of pictures
    assert (captions.max(axis=-1) < 128).mean() > 0.01


@pytest.mark.parametrize(
    ("identities", "expressions", "name"), [(0, 4, "identities"), (6, 0, "expressions"), (6, 11, "expressions")]
)
def test_bad_numbers_are_refused(dataset, identities, expressions, name):
    with pytest.raises(InvalidInput, match=f"{name} is"):
        gallery(dataset, identities, expressions)


def test_no_dataset_or_a_damaged_one_is_one_line(dataset, tmp_path):
    with pytest.raises(InvalidInput, match="not a Pain3D dataset"):
        gallery(tmp_path)
    (tmp_path / "spec.json").write_bytes((dataset / "spec.json").read_bytes())
    with pytest.raises(WorkFailed, match="no finished shard"):
        gallery(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "manifest.jsonl").write_bytes((dataset / "manifest.jsonl").read_bytes())
    for entry in (dataset / "data").iterdir():
        (tmp_path / "data" / entry.name).write_bytes(b"PAR1")
    with pytest.raises(WorkFailed, match="cannot be read"):
        gallery(tmp_path)


def test_the_command_writes_a_png(dataset, tmp_path, capsys):
    out = tmp_path / "sheet.png"
    assert pain3d_cli.main(["gallery", str(dataset), "--out", str(out), "--identities", "2"]) == 0
    with Image.open(out) as sheet:
        assert sheet.format == "PNG"
    assert pain3d_cli.main(["gallery", str(dataset), "--out", str(tmp_path / "sheet.gif")]) == 2
    assert "must end in .png" in capsys.readouterr().err


def a_table(folder, rows):
    """A CSV file and its pictures, 80 x 60 pixels; `rows`: (subject, PSPI, view)."""
    folder.mkdir()
    lines = ["path,subject,pspi,view"]
    for k, (subject, level, view) in enumerate(rows):
        Image.new("RGB", (80, 60), (10 * level, 200, 40)).save(folder / f"{k}.png")
        lines.append(f"{k}.png,{subject},{level},{view}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder


def cells(sheet: Image.Image) -> list[list[int]]:
    """The red of the middle of each panel, line by line; paper is left out."""
    pixels = np.asarray(sheet)
    rows = range(14 + 34 + CELL // 2, sheet.height - 14, CELL + 40)
    found = [[int(pixels[y, x, 0]) for x in range(14 + CELL // 2, sheet.width - 14, CELL + 6)] for y in rows]
    return [[red for red in line if red != 255] for line in found]


def test_imported_people_are_shown_by_what_they_have(tmp_path):
    """Neutral first, then rising pain of the same view; no heatmaps, no side views where a moment cannot be told."""
    levels = [("ann", 3, 0), ("ann", 0, 0), ("ann", 9, 1), ("ann", 5, 0), ("ann", 1, 0), ("bob", 7, 2), ("bob", 2, 2)]
    import_dataset(a_table(tmp_path / "mine", levels), tmp_path / "data")
    assert cells(gallery(tmp_path / "data", expressions=3)) == [[0, 10, 30, 50], [20, 70]]
    assert cells(gallery(tmp_path / "data", expressions=2)) == [[0, 10, 50], [20, 70]]


def test_a_picture_that_is_no_longer_there_is_one_line(tmp_path):
    import_dataset(a_table(tmp_path / "mine", [("ann", 0, 0), ("ann", 1, 0)]), tmp_path / "data")
    (tmp_path / "mine" / "0.png").unlink()
    with pytest.raises(WorkFailed, match=r"0\.png cannot be decoded"):
        gallery(tmp_path / "data")


def test_a_chart_needs_a_spec_of_this_version(dataset, tmp_path, capsys):
    import_dataset(a_table(tmp_path / "mine", [("ann", 0, 0)]), tmp_path / "data")
    call = ["gallery", str(tmp_path / "data"), "--chart", "--out", str(tmp_path / "chart.png")]
    assert pain3d_cli.main(call) == 1
    assert "there is no" in capsys.readouterr().err
    (tmp_path / "data" / "spec.json").write_text(Spec(version=9).to_json())
    assert pain3d_cli.main(call) == 1
    assert "generator version 9 made it, this is version 4" in capsys.readouterr().err
