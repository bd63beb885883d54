"""The network: geometry of a neutral face in, Jacobians of every action unit out, vertices by the Poisson solve.

Qin et al. 2023 (Neural Face Rigging), section 4, with these differences: there is no image encoder, the expression
code is the action units themselves, and by default the Jacobians are linear in the channels of `ict.gates`, so that a
face is bound once and then posed by a small matrix product, every vertex moving on a straight line with each unit.
"""

from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import nn

from dataset_script.errors import InvalidInput

from .diffusion_net import DiffusionNet, SurfaceTensors
from .ict import CHANNELS
from .operators import MeshOperators
from .poisson import PoissonSolver

UNIT_MM = 100.0
"""The network's unit of length: heads are about two of it."""
STILL_BEHIND_MM, STILL_ABOVE_MM, STILL_FADE_MM = -50.0, -40.0, 20.0
"""The skull behind and above these planes is moved by no action unit: it anchors the face."""


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the network.

    Attributes:
        width, blocks: of the geometry encoder, a DiffusionNet; each vertex gets `width` features.
        eigenvectors: how many the surface's operators have.
        identity: size of the code of the whole face, the area-weighted mean of a second, smaller encoder.
        decoder_width, decoder_layers: of the perceptron of every triangle.
        linear: Jacobians linear in the gates; False lets the units change each other's Jacobians.
    """

    width: int = 128
    blocks: int = 4
    eigenvectors: int = 128
    identity: int = 32
    decoder_width: int = 256
    decoder_layers: int = 4
    linear: bool = True

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value < 1 and name != "linear":
                raise InvalidInput(f"{name} is {value}; allowed is 1 and more")


class RigMesh:
    """A neutral face as the network sees it: V vertices, F triangles, made from its operators (millimetres).

    Attributes:
        faces: (F, 3) corner vertices.
        features: (V, 6) position in units of 100 mm and normal.
        face_features: (F, 6) centroid and normal.
        surface: the operators as tensors, in units of 100 mm.
        solver: Jacobians to displacements in mm, the back of the head held still.
    """

    def __init__(self, operators: MeshOperators, device: str = "cpu") -> None:
        vertices, faces = operators.vertices, operators.faces
        corners = vertices[faces]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)

        def tensor(*parts: np.ndarray) -> torch.Tensor:
            return torch.from_numpy(np.concatenate(parts, axis=1)).to(device, torch.float32)

        self.faces = torch.from_numpy(faces).to(device)
        self.features = tensor(vertices / UNIT_MM, operators.normals)
        self.face_features = tensor(corners.mean(axis=1) / UNIT_MM, normals)
        self.surface = SurfaceTensors.of(operators, scale=UNIT_MM, device=device)
        self.solver = PoissonSolver(vertices, faces, still(vertices) * operators.mass, device)


def still(vertices: np.ndarray) -> np.ndarray:
    """(V,) 0-1: how surely a point (V, 3) of a head does not move, whatever the face does.

    Raises:
        InvalidInput: no point is still; the mesh is a mask without the sides of a head, or not in the head frame.
    """
    behind = np.clip((STILL_BEHIND_MM - vertices[:, 2]) / STILL_FADE_MM, 0, 1)
    above = np.clip((vertices[:, 1] - STILL_ABOVE_MM) / STILL_FADE_MM, 0, 1)
    if not (behind * above).any():
        raise InvalidInput(
            f"vertices: none lies behind z = {STILL_BEHIND_MM:g} mm and above y = {STILL_ABOVE_MM:g} mm; a head must "
            "reach behind the temples (millimetres, origin between the eyes, y up, z to the front)"
        )
    return behind * above


class NeuralRigNetwork(nn.Module):
    """Predicts the Jacobians (less the identity) of a face's triangles under any combination of channels."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.geometry = DiffusionNet(6, config.width, config.width, config.blocks)
        self.identity = DiffusionNet(6, config.identity, max(config.width // 2, 1), max(config.blocks // 2, 1))
        inputs = config.width + config.identity + 6 + (0 if config.linear else len(CHANNELS))
        layers: list[nn.Module] = []
        for k in range(config.decoder_layers):
            layers += [nn.Linear(config.decoder_width if k else inputs, config.decoder_width)]
            layers += [nn.LayerNorm(config.decoder_width), nn.ReLU()]
        last = nn.Linear(config.decoder_width, len(CHANNELS) * 9)
        nn.init.normal_(last.weight, std=1e-3)
        nn.init.zeros_(last.bias)
        self.decoder = nn.Sequential(*layers, last)

    def forward(self, mesh: RigMesh, gates: torch.Tensor) -> torch.Tensor:
        """Gates (B, 21) -> (B, F, 3, 3); rows of zeros give exactly zero."""
        described = self.describe(mesh)
        if self.config.linear:
            return torch.einsum("bc,cfij->bfij", gates, self._decode(described, mesh))
        return torch.stack([self._expression(described, mesh, row) for row in gates])

    def channels(self, mesh: RigMesh) -> torch.Tensor:
        """(21, F, 3, 3): the Jacobians of each channel at full share; only of a linear network."""
        if not self.config.linear:
            raise InvalidInput("linear is False; the channels of such a network depend on each other")
        return self._decode(self.describe(mesh), mesh)

    def describe(self, mesh: RigMesh) -> torch.Tensor:
        """(F, features) of every triangle: mean of its corners' features, the face's code, centroid and normal."""
        vertex = self.geometry(mesh.features, mesh.surface)
        whole = self.identity(mesh.features, mesh.surface)
        code = (mesh.surface.mass @ whole) / mesh.surface.mass.sum()
        corner = vertex[mesh.faces].mean(dim=1)
        return torch.cat([corner, code.expand(len(corner), -1), mesh.face_features], dim=1)

    def _expression(self, described: torch.Tensor, mesh: RigMesh, gates: torch.Tensor) -> torch.Tensor:
        deltas = self._decode(torch.cat([described, gates.expand(len(described), -1)], dim=1), mesh)
        return torch.einsum("c,cfij->fij", gates, deltas)

    def _decode(self, inputs: torch.Tensor, mesh: RigMesh) -> torch.Tensor:
        """(21, F, 3, 3), with nothing along the normals, which no surface can show."""
        deltas = self.decoder(inputs).unflatten(1, (len(CHANNELS), 3, 3)).transpose(0, 1)
        normals = mesh.face_features[:, 3:]
        along = torch.einsum("cfij,fj->cfi", deltas, normals)
        return deltas - along[..., None] * normals[:, None, :]
