"""What happens around the epochs of a training run."""

import math
import sys
import time

from torch import nn
from tqdm import tqdm
from transformers import TrainerCallback

from dataset_script.progress import Progress as LineProgress

from .rates import in_backbone


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


class TimeLimit(TrainerCallback):
    """Ends training after some minutes: the epoch then ends as any other, with its evaluation and its checkpoint.

    `share` is the share of the time that is over, for the learning rate.
    """

    def __init__(self, minutes: float):
        self.seconds = 60 * minutes
        self.started: float | None = None

    @property
    def share(self) -> float:
        return 0.0 if self.started is None else min((time.monotonic() - self.started) / self.seconds, 1.0)

    def on_train_begin(self, args, state, control, **kwargs):
        self.started = time.monotonic()

    def on_step_end(self, args, state, control, **kwargs):
        if self.share >= 1.0:
            control.should_training_stop = True


class Progress(TrainerCallback):
    """A bar with the time left on a terminal; elsewhere a line every few seconds and one an epoch.

    From the first process only.
    """

    def on_train_begin(self, args, state, control, model=None, **kwargs):
        disable = None if state.is_world_process_zero else True
        self.bar = tqdm(total=state.max_steps, initial=state.global_step, desc="train", unit="step", disable=disable)
        self.train_loss = float("nan")
        self.says_lines = self.bar.disable and state.is_world_process_zero
        self.images = args.train_batch_size * args.gradient_accumulation_steps * args.world_size
        self.training, self.evaluation = LineProgress("images"), None
        if self.says_lines:
            learning = sum(p.numel() for p in model.parameters() if p.requires_grad)
            print(
                f"train: {state.max_steps:,} steps of {self.images} images, {learning:,} parameters learn",
                file=sys.stderr,
                flush=True,
            )
            self._follow_training(state)

    def on_step_end(self, args, state, control, **kwargs):
        self.bar.update(1)
        self._follow_training(state)

    def _follow_training(self, state) -> None:
        if self.says_lines:
            self.training(state.global_step * self.images, state.max_steps * self.images)

    def on_prediction_step(self, args, state, control, eval_dataloader=None, **kwargs):
        if not self.says_lines:
            return
        if self.evaluation is None:
            self.evaluation, self.evaluated = LineProgress("validation images"), 0
        size = args.eval_batch_size * args.world_size
        self.evaluated += 1
        total = len(eval_dataloader.dataset)
        self.evaluation(min(self.evaluated * size, total), total)

    def on_log(self, args, state, control, logs=None, **kwargs):
        self.train_loss = (logs or {}).get("loss", self.train_loss)

    def on_evaluate(self, args, state, control, metrics=None, **kwargs):
        self.evaluation = None
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
