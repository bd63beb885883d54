"""What lets a small ViT learn from a few faces, with no pretrained weights. Not in the paper, which starts from ViT-L.

With seven labels a picture and some hundred pictures, a ViT from random weights stays at the trivial answer. The heatmaps
say for the same pictures where the face moved and how much; while training, the backbone has to tell that too:

- each patch token tells the heat of its own patch, on a small grid;
- the CLS token tells the mean heat of every patch, so that it learns to gather before the PSPI branch needs it.

The two linear heads that read it are thrown away after training: the model, its inputs and its outputs are unchanged.
"""

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ..modeling_vitpain import ViTPainForPainAssessment

CELLS = 2
"""Rows and columns of cells inside a patch."""
_UNIT = 0.1
"""Heat, as a share of full scale, that counts as 1 in the loss: near the standard deviation inside faces in pain."""


class HeatmapObjective(nn.Module):
    """Mean squared error of the heat that the tokens tell. Belongs to one model, whose tokens it taps."""

    def __init__(self, model: ViTPainForPainAssessment):
        super().__init__()
        self.grid = model.config.patch_grid(*model.config.image_size)
        rows, columns = self.grid
        self.of_patch = nn.Linear(model.config.hidden_size, CELLS * CELLS)
        self.of_face = nn.Linear(model.config.hidden_size, rows * columns)
        self._tokens: Tensor | None = None
        model.register_forward_pre_hook(self._forget_tokens)
        model.backbone.register_forward_hook(self._keep_tokens)

    def _forget_tokens(self, model: nn.Module, inputs: tuple) -> None:
        self._tokens = None

    def _keep_tokens(self, backbone: nn.Module, inputs: tuple, output) -> None:
        """Of the frames, which come first; an encoder shared with the references runs a second time."""
        if self._tokens is None and torch.is_grad_enabled():
            self._tokens = output.last_hidden_state

    def follow(self, optimizer: torch.optim.Optimizer) -> None:
        """Makes the heads, which an optimizer holds beside the model, part of the training loop.

        Trainer and accelerate only know the model: they neither average the gradients of these two heads over the
        processes nor clear them after a step.
        """
        optimizer.register_step_pre_hook(lambda *_: self._average_gradients())
        optimizer.register_step_post_hook(lambda *_: self.zero_grad())

    def _average_gradients(self) -> None:
        if dist.is_initialized():
            for parameter in self.parameters():
                dist.all_reduce(parameter.grad)
                parameter.grad /= dist.get_world_size()

    def forward(self, heatmaps: Tensor) -> Tensor:
        """Loss of the model's last forward pass. `heatmaps` (B, H, W), 0-1, of the same frames and geometry. Scalar."""
        tokens, self._tokens = self._tokens, None
        rows, columns = self.grid
        cells = nn.functional.adaptive_avg_pool2d(heatmaps[:, None], (rows * CELLS, columns * CELLS))[:, 0] / _UNIT
        # (B, rows, columns, CELLS, CELLS) -> (B, N, CELLS^2), patches in raster order as the tokens are
        cells = cells.unfold(1, CELLS, CELLS).unfold(2, CELLS, CELLS).reshape(len(heatmaps), rows * columns, -1)
        patches = tokens[:, -rows * columns :]
        told = nn.functional.mse_loss(self.of_patch(patches), cells)
        return told + nn.functional.mse_loss(self.of_face(tokens[:, 0]), cells.mean(dim=-1))
