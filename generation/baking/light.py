"""The light of a portrait, found from what it makes of a face whose shape is known.

The forward model is the rasteriser's own, so that what is divided out here comes back when the texture is rendered
under the same light. A face is taken to be of one colour but for what a robust fit leaves out: brows, lips, beard.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from ..appearance.places.light import Light, towards
from ..geometry.camera import PIVOT
from ..geometry.shadows import cast_shadows
from ..kernels import kernel
from ..render.develop import USUAL_LIGHT, brightness
from ..render.raster.lighting import lit
from ..render.raster.materials import DULL, F0_SKIN, SKIN_WRAP, Material

YAWS, PITCHES = tuple(range(-90, 91, 30)), (-10, 20, 50)
FINER = 12
"""Degrees around the best of them that are tried next."""
FILL_PITCH = 12
ROUNDS = 4


@dataclass(frozen=True)
class Face:
    """Places of the skin that a portrait shows, N of them; vertices of the render mesh.

    Attributes:
        vertices: (V, 3) mm, of the whole head, without clothes; triangles: (T, 3).
        chosen: (N,) which of them; normal: (N, 3); occlusion, specular, roughness: (N,).
        albedo: (3,) about that of the skin; viewer: (3,) the camera, mm.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    chosen: np.ndarray
    normal: np.ndarray
    occlusion: np.ndarray
    specular: np.ndarray
    roughness: np.ndarray
    albedo: np.ndarray
    viewer: np.ndarray

    def under(self, light: Light) -> tuple[np.ndarray, np.ndarray]:
        """Light that enters the skin and light that it mirrors, (N, 3) each."""
        shadows = cast_shadows(self.vertices, self.triangles, light.direction, PIVOT)
        at, skin = self.vertices[self.chosen].astype(np.float64), (self.occlusion, self.specular, self.roughness)
        return _under(at, self.normal, skin, self.albedo, self.viewer, light, shadows)


@kernel
def _under(at, normal, skin, albedo, viewer, light, shadows):
    occlusion, specular, roughness = skin
    entering, mirrored = np.zeros(at.shape), np.zeros(at.shape)
    for v in range(at.shape[0]):
        dx, dy, dz = viewer[0] - at[v, 0], viewer[1] - at[v, 1], viewer[2] - at[v, 2]
        n = 1 / np.sqrt(dx * dx + dy * dy + dz * dz)
        here = Material(
            (albedo[0], albedo[1], albedo[2]),
            (np.float64(normal[v, 0]), np.float64(normal[v, 1]), np.float64(normal[v, 2])),
            np.float64(occlusion[v]),
            np.float64(specular[v]),
            np.float64(roughness[v]),
            F0_SKIN,
            SKIN_WRAP,
            0.0,
            DULL,
        )
        place = at[v, 0], at[v, 1], at[v, 2]
        into, off = lit(here, place, (dx * n, dy * n, dz * n), light, shadows, 0.0)
        entering[v, 0], entering[v, 1], entering[v, 2] = into
        mirrored[v, 0], mirrored[v, 1], mirrored[v, 2] = off
    return entering, mirrored


def find_light(face: Face, seen: np.ndarray) -> Light:
    """The light under which `face` looks as `seen` (N, 3), linear, if its skin has about the colour that it is said to.

    What tints a whole portrait is taken for the light's and for the skin's by halves; it is as bright as a photographed
    scene is. Key and fill lights stand on either side, as in `places.light`; there is no light from behind.
    """
    ambient = [face.under(_ambient(k)) for k in (0, 1)]
    directions = [(yaw, pitch) for yaw in YAWS for pitch in PITCHES]
    best = min((_fit(face, seen, ambient, *way) for way in directions), key=lambda fit: fit[0])
    _, (yaw, pitch), _ = best
    finer = [(yaw + dy, pitch + dp) for dy in (-FINER, 0, FINER) for dp in (-FINER, 0, FINER) if dy or dp]
    fits = [best, *(_fit(face, seen, ambient, *way) for way in finer)]
    _, way, strengths = min(fits, key=lambda fit: fit[0])
    light = _light(way, strengths)
    entering, _ = face.under(light)
    tint = np.median(entering, axis=0)
    tint = np.sqrt(tint / tint.mean())
    light = _light(way, strengths / tint)
    return _light(way, strengths / tint * (USUAL_LIGHT / brightness(light)))


def _fit(
    face: Face, seen: np.ndarray, ambient: list[tuple[np.ndarray, np.ndarray]], yaw: int, pitch: int
) -> tuple[float, tuple[int, int], np.ndarray]:
    """What a key light from (yaw, pitch) leaves unexplained, where it is, and the strengths (4, 3) of key, fill, sky
    and ground in each channel."""
    parts = [face.under(_single(yaw, pitch)), face.under(_single(*_opposite(yaw))), *ambient]
    columns = np.stack(
        [entering[:, None, 0] * face.albedo + mirrored[:, :1] for entering, mirrored in parts]
    )  # (4, N, 3)
    weight, strengths = np.ones(len(seen)), np.zeros((4, 3))
    for _ in range(ROUNDS):
        for k in range(3):
            strengths[:, k], _ = nnls((columns[:, :, k] * weight).T, seen[:, k] * weight)
        model = np.einsum("jnk,jk->nk", columns, strengths)
        off = np.abs(np.log(np.maximum(seen, 1e-3)) - np.log(np.maximum(model, 1e-3))).mean(axis=1)
        middle = max(float(np.median(off)), 1e-3)
        weight = 1 / np.maximum(off / (1.5 * middle), 1) / np.maximum(model.mean(axis=1), 0.02)
    return float(np.minimum(off, 3 * middle).mean()), (yaw, pitch), strengths


def _opposite(yaw: int) -> tuple[float, float]:
    """Where the fill light stands."""
    return (-0.9 * yaw - (20 if yaw >= 0 else -20)), FILL_PITCH


def _single(yaw: float, pitch: float) -> Light:
    zero = np.zeros(3)
    return Light.plain(towards(yaw, pitch)[None], np.ones((1, 3)), zero, zero)


def _ambient(which: int) -> Light:
    """Sky (0) or ground (1) alone."""
    return Light.plain(np.array([[0, 0, 1]]), np.zeros((1, 3)), *(np.full(3, float(k == which)) for k in (0, 1)))


def _light(way: tuple[int, int], strengths: np.ndarray) -> Light:
    direction = np.stack([towards(*way), towards(*_opposite(way[0])), towards(150.0, 35)])
    colour = np.stack([strengths[0], strengths[1], np.zeros(3)])
    return Light.plain(direction, colour, strengths[2], strengths[3])
