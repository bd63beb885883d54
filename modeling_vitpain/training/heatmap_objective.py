"""The heatmap objective, by which a small ViT learns from few faces without pretrained weights. Not in the paper.

With seven labels a picture and some hundred pictures, a ViT from random weights only learns to predict the mean. The
heatmaps show where the faces moved and how much, so in training the backbone's tokens have to predict them:

- each patch token the heat of its own patch, on a small grid;
- the CLS token, or what else the PSPI branch reads, the mean heat of every patch, so that it collects what that branch
  will need.

The two linear heads that predict are dropped after training: the model, its inputs and its outputs are unchanged. The
loss itself is `losses_vitpain.heatmap_error`.
"""

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ..backbone_vitpain import face_and_patches
from ..losses_vitpain import HEATMAP_CELLS, heatmap_error
from ..modeling_vitpain import ViTPainForPainAssessment


class HeatmapObjective(nn.Module):
    """Two linear heads that predict heat from a model's tokens, which forward hooks on that model keep for them."""

    def __init__(self, model: ViTPainForPainAssessment):
        super().__init__()
        self.grid = model.config.patch_grid(*model.config.image_size)
        self.pooling = model.config.pooling
        rows, columns = self.grid
        self.of_patch = nn.Linear(model.config.hidden_size, HEATMAP_CELLS**2)
        self.of_face = nn.Linear(model.config.pooled_size, rows * columns)
        self._tokens: Tensor | None = None
        model.register_forward_pre_hook(self._forget_tokens)
        model.backbone.register_forward_hook(self._keep_tokens)

    def _forget_tokens(self, model: nn.Module, inputs: tuple) -> None:
        self._tokens = None

    def _keep_tokens(self, backbone: nn.Module, inputs: tuple, output) -> None:
        """Keeps the tokens of the frames, which are encoded first; a shared encoder runs again for the references."""
        if self._tokens is None and torch.is_grad_enabled():
            self._tokens = output.last_hidden_state

    def follow(self, optimizer: torch.optim.Optimizer) -> None:
        """Averages the heads' gradients over the processes before each step of `optimizer`, and clears them after it.

        Trainer and accelerate do both for the model's parameters only.
        """
        optimizer.register_step_pre_hook(lambda *_: self._average_gradients())
        optimizer.register_step_post_hook(lambda *_: self.zero_grad())

    def _average_gradients(self) -> None:
        if dist.is_initialized():
            for parameter in self.parameters():
                dist.all_reduce(parameter.grad)
                parameter.grad /= dist.get_world_size()

    def forward(self, heatmaps: Tensor) -> Tensor:
        """`heatmap_error` of the model's last forward pass, (). `heatmaps` (B, H, W), 0-1, in the frames' geometry."""
        tokens, self._tokens = self._tokens, None
        face, patches = face_and_patches(tokens, self.grid[0] * self.grid[1], self.pooling)
        return heatmap_error(self.of_patch(patches), self.of_face(face), heatmaps, self.grid)
