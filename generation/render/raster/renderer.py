"""The default renderer: a CPU rasteriser whose picture and annotations come from the same visibility.

Per expression: normals, shadow maps, strands in place. Per view: one pass at pixel centres for every annotation, one
pass with 2 x 2 samples a pixel for the picture, shading once per pixel and surface, strands, tone curve.
"""

import functools
from dataclasses import dataclass

import numpy as np

from dataset_script.vocabulary import SEGMENTS

from ...appearance.base import Look
from ...appearance.brows import lash_strands
from ...appearance.eyes import turned
from ...appearance.wrinkles import Wrinkles
from ...geometry.camera import PIVOT, Camera
from ...geometry.mesh import vertex_normals
from ...geometry.noise import noise_tile
from ...geometry.shadows import SHADOW_REACH_MM, SHADOW_SIDE, cast, light_frame
from ...geometry.visibility import rasterize
from ...heads.base import Head
from ...plan import IdentityPlan
from ..background import background
from ..base import Picture
from ..develop import develop, look_exposure
from .scattering import scatter
from .segments import segment
from .shading import shade
from .strands import draw_strands, shadow_strands

_CODE = {name: k for k, name in enumerate(SEGMENTS)}
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


@functools.cache
def load(head: Head) -> RasterRenderer:
    """The renderer of a head, built once a process."""
    return RasterRenderer(head)
