"""Box tables as other programs write them."""

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import pipeline

from dataset_script.errors import InvalidInput
from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment, ViTPainImageProcessor
from modeling_vitpain.prediction.faces import NoFace
from modeling_vitpain.prediction.media import InputImage, MediaFile
from modeling_vitpain.prediction.named_faces import NamedFaces

HEADER = "path,x0,y0,x1,y1\n"
BOX = (100.5, 60, 400, 440)


@pytest.fixture
def picture(tmp_path):
    Image.new("RGB", (512, 512)).save(tmp_path / "Jérôme.png")
    path = tmp_path / "Jérôme.png"
    return InputImage(MediaFile(path, path.name), Image.open(path))


def named(picture, content, encoding="utf-8", **options):
    table = picture.source.path.parent / "boxes.csv"
    table.write_bytes(content.encode(encoding))
    return NamedFaces(table, **options)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
@pytest.mark.parametrize(
    "content",
    [
        HEADER + "Jérôme.png,100.5,60,400,440\n",
        ",path,x0,y0,x1,y1\n0,Jérôme.png,100.5,60,400,440\n",
        "Unnamed: 0,path,x0,y0,x1,y1\n0,Jérôme.png,100.5,60,400,440\n",
        "path;x0;y0;x1;y1\nJérôme.png;100,5;60;400;440\n",
        "path\tx0\ty0\tx1\ty1\r\nJérôme.png\t100.5\t60\t400\t440\r\n\r\n",
        "x0, y0, x1, y1, path\n100.5, 60, 400, 440, Jérôme.png\n",
    ],
)
def test_what_is_certain_is_read(picture, content, encoding):
    (face,) = named(picture, content, encoding).find(picture)
    assert face.box == BOX


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            "Jérôme.png",
            "Je\u0301ro\u0302me.png",
            "ward\\Jérôme.png",
            ".\\ward\\Jérôme.png",
            "ward/Je\u0301ro\u0302me.png",
            "\u202award\\Jérôme.png\u200b",
            "data/ward/Jérôme.png\u200b",
        ],
    )
    def test_one_file_alone_can_be_meant(self, tmp_path, name):
        path = tmp_path / "data" / "ward" / "Jérôme.png"
        path.parent.mkdir(parents=True)
        Image.new("RGB", (512, 512)).save(path)
        table = tmp_path / "boxes.csv"
        table.write_text(f"Path,X0,Y0,X1,Y1\n{name},100.5,60,400,440\n")
        faces = NamedFaces(table, pictures=[path, tmp_path / "other.png"])
        assert faces.find(InputImage(MediaFile(path, path.name), Image.open(path)))[0].box == BOX
        assert faces.notes == []

    @pytest.mark.parametrize(
        ("name", "fits"),
        [("a.png", 2), ("ward\\a.png", 2), ("day/a.png", 0), ("C:\\data\\one\\ward\\a.png", 0), ("\u202aa.png", 2)],
    )
    def test_what_is_not_certain_is_not_taken(self, tmp_path, name, fits):
        paths = [tmp_path / "one" / "ward" / "a.png", tmp_path / "two" / "ward" / "a.png"]
        for path in paths:
            path.parent.mkdir(parents=True)
            Image.new("RGB", (512, 512)).save(path)
        table = tmp_path / "boxes.csv"
        table.write_text(f"{HEADER}{name},100.5,60,400,440\n")
        faces = NamedFaces(table, pictures=paths)
        for path in paths:
            with pytest.raises(NoFace, match="no face is named for it"):
                faces.find(InputImage(MediaFile(path, path.name), Image.open(path)))
        (note,) = faces.notes
        assert note == (
            f"boxes.csv has {name.lstrip(chr(0x202A))!r}, which fits 2 files, such as {str(paths[0])!r} and "
            f"{str(paths[1])!r}; write the whole path"
            if fits
            else f"boxes.csv names none of the files to be scored: it has {name!r}, they are like {str(paths[0])!r}; "
            "write paths from the table's own folder, or their ends alone"
        )

    def test_a_name_that_is_beside_the_table_and_in_the_working_directory(self, tmp_path, monkeypatch):
        here, beside = tmp_path / "rest.png", tmp_path / "day" / "rest.png"
        beside.parent.mkdir()
        for path in (here, beside):
            Image.new("RGB", (512, 512)).save(path)
        monkeypatch.chdir(tmp_path)
        table = beside.parent / "boxes.csv"
        table.write_text(f"{HEADER}rest.png,100.5,60,400,440\n")
        pictures = {path: InputImage(MediaFile(path, path.name), Image.open(path)) for path in (here, beside)}
        for path, picture in pictures.items():
            assert NamedFaces(table, pictures=[path]).find(picture)[0].box == BOX
        faces = NamedFaces(table, pictures=[here, beside])
        for picture in pictures.values():
            with pytest.raises(NoFace, match="no face is named for it"):
                faces.find(picture)
        assert faces.notes == [
            f"boxes.csv has 'rest.png', which fits 2 files, such as {str(here)!r} and {str(beside)!r}; "
            "write the whole path"
        ]


def test_an_encoding_other_than_utf8_is_said(picture):
    assert named(picture, HEADER, "utf-8-sig").notes == []
    assert named(picture, HEADER + "Jérôme.png,1,2,3,4\n", "latin-1").notes == ["boxes.csv was read as cp1252"]


@pytest.mark.parametrize(
    "cells", ["nan,nan,nan,nan", ",,,", "0,0,0,0", "0.0,0,0,0.0", "NaN,NaN,NaN,NaN", "None,None,None,None"]
)
def test_a_row_without_numbers_says_that_there_is_no_face(picture, cells):
    with pytest.raises(NoFace, match=r"no face is named for it in boxes\.csv"):
        named(picture, HEADER + f"Jérôme.png,{cells}\n").find(picture)


def test_landmarks_of_zeros_say_that_there_is_no_face(picture):
    columns = ",".join(f"{axis}{k}" for k in range(68) for axis in "xy")
    content = f"path,{columns}\nJérôme.png{',0' * 136}\n"
    with pytest.raises(NoFace, match=r"no face is named for it in boxes\.csv"):
        named(picture, content, landmarks=True).find(picture)


def test_files_that_do_not_exist_are_said(picture):
    content = HEADER + "Jérôme.png,100.5,60,400,440\ngone.png,1,2,30,40\ngone2.png,1,2,30,40\n"
    (note,) = named(picture, content, pictures=[picture.source.path]).notes
    assert note.startswith("boxes.csv names 2 file(s) that do not exist, such as") and "gone.png" in note
    (picture.source.path.parent / "gone.png").touch()
    (picture.source.path.parent / "gone2.png").touch()
    assert named(picture, content, pictures=[picture.source.path]).notes == []


def test_shares_of_the_picture(picture):
    faces = named(picture, HEADER + "Jérôme.png,0.25,0.125,0.75,1\n")
    assert faces.find(picture)[0].box == (128, 64, 384, 512)
    assert faces.notes == ["boxes.csv holds boxes from 0 to 1, read as shares of the picture"]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("900,900,1200,1200", "line 2: box 900, 900, 1200, 1200 is outside of the picture of 512 x 512 pixels"),
        ("400,400,1200,1200", "line 2: box .* is mostly outside of the picture"),
        ("0.2,0.1,0.8,0.9", "line 2: box .* allowed are pixels, not shares of the picture"),
    ],
)
def test_a_box_that_holds_no_picture_is_an_error_of_its_picture(picture, cells, message):
    with pytest.raises(NoFace, match=message):
        named(picture, HEADER + f"Jérôme.png,{cells}\nother.png,1,2,30,40\n").find(picture)


def test_two_boxes_of_one_picture(picture):
    content = HEADER + "Jérôme.png,10,10,60,60\nJérôme.png,100,60,400,440\n"
    with pytest.raises(NoFace, match="names 2 faces for it, lines 2, 3; score them with --all-faces"):
        named(picture, content).find(picture)
    assert [face.box[0] for face in named(picture, content, several=True).find(picture)] == [100, 10]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEADER + "Jérôme.png,100,5,60,400,440\n", "line 2: 1 fields more than the header; decimal commas need"),
        (HEADER + "Jérôme.png,nan,60,400,440\n", "line 2: the face is"),
        (HEADER + ",10,60,400,440\n", "line 2: the path is empty"),
        (HEADER + "Jérôme.png,a,60,400,440\n", "line 2: could not convert string to float: 'a'; allowed are numbers"),
        ("path,x0,x0,y0,x1,y1\n", "has the column 'x0' twice"),
        ("path,frame,x0,y0,x1,y1\nJérôme.png,1.5,1,2,3,4\n", "line 2: frame is 1.5"),
    ],
)
def test_a_wrong_row_is_named_with_value_and_cure(picture, content, message):
    with pytest.raises(InvalidInput, match=message):
        named(picture, content)


def test_frames_written_as_pandas_writes_them(picture):
    faces = named(picture, "path,frame,x0,y0,x1,y1\nJérôme.png,3.0,10,20,300,400\nJérôme.png,,1,2,300,400\n")
    third = InputImage(picture.source, picture.image, frame=3, time_s=0.1)
    assert faces.find(third)[0].box[0] == 10
    assert faces.find(picture)[0].box[0] == 1


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ((900, 900, 1200, 1200), "is outside of the picture of 64 x 64 pixels"),
        ((-40, -40, 10, 10), "box -40, -40, 10, 10 is mostly outside of the picture of 64 x 64 pixels"),
        ((0.2, 0.1, 0.8, 0.9), "is no face in the picture of 64 x 64 pixels; allowed are pixels, not shares"),
        ((-0.1, -0.1, 1.1, 1.1), "allowed are pixels, not shares"),
        ((float("nan"),) * 4, "box nan, nan, nan, nan is no box in the picture of 64 x 64 pixels; allowed are finite"),
        ((5, None, 60, 50), "box 5, nan, 60, 50 is no box in the picture of 64 x 64 pixels"),
        ((5, 5, float("inf"), 50), "box 5, 5, inf, 50 is no box in the picture of 64 x 64 pixels"),
        ((60, 5, 5, 50), "box 60, 5, 5, 50 is no box in the picture of 64 x 64 pixels; allowed are finite x0 < x1"),
        ((5, 50, 60, 5), "is no box in the picture of 64 x 64 pixels"),
        ((5, 5, 60), r"boxes have the shape \(1, 3\)"),
        ("abcd", "boxes is 'abcd'; allowed are x0, y0, x1, y1 for each picture, or 'whole'"),
        ([(8, 8, 60, 60), (8, 8, 50, 50)], "2 boxes were given for 1 pictures"),
    ],
)
def test_the_pipeline_refuses_boxes_beside_the_picture(tmp_path, box, message):
    torch.manual_seed(0)
    ViTPainForPainAssessment(ViTPainConfig.tiny()).save_pretrained(tmp_path)
    ViTPainImageProcessor(size={"height": 112, "width": 112}, face_crop=1.1).save_pretrained(tmp_path)
    pipe = pipeline("pain-assessment", model=str(tmp_path), device="cpu")
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    assert 0 <= pipe(picture, boxes=(8, 8, 70, 60))["pspi"] <= 16
    with pytest.raises(ValueError, match=message) as refused:
        pipe(picture, boxes=box)
    assert "\n" not in str(refused.value)
    if np.ndim(box) == 1:
        with pytest.raises(ValueError, match=message if len(box) == 4 else "boxes is"):
            pipe([picture, picture], boxes=[(8, 8, 60, 60), box])


@pytest.mark.parametrize("several", [False, True])
def test_boxes_of_a_video_need_frames(tmp_path, several):
    av = pytest.importorskip("av")
    path = tmp_path / "v.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        for _ in range(2):
            container.mux(stream.encode(av.VideoFrame.from_image(Image.new("RGB", (64, 64)))))
        container.mux(stream.encode())
    table = tmp_path / "boxes.csv"
    table.write_text(HEADER + "v.mp4,1,1,40,40\n" * 2)
    with pytest.raises(InvalidInput, match=r"names 2 faces for the video v.mp4 and has no column frame; needed is"):
        NamedFaces(table, several=several, pictures=[path])
    table.write_text(HEADER + "v.mp4,1,1,40,40\n")
    NamedFaces(table, several=several, pictures=[path])
    table.write_text("path,frame,x0,y0,x1,y1\n" + "v.mp4,,1,1,40,40\n" * 2)
    NamedFaces(table, several=several, pictures=[path])


def points_header(count: int, order: str = "pairs") -> str:
    pairs = [f"{axis}{k}" for k in range(count) for axis in "xy"]
    return ",".join(["path", *(pairs if order == "pairs" else sorted(pairs, key=lambda name: name[0]))]) + "\n"


@pytest.mark.parametrize("order", ["pairs", "x first"])
@pytest.mark.parametrize("count", [69, 98, 106, 478])
def test_other_counts_of_landmarks_are_refused(picture, count, order):
    content = points_header(count, order) + "Jérôme.png," + ",".join(map(str, range(2 * count))) + "\n"
    with pytest.raises(InvalidInput) as refused:
        named(picture, content, landmarks=True)
    assert f"boxes.csv has the columns x68 to y{count - 1}: {count} landmarks; needed are the 68" in str(refused.value)


@pytest.mark.parametrize(
    ("count", "cure"), [(68, "give the table as --landmarks"), (4, "delete them"), (5, "delete them")]
)
def test_points_are_no_boxes(picture, count, cure):
    """The second point of an outline is not the other corner of a box."""
    content = points_header(count) + "Jérôme.png," + ",".join(map(str, range(2 * count))) + "\n"
    with pytest.raises(InvalidInput, match=rf"has the columns x2 to y{count - 1}: {count} points, .*; {cure}"):
        named(picture, content)
