"""Trainers for ViTPain on transformers' Trainer: the paper's section 5, its later versions, and distillation (equations 13-15).

- Two parameter groups, backbone and heads; together they hold every trainable parameter.
- The best epoch is chosen by the PSPI error on the validation identities. Test is never seen here.
- A small model from random weights also learns the heatmaps (see `from_scratch.py`).
- A resumed run equals a straight one bit for bit: augmentation, order and dropout are restored. A checkpoint that was not
  finished is not gone on from (`checkpoints.py`).
- Several processes (`accelerate launch`, `torchrun`) share the batches of one run.
"""

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import EvalPrediction, Trainer
from transformers.trainer_callback import PrinterCallback, ProgressCallback
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from dataset_script.errors import InvalidInput, WorkFailed

from ..frames.sampling import PainSampler
from ..modeling_vitpain import ViTPainForPainAssessment, ViTPainOutput
from .callbacks import FollowEpoch, FreezeBackbone, Progress, in_backbone
from .checkpoints import mark_whole
from .heatmap_objective import HeatmapObjective
from .lora import add_lora, has_lora
from .recipes import ViTPainTrainingArguments

_OBJECTIVE = "heatmap_objective.safetensors"


class ViTPainTrainer(Trainer):
    """Trainer that does what `ViTPainTrainingArguments` say.

    With `lora_rank` it puts adapters into the model; `lora.merge_lora` takes them out again after training.

    Args:
        model: trained in place.
        args: the recipe.
        train_dataset, eval_dataset: `PainFrames`.
    """

    def __init__(self, model: ViTPainForPainAssessment, args: ViTPainTrainingArguments, **kwargs):
        if args.lora_rank and not has_lora(model):
            add_lora(model, args.lora_rank, args.lora_alpha, args.lora_dropout)
        self.objective = HeatmapObjective(model).to(args.device) if args.heatmap_weight else None
        super().__init__(model=model, args=args, compute_metrics=compute_metrics, **kwargs)
        self.remove_callback(PrinterCallback)
        self.remove_callback(ProgressCallback)
        self.add_callback(Progress())
        if hasattr(self.train_dataset, "set_epoch"):
            self.add_callback(FollowEpoch(self.train_dataset))
        if args.freeze_epochs > 0:
            self.add_callback(FreezeBackbone(model, args.freeze_epochs))

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """The supervised loss and, in training from scratch, the weighted heatmap objective.

        Frames whose units are unknown (NaN) count for PSPI alone.
        """
        inputs = dict(inputs)
        heatmaps = inputs.pop("heatmaps", None)
        au_labels = inputs.get("au_labels")
        unknown = None if au_labels is None else au_labels.isnan().any(dim=1)
        if unknown is None or not unknown.any():
            output = model(**inputs)
            loss = output.loss
        else:
            del inputs["au_labels"]  # the model refuses NaN, and rightly
            output = model(**inputs)
            loss = output.loss + self.model.config.lambda_au * known_au_loss(output.au, au_labels, ~unknown)
        if self.objective is not None and model.training:
            if heatmaps is None:
                raise InvalidInput(
                    f"heatmap_weight is {self.args.heatmap_weight}; the training frames hold no heatmaps"
                )
            loss = loss + self.args.heatmap_weight * self.objective(heatmaps)
        return (loss, output) if return_outputs else loss

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """AdamW over two groups: the backbone, and everything else."""
        if self.optimizer is None:
            groups: dict[bool, list[nn.Parameter]] = {True: [], False: []}
            for name, parameter in self.model.named_parameters():
                if parameter.requires_grad:
                    groups[in_backbone(name)].append(parameter)
            if self.objective is not None:
                groups[False] += self.objective.parameters()
            self.optimizer = torch.optim.AdamW(
                [
                    {"params": groups[True], "lr": self.args.backbone_learning_rate},
                    {"params": groups[False], "lr": self.args.learning_rate},
                ],
                weight_decay=self.args.weight_decay,
            )
            if self.objective is not None:
                self.objective.follow(self.optimizer)
        return self.optimizer

    def _get_train_sampler(self, train_dataset=None) -> torch.utils.data.Sampler | None:
        if self.args.sampler == "natural":
            return super()._get_train_sampler(train_dataset)
        frames = self.train_dataset if train_dataset is None else train_dataset
        return PainSampler(frames.labels, self.args.sampler, self.args.data_seed)

    def _save_checkpoint(self, model: nn.Module, trial) -> None:
        """Says when a checkpoint is whole: a run that is killed in here goes on from the one before."""
        super()._save_checkpoint(model, trial)
        self.accelerator.wait_for_everyone()  # each process saves its random state
        if self.args.should_save:
            mark_whole(Path(self.args.output_dir) / f"{PREFIX_CHECKPOINT_DIR}-{self.state.global_step}")

    def _save(self, output_dir: str | None = None, state_dict: dict | None = None) -> None:
        """The objective's heads go beside the checkpoint, not into the model: a resumed run needs them."""
        super()._save(output_dir, state_dict)
        if self.objective is not None and self.args.should_save:
            save_file(self.objective.state_dict(), Path(output_dir or self.args.output_dir) / _OBJECTIVE)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        super()._load_from_checkpoint(resume_from_checkpoint, model)
        if self.objective is not None:
            self.objective.load_state_dict(load_file(Path(resume_from_checkpoint) / _OBJECTIVE))

    def _issue_warnings_after_load(self, load_result) -> None:
        """Trainer would go on with tensors that were not loaded."""
        wrong = [*load_result.missing_keys, *load_result.unexpected_keys]
        if wrong:
            raise WorkFailed(f"checkpoint does not fit the model: {', '.join(wrong[:5])} ({len(wrong)} in all)")


class DistillationTrainer(ViTPainTrainer):
    """Trains a student on pictures with a teacher that sees the heatmaps of the same frames.

    Adds to the supervised loss, equation 15: T^2 KL(teacher || student) on the PSPI logits (the paper's text says
    "softmaxed outputs", but a second softmax would flatten both to near uniform: logits are meant, and used), the MSE of
    the AUs (13) and the MSE of the CLS tokens (14). Evaluation is on the supervised loss alone.

    Args:
        teacher: frozen here, always in eval mode; not part of the saved student. None: the frames of `train_dataset` hold
            its outputs already (`teacher_cache.py`).

    Raises:
        InvalidInput: no teacher at all; one that takes a reference; teacher and student have tokens of different width,
            which equation 14 cannot compare.
    """

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
        width = cached["cls"].shape[-1] if teacher is None else teacher.config.hidden_size
        if width != model.config.hidden_size:
            raise InvalidInput(
                f"teacher has tokens of width {width}; allowed is the student's, {model.config.hidden_size}"
            )
        super().__init__(model, args, **kwargs)
        self.teacher = None if teacher is None else teacher.eval().requires_grad_(False).to(self.args.device)

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """The total of equation 15.

        In training, not in evaluation, `inputs` hold `heatmap_pixel_values` (B, 3, H, W), or the teacher's outputs
        `teacher_logits` (B, 17), `teacher_au` (B, 6) and `teacher_cls` (B, D).
        """
        inputs = dict(inputs)
        heatmaps = inputs.pop("heatmap_pixel_values", None)
        cached = {name: inputs.pop(f"teacher_{name}", None) for name in ("logits", "au", "cls")}
        loss, output = super().compute_loss(model, inputs, return_outputs=True)
        if model.training:
            loss = loss + distillation_loss(output, self._teacher_output(heatmaps, cached), self.args)
        return (loss, output) if return_outputs else loss

    @torch.no_grad()
    def _teacher_output(self, heatmaps: Tensor | None, cached: dict[str, Tensor | None]) -> ViTPainOutput:
        if cached["cls"] is not None:
            return ViTPainOutput(**cached)
        if heatmaps is None or self.teacher is None:
            raise InvalidInput("the training frames hold neither heatmaps for the teacher nor its outputs")
        return self.teacher(heatmaps)


def distillation_loss(student: ViTPainOutput, teacher: ViTPainOutput, args: ViTPainTrainingArguments) -> Tensor:
    """The three distillation terms of equation 15 with the weights of `args`. Scalar; batch means."""
    t = args.distillation_temperature
    kl = nn.functional.kl_div(
        (student.logits.float() / t).log_softmax(dim=-1),
        (teacher.logits.float() / t).log_softmax(dim=-1),
        log_target=True,
        reduction="batchmean",
    )
    au = nn.functional.mse_loss(student.au.float(), teacher.au.float())
    feature = nn.functional.mse_loss(student.cls.float(), teacher.cls.float())
    return args.distillation_pspi * t**2 * kl + args.distillation_au * au + args.distillation_feature * feature


def known_au_loss(au: Tensor, au_labels: Tensor, known: Tensor) -> Tensor:
    """Mean squared error of the AUs `(B, 6)` over the frames of `known` (B,); 0, with zero gradients, where that is none."""
    error = (au.float() - au_labels.float().nan_to_num()) ** 2 * known[:, None]
    return error.sum() / (known.sum().clamp(min=1) * au.shape[1])


def compute_metrics(prediction: EvalPrediction) -> dict[str, float]:
    """PSPI mean absolute error of the expectation, exact accuracy of the likeliest class, AU mean absolute error.

    The last is over the frames whose units are known, and absent where there are none.
    """
    logits, pspi, au = prediction.predictions
    labels, au_labels = prediction.label_ids
    known = ~np.isnan(au_labels).any(axis=1)
    return {
        "pspi_mae": float(np.abs(pspi - labels).mean()),
        "pspi_accuracy": float((logits.argmax(axis=-1) == labels).mean()),
        **({"au_mae": float(np.abs(au - au_labels)[known].mean())} if known.any() else {}),
    }
