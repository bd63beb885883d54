"""Times of joined recordings and time-lapses, and files of which a part is missing."""

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

av = pytest.importorskip("av")

from small_videos import RATE, add_frames, add_silence, add_video, drawn, write_clip  # noqa: E402

from dataset_script.video import Sampling  # noqa: E402
from dataset_script.video_clock import Clock  # noqa: E402
from modeling_vitpain.prediction.media import InputImage, MediaFile, read_pictures  # noqa: E402


def frames_of(path, **sampling) -> list[InputImage]:
    return list(read_pictures(MediaFile(path, path.name), Sampling(**sampling)))


def write_lapse(path, seconds: Fraction, frames: int = 6):
    """Frames that are shown for so many seconds each."""
    with av.open(str(path), "w") as container:
        stream = add_video(container, "mpeg4" if path.suffix == ".avi" else "libx264", rate=1 / seconds)
        stream.codec_context.time_base = seconds
        for k in range(frames):
            frame = av.VideoFrame.from_ndarray(drawn(k))
            frame.pts, frame.time_base = k, seconds
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def joined(path, parts):
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


class TestJoined:
    """Files of several recordings, one after the other, whose time stamps begin anew."""

    @pytest.mark.parametrize(("suffix", "codec"), [(".ts", "libx264"), (".mpg", "mpeg2video")])
    def test_time_goes_on(self, tmp_path, suffix, codec):
        parts = [write_clip(tmp_path / f"{k}{suffix}", frames=50, codec=codec) for k in range(3)]
        path = joined(tmp_path / f"all{suffix}", parts)
        frames = frames_of(path)
        assert not any(frame.error for frame in frames)
        np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(len(frames)) / RATE, atol=0.1)
        assert len(frames) >= 3 * 48  # decoders may lose one at a join
        assert len(frames_of(path, fps=2)) == 12

    def test_of_other_sizes(self, tmp_path):
        parts = [write_clip(tmp_path / "0.ts", frames=20), write_clip(tmp_path / "1.ts", frames=20, size=(128, 96))]
        frames = frames_of(joined(tmp_path / "all.ts", parts))
        assert {frame.image.size for frame in frames} == {(96, 64), (128, 96)}
        assert (np.diff([frame.time_s for frame in frames]) > 0).all()

    def test_with_sound(self, tmp_path):
        for k in range(2):
            with av.open(str(tmp_path / f"{k}.ts"), "w") as container:
                stream, sound = add_video(container), container.add_stream("aac", rate=8000)
                add_silence(container, sound, 2)
                add_frames(container, stream, 50)
        frames = frames_of(joined(tmp_path / "all.ts", [tmp_path / "0.ts", tmp_path / "1.ts"]))
        assert not any(frame.error for frame in frames)
        assert (np.diff([frame.time_s for frame in frames]) > 0).all()


class FakeStream:
    average_rate, start_time, time_base = Fraction(10), 0, Fraction(1, 10)


class FakeContainer:
    format = SimpleNamespace(name="mpegts")
    start_time = 0


class FakeFrame:
    duration, time_base = 1, Fraction(1, 10)

    def __init__(self, time):
        self.time = time


@pytest.mark.parametrize(
    ("stamps", "times"),
    [
        ([0, 0.1, 0.2], [0, 0.1, 0.2]),
        ([0, 0.1, 0.0, 0.1, 0.2, 0.0], [0, 0.1, 0.2, 0.3, 0.4, 0.5]),  # three recordings
        ([0, 0, 0, 0], [0, 0.1, 0.2, 0.3]),
        ([0, 0.1, 0.05, 0.3, 0.4], [0, 0.1, 0.2, 0.3, 0.4]),  # one wrong time stamp
        ([0, None, None, 0.3], [0, 0.1, 0.2, 0.3]),
        ([0, 0.1, 5, 5.1], [0, 0.1, 5, 5.1]),  # a pause stays one
    ],
)
def test_time_stamps(stamps, times):
    clock = Clock(FakeContainer(), FakeStream())
    assert [clock.tick(FakeFrame(stamp)) for stamp in stamps] == pytest.approx(times)


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("b.avi", "libx264", {"bf": "3"}),
        ("plain.avi", "libx264", {"bf": "0"}),
        ("zero.avi", "libx264", {"tune": "zerolatency"}),
        ("b.avi", "mpeg4", {"bf": "2"}),
        ("plain.avi", "mpeg4", {}),
        ("intra.avi", "mjpeg", {}),
        ("b.m2v", "mpeg2video", {"bf": "2"}),
        ("plain.m2v", "mpeg2video", {}),
    ],
)
def test_formats_without_times_of_frames_count_from_zero_in_the_order_shown(tmp_path, name, codec, options):
    path, rate = tmp_path / name, 25
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=options)
        stream.width, stream.height, stream.gop_size = 96, 64, 12
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for k in range(40):
            frame = av.VideoFrame.from_ndarray(drawn(k))
            frame.pts, frame.time_base = k, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    frames = frames_of(path)
    assert not any(frame.error for frame in frames)
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(40) / rate, atol=1e-6)
    assert [frame.frame for frame in frames_of(path, fps=5)] == list(range(0, 40, 5))


class TestMissing:
    @pytest.mark.parametrize("name", ["lapse.mp4", "lapse.mkv", "lapse.mov", "lapse.avi"])
    @pytest.mark.parametrize("seconds", [Fraction(1), Fraction(2), Fraction(5), Fraction(30)])
    def test_the_last_frame_of_a_time_lapse_lasts_too(self, tmp_path, name, seconds):
        frames = frames_of(write_lapse(tmp_path / name, seconds))
        assert [frame.error for frame in frames] == [None] * 6
        np.testing.assert_allclose(np.diff([frame.time_s for frame in frames]), float(seconds), rtol=0.01)

    @pytest.mark.parametrize("part", [0.5, 0.8, 0.97])
    def test_a_short_mp4_is_counted(self, tmp_path, part):
        content = write_first_the_index(tmp_path / "whole.mp4", 30).read_bytes()
        begin = content.index(b"mdat")
        (tmp_path / "cut.mp4").write_bytes(content[: begin + int(part * (len(content) - begin))])
        *good, last = frames_of(tmp_path / "cut.mp4")
        assert 5 < len(good) < 30 and not any(frame.error for frame in good)
        assert last.error.endswith(f"the file holds {len(good)} of the 30 frames that it declares")

    def test_an_mkv_that_ends_a_little_early(self, tmp_path):
        content = write_clip(tmp_path / "whole.mkv", frames=30).read_bytes()
        (tmp_path / "cut.mkv").write_bytes(content[: int(0.6 * len(content))])
        *good, last = frames_of(tmp_path / "cut.mkv")
        assert len(good) > 5 and "of the 1.20 s that it declares" in last.error

    def test_an_mkv_with_sound(self, tmp_path):
        path = tmp_path / "whole.mkv"
        with av.open(str(path), "w") as container:
            stream, sound = add_video(container), container.add_stream("aac", rate=8000)
            add_silence(container, sound, 8)
            add_frames(container, stream, 100)
        assert [frame.error for frame in frames_of(path)] == [None] * 100  # the sound goes on for longer

    def test_a_fragmented_mp4_is_whole(self, tmp_path):
        path = write_first_the_index(tmp_path / "live.mp4", 30, movflags="frag_keyframe+empty_moov")
        assert [frame.error for frame in frames_of(path)] == [None] * 30


def write_first_the_index(path, frames: int, movflags: str = "faststart"):
    with av.open(str(path), "w", options={"movflags": movflags}) as container:
        add_frames(container, add_video(container), frames)
    return path
