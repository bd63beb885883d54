"""Serving the page: no network but its own, bounded requests, and no file that outlives the process."""

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from dataset_script.errors import WorkFailed

from .page import STYLE, THEME

MAX_FILE = 10 * 2**20
"""Bytes of the largest picture that is taken."""

MAX_REQUEST = MAX_FILE + 2**20
"""Bytes of the largest request of any kind."""

_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",  # Gradio starts from a script in the page
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    )
)
_HEADERS = ((b"content-security-policy", _POLICY.encode()), (b"x-content-type-options", b"nosniff"))

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Guard:
    """ASGI middleware: pages load nothing from elsewhere, and no request is larger than `MAX_REQUEST`."""

    def __init__(self, app: Callable) -> None:
        self._app = app

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen = 0

        async def bounded() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > MAX_REQUEST:
                return {"type": "http.disconnect"}
            return message

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *_HEADERS]}
            await send(message)

        if int(dict(scope["headers"]).get(b"content-length", b"0")) > MAX_REQUEST:
            await guarded({"type": "http.response.start", "status": 413, "headers": []})
            await send({"type": "http.response.body", "body": b"the request is too large"})
            return
        await self._app(scope, bounded, guarded)


@contextmanager
def private_cache() -> Iterator[Path]:
    """A directory for what Gradio writes, uploads too, that goes with the process. To be entered before the page is
    built: its parts remember where to write."""
    directory = Path(tempfile.mkdtemp(prefix="pain3d-demo-"))
    before = os.environ.get("GRADIO_TEMP_DIR")
    os.environ["GRADIO_TEMP_DIR"] = str(directory)
    try:
        yield directory
    finally:
        if before is None:
            del os.environ["GRADIO_TEMP_DIR"]
        else:
            os.environ["GRADIO_TEMP_DIR"] = before
        shutil.rmtree(directory, ignore_errors=True)


def serve(page: gr.Blocks, host: str, port: int) -> str:
    """Serves the page in threads of its own, until `page.close()`, and returns its address.

    Raises:
        WorkFailed: the port is taken, or the address is not of this machine.
    """
    try:
        _, address, _ = page.queue(max_size=64).launch(
            server_name=host,
            server_port=port,
            share=False,
            quiet=True,
            _frontend=False,  # no request to itself: a busy machine answers it too late, and Gradio gives up
            prevent_thread_lock=True,
            ssr_mode=False,
            run_history=False,
            enable_monitoring=False,
            mcp_server=False,
            footer_links=[],
            max_file_size=MAX_FILE,
            theme=THEME,
            css_paths=[STYLE],
            app_kwargs={"middleware": [Middleware(Guard)], "docs_url": None, "redoc_url": None, "openapi_url": None},
        )
    except OSError as error:
        raise WorkFailed(f"cannot serve on {host}, port {port}: {error}; name another one with --port") from None
    return address


def wait(page: gr.Blocks) -> None:
    """Waits for Ctrl-C or SIGTERM, then stops serving. Only in the main thread."""
    ended = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: ended.set())
    try:
        ended.wait()
    except KeyboardInterrupt:
        pass  # the usual way to end it
    finally:
        signal.signal(signal.SIGTERM, before)
        page.close(verbose=False)
