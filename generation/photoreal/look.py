"""Looks that diffusion models paint: plan -> depth -> portrait -> texture on the mesh, and what is behind.

Everything else (eyes, hair, clothes, light, labels, heatmaps) is that of the procedural look. A portrait is painted
once for an identity; all its expressions and views share the texture, as they share the mesh's topology.
"""

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from dataset_script.spec import Spec

from ..appearance.base import Look
from ..appearance.look import ProceduralLook
from ..appearance.look import load as load_procedural
from ..baking.bake import Baked, bake, texels_for
from ..baking.camera import SIDE_YAW, portrait_camera, seen_neutral
from ..baking.masks import places_of_person, scalp_of_person
from ..baking.unlit import Sitter
from ..diffusion.painter import Painter, open_painter
from ..geometry.camera import Camera
from ..heads.base import Head, HeadShape
from ..plan import ExpressionPlan, IdentityPlan, ViewPlan
from ..prompts import NEGATIVE_PROMPT, portrait_prompt
from ..render.base import RenderedView
from ..render.raster.renderer import RasterRenderer
from ..render.raster.renderer import load as load_raster
from ..streams import stream
from .backgrounds import around_face, fill_around, paint_behind
from .painting import Painting, background_of, check_models, missing, settings_of
from .record import record_painter
from .store import fingerprint, keep_picture, read_picture
from .views import known_side

LEFT, RIGHT = SIDE_YAW, -SIDE_YAW


class PaintedLook:
    """Faces painted by diffusion models; an `Appearance`."""

    name: str

    def __init__(self, name: str, head: Head, spec: Spec, painting: Painting) -> None:
        """Opens nothing that is not needed: where all pictures are there, no model is read.

        Raises InvalidInput where the models are not those of the specification.
        """
        self.name, self.spec, self._painting = name, spec, painting
        self.settings = settings_of(spec)
        self._procedural: ProceduralLook = load_procedural(head)
        self._renderer: RasterRenderer = load_raster(head)
        if painting.models is not None:
            check_models(spec, painting.models)

    @functools.cached_property
    def _painter(self) -> Painter:
        painter = open_painter(self._painting.on_my_device(), self.settings)
        if self._painting.folder is not None and not self._painting.read_only:
            record_painter(self._painting.folder, painter.models, painter.device)
        return painter

    def dress(self, plan: IdentityPlan, shape: HeadShape, seed: int) -> Look:
        """The look of a planned person: painted, or from the pictures that are kept.

        Raises:
            WorkFailed: a picture is missing and there are no models, or it cannot be painted, read or written.
        """
        look = self._procedural.bare(plan, shape, seed)  # what is worn is drawn over the painted face, and not painted
        front = self._portrait(plan, look, seed)
        look = self._procedural.wear(plan, self._textured(plan, shape, look, front, seed), seed)
        if background_of(self.spec) != "identity":
            return look
        return self._before_a_background(plan, shape, look, seed)

    def _textured(self, plan: IdentityPlan, shape: HeadShape, look: Look, front: np.ndarray, seed: int) -> Look:
        """`look` with the skin of the frontal portrait `front`, and of portraits from the sides where asked for."""
        portraits = [(front, portrait_camera(self.settings.size))]
        baked = self._baked(plan, shape, look, portraits, seed)
        if self.spec.side_portraits:
            for kind, yaw in (("left", LEFT), ("right", RIGHT)):
                portraits.append(self._side(plan, shape, baked, kind, yaw, seed))
            baked = self._baked(plan, shape, look, portraits, seed)
        return baked.look

    def finish(
        self, picture: RenderedView, plan: IdentityPlan, expression: ExpressionPlan, view: ViewPlan, seed: int
    ) -> RenderedView:
        """A frame with hair and background painted around it, where the specification wants that for every frame."""
        if background_of(self.spec) != "frame":
            return picture
        noise = stream(seed, "photoreal.fill", plan.identity_id, expression.expression_id, view.view_id)
        topology = self._renderer.head.topology
        around = around_face(picture, topology, scalp_of_person(topology, plan, seed))
        painter = self._needed("the background of a frame")
        return fill_around(painter, picture, around, plan, seed, int(noise.integers(2**63)))

    def _needed(self, what: str) -> Painter:
        if self._painting.models is None:
            raise missing(what)
        return self._painter

    def _kept_or_painted(
        self, plan: IdentityPlan, kind: str, prompt: str, noise: int, paint: Callable[[str], np.ndarray]
    ) -> np.ndarray:
        """The picture `kind` of a person as it is kept, else a new one, which is kept; `paint` is told its name.

        It is known by what decides it. Depth maps and views follow from the specification, on each platform a little
        differently: they do not count, so that pictures painted on one machine serve on another.
        """
        made_from = fingerprint(self.spec.hash, identity_id=plan.identity_id, kind=kind, prompt=prompt, seed=noise)
        path = self._path(plan, kind)
        if path is not None and path.exists():
            return read_picture(path, made_from)
        picture = paint(str(path or f"the {kind} picture of identity {plan.identity_id}"))
        if path is not None and not self._painting.read_only:
            keep_picture(path, picture, made_from)
        return picture

    def _path(self, plan: IdentityPlan, kind: str) -> Path | None:
        folder = self._painting.folder
        return None if folder is None else folder / f"{plan.identity_id:05d}-{kind}.png"

    def _portrait(self, plan: IdentityPlan, look: Look, seed: int) -> np.ndarray:
        """The frontal portrait (size, size, 3) uint8."""
        depth = self._depth(look, portrait_camera(self.settings.size))
        prompt, noise = portrait_prompt(plan, seed), noise_seed(seed, plan, "front")

        def paint(name: str) -> np.ndarray:
            return self._needed(name).portrait(depth, prompt, NEGATIVE_PROMPT, noise)

        return self._kept_or_painted(plan, "front", prompt, noise, paint)

    def _side(
        self, plan: IdentityPlan, shape: HeadShape, baked: Baked, kind: str, yaw: float, seed: int
    ) -> tuple[np.ndarray, Camera]:
        """The portrait from one side, begun from what the frontal one shows there, and its camera."""
        camera = portrait_camera(self.settings.size, yaw)
        depth = self._depth(baked.look, camera)
        picture, known = known_side(self._renderer, plan, shape, baked.portrait_look, camera, seed)
        prompt, noise = portrait_prompt(plan, seed), noise_seed(seed, plan, kind)

        def paint(name: str) -> np.ndarray:
            return self._needed(name).side_portrait(depth, picture, known, prompt, NEGATIVE_PROMPT, noise)

        return self._kept_or_painted(plan, kind, prompt, noise, paint), camera

    def _before_a_background(self, plan: IdentityPlan, shape: HeadShape, look: Look, seed: int) -> Look:
        """`look` before what is painted behind its neutral views."""
        noise = noise_seed(seed, plan, "background")
        group = paint_behind(self._renderer, plan, shape, look, self.spec.size, seed)

        def paint(name: str) -> np.ndarray:
            return self._needed(name).fill(group.canvas, group.mask, group.prompt, group.negative, noise)

        painted = self._kept_or_painted(plan, "background", group.prompt, noise, paint)
        return replace(look, scene=replace(look.scene, painted=group.views(painted, look)))

    def _depth(self, look: Look, camera: Camera) -> np.ndarray:
        """(S, S) float32 mm along the optical axis of the clothed neutral mesh, infinite where nothing is."""
        return seen_neutral(self._renderer.head.topology, look, camera).depth

    def _baked(
        self,
        plan: IdentityPlan,
        shape: HeadShape,
        look: Look,
        portraits: list[tuple[np.ndarray, Camera]],
        seed: int,
    ) -> Baked:
        sitter = Sitter(plan, shape, look, places_of_person(self._renderer.head.topology, plan, seed), seed)
        return bake(sitter, portraits, self._renderer, texels_for(self.settings.size))


def noise_seed(seed: int, plan: IdentityPlan, kind: str) -> int:
    """What the noise begins with from which the picture `kind` of a person is painted."""
    return int(stream(seed, f"photoreal.{kind}", plan.identity_id).integers(2**63))
