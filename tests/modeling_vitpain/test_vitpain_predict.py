import csv
import json

import numpy as np
import pytest
import torch
from PIL import Image

import pain3d_cli
from dataset_script.errors import InvalidInput
from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment, ViTPainImageProcessor
from modeling_vitpain.data import open_split
from modeling_vitpain.inference import predict_dataset

COLUMNS = ["path", "pspi", "pspi_low", "pspi_high", "AU4", "AU6", "AU7", "AU9", "AU10", "AU43", "error"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    directory = tmp_path_factory.mktemp("model")
    torch.manual_seed(0)
    ViTPainForPainAssessment(ViTPainConfig.tiny()).save_pretrained(directory)
    ViTPainImageProcessor(size={"height": 112, "width": 112}).save_pretrained(directory)
    return directory


@pytest.fixture
def pictures(tmp_path):
    directory = tmp_path / "pictures"
    (directory / "more").mkdir(parents=True)
    random = np.random.default_rng(0)
    for name in ("b.png", "a.jpg", "more/c.png"):
        Image.fromarray(random.integers(0, 255, (50, 60, 3), dtype=np.uint8)).save(directory / name)
    (directory / "notes.txt").write_text("not to be read")
    return directory


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


class TestCommand:
    def test_csv_of_a_directory(self, model, pictures, tmp_path):
        out = tmp_path / "scores.csv"
        assert pain3d_cli.main(["predict", str(pictures), "--model", str(model), "--out", str(out)]) == 0
        rows = read(out)
        assert list(rows[0]) == COLUMNS
        assert [row["path"] for row in rows] == [str(pictures / name) for name in ("a.jpg", "b.png", "more/c.png")]
        for row in rows:
            assert 0 <= float(row["pspi"]) <= 16
            assert 0 <= int(row["pspi_low"]) <= int(row["pspi_high"]) <= 16
            assert all(0 <= float(row[name]) <= 5 for name in COLUMNS[4:9])
            assert 0 <= float(row["AU43"]) <= 1
            assert row["error"] == ""

    def test_batch_equals_singles(self, model, pictures, tmp_path):
        rows = []
        for size in ("1", "2", "32"):
            out = tmp_path / f"{size}.csv"
            pain3d_cli.main(["predict", str(pictures), "--model", str(model), "--out", str(out), "--batch-size", size])
            rows.append([[float(row[name]) for name in COLUMNS[1:10]] for row in read(out)])
        np.testing.assert_allclose(rows[0], rows[1], atol=2e-4)
        np.testing.assert_allclose(rows[0], rows[2], atol=2e-4)

    def test_json_on_standard_output(self, model, pictures, capsys):
        assert pain3d_cli.main(["predict", str(pictures / "a.jpg"), "--model", str(model), "--json"]) == 0
        (row,) = json.loads(capsys.readouterr().out)
        assert list(row) == COLUMNS
        assert row["error"] is None

    def test_unreadable_pictures_are_named_and_counted(self, model, pictures, tmp_path, capsys):
        (pictures / "aa.png").write_bytes(b"no picture")
        whole = (pictures / "b.png").read_bytes()
        (pictures / "cut.png").write_bytes(whole[: len(whole) // 2])
        out = tmp_path / "scores.csv"
        assert pain3d_cli.main(["predict", str(pictures), "--model", str(model), "--out", str(out)]) == 1
        rows = {row["path"].rsplit("/", 1)[1]: row for row in read(out)}
        assert list(rows) == ["a.jpg", "aa.png", "b.png", "cut.png", "c.png"]
        assert rows["aa.png"]["error"] == "not a picture"
        assert rows["cut.png"]["error"].startswith("unreadable")
        assert rows["aa.png"]["pspi"] == rows["cut.png"]["AU4"] == ""
        assert rows["b.png"]["pspi"] != ""
        stderr = capsys.readouterr().err
        assert "aa.png: not a picture" in stderr
        assert "3 of 5 pictures scored" in stderr

    def test_a_single_file_that_is_no_picture(self, model, pictures, tmp_path, capsys):
        out = tmp_path / "scores.csv"
        notes = str(pictures / "notes.txt")
        assert pain3d_cli.main(["predict", notes, "--model", str(model), "--out", str(out)]) == 1
        assert capsys.readouterr().err.strip() == f"pain3d: {notes}: not a picture"
        assert not out.exists()

    @pytest.mark.parametrize(
        ("arguments", "code", "message"),
        [
            (["nowhere.png", "--model", "{model}"], 2, "nowhere.png does not exist"),
            (["{empty}", "--model", "{model}"], 2, "holds no picture"),
            (["{picture}", "--model", "{empty}"], 2, "holds no config.json"),
            (["{picture}", "--model", "/no/such/model"], 2, "/no/such/model"),
            (["{picture}", "--model", "{model}", "--batch-size", "0"], 2, "batch-size is 0"),
            (["{picture}", "--model", "{model}", "--out", "{empty}/no/such/dir.csv"], 1, "dir.csv"),
        ],
    )
    def test_one_clear_line(self, model, pictures, tmp_path, capsys, arguments, code, message):
        (tmp_path / "empty").mkdir()
        names = {"model": model, "picture": pictures / "a.jpg", "empty": tmp_path / "empty"}
        assert pain3d_cli.main(["predict", *(argument.format(**names) for argument in arguments)]) == code
        stderr = capsys.readouterr().err.strip()
        assert message in stderr
        assert len([line for line in stderr.splitlines() if line.startswith("pain3d:")]) == 1

    def test_a_model_of_another_kind(self, pictures, tmp_path, capsys):
        ViTPainConfig.tiny().backbone_config.save_pretrained(tmp_path / "vit")
        assert pain3d_cli.main(["predict", str(pictures), "--model", str(tmp_path / "vit")]) == 2
        assert "of type 'vit'; allowed is 'vitpain'" in capsys.readouterr().err

    def test_missing_tensors_are_named(self, model, pictures, tmp_path, capsys):
        from safetensors.torch import load_file, save_file

        tensors = load_file(model / "model.safetensors")
        for path in model.iterdir():
            (tmp_path / path.name).write_bytes(path.read_bytes())
        del tensors["au_head.queries"]
        save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
        assert pain3d_cli.main(["predict", str(pictures), "--model", str(tmp_path)]) == 1
        assert "au_head.queries" in capsys.readouterr().err


class TestDataset:
    def test_arrays_follow_the_rows(self, model, faces):
        found = predict_dataset(model, faces, batch_size=4)
        rows = open_split(faces, "test")
        assert set(found) == {
            *("frame_id", "identity_id", "view_id", "expression_id", "labels", "logits", "pspi", "au_labels", "au"),
            *("age_group", "ethnicity", "gender"),
        }
        assert found["frame_id"].tolist() == rows["frame_id"][:]
        assert found["labels"].tolist() == rows["pspi"][:]
        np.testing.assert_array_equal(found["au_labels"], rows["au"][:])
        assert found["ethnicity"].tolist() == rows["ethnicity"][:]
        assert found["logits"].shape == (10, 17)
        assert found["au"].shape == (10, 6)
        assert found["au"][:, 5].max() <= 1

    def test_equals_the_model_on_each_picture(self, model, faces):
        found = predict_dataset(model, faces, limit=3)
        network = ViTPainForPainAssessment.from_pretrained(model).eval()
        processor = ViTPainImageProcessor.from_pretrained(model)
        assert len(found["pspi"]) == 3
        for k, row in enumerate(open_split(faces, "test").select(range(3))):
            with torch.no_grad():
                output = network(**processor(row["image"], return_tensors="pt"))
            np.testing.assert_allclose(found["logits"][k], output.logits[0], atol=1e-4)
            np.testing.assert_allclose(found["pspi"][k], output.pspi[0], atol=1e-4)

    def test_heatmaps_are_another_input(self, model, faces):
        picture, heat = (predict_dataset(model, faces, input=kind) for kind in ("image", "heatmap"))
        assert not np.allclose(picture["logits"], heat["logits"])
        with pytest.raises(InvalidInput, match="input is 'depth'"):
            predict_dataset(model, faces, input="depth")
