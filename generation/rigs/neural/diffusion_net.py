"""DiffusionNet (Sharp, Attaiki, Crane & Ovsjanikov 2022): learning on surfaces by heat diffusion.

A block spreads every channel by the heat equation for a learned time (section 3.3), forms products of the channels'
tangent gradients that do not depend on the tangent frames (section 3.4), and mixes everything at each vertex with a
small perceptron and a residual connection (section 3.5). It knows neither vertex order nor triangles, only operators.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from .operators import MeshOperators, torch_sparse


@dataclass(frozen=True)
class SurfaceTensors:
    """The operators that a block reads: mass (V,), eigenvalues (k,), eigenvectors (V, k), gradients (V, V) sparse."""

    mass: torch.Tensor
    eigenvalues: torch.Tensor
    eigenvectors: torch.Tensor
    gradient_x: torch.Tensor
    gradient_y: torch.Tensor

    @classmethod
    def of(
        cls,
        operators: MeshOperators,
        scale: float = 1.0,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> "SurfaceTensors":
        """Tensors of the surface measured in a unit of length that is `scale` of the operators' own."""

        def dense(array: np.ndarray) -> torch.Tensor:
            return torch.from_numpy(array).to(device, dtype)

        return cls(
            dense(operators.mass / scale**2),
            dense(operators.eigenvalues * scale**2),
            dense(operators.eigenvectors * scale),
            torch_sparse(operators.gradient_x * scale, dtype, device),
            torch_sparse(operators.gradient_y * scale, dtype, device),
        )


class LearnedDiffusion(nn.Module):
    """Heat diffusion of each channel for its own learned time, in the span of the eigenvectors.

    The parameter is the logarithm of the time: times are positive, differ by orders of magnitude, and one step of an
    optimiser is larger than the shortest of them. Learned as they are, they fall below zero, and a clamp there passes
    no gradient back: the channel never diffuses again.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        # Times from the size of a wrinkle to that of the face, when the unit of length is a decimetre.
        self.log_time = nn.Parameter(torch.logspace(-4, 0, width).log())

    def forward(self, features: torch.Tensor, surface: SurfaceTensors) -> torch.Tensor:
        """(V, C) -> (V, C)."""
        spectrum = surface.eigenvectors.T @ (surface.mass[:, None] * features)
        decay = torch.exp(-surface.eigenvalues[:, None] * self.log_time.exp())
        return surface.eigenvectors @ (decay * spectrum)


class GradientFeatures(nn.Module):
    """tanh of the inner products of each channel's gradient with a learned rotation-scaling mix of all gradients."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.real = nn.Linear(width, width, bias=False)
        self.imaginary = nn.Linear(width, width, bias=False)

    def forward(self, features: torch.Tensor, surface: SurfaceTensors) -> torch.Tensor:
        """(V, C) -> (V, C)."""
        x, y = surface.gradient_x @ features, surface.gradient_y @ features
        mixed_x = self.real(x) - self.imaginary(y)
        mixed_y = self.real(y) + self.imaginary(x)
        return torch.tanh(x * mixed_x + y * mixed_y)


class DiffusionBlock(nn.Module):
    """One block: diffuse, take gradients, mix at each vertex, add to the input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.diffusion = LearnedDiffusion(width)
        self.gradients = GradientFeatures(width)
        self.mix = nn.Sequential(nn.Linear(3 * width, width), nn.ReLU(), nn.Linear(width, width))

    def forward(self, features: torch.Tensor, surface: SurfaceTensors) -> torch.Tensor:
        """(V, C) -> (V, C)."""
        diffused = self.diffusion(features, surface)
        return features + self.mix(torch.cat([features, diffused, self.gradients(diffused, surface)], dim=1))


class DiffusionNet(nn.Module):
    """`blocks` blocks of `width` channels between two linear maps: (V, inputs) -> (V, outputs)."""

    def __init__(self, inputs: int, outputs: int, width: int, blocks: int) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, width)
        self.blocks = nn.ModuleList(DiffusionBlock(width) for _ in range(blocks))
        self.last = nn.Linear(width, outputs)

    def forward(self, features: torch.Tensor, surface: SurfaceTensors) -> torch.Tensor:
        features = self.first(features)
        for block in self.blocks:
            features = block(features, surface)
        return self.last(features)
