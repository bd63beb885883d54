"""Highlights of a portrait: how much of what skin is expected to mirror is taken out of its colours.

No model knows the gloss of a stranger's skin, and brows and stubble have none.
"""

import numpy as np
from scipy import ndimage

from ..geometry.camera import Camera
from ..geometry.steps import smoothstep

GLOSSY, LEFT, PALER, AROUND_MM = 0.25, 0.70, 0.12, 6.0
"""A highlight is more than this share of the light. What is taken away leaves so much of the colour of the skin around
it, and no more than so much above."""
FARTHER, ANYWHERE = 0.05, 0.001
"""How much skin four times as far away, and the skin as a whole, count for the colour around a pixel."""


def gloss_of(shown: np.ndarray, mirrored: np.ndarray, share: np.ndarray, camera: Camera) -> float:
    """How much of what the skin is expected to mirror a portrait shows: the factor after which nothing of it is left in
    its finer variation. Both (S, S, 3), relative to the light that enters the skin."""
    skin = (share > 3).astype(np.float32)
    sigma = AROUND_MM / camera.pixel_mm
    whole = np.maximum(ndimage.gaussian_filter(skin, sigma), 1e-3)
    finer = [v - ndimage.gaussian_filter(v * skin, sigma) / whole for v in (shown.mean(axis=2), mirrored.mean(axis=2))]
    middle = np.median(np.abs(finer[0][skin > 0])) + 1e-6
    weight = skin * (whole > 0.8) / np.maximum(np.abs(finer[0]) / (4 * middle), 1)
    return float(np.clip((weight * finer[0] * finer[1]).sum() / (weight * finer[1] ** 2).sum(), 0.2, 1.3))


def dull_around(shown: np.ndarray, mirrored: np.ndarray, share: np.ndarray, camera: Camera) -> np.ndarray:
    """(S, S, 3): the mean colour of the dull skin around each pixel; arguments as for `gloss_of`."""
    skin = share > 3
    dull = skin & (mirrored.mean(axis=2) < GLOSSY * shown.mean(axis=2))
    colour = (shown - mirrored) * dull[..., None]
    total = ANYWHERE * np.median((shown - mirrored)[dull if dull.any() else skin], axis=0)
    count = np.full((*dull.shape, 1), ANYWHERE)
    for sigma, weight in ((AROUND_MM, 1.0), (4 * AROUND_MM, FARTHER)):
        total = total + weight * _blurred(colour, sigma / camera.pixel_mm)
        count = count + weight * _blurred(dull[..., None].astype(np.float32), sigma / camera.pixel_mm)
    return total / count


def _blurred(picture: np.ndarray, sigma: float) -> np.ndarray:
    return np.stack([ndimage.gaussian_filter(picture[..., k], sigma) for k in range(picture.shape[2])], axis=2)


def kept_gloss(shown: np.ndarray, mirrored: np.ndarray, around: np.ndarray, camera: Camera) -> np.ndarray:
    """(S, S) 0-1: how much of it can be taken away, so that what is left is not much darker than the skin `around`."""
    most = ((shown - LEFT * around) / np.maximum(mirrored, 1e-4)).min(axis=2)
    return ndimage.gaussian_filter(np.clip(most, 0, 1), 0.4 / camera.pixel_mm)


def dulled(albedo: np.ndarray, mirrored: np.ndarray, around: np.ndarray) -> np.ndarray:
    """`albedo` (S, S, 3) without what is left of highlights: what mirrors much is hardly paler than skin `around`."""
    base = np.maximum(around, 1e-3)
    glossy = smoothstep(0.2 * GLOSSY, GLOSSY, (mirrored / base).mean(axis=2, keepdims=True))
    above = np.maximum(albedo / base - 1, 0)
    return albedo - glossy * base * (above - PALER * np.tanh(above / PALER))
