"""Streams without a container, under any name; JPEG files of several pictures; HDR."""

import io
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

av = pytest.importorskip("av")

from small_videos import RATE, add_frames, add_video, distance, drawn, write_clip  # noqa: E402

from dataset_script.hdr import HLG, PQ, to_standard_range  # noqa: E402
from dataset_script.media_files import VIDEO_SUFFIXES, is_video_file  # noqa: E402
from modeling_vitpain.prediction.media import InputImage, MediaFile, read_pictures  # noqa: E402

RAW = {".h264": ("h264", "libx264"), ".265": ("hevc", "libx265"), ".y4m": ("yuv4mpegpipe", "rawvideo")} | {
    ".nut": ("nut", "libx264"),
    ".ivf": ("ivf", "libvpx"),
}
SEVERAL = "the first of several pictures"


def frames_of(path) -> list[InputImage]:
    return list(read_pictures(MediaFile(path, path.name)))


def jpeg(k: int, size=(96, 64)) -> bytes:
    file = io.BytesIO()
    Image.fromarray(drawn(k, *size)).save(file, "JPEG", quality=95)
    return file.getvalue()


@pytest.mark.parametrize("suffix", RAW)
@pytest.mark.parametrize("renamed", ["", ".bin", ".jpg"])
def test_raw_streams_by_suffix_and_by_content(tmp_path, suffix, renamed):
    container_format, codec = RAW[suffix]
    path = write_clip(tmp_path / f"camera{suffix}", codec=codec, container_format=container_format)
    assert suffix in VIDEO_SUFFIXES
    path = path.rename(tmp_path / f"camera{renamed}") if renamed else path
    frames = frames_of(path)
    assert [frame.error for frame in frames] == [None] * 8
    assert [frame.frame for frame in frames] == list(range(8))
    assert all(distance(frame.image, drawn(k)) < 6 for k, frame in enumerate(frames))


@pytest.mark.parametrize("name", ["notes.txt", "face.jpg", "colours.nfo", "drawing.svg", "noise"])
def test_what_is_neither(tmp_path, name):
    content = {"colours.nfo": b"\x1b[31mred\n" * 99, "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>'}
    noise = np.random.default_rng(0).bytes(50_000) if name == "noise" else b"1, 2, 3\n" * 99
    (tmp_path / name).write_bytes(content.get(name, noise))
    (frame,) = frames_of(tmp_path / name)
    assert frame.error == "neither a picture nor a video that can be read"


class TestMotionJpeg:
    @pytest.mark.parametrize("name", ["door.mjpeg", "door.MJPG", "door", "door.mp4"])
    def test_is_a_video(self, tmp_path, name):
        (tmp_path / name).write_bytes(b"".join(jpeg(k) for k in range(12)))
        frames = frames_of(tmp_path / name)
        assert [frame.frame for frame in frames] == list(range(12))
        assert all(distance(frame.image, drawn(k)) < 6 for k, frame in enumerate(frames))
        assert (np.diff([frame.time_s for frame in frames]) > 0).all()

    def test_named_as_a_picture_says_what_is_left_out(self, tmp_path):
        (tmp_path / "door.jpg").write_bytes(jpeg(0) + jpeg(1))
        (frame,) = frames_of(tmp_path / "door.jpg")
        assert frame.frame is None and frame.note == SEVERAL

    @pytest.mark.parametrize("rest", [b"", b"trailer" * 9, jpeg(1, (48, 32)), b"\xff\xd8\xff"])
    def test_one_picture_is_none(self, tmp_path, rest):
        """What phones put behind a picture: nothing, their own data, a smaller picture of depth."""
        for name in ("face", "face.jpg"):
            (tmp_path / name).write_bytes(jpeg(0) + rest)
            assert not is_video_file(tmp_path / name)
            (frame,) = frames_of(tmp_path / name)
            assert frame.error is None and frame.note is None


@pytest.mark.parametrize(
    ("others", "note"),
    [(["RGB", "RGB"], SEVERAL), (["RGB"], SEVERAL), (["L"], None), (["small"], None), (["small", "RGB"], SEVERAL)],
)
def test_pictures_of_an_mpo(tmp_path, others, note):
    """Both views of a stereo camera are pictures; a preview or a gain map is none."""
    first = Image.fromarray(drawn(0))
    extra = [first.resize((48, 32)) if kind == "small" else first.convert(kind) for kind in others]
    for name in ("stereo.mpo", "stereo.jpg"):
        first.save(tmp_path / name, "MPO", save_all=True, append_images=extra)
        (frame,) = frames_of(tmp_path / name)
        assert frame.frame is None and frame.error is None and frame.note == note


def signal_of(light: np.ndarray, transfer: int) -> np.ndarray:
    """R'G'B' of HDR, 0 to 1, of linear light in units of graphics white (203 cd/m2), by ITU-R BT.2100."""
    if transfer == PQ:
        y = (light * 203 / 10_000) ** (2610 / 16384)
        return ((3424 / 4096 + 2413 / 128 * y) / (1 + 2392 / 128 * y)) ** (2523 / 32)
    shown = light * 203 / 1000
    luminance = (shown @ [0.2627, 0.6780, 0.0593])[..., None]
    scene = shown * np.maximum(luminance, 1e-9) ** (1 / 1.2 - 1)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), a * np.log(np.maximum(12 * scene - b, 1e-9)) + c)


TO_BT2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])


@pytest.mark.parametrize("transfer", [PQ, HLG])
class TestHighDynamicRange:
    def test_faces_keep_their_brightness(self, transfer):
        pixels = np.minimum(drawn(0), 200)
        levels = np.rint(signal_of((pixels / 255) ** 2.2 @ TO_BT2020.T, transfer) * 65535).astype(np.uint16)
        difference = to_standard_range(levels, transfer, 9).astype(int) - pixels
        assert np.abs(difference).max() <= 2

    def test_what_is_brighter_than_white_stays_below_it(self, transfer):
        light = np.linspace(0, 4.9, 300)[:, None, None] * np.ones(3)
        shown = to_standard_range(np.rint(signal_of(light, transfer) * 65535).astype(np.uint16), transfer, 9)[:, 0, 0]
        assert (np.diff(shown.astype(int)) >= 0).all() and shown[0] == 0 and 245 <= shown[-1] <= 255
        assert 230 <= shown[np.searchsorted(light[:, 0, 0], 1.0)] < 250

    def test_a_video_of_a_phone(self, tmp_path, transfer):
        pixels = np.minimum(drawn(0), 200)
        levels = np.rint(signal_of((pixels / 255) ** 2.2, transfer) * 65535).astype(np.uint16)
        with av.open(str(tmp_path / "phone.mkv"), "w") as container:
            stream = container.add_stream("ffv1", rate=RATE)
            stream.width, stream.height, stream.pix_fmt = 96, 64, "gbrp10le"
            stream.codec_context.color_trc = transfer
            for k in range(3):
                frame = av.VideoFrame.from_ndarray(levels, format="rgb48le").reformat(format="gbrp10le")
                frame.pts, frame.time_base, frame.color_trc = k, Fraction(1, RATE), transfer
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        frames = frames_of(tmp_path / "phone.mkv")
        assert len(frames) == 3 and all(distance(frame.image, pixels) < 3 for frame in frames)


def test_tags_that_are_not_utf8(tmp_path):
    """Titles of old editors are in the characters of their country."""
    path = tmp_path / "visit.avi"
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "Pruefung"
        add_frames(container, add_video(container), 3)
    path.write_bytes(path.read_bytes().replace(b"Pruefung", b"Pr\xfcfung "))
    assert [frame.error for frame in frames_of(path)] == [None] * 3


@pytest.mark.parametrize("error", [ValueError("31 is not a valid Type"), MemoryError(), NotImplementedError("bayer")])
def test_whatever_a_decoder_raises_ends_its_own_file_alone(tmp_path, monkeypatch, error):
    path = write_clip(tmp_path / "odd.mp4")

    def decode(*_):
        raise error

    monkeypatch.setattr("dataset_script.video.shown_frame", decode)
    (frame,) = frames_of(path)
    shown = f"{type(error).__name__}: {error}" if str(error) else "MemoryError"
    assert frame.error == f"damaged after frame 0 at 0.00 s: {shown}"


def test_a_mistake_of_the_program_is_no_damaged_file(tmp_path, monkeypatch):
    path = write_clip(tmp_path / "clip.mp4")
    monkeypatch.setattr("dataset_script.video.shown_frame", None)
    with pytest.raises(TypeError):
        frames_of(path)


def test_a_stream_whose_codec_is_unknown_is_an_error_row(tmp_path):
    with av.open(str(tmp_path / "a.avi"), "w") as container:
        add_frames(container, add_video(container, "mpeg4"))
    content = (tmp_path / "a.avi").read_bytes()
    (tmp_path / "a.avi").write_bytes(content.replace(b"FMP4", b"ZQXW"))
    (frame,) = frames_of(tmp_path / "a.avi")
    assert frame.error
