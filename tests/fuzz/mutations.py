"""Damaged and hostile files, made of whole ones: bits turned, parts cut, doubled and mixed, sizes replaced."""

import io
import random
import re
import struct
import zipfile
import zlib

SIZES = (0, 1, 2, 3, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0xFFFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**40, 2**63 - 1)
"""Sizes, counts and places at which programs go wrong."""

NUMBERS = (
    *(b"0", b"-1", b"1e999", b"-1e999", b"nan", b"NaN", b"inf", b"Infinity", b"1e-320", b"4294967296"),
    *(b"99999999999999999999", b"1_0", b"0x10", b"", b"1,5", b"9" * 400, b"9" * 5000, b"true", b"null", b'"1"'),
)
WORDS = (
    *(
        b"[" * 3000,
        b'{"a":' * 3000,
        b"[]",
        b"{}",
        b"null",
        b'""',
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b'"',
        b"'",
        b"\n",
    ),
    *(b",", b";", b"\t", b"../../etc/passwd", b"/dev/zero", b"%s%n", b"=1+1", b"&a [*a,*a]", b"\r", b"\\\n", b"<html>"),
)
_NUMBER = re.compile(rb"-?\d+(\.\d+)?")
_WORD = re.compile(rb"[A-Za-z_]\w*")
_MOST_BYTES = 1 << 20


def mutated(content: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """One damaged form of `content`; `others`: files of the same kind, to mix it with."""
    kind = chance.random()
    if kind < 0.04:
        return chance.randbytes(chance.randrange(4096))
    if kind < 0.08:
        return content[: chance.randrange(32)] + chance.randbytes(chance.randrange(4096))
    if kind < 0.2 and content[:4] == b"PK\x03\x04" and (members := _changed_members(content, chance)):
        return members
    changed = bytearray(content or b"\0")
    is_text = _is_text(content)
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 5, 8))):
        change = chance.choice(_OF_TEXT if is_text and chance.random() < 0.7 else _OF_BYTES)
        changed = bytearray(change(changed, chance)) or bytearray(b"\0")
    if others and chance.random() < 0.08:
        other = chance.choice(others)
        changed = changed[: chance.randrange(len(changed) + 1)] + other[chance.randrange(len(other) + 1) :]
    result = bytes(changed[:_MOST_BYTES])
    return with_right_sums(result) if chance.random() < 0.7 else result


def with_right_sums(content: bytes) -> bytes:
    """The same with right check sums, where its format has any: else most damage would be found by these alone."""
    if content[:8] == b"\x89PNG\r\n\x1a\n":
        return _png(content)
    return _tar(content) if content[257:262] == b"ustar" else content


def _is_text(content: bytes) -> bool:
    head = content[:2048]
    return bool(head) and sum(byte < 9 or byte > 126 for byte in head) < len(head) / 20


def _place(content: bytearray, chance: random.Random, room: int = 1) -> int:
    """Half of all in the first bytes, where headers are."""
    most = max(1, len(content) - room + 1)
    return chance.randrange(min(most, 256)) if chance.random() < 0.5 else chance.randrange(most)


def _bits(content: bytearray, chance: random.Random) -> bytearray:
    for _ in range(chance.choice((1, 1, 2, 8))):
        content[_place(content, chance)] ^= 1 << chance.randrange(8)
    return content


def _bytes(content: bytearray, chance: random.Random) -> bytearray:
    content[_place(content, chance)] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
    return content


def _size(content: bytearray, chance: random.Random) -> bytearray:
    width = chance.choice((1, 2, 4, 4, 8))
    place = _place(content, chance, width)
    value = chance.choice(SIZES) % 256**width
    content[place : place + width] = value.to_bytes(width, chance.choice(("little", "big")))
    return content


def _real(content: bytearray, chance: random.Random) -> bytearray:
    value = chance.choice((float("nan"), float("inf"), -1e30, 1e300, 0.0, -0.0))
    packed = (
        struct.pack(chance.choice("<>") + "d", value) if chance.random() < 0.5 else struct.pack("<f", min(value, 3e38))
    )
    place = _place(content, chance, len(packed))
    content[place : place + len(packed)] = packed
    return content


def _cut(content: bytearray, chance: random.Random) -> bytearray:
    return content[: chance.randrange(len(content) + 1)]


def _left_out(content: bytearray, chance: random.Random) -> bytearray:
    place = _place(content, chance)
    del content[place : place + chance.choice((1, 2, 4, 16, 256))]
    return content


def _doubled(content: bytearray, chance: random.Random) -> bytearray:
    place, length = _place(content, chance), chance.choice((1, 4, 16, 256, 2048))
    return content[: place + length] + content[place : place + length] * chance.choice((1, 1, 2, 100)) + content[place:]


def _put_in(content: bytearray, chance: random.Random) -> bytearray:
    place = _place(content, chance)
    return content[:place] + chance.randbytes(chance.choice((1, 2, 4, 64))) + content[place:]


def _number(content: bytearray, chance: random.Random) -> bytearray:
    return _replaced(content, _NUMBER, chance.choice(NUMBERS), chance)


def _word(content: bytearray, chance: random.Random) -> bytearray:
    words = [found[0] for found in _WORD.finditer(content)]
    return _replaced(
        content, _WORD, chance.choice(words) if words and chance.random() < 0.5 else chance.choice(WORDS), chance
    )


def _word_put_in(content: bytearray, chance: random.Random) -> bytearray:
    place = _place(content, chance)
    return content[:place] + chance.choice((*WORDS, *NUMBERS)) + content[place:]


def _line(content: bytearray, chance: random.Random) -> bytearray:
    lines = content.split(b"\n")
    place = chance.randrange(len(lines))
    action = chance.randrange(3)
    if action == 0:
        del lines[place]
    elif action == 1:
        lines[place:place] = [lines[chance.randrange(len(lines))]] * chance.choice((1, 1, 50))
    else:
        other = chance.randrange(len(lines))
        lines[place], lines[other] = lines[other], lines[place]
    return bytearray(b"\n").join(lines)


def _replaced(content: bytearray, pattern: re.Pattern, value: bytes, chance: random.Random) -> bytearray:
    found = list(pattern.finditer(content))
    if not found:
        return _bits(content, chance)
    chosen = chance.choice(found)
    return content[: chosen.start()] + value + content[chosen.end() :]


_OF_BYTES = (_bits, _bytes, _size, _size, _real, _cut, _left_out, _doubled, _put_in, _word_put_in)
_OF_TEXT = (_number, _number, _word, _word_put_in, _line, _bits, _cut)


def _changed_members(content: bytes, chance: random.Random) -> bytes | None:
    """A ZIP file of which one member is damaged, with right sums; None where it is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {info.filename: archive.read(info) for info in archive.infolist()}
    except (zipfile.BadZipFile, OSError, zlib.error):
        return None
    name = chance.choice(list(members))
    members[name] = mutated(members[name], [], chance)
    if chance.random() < 0.1:
        members[chance.choice(("../x", "/x", "x" * 300, " "))] = members.pop(name)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return buffer.getvalue()


def _png(content: bytes) -> bytes:
    result, place = bytearray(content), 8
    while place + 12 <= len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        end = place + 8 + length
        if end + 4 > len(content):
            break
        result[end : end + 4] = zlib.crc32(content[place + 4 : end]).to_bytes(4, "big")
        place = end + 4
    return bytes(result)


def _tar(content: bytes) -> bytes:
    result = bytearray(content)
    for place in range(0, len(content) - 511, 512):
        block = result[place : place + 512]
        if block[257:262] == b"ustar":
            total = sum(block[:148]) + 8 * ord(" ") + sum(block[156:])
            result[place + 148 : place + 156] = b"%06o\0 " % total
    return bytes(result)
