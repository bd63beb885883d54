"""Pipelines as a user calls them: without questions, from any source of a picture, and with the face found or named."""

import base64
import io
import logging
import subprocess
import sys
import urllib.parse
from pathlib import Path

import datasets
import numpy as np
import pytest
import torch
from datasets import Dataset
from PIL import Image
from transformers import AutoImageProcessor, pipeline

from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment, ViTPainImageProcessor, image_processing_vitpain

FACE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8))
BOX = (20, 10, 50, 45)


def save(directory: Path, face_crop: float | None = 1.7, **kwargs) -> str:
    torch.manual_seed(0)
    ViTPainForPainAssessment(ViTPainConfig.tiny(**kwargs)).save_pretrained(directory)
    ViTPainImageProcessor(size={"height": 112, "width": 112}, face_crop=face_crop).save_pretrained(directory)
    return str(directory)


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> str:
    return save(tmp_path_factory.mktemp("saved"))


@pytest.fixture
def warned(caplog):
    """The warnings since this test began, although each is given once in a process."""
    image_processing_vitpain.logger.warning_once.__func__.cache_clear()
    caplog.set_level(logging.WARNING)
    return lambda: [record.getMessage() for record in caplog.records if "no face was named" in record.getMessage()]


@pytest.fixture
def nothing_is_asked(monkeypatch):
    def refuse(*_):
        raise AssertionError("a question was asked")

    monkeypatch.setattr("builtins.input", refuse)


# No questions


@pytest.mark.parametrize(
    "task",
    [
        "pain-assessment",
        pytest.param("image-classification", marks=pytest.mark.slow),
        pytest.param("image-feature-extraction", marks=pytest.mark.slow),
    ],
)
def test_no_pipeline_asks_to_run_remote_code(saved, task, capfd):
    code = f"import modeling_vitpain\nfrom transformers import pipeline\npipeline({task!r}, model={saved!r})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "custom code" not in done.stdout + done.stderr


def test_image_classification_names_the_classes(saved, nothing_is_asked):
    classify = pipeline("image-classification", model=saved)
    found = classify(FACE, top_k=17)
    assert {one["label"] for one in found} == {f"PSPI {k}" for k in range(17)}
    assert sum(one["score"] for one in found) == pytest.approx(1, abs=1e-4)


# Several pictures


def test_columns_of_a_dataset_are_lists(saved, tmp_path):
    """What `ds["image"]` gives since datasets 4 is a sequence of its own type."""
    OTHER.save(tmp_path / "other.png")
    FACE.save(tmp_path / "face.png")
    rows = {"image": [str(tmp_path / "face.png"), str(tmp_path / "other.png")], "face_box": [BOX, (30, 5, 60, 40)]}
    data = Dataset.from_dict(rows).cast_column("image", datasets.Image())
    assess = pipeline("pain-assessment", model=saved)
    expected = assess([FACE, OTHER], boxes=rows["face_box"])
    assert not isinstance(data["image"], list)
    assert assess(data["image"], boxes=data["face_box"]) == expected
    assert assess(data["image"], boxes=rows["face_box"]) == expected
    with pytest.raises(ValueError, match="1 boxes were given for 2 pictures"):
        assess(data["image"], boxes=[BOX])
    with pytest.raises(TypeError, match="is of type bytes; allowed are"):
        assess(b"bytes", boxes=[BOX])


# Pictures as text


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def as_text(content: bytes) -> dict[str, str]:
    text = base64.b64encode(content).decode()
    return {
        "base64": text,
        "in lines": base64.encodebytes(content).decode(),
        "url-safe, unpadded": base64.urlsafe_b64encode(content).decode().rstrip("="),
        "data URI": f"data:image/png;base64,{text}",
        "data URI with a parameter": f"data:image/png;name=a.png;base64,{urllib.parse.quote(text)}",
        "data URI without base64": f"data:image/png,{urllib.parse.quote_from_bytes(content)}",
    }


@pytest.mark.parametrize("how", as_text(b"123"))
def test_base64_and_data_uris(saved, how):
    assess = pipeline("pain-assessment", model=saved)
    expected = assess(FACE, boxes=BOX)
    text = as_text(encoded(FACE))[how]
    assert assess(text, boxes=BOX) == expected
    assert assess([text, FACE], boxes=[BOX, BOX]) == [expected, expected]


def test_16_bit_pictures_as_text_are_not_clipped(tmp_path):
    levels = np.linspace(0, 65535, 48 * 48).reshape(48, 48).astype(np.uint16)
    Image.fromarray(levels).save(tmp_path / "deep.png")
    processor = ViTPainImageProcessor()
    text = base64.b64encode((tmp_path / "deep.png").read_bytes()).decode()
    of_file, of_text = (processor(source)["pixel_values"][0] for source in (str(tmp_path / "deep.png"), text))
    assert np.array_equal(of_file, of_text) and len(np.unique(of_file)) > 100
    jpeg = base64.b64encode(encoded(FACE, "JPEG")).decode()
    assert processor(jpeg)["pixel_values"][0].shape == (3, 224, 224)


@pytest.mark.parametrize("text", ["face", "data:image/png;base64,AAAA", "data:,x", "A" * 6000, "fa\0ce"])
def test_text_that_is_no_picture_is_refused_in_one_short_line(text):
    with pytest.raises(
        ValueError, match="is no picture; allowed are a file, a URL, base64 text or a data URI"
    ) as error:
        ViTPainImageProcessor()(text)
    assert len(str(error.value)) < 200 and "\n" not in str(error.value)


# Where the face is


def test_pictures_without_a_named_face_are_announced_once(saved, warned):
    processor = AutoImageProcessor.from_pretrained(saved)
    plain = processor(FACE)["pixel_values"][0]
    assert len(warned()) == 1 and "boxes='whole'" in warned()[0]
    processor([FACE, FACE])
    assert len(warned()) == 1
    assert np.array_equal(processor(FACE, boxes="whole")["pixel_values"][0], plain)


def test_nothing_is_announced_where_the_face_is_known(saved, warned, tmp_path):
    processor = AutoImageProcessor.from_pretrained(saved)
    processor(FACE, boxes=BOX)
    processor(FACE, boxes="whole")
    ViTPainImageProcessor()(FACE)  # a model that sees whole pictures
    assess = pipeline("pain-assessment", model=saved)
    assess(FACE, boxes=BOX)
    assess([FACE], boxes="whole")
    assess(FACE, find_face=lambda picture, crop: (picture, BOX))
    assert not warned()
    assess(FACE)
    assert len(warned()) == 1


def test_the_face_is_found_as_it_was_named(saved):
    asked = []

    def find_face(picture, crop):
        asked.append((picture.mode, picture.size, crop))
        return picture, BOX

    assess = pipeline("pain-assessment", model=saved, find_face=find_face)
    expected = pipeline("pain-assessment", model=saved)(FACE, boxes=BOX)
    turned = FACE.transpose(Image.Transpose.ROTATE_90)
    turned.getexif()[0x0112] = 6
    buffer = io.BytesIO()
    turned.save(buffer, "PNG", exif=turned.getexif())
    sources = [FACE, base64.b64encode(buffer.getvalue()).decode(), np.asarray(FACE)]
    assert assess(sources) == [expected] * 3
    assert asked == [("RGB", (80, 60), 1.7)] * 3
    other = assess(FACE, boxes=(0, 0, 40, 40))
    assert other != expected and len(asked) == 3  # a named face is not searched for
    assert assess(FACE, boxes="whole") == pipeline("pain-assessment", model=saved)(FACE)


def test_references_are_found_and_named_as_the_pictures_are(tmp_path):
    model = save(tmp_path, reference="neutral")
    assess = pipeline("pain-assessment", model=model)
    neutral = Image.fromarray(255 - np.asarray(FACE))
    expected = assess(FACE, boxes=BOX, reference=[neutral, neutral], reference_boxes=[BOX, BOX])
    found = assess(FACE, find_face=lambda picture, crop: (picture, BOX), reference=[neutral, neutral])
    assert found == expected
    whole = assess(FACE, boxes=BOX, reference=neutral, reference_boxes="whole")
    assert whole == assess(FACE, boxes=BOX, reference=neutral) != expected


def test_a_face_that_is_not_found_and_wrong_words_are_refused(saved, tmp_path):
    def find_face(picture, crop):
        raise ValueError("no face found")

    assess = pipeline("pain-assessment", model=saved)
    with pytest.raises(ValueError, match="no face found; name the face with boxes, or boxes='whole'"):
        assess(FACE, find_face=find_face)
    for call in (assess, AutoImageProcessor.from_pretrained(saved)):
        with pytest.raises(ValueError, match="boxes is 'all'; allowed are x0, y0, x1, y1 for each picture, or 'whole'"):
            call(FACE, boxes="all")
    with pytest.raises(ValueError, match="face_crop was given without boxes or find_face"):
        assess(FACE, face_crop=1.5)
    whole = pipeline("pain-assessment", model=save(tmp_path, face_crop=None))
    with pytest.raises(ValueError, match=r"sees whole pictures .*; give face_crop too"):
        whole(FACE, find_face=lambda picture, crop: (picture, BOX))
    assert whole(FACE, find_face=lambda picture, crop: (picture, BOX), face_crop=1.7) == assess(FACE, boxes=BOX)


# References and lists


NEUTRAL = Image.fromarray(255 - np.asarray(FACE))
OTHER = FACE.transpose(Image.Transpose.FLIP_TOP_BOTTOM)


@pytest.fixture(scope="module")
def with_reference(tmp_path_factory) -> str:
    return save(tmp_path_factory.mktemp("with_reference"), reference="neutral")


def without_face(picture, crop):
    """As a finder; only a picture of one colour has no face."""
    if max(high - low for low, high in picture.getextrema()) == 0:
        raise ValueError("no face found")
    return picture, BOX


BLANK = Image.new("RGB", (80, 60), "green")


def test_the_finder_of_the_pipeline_finds_the_face_of_the_reference_too(with_reference):
    assess = pipeline("pain-assessment", model=with_reference, find_face=without_face)
    expected = assess(FACE, boxes=BOX, reference=NEUTRAL, reference_boxes=BOX)
    assert assess(FACE, reference=NEUTRAL) == expected
    assert assess(FACE, boxes=BOX, reference=NEUTRAL) == expected
    assert assess(FACE, boxes=BOX, reference=NEUTRAL, reference_boxes="whole") != expected
    with pytest.raises(ValueError, match=r"^reference\[1\]: no face found; name the face with reference_boxes, or"):
        assess(FACE, reference=[NEUTRAL, BLANK])
    with pytest.raises(ValueError, match=r"^reference: no face found"):
        assess(FACE, reference=BLANK)


def near(assessment) -> dict:
    """What an assessment is up to the rounding of sums, which differs with the number of pictures in a batch."""
    return {
        "pspi": pytest.approx(assessment["pspi"], abs=1e-4),
        "pspi_interval": assessment["pspi_interval"],
        "au": pytest.approx(assessment["au"], abs=1e-4),
    }


def test_a_picture_is_never_its_own_reference(with_reference, tmp_path, monkeypatch):
    assess = pipeline("pain-assessment", model=with_reference)
    FACE.save(tmp_path / "face.png")
    (tmp_path / "link.png").symlink_to("face.png")
    monkeypatch.chdir(tmp_path)
    path = str(tmp_path / "face.png")
    fallback = assess(FACE, boxes=BOX)
    text = base64.b64encode(encoded(FACE)).decode()
    array = np.asarray(FACE)
    pairs = [
        (FACE, FACE),
        (FACE, FACE.copy()),
        (path, "face.png"),
        (path, "link.png"),
        (path, Path("face.png")),
        (path, Image.open(path)),
        (Image.open(path), Image.open(path)),
        (array, array.copy()),
        (array, torch.from_numpy(array.copy())),
        (text, text),
    ]
    for picture, reference in pairs:
        assert assess(picture, boxes=BOX, reference=reference, reference_boxes=BOX) == near(fallback)
    both = assess(FACE, boxes=BOX, reference=[FACE, NEUTRAL], reference_boxes=[BOX, BOX])
    assert both == near(assess(FACE, boxes=BOX, reference=NEUTRAL, reference_boxes=BOX))
    assert both != near(fallback)


def test_a_flat_list_of_references_is_left_out_for_their_own_pictures_alone(with_reference):
    assess = pipeline("pain-assessment", model=with_reference)
    boxes = {"boxes": [BOX, BOX], "reference_boxes": [BOX]}
    pictures = assess([FACE, NEUTRAL], reference=[NEUTRAL], batch_size=2, **boxes)
    assert pictures[0]["pspi"] == pytest.approx(
        assess(FACE, boxes=BOX, reference=NEUTRAL, reference_boxes=BOX)["pspi"], abs=1e-4
    )
    assert pictures[1]["pspi"] == pytest.approx(assess(NEUTRAL, boxes=BOX)["pspi"], abs=1e-4)


def test_a_model_without_fallback_says_which_picture_is_its_own_only_reference(tmp_path):
    assess = pipeline("pain-assessment", model=save(tmp_path, reference="neutral", reference_fallback=False))
    assess([FACE, OTHER], boxes="whole", reference=NEUTRAL, reference_boxes="whole")
    with pytest.raises(ValueError, match=r"^inputs\[1\]: the picture is its own only reference; this model needs"):
        assess([FACE, NEUTRAL], boxes="whole", reference=NEUTRAL, reference_boxes="whole")
    with pytest.raises(ValueError, match=r"^inputs\[0\]: the picture has no reference; this model needs"):
        assess([FACE, OTHER], boxes="whole", reference=[[], [NEUTRAL]], reference_boxes="whole")


@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_nested_list_is_one_set_of_references_for_each_picture(with_reference, batch_size):
    assess = pipeline("pain-assessment", model=with_reference, find_face=without_face)
    pictures, sets = [FACE, NEUTRAL, FACE], [[NEUTRAL, OTHER], [FACE], []]
    singly = [
        assess(FACE, reference=[NEUTRAL, OTHER])["pspi"],
        assess(NEUTRAL, reference=FACE)["pspi"],
        assess(FACE)["pspi"],
    ]
    assert len(set(singly)) == 3
    found = assess(pictures, reference=sets, batch_size=batch_size)
    assert [one["pspi"] for one in found] == pytest.approx(singly, abs=1e-4)
    named = assess(
        pictures, boxes=[BOX] * 3, reference=sets, reference_boxes=[[BOX, BOX], [BOX], []], batch_size=batch_size
    )
    assert [one["pspi"] for one in named] == pytest.approx(singly, abs=1e-4)
    assert assess(FACE, reference=[[NEUTRAL, OTHER]])["pspi"] == pytest.approx(singly[0], abs=1e-4)


@pytest.mark.parametrize(
    ("pictures", "parameters", "message"),
    [
        ([FACE, OTHER], {"reference": [[NEUTRAL]]}, r"reference holds 1 sets for 2 picture\(s\); allowed is one set"),
        (FACE, {"reference": [[NEUTRAL], [OTHER]]}, r"reference holds 2 sets for 1 picture\(s\)"),
        ([FACE, OTHER], {"reference": [[NEUTRAL], NEUTRAL]}, r"reference\[1\] is no list, but others are"),
        ([FACE, OTHER], {"reference": [[NEUTRAL], [BLANK]]}, r"^reference\[1\]\[0\]: no face found"),
        (
            [FACE],
            {"reference": [[NEUTRAL]], "reference_boxes": [BOX]},
            "reference_boxes does not hold one box for each",
        ),
        (FACE, {"reference": [NEUTRAL, OTHER], "reference_boxes": BOX}, "1 reference_boxes were given for 2 pictures"),
        (FACE, {"reference": NEUTRAL, "reference_boxes": "all"}, "reference_boxes is 'all'; allowed are"),
        (FACE, {"reference": []}, "reference is empty"),
    ],
)
def test_wrong_references_are_refused(with_reference, pictures, parameters, message):
    assess = pipeline("pain-assessment", model=with_reference, find_face=without_face)
    with pytest.raises(ValueError, match=message):
        assess(pictures, **parameters)
    with pytest.raises(ValueError, match="one set for each picture; allowed is beside a list of pictures"):
        assess((one for one in [FACE]), reference=[[NEUTRAL]])


def test_an_error_names_the_picture_it_is_about(saved, tmp_path):
    class Pictures(torch.utils.data.Dataset):
        def __len__(self):
            return 3

        def __getitem__(self, k):
            return [FACE, BLANK, FACE][k]

    assess = pipeline("pain-assessment", model=saved, find_face=without_face)
    for pictures in ([FACE, BLANK, FACE], (FACE, BLANK), np.stack([FACE, BLANK]), (x for x in [FACE, BLANK])):
        with pytest.raises(ValueError, match=r"^inputs\[1\]: no face found; name the face with boxes"):
            list(assess(pictures))
    with pytest.raises(ValueError, match=r"^inputs\[1\]: no face found"):
        list(assess(Pictures(), batch_size=2))
    path = tmp_path / "blank.png"
    BLANK.save(path)
    with pytest.raises(ValueError, match=r"^inputs\[0\] \(.*blank.png\): no face found"):
        assess([str(path), FACE])
    with pytest.raises(ValueError, match=r"^/.*blank\.png: no face found"):
        assess(path)
    with pytest.raises(ValueError, match=r"^inputs\[2\]: box .* is outside of the picture of 80 x 60 pixels"):
        assess([FACE] * 3, boxes=[BOX, BOX, (200, 200, 300, 300)])
    with pytest.raises(ValueError, match=r"^inputs\[1\]: 'missing.png' does not exist"):
        assess([FACE, "missing.png"])


def test_a_row_of_a_dataset_is_no_picture(saved):
    assess = pipeline("pain-assessment", model=saved)
    for parameters in ({}, {"boxes": BOX}, {"boxes": "whole"}, {"find_face": without_face}):
        with pytest.raises(TypeError, match="a picture is of type dict; allowed are PIL pictures, arrays"):
            assess({"image": FACE}, **parameters)
    with pytest.raises(TypeError, match=r"^inputs\[1\]: a picture is of type dict"):
        assess([FACE, {"image": FACE}], boxes="whole")


def test_what_is_given_for_boxes_and_is_none_is_refused(saved):
    assess = pipeline("pain-assessment", model=saved)
    with pytest.raises(TypeError, match=r"follow the pictures without a name; boxes are given as boxes="):
        assess(FACE, BOX)
    with pytest.raises(ValueError, match=r"^boxes\[1\] is None; allowed are four numbers .*: leave pictures without a"):
        assess([FACE, FACE, FACE], boxes=[BOX, None, BOX])


def test_a_closed_picture_is_named(saved, tmp_path):
    FACE.save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as closed:
        pass
    with pytest.raises(ValueError, match=r"inputs\[1\].*: the picture was closed before it was read; open it again"):
        pipeline("pain-assessment", model=saved)([FACE, closed], boxes="whole")
