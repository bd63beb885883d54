"""`pain3d predict --camera`: OpenCV's own capture on a clip, and a stand-in where a device is needed."""

import io
import itertools
import json
import os
import pty
import signal
import sys
import time
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

import pain3d_cli
from dataset_script.video import Sampling
from modeling_vitpain.prediction import preview
from modeling_vitpain.prediction.camera import Camera
from modeling_vitpain.prediction.image_scores import ImageScores
from modeling_vitpain.prediction.preview import Preview, score_line
from modeling_vitpain.prediction.score_file import record_path
from tests.modeling_vitpain.prediction.test_predict import COLUMNS, read, save_model
from tests.support.small_videos import MATRICES, distance, drawn, shown, with_matrix, write_clip

cv2 = pytest.importorskip("cv2")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", frames=12)


class FakeCapture:
    """A camera that gives `left` pictures of one colour, and then none."""

    left = 10**9

    def __init__(self, device):
        assert device == 3

    def isOpened(self):
        return True

    def set(self, *setting):
        return True

    def get(self, name):
        return 0.0  # as of what a camera does not know

    def read(self):
        if self.left <= 0:
            return False, None
        self.left -= 1
        time.sleep(0.005)
        return True, np.full((48, 64, 3), (200, 60, 20), np.uint8)  # blue first

    def release(self):
        pass


@pytest.fixture
def camera(monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", FakeCapture)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    return FakeCapture


def test_a_clip_stands_in_for_a_camera(model, clip, tmp_path, capsys):
    out = tmp_path / "live.csv"
    words = ["predict", "--camera", str(clip), "--model", str(model), "--out", str(out)]
    assert pain3d_cli.main(words) == 0
    rows = read(out)
    assert list(rows[0]) == COLUMNS and [int(row["frame"]) for row in rows] == list(range(12))
    times = [float(row["time_s"]) for row in rows]
    assert times[0] == 0 and times == sorted(times)
    (path,) = {row["path"] for row in rows}
    assert path.startswith(f"camera {clip} from 20")
    stderr = capsys.readouterr().err
    assert "PSPI" in stderr and "12 of 12 pictures scored" in stderr
    assert json.loads(record_path(out).read_text())["finished"]
    assert pain3d_cli.main(words) == 2  # what was seen once is never overwritten by itself
    assert "holds rows of another run" in capsys.readouterr().err and read(out) == rows
    assert pain3d_cli.main([*words, "--overwrite"]) == 0


def test_it_ends_after_so_many_seconds(model, camera, tmp_path, monkeypatch):
    from modeling_vitpain.prediction import camera as module

    steps = itertools.count()
    clock = SimpleNamespace(monotonic=lambda: next(steps) / 50)  # 50 pictures a second
    monkeypatch.setattr(module, "time", clock)
    out = tmp_path / "live.csv"
    words = ["predict", "--camera", "3", "--model", str(model), "--out", str(out)]
    assert pain3d_cli.main([*words, "--seconds", "1", "--fps", "10"]) == 0
    times = [float(row["time_s"]) for row in read(out)]
    np.testing.assert_allclose(times, np.arange(10) / 10)


def test_colours_are_those_of_the_picture(camera):
    with Camera("3", Sampling()) as opened:
        assert next(opened.pictures()).image.getpixel((5, 5)) == (20, 60, 200)


@pytest.mark.parametrize(("matrix", "size"), [("as stored", (140, 64)), ("clockwise", (64, 140))])
def test_pixels_become_square(tmp_path, matrix, size):
    clip = write_clip(tmp_path / "wide.mp4", aspect=Fraction(16, 11))
    turned = with_matrix(clip, tmp_path / "turned.mp4", MATRICES[matrix])
    with Camera(str(turned), Sampling()) as opened:
        image = next(opened.pictures()).image
    assert image.size == size
    assert distance(image, shown(drawn(0, 140, 64), MATRICES[matrix])) < 8


def test_ctrl_c_is_an_end_like_others(model, camera, tmp_path, monkeypatch, capsys, request):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    shown = []

    def show(self, image, scores):
        shown.append(scores[0].pspi)
        if len(shown) == 4:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)
        return True

    monkeypatch.setattr(Preview, "show", show)
    out = tmp_path / "live.csv"
    assert pain3d_cli.main(["predict", "--camera", "3", "--model", str(model), "--out", str(out)]) == 0
    assert len(read(out)) == 4 and None not in shown
    assert "4 of 4 pictures scored" in capsys.readouterr().err


def test_q_on_the_terminal_stops(model, camera, tmp_path, monkeypatch):
    keys, terminal = pty.openpty()
    with open(terminal) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        os.write(keys, b"xq")
        out = tmp_path / "live.csv"
        words = ["predict", "--camera", "3", "--model", str(model), "--out", str(out), "--seconds", "20"]
        assert pain3d_cli.main(words) == 0
        assert len(read(out)) == 2
    os.close(keys)


def test_a_camera_that_is_pulled_out(model, camera, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(camera, "left", 5)
    out = tmp_path / "live.csv"
    assert pain3d_cli.main(["predict", "--camera", "3", "--model", str(model), "--out", str(out)]) == 1
    assert len(read(out)) == 5
    assert "pain3d: camera 3 gives no more pictures" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--camera", "99"], 1, "camera 99 cannot be opened; is it connected"),
        (["--camera", "/no/such.mp4"], 1, "camera /no/such.mp4 cannot be opened; allowed are a number"),
        (
            ["--camera", "http://127.0.0.1:9/x.m3u8"],
            1,
            "http://127.0.0.1:9/x.m3u8 cannot be reached, or sends no video",
        ),
        (["--camera", "{clip}", "--seconds", "0"], 2, "seconds is 0.0; allowed is above 0"),
        (["--camera", "{clip}", "{clip}"], 2, "camera and files were both given"),
        (["--camera", "{clip}", "--boxes", "b.csv"], 2, "camera and boxes were both given"),
        (["{clip}", "--seconds", "3"], 2, "seconds was given without a camera"),
        ([], 2, "nothing to score was named"),
    ],
)
def test_one_clear_line(model, clip, capfd, options, code, message):
    words = [word.format(clip=clip) for word in options]
    assert pain3d_cli.main(["predict", *words, "--model", str(model)]) == code
    stderr = capfd.readouterr().err  # with what OpenCV itself would write
    assert message in stderr and stderr.count("\n") == 1


def test_without_opencv(model, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert pain3d_cli.main(["predict", "--camera", "0", "--model", str(model)]) == 1
    assert capsys.readouterr().err == "pain3d: predict needs cv2: pip install 'pain3d[faces]'\n"


def test_a_window_where_one_can_be_had(model, camera, tmp_path, monkeypatch):
    shown, keys = [], iter([-1, -1, ord("q")])
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(cv2, "namedWindow", lambda *window: None)
    monkeypatch.setattr(cv2, "imshow", lambda title, pixels: shown.append(pixels))
    monkeypatch.setattr(cv2, "waitKey", lambda milliseconds: next(keys))
    monkeypatch.setattr(cv2, "getWindowProperty", lambda *window: 1.0)
    monkeypatch.setattr(cv2, "destroyAllWindows", lambda: None)
    out = tmp_path / "live.csv"
    assert pain3d_cli.main(["predict", "--camera", "3", "--model", str(model), "--out", str(out)]) == 0
    assert len(read(out)) == len(shown) == 3
    assert shown[0].shape == (48, 64, 3) and tuple(shown[0][2, 2]) == (200, 60, 20)


def test_a_headless_opencv_on_a_display_shows_the_line(monkeypatch):
    def fail(*window):
        raise cv2.error("not implemented")

    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(cv2, "namedWindow", fail)
    stream = io.StringIO()
    with Preview(stream) as shown:
        assert shown.show(None, [ImageScores("x", error="no face found")])
    assert stream.getvalue() == "no face found\n"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_line_is_refreshed_in_place(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    now = iter([0.0, 0.1, 0.2])
    monkeypatch.setattr(preview.time, "monotonic", lambda: next(now))
    stream = Terminal()
    with Preview(stream) as shown:
        for pspi in (1.0, 2.0, 3.2):
            shown.show(None, [ImageScores("x", pspi=pspi, pspi_low=0, pspi_high=9, yaw=12.3, faces=1)])
    lines = stream.getvalue().split("\r")[1:]
    assert len(lines) == 3 and stream.getvalue().count("\n") == 1
    assert lines[-1] == "PSPI 3.2 (0-9)  yaw 12  1 face  10 fps\x1b[K\n"


def test_the_line_names_all_faces():
    first = ImageScores("x", pspi=3.0, pspi_low=1, pspi_high=5, faces=3, warning="dark")
    others = [ImageScores("x", pspi=7.25, faces=3), ImageScores("x", error="cut", faces=3)]
    assert score_line([first, *others], 14.2) == "PSPI 3.0 (1-5)  3 faces  others 7.2 -  14 fps  dark"
