"""Training recipes: transformers' arguments with ViTPain's own beside them, and four presets.

    args = ViTPainTrainingArguments.preset("paper", output_dir="out", num_train_epochs=30)
    trainer = ViTPainTrainer(model, args, train_dataset=PainFrames(...), eval_dataset=PainFrames(...))
    trainer.train()

- `paper`, section 5 "Implementation Details": the backbone frozen for 5 epochs, then trained end to end with a tenth of
  the heads' rate; a cosine to 1 %. Batch size and weight decay are not stated there.
- `v5`, the paper's later versions and the authors' release: neutral reference, regression head, the backbone frozen but
  for LoRA on its attention.
- `small`, not in the paper: heads on the frozen first layers of DINOv2 ViT-S, whose tokens are computed once; in a
  second run (`--start`, `--tune`) its last layers or LoRA.
- `scratch`, not in the paper: a small model from random weights, which also predicts the heatmaps
  (`heatmap_objective.py`).
"""

from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import TrainingArguments

from dataset_script.errors import InvalidInput

from ..configuration_vitpain import AU_NAMES
from ..frames.sampling import SAMPLERS
from ..losses_vitpain import LossWeights


@dataclass
class ViTPainTrainingArguments(TrainingArguments):
    """Everything that a run's numbers depend on, beside model and data. The defaults are the preset `paper`.

    Attributes:
        learning_rate: of the heads.
        backbone_learning_rate: of the backbones, or of their LoRA adapters.
        layer_decay: rate of each of the backbone's layers over that of the layer after it; 1: all the same.
        tune: how many of the backbone's last layers learn; 0: none, None: all.
        feature_copies: how often a training frame is kept, varied in another way each time, where the tokens of a
            frozen backbone are kept on disk (`feature_cache.py`).
        freeze_epochs: epochs in which only the heads learn.
        max_minutes: of training, with its evaluations, after which it stops and keeps the best epoch; the rate falls
            with the steps or the time, what is further. None: no limit. A run with one is not repeatable bit for bit.
        warmup_steps: below 1: the share of all steps in which the rate rises; it falls by a cosine to 1 % afterwards.
        sampler: "natural" (every frame once), "balanced" (each PSPI class equally likely) or "pain-twice".
        heatmap_weight, distillation_pspi, distillation_au, distillation_feature: weights of terms of the loss, see
            `losses_vitpain`; a heatmap_weight of 0 leaves the heatmap objective out.
        attention_weight: of the term of the loss that compares the AU queries' attention with the true heat of each
            unit; above 0 it needs data with the configuration `geometry`.
        distillation_temperature: T of the distilled PSPI's softened distributions.
        lora_rank: of the adapters that `ViTPainTrainer` puts on the backbone's attention; 0: none.
        lora_alpha, lora_dropout: their scale (over the rank) and dropout.
        reference_dropout, same_view_share: of `NeutralFrames`: share of training frames without their reference, and
            of those that get the neutral frame of their own view.

    Raises:
        InvalidInput: a value of these that is not allowed.
    """

    num_train_epochs: float = 100
    per_device_train_batch_size: int = 32
    per_device_eval_batch_size: int = 64
    learning_rate: float = 5e-5
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    lr_scheduler_type: str = "cosine_with_min_lr"
    lr_scheduler_kwargs: dict | str | None = field(default_factory=lambda: {"min_lr_rate": 0.01})
    warmup_steps: float = 0.0
    eval_strategy: str = "epoch"
    save_strategy: str = "epoch"
    logging_strategy: str = "epoch"
    save_total_limit: int | None = 2  # the last and the best
    load_best_model_at_end: bool = True
    metric_for_best_model: str | None = "pspi_mae"
    greater_is_better: bool | None = False
    # without it compute_metrics is silently skipped
    label_names: list[str] | None = field(default_factory=lambda: ["labels", "au_labels", "pain_labels"])
    remove_unused_columns: bool = False
    dataloader_pin_memory: bool = field(default_factory=torch.cuda.is_available)
    disable_tqdm: bool | None = True
    report_to: None | str | list[str] = "none"  # noqa: RUF036 - HfArgumentParser reads this order only

    backbone_learning_rate: float = 5e-6
    layer_decay: float = 1.0
    tune: int | None = None
    feature_copies: int = 4
    freeze_epochs: int = 5
    max_minutes: float | None = None
    sampler: str = "natural"
    heatmap_weight: float = LossWeights.heatmap_weight
    attention_weight: float = LossWeights.attention_weight
    lora_rank: int = 0
    lora_alpha: float = 16.0
    lora_dropout: float = 0.1
    reference_dropout: float = 0.15
    same_view_share: float = 0.0
    distillation_temperature: float = 4.0
    distillation_pspi: float = LossWeights.distillation_pspi
    distillation_au: float = LossWeights.distillation_au
    distillation_feature: float = LossWeights.distillation_feature

    def __post_init__(self):
        if not torch.accelerator.is_available():
            # without it accelerate runs several CPU processes independently, and averages no gradients
            self.use_cpu = True
        if self.ddp_find_unused_parameters is None:
            # a frozen backbone gives no gradients for the processes to exchange
            self.ddp_find_unused_parameters = self.freeze_epochs > 0
        if self.data_seed is None:
            # otherwise the order of the frames depends on torch's global random state when the loader is made
            self.data_seed = self.seed
        super().__post_init__()
        self._check()

    def _check(self) -> None:
        if self.sampler not in SAMPLERS:
            raise InvalidInput(f"sampler is {self.sampler!r}; allowed are {', '.join(SAMPLERS)}")
        for name in ("learning_rate", "backbone_learning_rate", "lora_alpha", "distillation_temperature"):
            if not getattr(self, name) > 0:
                raise InvalidInput(f"{name} is {getattr(self, name)}; allowed is above 0")
        for name in (
            "freeze_epochs",
            "tune",
            "heatmap_weight",
            "attention_weight",
            "lora_rank",
            "distillation_pspi",
            "distillation_au",
            "distillation_feature",
        ):
            if getattr(self, name) is not None and not getattr(self, name) >= 0:
                raise InvalidInput(f"{name} is {getattr(self, name)}; allowed is 0 or more")
        if self.feature_copies < 1:
            raise InvalidInput(f"feature_copies is {self.feature_copies}; allowed is 1 or more")
        if not 0 < self.layer_decay <= 1:
            raise InvalidInput(f"layer_decay is {self.layer_decay}; allowed is above 0, up to 1")
        if self.max_minutes is not None and not self.max_minutes > 0:
            raise InvalidInput(f"max_minutes is {self.max_minutes}; allowed is above 0")
        if self.lora_rank and self.tune is not None:
            raise InvalidInput(f"tune is {self.tune} with lora_rank {self.lora_rank}; allowed is one of them")
        for name in ("lora_dropout", "reference_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise InvalidInput(f"{name} is {getattr(self, name)}; allowed is 0 to below 1")
        if not 0 <= self.same_view_share <= 1:
            raise InvalidInput(f"same_view_share is {self.same_view_share}; allowed is 0 to 1")

    @classmethod
    def preset(cls, name: str, output_dir: str, **overrides: Any) -> "ViTPainTrainingArguments":
        """The arguments of a preset, with `overrides`."""
        return cls(output_dir=output_dir, **{**preset(name).training, **overrides})

    def recipe(self) -> dict[str, Any]:
        """The arguments that go into the record of a run."""
        return {name: getattr(self, name) for name in _RECORDED}


@dataclass(frozen=True)
class Preset:
    """A recipe: how to train, which model, which pictures."""

    training: dict[str, Any]
    """For `ViTPainTrainingArguments`."""
    model: dict[str, Any] = field(default_factory=dict)
    """For `ViTPainConfig`."""
    backbone: str | None = None
    """Where the weights start when neither a backbone nor a configuration is named; None: at random."""
    face_crop: float | None = None
    """The image processor's: None for the whole picture, as the paper has it."""
    layers: int | None = None
    """How many of the backbone's first layers are kept; None: all."""
    augmentation: str = "light"
    """Of the training frames, one of `AUGMENTATIONS`."""
    caches_features: bool = False
    """Keep the tokens of a backbone that is frozen throughout on disk."""
    bf16_on_gpu: bool = True
    """Train in bfloat16 (weights stay float32) where the machine has a GPU that can."""
    fine_tuning: dict[str, Any] = field(default_factory=dict)
    """For `RunOptions`, where a model that this preset trained goes on with other data, and no preset is named."""


COMPANIONS = ("AU1", "AU2", "AU12", "AU20", "AU25", "AU26")
"""What `small` predicts beside the PSPI's units."""

PRESETS = {
    "paper": Preset(training={}, backbone="google/vit-large-patch16-224-in21k"),
    "v5": Preset(
        training={
            "num_train_epochs": 150,
            "per_device_train_batch_size": 48,
            "learning_rate": 1e-4,
            "backbone_learning_rate": 1e-5,
            "weight_decay": 0.1,
            "freeze_epochs": 0,
            "lora_rank": 8,
        },
        # AUs weigh 1 on synthetic frames, as the release has it; on UNBC it takes 0.1
        model={"pspi_head": "regression", "reference": "neutral", "reference_encoder": "own", "lambda_au": 1.0},
        backbone="facebook/dinov3-vitl16-pretrain-lvd1689m",
    ),
    "small": Preset(
        training={
            "num_train_epochs": 30,
            "per_device_train_batch_size": 64,
            "learning_rate": 2e-3,
            "backbone_learning_rate": 1e-4,
            "layer_decay": 0.75,
            "weight_decay": 0.05,
            "freeze_epochs": 0,
            "warmup_steps": 0.1,
            "tune": 0,
            "feature_copies": 2,
            "reference_dropout": 0.3,
            "same_view_share": 0.6,
        },
        model={
            "au_names": [*AU_NAMES, *COMPANIONS],
            "au_spread": True,
            "au_queries": 8,
            "au_hidden_size": 96,
            "au_output": "own",
            "au_error": "scale",
            "au_norm": True,
            "au_dropout": 0.1,
            "pspi_reads": "face+units",
            "pspi_hidden_sizes": [192, 96],
            "head_dropout": 0.1,
            "expression_head": True,
            "expression_hidden_size": 96,
            "smile_weight": 4.0,
            "reference": "neutral",
            "reference_fusion": "difference",
            "pooling": "cls+mean",
        },
        backbone="facebook/dinov2-small",
        layers=9,
        augmentation="strong",
        caches_features=True,
        face_crop=1.1,
        fine_tuning={"epochs": 5, "lr": 5e-4},
    ),
    "scratch": Preset(
        training={
            "num_train_epochs": 50,
            "per_device_train_batch_size": 16,
            "learning_rate": 1e-3,
            "backbone_learning_rate": 1e-3,
            "weight_decay": 0.05,
            "freeze_epochs": 0,
            "warmup_steps": 0.1,
            "heatmap_weight": 10.0,
        },
        face_crop=1.1,
        bf16_on_gpu=False,
        fine_tuning={"heatmap_weight": 0.0},  # imported data have none
    ),
}

_RECORDED = (
    "num_train_epochs",
    "max_steps",
    "per_device_train_batch_size",
    "gradient_accumulation_steps",
    "learning_rate",
    "backbone_learning_rate",
    "weight_decay",
    "layer_decay",
    "warmup_steps",
    "tune",
    "feature_copies",
    "freeze_epochs",
    "max_minutes",
    "max_grad_norm",
    "bf16",
    "sampler",
    "heatmap_weight",
    "attention_weight",
    "lora_rank",
    "lora_alpha",
    "lora_dropout",
    "reference_dropout",
    "same_view_share",
    "distillation_temperature",
    "distillation_pspi",
    "distillation_au",
    "distillation_feature",
)


def preset(name: str) -> Preset:
    """The preset of that name. Raises InvalidInput if there is none."""
    if name not in PRESETS:
        raise InvalidInput(f"preset is {name!r}; allowed are {', '.join(PRESETS)}")
    return PRESETS[name]
