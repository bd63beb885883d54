"""Props in the rasteriser: posed with the head, seen in one visibility with it, shaded under the same light.

What is solid is drawn before strands. What light goes through is laid over the finished picture, the farthest first.
"""

from typing import NamedTuple

import numpy as np

from dataset_script.vocabulary import SEGMENTS

from ...appearance.places.light import Light
from ...appearance.props.base import HIDES, SOLID, VEILS, Prop, PropMesh
from ...geometry.camera import Camera
from ...geometry.mesh import vertex_normals
from ...geometry.noise import sample
from ...geometry.shadows import ShadowMaps, cast_more
from ...geometry.vectors import added, difference, dot, scaled, unit_vector
from ...geometry.visibility import Samples, rasterize_before
from ...kernels import kernel
from ..base import Covering
from .lighting import lit
from .materials import DAZZLING, F0_WET, NO_WRAP, Material
from .mesh import Viewpoint
from .strands import SampleBuffer

GLASS_ROUGHNESS = 0.08
"""Up to this roughness lamps are mirrored as they are."""
METAL_F0 = 0.85
SAME_SURFACE_MM = 6.0
OFF_MM = 1.5
"""How far off its surface the shadow on a prop is looked up: the far wall of a wire must not shade the near one."""
ROUND_UP_TO = 0.6
"""Up to this roughness the curve of a surface within a pixel widens its highlight."""
THREADS_PER_MM = 1.1
"""How fine the threads of cloth are."""


def pose_props(props: tuple[Prop, ...], displacement: np.ndarray) -> PropMesh:
    """The props of a look when the render vertices of the head moved by `displacement` (V, 3) mm from neutral."""
    position = np.concatenate([prop.moved(displacement) for prop in props])
    counts = [len(prop.vertices) for prop in props]
    first = np.cumsum([0, *counts[:-1]])
    triangles = np.concatenate([p.triangles + start for p, start in zip(props, first, strict=True)]).astype(np.int32)
    sky = [np.ones(len(p.vertices)) if p.occlusion is None else p.occlusion for p in props]
    return PropMesh(
        triangles=triangles,
        which=np.repeat(np.arange(len(props)), [len(p.triangles) for p in props]).astype(np.int16),
        position=np.ascontiguousarray(position, np.float32),
        normal=vertex_normals(position, triangles),
        rest=np.concatenate([p.vertices for p in props]).astype(np.float32),
        albedo=np.concatenate([p.albedo for p in props]).astype(np.float32),
        occlusion=np.concatenate(sky).astype(np.float32),
        finish=np.array([p.finish for p in props], np.float32),
    )


def cast_shadows_of(mesh: PropMesh, shadows: ShadowMaps) -> None:
    """Adds the shadows of what casts them to the maps of a light, in place."""
    cast_more(shadows, mesh.position, mesh.triangles[mesh.those(mesh.casting)])


def cover(pixels: Samples, mesh: PropMesh, props: tuple[Prop, ...], camera: Camera) -> Covering:
    """What `props` cover of a head that is seen in `pixels`, which are blank where a prop hides it afterwards."""
    seen = camera.project(mesh.position.astype(np.float64))
    behind, at = pixels.ids.copy(), pixels.depth.copy()
    hiding = rasterize_before(seen, mesh.triangles, mesh.those(mesh.opacity >= HIDES), 1, pixels.depth)
    hidden = hiding.ids >= 0
    which = np.where(hidden, mesh.which[hiding.ids], -1)
    veiling = rasterize_before(
        seen, mesh.triangles, mesh.those((mesh.opacity >= VEILS) & (mesh.opacity < HIDES)), 1, at
    )
    over = np.where(hidden, which, np.where(veiling.ids >= 0, mesh.which[veiling.ids], -1))
    pixels.ids[hidden] = -1
    normal = np.zeros((*which.shape, 3), np.float32)
    corners = mesh.triangles[hiding.ids[hidden]]
    weights = np.column_stack([hiding.weights[hidden], 1 - hiding.weights[hidden].sum(axis=1)])
    normal[hidden] = np.einsum("nc,ncd->nd", weights, mesh.normal[corners])
    codes = np.array([SEGMENTS.index(prop.code) for prop in props], np.uint8)
    return Covering(
        names=tuple(prop.name for prop in props),
        hidden_by=which.astype(np.int16),
        covered_by=over.astype(np.int16),
        behind=behind,
        segments=np.where(hidden, codes[which], 0).astype(np.uint8),
        normal=normal,
    )


class Lighting(NamedTuple):
    """What props are shaded with: light and its shadow maps, where they are seen from, and the noise of
    `geometry.noise`."""

    light: Light
    shadows: ShadowMaps
    viewpoint: Viewpoint
    tile: np.ndarray


def draw_solid(samples: Samples, mesh: PropMesh, camera: Camera, under: Lighting, colour: np.ndarray) -> None:
    """Draws what is solid into `colour` (2S, 2S, 3), before the head that is seen in `samples`, which are blank there
    afterwards."""
    chosen = mesh.those(mesh.opacity >= SOLID)
    if len(chosen) == 0:
        return
    seen = camera.project(mesh.position.astype(np.float64))
    drawn = rasterize_before(seen, mesh.triangles, chosen, 2, samples.depth)
    samples.ids[drawn.ids >= 0] = -1
    _shade(drawn, mesh, under, SampleBuffer(colour, samples.depth, np.zeros((1, 1), np.uint8)))


def draw_clear(mesh: PropMesh, camera: Camera, under: Lighting, buffer: SampleBuffer) -> None:
    """Lays what light goes through over a picture: the prop that is farthest away first."""
    clear = np.flatnonzero(mesh.opacity < SOLID)
    if len(clear) == 0:
        return
    seen = camera.project(mesh.position.astype(np.float64))
    chosen = [mesh.those(np.arange(len(mesh.finish)) == k) for k in clear]
    distance = [-seen[mesh.triangles[those], 2].mean() for those in chosen]
    for k in np.argsort(distance, kind="stable"):
        drawn = rasterize_before(seen, mesh.triangles, chosen[k], 2, buffer.depth.copy())
        _shade(drawn, mesh, under, buffer)


class _Place(NamedTuple):
    """The mean of the samples of a pixel that show the same prop."""

    at: tuple[float, float, float]
    normal: tuple[float, float, float]
    rest: tuple[float, float, float]
    albedo: tuple[float, float, float]
    occlusion: float


@kernel(allocates=False)
def _shade(drawn, mesh, under, buffer):
    """Colours the `drawn` samples, once per pixel and prop, over what is in the `buffer`; `under`: a `Lighting`."""
    light, shadows, viewpoint, tile = under
    half = drawn.ids.shape[0] // 2
    for row in range(half):
        for column in range(half):
            done = 0  # bit k: the sample k of the pixel has its colour
            for first in range(4):
                r, c = 2 * row + first // 2, 2 * column + first % 2
                t = drawn.ids[r, c]
                if done >> first & 1 or t < 0:
                    continue
                which = mesh.which[t]
                members, place = _share_place(drawn, mesh, row, column, first, done)
                done |= members
                finish = mesh.finish[which]
                viewer = unit_vector(difference(viewpoint.position, place.at))
                span = min(_curvature(mesh, t) * viewpoint.pixel_mm, 2.0) if finish[0] < ROUND_UP_TO else 0.0
                material = _material(place, finish, span, tile, viewpoint.pixel_mm)
                off = added(place.at, material.normal, OFF_MM + finish[6])
                entering, mirrored = lit(material, off, viewer, light, shadows, 0.0)
                metal = finish[2]
                own = place.albedo
                gloss = (
                    mirrored[0] * (1 - metal + metal * own[0]),
                    mirrored[1] * (1 - metal + metal * own[1]),
                    mirrored[2] * (1 - metal + metal * own[2]),
                )
                facing = max(abs(dot(material.normal, viewer)), 0.2)
                kept = (1 - finish[3]) ** (1 / facing)  # light passes more of a wall that is seen from the side
                for k in range(first, 4):
                    if members >> k & 1:
                        r, c = 2 * row + k // 2, 2 * column + k % 2
                        for channel in range(3):
                            surface = (1 - kept) * material.albedo[channel] * entering[channel] + gloss[channel]
                            buffer.colour[r, c, channel] = kept * buffer.colour[r, c, channel] + surface
                        if finish[3] >= HIDES and finish[3] < SOLID:
                            buffer.cover[r, c] = 0


@kernel(inline="early")
def _share_place(drawn, mesh, row, column, first, done):
    """Which samples of a pixel show the same surface of the same prop as its sample `first` (bits), and their mean."""
    r, c = 2 * row + first // 2, 2 * column + first % 2
    which, depth = mesh.which[drawn.ids[r, c]], drawn.depth[r, c]
    at = normal = rest = albedo = (0.0, 0.0, 0.0)
    occlusion = 0.0
    members, count = 0, 0.0
    for k in range(first, 4):
        r, c = 2 * row + k // 2, 2 * column + k % 2
        t = drawn.ids[r, c]
        if done >> k & 1 or t < 0 or mesh.which[t] != which or abs(drawn.depth[r, c] - depth) > SAME_SURFACE_MM:
            continue
        members |= 1 << k
        count += 1
        for corner in range(3):
            v = mesh.triangles[t, corner]
            w = drawn.weights[r, c, corner] if corner < 2 else 1 - drawn.weights[r, c, 0] - drawn.weights[r, c, 1]
            at, normal = added(at, mesh.position[v], w), added(normal, mesh.normal[v], w)
            rest, albedo = added(rest, mesh.rest[v], w), added(albedo, mesh.albedo[v], w)
            occlusion += w * mesh.occlusion[v]
    s = 1 / count
    place = _Place(
        at=scaled(at, s),
        normal=unit_vector(normal),
        rest=scaled(rest, s),
        albedo=scaled(albedo, s),
        occlusion=occlusion * s,
    )
    return members, place


@kernel(inline="early")
def _curvature(mesh, t):
    """How fast (1/mm) the normal turns over a triangle, where it turns fastest."""
    most = 0.0
    for corner in range(3):
        a, b = mesh.triangles[t, corner], mesh.triangles[t, (corner + 1) % 3]
        turned, along = difference(mesh.normal[a], mesh.normal[b]), difference(mesh.position[a], mesh.position[b])
        most = max(most, dot(turned, turned) / max(dot(along, along), 1e-4))
    return np.sqrt(most)


@kernel(inline="early")
def _material(place, finish, span, tile, pixel_mm):
    """The `Material` of a place of a prop with these numbers of its `Finish`. `span`: how far its normal turns within
    the pixel, which a highlight spreads over, or thin tubes would show it as beads of light (Toksvig 2005)."""
    albedo, normal, weave = place.albedo, place.normal, finish[4]
    if weave > 0:
        x, y, z = scaled(place.rest, THREADS_PER_MM)
        fine = weave * min(1.0, 0.7 / pixel_mm)
        here = sample(tile, x, y, z)
        coarse = sample(tile, 0.23 * x, 0.23 * y, 0.23 * z)
        albedo = scaled(albedo, max(1 + fine * here + 0.5 * weave * coarse, 0.1))
        along = sample(tile, x + 0.5, y, z), sample(tile, x, y + 0.5, z), sample(tile, x, y, z + 0.5)
        normal = unit_vector(added(normal, difference(along, (here, here, here)), -0.8 * fine))
    glass = finish[0] <= GLASS_ROUGHNESS
    return Material(
        albedo=scaled(albedo, 1 - finish[2]),
        normal=normal,
        occlusion=place.occlusion,
        specular=np.float64(finish[1]),
        roughness=max(np.float64(finish[0]), 0.05) if glass else (finish[0] ** 4 + span * span / 12) ** 0.25,
        f0=F0_WET + finish[2] * (METAL_F0 - F0_WET),
        wrap=NO_WRAP,
        coat=1.0 if glass else 0.0,
        brightest=DAZZLING,
    )
