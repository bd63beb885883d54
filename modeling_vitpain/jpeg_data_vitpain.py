"""Damage inside a JPEG that its decoder passes over without a word: blocks overwritten with zeros or other bytes.

libjpeg fills in what it cannot decode and warns, and PIL does not hand the warning on. What is found here cannot be
part of a whole file; damage that leaves the data looking like any other is not found.

This file is Hub remote code: it imports nothing outside of Python's own library.
"""

import re

_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""The end of coded data: not a stuffed zero, a fill byte or a restart."""

_AFTER_DATA = frozenset({0xC4, 0xD9, 0xDA, 0xDB, 0xDC, 0xDD, 0xFE, *range(0xE0, 0xF0)})
"""Second bytes of the markers that may follow coded data: tables, the end, another scan, lines, comments."""

_RUN = 512
"""Bytes alike: the sector of a disk. 4,096 bits of zeros are 20 blocks in which every coefficient is -1."""

_BASELINE, _HUFFMAN, _SCAN, _END = (0xC0, 0xC1), 0xC4, 0xDA, 0xD9
_AC, _END_OF_BLOCK = 0x10, 0


def check_jpeg_data(content: bytes) -> None:
    """Looks through the coded data of a JPEG file.

    Raises:
        OSError: a part of it was overwritten.
    """
    zeros_mean_nothing, baseline, place = False, False, 2  # after the first marker
    first_codes: dict[int, int] = {}
    while place + 4 <= len(content) and content[place] == 0xFF and content[place + 1] != _END:
        kind = content[place + 1]
        if kind == 0xFF:  # a fill byte
            place += 1
            continue
        begin, end = place + 4, place + 2 + int.from_bytes(content[place + 2 : place + 4], "big")
        segment = content[begin:end]
        if kind in _BASELINE:
            baseline = True
        elif kind == _HUFFMAN:
            first_codes.update(_first_codes(segment))
        elif kind == _SCAN:
            if len(segment) > 2:
                table = first_codes.get(_AC | segment[2] & 0x0F)  # of the first component, the brightness
                zeros_mean_nothing = baseline and table not in (None, _END_OF_BLOCK)
            end = _checked_scan(content, end, zeros_mean_nothing)
        place = end


def _checked_scan(content: bytes, begin: int, zeros_mean_nothing: bool) -> int:
    """The end of the coded data that begin there."""
    marker = _MARKER.search(content, begin)
    end = marker.end() if marker else len(content)
    for byte in (b"\xff", b"\0") if zeros_mean_nothing else (b"\xff",):
        if content.find(byte * _RUN, begin, end) >= 0:
            raise OSError(f"damaged: {_RUN} bytes or more of the JPEG data are all {byte[0]}")
    if marker and marker[0][1] not in _AFTER_DATA:
        raise OSError(f"damaged: the JPEG data break off at byte {marker.start():,}")
    return marker.start() if marker else len(content)


def _first_codes(segment: bytes) -> dict[int, int]:
    """Of each Huffman table, by class and number: what its first code stands for, which is nothing but zero bits."""
    found, place = {}, 0
    while place + 17 < len(segment):
        found[segment[place]] = segment[place + 17]
        place += 17 + sum(segment[place + 1 : place + 17])
    return found


__all__ = ["check_jpeg_data"]
