"""The named sets of `AUGMENTATIONS`: which parts each draws, and in which order a picture goes through them."""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from PIL import Image

from dataset_script.errors import InvalidInput

from . import AUGMENTATIONS
from .camera import Camera, drawn_camera
from .colour import Colour, drawn_colour, with_light_of
from .geometry import Geometry
from .light import LightVariation
from .scene import Scene, random_background, random_occluders


class Variation(Protocol):
    """One draw for a frame: the same for its picture and all its maps, so that they stay aligned."""

    mirror: bool
    """Whether left and right change places."""
    needs_face: bool
    """Whether `apply` looks at the scene's face."""
    needs_foreground: bool
    """Whether `apply` looks at the scene's foreground."""
    partner: float | None
    """Which other frame `apply` looks at, as a share of the way through all frames, 0 to below 1; None: none."""

    def with_mirror(self, mirror: bool) -> "Variation":
        """The same draw, mirrored or not."""

    def move(self, pixels: np.ndarray) -> np.ndarray:
        """A map (H, W, 3) or (H, W), uint8, moved as the picture is, its values as they were: heatmaps."""

    def apply(self, pixels: np.ndarray, scene: Scene | None = None) -> np.ndarray:
        """A picture (H, W, 3), uint8, varied in all respects. Without a scene, what needs one is left out."""


@dataclass(frozen=True)
class WideVariation:
    """A draw of the sets appearance, geometry and strong.

    Attributes:
        geometry, colour, camera: what each of these draws.
        outside: level, 0-255, of what comes in from outside the picture; None: its own mirror image.
        background, occluders: whether there is a random one.
        partner: which other frame gives its light, as a share of the way through all frames; None: none.
        seed: of noise, backgrounds and occluders.
    """

    geometry: Geometry
    colour: Colour
    camera: Camera
    outside: int | None
    background: bool
    occluders: bool
    partner: float | None
    seed: int

    @property
    def mirror(self) -> bool:
        return self.geometry.mirror

    @property
    def needs_face(self) -> bool:
        return self.occluders

    @property
    def needs_foreground(self) -> bool:
        return self.background

    def with_mirror(self, mirror: bool) -> "WideVariation":
        """The same draw, mirrored or not."""
        return replace(self, geometry=self.geometry.with_mirror(mirror))

    def move(self, pixels: np.ndarray) -> np.ndarray:
        """A map (H, W, 3) or (H, W), uint8, moved as the picture is, its values as they were; 0 outside of it."""
        return self.geometry.warp(pixels)

    def apply(self, pixels: np.ndarray, scene: Scene | None = None) -> np.ndarray:
        """A picture (H, W, 3), uint8, varied: first what is before the camera, then the camera, then the file."""
        scene = Scene() if scene is None else scene
        random = np.random.default_rng(self.seed)
        image = Image.fromarray(pixels)
        if self.background and scene.foreground is not None:
            image = random_background(image, scene.foreground, random)
        if self.occluders and scene.face is not None:
            image = random_occluders(image, scene.face, random)
        image = Image.fromarray(self.geometry.warp(np.asarray(image), self.outside))
        if self.partner is not None and scene.other is not None:
            image = with_light_of(image, Image.fromarray(scene.other), self.colour.light)
        return np.asarray(self.camera.apply(self.colour.apply(image), random))


def check_augmentation(name: str) -> None:
    """Raises InvalidInput unless it is one of `AUGMENTATIONS`."""
    if name not in AUGMENTATIONS:
        raise InvalidInput(f"augmentation is {name!r}; allowed are {', '.join(AUGMENTATIONS)}")


def drawn_variation(name: str, random: np.random.Generator) -> Variation | None:
    """A draw of a named set; None: the frame stays as it is. Raises InvalidInput on another name."""
    check_augmentation(name)
    if name == "none":
        return None
    light = LightVariation.draw(random)
    return light if name == "light" else _wide(name, light, random)


def _wide(name: str, light: LightVariation, random: np.random.Generator) -> WideVariation:
    strong = name == "strong"
    geometry = Geometry(light.shift, light.zoom, light.mirror)
    colour, camera = Colour(brightness=light.brightness, contrast=light.contrast), Camera()
    if name != "appearance":
        geometry = Geometry.draw(random)
    if name != "geometry":
        colour, camera = drawn_colour(random, strong, strong), drawn_camera(random, strong)
    active, partner = random.random(2), float(random.random())
    # what is beside a face goes on, or is black as where a crop leaves its photograph, or a plain level
    outside = (None, None, 0, int(random.integers(0, 256)))[random.integers(0, 4)]
    return WideVariation(
        geometry=geometry,
        colour=colour,
        camera=camera,
        outside=outside,
        background=bool(strong and active[0] < 0.5),
        occluders=bool(strong and active[1] < 0.25),
        partner=partner if colour.light else None,
        seed=int(random.integers(2**63)),
    )
