"""People of ICT-FaceKit (Li et al. 2020, MIT): the user's pack of it, see `rigs.neural.ict`, wrapped."""

from pathlib import Path

import numpy as np

from ..rigs.neural.ict import EYE_DISTANCE_MM, LEFT_EYE, MODE_LIMIT, MODES, RIGHT_EYE, load_ict
from .makehuman import fit_sphere
from .surface import Surface
from .template import template
from .wrap import wrap
from .wrapped import OtherHead, WrappedHead

LICENCE, FRAMES_LICENCE = "MIT", "CC-BY-4.0"


def load(path: Path) -> WrappedHead:
    """The head of the pack at `path`. Raises WorkFailed when there is no pack, or it is another file."""
    faces = load_ict(path)
    eyes, eye_modes = _eyes(path)
    found = wrap(template(), Surface(faces.mean, faces.triangles), faces.landmarks(faces.mean))
    return WrappedHead(
        OtherHead(
            "ict",
            LICENCE,
            FRAMES_LICENCE,
            f"{path.name}: ICT-FaceKit, {len(faces.identity)} modes of identity",
            faces.triangles,
            found,
            eyes,
            faces.identity,
            eye_modes,
            MODE_LIMIT,
        )
    )


def _eyes(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """The mean person's eyeballs (2, 4), and how each mode of `load_ict` moves them (M, 2, 3); mm in its frame."""
    with np.load(path, allow_pickle=False) as pack:
        mean, identity = pack["V"].astype(np.float64), pack["I"][:MODES].astype(np.float64)
    sides = (LEFT_EYE, RIGHT_EYE)
    both = np.r_[LEFT_EYE, RIGHT_EYE]
    scale = EYE_DISTANCE_MM / np.linalg.norm(mean[LEFT_EYE].mean(axis=0) - mean[RIGHT_EYE].mean(axis=0))
    mean = (mean - mean[both].mean(axis=0)) * scale
    identity = (identity - identity[:, both].mean(axis=1, keepdims=True)) * scale
    moved = np.stack([identity[:, side].mean(axis=1) for side in sides], axis=1)
    return np.stack([fit_sphere(mean[side]) for side in sides]), moved
