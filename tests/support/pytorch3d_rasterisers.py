"""Two rasterisers of pytorch3d beside the compiled one: its reference in pure Python, and what stands in here.

Import `generation.render.pytorch3d` before it.
"""

import torch
from pytorch3d.renderer.mesh.rasterize_meshes import rasterize_meshes_python
from pytorch3d.structures import Meshes

from generation.render.pytorch3d import torch_extension


def reference(corners: torch.Tensor, side: int):
    """`rasterize_meshes_python` of faces (F, 3, 3) in a picture of `side` pixels."""
    count = len(corners)
    mesh = Meshes(corners.reshape(1, -1, 3), torch.arange(3 * count).reshape(1, -1, 3))
    return rasterize_meshes_python(
        mesh, side, 0.0, 1, perspective_correct=True, cull_backfaces=True, cull_to_frustum=False
    )


def stand_in(corners: torch.Tensor, side: int):
    """The same picture by `torch_extension`."""
    first, count = torch.tensor([0]), torch.tensor([len(corners)])
    neighbours = torch.full((len(corners),), -1)
    return torch_extension.rasterize_meshes(
        corners, first, count, neighbours, (side, side), 0.0, 1, 0, 0, True, False, True
    )
