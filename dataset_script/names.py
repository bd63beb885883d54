"""File names as text: Unix names are bytes, and old disks and archives hold names that are no UTF-8."""

import os
import re
import unicodedata

INVISIBLE = "\u00a0\u00ad\u034f\u061c\u200b-\u200f\u2028-\u202f\u205f-\u2064\u2066-\u2069\ufeff"
"""Spaces that look like others, marks without width, and marks of the direction of writing, for a class of `re`."""

_AROUND = re.compile(rf"^[{INVISIBLE}]+|[{INVISIBLE}]+$")
_ESCAPED = re.compile(r"\\x([0-9a-fA-F]{2})")


def written_name(name: str | os.PathLike) -> str:
    r"""A file name as it is written into tables and JSON: UTF-8 as it is, each other byte as `\xNN`.

    A backslash that would then read as such an escape is written `\x5c`, so that `read_name` finds every name again.
    """
    return written_text(os.fsencode(name).decode("utf-8", "surrogateescape"))


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell begins with that spreadsheets compute in place of showing it."""


def written_path(path: str | os.PathLike) -> str:
    """As `written_name`, for a table: a path that a spreadsheet would take for a formula begins with `./`.

    It opens the same file, and nothing has to be taken off again.
    """
    name = written_name(path)
    return f"./{name}" if name.startswith(_FORMULA) else name


def written_remark(text: str) -> str:
    """As `written_text`, for a table: what a spreadsheet would take for a formula begins with an apostrophe."""
    text = written_text(text)
    return f"'{text}" if text.startswith(_FORMULA) else text


def written_text(text: str) -> str:
    """A message that may hold file names, as `written_name` writes names."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    text = _ESCAPED.sub(lambda found: rf"\x5cx{found[1]}", text)
    return "".join(rf"\x{ord(c) - 0xDC00:02x}" if "\udc80" <= c <= "\udcff" else c for c in text)


def read_name(text: str) -> str:
    """The file name that `written_name` wrote, to be opened."""
    if not _ESCAPED.search(text):
        return text
    content = text.encode("utf-8", "surrogateescape")
    return os.fsdecode(re.sub(rb"\\x([0-9a-fA-F]{2})", lambda found: bytes([int(found[1], 16)]), content))


def bare_name(name: str) -> str:
    """A path without what cannot be seen at its ends, as Windows puts U+202A before a path that is copied."""
    return _AROUND.sub("", name)


def meant_name(name: str, folder: str | os.PathLike = "", suffix_as_there: bool = False) -> str:
    """A path in `folder` as it is where there is such a file, else as the one that looks the same.

    That is with accents in the other form of Unicode, which macOS writes (`e` and a mark for one letter), or as
    `bare_name` if that one's own folder is there; and with `suffix_as_there`, of a file that is only read, with its
    suffix in small letters or in capitals, which are one on Windows and macOS.
    """
    if os.path.exists(os.path.join(folder, name)):
        return name
    bare = bare_name(name)
    for text in dict.fromkeys((name, bare)):
        if (found := _as_there(text, folder, suffix_as_there)) is not None:
            return found
    return bare if bare and os.path.exists(os.path.dirname(os.path.join(folder, bare)) or ".") else name


def _as_there(name: str, folder: str | os.PathLike, other_suffix: bool) -> str | None:
    """`name` with each part in the form of Unicode in which it is in `folder`; None where it is there in none."""
    found = ""
    for part in re.split("(/)", name):
        stem, suffix = os.path.splitext(part)
        ends = (suffix, suffix.lower(), suffix.upper()) if other_suffix else (suffix,)
        forms = (part, *(unicodedata.normalize(form, stem) + end for form in ("NFC", "NFD") for end in ends))
        there = (form for form in forms if form in ("", "/") or os.path.exists(os.path.join(folder, found + form)))
        if (form := next(there, None)) is None:
            return None
        found += form
    return found or None


def is_text(name: str | os.PathLike) -> bool:
    """Whether a name can be written as UTF-8 as Python holds it. Arrow, safetensors and JSON files need that."""
    try:
        os.fspath(name).encode()
    except UnicodeEncodeError:
        return False
    return True


def why_no_text(name: str | os.PathLike) -> str:
    """What is to be done about a name that is not `is_text`, in a few words."""
    try:
        os.fsencode(name).decode()
    except UnicodeDecodeError:
        return "the name is not UTF-8; rename it"
    return "this locale does not read its name as UTF-8; set LC_ALL=C.UTF-8 or PYTHONUTF8=1"


def is_hub_name(name: str | os.PathLike) -> bool:
    """Whether it may be a repository on the Hub, OWNER/NAME. Others are not asked for: offline that takes a minute."""
    text = os.fspath(name)
    return text.count("/") == 1 and not text.startswith((".", "/", "~"))
