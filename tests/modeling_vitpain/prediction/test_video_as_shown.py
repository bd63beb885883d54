"""Frames are what a player shows: orientation, aspect, start, stream; by the numbers, and against ffmpeg itself."""

import io
import shutil
import subprocess
from fractions import Fraction

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps

av = pytest.importorskip("av")

from small_videos import (  # noqa: E402 - it imports av
    HEIGHT,
    MATRICES,
    RATE,
    WIDTH,
    add_frames,
    add_silence,
    add_video,
    distance,
    drawn,
    shown,
    with_matrix,
    write_clip,
)

from dataset_script.media_files import VIDEO_SUFFIXES  # noqa: E402
from dataset_script.video_pictures import as_shown, square_pixels  # noqa: E402
from modeling_vitpain.prediction.media import InputImage, MediaFile, read_pictures  # noqa: E402

LOSS = 6
"""Grey levels that the codec and the conversion of colours may take; a wrong orientation takes over 30."""


def frames_of(path) -> list[InputImage]:
    return list(read_pictures(MediaFile(path, path.name)))


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4")


@pytest.mark.parametrize("name", MATRICES)
def test_all_eight_orientations(clip, tmp_path, name):
    frames = frames_of(with_matrix(clip, tmp_path / "turned.mp4", MATRICES[name]))
    assert len(frames) == 8
    for k, frame in enumerate(frames):
        assert distance(frame.image, shown(drawn(k), MATRICES[name])) < LOSS
    others = [shown(drawn(0), matrix) for other, matrix in MATRICES.items() if other != name]
    assert min(distance(frames[0].image, pixels) for pixels in others) > 3 * LOSS


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".avi", ".mov", ".mkv", ".mjpeg"])
def test_pictures_of_a_camera_copied_into_a_video(tmp_path, suffix, orientation):
    """Motion JPEG whose pictures hold EXIF data, of which PyAV knows no name, and are turned by them."""
    pictures = [camera_jpeg(k, orientation) for k in range(3)]
    path = tmp_path / f"door{suffix}"
    if suffix == ".mjpeg":
        path.write_bytes(b"".join(pictures))
    else:
        write_packets(path, pictures)
    frames = frames_of(path)
    assert [frame.error for frame in frames] == [None] * 3
    for frame, picture in zip(frames, pictures, strict=True):
        upright = ImageOps.exif_transpose(Image.open(io.BytesIO(picture)))
        assert distance(frame.image, np.asarray(upright)) < LOSS


def camera_jpeg(k: int, orientation: int) -> bytes:
    file, exif = io.BytesIO(), Image.Exif()
    exif[ExifTags.Base.Orientation], exif[ExifTags.Base.Make] = orientation, "Camera"
    Image.fromarray(drawn(k)).save(file, "JPEG", quality=95, exif=exif)
    return file.getvalue()


def write_packets(path, pictures: list[bytes]) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuvj420p"
        for k, picture in enumerate(pictures):
            packet = av.Packet(picture)
            packet.stream, packet.pts, packet.dts, packet.time_base = stream, k, k, Fraction(1, RATE)
            container.mux(packet)


@pytest.mark.parametrize("scale", [0.5, 3])
def test_the_scale_of_a_matrix_and_a_flat_one_change_nothing(clip, tmp_path, scale):
    matrix = tuple(scale * value for value in MATRICES["clockwise"])
    first = frames_of(with_matrix(clip, tmp_path / "scaled.mp4", matrix))[0]
    assert distance(first.image, shown(drawn(0), MATRICES["clockwise"])) < LOSS
    image = frames_of(clip)[0].image
    assert as_shown(image, np.zeros(9, dtype=np.int32)) is image
    assert as_shown(image, None) is image


@pytest.mark.parametrize(
    ("aspect", "size"), [("16/11", (140, 64)), ("12/11", (105, 64)), ("8/9", (96, 72)), ("1/1", (96, 64))]
)
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mov", "a.ts"])
def test_pixels_become_square(tmp_path, name, aspect, size):
    first = frames_of(write_clip(tmp_path / name, aspect=Fraction(aspect)))[0].image
    assert first.size == size
    assert distance(first, drawn(0, *size)) < LOSS


def test_pixels_become_square_before_the_frame_is_turned(tmp_path):
    clip = write_clip(tmp_path / "wide.mp4", aspect=Fraction(16, 11))
    first = frames_of(with_matrix(clip, tmp_path / "turned.mp4", MATRICES["counter-clockwise"]))[0].image
    assert first.size == (64, 140)
    assert distance(first, shown(drawn(0, 140, 64), MATRICES["counter-clockwise"])) < LOSS


def test_an_aspect_that_makes_no_sense(tmp_path, monkeypatch):
    assert square_pixels(96, 64, None) == square_pixels(96, 64, Fraction(0)) == (96, 64)
    monkeypatch.setattr("modeling_vitpain.prediction.media.MAX_PIXELS", 100 * 64)
    (frame,) = frames_of(write_clip(tmp_path / "wide.mp4", aspect=Fraction(16, 11), frames=1))
    assert frame.error == "the frame is shown at 140 x 64: allowed are 6,400 pixels"


@pytest.mark.parametrize("name", ["late.mp4", "late.mkv", "late.ts"])
def test_a_picture_that_begins_after_the_sound(tmp_path, name):
    with av.open(str(tmp_path / name), "w") as container:
        stream, sound = add_video(container), container.add_stream("aac", rate=8000)
        add_silence(container, sound, 3)
        add_frames(container, stream, 20, begin=2 * RATE)
    frames = frames_of(tmp_path / name)
    assert [frame.error for frame in frames] == [None] * 20
    np.testing.assert_allclose([frame.time_s for frame in frames], 2 + np.arange(20) / RATE, atol=0.13)
    np.testing.assert_allclose(np.diff([frame.time_s for frame in frames]), 1 / RATE, atol=2e-3)


def test_a_clock_that_does_not_start_at_zero(tmp_path):
    """Transport streams of camcorders begin at any time of the day."""
    with av.open(str(tmp_path / "day.mts"), "w", format="mpegts") as container:
        add_frames(container, add_video(container), 8, begin=3600 * RATE)
    assert [frame.time_s for frame in frames_of(tmp_path / "day.mts")] == pytest.approx(np.arange(8) / RATE, abs=1e-3)


@pytest.mark.parametrize("default", [0, 1])
def test_the_default_one_of_two_streams(tmp_path, default):
    from av.stream import Disposition

    with av.open(str(tmp_path / "two.mkv"), "w") as container:
        streams = [add_video(container), add_video(container)]
        for k, stream in enumerate(streams):
            stream.disposition = Disposition.default if k == default else Disposition(0)
        for k, stream in enumerate(streams):
            add_frames(container, stream, 4, shade=40 * k)
    first = frames_of(tmp_path / "two.mkv")[0].image
    assert distance(first, drawn(40 * default)) < LOSS < distance(first, drawn(40 * (1 - default)))


def test_the_colours_of_a_depth_camera_come_before_its_depth(tmp_path):
    with av.open(str(tmp_path / "depth.mkv"), "w") as container:
        depth = add_video(container, "ffv1", size=(2 * WIDTH, 2 * HEIGHT))
        depth.pix_fmt = "gray16le"
        colour = add_video(container)
        add_frames(container, depth, 4)
        add_frames(container, colour, 4)
    first = frames_of(tmp_path / "depth.mkv")[0].image
    assert first.size == (WIDTH, HEIGHT) and distance(first, drawn(0)) < LOSS


@pytest.mark.parametrize("video", [True, False])
def test_cover_art_is_no_video(tmp_path, video):
    from av.stream import Disposition

    with av.open(str(tmp_path / "song.mp4"), "w") as container:
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 320, 320, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        stream, sound = add_video(container) if video else None, container.add_stream("aac", rate=8000)
        container.mux(cover.encode(av.VideoFrame.from_ndarray(np.full((320, 320, 3), 200, dtype=np.uint8))))
        container.mux(cover.encode(None))
        if video:
            add_frames(container, stream, 4)
        add_silence(container, sound, 0.5)
    frames = frames_of(tmp_path / "song.mp4")
    if video:
        assert [frame.image.size for frame in frames] == [(WIDTH, HEIGHT)] * 4
    else:
        assert [frame.error for frame in frames] == ["the file holds no video stream"]


CONTAINERS = {
    ".mts": ("mpegts", "libx264"),
    ".M2TS": ("mpegts", "libx264"),
    ".3gp": ("3gp", "mpeg4"),
    ".mkv": ("matroska", "libx264"),
    ".avi": ("avi", "mpeg4"),
    ".mov": ("mov", "libx264"),
    ".webm": ("webm", "libvpx"),
    ".wmv": ("asf", "wmv2"),
    ".MPG": ("mpeg", "mpeg2video"),
}


@pytest.mark.parametrize("suffix", CONTAINERS)
def test_every_container_of_cameras(tmp_path, suffix):
    container_format, codec = CONTAINERS[suffix]
    path = write_clip(tmp_path / f"cam{suffix}", codec=codec, container_format=container_format)
    assert suffix.lower() in VIDEO_SUFFIXES
    frames = frames_of(path)
    assert len(frames) == 8
    assert all(distance(frame.image, drawn(k)) < LOSS for k, frame in enumerate(frames))


class TestAgainstFfmpeg:
    """Frame by frame what the `ffmpeg` program shows, with pixels made square by its own scaler."""

    @pytest.fixture(autouse=True)
    def needs_ffmpeg(self):
        if shutil.which("ffmpeg") is None:
            pytest.skip("the ffmpeg program is not installed; the other tests of this file need none")

    @staticmethod
    def check(path) -> None:
        frames = frames_of(path)
        width, height = frames[0].image.size
        square = "scale='if(gt(sar,1),round(iw*sar),iw)':'if(gt(sar,1),ih,round(ih/sar))',setsar=1"
        call = ["ffmpeg", "-v", "error", "-i", path, "-vf", square, "-vsync", "passthrough"]
        raw = subprocess.run([*call, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], capture_output=True, check=True)
        expected = np.frombuffer(raw.stdout, dtype=np.uint8).reshape(-1, height, width, 3)
        assert len(expected) == len(frames)
        for frame, pixels in zip(frames, expected, strict=True):
            assert distance(frame.image, pixels) < 1.5  # two versions of one scaler

    @pytest.mark.parametrize("name", MATRICES)
    @pytest.mark.parametrize("aspect", [None, Fraction(16, 11), Fraction(8, 9)])
    def test_orientation_and_aspect(self, tmp_path, name, aspect):
        clip = write_clip(tmp_path / "clip.mp4", aspect=aspect)
        self.check(with_matrix(clip, tmp_path / "turned.mp4", MATRICES[name]))

    @pytest.mark.parametrize("suffix", CONTAINERS)
    def test_containers(self, tmp_path, suffix):
        container_format, codec = CONTAINERS[suffix]
        self.check(write_clip(tmp_path / f"cam{suffix}", codec=codec, container_format=container_format))
