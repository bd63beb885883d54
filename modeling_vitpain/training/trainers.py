"""Trainers for ViTPain on transformers' Trainer: the paper's section 5, its later versions, and distillation.

- The loss is `losses_vitpain.total_loss`; the trainers collect its terms from a batch.
- The backbone's parameters learn at rates of their own (`rates.py`), the heads' at another.
- The best epoch is chosen by the PSPI error on the validation identities. The test split is never used.
- A resumed run equals an uninterrupted one bit for bit: augmentation, order and dropout are restored. Incomplete
  checkpoints are skipped (`checkpoints.py`).
- Several processes (`accelerate launch`, `torchrun`) share the batches of one run.
"""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.utils.data import Dataset
from transformers import Trainer
from transformers.trainer_callback import PrinterCallback, ProgressCallback
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.facs import AU_NAMES

from ..frames.sampling import PainSampler
from ..losses_vitpain import (
    LossTerms,
    LossWeights,
    add_distillation,
    attention_error,
    check_labels,
    supervised_terms,
    total_loss,
)
from ..modeling_vitpain import ViTPainForPainAssessment
from ..output_vitpain import ViTPainOutput
from .callbacks import FollowEpoch, FreezeBackbone, Progress, TimeLimit
from .checkpoints import mark_complete
from .heatmap_objective import HeatmapObjective
from .lora import add_lora, has_lora
from .metrics import compute_metrics
from .rates import backbone_groups, in_backbone, train_last_layers
from .recipes import ViTPainTrainingArguments

_PRESENT = 1
"""Intensity from which a unit moves the face enough to be looked at."""
_OBJECTIVE = "heatmap_objective.safetensors"


class ViTPainTrainer(Trainer):
    """Trains a model by the recipe in `ViTPainTrainingArguments`.

    With `lora_rank` it puts adapters into the model; `lora.merge_lora` merges them into its weights after training.

    Args:
        model: trained in place.
        args: the recipe.
        train_dataset, eval_dataset: `PainFrames`, or another dataset of items with `pixel_values` and labels.

    Raises:
        InvalidInput: `attention_weight` is above 0, and the model has no AU queries; or the items have no
            `pixel_values`, such as rows of `load_dataset`.
    """

    targets = ("labels", "au_labels", "pain_labels", "heatmaps", "au_heat")
    """What a batch may hold beside the model's inputs."""

    def __init__(self, model: ViTPainForPainAssessment, args: ViTPainTrainingArguments, **kwargs):
        for name in ("train_dataset", "eval_dataset"):
            _check_items(name, kwargs.get(name))
        if args.lora_rank and not has_lora(model):
            add_lora(model, args.lora_rank, args.lora_alpha, args.lora_dropout)
        if args.attention_weight and model.config.au_head != "query":
            raise InvalidInput(
                f"attention_weight is {args.attention_weight} with au_head {model.config.au_head!r}; allowed is 0, or "
                "au_head 'query', which has attention"
            )
        if args.tune is not None:
            train_last_layers(model, args.tune)
        self.objective = HeatmapObjective(model).to(args.device) if args.heatmap_weight else None
        super().__init__(model=model, args=args, compute_metrics=compute_metrics, **kwargs)
        self.remove_callback(PrinterCallback)
        self.remove_callback(ProgressCallback)
        self.add_callback(Progress())
        if hasattr(self.train_dataset, "set_epoch"):
            self.add_callback(FollowEpoch(self.train_dataset))
        self.time_limit = None if args.max_minutes is None else TimeLimit(args.max_minutes)
        if self.time_limit is not None:
            self.add_callback(self.time_limit)
        if args.freeze_epochs > 0:
            self.add_callback(FreezeBackbone(model, args.freeze_epochs))

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """`losses_vitpain.total_loss` of a batch; in evaluation its supervised terms alone."""
        inputs = dict(inputs)
        targets = {name: inputs.pop(name, None) for name in self.targets}
        if self.args.attention_weight and model.training:
            inputs["output_au_attention"] = True
        output = model(**inputs)
        loss = total_loss(self.loss_terms(output, targets, model.training), self.loss_weights())
        return (loss, output) if return_outputs else loss

    def loss_terms(self, output: ViTPainOutput, targets: dict[str, Tensor | None], training: bool) -> LossTerms:
        """The terms of a batch: those of the labels and, in training, those of the heatmaps that the recipe asks for.

        Args:
            output: of the model.
            targets: what the batch holds beside the model's inputs, by the names in the class's `targets`. Frames whose
                units are not known (NaN) count for PSPI alone.
            training: False leaves out all but the supervised terms.

        Raises:
            InvalidInput: the recipe needs heatmaps, of expressions or of units, and the batch has none.
            ValueError: a label out of range.
        """
        labels = targets["labels"], targets["au_labels"], targets["pain_labels"]
        check_labels(*labels, self.model.config, len(output.pspi), unknown_allowed=True)
        terms = supervised_terms(output, *labels, self.model.config)
        if self.objective is not None and training:
            if targets["heatmaps"] is None:
                raise InvalidInput(
                    f"heatmap_weight is {self.args.heatmap_weight}; the training frames hold no heatmaps"
                )
            terms.heatmap = self.objective(targets["heatmaps"])
        if self.args.attention_weight and training:
            if targets["au_heat"] is None:
                raise InvalidInput(
                    f"attention_weight is {self.args.attention_weight}; the training frames hold no heat of units"
                )
            six = np.s_[:, : len(AU_NAMES)]
            terms.attention = attention_error(
                output.au_attention[six], targets["au_heat"], targets["au_labels"][six] >= _PRESENT
            )
        return terms

    def loss_weights(self) -> LossWeights:
        """The weights of the model's configuration and of the recipe."""
        config, args = self.model.config, self.args
        return LossWeights(
            lambda_pspi=config.lambda_pspi,
            lambda_binary=config.lambda_binary,
            lambda_au=config.lambda_au,
            lambda_expression=config.lambda_expression,
            heatmap_weight=args.heatmap_weight,
            attention_weight=args.attention_weight,
            distillation_pspi=args.distillation_pspi,
            distillation_au=args.distillation_au,
            distillation_feature=args.distillation_feature,
        )

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """AdamW over the backbone, in groups of one rate each, and everything else."""
        if self.optimizer is None:
            args = self.args
            heads = [p for n, p in self.model.named_parameters() if p.requires_grad and not in_backbone(n)]
            if self.objective is not None:
                heads += self.objective.parameters()
            groups = backbone_groups(self.model, args.backbone_learning_rate, args.layer_decay)
            self.optimizer = torch.optim.AdamW(
                [*groups, {"params": heads, "lr": args.learning_rate}], weight_decay=args.weight_decay
            )
            if self.objective is not None:
                self.objective.follow(self.optimizer)
        return self.optimizer

    def create_scheduler(self, num_training_steps: int, optimizer: torch.optim.Optimizer | None = None):
        """Trainer's; with a time limit the rate falls by the share of the steps or of the time, what is further."""
        if self.time_limit is None or self.lr_scheduler is not None:
            return super().create_scheduler(num_training_steps, optimizer)
        limit, low = self.time_limit, self.args.lr_scheduler_kwargs["min_lr_rate"]
        warmup = self.args.get_warmup_steps(num_training_steps)

        def factor(step: int) -> float:
            if step < warmup:
                return step / warmup
            share = min(max(step / num_training_steps, limit.share), 1.0)
            return low + (1 - low) * 0.5 * (1 + math.cos(math.pi * share))

        self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer or self.optimizer, factor)
        return self.lr_scheduler

    def _get_train_sampler(self, train_dataset=None) -> torch.utils.data.Sampler | None:
        if self.args.sampler == "natural":
            return super()._get_train_sampler(train_dataset)
        frames = self.train_dataset if train_dataset is None else train_dataset
        return PainSampler(frames.labels, self.args.sampler, self.args.data_seed)

    def _save_checkpoint(self, model: nn.Module, trial) -> None:
        """Marks the checkpoint as complete in the end: a run that is killed before resumes from the previous one."""
        super()._save_checkpoint(model, trial)
        self.accelerator.wait_for_everyone()  # each process saves its random state
        if self.args.should_save:
            mark_complete(Path(self.args.output_dir) / f"{PREFIX_CHECKPOINT_DIR}-{self.state.global_step}")

    def _save(self, output_dir: str | None = None, state_dict: dict | None = None) -> None:
        """Saves the heatmap heads beside the model: a resumed run needs them, the finished model does not."""
        super()._save(output_dir, state_dict)
        if self.objective is not None and self.args.should_save:
            save_file(self.objective.state_dict(), Path(output_dir or self.args.output_dir) / _OBJECTIVE)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        super()._load_from_checkpoint(resume_from_checkpoint, model)
        if self.objective is not None:
            self.objective.load_state_dict(load_file(Path(resume_from_checkpoint) / _OBJECTIVE))

    def _issue_warnings_after_load(self, load_result) -> None:
        """Raises WorkFailed where Trainer only warns of tensors that were not loaded."""
        wrong = [*load_result.missing_keys, *load_result.unexpected_keys]
        if wrong:
            raise WorkFailed(f"checkpoint does not fit the model: {', '.join(wrong[:5])} ({len(wrong)} in all)")


def _check_items(name: str, frames: Dataset | Mapping[str, Dataset] | None) -> None:
    """Raises InvalidInput where they are rows of `datasets`. Other datasets are not asked for an item."""
    for rows in frames.values() if isinstance(frames, Mapping) else [frames]:
        if hasattr(rows, "column_names") and "pixel_values" not in next(iter(rows), {"pixel_values": None}):
            raise InvalidInput(
                f"{name} holds rows with {', '.join(rows.column_names[:3])}, ... and no pixel_values; allowed is "
                "modeling_vitpain.frames.dataset.PainFrames(rows, processor)"
            )


class DistillationTrainer(ViTPainTrainer):
    """Trains a student on pictures with a teacher that sees the heatmaps of the same frames (equations 13-15).

    Training batches hold `heatmap_pixel_values` (B, 3, H, W), or the teacher's outputs `teacher_logits` (B, 17),
    `teacher_au` (B, 6) and `teacher_cls` (B, D). Evaluation has the supervised loss alone.

    Args:
        teacher: frozen here, always in eval mode; not part of the saved student. None: the frames of `train_dataset`
            hold its outputs already (`teacher_cache.py`).

    Raises:
        InvalidInput: no teacher at all; one that takes a reference; teacher and student have tokens of different width,
            which equation 14 cannot compare.
    """

    targets = (*ViTPainTrainer.targets, "heatmap_pixel_values", "teacher_logits", "teacher_au", "teacher_cls")

    def __init__(
        self,
        model: ViTPainForPainAssessment,
        args: ViTPainTrainingArguments,
        teacher: ViTPainForPainAssessment | None = None,
        **kwargs,
    ):
        cached = getattr(kwargs.get("train_dataset"), "teacher_outputs", None)
        if teacher is None and cached is None:
            raise InvalidInput("teacher is None; allowed is a model, or training frames that hold its outputs")
        if teacher is not None and teacher.config.reference != "none":
            raise InvalidInput("teacher has a reference; allowed is one that sees the heatmap alone")
        width = cached["cls"].shape[-1] if teacher is None else teacher.config.face_size
        if width != model.config.face_size:
            raise InvalidInput(
                f"teacher has {width} features of a face; allowed is as many as the student, {model.config.face_size}"
            )
        super().__init__(model, args, **kwargs)
        self.teacher = None if teacher is None else teacher.eval().requires_grad_(False).to(self.args.device)

    def loss_terms(self, output: ViTPainOutput, targets: dict[str, Tensor | None], training: bool) -> LossTerms:
        """As `ViTPainTrainer`, and in training the three distillation terms."""
        terms = super().loss_terms(output, targets, training)
        if training:
            add_distillation(terms, output, self._teacher_output(targets), self.args.distillation_temperature)
        return terms

    @torch.no_grad()
    def _teacher_output(self, targets: dict[str, Tensor | None]) -> ViTPainOutput:
        if targets["teacher_cls"] is not None:
            return ViTPainOutput(**{name: targets[f"teacher_{name}"] for name in ("logits", "au", "cls")})
        if targets["heatmap_pixel_values"] is None or self.teacher is None:
            raise InvalidInput("the training frames hold neither heatmaps for the teacher nor its outputs")
        return self.teacher(targets["heatmap_pixel_values"])
