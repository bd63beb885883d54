import numpy as np
import pytest
from fake_maker import FakeMaker
from PIL import Image

import pain3d_cli
from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.spec import Spec
from generation.run.generate import generate
from generation.sheets.gallery import gallery


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


@pytest.mark.parametrize(("identities", "expressions", "name"), [(0, 4, "identities"), (6, 0, "expressions"), (6, 11, "expressions")])  # fmt: skip
def test_bad_numbers_are_refused(dataset, identities, expressions, name):
    with pytest.raises(InvalidInput, match=f"{name} is"):
        gallery(dataset, identities, expressions)


def test_no_dataset_or_a_damaged_one_is_one_line(dataset, tmp_path):
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
