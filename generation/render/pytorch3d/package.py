"""The pytorch3d package: the one place that imports it, and what is done where it was installed without `pytorch3d._C`.

PyPI has no build of pytorch3d for Linux. A source install without a compiler gives all of it but `_C`, its C++ and CUDA
functions; then the few of them that this renderer calls come from `torch_extension`.
"""

import importlib
import sys

from dataset_script.errors import WorkFailed

INSTALL = (
    "pip install 'pain3d[pytorch3d]', then PYTORCH3D_NO_EXTENSION=1 pip install --no-deps --no-build-isolation "
    "--no-binary easypytorch3d easypytorch3d==0.7.9.post1"
)

try:
    import pytorch3d
except ModuleNotFoundError as missing:
    if missing.name != "pytorch3d":
        raise
    raise WorkFailed(f"the renderer pytorch3d needs the package pytorch3d; to install it: {INSTALL}") from missing


def _has_extension() -> bool:
    try:
        importlib.import_module("pytorch3d._C")
    except ModuleNotFoundError as missing:
        if missing.name != "pytorch3d._C":
            raise
        return False
    except ImportError as broken:  # built for another version of torch
        raise WorkFailed(f"pytorch3d's compiled part cannot be loaded: {broken}") from broken
    return True


COMPILED = _has_extension()
"""Whether pytorch3d's own C++ and CUDA functions are there."""
if not COMPILED:
    from . import torch_extension

    # `pytorch3d.renderer` takes `_C` from the package when it is imported
    sys.modules["pytorch3d._C"] = pytorch3d._C = torch_extension
