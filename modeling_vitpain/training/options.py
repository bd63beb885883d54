"""The options of a training run, and the model settings and training arguments that follow from them."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import is_bf16_available

from dataset_script.errors import InvalidInput

from ..frames.augmentation.sets import check_augmentation
from ..frames.dataset import INPUTS
from .recipes import PRESETS, Preset, ViTPainTrainingArguments, preset

DEFAULT_OF_PRETRAINED = "paper"
_ABOVE_ZERO = ("epochs", "batch_size", "lr", "max_steps", "max_minutes", "layers", "size", "pictures")
_OF_PRETRAINED = ("layers", "size")
_OF_TEACHER = ("cache_teacher", "distillation_pspi", "distillation_au", "distillation_feature")
_ARCHITECTURE = (
    *("au_head", "au_queries", "au_output", "au_error", "pspi_head", "pspi_reads", "pooling"),
    *("reference", "reference_fusion", "reference_encoder"),
)
CHANGEABLE = ("expression_hidden_size", "smile_weight", "lambda_au")
"""Settings of the model that `start` may be given with."""


@dataclass(frozen=True)
class RunOptions:
    """What a run depends on: two runs with equal options, on the same platform and versions, give the same weights.

    None means the preset's value.

    Attributes:
        data: dataset directory or Hub name.
        preset: "scratch", "small", "paper" or "v5"; None: that of `start` (`fine_tuning.py`), "paper" where a backbone
            is pretrained, else "scratch".
        config: "tiny", "large" or the path of a ViTPain configuration; its weights start at random, except those of
            "large", which start from the paper's backbone.
        backbone: pretrained backbone, Hub name or directory.
        layers: how many of a pretrained backbone's first layers are kept; None: the preset's, or all.
        size: pixels a side that a pretrained backbone sees; None: 224, or its own where that is smaller.
        start: a trained ViTPain to continue from: directory, Hub name or name of a shipped model.
        input: "image", or "heatmap" to train a teacher.
        teacher: model directory to distil from.
        cache_teacher: directory of the teacher's outputs, see `teacher_cache.py`; None: it runs in every step.
        au_head, au_queries, au_output, au_error, pspi_head, pspi_reads, pooling, reference, reference_fusion,
            reference_encoder, expression_hidden_size, smile_weight, lambda_au: as in ViTPainConfig. With `start`, whose
            expression head has another hidden layer, that head is a new one.
        without_others: leave out the frames that move without pain, in training and in the choice of the checkpoint.
        pictures: most frames of a person that train, one of them neutral; None: all. They are the same in runs of all
            seeds.
        reference_dropout, same_view_share, sampler, heatmap_weight, lora_rank, bf16: as in ViTPainTrainingArguments.
        attention_weight, distillation_pspi, distillation_au, distillation_feature: as in ViTPainTrainingArguments.
        other_day_share: of a model with a neutral reference: share of training frames that are compared with a picture
            of another day (the configuration `references`), where the data have any.
        epochs, batch_size, lr: `lr` is that of the heads; the backbone's keeps its ratio to it.
        tune, layer_decay, freeze_epochs, max_minutes: as in ViTPainTrainingArguments.
        features: directory of the tokens of a frozen backbone (tune 0), which are then computed once, see
            `feature_cache.py`. None: with the preset "small" beside the checkpoints, else it runs in every step.
        feature_copies: as in ViTPainTrainingArguments.
        augmentation: of the training frames, one of `AUGMENTATIONS`.
        max_steps: stop after so many steps.
    """

    data: str
    preset: str | None = None
    config: str | None = None
    backbone: str | None = None
    layers: int | None = None
    size: int | None = None
    start: str | None = None
    input: str = "image"
    teacher: str | None = None
    cache_teacher: str | None = None
    au_head: str | None = None
    au_queries: int | None = None
    au_output: str | None = None
    au_error: str | None = None
    pspi_head: str | None = None
    pspi_reads: str | None = None
    pooling: str | None = None
    reference: str | None = None
    reference_fusion: str | None = None
    reference_encoder: str | None = None
    reference_dropout: float | None = None
    same_view_share: float | None = None
    expression_hidden_size: int | None = None
    smile_weight: float | None = None
    lambda_au: float | None = None
    sampler: str | None = None
    heatmap_weight: float | None = None
    attention_weight: float | None = None
    distillation_pspi: float | None = None
    distillation_au: float | None = None
    distillation_feature: float | None = None
    lora_rank: int | None = None
    tune: int | None = None
    layer_decay: float | None = None
    freeze_epochs: int | None = None
    features: str | None = None
    feature_copies: int | None = None
    augmentation: str | None = None
    bf16: bool | None = None
    epochs: int | None = None
    batch_size: int | None = None
    lr: float | None = None
    seed: int = 0
    max_steps: int | None = None
    max_minutes: float | None = None
    without_others: bool = False
    pictures: int | None = None
    other_day_share: float = 0.5

    def __post_init__(self) -> None:
        if self.preset is not None:
            preset(self.preset)
        for name in _ABOVE_ZERO:
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InvalidInput(f"{name} is {value}; allowed is above 0")
        if not 0 <= self.seed < 2**32:
            raise InvalidInput(f"seed is {self.seed}; allowed is 0 to {2**32 - 1}")
        if not 0 <= self.other_day_share <= 1:
            raise InvalidInput(f"other_day_share is {self.other_day_share}; allowed is 0 to 1")
        if self.input not in INPUTS:
            raise InvalidInput(f"input is {self.input!r}; allowed are {' or '.join(INPUTS)}")
        sources = [name for name in ("config", "backbone", "start") if getattr(self, name) is not None]
        if len(sources) > 1:
            raise InvalidInput(f"{' and '.join(sources)} are given; allowed is one of them")
        if self.start is not None:
            given = [name for name in _ARCHITECTURE if getattr(self, name) is not None]
            if given:
                raise InvalidInput(f"{', '.join(given)} is given with start, whose model has its own")
        if self.augmentation is not None:
            check_augmentation(self.augmentation)
        settled = self.preset is not None or self.start is None  # else the preset is not known before the model is
        if self.features is not None and self.tuned_layers != 0 and (settled or self.tune is not None):
            raise InvalidInput("features is given with a backbone that learns; allowed is with tune 0")
        given = [name for name in _OF_PRETRAINED if getattr(self, name) is not None]
        if given and self.pretrained_backbone is None:
            raise InvalidInput(f"{' and '.join(given)} is given; allowed is that with a pretrained backbone alone")
        if self.input == "heatmap":
            if self.teacher is not None:
                raise InvalidInput("input is 'heatmap' with a teacher; the student of a distillation sees images")
            if self.reference == "neutral":
                raise InvalidInput("input is 'heatmap' with reference 'neutral'; a heatmap is the change from neutral")
        if self.input == "heatmap" and self.heatmap_weight:
            raise InvalidInput(f"heatmap_weight is {self.heatmap_weight} with input 'heatmap'; allowed is 0")
        of_teacher = [name for name in _OF_TEACHER if getattr(self, name) is not None]
        if of_teacher and self.teacher is None:
            raise InvalidInput(f"{of_teacher[0]} is given without a teacher; allowed is with one")

    @property
    def preset_name(self) -> str:
        if self.preset is not None:
            return self.preset
        return DEFAULT_OF_PRETRAINED if self.backbone or self.start or self.config == "large" else "scratch"

    @property
    def recipe(self) -> Preset:
        return PRESETS[self.preset_name]

    @property
    def pretrained_backbone(self) -> str | None:
        """Where a backbone's weights come from; None: they start at random, or come with `start`."""
        if self.backbone is not None:
            return self.backbone
        if self.config == "large":
            return PRESETS["paper"].backbone
        return self.recipe.backbone if self.config is None and self.start is None else None

    @property
    def tuned_layers(self) -> int | None:
        """How many of the backbone's last layers learn; None: all, or LoRA's adapters."""
        if self.tune is None and self.lora_rank:
            return None
        return self.recipe.training.get("tune") if self.tune is None else self.tune

    @property
    def kept_layers(self) -> int | None:
        """How many of the pretrained backbone's first layers are kept; None: all."""
        return self.recipe.layers if self.layers is None else self.layers

    @property
    def augmentation_name(self) -> str:
        return self.recipe.augmentation if self.augmentation is None else self.augmentation

    @property
    def caches_features(self) -> bool:
        """Whether the tokens of a backbone that is frozen throughout are kept on disk."""
        return self.features is not None or self.recipe.caches_features

    def model_settings(self) -> dict[str, Any]:
        """For ViTPainConfig: the preset's, and over them the options given."""
        names = (*_ARCHITECTURE, *CHANGEABLE)
        given = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        settings = {**self.recipe.model, **given}
        if self.input == "heatmap" or settings.get("reference") == "none":
            settings = {name: value for name, value in settings.items() if not name.startswith("reference")}
        return settings

    def training_arguments(self, directory: Path, workers: int = 0, **others: Any) -> ViTPainTrainingArguments:
        """The recipe with the options given, and `others` of Trainer's; checkpoints of each epoch go to `directory`."""
        training = dict(self.recipe.training)
        if self.lr is not None:  # the backbone's keeps its ratio to it
            defaults = {f.name: f.default for f in fields(ViTPainTrainingArguments)}
            head, backbone = (training.get(n, defaults[n]) for n in ("learning_rate", "backbone_learning_rate"))
            training |= {"learning_rate": self.lr, "backbone_learning_rate": backbone * self.lr / head}
        given = {
            "num_train_epochs": self.epochs,
            "max_steps": self.max_steps,
            "per_device_train_batch_size": self.batch_size,
            "per_device_eval_batch_size": self.batch_size and 2 * self.batch_size,
            "sampler": self.sampler,
            "heatmap_weight": self.heatmap_weight,
            "attention_weight": self.attention_weight,
            "distillation_pspi": self.distillation_pspi,
            "distillation_au": self.distillation_au,
            "distillation_feature": self.distillation_feature,
            "lora_rank": self.lora_rank,
            "layer_decay": self.layer_decay,
            "freeze_epochs": self.freeze_epochs,
            "feature_copies": self.feature_copies,
            "max_minutes": self.max_minutes,
            "reference_dropout": self.reference_dropout,
            "same_view_share": self.same_view_share,
        }
        training |= {name: value for name, value in given.items() if value is not None}
        if self.input == "heatmap":
            training["heatmap_weight"] = 0.0  # the target would be the input
        training["tune"] = self.tuned_layers
        if self.pretrained_backbone is None and self.start is None:
            _refuse_frozen(training)
        on_gpu = self.recipe.bf16_on_gpu and torch.cuda.is_available() and is_bf16_available()
        training |= {
            "bf16": on_gpu if self.bf16 is None else self.bf16,
            "seed": self.seed,
            "dataloader_num_workers": workers,
        }
        return ViTPainTrainingArguments(output_dir=str(directory), **{**training, **others})


def _refuse_frozen(training: dict[str, Any]) -> None:
    """Raises InvalidInput where most of a backbone of random weights would never learn."""
    for name, all_learns in (("lora_rank", 0), ("tune", None)):
        value = training.get(name, all_learns)
        if value != all_learns:
            raise InvalidInput(
                f"{name} is {value} on a backbone of random weights; allowed is that with a pretrained one"
            )
