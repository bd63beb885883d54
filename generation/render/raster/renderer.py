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
from ...appearance.eyes import EyePaint
from ...appearance.hair.strands import Hair
from ...appearance.props.base import PropMesh
from ...appearance.texture import texels_for
from ...appearance.wrinkles import Wrinkles
from ...geometry.camera import PIVOT, Camera
from ...geometry.mesh import vertex_normals
from ...geometry.noise import noise_tile
from ...geometry.shadows import ShadowMaps, cast_shadows, light_beyond
from ...geometry.visibility import Samples, rasterize
from ...heads.base import Head
from ...plan import IdentityPlan
from ..background import background
from ..base import HeadPose, RenderedView
from ..develop import develop, look_exposure
from .mesh import Materials, PaintedMesh, Viewpoint
from .props import Lighting, cast_shadows_of, cover, draw_clear, draw_solid, pose_props
from .scattering import Shaded, SkinLight, scatter
from .segments import SegmentCodes, segment
from .shading import shade
from .strand_shadows import shadow_strands
from .strands import SampleBuffer, Strands, draw_strands

CODES = SegmentCodes(*(SEGMENTS.index(name) for name in SegmentCodes._fields))
FRONT = np.array([0.0, 0.0, -60.0], np.float32)
"""Middle that the outward direction of lashes, brows and beards is measured from, world mm."""
TIP = np.float32(0.15)
"""Width of a hair at its end, relative to its root."""
LASH_MM = 0.24
"""Width of a lash with its mascara or its neighbours, at the root."""
SHADOW_EVERY = 3
"""One strand of so many casts a shadow."""


@dataclass(frozen=True)
class Posed:
    """One expression, ready for any camera; V render vertices.

    Attributes:
        vertices: (V, 3) float32 world mm, without clothes; dressed: with them.
        normals: (V, 3) float32 unit, without clothes.
        wrinkles: (V, 6) float32, how deep each of `wrinkles.FAMILIES` is.
        strands: lashes, brows, beard and hair, in the order in which they are drawn.
        props: None where there are none.
    """

    vertices: np.ndarray
    dressed: np.ndarray
    normals: np.ndarray
    wrinkles: np.ndarray
    eyes: EyePaint
    shadows: ShadowMaps
    strands: tuple[Strands, ...]
    props: PropMesh | None = None


class RasterRenderer:
    """Draws a head; a `Renderer`."""

    name = "raster"

    def __init__(self, head: Head) -> None:
        self.head = head
        topology = head.topology
        self._tile = noise_tile()
        self._wrinkles = Wrinkles(topology)
        left, right = topology.eyeballs
        corner = topology.triangles[:, 0]
        self._eye = np.select([corner >= right.start, corner >= left.start], [1, 0], -1).astype(np.int8)

    def pose(self, plan: IdentityPlan, look: Look, pose: HeadPose, seed: int) -> Posed:
        """What all views of an expression share."""
        triangles = self.head.topology.triangles
        vertices = self.head.vertices(pose.control, pose.eyes)
        normals = vertex_normals(vertices, triangles)
        dressed = vertices + look.cloth_thickness[:, None] * normals
        wide = any(prop.code == "bedding" for prop in look.props)
        shadows = cast_shadows(dressed, triangles, look.scene.light.direction, PIVOT, wide)
        props = pose_props(look.props, vertices - look.neutral) if look.props else None
        if props is not None:
            cast_shadows_of(props, shadows)
        if wide:
            light_beyond(shadows)
        strands = self._face_strands(plan, look, pose, (vertices, normals), seed)
        if look.hair is not None:
            for frame, depth in zip(shadows.frame, shadows.depth, strict=True):
                shadow_strands(look.hair.points, frame, depth, SHADOW_EVERY)
            strands.append(head_strands(look.hair))
        rims = [pose.control[roots] for roots, _ in self.head.topology.lashes]
        return Posed(
            vertices=vertices,
            dressed=dressed.astype(np.float32),
            normals=normals,
            wrinkles=self._wrinkles.depth(look.wrinkles, look.neutral, vertices),
            eyes=look.eyes.turned(pose.gaze).between(rims, pose.eyes),
            shadows=shadows,
            strands=tuple(strands),
            props=props,
        )

    def _face_strands(
        self, plan: IdentityPlan, look: Look, pose: HeadPose, skin: tuple[np.ndarray, np.ndarray], seed: int
    ) -> list[Strands]:
        """Lashes, brows and beard on `skin`, vertices and normals (V, 3)."""
        lashes, tint = lash_strands(plan, self.head.topology, pose.control, seed)
        strands = [face_strands("lashes", lashes, tint, np.full(len(lashes), LASH_MM, np.float32), shine=0.2, bias=1.0)]
        if look.brows is not None:
            brows = look.brows.place(*skin)
            strands.append(face_strands("brows", brows, look.brows.tint, look.brows.width, shine=0.3, bias=1.5))
        if look.beard is not None:
            beard = look.beard.place(*skin)
            strands.append(face_strands("hair", beard, look.beard.tint, look.beard.width, shine=0.3, bias=1.0))
        return strands

    def render(self, posed: Posed, look: Look, camera: Camera, noise: np.random.Generator) -> RenderedView:
        """One view of a posed expression. `noise` gives the sensor noise."""
        topology, light = self.head.topology, look.scene.light
        seen, mesh = camera.project(posed.dressed.astype(np.float64)), self._painted(posed, look)
        pixels = rasterize(seen, topology.triangles, 1, camera.size, True)
        covering = None if posed.props is None else cover(pixels, posed.props, look.props, camera)
        samples = rasterize(seen, topology.triangles, 2, camera.size, True)
        shaded = Shaded.before(background(look.scene, camera, 2 * camera.size))
        viewpoint = viewpoint_of(camera)
        under = Lighting(light, posed.shadows, viewpoint, self._tile)
        if posed.props is not None:
            draw_solid(samples, posed.props, camera, under, shaded.colour)
        self._shade(samples, mesh, posed, look, viewpoint, shaded)
        scatter(shaded, camera.focal / camera.distance)
        buffer = SampleBuffer(shaded.colour, samples.depth, np.zeros(samples.ids.shape, np.uint8))
        for strands in posed.strands:
            draw_strands(strands, light, posed.shadows, viewpoint, buffer)
        if posed.props is not None:
            draw_clear(posed.props, camera, under, buffer)
        rgb = develop(shaded.colour, look_exposure(look), noise, camera.plan.camera)
        lips, mouth = topology.masks["lips"], topology.masks["mouth"]
        segments = segment(pixels, mesh, lips, mouth, look.garment, buffer.cover, CODES)
        if covering is not None:
            segments = np.where(segments == 0, covering.segments, segments)
        return RenderedView(rgb, *pixels, segments, covering)

    def skin_light(self, posed: Posed, look: Look, camera: Camera) -> SkinLight:
        """The skin of a view as `render` shades it, before strands are drawn: the light that enters it, in `light`, and
        what it mirrors, in `albedo`; so a pixel of skin of colour a shows a x `light` + `albedo`."""
        seen = camera.project(posed.dressed.astype(np.float64))
        samples = rasterize(seen, self.head.topology.triangles, 2, camera.size, True)
        shaded = Shaded.before(np.zeros((2 * camera.size, 2 * camera.size, 3), np.float32))
        self._shade(samples, self._painted(posed, look), posed, look, viewpoint_of(camera), shaded)
        skin = shaded.skin.samples[..., None]
        mirrored, count = (
            values.reshape(camera.size, 2, camera.size, 2, -1).sum(axis=(1, 3))
            for values in (shaded.colour * skin, skin)
        )
        scatter(shaded, camera.focal / camera.distance)
        return shaded.skin._replace(albedo=mirrored / np.maximum(count, 1))

    def _shade(
        self, samples: Samples, mesh: PaintedMesh, posed: Posed, look: Look, viewpoint: Viewpoint, out: Shaded
    ) -> None:
        """Fills `out` where the `samples` see the mesh."""
        texels = texels_for(look.texture, viewpoint.pixel_mm)
        materials = Materials(look.skin.detail, posed.eyes, look.garment, self._tile, texels)
        shade(samples, mesh, materials, look.scene.light, posed.shadows, viewpoint, out)

    def _painted(self, posed: Posed, look: Look) -> PaintedMesh:
        return PaintedMesh(
            triangles=self.head.topology.triangles,
            part=self.head.topology.part,
            eye=self._eye,
            position=posed.dressed,
            normal=posed.normals,
            canonical=look.canonical,
            albedo=look.skin.albedo,
            surface=look.skin.surface,
            wrinkles=posed.wrinkles,
            uv=self.head.topology.uv,
        )


def viewpoint_of(camera: Camera) -> Viewpoint:
    """Where the 2 x 2 samples of a camera's pixels see from."""
    return Viewpoint(camera.position.astype(np.float32), camera.pixel_mm, camera.projection(2))


def face_strands(
    name: str, points: np.ndarray, tint: np.ndarray, width: np.ndarray, shine: float, bias: float
) -> Strands:
    """Hairs that grow on the face, none of them under others. `name`: in `SEGMENTS`; the rest as in `Strands`."""
    return Strands(
        points=points,
        tint=tint,
        buried=np.zeros(len(points), np.float32),
        width=width,
        tip=TIP,
        middle=FRONT,
        shine=shine,
        bias=bias,
        code=SEGMENTS.index(name),
    )


def head_strands(hair: Hair) -> Strands:
    """The hair of the head."""
    return Strands(
        points=hair.points,
        tint=hair.tint,
        buried=hair.buried,
        width=hair.width,
        tip=TIP,
        middle=hair.middle,
        shine=hair.shine,
        bias=0.6,
        code=SEGMENTS.index("hair"),
    )


@functools.cache
def load(head: Head) -> RasterRenderer:
    """The renderer of a head, built once a process."""
    return RasterRenderer(head)
