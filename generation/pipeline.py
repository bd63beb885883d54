"""From a plan to finished frames: head, rig, look, render, annotate, encode."""

import functools
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image
from threadpoolctl import ThreadpoolController

from dataset_script.facs import AU_NAMES, EXTRA_AU_NAMES
from dataset_script.features import AGE_GROUPS, ETHNICITIES, GENDERS, format_frame_id
from dataset_script.spec import Spec

from .appearance.base import Look
from .catalogue import frames_licence, open_head, open_look, open_renderer, open_rig
from .frame import Frame
from .geometry.camera import Camera
from .geometry.mesh import vertex_normals
from .geometry.visibility import interpolate
from .heads.base import HeadShape
from .heads.files import HeadFiles
from .heatmap import to_bytes, vertex_heat
from .plan import ExpressionPlan, IdentityPlan, ViewPlan
from .render.base import HeadPose, RenderedView
from .streams import stream

DEPTH_UNITS_PER_MM = 20
HIDDEN_MM = 4.0
"""A landmark is hidden where everything around it is at least this much nearer to the camera."""


one_thread = ThreadpoolController().wrap(limits=1, user_api="blas")
"""How many threads BLAS uses decides how it splits a sum, hence the last bit: with this it is always one."""


@dataclass(frozen=True)
class Person:
    """What all frames of an identity share. Render vertices (V, 3) and normals of the neutral face, without clothes."""

    plan: IdentityPlan
    shape: HeadShape
    look: Look
    neutral: np.ndarray
    normals: np.ndarray


class FrameMaker:
    """Makes frames of a specification. One a process: building it loads the head and compiles the kernels.

    A frame is a pure function of the specification and its key: `make_frame` gives the bytes that `make_identity`
    gives for the same key, in any order and any process.
    """

    def __init__(self, spec: Spec, files: HeadFiles | None = None) -> None:
        """`files`: those that the head is made from, where the spec's head needs any. Raises InvalidInput as `open_head`."""
        self.spec = spec
        self.head = open_head(spec, files)
        self.rig = open_rig(spec, self.head)
        self.appearance = open_look(spec, self.head)
        self.renderer = open_renderer(spec, self.head)

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
        return Person(plan, shape, look, look.neutral, normals)

    def picture(self, person: Person, expression: ExpressionPlan, view: ViewPlan) -> tuple[RenderedView, np.ndarray]:
        """A rendered view and its heatmap in mm (S, S) float32, not encoded."""
        return self._render(person, expression, view, self._pose(person, expression))

    @one_thread
    def _pose(self, person: Person, expression: ExpressionPlan):
        control = self.rig.pose(person.shape, np.array(expression.au, float), expression.extra_au, expression.asymmetry)
        pose = HeadPose(control, person.shape.eyes, expression.gaze)
        return self.renderer.pose(person.plan, person.look, pose, self.spec.seed)

    @one_thread
    def _render(
        self, person: Person, expression: ExpressionPlan, view: ViewPlan, posed
    ) -> tuple[RenderedView, np.ndarray]:
        key = (person.plan.identity_id, expression.expression_id, view.view_id)
        camera = Camera.from_plan(view, self.spec.size, expression.head_motion)
        noise = stream(self.spec.seed, "render.noise", *key)
        picture = self.renderer.render(posed, person.look, camera, noise)
        return picture, self._heat(person, posed.vertices, picture)

    def _heat(self, person: Person, vertices: np.ndarray, picture: RenderedView) -> np.ndarray:
        heat = vertex_heat(person.neutral, vertices, person.normals, self.head.topology)
        return interpolate(picture.ids, picture.weights, self.head.topology.triangles, heat)

    @one_thread
    def _frame(self, person: Person, expression: ExpressionPlan, view: ViewPlan, posed) -> Frame:
        spec, plan, topology = self.spec, person.plan, self.head.topology
        picture, heat = self._render(person, expression, view, posed)
        camera = Camera.from_plan(view, spec.size, expression.head_motion)
        landmarks = camera.project(posed.vertices[topology.landmarks].astype(np.float64))[:, :2]
        face = camera.project(posed.vertices[topology.masks["face"] > 0.5].astype(np.float64))[:, :2]
        box = np.clip(np.concatenate([face.min(axis=0), face.max(axis=0)]), 0, spec.size)
        key = {
            "frame_id": format_frame_id(plan.identity_id, expression.expression_id, view.view_id),
            "identity_id": plan.identity_id,
            "expression_id": expression.expression_id,
            "view_id": view.view_id,
        }
        row = key | {
            "image": encoded(picture.rgb, "JPEG", quality=self._quality(key)),
            "heatmap": encoded(to_bytes(heat, spec.heatmap_scale_mm), "PNG", compress_level=4),
            "au": [float(level) for level in expression.au],
            "pspi": expression.pspi,
            "extra_au": {name: float(expression.extra_au.get(name, 0.0)) for name in EXTRA_AU_NAMES},
            "age_group": AGE_GROUPS.index(plan.age_group),
            "age": plan.age,
            "ethnicity": ETHNICITIES.index(plan.ethnicity),
            "gender": GENDERS.index(plan.gender),
            "prompt": plan.prompt,
            "camera": camera.as_row(),
            "landmarks": landmarks.tolist(),
            "face_box": box.tolist(),
            "neutral_frame_id": format_frame_id(plan.identity_id, 0, view.view_id),
            "seed": spec.seed,
            "renderer": spec.renderer,
            "rig": spec.rig,
            "head": spec.head,
            "licence": frames_licence(spec),
        }
        return Frame(row, self._geometry(key, person, expression, posed, camera, picture) if spec.geometry else None)

    def _quality(self, key: dict) -> int:
        """Cameras compress differently: from 14 below the specified quality up to it."""
        rng = stream(self.spec.seed, "encode.quality", key["identity_id"], key["expression_id"], key["view_id"])
        return max(self.spec.jpeg_quality - int(rng.integers(0, 15)), 1)

    def _normals(self, posed, camera: Camera, picture: RenderedView) -> np.ndarray:
        """(S, S, 3) uint8; see `FEATURES`."""
        triangles = self.head.topology.triangles
        normals = (vertex_normals(posed.vertices, triangles) @ camera.rotation.T).astype(np.float32)
        image = np.stack(
            [interpolate(picture.ids, picture.weights, triangles, np.ascontiguousarray(n)) for n in normals.T], axis=2
        )
        image /= np.maximum(np.linalg.norm(image, axis=2, keepdims=True), 1e-6)
        return np.where(picture.ids[..., None] >= 0, np.round((image + 1) * 127.5), 0).astype(np.uint8)

    def _visible(self, posed, camera: Camera, picture: RenderedView) -> np.ndarray:
        """(68,) bool: no surface lies well in front of the landmark, in any pixel it touches."""
        seen = camera.project(posed.vertices[self.head.topology.landmarks].astype(np.float64))
        column, row = np.floor(seen[:, :2]).astype(int).T
        inside = (column >= 1) & (row >= 1) & (column < camera.size - 1) & (row < camera.size - 1)
        nearby = [
            picture.depth[np.clip(row + r, 0, camera.size - 1), np.clip(column + c, 0, camera.size - 1)]
            for r in (-1, 0, 1) for c in (-1, 0, 1)
        ]  # fmt: skip
        return inside & (np.max(nearby, axis=0) > seen[:, 2] - HIDDEN_MM)

    def _geometry(
        self, key: dict, person: Person, expression: ExpressionPlan, posed, camera: Camera, picture: RenderedView
    ) -> dict:
        depth = np.where(picture.ids >= 0, np.round(picture.depth * DEPTH_UNITS_PER_MM), 0).clip(0, 65535)
        heatmaps = {}
        for k, name in enumerate(AU_NAMES):
            alone = np.zeros(len(AU_NAMES))
            alone[k] = expression.au[k]
            control = self.rig.pose(person.shape, alone, {}, expression.asymmetry)
            heat = self._heat(person, self.head.vertices(control, person.shape.eyes), picture)
            heatmaps[name] = encoded(to_bytes(heat, self.spec.heatmap_scale_mm), "PNG", compress_level=4)
        return key | {
            "depth": encoded(depth.astype(np.uint16), "PNG", compress_level=4),
            "normals": encoded(self._normals(posed, camera, picture), "PNG", compress_level=4),
            "segments": encoded(picture.segments, "PNG", compress_level=4),
            "au_heatmaps": heatmaps,
            "landmarks_visible": self._visible(posed, camera, picture).tolist(),
            "camera": camera.as_row(),
            "mesh_parameters": json.dumps({k: round(v, 6) for k, v in sorted(person.shape.parameters.items())}),
        }


def maker_with(files: HeadFiles | None) -> Callable[[Spec], FrameMaker]:
    """What makes a `FrameMaker` of a spec in any process (picklable); `files`: those that the head is made from."""
    return functools.partial(FrameMaker, files=files)


def encoded(pixels: np.ndarray, form: str, **options: int) -> dict:
    """Pixels as `datasets` stores a picture."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form, **options)
    return {"bytes": buffer.getvalue(), "path": None}
