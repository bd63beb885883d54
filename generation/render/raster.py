"""The default renderer: a CPU rasteriser whose picture and annotations come from the same visibility.

Per expression: normals, shadow maps, strands in place. Per view: one pass at pixel centres for every annotation, one
pass with 2 x 2 samples a pixel for the picture, shading once per pixel and surface, strands, tone curve.
"""

import functools
from dataclasses import dataclass

import numpy as np
from numba import njit

from dataset_script.features import SEGMENTS

from ..appearance import Look
from ..appearance.brows import lash_strands
from ..appearance.eyes import turned
from ..appearance.scene import background
from ..appearance.wrinkles import Wrinkles
from ..heads import EYE, HEADS, SKIN, TEETH, Head
from ..mesh import vertex_normals
from ..noise import noise_tile
from ..plan import IdentityPlan
from .base import Picture
from .camera import PIVOT, Camera
from .cloth import under_rim
from .lighting import SHADOW_REACH_MM, SHADOW_SIDE, cast, light_frame
from .scattering import scatter
from .shading import shade
from .strands import draw_strands, shadow_strands
from .visibility import rasterize

_CODE = {name: k for k, name in enumerate(SEGMENTS)}
MAX_BLUR = 0.22
"""Share of the light that the worst focus hands to each of the four neighbours of a pixel, at 512 px."""
NOISE = 1.1
"""Standard deviation of the sensor noise, of 255."""
TONE_TOP, TONE_STEPS = 8, 512
FRONT = np.array([0.0, 0.0, -60.0], np.float32)
"""Middle that the outward direction of brows and lashes is measured from, mm."""


@dataclass(frozen=True)
class Posed:
    """One expression, ready for any camera: world mm, float32."""

    vertices: np.ndarray
    dressed: np.ndarray
    normals: np.ndarray
    wrinkles: np.ndarray
    gaze: np.ndarray
    shadows: np.ndarray
    frames: np.ndarray
    strands: tuple[tuple, ...]


class RasterRenderer:
    """See `render.base.Renderer`."""

    name = "raster"

    def __init__(self, head: Head) -> None:
        self.head = head
        topology = head.topology
        self._tile = noise_tile()
        self._wrinkles = Wrinkles(topology)
        left, right = topology.eyeballs
        corner = topology.triangles[:, 0]
        self._eye = np.select([corner >= right.start, corner >= left.start], [1, 0], -1).astype(np.int8)

    def pose(
        self,
        plan: IdentityPlan,
        look: Look,
        control: np.ndarray,
        eyes: np.ndarray,
        gaze: tuple[float, float],
        seed: int,
    ) -> Posed:
        """What all views of an expression share."""
        triangles = self.head.topology.triangles
        vertices = self.head.vertices(control, eyes)
        normals = vertex_normals(vertices, triangles)
        dressed = vertices + look.garment[:, None] * normals
        frames = np.stack([light_frame(d, PIVOT, SHADOW_SIDE, SHADOW_REACH_MM) for d in look.scene.direction])
        shadows = np.stack([cast(dressed, triangles, frame, SHADOW_SIDE) for frame in frames])
        lashes, lash_tint = lash_strands(plan, self.head.topology, control, seed)
        brows = look.brows.place(vertices, normals)
        strands = [
            (lashes, lash_tint, np.zeros(len(lashes), np.float32), (0.85, 0.22), FRONT, 0.2, 1.0, _CODE["lashes"]),
            (brows, look.brows.tint, np.zeros(len(brows), np.float32), (0.62, 0.35), FRONT, 0.3, 1.5, _CODE["brows"]),
        ]
        if look.beard is not None:
            hairs = look.beard.place(vertices, normals)
            strands.append(
                (hairs, look.beard.tint, np.zeros(len(hairs), np.float32), (0.75, 0.40), FRONT, 0.3, 1.0, _CODE["hair"])
            )
        if look.hair is not None:
            hair = look.hair
            for k in range(len(frames)):
                shadow_strands(hair.points, frames[k], shadows[k], 3)
            strands.append(
                (hair.points, hair.tint, hair.buried, hair.opacity, hair.middle, hair.shine, 0.6, _CODE["hair"])
            )
        wrinkles = self._wrinkles.depth(look.rest_wrinkles, look.neutral, vertices)
        return Posed(
            vertices,
            dressed.astype(np.float32),
            normals,
            wrinkles,
            turned(look.gaze, gaze),
            shadows,
            frames,
            tuple(strands),
        )

    def render(self, posed: Posed, look: Look, camera: Camera, noise: np.random.Generator) -> Picture:
        """One view of a posed expression. `noise` gives the sensor noise."""
        topology, scene, size = self.head.topology, look.scene, camera.size
        seen = camera.project(posed.dressed.astype(np.float64))
        ids, depth, weights = rasterize(seen, topology.triangles, 1, size, True)
        fine_ids, fine_depth, fine_weights = rasterize(seen, topology.triangles, 2, size, True)
        colour = background(scene, camera.plan, 2 * size)
        position = camera.position.astype(np.float32)
        soft, soft_albedo, soft_share, soft_depth = (
            np.zeros((size, size, *c), np.float32) for c in ((3,), (3,), (), ())
        )
        scatters = np.zeros(fine_ids.shape, np.uint8)
        shade(
            fine_ids, fine_depth, fine_weights, topology.triangles, topology.part, posed.dressed, posed.normals,
            look.paint, look.skin.albedo, look.skin.surface, posed.wrinkles, self._eye, position,
            camera.distance / camera.focal, scene.direction, scene.colour, posed.shadows, posed.frames, scene.sky, scene.ground, look.iris, posed.gaze, look.cloth, look.skin.detail,
            self._tile, colour, soft, soft_albedo, soft_share, soft_depth, scatters,
        )  # fmt: skip
        scatter(soft, soft_albedo, soft_share, soft_depth, camera.focal / camera.distance, colour, scatters)
        cover = np.zeros(fine_ids.shape, np.uint8)
        for points, tint, buried, opacity, middle, shine, bias, code in posed.strands:
            draw_strands(
                points, camera.projection(2), tint, buried, np.array(opacity, np.float32), scene.direction,
                scene.colour, scene.sky, position, middle, shine, bias, posed.shadows, posed.frames, colour, fine_depth,
                cover, code,
            )  # fmt: skip
        exposure = look_exposure(look)
        rgb = develop(colour, exposure, noise)
        segments = segment(
            ids, weights, topology.triangles, topology.part, look.paint, topology.masks["lips"],
            topology.masks["mouth"], look.cloth, cover,
        )  # fmt: skip
        return Picture(rgb, ids, depth, weights, segments)


def look_exposure(look: Look) -> float:
    """A photographer opens up for dark skin and dim rooms, though not all the way."""
    scene = look.scene
    light = 0.55 * float(scene.colour[0].mean()) + 0.5 * float(scene.colour[1].mean()) + float(scene.sky.mean())
    skin = float(np.exp(-0.8 * look.skin.melanin))
    return 0.95 * (1.15 / light) ** 0.55 * (0.62 / skin) ** 0.28


def develop(colour: np.ndarray, exposure: float, noise: np.random.Generator) -> np.ndarray:
    """Linear samples (2S, 2S, 3) to sRGB uint8 (S, S, 3): average 2 x 2, focus, soft shoulder, gamma, sensor noise."""
    side = colour.shape[0] // 2
    grain = noise.standard_normal((side, side), dtype=np.float32) * np.float32(NOISE)
    focus = np.float32(side / 512 * MAX_BLUR * noise.beta(1.2, 3.0))
    return _develop(colour, np.float32(exposure), grain, _tone_table(), min(focus, np.float32(0.25)))


@functools.cache
def _tone_table() -> np.ndarray:
    """sRGB value 0-255 (float32) of exposed light 0 to TONE_TOP in steps of 1 / TONE_STEPS: shoulder, then gamma."""
    linear = np.arange(TONE_TOP * TONE_STEPS + 2) / TONE_STEPS
    linear = linear * (1 + linear / 5.0) / (1 + 0.62 * linear)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-8) ** (1 / 2.4) - 0.055)
    return (255 * encoded).astype(np.float32)


@njit(cache=True)
def _develop(colour, exposure, grain, table, blur):
    side = grain.shape[0]
    out = np.empty((side, side, 3), np.uint8)
    pixels = np.empty((side, side, 3), np.float32)
    for row in range(side):
        r = 2 * row
        for column in range(side):
            c = 2 * column
            for k in range(3):
                pixels[row, column, k] = (
                    colour[r, c, k] + colour[r, c + 1, k] + colour[r + 1, c, k] + colour[r + 1, c + 1, k]
                )
    scale, top = np.float32(0.25) * exposure * TONE_STEPS, np.float32(TONE_TOP * TONE_STEPS)
    for row in range(side):
        above, below = max(row - 1, 0), min(row + 1, side - 1)
        for column in range(side):
            left, right = max(column - 1, 0), min(column + 1, side - 1)
            for k in range(3):
                light = pixels[row, column, k] * (1 - 4 * blur) + blur * (
                    pixels[above, column, k] + pixels[below, column, k] + pixels[row, left, k] + pixels[row, right, k]
                )
                place = min(max(light * scale, np.float32(0)), top)
                low = int(place)
                share = place - low
                value = table[low] * (1 - share) + table[low + 1] * share + grain[row, column]
                out[row, column, k] = np.uint8(min(max(value + np.float32(0.5), np.float32(0)), np.float32(255)))
    return out


@njit(cache=True)
def segment(ids, weights, triangles, part, paint, lips, mouth, cloth, cover):
    """Index into `SEGMENTS` of every pixel, (S, S) uint8; strands count where they cover two of four samples."""
    side = ids.shape[0]
    out = np.zeros((side, side), np.uint8)
    for row in range(side):
        for column in range(side):
            t = ids[row, column]
            code = 0
            if t >= 0:
                x = y = z = lip = inside = 0.0
                for corner in range(3):
                    v = triangles[t, corner]
                    w = (
                        weights[row, column, corner]
                        if corner < 2
                        else 1 - weights[row, column, 0] - weights[row, column, 1]
                    )
                    x, y, z = x + w * paint[v, 0], y + w * paint[v, 1], z + w * paint[v, 2]
                    lip, inside = lip + w * lips[v], inside + w * mouth[v]
                if part[t] == EYE:
                    code = 3
                elif part[t] == TEETH:
                    code = 6
                elif part[t] != SKIN or (inside > 0.5 and z < 26):
                    code = 7
                elif under_rim(cloth, x, y, z) > 0:
                    code = 9
                else:
                    code = 2 if lip > 0.5 else 1
            strands = 0
            best = 0
            for k in range(4):
                c = cover[2 * row + k // 2, 2 * column + k % 2]
                if c > 0:
                    strands += 1
                    best = c
            out[row, column] = best if strands >= 2 else code
    return out


@functools.cache
def load(head: str) -> RasterRenderer:
    """The renderer of a head, built once a process."""
    return RasterRenderer(HEADS[head]())
