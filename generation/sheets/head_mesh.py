"""The head of a portrait as a coloured mesh, for mesh files."""

from typing import NamedTuple

import numpy as np

from ..geometry.mesh import vertex_normals
from ..geometry.noise import noise_tile
from ..pipeline import FrameMaker
from ..render.cycles.paint import FineMesh
from ..render.cycles.renderer import strand_radius
from ..render.cycles.vertex_paint import painted, triangles_with_props, with_props
from ..render.raster import renderer as raster
from ..render.raster.strands import Strands
from .portrait import Portrait

BODY_EDGE_MM = 4.0
"""Longest edge outside the face."""
HAIRS = 5000
"""Most strands of a kind; where there are more, one stands for several and is as wide as these."""


class ColouredMesh(NamedTuple):
    """Vertices (V, 3) mm in the axes of the head, triangles (T, 3), normals (V, 3) unit, colours (V, 3) linear 0-1."""

    vertices: np.ndarray
    triangles: np.ndarray
    normals: np.ndarray
    colours: np.ndarray


def head_mesh(maker: FrameMaker, portrait: Portrait) -> ColouredMesh:
    """Head, eyes, mouth, clothes, solid props and hair with the expression of a portrait, coloured without light.

    Strands are ribbons. Raises InvalidInput as `Portrait.plan`.
    """
    plan = portrait.plan()
    person, renderer = maker.person(plan), raster.load(maker.head.base)
    posed = renderer.pose(plan, person.look, maker.expressed(person, plan.expressions[0]), maker.spec.seed)
    fine = FineMesh.of(maker.head.topology, BODY_EDGE_MM)
    skin = with_props(painted(fine, posed, person.look, noise_tile()), posed)
    triangles = triangles_with_props(fine, posed)
    normals = vertex_normals(skin.position, triangles)  # relief that no vertex has would only be noise
    whole = ColouredMesh(skin.position, triangles, normals, skin.albedo)
    return _joined([whole, *(_ribbons(strands) for strands in posed.strands)])


def _ribbons(strands: Strands) -> ColouredMesh:
    """Each strand as a flat ribbon as wide as it is drawn, that faces away from the middle of the hair."""
    every = -(-len(strands.points) // HAIRS)
    points, tint = strands.points[::every].astype(np.float64), strands.tint[::every]
    half = strand_radius(strands)[::every, :, None] * (len(strands.points) / len(points))
    count, length = points.shape[:2]
    along, out = np.gradient(points, axis=1), points - strands.middle
    across = np.cross(along, out)
    across /= np.maximum(np.linalg.norm(across, axis=2, keepdims=True), 1e-9)
    sides = np.stack([points - half * across, points + half * across], axis=2)  # (count, length, 2, 3)
    number = np.arange(count * length * 2).reshape(count, length, 2)
    a, b, c, d = number[:, :-1, 0], number[:, :-1, 1], number[:, 1:, 1], number[:, 1:, 0]
    triangles = np.concatenate([np.stack([a, b, c], axis=2), np.stack([a, c, d], axis=2)]).reshape(-1, 3)
    outward = out / np.maximum(np.linalg.norm(out, axis=2, keepdims=True), 1e-9)
    return ColouredMesh(
        sides.reshape(-1, 3).astype(np.float32),
        triangles.astype(np.int32),
        np.repeat(outward.reshape(-1, 3), 2, axis=0).astype(np.float32),
        np.repeat(tint, 2 * length, axis=0),
    )


def _joined(parts: list[ColouredMesh]) -> ColouredMesh:
    """One mesh, of the vertices that its triangles use."""
    starts = np.cumsum([0, *(len(part.vertices) for part in parts[:-1])])
    corners = np.concatenate([part.triangles + start for part, start in zip(parts, starts, strict=True)])
    vertices, normals, colours = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("vertices", "normals", "colours")
    )
    used, triangles = np.unique(corners, return_inverse=True)
    triangles = triangles.reshape(-1, 3).astype(np.int32)
    return ColouredMesh(vertices[used], triangles, normals[used], colours[used].clip(0, 1))
