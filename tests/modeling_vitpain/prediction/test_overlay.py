from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

import pain3d_cli
from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment, ViTPainImageProcessor
from modeling_vitpain.prediction.image_scores import ImageScores
from modeling_vitpain.prediction.overlay import overlay
from modeling_vitpain.prediction.overlay_files import TILE, UNMARKED_SHEET

AU_NAMES = ["AU4", "AU6", "AU7", "AU9", "AU10", "AU43"]
SCORES = ImageScores("a.png", pspi=5.25, pspi_low=3, pspi_high=8, au=dict.fromkeys(AU_NAMES, 1.0))
GREY = np.full((TILE, TILE, 3), 128, dtype=np.uint8)


def tile(sheet: Image.Image, k: int) -> np.ndarray:
    """Pixels of the k-th tile."""
    x, y = 10 + k % 4 * (TILE + 10), 10 + k // 4 * (TILE + 44 + 10)
    return np.asarray(sheet.crop((x, y, x + TILE, y + TILE)), dtype=int)


def save_model(directory, **config):
    torch.manual_seed(0)
    ViTPainForPainAssessment(ViTPainConfig.tiny(**config)).save_pretrained(directory)
    ViTPainImageProcessor(size={"height": 112, "width": 112}).save_pretrained(directory)
    return directory


class TestSheet:
    def test_colour_is_where_the_attention_is(self):
        attention = np.full((6, 8, 8), 1 / 64, dtype=np.float32)
        attention[0] = 0
        attention[0, 1, 6] = 1  # AU4 looks at one patch, in the upper right
        heated = tile(overlay(GREY, attention, SCORES), 4)
        colour = heated.max(axis=2) - heated.min(axis=2)
        y, x = np.unravel_index(colour.argmax(), colour.shape)
        assert (y // 32, x // 32) == (1, 6)
        assert colour[150:, :150].max() < 20

    def test_even_attention_is_not_stretched_to_look_like_a_find(self):
        even = np.full((6, 8, 8), 1 / 64, dtype=np.float32)
        nearly = even.copy()
        nearly[:, 2, 2] *= 1.05
        for k in (1, *range(4, 10)):
            heated = tile(overlay(GREY, nearly, SCORES), k)
            assert np.ptp(heated.reshape(-1, 3), axis=0).max() < 15

    def test_first_tile_is_the_picture_as_it_was_seen(self):
        view = np.random.default_rng(0).integers(0, 255, (TILE, TILE, 3), dtype=np.uint8)
        sheet = overlay(view, np.full((6, 7, 7), 1 / 49, dtype=np.float32), SCORES)
        np.testing.assert_array_equal(tile(sheet, 0), view)

    def test_second_tile_is_where_the_units_look_that_count_in_the_pspi(self):
        corners = np.zeros((6, 8, 8), dtype=np.float32)
        corners[[0, 1, 2, 3, 4, 5], [0, 0, 7, 7, 0, 0], [0, 7, 0, 7, 3, 3]] = 1
        strong = {"AU4": 0.0, "AU6": 1.0, "AU7": 4.0, "AU9": 2.0, "AU10": 0.0, "AU43": 0.0}
        together = tile(overlay(GREY, corners, replace(SCORES, au=strong)), 1)
        colour = np.ptp(together, axis=2)
        at = {
            name: colour[y : y + 16, x : x + 16].mean()
            for name, y, x in (("AU4", 0, 0), ("AU6", 0, 240), ("AU7", 240, 0), ("AU9", 240, 240))
        }
        assert at["AU7"] > at["AU9"] > 5 * max(at["AU4"], at["AU6"], 1)

    def test_every_number_has_a_row_and_every_unit_a_map(self):
        names = [*AU_NAMES, "AU1", "AU2", "AU12", "AU20", "AU25", "AU26"]
        some = {
            "au": dict.fromkeys(names, 1.0),
            "au_interval": dict.fromkeys(names, (0.5, 1.0)),
            "pain_probability": 0.9,
        }
        even = np.full((12, 8, 8), 1 / 64, dtype=np.float32)
        sheet = overlay(GREY, even, replace(SCORES, **some))
        assert sheet.size == (4 * (TILE + 10) + 10, 4 * (TILE + 44 + 10) + 10)
        panel = np.asarray(sheet.crop((542, 10, 1064, 310)), dtype=int)
        marks, bands = ((panel == colour).all(axis=2) for colour in ((25, 70, 140), (150, 175, 215)))
        rows_of = [int(np.diff(found.any(axis=1).astype(int), prepend=0).clip(0).sum()) for found in (marks, bands)]
        assert rows_of == [13, 13]
        without = np.asarray(overlay(GREY, even[:6], SCORES).crop((542, 10, 1064, 310)), dtype=int)
        bands = (without == (150, 175, 215)).all(axis=2)
        assert int(np.diff(bands.any(axis=1).astype(int), prepend=0).clip(0).sum()) == 1  # the PSPI's


class TestCommand:
    @pytest.fixture
    def pictures(self, tmp_path):
        (tmp_path / "pictures" / "more").mkdir(parents=True)
        random = np.random.default_rng(0)
        for name in ("a.png", "a.jpg", "more/a.png"):
            Image.fromarray(random.integers(0, 255, (50, 60, 3), dtype=np.uint8)).save(tmp_path / "pictures" / name)
        return tmp_path / "pictures"

    def test_one_png_a_picture(self, pictures, tmp_path):
        call = ["predict", str(pictures), "--model", str(save_model(tmp_path / "model"))]
        assert pain3d_cli.main([*call, "--overlays", str(tmp_path / "out"), "--out", str(tmp_path / "with.csv")]) == 0
        found = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.png"))
        assert found == ["a.jpg.png", "a.png.png", "more/a.png.png"]
        with Image.open(tmp_path / "out" / "a.jpg.png") as sheet:
            assert sheet.size == (4 * (TILE + 10) + 10, 3 * (TILE + 44 + 10) + 10)
        assert pain3d_cli.main([*call, "--out", str(tmp_path / "without.csv")]) == 0
        assert (tmp_path / "with.csv").read_text() == (tmp_path / "without.csv").read_text()

    def test_names_that_leave_no_room_for_a_suffix_are_cut_and_stay_unique(self, tmp_path, capsys):
        folder, looks, out = tmp_path / "pictures", tmp_path / "looks", tmp_path / "scores.csv"
        folder.mkdir()
        names = [f"{'é' * 120}.png", f"{'é' * 120}.jpg", f"{'a' * 250}1.png", f"{'a' * 250}2.png", "z.png"]
        assert max(len(name.encode()) for name in names) == 255
        for name in names:
            Image.new("RGB", (50, 60), "grey").save(folder / name)
        call = ["predict", str(folder), "--model", str(save_model(tmp_path / "model")), "--overlays", str(looks)]
        assert pain3d_cli.main([*call, "--out", str(out)]) == 0
        assert out.read_text().count("\n") == 6
        found = {path.name for path in looks.iterdir()}
        assert len(found) == 5 and "z.png.png" in found and all(name.endswith(".png") for name in found)
        assert sum(name.startswith("é" * 80) for name in found) == 2
        assert pain3d_cli.main([*call, "--out", str(out), "--overwrite"]) == 0
        assert {path.name for path in looks.iterdir()} == found

    @pytest.mark.parametrize("again", [True, False])
    def test_overlays_and_scores_inside_the_scored_folder_are_not_scored(self, pictures, tmp_path, capsys, again):
        looks, out = pictures / "looks", pictures / "scores.csv"
        call = ["predict", str(pictures), "--model", str(save_model(tmp_path / "model"))]
        assert pain3d_cli.main([*call, "--overlays", str(looks), "--out", str(out)]) == 0
        rows = out.read_text()
        before = sorted(looks.rglob("*"))
        capsys.readouterr()
        if again:
            call += ["--overlays", str(looks), "--out", str(out), "--overwrite"]
        else:
            out.unlink()
            out = tmp_path / "other.csv"
            call += ["--out", str(out)]
        assert pain3d_cli.main(call) == 0
        assert "3 overlay(s)" in capsys.readouterr().err
        assert out.read_text() == rows
        assert sorted(looks.rglob("*")) == before

    def test_overlays_of_earlier_versions_have_no_mark(self, pictures, tmp_path):
        looks, out = pictures / "looks", tmp_path / "out.csv"
        looks.mkdir()
        Image.new("RGB", UNMARKED_SHEET).save(looks / "a.png")
        Image.new("RGB", (40, 40)).save(looks / "face.png")  # a picture that lies there too is scored
        call = ["predict", str(pictures), "--model", str(save_model(tmp_path / "model")), "--overlays", str(looks)]
        assert pain3d_cli.main([*call, "--out", str(out)]) == 0
        assert "looks/face.png" in out.read_text() and "looks/a.png" not in out.read_text()

    def test_an_overlay_that_is_named_is_an_error(self, pictures, tmp_path, capsys):
        call = ["predict", str(pictures / "a.png"), "--model", str(save_model(tmp_path / "model"))]
        assert pain3d_cli.main([*call, "--overlays", str(tmp_path / "looks"), "--out", str(tmp_path / "a.csv")]) == 0
        call.insert(1, str(tmp_path / "looks" / "a.png.png"))
        assert pain3d_cli.main([*call, "--out", str(tmp_path / "b.csv")]) == 1
        assert "an overlay that predict drew, not a picture of a face" in (tmp_path / "b.csv").read_text()

    def test_pictures_of_one_name_are_refused(self, pictures, tmp_path, capsys):
        call = [
            "predict",
            str(pictures / "a.png"),
            str(pictures / "more" / "a.png"),
            "--overlays",
            str(tmp_path / "out"),
        ]
        assert pain3d_cli.main([*call, "--model", str(save_model(tmp_path / "model"))]) == 2
        assert "two pictures are named a.png" in capsys.readouterr().err

    def test_a_model_without_queries_has_no_maps(self, pictures, tmp_path, capsys):
        model = save_model(tmp_path / "model", au_head="cls")
        assert (
            pain3d_cli.main(["predict", str(pictures), "--model", str(model), "--overlays", str(tmp_path / "out")]) == 2
        )
        assert "only 'query' has attention maps" in capsys.readouterr().err
