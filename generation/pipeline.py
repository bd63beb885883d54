"""From a plan to finished frames: head, rig, look, render, annotate, encode."""

import functools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dataset_script.extras import with_hint
from dataset_script.facs import AU_MAX, AU_NAMES
from dataset_script.spec import Spec

from .catalogue import open_head, open_look, open_renderer, open_rig
from .frame import Frame
from .labels import frame_key, planned_row
from .plan import ExpressionPlan, IdentityPlan, ViewPlan
from .plan.cameras import CAMERA_KINDS
from .prompts import prompt_of
from .streams import occasion_stream

try:
    from .annotate import FaceView, encoded, heat_image
    from .appearance.base import Look
    from .geometry.camera import Camera
    from .geometry.mesh import vertex_normals
    from .geometry.room import camera_row, head_pose_row
    from .geometry.threads import one_thread
    from .heads.base import HeadShape
    from .heads.files import HeadFiles
    from .heatmap import to_bytes, vertex_heat
    from .occluders import face_triangles, hidden_units, occluders_of, unit_regions
    from .render.base import HeadPose, RenderedView
except ModuleNotFoundError as missing:
    raise with_hint(__name__, missing) from None

if TYPE_CHECKING:  # the models' package is an extra
    from .photoreal.painting import Painting


@dataclass(frozen=True)
class Person:
    """What all frames of an identity share. Render vertices (V, 3) and normals of the neutral face, without clothes.

    `regions`: (T,) uint8, see `occluders.unit_regions`; None where nothing is worn that could cover them.
    """

    plan: IdentityPlan
    prompt: str
    shape: HeadShape
    look: Look
    neutral: np.ndarray
    normals: np.ndarray
    regions: np.ndarray | None = None


class FrameMaker:
    """Makes frames of a specification. One a process: building it loads the head, its first frame compiles the kernels.

    A frame is a pure function of the specification and its key: `make_frame` gives the bytes that `make_identity`
    gives for the same key, in any order and any process.
    """

    def __init__(self, spec: Spec, files: HeadFiles | None = None, painting: "Painting | None" = None) -> None:
        """Opens the parts that the specification names.

        Args:
            files: those that the head is made from, where it needs any.
            painting: models and pictures of a look that is painted.

        Raises:
            InvalidInput, WorkFailed: as `catalogue.open_head`.
        """
        self.spec = spec
        self.head = open_head(spec, files)
        self.rig = open_rig(spec, self.head)
        self.appearance = open_look(spec, self.head, painting)
        self.renderer = open_renderer(spec, self.head)
        self._face = face_triangles(self.head.topology)

    def make_identity(self, plan: IdentityPlan) -> Iterator[Frame]:
        """All frames of a person, expression by expression, view by view."""
        person = self.person(plan)
        for expression in plan.expressions:
            posed = self._pose(person, expression)
            for view in plan.views:
                yield self._frame(person, expression, view, posed)

    def make_frame(self, plan: IdentityPlan, expression_id: int, view_id: int) -> Frame:
        """One frame alone."""
        person, expression = self.person(plan), plan.expressions[expression_id]
        return self._frame(person, expression, plan.views[view_id], self._pose(person, expression))

    @one_thread
    def person(self, plan: IdentityPlan) -> Person:
        """Shapes and dresses a planned identity."""
        shape = self.head.shape(plan, self.spec.seed)
        look = self.appearance.dress(plan, shape, self.spec.seed)
        normals = vertex_normals(look.neutral, self.head.topology.triangles)
        person = Person(plan, prompt_of(plan, self.spec.seed), shape, look, look.neutral, normals)
        return replace(person, regions=self._regions(person)) if look.props else person

    def _regions(self, person: Person) -> np.ndarray:
        heat = []
        for alone in np.diag(AU_MAX).astype(float):
            control = self.rig.pose(person.shape, alone, {})
            vertices = self.head.vertices(control, person.shape.eyes)
            heat.append(vertex_heat(person.neutral, vertices, person.normals, self.head.topology))
        return unit_regions(heat, self.head.topology)

    @one_thread
    def picture(
        self, person: Person, expression: ExpressionPlan, view: ViewPlan, size: int | None = None
    ) -> tuple[RenderedView, np.ndarray]:
        """A view as it is rendered, nothing painted around the face, and its heatmap in mm (S, S) float32; not encoded.

        `size`: its width and height; default: those of the specification.
        """
        posed = self._pose(person, expression)
        picture = self._render(person, expression, view, posed, size or self.spec.size).picture
        return picture, self._heat(person, posed.vertices, picture)

    def expressed(self, person: Person, expression: ExpressionPlan) -> HeadPose:
        """The control mesh and the eyes of a person with an expression."""
        control = self.rig.pose(person.shape, np.array(expression.au, float), expression.extra_au, expression.asymmetry)
        return HeadPose(control, person.shape.eyes, expression.gaze)

    @one_thread
    def _pose(self, person: Person, expression: ExpressionPlan) -> Any:
        return self.renderer.pose(person.plan, person.look, self.expressed(person, expression), self.spec.seed)

    @one_thread
    def _render(self, person: Person, expression: ExpressionPlan, view: ViewPlan, posed: Any, size: int) -> FaceView:
        camera = Camera.from_plan(view, size, expression.head_motion)
        noise = self._stream("render.noise", person, expression, view)
        picture = self.renderer.render(posed, person.look, camera, noise)
        return FaceView(posed.vertices, self.head.topology, camera, picture, person.plan.circumstances.up)

    def _heat(self, person: Person, vertices: np.ndarray, picture: RenderedView) -> np.ndarray:
        return heat_image(person.neutral, person.normals, vertices, self.head.topology, picture)

    @one_thread
    def _frame(self, person: Person, expression: ExpressionPlan, view: ViewPlan, posed: Any) -> Frame:
        seen = self._render(person, expression, view, posed, self.spec.size)
        finished = self.appearance.finish(seen.picture, person.plan, expression, view, self.spec.seed)
        row = planned_row(self.spec, person.plan, person.prompt, expression, view) | {
            "image": encoded(finished.rgb, "JPEG", quality=self._quality(person, expression, view)),
            "heatmap": self._heatmap(person, seen.vertices, seen.picture),
            "landmarks": seen.landmarks().tolist(),
            "landmarks_3d": seen.landmarks_3d().tolist(),
            "face_box": seen.face_box().tolist(),
            "occluders": occluders_of(seen.picture, *self._face),
            "hidden_aus": [] if person.regions is None else hidden_units(seen.picture, person.regions, self._face[1]),
        }
        if not self.spec.geometry or person.plan.occasion:
            return Frame(row)
        return Frame(row, frame_key(person.plan, expression, view) | self._geometry(person, expression, seen))

    def _heatmap(self, person: Person, vertices: np.ndarray, picture: RenderedView) -> dict:
        heat = self._heat(person, vertices, picture)
        return encoded(to_bytes(heat, self.spec.heatmap_scale_mm), "PNG", compress_level=4)

    def _quality(self, person: Person, expression: ExpressionPlan, view: ViewPlan) -> int:
        """Cameras compress differently: from 14 below the specified quality up to it, those of wards more."""
        rng = self._stream("encode.quality", person, expression, view)
        return max(self.spec.jpeg_quality - int(rng.integers(*CAMERA_KINDS[view.camera].quality)), 1)

    def _geometry(self, person: Person, expression: ExpressionPlan, seen: FaceView) -> dict:
        """The columns of `FEATURES["geometry"]` that do not name the frame."""
        heatmaps = {}
        for k, name in enumerate(AU_NAMES):
            alone = np.zeros(len(AU_NAMES))
            alone[k] = expression.au[k]
            control = self.rig.pose(person.shape, alone, {}, expression.asymmetry)
            vertices = self.head.vertices(control, person.shape.eyes)
            heatmaps[name] = self._heatmap(person, vertices, seen.picture)
        return {
            "depth": encoded(seen.depth(), "PNG", compress_level=4),
            "normals": encoded(seen.normals(), "PNG", compress_level=4),
            "segments": encoded(seen.picture.segments, "PNG", compress_level=4),
            "au_heatmaps": heatmaps,
            "uv": {
                axis: encoded(places, "PNG", compress_level=4) for axis, places in zip("uv", seen.uv(), strict=True)
            },
            "landmarks_visible": seen.landmarks_visible().tolist(),
            "dense_landmarks": seen.dense_landmarks().tolist(),
            "dense_landmarks_3d": seen.dense_landmarks_3d().tolist(),
            "dense_landmarks_visible": seen.dense_landmarks_visible().tolist(),
            "camera": camera_row(seen.camera, seen.up),
            "head_pose": head_pose_row(seen.camera, seen.up),
            "mesh_parameters": json.dumps({k: round(v, 6) for k, v in sorted(person.shape.parameters.items())}),
            "mesh": seen.mesh() if self.spec.mesh else None,
        }

    def _stream(self, stage: str, person: Person, expression: ExpressionPlan, view: ViewPlan) -> np.random.Generator:
        return occasion_stream(self.spec.seed, stage, person.plan, expression.expression_id, view.view_id)


def maker_with(files: HeadFiles | None, painting: "Painting | None" = None) -> Callable[[Spec], FrameMaker]:
    """What makes a `FrameMaker` of a spec in any process (picklable); arguments as those of `FrameMaker`."""
    return functools.partial(FrameMaker, files=files, painting=painting)
