"""Configuration of ViTPain (design contract C6).

- One flat class: the backbone's own configuration inside, the heads' sizes and the loss weights beside it.
- A value that is not implemented is refused here, when the configuration is made, not later in the forward pass
  (`configuration_checks_vitpain.py`).
"""

from transformers import AutoConfig, PreTrainedConfig, ViTConfig
from transformers.configuration_utils import SubConfigSpec

from .configuration_checks_vitpain import (
    AU_NAMES,
    PSPI_MAX,
    PSPI_THRESHOLDS,
    check_backbone,
    check_kinds,
    check_values,
    class_names,
    tops,
)


class ViTPainConfig(PreTrainedConfig):
    """What it takes to build a ViTPain.

    Args:
        backbone_config: configuration (or its dict, with `model_type`) of a ViT of transformers, of a type in
            CLASS_TOKEN_BACKBONES or PATCH_BACKBONES. Default: the paper's ViT-L/16 at 224 px.
        pooling: "cls" (the paper: the PSPI branch reads the class token), "mean" (it reads the mean of the patch
            tokens) or "cls+mean" (both); backbones without a class token (I-JEPA, SigLIP) need "mean".
        backbone_positions: "own"; "none" switches rotary positions off, so that the patches have no order. Only for
            checkpoints that were trained without them, as the authors' release was.
        backbone_registers: False leaves the backbone's register tokens out. Only for such checkpoints.
        num_pspi_classes: PSPI classes; 17, of the scores 0 to 16.
        au_names: the U action units of every output, in order: the six of the PSPI (contract C1), or these followed by
            companions of pain that do not count in it, any of AU1, AU2, AU12, AU20, AU25, AU26 and AU27, in this order.
        au_max: top of each unit's scale, fixed: 5 for FACS A-E, 1 for AU43 (eyes closed).
        au_spread: the AU branch also predicts a standard deviation of each unit.
        au_interval_scale: (U), above 0: factors on these standard deviations for the intervals of the units;
            calibration on validation data sets them. Default: all 1.
        au_head: "query" (equations 4-8: one learned query a unit, attending to the patches) or "cls" (Table 2's
            baseline: the same head on what the PSPI branch reads).
        au_queries: learned queries a unit, whose results are read together; the paper has 1.
        au_output: "shared" (equation 8: one output layer for all units) or "own" (each unit has its weights).
        au_error: the squared AU error of the loss is of "intensity" (equation 15), or of shares of each unit's
            "scale", times 5: then AU43, which goes to 1 alone, counts as much as the others.
        au_hidden_size: width of the AU branch's hidden layer; default D/2.
        au_norm: LayerNorm before the AU branch's first linear layer (the release has one, the paper has none).
        au_activation: "relu" (equation 8) or "gelu" (the release), of the hidden layer; the last one is always a ReLU.
        au_dropout: dropout before and after the AU branch's hidden layer, 0 to below 1.
        pspi_reads: "face" (equation 9), or "face+units": also the hidden features of the AU branch.
        pspi_head: "classification" (equations 9-12), or "regression" (the paper's later versions: 16 * sigmoid, and
            binary heads beside it).
        pspi_hidden_sizes: widths of the PSPI branch's hidden layers; default D/2 and D/4, for "regression" 512, 256 and
            128, none wider than D.
        head_dropout: dropout of the PSPI branch and of the binary heads, 0 to below 1.
        pspi_thresholds: of the binary heads, each "pain at PSPI >= threshold"; ascending. Only "regression" has them.
        regression_sd: standard deviation, in PSPI units, of the distribution that "regression" reports as `logits`.
        interval_temperature: `logits` are divided by it for the interval alone, above 0; calibration on validation data
            sets it.
        reference: "none", or "neutral": neutral pictures of the same person are encoded too.
        reference_fusion: "attention" (the paper's later versions: every token of the frame attends to theirs), or
            "difference": both branches read their features of the frame, and these less the references'.
        reference_encoder: "shared" (the backbone itself) or "own" (a second one of the same kind).
        reference_heads: heads of that attention; a divisor of D.
        reference_fallback: a learned token, or a learned difference, stands for the reference where there is none;
            False: that is an error.
        expression_head: one more logit on what the PSPI branch reads: "pain, and not another expression".
        expression_hidden_size: width of that head's hidden layer, which learns from those features and does not change
            them; 0: it is linear, and does.
        smile_weight: what a frame of AU6 and AU12 without pain counts in that head's cross-entropy, where another
            counts 1.
        lambda_pspi: weight of the PSPI loss: cross-entropy, or mean squared error in PSPI units for "regression".
        lambda_au: weight of the mean squared AU error (equation 15), and of the likelihood of `au_spread`.
        lambda_binary: weight of the binary heads' mean cross-entropy.
        lambda_expression: weight of the expression head's cross-entropy.
        id2label, label2id: names of the PSPI classes, one for each; default "PSPI 0" to "PSPI 16". `num_labels` can
            only repeat `num_pspi_classes`.

    Raises:
        ValueError: a value that is not allowed, with what is.
    """

    model_type = "vitpain"
    keys_to_ignore_at_inference = [  # noqa: RUF012 - what Trainer need not gather
        *("cls", "au_attention", "binary_logits", "au_sd", "hidden_states", "attentions")
    ]
    sub_configs_defaults = {  # noqa: RUF012 - transformers reads this from the class
        "backbone_config": SubConfigSpec(
            config_class=AutoConfig,
            model_type="vit",
            init_kwargs={
                "hidden_size": 1024,
                "num_hidden_layers": 24,
                "num_attention_heads": 16,
                "intermediate_size": 4096,
                "image_size": 224,
                "patch_size": 16,
            },
        )
    }

    backbone_config: dict | PreTrainedConfig | None = None
    backbone_positions: str = "own"
    backbone_registers: bool = True
    pooling: str = "cls"
    num_pspi_classes: int = PSPI_MAX + 1
    au_names: list[str] | tuple[str, ...] | None = None
    au_max: list[int] | tuple[int, ...] | None = None
    au_spread: bool = False
    au_interval_scale: list[float] | tuple[float, ...] | None = None
    au_head: str = "query"
    au_hidden_size: int | None = None
    au_queries: int = 1
    au_output: str = "shared"
    au_error: str = "intensity"
    au_norm: bool = False
    au_activation: str = "relu"
    au_dropout: float = 0.0
    pspi_reads: str = "face"
    pspi_head: str = "classification"
    pspi_hidden_sizes: list[int] | tuple[int, ...] | None = None
    head_dropout: float = 0.1
    pspi_thresholds: list[int] | tuple[int, ...] | None = None
    regression_sd: float = 1.5
    interval_temperature: float = 1.0
    reference: str = "none"
    reference_fusion: str = "attention"
    reference_encoder: str = "shared"
    reference_heads: int = 8
    reference_fallback: bool = True
    expression_head: bool = False
    expression_hidden_size: int = 0
    smile_weight: float = 1.0
    lambda_pspi: float = 1.0
    lambda_au: float = 1.0
    lambda_binary: float = 1.0
    lambda_expression: float = 1.0

    def __post_init__(self, **kwargs):
        check_kinds(self)
        self.au_names = list(self.au_names or AU_NAMES)
        self.au_max = list(self.au_max or tops(self.au_names))
        if self.au_interval_scale is not None:
            self.au_interval_scale = list(self.au_interval_scale)
        self.id2label, self.label2id = class_names(self, kwargs.pop("num_labels", None))
        if not __name__.startswith("transformers_modules"):
            # The installed package registers the pipeline itself. With this entry transformers would insist on running
            # the model directory's copy of it, and ask for trust_remote_code.
            kwargs.pop("custom_pipelines", None)
        super().__post_init__(**kwargs)
        check_backbone(self)
        width = self.backbone_config.hidden_size
        if self.pspi_hidden_sizes is None:
            usual = [512, 256, 128] if self.pspi_head == "regression" else [width // 2, width // 4]
            self.pspi_hidden_sizes = [min(size, width) for size in usual]
        self.pspi_hidden_sizes = list(self.pspi_hidden_sizes)
        self.pspi_thresholds = list(PSPI_THRESHOLDS if self.pspi_thresholds is None else self.pspi_thresholds)
        self.au_hidden_size = width // 2 if self.au_hidden_size is None else self.au_hidden_size
        check_values(self)

    @classmethod
    def from_dict(cls, config_dict: dict, **kwargs):
        """As transformers', but settings in `kwargs` are checked as those of a new configuration are.

        Raises:
            ValueError: a value that is not allowed, or the configuration of another kind of model.
        """
        kind = config_dict.get("model_type", cls.model_type)
        if kind != cls.model_type:
            raise ValueError(
                f"this is a model of type {kind!r}; allowed is {cls.model_type!r}. New heads on a pretrained backbone: "
                "ViTPainForPainAssessment.from_backbone"
            )
        settings = (*cls.__annotations__, "id2label", "label2id")
        given = {name: kwargs.pop(name) for name in settings if name in kwargs}
        stale = {
            "num_pspi_classes": ("id2label", "label2id"),
            "id2label": ("label2id",),
            "label2id": ("id2label",),
            "au_names": ("au_max", "au_interval_scale"),
        }
        changed = [name for name, value in given.items() if value != config_dict.get(name)]
        dropped = {old for name in changed for old in stale.get(name, ())} - given.keys()
        if isinstance(given.get("backbone_config"), dict):
            given["backbone_config"] = {**config_dict.get("backbone_config", {}), **given["backbone_config"]}
        kept = {name: value for name, value in config_dict.items() if name not in dropped}
        return super().from_dict({**kept, **given}, **kwargs)

    @property
    def companion_names(self) -> list[str]:
        """The units after the six of the PSPI."""
        return self.au_names[len(AU_NAMES) :]

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width in pixels of the backbone's input."""
        return _pair(self.backbone_config.image_size)

    def patch_grid(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of patches in an input of that size in pixels."""
        patch_height, patch_width = _pair(self.backbone_config.patch_size)
        return height // patch_height, width // patch_width

    @property
    def hidden_size(self) -> int:
        """D, the width of the backbone's tokens."""
        return self.backbone_config.hidden_size

    @property
    def takes_differences(self) -> bool:
        """Whether the branches read differences from neutral references."""
        return self.reference == "neutral" and self.reference_fusion == "difference"

    @property
    def pooled_size(self) -> int:
        """Features of a whole face, as `pooling` makes them from the tokens."""
        return self.hidden_size * (2 if self.pooling == "cls+mean" else 1)

    @property
    def face_size(self) -> int:
        """Features of a whole face with its differences, where there are any: the width of the output `cls`."""
        return self.pooled_size * (2 if self.takes_differences else 1)

    @property
    def pspi_size(self) -> int:
        """Features that the PSPI branch, the binary heads and the expression head read."""
        units = len(self.au_names) if self.au_head == "query" else 1
        return self.face_size + (units * self.au_hidden_size if self.pspi_reads == "face+units" else 0)

    @classmethod
    def large(cls, **kwargs) -> "ViTPainConfig":
        """The paper's: ViT-L/16, 224 px, D = 1024, 196 patches; 305 M parameters."""
        return cls(**kwargs)

    @classmethod
    def tiny(cls, **kwargs) -> "ViTPainConfig":
        """For CPUs, trained from scratch in minutes: 112 px, 49 patches, D = 96, 4 layers; 0.5 M parameters."""
        backbone = ViTConfig(
            hidden_size=96,
            num_hidden_layers=4,
            num_attention_heads=4,
            intermediate_size=384,
            image_size=112,
            patch_size=16,
        )
        return cls(**{"backbone_config": backbone, "head_dropout": 0.0, **kwargs})


def _pair(size: int | list[int] | tuple[int, int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else tuple(size)


__all__ = ["ViTPainConfig"]
