"""Trainers for ViTPain on transformers' Trainer: the recipe of the paper's section 5, and distillation (equations 13-15).

- Two parameter groups, backbone and heads; together they hold every trainable parameter.
- The best epoch is chosen by the PSPI error on the validation identities. Test is never seen here.
- A small model from random weights also learns the heatmaps (see `from_scratch.py`).
- A resumed run equals a straight one bit for bit: augmentation, order and dropout are restored.
"""

import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from tqdm import tqdm
from transformers import EvalPrediction, Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_callback import PrinterCallback, ProgressCallback

from dataset_script.errors import InvalidInput

from .from_scratch import HeatmapObjective
from .modeling_vitpain import ViTPainForPainAssessment, ViTPainOutput

_OBJECTIVE = "heatmap_objective.safetensors"


@dataclass(frozen=True)
class Recipe:
    """Hyperparameters of a run; `pain3d train` takes one of the two below and lets its options override."""

    epochs: int
    batch_size: int
    head_lr: float
    backbone_lr: float
    weight_decay: float
    freeze_epochs: int
    """Epochs in which only the heads learn."""
    warmup: float
    """Share of all steps in which the rate rises; afterwards it falls by a cosine to 1 %."""
    heatmap_weight: float = 0.0
    """Weight of `from_scratch.HeatmapObjective` in the loss; 0: none."""
    face_crop: float | None = None
    """The image processor's: None for the whole picture, as the paper has it."""


PAPER = Recipe(
    epochs=100, batch_size=32, head_lr=5e-5, backbone_lr=5e-6, weight_decay=0.01, freeze_epochs=5, warmup=0.0
)
"""For a pretrained backbone: the paper's "Implementation Details" (batch size and decay are not stated there)."""
SCRATCH = Recipe(
    epochs=50,
    batch_size=16,
    head_lr=1e-3,
    backbone_lr=1e-3,
    weight_decay=0.05,
    freeze_epochs=0,
    warmup=0.1,
    heatmap_weight=10.0,
    face_crop=1.1,
)
"""For a small model from random weights."""


@dataclass(frozen=True)
class DistillationWeights:
    """Equations 13-15, with the paper's values."""

    temperature: float = 4.0
    pspi: float = 0.1
    au: float = 0.3
    feature: float = 0.5


class ViTPainTrainer(Trainer):
    """Trainer with the two learning rates, the frozen first epochs and one-line progress of a `Recipe`."""

    def __init__(self, model: ViTPainForPainAssessment, args: TrainingArguments, recipe: Recipe, **kwargs):
        self.recipe = recipe
        self.objective = HeatmapObjective(model).to(args.device) if recipe.heatmap_weight else None
        if self.objective is not None and args.world_size > 1:
            raise InvalidInput(
                f"heatmap_weight is {recipe.heatmap_weight} in {args.world_size} processes; allowed is 1"
            )
        super().__init__(model=model, args=args, compute_metrics=compute_metrics, **kwargs)
        self.remove_callback(PrinterCallback)
        self.remove_callback(ProgressCallback)
        self.add_callback(Progress())
        if recipe.freeze_epochs > 0:
            self.add_callback(FreezeBackbone(model, recipe.freeze_epochs))

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """The supervised loss and, in training from scratch, the weighted heatmap objective."""
        inputs = dict(inputs)
        heatmaps = inputs.pop("heatmaps", None)
        output = model(**inputs)
        loss = output.loss
        if heatmaps is not None:
            loss = loss + self.recipe.heatmap_weight * self.objective(heatmaps)
        return (loss, output) if return_outputs else loss

    def _save(self, output_dir: str | None = None, state_dict: dict | None = None) -> None:
        """The objective's heads go beside the checkpoint, not into the model: a resumed run needs them."""
        super()._save(output_dir, state_dict)
        if self.objective is not None:
            save_file(self.objective.state_dict(), Path(output_dir) / _OBJECTIVE)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        super()._load_from_checkpoint(resume_from_checkpoint, model)
        if self.objective is not None:
            self.objective.load_state_dict(load_file(Path(resume_from_checkpoint) / _OBJECTIVE))

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """AdamW over two groups: the backbone, and everything else."""
        if self.optimizer is None:
            groups: dict[bool, list[nn.Parameter]] = {True: [], False: []}
            for name, parameter in (model or self.model).named_parameters():
                if parameter.requires_grad:
                    groups["backbone." in name].append(parameter)
            if self.objective is not None:
                groups[False] += self.objective.parameters()
            self.optimizer = torch.optim.AdamW(
                [
                    {"params": groups[True], "lr": self.recipe.backbone_lr},
                    {"params": groups[False], "lr": self.recipe.head_lr},
                ],
                weight_decay=self.recipe.weight_decay,
            )
            if self.objective is not None:
                # Trainer clears the gradients of the model after a step, not those of the optimizer.
                self.optimizer.register_step_post_hook(lambda *_: self.objective.zero_grad())
        return self.optimizer


class DistillationTrainer(ViTPainTrainer):
    """Trains a student on pictures with a teacher that sees the heatmaps of the same frames.

    Adds to the supervised loss, equation 15: T^2 KL(teacher || student) on the PSPI logits (the paper's text says
    "softmaxed outputs", but a second softmax would flatten both to near uniform: logits are meant, and used), the MSE of
    the AUs (13) and the MSE of the CLS tokens (14). Evaluation is on the supervised loss alone.

    Args:
        teacher: frozen here, always in eval mode; not part of the saved student.
        weights: temperature and loss weights.

    Raises:
        InvalidInput: teacher and student have tokens of different width, which equation 14 cannot compare.
    """

    def __init__(
        self,
        model: ViTPainForPainAssessment,
        args: TrainingArguments,
        recipe: Recipe,
        teacher: ViTPainForPainAssessment,
        weights: DistillationWeights | None = None,
        **kwargs,
    ):
        if teacher.config.hidden_size != model.config.hidden_size:
            raise InvalidInput(
                f"teacher has tokens of width {teacher.config.hidden_size}; allowed is the student's, {model.config.hidden_size}"
            )
        super().__init__(model, args, recipe, **kwargs)
        self.teacher = teacher.eval().requires_grad_(False).to(self.args.device)
        self.weights = weights or DistillationWeights()

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """The total of equation 15. `inputs` hold `heatmap_pixel_values` (B, 3, H, W) in training, not in evaluation."""
        inputs = dict(inputs)
        teacher_pixels = inputs.pop("heatmap_pixel_values", None)
        loss, output = super().compute_loss(model, inputs, return_outputs=True)
        if teacher_pixels is not None:
            with torch.no_grad():
                teacher_output = self.teacher(teacher_pixels)
            loss = loss + distillation_loss(output, teacher_output, self.weights)
        return (loss, output) if return_outputs else loss


def distillation_loss(student: ViTPainOutput, teacher: ViTPainOutput, weights: DistillationWeights) -> Tensor:
    """The three distillation terms of equation 15, weighted. Scalar; batch means."""
    t = weights.temperature
    kl = nn.functional.kl_div(
        (student.logits.float() / t).log_softmax(dim=-1),
        (teacher.logits.float() / t).log_softmax(dim=-1),
        log_target=True,
        reduction="batchmean",
    )
    au = nn.functional.mse_loss(student.au, teacher.au)
    feature = nn.functional.mse_loss(student.cls, teacher.cls)
    return weights.pspi * t**2 * kl + weights.au * au + weights.feature * feature


class FreezeBackbone(TrainerCallback):
    """Only the heads learn in the first epochs. The optimizer knows the backbone from the start."""

    def __init__(self, model: ViTPainForPainAssessment, epochs: int):
        self.parameters = [p for p in model.backbone.parameters() if p.requires_grad]
        self.epochs = epochs

    def on_epoch_begin(self, args, state, control, **kwargs):
        for parameter in self.parameters:
            parameter.requires_grad_((state.epoch or 0) >= self.epochs)

    def on_train_end(self, args, state, control, **kwargs):
        for parameter in self.parameters:
            parameter.requires_grad_(True)


class Progress(TrainerCallback):
    """A bar with the time left on a terminal; elsewhere a plain line an epoch."""

    def on_train_begin(self, args, state, control, **kwargs):
        self.bar = tqdm(total=state.max_steps, initial=state.global_step, desc="train", unit="step", disable=None)
        self.train_loss = float("nan")

    def on_step_end(self, args, state, control, **kwargs):
        self.bar.update(1)

    def on_log(self, args, state, control, logs=None, **kwargs):
        self.train_loss = (logs or {}).get("loss", self.train_loss)

    def on_evaluate(self, args, state, control, metrics=None, **kwargs):
        line = (
            f"epoch {math.ceil(state.epoch):>3}  step {state.global_step}/{state.max_steps}  "
            f"loss {self.train_loss:.3f}  validation: loss {metrics['eval_loss']:.3f}  "
            f"PSPI MAE {metrics['eval_pspi_mae']:.3f}  AU MAE {metrics['eval_au_mae']:.3f}"
        )
        if not self.bar.disable:
            self.bar.set_postfix_str(f"val MAE {metrics['eval_pspi_mae']:.2f}")
        else:
            print(line, file=sys.stderr, flush=True)

    def on_train_end(self, args, state, control, **kwargs):
        self.bar.close()


def compute_metrics(prediction: EvalPrediction) -> dict[str, float]:
    """PSPI mean absolute error of the expectation, exact accuracy of the likeliest class, AU mean absolute error."""
    logits, pspi, au = prediction.predictions
    labels, au_labels = prediction.label_ids
    return {
        "pspi_mae": float(np.abs(pspi - labels).mean()),
        "pspi_accuracy": float((logits.argmax(axis=-1) == labels).mean()),
        "au_mae": float(np.abs(au - au_labels).mean()),
    }


def training_arguments(
    out: Path, recipe: Recipe, seed: int, max_steps: int | None = None, workers: int = 0
) -> TrainingArguments:
    """TrainingArguments of a recipe, checkpoints of each epoch under `out`."""
    return TrainingArguments(
        output_dir=str(out),
        num_train_epochs=recipe.epochs,
        max_steps=max_steps or -1,
        per_device_train_batch_size=recipe.batch_size,
        per_device_eval_batch_size=recipe.batch_size * 2,
        learning_rate=recipe.head_lr,
        weight_decay=recipe.weight_decay,
        lr_scheduler_type="cosine_with_min_lr",
        lr_scheduler_kwargs={"min_lr_rate": 0.01},
        warmup_steps=recipe.warmup,  # below 1: a share of all steps
        max_grad_norm=1.0,
        eval_strategy="epoch",
        save_strategy="epoch",
        logging_strategy="epoch",
        save_total_limit=2,  # the last and the best
        load_best_model_at_end=True,
        metric_for_best_model="pspi_mae",
        greater_is_better=False,
        label_names=["labels", "au_labels"],  # without it compute_metrics is silently skipped
        remove_unused_columns=False,
        ddp_find_unused_parameters=recipe.freeze_epochs > 0,
        dataloader_num_workers=workers,
        dataloader_pin_memory=torch.cuda.is_available(),
        seed=seed,
        disable_tqdm=True,
        report_to="none",
    )


def scaled(recipe: Recipe, head_lr: float) -> Recipe:
    """The recipe with another learning rate for the heads; the backbone's keeps its ratio to it."""
    return replace(recipe, head_lr=head_lr, backbone_lr=recipe.backbone_lr * head_lr / recipe.head_lr)
