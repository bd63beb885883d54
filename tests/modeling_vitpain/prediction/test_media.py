import base64
import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

import pain3d_cli
from dataset_script.errors import InvalidInput
from dataset_script.media_files import PassedOver
from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment, ViTPainImageProcessor
from modeling_vitpain.prediction.media import MediaFile, find_media, read_picture

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (4, 5, 3), dtype=np.uint8)).resize((50, 40))
SUFFIXES = (".jfif", ".JPG", ".avif", ".ppm", ".TIFF", ".webp", ".jp2", ".bmp", ".apng", ".tga")
HEIC = (
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAVZtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACJpbG9jAA"
    "AAAERAAAEAAQAAAAABegABAAAAAAAAAEYAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRtAAAAAAABAAAA1mlwcnAA"
    "AAC3aXBjbwAAAHhodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQArQgEBA3AAAAMAkA"
    "AAAwAAAwAeoCCBBZbqSSmubgIaDAgAAAMAyAAAAwAIQGIAAQAHRAHBcrAiQAAAABNjb2xybmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAABAAAAA"
    "QAAAABBwaXhpAAAAAAMICAgAAAAXaXBtYQAAAAAAAAABAAEEgQIDBAAAAE5tZGF0AAAAQigBrxOAecKTVEf//tPKmD74rB/tWUD/gq3uTsf/nB"
    "7i/h8aGBrFRKS+MB6i9jzwVlmoc+NADELhxmL18T7AQl0EwA=="
)
"""64 x 64 pixels, blue above red."""


def names(found):
    return [source.name for source in found]


@pytest.mark.parametrize(
    "suffix", [".jfif", ".JPG", ".avif", ".ppm", ".TIFF", ".webp", ".jp2", ".bmp", ".apng", ".tga"]
)
def test_a_folder_is_read_whatever_the_suffix(tmp_path, suffix):
    PICTURE.save(tmp_path / f"face{suffix}")
    (source,) = find_media(tmp_path)
    assert not source.is_video
    assert read_picture(source).image.size == (50, 40)


def test_what_is_passed_over_is_counted(tmp_path):
    for name in ("a.png", "notes.txt", "b.TXT", "README", "face.eps", ".hidden.png", "@eaDir/a.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    for name in ("cam.MTS", "old.3gp", "film.mkv", "film.m2ts", "web.webm", "win.wmv", "dvd.mpg"):
        (tmp_path / name).touch()
    passed_over = PassedOver()
    found = find_media(tmp_path, passed_over)
    assert names(found) == ["a.png", "cam.MTS", "dvd.mpg", "film.m2ts", "film.mkv", "old.3gp", "web.webm", "win.wmv"]
    assert [source.is_video for source in found] == [False] + [True] * 7
    assert str(passed_over) == ("6 files passed over: 2 .txt, 2 hidden or thumbnails, 1 .eps, 1 without suffix")


def test_a_folder_without_pictures_says_what_it_holds(tmp_path):
    (tmp_path / "a.txt").touch()
    with pytest.raises(InvalidInput, match=r"holds no picture and no video: 1 file passed over: 1 \.txt"):
        find_media(tmp_path)


@pytest.mark.parametrize("name", ["scan", ".DS_Store.png", "face.txt"])
def test_a_file_that_is_named_is_always_tried(tmp_path, name):
    PICTURE.save(tmp_path / name, "PNG")
    (source,) = find_media(tmp_path / name)
    assert read_picture(source).image.size == (50, 40)


@pytest.mark.parametrize("name", ["jpeg.png", "jpeg.mp4"])
def test_a_picture_with_the_suffix_of_another_format(tmp_path, name):
    PICTURE.save(tmp_path / name, "JPEG")
    (source,) = find_media(tmp_path)
    assert not source.is_video
    assert read_picture(source).error is None


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_several_pictures_the_first_is_read_and_said(tmp_path, kind):
    negative = Image.fromarray(255 - np.asarray(PICTURE))
    PICTURE.save(tmp_path / "one.png", kind)
    PICTURE.save(tmp_path / "two.png", kind, save_all=True, append_images=[negative] * 2)
    one, two = (read_picture(source) for source in find_media(tmp_path))
    assert (one.note, two.note) == (None, "the first of several pictures")
    assert abs(np.asarray(two.image).astype(int) - np.asarray(PICTURE)).mean() < 20  # GIF has 256 colours


def test_what_cannot_be_read_is_one_line(tmp_path):
    buffer = io.BytesIO()
    PICTURE.save(buffer, "PNG")
    (tmp_path / "empty.png").touch()
    (tmp_path / "cut.png").write_bytes(buffer.getvalue()[:900])
    (tmp_path / "text.jpg").write_text("hello")
    (tmp_path / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0" + bytes(99))
    Image.fromarray(np.asarray(PICTURE.convert("F"))).save(tmp_path / "float.tif")
    errors = {source.name: read_picture(source).error for source in find_media(tmp_path)}
    assert errors["empty.png"] == "the file is empty"
    assert errors["text.jpg"] == "neither a picture nor a video that can be read"
    assert errors["cut.png"].startswith("unreadable: ")
    assert "floating-point" in errors["float.tif"]
    assert errors["phone.heic"] and all(len(error.splitlines()) == 1 for error in errors.values())


def test_heic_without_its_extra_names_it(tmp_path, monkeypatch):
    monkeypatch.setattr("modeling_vitpain.prediction.media.open_picture", Image.open)
    monkeypatch.setitem(Image.OPEN, "HEIF", (lambda *_: None, lambda _: False))  # as if it were not installed
    (tmp_path / "phone.jpg").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0" + bytes(99))
    assert "pain3d[heic]" in read_picture(MediaFile(tmp_path / "phone.jpg", "phone.jpg")).error


def test_heic(tmp_path):
    pytest.importorskip("pi_heif")
    (tmp_path / "phone.HEIC").write_bytes(base64.b64decode(HEIC))
    (source,) = find_media(tmp_path)
    seen = np.asarray(read_picture(source).image).astype(int)
    assert seen.shape == (64, 64, 3)
    assert abs(seen[:28] - (40, 60, 200)).max() < 9
    assert abs(seen[36:] - (200, 60, 40)).max() < 9


def test_the_command_says_what_was_passed_over(tmp_path, capsys):
    ViTPainForPainAssessment(ViTPainConfig.tiny()).save_pretrained(tmp_path / "model")
    ViTPainImageProcessor(size={"height": 112, "width": 112}).save_pretrained(tmp_path / "model")
    (tmp_path / "visit").mkdir()
    PICTURE.save(tmp_path / "visit" / "a.jfif")
    PICTURE.save(tmp_path / "visit" / "b.gif", save_all=True, append_images=[PICTURE.rotate(180)])
    for name in ("notes.txt", "._a.jfif"):
        (tmp_path / "visit" / name).touch()
    call = ["predict", str(tmp_path / "visit"), "--model", str(tmp_path / "model")]
    assert pain3d_cli.main(call) == 0
    said = capsys.readouterr()
    assert "pain3d: 2 files passed over: 1 .txt, 1 hidden or thumbnails" in said.err.splitlines()
    assert "2 of 2 pictures scored" in said.err
    assert "the first of several pictures" in said.out.splitlines()[2]
    assert pain3d_cli.main([*call[:1], str(tmp_path / "visit" / "a.jfif"), *call[2:]]) == 0
    assert "passed over" not in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a.dng", "a.NEF", "a.tif"])
def test_the_preview_of_a_camera_raw_is_not_the_picture(tmp_path, name):
    path = tmp_path / name
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[254], tags[330] = 1, 8
    Image.new("RGB", (64, 48), "grey").save(path, "TIFF", tiffinfo=tags)
    picture = read_picture(MediaFile(path, path.name))
    assert picture.image is None and "camera raw" in picture.error and "export it as JPEG, PNG or TIFF" in picture.error
    for kept in ({254: 0, 330: 8}, {254: 1}, {}):  # with smaller copies behind it; a small picture alone
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags.update(kept)
        Image.new("RGB", (64, 48), "grey").save(path, "TIFF", tiffinfo=tags)
        assert read_picture(MediaFile(path, path.name)).error is None


def test_a_pipe_is_there_and_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInput, match=r"pipe is a pipe or a device, from which nothing is read"):
        find_media(tmp_path / "pipe")


@pytest.mark.parametrize("address", ["http://host/x.m3u8", "rtsp://host:554/a?b=c"])
def test_an_address_is_no_file_and_the_camera_is_named(address):
    with pytest.raises(InvalidInput) as refusal:
        find_media(Path(address))
    assert str(refusal.value) == f"{address} is an address: download it; --camera scores the pictures of a stream"
