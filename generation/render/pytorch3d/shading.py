"""A mesh drawn by pytorch3d: differentiable with respect to vertices, texture and light.

pytorch3d's cameras, rasteriser, textures and directional lights, in the units of the default renderer: world mm, linear
colours, a light of colour c adds albedo x c x cosine. Light of the surroundings is a term of our own, in harmonics, as
pytorch3d's ambient light has no direction; what surfaces mirror of them is left out. Whether a face covers a pixel is
yes or no: there is no gradient of outlines.
"""

from typing import NamedTuple

import numpy as np
import torch
from pytorch3d.ops import interpolate_face_attributes
from pytorch3d.renderer import (
    DirectionalLights,
    MeshRasterizer,
    PerspectiveCameras,
    RasterizationSettings,
    TexturesVertex,
)
from pytorch3d.renderer.mesh.rasterizer import Fragments
from pytorch3d.renderer.mesh.textures import TexturesBase
from pytorch3d.structures import Meshes

from ...appearance.places.light import Light
from ...geometry.camera import Camera

SHININESS = (6.0, 200.0)
"""Exponents of the dull highlight of skin and of the sharp one of wet eyes."""


class VertexFinish(NamedTuple):
    """What shading may know of vertices beside place and colour. The relief is a constant of the gradient.

    Attributes:
        relief: (V, 3) unit normals with wrinkles and pores, which take the place of those of the mesh.
        occlusion: (V,) share of the surroundings that is seen.
        reached: (V, 3) share of key, fill and rim light that is not in shadow.
        gloss: (V, 2) strength of the highlights with each exponent of `SHININESS`.
    """

    relief: torch.Tensor
    occlusion: torch.Tensor
    reached: torch.Tensor
    gloss: torch.Tensor


def light_tensors(light: Light, device: torch.device | str = "cpu") -> Light:
    """A `Light` of float32 tensors on `device`, which may be asked for gradients."""
    return Light(*(torch.from_numpy(values).to(device) for values in light))


def cameras_of(camera: Camera, device: torch.device | str = "cpu") -> PerspectiveCameras:
    """The same pinhole in pytorch3d's axes: x to the left, y up, z away from the camera; pictures run from -1 to 1."""
    left_up_ahead = camera.rotation * np.array([[-1.0], [1.0], [-1.0]])
    offset = np.array([0.0, 0.0, camera.distance]) - left_up_ahead @ camera.target
    return PerspectiveCameras(
        focal_length=2 * camera.focal / camera.size,
        R=torch.tensor(left_up_ahead.T[None], dtype=torch.float32),
        T=torch.tensor(offset[None], dtype=torch.float32),
        device=device,
    )


def textured_mesh(vertices: torch.Tensor, triangles: torch.Tensor, texture: torch.Tensor | TexturesBase) -> Meshes:
    """One mesh in world mm.

    Args:
        vertices: (V, 3) float32.
        triangles: (T, 3) int64, counter-clockwise seen from outside.
        texture: linear albedo: (V, 3) per vertex, or any texture of pytorch3d, such as `TexturesUV`.
    """
    if isinstance(texture, torch.Tensor):
        texture = TexturesVertex(texture[None])
    return Meshes(vertices[None], triangles[None], texture)


def rasterized(mesh: Meshes, camera: Camera, samples: int = 1) -> Fragments:
    """What each of `samples` x `samples` samples a pixel sees, by pytorch3d's rasteriser; back faces are left out."""
    settings = RasterizationSettings(image_size=camera.size * samples, cull_backfaces=True)
    return MeshRasterizer(cameras_of(camera, mesh.device), settings)(mesh)


def differentiable_render(
    vertices: torch.Tensor,
    triangles: torch.Tensor,
    texture: torch.Tensor | TexturesBase,
    light: Light,
    camera: Camera,
    finish: VertexFinish | None = None,
    samples: int = 1,
) -> torch.Tensor:
    """One picture of a mesh, (S, S, 4) float32: linear colour premultiplied by its coverage, and coverage, 0 or 1.

    S is `camera.size` x `samples`. Gradients reach vertices, texture and the fields of `light`.

    Args:
        vertices, triangles, texture: as in `textured_mesh`, all on one device.
        light: of tensors, see `light_tensors`.
        finish: relief, occlusion, shadows and gloss; without it the mesh is smooth, dull and casts no shadow.
    """
    mesh = textured_mesh(vertices, triangles, texture)
    return shaded(mesh, rasterized(mesh, camera, samples), light, camera, finish)


def shaded(
    mesh: Meshes, seen: Fragments, light: Light, camera: Camera, finish: VertexFinish | None = None
) -> torch.Tensor:
    """`differentiable_render` from where the rasteriser is done: fits with fixed vertices need it only once."""
    per_vertex = [mesh.verts_packed(), shading_normals(mesh, finish)]
    if finish is not None:
        per_vertex += [finish.occlusion[:, None], finish.reached, finish.gloss]
    corners = torch.cat(per_vertex, 1)[mesh.faces_packed()]
    points, normals, *rest = interpolate_face_attributes(seen.pix_to_face, seen.bary_coords, corners)[
        0, ..., 0, :
    ].split([3, 3, 1, 3, 2] if finish is not None else [3, 3], -1)
    normals = torch.nn.functional.normalize(normals, dim=-1)
    albedo = mesh.sample_textures(seen)[0, ..., 0, :]
    ambient = light_around(light, normals)
    lights = DirectionalLights(
        diffuse_color=light.colour, specular_color=light.colour, direction=light.direction, device=mesh.device
    )
    every = (3, -1, -1, -1)  # key, fill and rim are a batch
    diffuse = lights.diffuse(normals.expand(every), points.expand(every))
    if finish is None:
        colour = albedo * (ambient + diffuse.sum(0))
    else:
        occlusion, reached, gloss = rest
        reached = reached.movedim(-1, 0)[..., None]
        colour = albedo * (occlusion * ambient + (reached * diffuse).sum(0))
        eye = torch.tensor(camera.position[None], dtype=torch.float32, device=mesh.device)
        for k, shininess in enumerate(SHININESS):
            mirrored = lights.specular(normals.expand(every), points.expand(every), eye, shininess)
            colour = colour + gloss[..., k : k + 1] * (reached * mirrored).sum(0)
    cover = (seen.pix_to_face[0] >= 0).to(colour.dtype)
    return torch.cat([colour * cover, cover], -1)


def light_around(light: Light, normals: torch.Tensor) -> torch.Tensor:
    """What surfaces with unit `normals` (..., 3) receive of the surroundings; as `geometry.sphere.received`."""
    x, y, z = (normals @ light.axes.T).unbind(-1)
    terms = torch.stack([torch.ones_like(x), x, y, z, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y], -1)
    return (terms @ light.harmonics).clamp(min=0)


def shading_normals(mesh: Meshes, finish: VertexFinish | None) -> torch.Tensor:
    """(V, 3): those of the mesh, or the relief, which turns with the mesh where that is differentiated."""
    if finish is None:
        return mesh.verts_normals_packed()
    if not mesh.verts_packed().requires_grad:
        return finish.relief
    own = mesh.verts_normals_packed()
    return own + (finish.relief - own).detach()
