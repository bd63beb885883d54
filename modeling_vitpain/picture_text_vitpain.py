"""Pictures that are given as text: paths, URLs, base64 and data URIs.

This file is Hub remote code: it imports PIL and its neighbours here, and the standard library.
"""

import base64
import contextlib
import errno
import http.client
import io
import os
import re
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from .pictures_vitpain import identified

_ALLOWED = "allowed are a file, a URL, base64 text or a data URI"
_TIMEOUT = 60
"""Seconds that a server may take for each part of its answer."""
_BASE64 = re.compile(r"[A-Za-z0-9+/=_%\s-]*")
_PROTOCOL = re.compile(r"(?!data:)[A-Za-z][A-Za-z0-9+.-]+:(?=//)")
_UNQUOTED = "%/:=&?~#+!$,;'@()*[]|"
"""What URLs hold as it is, beside letters and numbers."""


def picture_source(source: str | Path) -> str | Path | io.BytesIO:
    """What `open_picture` opens: the file at a path, or the bytes of a URL, of base64 text or of a data URI.

    Raises:
        ValueError: it is none of these; says whether there is no such file, or it is a folder.
        OSError: what a URL names cannot be read, or is no picture.
    """
    if is_url(source):
        return _downloaded(source)
    if is_file(source):
        return source
    if (reason := _why_no_file(source)) is not None:
        raise ValueError(f"{_shown(str(source))} {reason}")
    return _decoded(source)


def is_url(source) -> bool:
    """Whether it is a URL that is read: http or https."""
    return isinstance(source, str) and source.lower().startswith(("http://", "https://"))


def is_file(source: str | Path) -> bool:
    """Whether there is such a file; base64 text is too long a name to be asked for."""
    try:
        return Path(source).is_file()
    except OSError:
        return False


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:80]}…")


def _why_no_file(source: str | Path) -> str | None:
    """What is wrong with something that can only be meant as a path; None: it may be base64 text or a data URI."""
    text = str(source)
    if not text.strip() and isinstance(source, str):
        return f"is empty; {_ALLOWED}"
    if text.startswith("data:") or "\0" in text:
        return None
    if protocol := _PROTOCOL.match(text):
        file = urllib.parse.urlsplit(text)
        cure = f"give the path, {urllib.request.url2pathname(file.path)!r}" if file.scheme.lower() == "file" else ""
        return f"is a URL of {protocol[0]}//; {cure or 'allowed are http:// and https://'}"
    try:
        if os.path.isdir(text):
            return "is a folder; name a picture in it"
        os.stat(text)
        return "is no file"
    except OSError as error:
        if isinstance(source, str) and (_BASE64.fullmatch(text) or error.errno == errno.ENAMETOOLONG):
            return None
        if error.errno not in (errno.ENOENT, errno.ENOTDIR):
            return f"cannot be read: {error.strerror}"
    if text.startswith("~"):
        return f"does not exist; the path with the home folder is {os.path.expanduser(text)!r}"
    return "does not exist" if os.path.isabs(text) else f"does not exist in {os.getcwd()}"


def _decoded(text: str) -> io.BytesIO:
    """The bytes of a picture that is given as base64 text or as a data URI. Raises ValueError where it is neither."""
    header, _, content = text.partition(",") if text.startswith("data:") else (";base64", "", text)
    try:
        if header.endswith(";base64"):
            content = "".join(urllib.parse.unquote(content).split()).replace("-", "+").replace("_", "/")
            picture = io.BytesIO(base64.b64decode(content + "=" * (-len(content) % 4), validate=True))
        else:
            picture = io.BytesIO(urllib.parse.unquote_to_bytes(content))
        _check_begins_as_picture(picture)
    except (ValueError, UnidentifiedImageError):
        raise ValueError(f"{_shown(text)} is no picture; {_ALLOWED}") from None
    return picture


def _downloaded(url: str) -> io.BytesIO:
    """What a URL gives. Raises OSError that names it, and the answer of the server."""
    try:
        with urllib.request.urlopen(_request(url), timeout=_TIMEOUT) as answer:
            content, kind = answer.read(), answer.headers.get_content_type()
    except urllib.error.HTTPError as error:
        error.close()
        raise OSError(f"{url} cannot be read: the server answers {error.code} {error.reason}") from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise OSError(f"{url} cannot be read: {str(reason) or type(reason).__name__}") from None
    if not content:
        raise OSError(f"{url} gives no picture: the answer is empty")
    picture = io.BytesIO(content)
    try:
        _check_begins_as_picture(picture)
    except UnidentifiedImageError:
        page = "a page (HTML or XML), such as one to log in" if content.lstrip()[:1] == b"<" else f"{kind}"
        raise OSError(f"{url} gives no picture: the answer is {page}, {len(content):,} bytes") from None
    return picture


def _request(url: str) -> urllib.request.Request:
    """For a URL as people write it: letters that URLs may not hold are quoted, a name and password are a header."""
    parts = urllib.parse.urlsplit(url)
    login, _, host = parts.netloc.rpartition("@")
    host = host if host.isascii() else host.encode("idna").decode()
    quoted = urllib.parse.quote(parts._replace(netloc=host).geturl(), safe=_UNQUOTED)
    request = urllib.request.Request(quoted, headers={"User-Agent": "Pain3D", "Accept": "image/*, */*;q=0.5"})
    if login:
        word = base64.b64encode(urllib.parse.unquote(login).encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {word}")
    return request


def _check_begins_as_picture(picture: io.BytesIO) -> None:
    """Raises UnidentifiedImageError where the header, which is read alone, is that of no picture."""
    with contextlib.suppress(Image.DecompressionBombError):  # `open_picture` will say what is allowed
        identified(picture)
    picture.seek(0)


__all__ = ["is_file", "is_url", "picture_source"]
