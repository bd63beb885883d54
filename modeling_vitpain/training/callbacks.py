"""What happens around the epochs of a training run."""

import math
import sys

from torch import nn
from tqdm import tqdm
from transformers import TrainerCallback


def in_backbone(name: str) -> bool:
    """Whether a parameter of a ViTPain belongs to its backbone, or to the backbone of its references."""
    return name.startswith(("backbone.", "reference_backbone."))


class FollowEpoch(TrainerCallback):
    """Sets the epoch of the training frames, which their augmentation depends on.

    Trainer's loaders do so neither with several processes nor when an epoch is resumed in its middle.
    """

    def __init__(self, frames):
        self.frames = frames

    def on_epoch_begin(self, args, state, control, **kwargs):
        self.frames.set_epoch(int(state.epoch or 0))


class FreezeBackbone(TrainerCallback):
    """Only the heads learn in the first epochs. The optimizer knows the backbone from the start."""

    def __init__(self, model: nn.Module, epochs: int):
        self.parameters = [p for name, p in model.named_parameters() if in_backbone(name) and p.requires_grad]
        self.epochs = epochs

    def on_epoch_begin(self, args, state, control, **kwargs):
        for parameter in self.parameters:
            parameter.requires_grad_((state.epoch or 0) >= self.epochs)

    def on_train_end(self, args, state, control, **kwargs):
        for parameter in self.parameters:
            parameter.requires_grad_(True)


class Progress(TrainerCallback):
    """A bar with the time left on a terminal; elsewhere a plain line an epoch. From the first process only."""

    def on_train_begin(self, args, state, control, **kwargs):
        disable = None if state.is_world_process_zero else True
        self.bar = tqdm(total=state.max_steps, initial=state.global_step, desc="train", unit="step", disable=disable)
        self.train_loss = float("nan")

    def on_step_end(self, args, state, control, **kwargs):
        self.bar.update(1)

    def on_log(self, args, state, control, logs=None, **kwargs):
        self.train_loss = (logs or {}).get("loss", self.train_loss)

    def on_evaluate(self, args, state, control, metrics=None, **kwargs):
        line = (
            f"epoch {math.ceil(state.epoch):>3}  step {state.global_step}/{state.max_steps}  "
            f"loss {self.train_loss:.3f}  validation: loss {metrics['eval_loss']:.3f}  "
            f"PSPI MAE {metrics['eval_pspi_mae']:.3f}"
        )
        if "eval_au_mae" in metrics:  # data may have PSPI alone
            line += f"  AU MAE {metrics['eval_au_mae']:.3f}"
        if not self.bar.disable:
            self.bar.set_postfix_str(f"val MAE {metrics['eval_pspi_mae']:.2f}")
        elif state.is_world_process_zero:
            print(line, file=sys.stderr, flush=True)

    def on_train_end(self, args, state, control, **kwargs):
        self.bar.close()
