"""Neutral views of a textured head, as pictures that diffusion models go on from."""

import numpy as np

from ..appearance.base import Look
from ..appearance.texture import texels_at
from ..geometry.camera import Camera
from ..heads.base import HeadShape
from ..plan import IdentityPlan
from ..render.base import HeadPose, RenderedView
from ..render.raster.renderer import RasterRenderer
from ..streams import stream


def neutral_view(
    renderer: RasterRenderer, plan: IdentityPlan, shape: HeadShape, look: Look, camera: Camera, seed: int
) -> RenderedView:
    """The neutral face of a person."""
    posed = renderer.pose(plan, look, HeadPose(shape.control, shape.eyes, (0.0, 0.0)), seed)
    noise = stream(seed, "photoreal.noise", plan.identity_id, view=camera.plan.view_id)
    return renderer.render(posed, look, camera, noise)


def known_side(
    renderer: RasterRenderer, plan: IdentityPlan, shape: HeadShape, look: Look, camera: Camera, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """A view of a textured head (S, S, 3) uint8, and how much of each pixel the texture shows, (S, S) 0-1."""
    view = neutral_view(renderer, plan, shape, look, camera, seed)
    uv = renderer.head.topology.uv[np.maximum(view.ids, 0)]
    weights = np.concatenate([view.weights, 1 - view.weights.sum(axis=2, keepdims=True)], axis=2)
    places = np.where((view.ids >= 0)[..., None], np.einsum("ijk,ijkc->ijc", weights, uv), -1).astype(np.float32)
    texels = look.texture.at(camera.pixel_mm)
    known = texels_at(texels, places.reshape(-1, 2))[:, 3].reshape(view.ids.shape)
    return view.rgb, np.clip(known, 0, 1)
