"""The default renderer's skin, eyes, clothes, teeth and shadows at the vertices of a refined mesh.

For pytorch3d and for mesh files, which interpolate between vertices where the default renderer paints each pixel; the
materials are the same.
"""

from typing import NamedTuple

import numpy as np

from ...appearance.base import Look
from ...appearance.props.base import SOLID, PropMesh
from ...appearance.skin import SkinSurface
from ...appearance.texture import texels_at, texels_for
from ...geometry.shadows import ShadowMaps
from ...geometry.surface import unit
from ...geometry.vectors import dot, transformed, unit_vector
from ...heads.base import EYE, SKIN, TEETH
from ...kernels import kernel
from ..raster.lighting import lit_fraction
from ..raster.materials import Point, skin_or_cloth, teeth, tongue, wet_eye
from ..raster.mesh import Materials
from ..raster.renderer import Posed
from .paint import FineMesh

SPACING_MM = 1.3
"""Of the vertices on the face: finer patterns are painted softer."""
GLOSS = 0.08
"""Strength of the highlight of a surface whose own `specular` is 1."""
BIAS_MM = 3.0
"""How far behind the nearest surface a prop still counts as lit."""
UNUSED = 255
"""Part of vertices that no triangle uses, see `FineMesh`."""


class Painted(NamedTuple):
    """Vertices ready to be shaded, float32.

    Attributes:
        position: (V, 3) world mm, dressed; albedo: (V, 3) linear.
        relief, occlusion, reached, gloss: see `shading.VertexFinish`.
    """

    position: np.ndarray
    albedo: np.ndarray
    relief: np.ndarray
    occlusion: np.ndarray
    reached: np.ndarray
    gloss: np.ndarray


class _Vertices(NamedTuple):
    """What materials ask of vertices: see `raster.mesh.PaintedMesh`; picture: (V, 4) of the texture, part: (V,) uint8,
    eye: (V,) int8."""

    position: np.ndarray
    normal: np.ndarray
    canonical: np.ndarray
    albedo: np.ndarray
    surface: SkinSurface
    wrinkles: np.ndarray
    picture: np.ndarray
    part: np.ndarray
    eye: np.ndarray


def painted(fine: FineMesh, posed: Posed, look: Look, tile: np.ndarray) -> Painted:
    """The vertices (V) of the refined mesh of a posed head. `tile`: the noise of `geometry.noise`."""
    texels = texels_for(look.texture, SPACING_MM)
    vertices = _Vertices(
        position=fine.spread(posed.dressed),
        normal=unit(fine.spread(posed.normals)).astype(np.float32),
        canonical=fine.spread(look.canonical),
        albedo=fine.spread(look.skin.albedo),
        surface=SkinSurface(*map(fine.spread, look.skin.surface)),
        wrinkles=fine.spread(posed.wrinkles),
        picture=texels_at(texels, fine.places),
        part=fine.of_part,
        eye=fine.eye,
    )
    shapes = (3,), (3,), (), (3,), (2,)
    empty = (np.zeros((len(vertices.position), *shape), np.float32) for shape in shapes)
    out = Painted(vertices.position, *empty)
    materials = Materials(look.skin.detail, posed.eyes, look.garment, tile, texels)
    _paint(vertices, materials, look.scene.light.direction, posed.shadows, out)
    return out


def with_props(vertices: Painted, posed: Posed) -> Painted:
    """`vertices` (V) and, after them, those of the props; metal is painted as a glossy colour."""
    props = posed.props
    if props is None:
        return vertices
    finish = props.finish[_owner(props)]
    reached = np.empty((len(props.position), len(posed.shadows.depth)), np.float32)
    _reach(props.position, posed.shadows, reached)
    gloss = np.stack([GLOSS * finish[:, 1], np.zeros(len(finish))], axis=1)
    own = Painted(props.position, props.albedo, props.normal, props.occlusion, reached, gloss)
    return Painted(*(np.concatenate(both).astype(np.float32) for both in zip(vertices, own, strict=True)))


def triangles_with_props(fine: FineMesh, posed: Posed) -> np.ndarray:
    """(T, 3) of the refined mesh, and of the solid props behind its vertices."""
    if posed.props is None:
        return fine.triangles
    solid = posed.props.triangles[posed.props.those(posed.props.opacity >= SOLID)]
    return np.concatenate([fine.triangles, solid + len(fine.of_part)])


def _owner(props: PropMesh) -> np.ndarray:
    """(P,) the prop that each vertex belongs to."""
    owner = np.zeros(len(props.position), int)
    owner[props.triangles] = props.which[:, None]
    return owner


@kernel(allocates=False)
def _reach(position: np.ndarray, shadows: ShadowMaps, out: np.ndarray):
    """Fills the share (P, L) of each light that reaches points (P, 3)."""
    for v in range(position.shape[0]):
        for k in range(out.shape[1]):
            x, y, z = transformed(shadows.frame[k], position[v])
            out[v, k] = lit_fraction(shadows.depth[k], x, y, z, BIAS_MM)


@kernel(allocates=False)
def _paint(vertices: _Vertices, materials: Materials, direction: np.ndarray, shadows: ShadowMaps, out: Painted):
    """Fills all but the positions of `out`."""
    surface, wrinkles = vertices.surface, vertices.wrinkles
    for v in range(vertices.part.shape[0]):
        part = vertices.part[v]
        if part == UNUSED:
            continue
        place, normal = vertices.position[v], vertices.normal[v]
        at, colour = vertices.canonical[v], vertices.albedo[v]
        position = np.float64(place[0]), np.float64(place[1]), np.float64(place[2])
        folds, texel = wrinkles[v], vertices.picture[v]
        point = Point(
            at=position,
            normal=(np.float64(normal[0]), np.float64(normal[1]), np.float64(normal[2])),
            canonical=(np.float64(at[0]), np.float64(at[1]), np.float64(at[2])),
            albedo=(np.float64(colour[0]), np.float64(colour[1]), np.float64(colour[2])),
            occlusion=np.float64(surface.occlusion[v]),
            specular=np.float64(surface.specular[v]),
            roughness=np.float64(surface.roughness[v]),
            mouth=np.float64(surface.mouth[v]),
            porous=np.float64(surface.porous[v]),
            lips=np.float64(surface.lips[v]),
            wrinkles=(
                np.float64(folds[0]),
                np.float64(folds[1]),
                np.float64(folds[2]),
                np.float64(folds[3]),
                np.float64(folds[4]),
                np.float64(folds[5]),
            ),
            picture=(np.float64(texel[0]), np.float64(texel[1]), np.float64(texel[2]), np.float64(texel[3])),
        )
        if part == SKIN:
            material = skin_or_cloth(point, materials, SPACING_MM)
        elif part == EYE:
            material = wet_eye(point, vertices.eye[v], materials, unit_vector(point.canonical))
        elif part == TEETH:
            material = teeth(point, materials, SPACING_MM)
        else:
            material = tongue(point, materials)
        for k in range(3):
            out.albedo[v, k], out.relief[v, k] = material.albedo[k], material.normal[k]
        out.occlusion[v] = material.occlusion
        out.gloss[v, 0] = GLOSS * material.specular * (1 - material.coat)
        out.gloss[v, 1] = material.specular * material.coat
        for k in range(direction.shape[0]):
            towards = direction[k, 0], direction[k, 1], direction[k, 2]
            x, y, z = transformed(shadows.frame[k], position)
            bias = 1.2 + 2.0 * (1 - max(dot(material.normal, towards), 0.0))
            out.reached[v, k] = lit_fraction(shadows.depth[k], x, y, z, bias)
