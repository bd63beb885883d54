"""The network: geometry of a neutral face in, Jacobians of every action unit out, vertices by the Poisson solve.

Qin et al. 2023 (Neural Face Rigging), section 4, with these differences: there is no image encoder, the expression
code is the action units themselves, and by default the Jacobians are linear in the channels of `channels.gates`. A face
is then bound once and posed by a small matrix product, and every vertex moves on a straight line with each unit.
"""

from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
import torch
from scipy import sparse
from torch import nn

from dataset_script.errors import InvalidInput

from .channels import CHANNELS
from .diffusion_net import DiffusionNet, SurfaceTensors
from .operators import MeshOperators, torch_sparse
from .poisson import PoissonSolver

UNIT_MM = 100.0
"""The network's unit of length: heads are about two of it."""
STILL_BACK_MM, STILL_TOP_MM, STILL_TOP_BACK_MM, STILL_FADE_MM = -110.0, 70.0, -50.0, 20.0
"""Behind the first plane (z), and above the second (y) behind the third, no action unit moves the skull: it anchors the
face. The ears are not still: smiles and raised brows move them by more than a millimetre.
"""


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the network.

    Attributes:
        width, blocks: of the geometry encoder, a DiffusionNet; each vertex gets `width` features.
        eigenvectors: how many the surface's operators have.
        identity: size of the code of the whole face, the area-weighted mean of a second, smaller encoder.
        decoder_width, decoder_layers: of the perceptron of every triangle.
        frequencies: how many sines and cosines of each coordinate of the centroid it gets: of 400 mm, 200 mm, ...
        screen_mm: detail finer than this comes from the Jacobians, the rest from directly predicted displacements, see
            `poisson`; 0 for Jacobians alone, as in the paper.
        linear: Jacobians linear in the gates; False lets the units change each other's Jacobians.
    """

    width: int = 128
    blocks: int = 4
    eigenvectors: int = 128
    identity: int = 32
    decoder_width: int = 256
    decoder_layers: int = 4
    frequencies: int = 4
    screen_mm: float = 20.0
    linear: bool = True

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            least = 0 if name in ("linear", "frequencies", "screen_mm") else 1
            if value < least:
                raise InvalidInput(f"{name} is {value}; allowed is {least} and more")


class RigMesh:
    """A neutral face as the network sees it: V vertices, F triangles, made from its operators (millimetres).

    Attributes:
        faces: (F, 3) corner vertices.
        features: (V, 6) position in units of 100 mm and normal.
        face_features: (F, 6) centroid and normal.
        surface: the operators as tensors, in units of 100 mm.
        solver: Jacobians to displacements in mm, the back of the head held still.
        around: (V, F) sparse, mean over the triangles at a vertex.
    """

    def __init__(self, operators: MeshOperators, screen_mm: float = 0.0, device: str = "cpu") -> None:
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
        self.solver = PoissonSolver(vertices, faces, still(vertices) * operators.mass, screen_mm or None, device)
        around = sparse.csr_matrix((np.ones(faces.size), (faces.ravel(), np.repeat(np.arange(len(faces)), 3))))
        mean = sparse.diags(1 / np.asarray(around.sum(axis=1)).ravel()) @ around
        self.around = torch_sparse(mean, torch.float32, device)


def still(vertices: np.ndarray) -> np.ndarray:
    """(V,) 0-1: how far a point (V, 3) of a head belongs to the part of the skull that no expression moves.

    Raises:
        InvalidInput: no point is still; the mesh is a mask without the sides of a head, or not in the head frame.
    """
    _, y, z = np.asarray(vertices, np.float64).T
    top = np.minimum(y - STILL_TOP_MM, STILL_TOP_BACK_MM - z)
    weights = np.clip(np.maximum(STILL_BACK_MM - z, top) / STILL_FADE_MM, 0, 1)
    if not weights.any():
        raise InvalidInput(
            f"vertices: none lies behind z = {STILL_BACK_MM:g} mm, or above y = {STILL_TOP_MM:g} mm and behind z = "
            f"{STILL_TOP_BACK_MM:g} mm; a head must have its skull (mm, origin between the eyes, y up, z to the front)"
        )
    return weights


class Prediction(NamedTuple):
    """What the network predicts for a face: B expressions, V vertices, F triangles.

    Attributes:
        deltas: (B, F, 3, 3) Jacobians less the identity.
        guess: (B, V, 3) mm displacements for the screen of the solve, or None without one.
    """

    deltas: torch.Tensor
    guess: torch.Tensor | None

    def displacements(self, mesh: RigMesh) -> torch.Tensor:
        """(B, V, 3) mm, by the Poisson solve."""
        return mesh.solver.displacements(self.deltas, self.guess)


def _perceptron(inputs: int, width: int, layers: int, outputs: int) -> nn.Sequential:
    """A perceptron whose outputs are zero before training."""
    parts: list[nn.Module] = []
    for k in range(layers):
        parts += [nn.Linear(width if k else inputs, width), nn.LayerNorm(width), nn.ReLU()]
    last = nn.Linear(width, outputs)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(*parts, last)


def _waves(features: torch.Tensor, frequencies: int) -> torch.Tensor:
    """(N, 6 + 6 frequencies): positions and normals (N, 6) themselves, and waves of the positions."""
    octaves = 0.5 * torch.pi * 2.0 ** torch.arange(frequencies, device=features.device)
    phase = (features[:, :3, None] * octaves).flatten(1)
    return torch.cat([features, torch.sin(phase), torch.cos(phase)], dim=1)


class NeuralRigNetwork(nn.Module):
    """Predicts the Jacobians (less the identity) of a face's triangles under any combination of channels."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.geometry = DiffusionNet(6, config.width, config.width, config.blocks)
        self.identity = DiffusionNet(6, config.identity, max(config.width // 2, 1), max(config.blocks // 2, 1))
        inputs = config.width + config.identity + 6 + 6 * config.frequencies + (0 if config.linear else len(CHANNELS))
        outputs = len(CHANNELS) * (12 if config.screen_mm else 9)
        # Training starts from a face that does not move.
        self.decoder = _perceptron(inputs, config.decoder_width, config.decoder_layers, outputs)
        self.register_buffer("scale", torch.ones(2, len(CHANNELS)))

    def fit_scale(self, jacobians: torch.Tensor, displacements: torch.Tensor) -> None:
        """Sets the size of each channel's outputs from true Jacobians (21, F, 3, 3) and displacements (21, V, 3)."""
        self.scale[0] = jacobians.square().sum(dim=(2, 3)).mean(dim=1).sqrt().clamp(min=1e-4)
        self.scale[1] = displacements.square().sum(dim=2).mean(dim=1).sqrt().clamp(min=1e-3)

    def forward(self, mesh: RigMesh, gates: torch.Tensor) -> Prediction:
        """The face under gates (B, 21). Rows of zeros give exactly zero."""
        described = self._describe(mesh)
        if self.config.linear:
            return Prediction(*_mixed(gates, *self._decode(described, mesh)))
        rows = [_mixed(row[None], *self._decode(_with(described, row), mesh)) for row in gates]
        deltas, guesses = zip(*rows, strict=True)
        guess = torch.cat(guesses) if self.config.screen_mm else None
        return Prediction(torch.cat(deltas), guess)

    def channels(self, mesh: RigMesh) -> Prediction:
        """Each channel at full share, B = 21; only of a linear network."""
        if not self.config.linear:
            raise InvalidInput("linear is False; the channels of such a network depend on each other")
        return Prediction(*self._decode(self._describe(mesh), mesh))

    def _describe(self, mesh: RigMesh) -> torch.Tensor:
        """(F, features) of every triangle: mean of its corners' features, the face's code, centroid, normal, waves."""
        vertex = self.geometry(mesh.features, mesh.surface)
        whole = self.identity(mesh.features, mesh.surface)
        code = (mesh.surface.mass @ whole) / mesh.surface.mass.sum()
        corner = vertex[mesh.faces].mean(dim=1)
        waves = _waves(mesh.face_features, self.config.frequencies)
        return torch.cat([corner, code.expand(len(corner), -1), waves], dim=1)

    def _decode(self, inputs: torch.Tensor, mesh: RigMesh) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Jacobians of all channels (21, F, 3, 3), which are zero along the normals, and guesses (21, V, 3) mm."""
        outputs = self.decoder(inputs).unflatten(1, (len(CHANNELS), -1)).transpose(0, 1)
        deltas = outputs[..., :9].unflatten(2, (3, 3)) * self.scale[0, :, None, None, None]
        normals = mesh.face_features[:, 3:]
        along = torch.einsum("cfij,fj->cfi", deltas, normals)
        deltas = deltas - along[..., None] * normals[:, None, :]
        if not self.config.screen_mm:
            return deltas, None
        columns = (outputs[..., 9:] * self.scale[1, :, None, None]).transpose(0, 1).flatten(1)
        return deltas, (mesh.around @ columns).unflatten(1, (-1, 3)).transpose(0, 1)


def _with(described: torch.Tensor, gates: torch.Tensor) -> torch.Tensor:
    return torch.cat([described, gates.expand(len(described), -1)], dim=1)


def _mixed(gates: torch.Tensor, deltas: torch.Tensor, guess: torch.Tensor | None):
    """Sums of the channels weighted by gates (B, 21)."""
    mixed = torch.einsum("bc,cfij->bfij", gates, deltas)
    return mixed, None if guess is None else torch.einsum("bc,cvi->bvi", gates, guess)
