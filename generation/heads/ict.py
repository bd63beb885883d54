"""People of ICT-FaceKit (Li et al. 2020, MIT), wrapped, from the user's pack of it (`ict_pack.py`)."""

from pathlib import Path

import numpy as np

from ..geometry.surface import Surface
from .ict_pack import MODE_LIMIT, read_skin
from .makehuman import fit_sphere
from .wrapping.template import template
from .wrapping.wrap import wrap
from .wrapping.wrapped_head import OtherHead, WrappedHead


def load(path: Path) -> WrappedHead:
    """The head of the pack at `path`. Raises WorkFailed when there is no pack, or it is another file."""
    skin = read_skin(path)
    found = wrap(template(), Surface(skin.mean, skin.triangles), skin.landmarks)
    return WrappedHead(
        OtherHead(
            name="ict",
            about=f"{path.name}: ICT-FaceKit, {len(skin.identity)} modes of identity",
            triangles=skin.triangles,
            wrap=found,
            eyes=np.stack([fit_sphere(eye) for eye in skin.eyes]),
            modes=skin.identity,
            eye_modes=skin.eye_modes,
            limit=MODE_LIMIT,
        )
    )
