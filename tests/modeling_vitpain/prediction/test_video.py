import csv
import struct
import sys
import weakref

import numpy as np
import pytest
import torch
from PIL import Image

import pain3d_cli
from dataset_script.errors import InvalidInput
from dataset_script.video import Sampling
from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment, ViTPainImageProcessor
from modeling_vitpain.prediction.load import load_model
from modeling_vitpain.prediction.media import InputImage, MediaFile, read_pictures
from modeling_vitpain.prediction.pictures import Scorer

av = pytest.importorskip("av")

RATE = 25
FRAMES = 60


def write_video(path, frames=FRAMES, side=64, **options):
    """Frames that grow lighter, with a mark in the upper left corner."""
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = side, side * 2, "yuv420p", 5
        for k in range(frames):
            pixels = np.full((side * 2, side, 3), 20 + 3 * k % 200, dtype=np.uint8)
            pixels[: side // 2, : side // 2] = 255
            pixels[side : side + 64] += np.random.default_rng(k).integers(0, 30, (64, side, 3), dtype=np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels)):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return path


def pictures_of(path, **sampling) -> list[InputImage]:
    return list(read_pictures(MediaFile(path, path.name), Sampling(**sampling)))


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("video") / "visit.mp4", movflags="faststart")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    directory = tmp_path_factory.mktemp("model")
    torch.manual_seed(0)
    ViTPainForPainAssessment(ViTPainConfig.tiny(reference="neutral")).save_pretrained(directory)
    ViTPainImageProcessor(size={"height": 112, "width": 112}, face_crop=1.0).save_pretrained(directory)
    return directory


def predict(*arguments, out, code=0):
    assert pain3d_cli.main(["predict", *map(str, arguments), "--out", str(out)]) == code
    with open(out, newline="") as file:
        return list(csv.DictReader(file))


class TestFrames:
    def test_are_numbered_and_timed(self, video):
        pictures = pictures_of(video)
        assert [picture.frame for picture in pictures] == list(range(FRAMES))
        np.testing.assert_allclose([picture.time_s for picture in pictures], np.arange(FRAMES) / RATE, atol=1e-3)
        assert all(picture.image.size == (64, 128) and picture.image.mode == "RGB" for picture in pictures)

    def test_every_nth(self, video):
        assert [picture.frame for picture in pictures_of(video, every=7)] == list(range(0, FRAMES, 7))

    @pytest.mark.parametrize("fps", [1, 3, 10, 12.5, 25, 100])
    def test_at_most_so_many_a_second(self, video, fps):
        times = np.array([picture.time_s for picture in pictures_of(video, fps=fps)])
        assert times[0] == 0
        assert len(times) == min(FRAMES, np.ceil(FRAMES / RATE * fps))
        np.testing.assert_allclose(times, np.arange(len(times)) / min(fps, RATE), atol=1 / RATE)

    @pytest.mark.parametrize("wrong", [{"every": 0}, {"fps": 0}, {"fps": float("nan")}, {"every": 2, "fps": 2.0}])
    def test_sampling_that_makes_no_sense(self, wrong):
        with pytest.raises(InvalidInput):
            Sampling(**wrong)

    def test_are_let_go_one_by_one(self, video):
        """However long the video, no more than two of its frames are in memory."""
        seen, most = [], 0
        for picture in read_pictures(MediaFile(video, video.name)):
            seen.append(weakref.ref(picture.image))
            most = max(most, sum(ref() is not None for ref in seen))
        assert len(seen) == FRAMES
        assert most <= 2

    def test_are_let_go_by_the_scorer_too(self, model, video):
        seen, most = [], []

        def watched():
            for picture in read_pictures(MediaFile(video, video.name)):
                seen.append(weakref.ref(picture.image))
                most.append(sum(ref() is not None for ref in seen))
                yield picture

        scores = list(Scorer(*load_model(model), batch_size=16).score(watched()))
        assert len(scores) == FRAMES
        assert max(most) <= 2

    def test_are_turned_as_the_phone_was_held(self, video, tmp_path):
        content = bytearray(video.read_bytes())
        matrix = content.index(b"tkhd") + 4 + 40  # ISO 14496-12: a, b, u, c, d, v, x, y, w of the track header
        clockwise = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 128 << 16, 0, 1 << 30)
        content[matrix : matrix + 36] = clockwise
        (tmp_path / "phone.mp4").write_bytes(content)
        lying, upright = pictures_of(video)[0].image, pictures_of(tmp_path / "phone.mp4")[0].image
        np.testing.assert_array_equal(np.asarray(upright), np.rot90(np.asarray(lying), -1))

    def test_an_animated_gif_is_one_picture(self, tmp_path):
        frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
        frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
        (picture,) = pictures_of(tmp_path / "moving.gif")
        assert picture.frame is None
        assert picture.image.getpixel((5, 5)) == (255, 0, 0)


class TestDamage:
    def test_no_video_at_all(self, tmp_path):
        (tmp_path / "notes.mp4").write_bytes(b"not a video")
        (picture,) = pictures_of(tmp_path / "notes.mp4")
        assert picture.error.startswith("not a readable video") and "moov" not in picture.error

    def test_a_recording_that_was_not_finished(self, video, tmp_path):
        content = video.read_bytes()
        (tmp_path / "cut.mp4").write_bytes(content[: content.index(b"moov") - 4])
        (picture,) = pictures_of(tmp_path / "cut.mp4")
        assert picture.error == (
            "not a readable video: Invalid data found when processing input; its index (moov) is missing, as where a "
            "recording was not finished or a copy not whole"
        )

    def test_sound_only(self, tmp_path):
        with av.open(str(tmp_path / "sound.mp4"), "w") as container:
            stream = container.add_stream("aac", rate=8000)
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), dtype=np.float32), format="fltp", layout="mono")
            frame.sample_rate = 8000
            for packet in [*stream.encode(frame), *stream.encode(None)]:
                container.mux(packet)
        assert [picture.error for picture in pictures_of(tmp_path / "sound.mp4")] == ["the file holds no video stream"]

    @pytest.mark.parametrize("name", ["cut.mp4", "cut.mkv"])
    def test_a_file_cut_short_gives_its_frames_and_the_error(self, tmp_path, name):
        whole = write_video(tmp_path / f"whole-{name}", **({"movflags": "faststart"} if name == "cut.mp4" else {}))
        content = whole.read_bytes()
        (tmp_path / name).write_bytes(content[: len(content) // 2])
        *good, last = pictures_of(tmp_path / name)
        assert len(good) > 5
        assert all(picture.error is None for picture in good)
        assert "ends at" in last.error or "damaged after frame" in last.error

    def test_bytes_overwritten_in_the_middle(self, video, tmp_path):
        content = bytearray(video.read_bytes())
        middle = len(content) // 2
        content[middle : middle + len(content) // 5] = bytes(len(content) // 5)
        (tmp_path / "hole.mp4").write_bytes(content)
        pictures = pictures_of(tmp_path / "hole.mp4")
        assert pictures[0].error is None
        assert any(picture.error for picture in pictures)


class TestCommand:
    def test_columns_frames_and_times(self, model, video, tmp_path):
        rows = predict(video, "--model", model, "--every", "20", out=tmp_path / "out.csv")
        assert list(rows[0])[:4] == ["path", "frame", "time_s", "pspi"]
        assert [(row["frame"], row["time_s"]) for row in rows] == [("0", "0.0"), ("20", "0.8"), ("40", "1.6")]
        assert all(row["path"] == str(video) and float(row["pspi"]) >= 0 for row in rows)

    def test_a_frame_scores_as_its_picture(self, model, video, tmp_path):
        frame = pictures_of(video, every=20)[1]
        frame.image.save(tmp_path / "frame.png")
        rows = predict(video, tmp_path / "frame.png", "--model", model, "--every", "20", out=tmp_path / "out.csv")
        assert rows[1]["pspi"] == pytest.approx(rows[3]["pspi"])
        assert rows[3]["frame"] == ""

    def test_a_broken_video_keeps_its_rows(self, model, video, tmp_path, capsys):
        content = video.read_bytes()
        (tmp_path / "broken.mp4").write_bytes(content[: len(content) // 2])
        rows = predict(tmp_path / "broken.mp4", "--model", model, out=tmp_path / "out.csv", code=1)
        assert len(rows) > 5
        assert all(row["pspi"] and not row["error"] for row in rows[:-1])
        assert rows[-1]["error"]
        assert "broken.mp4" in capsys.readouterr().err

    def test_boxes_of_frames_and_of_the_whole_video(self, model, video, tmp_path):
        (tmp_path / "boxes.csv").write_text(
            "path,frame,x0,y0,x1,y1\n" + f"{video},,0,0,60,60\n" + f"{video},30,4,60,60,120\n"
        )
        options = (video, "--model", model, "--every", "15")
        boxed = predict(*options, "--boxes", tmp_path / "boxes.csv", out=tmp_path / "boxed.csv")
        (tmp_path / "one.csv").write_text(f"path,x0,y0,x1,y1\n{video},0,0,60,60\n")
        one = predict(*options, "--boxes", tmp_path / "one.csv", out=tmp_path / "one-out.csv")
        same = [a["pspi"] == b["pspi"] for a, b in zip(boxed, one, strict=True)]
        assert same == [True, True, False, True]

    @pytest.mark.parametrize(
        ("frames", "options", "line"),
        [
            (
                range(1, FRAMES + 1),
                (),
                "names frames 1 to 60 of visit.mp4, which has frames 0 to 59: each was used for",
            ),
            (range(1, FRAMES + 1), ("--every", "15"), "names frames 1 to 60 of visit.mp4, which has frames 0 to 59"),
            ([0, 60, 70], (), "names frame 60 and 1 more of visit.mp4, which has frames 0 to 59: frames count from 0"),
            ([0, 59], ("--every", "15"), None),
            (range(FRAMES), (), None),
        ],
    )
    def test_frames_that_the_video_does_not_have_are_said(self, model, video, tmp_path, capsys, frames, options, line):
        table = tmp_path / "boxes.csv"
        table.write_text("path,frame,x0,y0,x1,y1\n" + "".join(f"{video},{k},4,60,60,120\n" for k in frames))
        call = ["predict", video, "--model", model, "--boxes", table, *options, "--out", tmp_path / "out.csv"]
        assert pain3d_cli.main([*map(str, call)]) in (0, 1)  # frames without a row have an error
        told = [found for found in capsys.readouterr().err.splitlines() if "which has frames" in found]
        assert len(told) == (line is not None) and (line is None or f"pain3d: boxes.csv {line}" in told[0])

    def test_neutral_frames_are_the_lowest_of_the_video(self, model, video, tmp_path):
        options = (video, "--model", model, "--every", "10")
        plain = predict(*options, out=tmp_path / "plain.csv")
        rows = predict(*options, "--neutral-from-lowest", "2", out=tmp_path / "lowest.csv")
        frames = {picture.frame: picture.image for picture in pictures_of(video, every=10)}
        lowest = sorted(plain, key=lambda row: float(row["pspi"]))[:2]
        for row in lowest:
            frames[int(row["frame"])].save(tmp_path / f"neutral-{row['frame']}.png")
        neutral = sorted(tmp_path.glob("neutral-*.png"))
        named = predict(*options, "--reference", *neutral, out=tmp_path / "named.csv")
        for row, expected in zip(rows, named, strict=True):
            if row["frame"] not in {low["frame"] for low in lowest}:  # these two see one another only
                assert float(row["pspi"]) == pytest.approx(float(expected["pspi"]), abs=2e-4)
        assert [row["pspi"] for row in rows] != [row["pspi"] for row in plain]

    def test_without_pyav_the_extra_is_named(self, model, video, tmp_path, monkeypatch, capsys):
        monkeypatch.setitem(sys.modules, "av", None)
        assert pain3d_cli.main(["predict", str(video), "--model", str(model)]) == 1
        assert "pip install 'pain3d[video]'" in capsys.readouterr().err
