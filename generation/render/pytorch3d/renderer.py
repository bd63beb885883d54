"""The renderer pytorch3d: the default renderer's meshes, cameras, looks and annotations, shaded by pytorch3d.

Annotations come from the rasteriser's pass, so that they are the same whatever made the colours. Hair, brows, beard and
lashes, for which pytorch3d has nothing, are drawn over the shaded mesh by the default renderer's code.
"""

import dataclasses
import functools

import numpy as np
import torch

from ...appearance.base import Look
from ...geometry.camera import Camera
from ...geometry.noise import noise_tile
from ...geometry.torch_threads import one_torch_thread
from ...geometry.visibility import rasterize
from ...heads.base import Head
from ...plan import IdentityPlan
from ..background import background
from ..base import HeadPose, RenderedView
from ..cycles.paint import FineMesh
from ..cycles.vertex_paint import Painted, painted, triangles_with_props, with_props
from ..develop import develop, look_exposure
from ..raster import renderer as raster
from ..raster.props import Lighting, draw_clear
from ..raster.strands import SampleBuffer, draw_strands
from .shading import VertexFinish, light_tensors, rasterized, shaded, textured_mesh

BODY_EDGE_MM = 2.6
"""Longest edge outside the face: clothes have patterns."""
SAMPLES = 2
"""A pixel and axis, those of the default renderer."""


class Pytorch3dRenderer:
    """A `Renderer` that shades with pytorch3d, on the GPU where there is one. `mesh`: the refined one that it draws."""

    name = "pytorch3d"

    def __init__(self, renderer: raster.RasterRenderer, device: torch.device | str | None = None) -> None:
        self._raster = renderer
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.mesh = FineMesh.of(renderer.head.topology, BODY_EDGE_MM)
        self._tile = noise_tile()

    def pose(self, plan: IdentityPlan, look: Look, pose: HeadPose, seed: int) -> raster.Posed:
        """What all views of an expression share."""
        return self._raster.pose(plan, look, pose, seed)

    def render(self, posed: raster.Posed, look: Look, camera: Camera, noise: np.random.Generator) -> RenderedView:
        """One view: annotations by the rasteriser, colours by pytorch3d. `noise` gives the sensor noise."""
        annotated = self._raster.render(posed, look, camera, noise)
        return dataclasses.replace(annotated, rgb=self.picture(self.painted(posed, look), posed, look, camera, noise))

    def painted(self, posed: raster.Posed, look: Look) -> Painted:
        """The vertices (V) of the refined mesh."""
        return painted(self.mesh, posed, look, self._tile)

    def picture(
        self, vertices: Painted, posed: raster.Posed, look: Look, camera: Camera, noise: np.random.Generator
    ) -> np.ndarray:
        """(S, S, 3) uint8 sRGB: the vertices of the refined mesh, which may be of another colour, under the strands."""
        with one_torch_thread(), torch.no_grad():
            drawn, depth = self._mesh_picture(
                with_props(vertices, posed), triangles_with_props(self.mesh, posed), look, camera
            )
        colour = drawn[..., :3] + (1 - drawn[..., 3:]) * background(look.scene, camera, SAMPLES * camera.size)
        buffer = SampleBuffer(colour, depth, np.zeros(depth.shape, np.uint8))
        viewpoint = raster.viewpoint_of(camera)
        for strands in posed.strands:
            draw_strands(strands, look.scene.light, posed.shadows, viewpoint, buffer)
        if posed.props is not None:
            under = Lighting(look.scene.light, posed.shadows, viewpoint, self._tile)
            draw_clear(posed.props, camera, under, buffer)
        return develop(colour, look_exposure(look), noise, camera.plan.camera)

    def _mesh_picture(
        self, vertices: Painted, triangles: np.ndarray, look: Look, camera: Camera
    ) -> tuple[np.ndarray, np.ndarray]:
        """`shaded` head, clothes and solid props, (S', S', 4) float32, and (S', S') float32 mm, infinite where nothing
        is; S' is `SAMPLES` times the size of the picture."""
        triangles = torch.from_numpy(visible_triangles(vertices, triangles, camera)).to(self.device).long()
        position, albedo, *finish = (torch.from_numpy(values).to(self.device) for values in vertices)
        mesh = textured_mesh(position, triangles, albedo)
        seen = rasterized(mesh, camera, SAMPLES)
        light = light_tensors(look.scene.light, self.device)
        drawn = shaded(mesh, seen, light, camera, VertexFinish(*finish))
        depth = torch.where(seen.pix_to_face >= 0, seen.zbuf, torch.inf)[0, ..., 0]
        return drawn.cpu().numpy(), depth.cpu().numpy()


def visible_triangles(vertices: Painted, triangles: np.ndarray, camera: Camera) -> np.ndarray:
    """The triangles (T', 3) that a camera sees and those around them: pytorch3d's rasteriser on a CPU tries every
    triangle at every sample, and of a refined head most are out of sight."""
    seen = rasterize(camera.project(vertices.position.astype(np.float64)), triangles, SAMPLES, camera.size, True).ids
    near = np.zeros(len(vertices.position), bool)
    near[triangles[np.unique(seen[seen >= 0])]] = True
    return triangles[near[triangles].any(axis=1)]


@functools.cache
def load(head: Head) -> Pytorch3dRenderer:
    """The renderer of a head, built once a process."""
    return Pytorch3dRenderer(raster.load(head))
