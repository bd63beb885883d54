"""Shadow maps and ambient occlusion, both from the rasteriser: what belongs to an expression, not to a view."""

from typing import NamedTuple

import numpy as np

from ..kernels import kernel
from .vectors import dot, transformed
from .visibility import lower_shadow_map, shadow_map

SHADOW_SIDE = 448
SHADOW_REACH_MM = 215.0
"""Half the width of the shadow maps; they are centred on the camera's pivot."""
WIDE_SHADOW_SIDE, WIDE_SHADOW_REACH_MM = 736, 420.0
RIM = 4
"""Pixels that a lookup at the edge of a shadow map touches."""
OCCLUSION_DIRECTIONS = 48
OCCLUSION_SIDE = 160


class ShadowMaps(NamedTuple):
    """Where L lights reach one expression.

    Attributes:
        depth: (L, M, M) float32, distance along the light of the nearest surface, mm; infinite where there is none.
        frame: (L, 3, 4) float32, affine map from the world (mm) to column and row of a map and distance (mm).
    """

    depth: np.ndarray
    frame: np.ndarray


def cast_shadows(
    vertices: np.ndarray, triangles: np.ndarray, directions: np.ndarray, centre: np.ndarray, wide: bool = False
) -> ShadowMaps:
    """Shadow maps, around `centre` (3,), of a mesh under lights in the unit `directions` (L, 3).

    `wide`: they reach over what the person rests on.
    """
    side, reach = (WIDE_SHADOW_SIDE, WIDE_SHADOW_REACH_MM) if wide else (SHADOW_SIDE, SHADOW_REACH_MM)
    frames = np.stack([light_frame(towards, centre, side, reach) for towards in directions])
    return ShadowMaps(np.stack([cast(vertices, triangles, frame, side) for frame in frames]), frames)


def light_beyond(shadows: ShadowMaps) -> None:
    """Opens the rims of shadow maps, in place: what lies beyond a map is looked up there, and is lit."""
    for rim in (slice(None, RIM), slice(-RIM, None)):
        shadows.depth[:, rim] = shadows.depth[:, :, rim] = np.inf


def cast_more(shadows: ShadowMaps, vertices: np.ndarray, triangles: np.ndarray) -> None:
    """Adds the shadows of another mesh to the maps, in place."""
    for frame, depth in zip(shadows.frame, shadows.depth, strict=True):
        lower_shadow_map((vertices @ frame[:, :3].T + frame[:, 3]).astype(np.float32), triangles, depth)


def light_frame(direction: np.ndarray, centre: np.ndarray, side: int, reach: float) -> np.ndarray:
    """(3, 4) float32 affine map from the world to map pixels and distance along the light, in mm.

    `direction` (3,) unit, towards the light.
    """
    helper = np.array([0.0, 1.0, 0.0]) if abs(direction[1]) < 0.9 else np.array([1.0, 0.0, 0.0])
    right = np.cross(helper, direction)
    right /= np.linalg.norm(right)
    up = np.cross(direction, right)
    scale = side / (2 * reach)
    linear = np.stack([right * scale, up * scale, -direction])
    offset = np.array([side / 2, side / 2, 0.0]) - linear @ centre
    return np.concatenate([linear, offset[:, None]], axis=1).astype(np.float32)


def cast(vertices: np.ndarray, triangles: np.ndarray, frame: np.ndarray, side: int) -> np.ndarray:
    """Shadow map (side, side) float32 of the mesh in a light's frame."""
    points = vertices @ frame[:, :3].T + frame[:, 3]
    return shadow_map(points.astype(np.float32), triangles, side)


def ambient_occlusion(
    vertices: np.ndarray, normals: np.ndarray, triangles: np.ndarray, centre: np.ndarray
) -> np.ndarray:
    """Share of the cosine-weighted sky that each vertex sees, (V,) float32 in 0-1, from 48 fixed directions."""
    golden = np.pi * (3 - np.sqrt(5))
    z = 1 - 2 * (np.arange(OCCLUSION_DIRECTIONS) + 0.5) / OCCLUSION_DIRECTIONS
    ring, turn = np.sqrt(1 - z * z), golden * np.arange(OCCLUSION_DIRECTIONS)
    seen = np.zeros(len(vertices), np.float32)
    total = np.full(len(vertices), 1e-6, np.float32)
    for direction in np.stack([ring * np.cos(turn), ring * np.sin(turn), z], axis=1):
        frame = light_frame(direction, centre, OCCLUSION_SIDE, SHADOW_REACH_MM)
        shadow = cast(vertices, triangles, frame, OCCLUSION_SIDE)
        _gather(vertices, normals, direction.astype(np.float32), frame, shadow, seen, total)
    return seen / total


@kernel
def _gather(vertices, normals, direction, frame, shadow, seen, total):
    side = shadow.shape[0]
    for v in range(vertices.shape[0]):
        normal = normals[v]
        cosine = dot(normal, direction)
        if cosine <= 0.02:
            continue
        # start a little off the surface, so that it does not hide itself
        start = (
            vertices[v, 0] + 1.5 * normal[0],
            vertices[v, 1] + 1.5 * normal[1],
            vertices[v, 2] + 1.5 * normal[2],
        )
        x, y, depth = transformed(frame, start)
        i, j = int(x), int(y)
        total[v] += cosine
        if i < 0 or j < 0 or i >= side or j >= side or shadow[j, i] > depth - 2.5:
            seen[v] += cosine
