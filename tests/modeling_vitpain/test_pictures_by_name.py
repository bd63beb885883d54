"""Pictures by path or URL: read as the file is, else one line that says why not."""

import base64
import http.server
import io
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import pipeline

from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment, ViTPainImageProcessor

FACE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8))
DEEP = Image.fromarray(np.linspace(0, 65535, 48 * 48).reshape(48, 48).astype(np.uint16))
BOX = (20, 10, 50, 45)


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


NURSE = base64.b64encode(b"nurse:a b").decode()
PAGES = {
    "/face.png": png(FACE),
    "/deep.png": png(DEEP),
    "/a%20face.png?of=m%C3%BC&x=1": png(FACE),
    "/login": b"\n<!DOCTYPE html><html>log in</html>",
    "/empty": b"",
    "/words": b"no picture",
    "/cut.png": png(FACE)[:500],
}


class Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/face.png")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path == "/silent":
            return
        elif self.path not in PAGES and self.headers["Authorization"] != f"Basic {NURSE}":
            self.send_error(403 if self.path == "/secret" else 404)
        else:
            page = "/face.png" if self.path == "/secret" else self.path
            self.send_response(200)
            self.send_header("Content-Type", "text/plain" if page == "/words" else "image/png")
            self.send_header("Content-Length", str(len(PAGES[page])))
            self.end_headers()
            self.wfile.write(PAGES[page])

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(scope="module")
def assess(tmp_path_factory):
    directory = tmp_path_factory.mktemp("model")
    torch.manual_seed(0)
    ViTPainForPainAssessment(ViTPainConfig.tiny()).save_pretrained(directory)
    ViTPainImageProcessor(size={"height": 112, "width": 112}, face_crop=1.7).save_pretrained(directory)
    return pipeline("pain-assessment", model=str(directory), find_face=lambda picture, crop: (picture, BOX))


@pytest.mark.parametrize("page", ["/face.png", "/a face.png?of=mü&x=1", "/a%20face.png?of=m%C3%BC&x=1", "/moved"])
def test_a_url_is_read_as_its_file(assess, server, page):
    assert assess(server + page) == assess(FACE)
    assert assess([FACE, server + page])[1] == assess(FACE)


def test_a_url_may_hold_name_and_password(assess, server):
    assert assess(server.replace("//", "//nurse:a%20b@") + "/secret") == assess(FACE)
    with pytest.raises(OSError, match="the server answers 403 Forbidden"):
        assess(server.replace("//", "//nurse:b@") + "/secret")


def test_16_bit_pictures_of_a_url_are_not_clipped(server, tmp_path):
    DEEP.save(tmp_path / "deep.png")
    of_url, of_file = (
        ViTPainImageProcessor()(source)["pixel_values"][0]
        for source in (f"{server}/deep.png", str(tmp_path / "deep.png"))
    )
    assert np.array_equal(of_url, of_file) and len(np.unique(of_url)) > 100


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("/404", "cannot be read: the server answers 404 Not Found"),
        ("/secret", "cannot be read: the server answers 403 Forbidden"),
        ("/login", "gives no picture: the answer is a page (HTML or XML), such as one to log in, 35 bytes"),
        ("/empty", "gives no picture: the answer is empty"),
        ("/words", "gives no picture: the answer is text/plain, 10 bytes"),
        ("/silent", "cannot be read: Remote end closed connection without response"),
        ("/cut.png", "image file is truncated"),
    ],
)
def test_a_url_without_a_picture_is_named_with_the_reason(assess, server, page, reason):
    with pytest.raises(OSError) as error:
        assess(server + page)
    assert str(error.value).startswith(server + page) and reason in str(error.value)
    assert "boxes" not in str(error.value) and "\n" not in str(error.value)
    with pytest.raises(OSError) as error:
        assess([FACE, server + page])
    assert str(error.value).startswith("inputs[1]") and reason in str(error.value)
    assert str(error.value).count(server + page) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/face.png", "http://127.0.0.1:nine/face.png", "https:///face.png"])
def test_a_url_that_leads_nowhere_is_named(assess, url):
    with pytest.raises(OSError) as error:
        assess(url)
    assert str(error.value).startswith(f"{url} cannot be read: ") and str(error.value).count(url) == 1


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("pics/p99.jpg", "^'pics/p99.jpg' does not exist in {here}$"),
        (Path("p99"), "^'p99' does not exist in {here}$"),
        ("{here}/p99.jpg", "^'{here}/p99.jpg' does not exist$"),
        ("~/p99.jpg", "^'~/p99.jpg' does not exist; the path with the home folder is '/.*/p99.jpg'$"),
        ("", "^'' is empty; allowed are a file, a URL, base64 text or a data URI$"),
        ("pics", "^'pics' is a folder; name a picture in it$"),
        (Path("pics"), "^'pics' is a folder; name a picture in it$"),
        ("file://{here}/pics/a%20b.png", "^'file://.*' is a URL of file://; give the path, '{here}/pics/a b.png'$"),
        ("s3://bucket/a.png", "^'s3://bucket/a.png' is a URL of s3://; allowed are http:// and https://$"),
        ("data:,", "^'data:,' is no picture; allowed are"),
        ("pics/words.jpg", "cannot identify image file '.*pics/words.jpg'$"),
    ],
)
def test_what_is_no_picture_has_its_own_line(assess, given, reason, tmp_path, monkeypatch):
    (tmp_path / "pics").mkdir()
    FACE.save(tmp_path / "pics" / "a b.png")
    (tmp_path / "pics" / "words.jpg").write_text("words")
    monkeypatch.chdir(tmp_path)
    given = given.format(here=tmp_path) if isinstance(given, str) else given
    with pytest.raises((ValueError, OSError), match=reason.format(here=tmp_path)):
        assess(given)
    with pytest.raises((ValueError, OSError), match=r"^inputs\[1\]"):
        assess([FACE, given])


def test_a_file_that_may_not_be_read_is_not_said_to_be_absent(assess, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("modeling_vitpain.picture_text_vitpain.os.stat", refuse)
    with pytest.raises(ValueError, match=r"^'locked/face.png' cannot be read: Permission denied$"):
        assess("locked/face.png")


@pytest.mark.parametrize(
    ("given", "cure"),
    [
        (png(FACE), r"; PIL\.Image\.open\(io\.BytesIO\(\.\.\.\)\) makes one of bytes"),
        (io.BytesIO(png(FACE)), r"; PIL\.Image\.open\(\.\.\.\) makes one of an open file"),
        (None, "and lists of them"),
    ],
)
def test_bytes_and_open_files_are_refused_with_what_to_do(assess, given, cure):
    with pytest.raises(TypeError, match=rf"a picture is of type .*{cure}$"):
        assess(given)


def test_no_pictures_give_no_results(assess):
    assert assess([]) == [] and assess(()) == []


def test_only_where_no_face_is_found_boxes_are_the_cure(assess):
    def none(picture, crop):
        raise ValueError("no face found")

    with pytest.raises(ValueError, match="no face found; name the face with boxes"):
        assess(FACE, find_face=none)
    with pytest.raises(ValueError, match=r"normalised already goes to the model itself\)$"):
        assess(np.full((60, 80, 3), -2.0), find_face=none)
