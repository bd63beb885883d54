"""HDR video (HLG of phones and broadcasts, PQ of HDR10) as the 8-bit picture that a screen without HDR shows.

Graphics white, 203 cd/m2 (ITU-R BT.2408), becomes nearly white, what is brighter is compressed, and faces keep their
brightness. The curves are those of ITU-R BT.2100.
"""

from functools import cache

import numpy as np

PQ, HLG = 16, 18
"""Numbers of the transfer functions in ITU-T H.273."""

_BT2020_PRIMARIES = 9
_WHITE, _HLG_PEAK = 203.0, 1000.0
"""cd/m2 of graphics white, and of the screen for which HLG is shown."""

_TO_BT709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], dtype=np.float32
)
"""Linear light of the primaries of BT.2020 in those of BT.709 (ITU-R BT.2087)."""

_LUMINANCE = np.array([0.2627, 0.6780, 0.0593], dtype=np.float32)
_KNEE = 0.75
"""Light, of white, up to which nothing is compressed."""

_LEVELS, _GAMMA = 65536, 2.2
"""Steps of linear light; the curve of computer screens, near sRGB."""

_ROWS = 64
"""Rows that are mapped at once: a frame in linear light takes six times its memory."""


def to_standard_range(levels: np.ndarray, transfer: int, primaries: int) -> np.ndarray:
    """An HDR frame as a screen without HDR shows it.

    Args:
        levels: uint16 (H, W, 3), R'G'B' of full range.
        transfer: `PQ` or `HLG`.
        primaries: by their number in ITU-T H.273; other than those of BT.2020 are left as they are.

    Returns:
        uint8 (H, W, 3), of gamma 2.2.
    """
    shown = np.empty(levels.shape, dtype=np.uint8)
    for top in range(0, len(levels), _ROWS):
        part = slice(top, top + _ROWS)
        shown[part] = _mapped(levels[part], transfer, primaries)
    return shown


def _mapped(levels: np.ndarray, transfer: int, primaries: int) -> np.ndarray:
    light = _light(transfer)[levels]
    if transfer == HLG:  # light of the scene; the screen raises its contrast
        light *= (light @ _LUMINANCE)[..., None] ** 0.2 * (_HLG_PEAK / _WHITE)
    if primaries == _BT2020_PRIMARIES:
        light = np.maximum(light @ _TO_BT709.T, 0)
    highest = light.max(axis=-1, keepdims=True)
    above = np.maximum(highest - _KNEE, 0) / (1 - _KNEE)
    compressed = np.minimum(highest, _KNEE) + (1 - _KNEE) * above / (1 + above)
    light *= compressed / np.maximum(highest, 1e-6)
    return _bytes()[(light * (_LEVELS - 1) + 0.5).astype(np.uint16)]


@cache
def _light(transfer: int) -> np.ndarray:
    """float32 (65536,): linear light of each level; of HLG from 0 to 1 of the scene, of PQ in units of white."""
    signal = np.arange(65536) / 65535
    if transfer == HLG:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        light = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    else:
        m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
        root = signal ** (1 / m2)
        light = (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1) * (10_000 / _WHITE)
    return light.astype(np.float32)


@cache
def _bytes() -> np.ndarray:
    """uint8 (65536,): the level of each linear light from 0 to 1."""
    return np.rint((np.arange(_LEVELS) / (_LEVELS - 1)) ** (1 / _GAMMA) * 255).astype(np.uint8)
