"""The page as it is served, asked without a browser."""

import http.client
import json
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path

import gradio as gr
import pytest

from dataset_script.errors import WorkFailed
from model_cards.demo import page as page_module
from model_cards.demo.page import THEME, build_page
from model_cards.demo.server import MAX_FILE, private_cache, serve

TYPE = "multipart/form-data; boundary=b"


@pytest.fixture(scope="module")
def served(faces):
    """Address and cache of a page without model and data."""
    with private_cache() as cache:
        page = build_page(faces, None, None, "vitpain-small is not in this copy")
        yield serve(page, "127.0.0.1", _free_port()).rstrip("/"), cache
        page.close(verbose=False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _ask(address: str, body: bytes | None = None, kind: str = TYPE) -> tuple[int, bytes, dict[str, str]]:
    request = urllib.request.Request(address, body, {"Content-Type": kind})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read(), {name.lower(): value for name, value in answer.headers.items()}
    except urllib.error.HTTPError as error:
        return error.code, error.read(), {name.lower(): value for name, value in error.headers.items()}


def _status_of_announced(address: str, size: int) -> int:
    """What is answered to a request that says how large it will be, before it is sent."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
    connection.putrequest("POST", "/gradio_api/queue/join")
    connection.putheader("Content-Length", str(size))
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


def _form(name: str, content: bytes) -> bytes:
    head = f'--b\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'.encode()
    return head + content + b"\r\n--b--\r\n"


def test_the_page_says_what_it_is_not_and_what_is_missing(served):
    status, body, headers = _ask(served[0])
    text = body.decode()
    assert status == 200
    for words in ("Not a medical device", "no patient was photographed", "not been validated on patients"):
        assert words in text
    assert "vitpain-small is not in this copy" in text and "No dataset was given" in text
    assert "connect-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_nothing_is_named_that_lies_elsewhere(served):
    for path in ("", "/theme.css"):
        assert b"fonts.googleapis" not in _ask(served[0] + path)[1]
    assert not THEME._stylesheets


def test_an_upload_is_bounded(served):
    address, cache = served
    before = set(cache.rglob("*"))
    status, _, _ = _ask(f"{address}/gradio_api/upload", _form("large.png", bytes(MAX_FILE + 1000)))
    assert status == 413
    assert _status_of_announced(address, 2 * MAX_FILE) == 413
    assert not [path for path in set(cache.rglob("*")) - before if path.is_file()]


def test_a_page_that_was_uploaded_is_not_shown_as_one(served):
    address, cache = served
    _, body, _ = _ask(f"{address}/gradio_api/upload", _form("evil.html", b"<script>alert(1)</script>"))
    (path,) = json.loads(body)
    assert Path(path).is_relative_to(cache)
    status, _, headers = _ask(f"{address}/gradio_api/file={path}", kind="text/plain")
    assert status == 200
    assert headers["content-disposition"].startswith("attachment")
    assert headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize("path", ["/etc/passwd", "pyproject.toml", "../etc/passwd"])
def test_files_of_the_server_are_not_served(served, path):
    assert _ask(f"{served[0]}/gradio_api/file={path}", kind="text/plain")[0] == 403


def test_a_taken_port_is_named(served):
    port = int(served[0].rpartition(":")[2])
    with gr.Blocks(analytics_enabled=False) as page, pytest.raises(WorkFailed, match=f"port {port}"):
        serve(page, "127.0.0.1", port)


def test_an_upload_is_deleted(faces, monkeypatch):
    monkeypatch.setattr(page_module, "KEPT_SECONDS", 1)
    monkeypatch.setattr(page_module, "CHECKED_EVERY_SECONDS", 1)
    with private_cache() as cache:
        page = build_page(faces, None, None)
        address = serve(page, "127.0.0.1", _free_port()).rstrip("/")
        try:
            _, body, _ = _ask(f"{address}/gradio_api/upload", _form("me.jpg", b"picture"))
            (path,) = map(Path, json.loads(body))
            assert path.is_relative_to(cache)
            end = time.monotonic() + 120
            while path.exists() and time.monotonic() < end:
                time.sleep(0.2)
            assert not path.exists()
        finally:
            page.close(verbose=False)


def test_the_cache_goes_with_the_page():
    with private_cache() as cache:
        (cache / "folder").mkdir()
        (cache / "folder" / "me.jpg").write_bytes(b"picture")
        assert cache.stat().st_mode & 0o077 == 0
    assert not cache.exists()
