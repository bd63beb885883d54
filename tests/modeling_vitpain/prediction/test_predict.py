import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import pipeline

import pain3d_cli
from dataset_script.errors import InvalidInput
from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment, ViTPainImageProcessor
from modeling_vitpain.frames.dataset import open_split
from modeling_vitpain.prediction.load import load_model
from modeling_vitpain.prediction.pictures import predict_images
from modeling_vitpain.prediction.splits import Predictions, predict_dataset

COLUMNS = [
    "path",
    "frame",
    "time_s",
    "pspi",
    "pspi_low",
    "pspi_high",
    "AU4",
    "AU6",
    "AU7",
    "AU9",
    "AU10",
    "AU43",
    "face",
    "faces",
    "x0",
    "y0",
    "x1",
    "y1",
    "yaw",
    "pitch",
    "roll",
    "warning",
    "error",
]


def save_model(directory, face_crop=None, **config):
    torch.manual_seed(0)
    ViTPainForPainAssessment(ViTPainConfig.tiny(**config)).save_pretrained(directory)
    ViTPainImageProcessor(size={"height": 112, "width": 112}, face_crop=face_crop).save_pretrained(directory)
    return directory


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def cropping_model(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("cropping"), face_crop=1.0)


@pytest.fixture(scope="module")
def reference_model(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("reference"), reference="neutral")


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


def predict(*arguments, out, code=0):
    """Rows of `pain3d predict`, after its exit code was checked."""
    assert pain3d_cli.main(["predict", *map(str, arguments), "--out", str(out)]) == code
    return read(out)


def pspi(rows):
    return [float(row["pspi"]) for row in rows]


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
            assert all(0 <= float(row[name]) <= 5 for name in COLUMNS[6:11])
            assert 0 <= float(row["AU43"]) <= 1
            assert row["error"] == ""

    def test_batch_equals_singles(self, model, pictures, tmp_path):
        rows = []
        for size in ("1", "2", "32"):
            out = tmp_path / f"{size}.csv"
            pain3d_cli.main(["predict", str(pictures), "--model", str(model), "--out", str(out), "--batch-size", size])
            rows.append([[float(row[name]) for name in COLUMNS[3:12]] for row in read(out)])
        np.testing.assert_allclose(rows[0], rows[1], atol=2e-4)
        np.testing.assert_allclose(rows[0], rows[2], atol=2e-4)

    def test_json_on_standard_output(self, model, pictures, capsys):
        assert pain3d_cli.main(["predict", str(pictures / "a.jpg"), "--model", str(model), "--json"]) == 0
        (row,) = json.loads(capsys.readouterr().out)
        assert list(row) == COLUMNS
        assert row["error"] is None

    def test_a_file_named_in_two_ways_is_scored_once(self, model, pictures, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(pictures)
        named = ["b.png", pictures / "b.png", "more/../b.png", "a.jpg", "."]
        rows = predict(*named, "--model", model, out=tmp_path / "scores.csv")
        assert [row["path"] for row in rows] == ["b.png", "a.jpg", "more/c.png"]
        assert "4 files were named twice, and are scored once" in capsys.readouterr().err

    def test_own_scores_that_a_shell_pattern_names_are_passed_over(self, model, pictures, capsys):
        out = pictures / "scores.csv"
        first = predict(pictures / "a.jpg", "--model", model, out=out)
        names = [pictures / "a.jpg", out, pictures / "scores.csv.run.json"]
        assert predict(*names, "--model", model, out=out) == first
        assert "2 files passed over: 2 of this command's own scores" in capsys.readouterr().err

    def test_unreadable_pictures_are_named_and_counted(self, model, pictures, tmp_path, capsys):
        (pictures / "aa.png").write_bytes(b"no picture")
        whole = (pictures / "b.png").read_bytes()
        (pictures / "cut.png").write_bytes(whole[: len(whole) // 2])
        out = tmp_path / "scores.csv"
        assert pain3d_cli.main(["predict", str(pictures), "--model", str(model), "--out", str(out)]) == 1
        rows = {row["path"].rsplit("/", 1)[1]: row for row in read(out)}
        assert list(rows) == ["a.jpg", "aa.png", "b.png", "cut.png", "c.png"]
        assert rows["aa.png"]["error"] == "neither a picture nor a video that can be read"
        assert rows["cut.png"]["error"].startswith("unreadable")
        assert rows["aa.png"]["pspi"] == rows["cut.png"]["AU4"] == ""
        assert rows["b.png"]["pspi"] != ""
        stderr = capsys.readouterr().err
        assert "aa.png: neither a picture nor a video that can be read" in stderr
        assert "3 of 5 pictures scored" in stderr

    def test_a_single_file_that_is_no_picture(self, model, pictures, tmp_path, capsys):
        out = tmp_path / "scores.csv"
        notes = str(pictures / "notes.txt")
        assert pain3d_cli.main(["predict", notes, "--model", str(model), "--out", str(out)]) == 1
        error = "neither a picture nor a video that can be read"
        said = capsys.readouterr().err.splitlines()
        assert said[0] == f"pain3d: {notes}: {error}" and said[1].startswith("0 of 1 pictures scored")
        (row,) = read(out)
        assert (row["path"], row["pspi"], row["error"]) == (notes, "", error)
        assert pain3d_cli.main(["predict", notes, "--model", str(model), "--json"]) == 1
        assert [row["error"] for row in json.loads(capsys.readouterr().out)] == [error]

    @pytest.mark.parametrize(
        ("arguments", "code", "message"),
        [
            (["nowhere.png", "--model", "{model}"], 2, "nowhere.png does not exist"),
            (["{empty}", "--model", "{model}"], 2, "holds no picture"),
            (["{picture}", "--model", "{empty}"], 2, "holds no config.json"),
            (["{picture}", "--model", "/no/such/model"], 2, "/no/such/model"),
            (["{picture}", "--model", "{model}", "--batch-size", "0"], 2, "batch-size is 0"),
            (["{picture}", "--model", "{model}", "--out", "{picture}/dir.csv"], 1, "dir.csv"),
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


def test_from_python_as_from_the_shell(model, pictures, tmp_path):
    rows = predict(pictures, "--model", model, out=tmp_path / "out.csv")
    scores = list(predict_images(*load_model(model), [row["path"] for row in rows], batch_size=2))
    assert [f"{found.pspi:.2f}" for found in scores] == [f"{value:.2f}" for value in pspi(rows)]
    assert [found.au["AU43"] <= 1 for found in scores] == [True] * 3


class TestFaces:
    def write(self, path, rows, columns=("path", "x0", "y0", "x1", "y1")):
        with open(path, "w", newline="") as file:
            csv.writer(file).writerows([columns, *rows])
        return path

    def test_boxes_cut_the_face_out(self, cropping_model, pictures, tmp_path):
        Image.open(pictures / "b.png").crop((10, 5, 40, 35)).save(tmp_path / "cut.png")
        boxes = self.write(
            tmp_path / "boxes.csv", [("pictures/b.png", 10, 5, 40, 35)]
        )  # as seen from the file's folder
        options = ("--model", cropping_model)
        boxed = predict(pictures / "b.png", *options, "--boxes", boxes, out=tmp_path / "boxed.csv")
        cut = predict(tmp_path / "cut.png", *options, out=tmp_path / "cut.csv")
        whole = predict(pictures / "b.png", *options, out=tmp_path / "whole.csv")
        assert pspi(boxed) == pspi(cut) != pspi(whole)

    def test_landmarks_do_too(self, cropping_model, pictures, tmp_path):
        points = np.random.default_rng(0).uniform(10, 40, (68, 2))
        points[36:42], points[42:48], points[48:68] = (18, 20), (32, 20), (25, 35)  # of a face that is upright
        columns = ["path", *(f"{axis}{k}" for k in range(68) for axis in "xy")]
        table = self.write(tmp_path / "points.csv", [("pictures/b.png", *points.ravel())], columns)
        found = predict(
            pictures / "b.png", "--model", cropping_model, "--landmarks", table, out=tmp_path / "landmarks.csv"
        )
        processor = ViTPainImageProcessor.from_pretrained(cropping_model)
        network = ViTPainForPainAssessment.from_pretrained(cropping_model).eval()
        with torch.no_grad():
            output = network(**processor(Image.open(pictures / "b.png"), landmarks=points, return_tensors="pt"))
        assert pspi(found) == [round(output.pspi.item(), 4)]

    def test_a_picture_without_a_box_is_a_row_with_an_error(self, cropping_model, pictures, tmp_path):
        boxes = self.write(tmp_path / "boxes.csv", [("pictures/b.png", 10, 5, 40, 35)])
        rows = predict(pictures, "--model", cropping_model, "--boxes", boxes, out=tmp_path / "out.csv", code=1)
        assert [row["error"] for row in rows] == [
            "no face is named for it in boxes.csv",
            "",
            "no face is named for it in boxes.csv",
        ]

    @pytest.mark.parametrize(
        ("row", "columns", "message"),
        [
            (("b.png", 5, 5, 5, 9), ("path", "x0", "y0", "x1", "y1"), "line 2: the face is"),
            (("b.png", 5, "left", 7, 9), ("path", "x0", "y0", "x1", "y1"), "line 2: could not convert"),
            (("b.png", 5, 5), ("path", "x0", "y0"), "has no column x1, y1"),
        ],
    )
    def test_a_wrong_table_is_named(self, cropping_model, pictures, tmp_path, capsys, row, columns, message):
        boxes = self.write(tmp_path / "boxes.csv", [row], columns)
        call = ["predict", str(pictures), "--model", str(cropping_model), "--boxes", str(boxes)]
        assert pain3d_cli.main(call) == 2
        assert message in capsys.readouterr().err

    def test_a_model_of_whole_pictures_asks_for_the_crop(self, model, pictures, tmp_path, capsys):
        boxes = self.write(tmp_path / "boxes.csv", [("pictures/b.png", 10, 5, 40, 35)])
        call = ["predict", str(pictures / "b.png"), "--model", str(model), "--boxes", str(boxes)]
        assert pain3d_cli.main(call) == 2
        assert "give --face-crop too" in capsys.readouterr().err
        assert pain3d_cli.main([*call, "--face-crop", "1.7"]) == 0

    def test_faces_are_found_or_said_to_be_missing(self, cropping_model, pictures, tmp_path):
        pytest.importorskip("cv2")
        rows = predict(pictures, "--model", cropping_model, "--find-faces", out=tmp_path / "out.csv", code=1)
        assert {row["error"] for row in rows} == {"no face found"}  # these pictures are noise

    def test_a_box_is_in_pixels_of_the_file_when_a_jpeg_is_reduced(self, cropping_model, tmp_path, monkeypatch):
        smooth = Image.linear_gradient("L").convert("RGB")
        smooth.save(tmp_path / "large.jpg", quality=95)
        boxes = self.write(tmp_path / "boxes.csv", [("large.jpg", 120, 130, 240, 250)])
        options = (tmp_path / "large.jpg", "--model", cropping_model, "--boxes", boxes)
        whole = predict(*options, out=tmp_path / "whole.csv")
        monkeypatch.setattr("modeling_vitpain.pictures_vitpain.MAX_PIXELS", 17_000)  # a quarter of 256 x 256
        reduced = predict(*options, out=tmp_path / "reduced.csv")
        assert pspi(reduced) == pytest.approx(pspi(whole), abs=0.05)


class TestReferences:
    def test_a_neutral_picture_changes_the_scores_as_in_the_model(self, reference_model, pictures, tmp_path):
        options = (pictures / "b.png", "--model", reference_model)
        plain = predict(*options, out=tmp_path / "plain.csv")
        referred = predict(*options, "--reference", pictures / "a.jpg", out=tmp_path / "referred.csv")
        processor = ViTPainImageProcessor.from_pretrained(reference_model)
        network = ViTPainForPainAssessment.from_pretrained(reference_model).eval()
        picture, neutral = (
            processor(Image.open(pictures / name), return_tensors="pt")["pixel_values"] for name in ("b.png", "a.jpg")
        )
        with torch.no_grad():
            expected = network(picture, reference_pixel_values=neutral).pspi.item()
        assert pspi(referred) == pytest.approx([expected], abs=1e-4)
        assert pspi(referred) != pspi(plain)

    def test_a_picture_is_never_its_own_reference(self, reference_model, pictures, tmp_path):
        options = (pictures / "b.png", "--model", reference_model)
        plain = predict(*options, out=tmp_path / "plain.csv")
        itself = predict(*options, "--reference", pictures / "b.png", out=tmp_path / "itself.csv")
        assert pspi(itself) == pytest.approx(pspi(plain), abs=1e-4)  # the fallback
        both = predict(*options, "--reference", pictures / "b.png", pictures / "a.jpg", out=tmp_path / "both.csv")
        other = predict(*options, "--reference", pictures / "a.jpg", out=tmp_path / "other.csv")
        assert pspi(both) == pytest.approx(pspi(other), abs=1e-4)

    def test_of_each_person_from_a_folder(self, reference_model, pictures, tmp_path):
        neutral = tmp_path / "neutral"
        (neutral / "more").mkdir(parents=True)
        random = np.random.default_rng(1)
        for name in ("pictures.png", "more/one.png", "more/two.png"):
            Image.fromarray(random.integers(0, 255, (40, 40, 3), dtype=np.uint8)).save(neutral / name)
        options = ("--model", reference_model)
        rows = predict(pictures, *options, "--reference-dir", neutral, out=tmp_path / "all.csv")
        first = predict(
            pictures / "a.jpg", *options, "--reference", neutral / "pictures.png", out=tmp_path / "first.csv"
        )
        last = predict(pictures / "more", *options, "--reference", neutral / "more", out=tmp_path / "last.csv")
        assert pspi(rows)[0] == pytest.approx(pspi(first)[0], abs=1e-4)
        assert pspi(rows)[2] == pytest.approx(pspi(last)[0], abs=1e-4)

    def test_from_the_lowest_scores(self, reference_model, pictures, tmp_path):
        options = (pictures, "--model", reference_model)
        plain = predict(*options, out=tmp_path / "plain.csv")[:2]  # a.jpg and b.png; more/c.png is another folder
        rows = predict(*options, "--neutral-from-lowest", "1", out=tmp_path / "lowest.csv")
        low, high = (0, 1) if pspi(plain)[0] < pspi(plain)[1] else (1, 0)
        named = predict(
            plain[high]["path"], *options[1:], "--reference", plain[low]["path"], out=tmp_path / "named.csv"
        )
        assert pspi(rows)[low] == pytest.approx(pspi(plain)[low], abs=1e-4)  # it keeps its score of the first pass
        assert pspi(rows)[high] == pytest.approx(pspi(named)[0], abs=1e-4)

    @pytest.mark.parametrize("size", [1, 2])
    def test_batch_equals_singles(self, reference_model, pictures, tmp_path, size):
        options = (pictures, "--model", reference_model, "--reference", pictures)
        whole = predict(*options, out=tmp_path / "whole.csv")
        parts = predict(*options, "--batch-size", size, out=tmp_path / "parts.csv")
        np.testing.assert_allclose(pspi(parts), pspi(whole), atol=2e-4)

    @pytest.mark.parametrize(
        ("which", "arguments", "message"),
        [
            ("model", ["--reference", "{a}"], "the model has reference='none'"),
            ("model", ["--neutral-from-lowest", "2"], "allowed are 'neutral' and True"),
            ("reference_model", ["--neutral-from-lowest", "0"], "neutral-from-lowest is 0"),
            ("reference_model", ["--reference", "nowhere.png"], "nowhere.png does not exist"),
            ("reference_model", ["--reference", "{bad}"], "bad.txt: neither a picture nor a video that can be read"),
            ("reference_model", ["--reference-dir", "{more}"], "neither a picture pictures.*"),
        ],
    )
    def test_one_clear_line(self, request, pictures, tmp_path, capsys, which, arguments, message):
        (tmp_path / "bad.txt").write_text("no picture")
        names = {"a": pictures / "a.jpg", "bad": tmp_path / "bad.txt", "more": pictures / "more"}
        call = ["predict", str(pictures / "b.png"), "--model", str(request.getfixturevalue(which))]
        assert pain3d_cli.main([*call, *(argument.format(**names) for argument in arguments)]) == 2
        stderr = capsys.readouterr().err
        assert message in stderr

    def test_a_model_without_fallback_asks_for_one(self, pictures, tmp_path, capsys):
        strict = save_model(tmp_path / "strict", reference="neutral", reference_fallback=False)
        call = ["predict", str(pictures / "b.png"), "--model", str(strict)]
        assert pain3d_cli.main(call) == 2
        assert "always needs a neutral reference" in capsys.readouterr().err
        assert pain3d_cli.main([*call, "--reference", str(pictures / "a.jpg")]) == 0

    def test_without_fallback_a_picture_that_is_its_own_only_reference_is_a_row(self, pictures, tmp_path, capsys):
        strict = save_model(tmp_path / "strict", reference="neutral", reference_fallback=False)
        call = ["predict", str(pictures), "--model", str(strict), "--json", "--out", str(tmp_path / "rows.json")]
        assert pain3d_cli.main([*call, "--reference", str(pictures / "b.png")]) == 1
        rows = {Path(row["path"]).name: row for row in json.loads((tmp_path / "rows.json").read_text())}
        assert rows.keys() == {"a.jpg", "b.png", "c.png"}
        assert rows["b.png"]["error"].startswith("the picture is its own only reference; this model needs another")
        assert rows["b.png"]["pspi"] is None and rows["a.jpg"]["error"] is rows["c.png"]["error"] is None
        alone = predict(
            pictures / "a.jpg", "--model", strict, "--reference", pictures / "b.png", out=tmp_path / "a.csv"
        )
        assert pspi(alone)[0] == pytest.approx(rows["a.jpg"]["pspi"], abs=1e-3)
        call += ["--overwrite", "--reference", str(pictures / "b.png"), str(pictures / "a.jpg")]
        assert pain3d_cli.main(call) == 0


class TestPipeline:
    def test_boxes(self, cropping_model, pictures):
        pipe = pipeline("pain-assessment", model=str(cropping_model), device="cpu")
        images = [Image.open(pictures / name).convert("RGB") for name in ("a.jpg", "b.png")]
        boxes = [(10, 5, 40, 35), (0, 0, 30, 20)]
        singles = [pipe(image, boxes=box)["pspi"] for image, box in zip(images, boxes, strict=True)]
        batch = pipe(images, boxes=boxes, batch_size=2)
        assert [scores["pspi"] for scores in batch] == pytest.approx(singles, abs=1e-4)
        assert pipe(images[0])["pspi"] != singles[0]
        with pytest.raises(ValueError, match="1 boxes were given for 2 pictures"):
            pipe(images, boxes=boxes[:1])

    def test_references(self, reference_model, pictures):
        pipe = pipeline("pain-assessment", model=str(reference_model), device="cpu")
        names = [str(pictures / name) for name in ("a.jpg", "b.png")]
        alone = pipe(names[0])["pspi"]
        referred = pipe(names[0], reference=names[1])["pspi"]
        assert alone != referred
        assert pipe(names[0], reference=[names[1]] * 3)["pspi"] == pytest.approx(referred, abs=1e-4)
        batch = pipe(names, reference=names[1], batch_size=2)
        assert batch[0]["pspi"] == pytest.approx(referred, abs=1e-4)

    def test_binary_heads(self, pictures, tmp_path):
        pipe = pipeline("pain-assessment", model=str(save_model(tmp_path / "model", pspi_head="regression")))
        scores = pipe(str(pictures / "a.jpg"))
        assert list(scores["pain"]) == ["PSPI >= 1", "PSPI >= 2", "PSPI >= 3"]
        assert all(0 < chance < 1 for chance in scores["pain"].values())

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"reference": "x.png"}, "the model has reference='none'"),
            ({"reference_boxes": [(0, 0, 5, 5)]}, "without reference"),
            ({"boxes": (0, 0, 5, 5)}, "sees whole pictures"),
            ({"face_crop": 1.5}, "face_crop was given without boxes"),
            ({"neutral": "x.png"}, "unknown parameter neutral; allowed are boxes"),
        ],
    )
    def test_what_is_refused(self, model, pictures, arguments, message):
        with pytest.raises(ValueError, match=message):
            pipeline("pain-assessment", model=str(model), device="cpu")(str(pictures / "a.jpg"), **arguments)

    def test_arrays(self, model, pictures):
        """Of any scale and axes as the picture itself; an array of several is a list."""
        pipe = pipeline("pain-assessment", model=str(model), device="cpu")
        image = Image.open(pictures / "b.png").convert("RGB")
        array = np.asarray(image)
        expected = pipe(image)["pspi"]
        for form in (array, array / 255, torch.from_numpy(array.copy()).permute(2, 0, 1)):
            assert pipe(form)["pspi"] == pytest.approx(expected, abs=2e-4)
        assert pipe(np.asarray(image.convert("L")))["pspi"] == pytest.approx(pipe(image.convert("L"))["pspi"], abs=1e-4)
        several = np.stack([255 - array, array])
        for batch in (several, torch.from_numpy(several / 255)):
            assert [scores["pspi"] for scores in pipe(batch)] == pytest.approx(
                [pipe(Image.fromarray(255 - array))["pspi"], expected], abs=2e-4
            )
        with pytest.raises(ValueError, match="2 pictures were given in the place of one"):
            pipe([several])


class TestDataset:
    def test_arrays_follow_the_rows(self, model, faces):
        found = predict_dataset(model, faces, batch_size=4)
        rows = open_split(faces, "test")
        assert (
            set(found)
            == set(Predictions.__required_keys__)
            == {
                *("frame_id", "identity_id", "view_id", "expression_id", "labels", "logits", "pspi", "au_labels", "au"),
                *("companions", "companion_labels"),
                *("age_group", "ethnicity", "gender", "expression", "interval_temperature"),
            }
        )
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

    def test_references_must_fit_the_model(self, model, faces, tmp_path):
        with pytest.raises(InvalidInput, match="the model has reference='none'"):
            predict_dataset(model, faces, reference=True)
        strict = save_model(tmp_path / "strict", reference="neutral", reference_fallback=False)
        with pytest.raises(InvalidInput, match="no fallback"):
            predict_dataset(strict, faces, reference=False)

    def test_no_reference_is_the_fallback(self, reference_model, faces):
        found = predict_dataset(reference_model, faces, limit=2, reference=False)
        network = ViTPainForPainAssessment.from_pretrained(reference_model).eval()
        processor = ViTPainImageProcessor.from_pretrained(reference_model)
        row = open_split(faces, "test")[1]
        with torch.no_grad():
            output = network(**processor(row["image"], return_tensors="pt"))
        np.testing.assert_allclose(found["logits"][1], output.logits[0], atol=1e-4)

    def test_each_frame_sees_the_neutral_one_of_its_person(self, reference_model, faces):
        found = predict_dataset(reference_model, faces, batch_size=3)
        network = ViTPainForPainAssessment.from_pretrained(reference_model).eval()
        processor = ViTPainImageProcessor.from_pretrained(reference_model)
        rows = open_split(faces, "test")
        pixels = {row["frame_id"]: processor(row["image"], return_tensors="pt")["pixel_values"] for row in rows}
        for k, row in enumerate(rows):
            neutral = None if row["frame_id"] == row["neutral_frame_id"] else pixels[row["neutral_frame_id"]]
            with torch.no_grad():
                output = network(pixels[row["frame_id"]], reference_pixel_values=neutral)
            np.testing.assert_allclose(found["logits"][k], output.logits[0], atol=1e-4)
        alone = predict_dataset(reference_model, faces, reference=False)
        assert not np.allclose(found["logits"], alone["logits"], atol=1e-3)

    def test_the_first_frames_are_those_of_the_whole(self, reference_model, faces):
        found, whole = predict_dataset(reference_model, faces, limit=3), predict_dataset(reference_model, faces)
        np.testing.assert_allclose(found["logits"], whole["logits"][:3], atol=1e-4)


def test_a_model_that_is_not_there_is_told_without_asking_the_hub(tmp_path, capsys, monkeypatch):
    from modeling_vitpain.configuration_vitpain import ViTPainConfig

    monkeypatch.setattr(ViTPainConfig, "get_config_dict", lambda *_: pytest.fail("the Hub was asked"))
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    assert pain3d_cli.main(["predict", str(tmp_path / "a.png"), "--model", "tiny"]) == 2
    assert (
        "model is 'tiny'; allowed is a model directory, OWNER/NAME on the Hub or vitpain-small"
        in capsys.readouterr().err
    )
