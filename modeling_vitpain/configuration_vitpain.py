"""Configuration of ViTPain (design contract C6).

- One flat class: the backbone's own configuration inside, the heads' sizes and the loss weights beside it.
- AU names, their ranges and the PSPI's are repeated here, because this file also travels alone as Hub remote code;
  `dataset_script.facs` stays the source, and a test holds the two equal.
- A value that is not implemented is refused here, when the configuration is made, not later in the forward pass.
"""

from transformers import AutoConfig, PreTrainedConfig, ViTConfig
from transformers.configuration_utils import SubConfigSpec

AU_NAMES = ["AU4", "AU6", "AU7", "AU9", "AU10", "AU43"]
AU_MAX = [5, 5, 5, 5, 5, 1]
PSPI_MAX = 16
PSPI_THRESHOLDS = [1, 2, 3]
CHOICES = {
    "au_head": ("query", "cls"),
    "au_activation": ("relu", "gelu"),
    "pspi_head": ("classification", "regression"),
    "reference": ("none", "neutral"),
    "reference_encoder": ("shared", "own"),
    "backbone_positions": ("own", "none"),
    "pooling": ("cls", "mean"),
}
KINDS = {
    "True or False": ("backbone_registers", "reference_fallback"),
    "a whole number": ("num_pspi_classes", "au_hidden_size", "reference_heads"),
    "a number": (
        *("head_dropout", "au_dropout", "regression_sd", "interval_temperature"),
        *("lambda_pspi", "lambda_au", "lambda_binary"),
    ),
    "a list of whole numbers": ("pspi_hidden_sizes", "pspi_thresholds"),
}
MAY_BE_NONE = ("au_hidden_size", "pspi_hidden_sizes", "pspi_thresholds")
"""Fields that may be None: the default then depends on the rest."""
ROTARY_BACKBONES = ("dinov3_vit",)
CLASS_TOKEN_BACKBONES = (
    *("beit", "clip_vision_model", "data2vec-vision", "deit", "dinov2", "dinov2_with_registers", "dinov3_vit"),
    *("vit", "vit_msn"),
)
"""Model types whose first token is the class token, and whose last tokens are the patches in raster order."""
PATCH_BACKBONES = ("ijepa", "siglip_vision_model")
"""Model types whose tokens are the patches in raster order, without a class token."""


class ViTPainConfig(PreTrainedConfig):
    """What it takes to build a ViTPain.

    Args:
        backbone_config: configuration (or its dict, with `model_type`) of a ViT of transformers, of a type in
            CLASS_TOKEN_BACKBONES or PATCH_BACKBONES. Default: the paper's ViT-L/16 at 224 px.
        pooling: "cls" (the paper: the PSPI branch reads the class token), or "mean" (it reads the mean of the patch
            tokens); backbones without a class token (I-JEPA, SigLIP) need "mean".
        backbone_positions: "own"; "none" switches rotary positions off, so that the patches have no order. Only for
            checkpoints that were trained without them, as the authors' release was.
        backbone_registers: False leaves the backbone's register tokens out. Only for such checkpoints.
        num_pspi_classes: PSPI classes; 17, of the scores 0 to 16.
        au_names: order of the action units in every output; fixed (contract C1).
        au_max: top of each unit's scale: 5 for FACS A-E, 1 for AU43 (eyes closed).
        au_head: "query" (equations 4-8: one learned query a unit, attending to the patches) or "cls" (Table 2's
            baseline: the same head on what the PSPI branch reads).
        au_hidden_size: width of the AU branch's hidden layer; default D/2.
        au_norm: LayerNorm before the AU branch's first linear layer (the release has one, the paper has none).
        au_activation: "relu" (equation 8) or "gelu" (the release), of the hidden layer; the last one is always a ReLU.
        au_dropout: dropout before and after the AU branch's hidden layer, 0 to below 1.
        pspi_head: "classification" (equations 9-12), or "regression" (the paper's later versions: 16 * sigmoid, and
            binary heads beside it).
        pspi_hidden_sizes: widths of the PSPI branch's hidden layers; default D/2 and D/4, for "regression" 512, 256 and
            128, none wider than D.
        head_dropout: dropout of the PSPI branch and of the binary heads, 0 to below 1.
        pspi_thresholds: of the binary heads, each "pain at PSPI >= threshold"; ascending. Only "regression" has them.
        regression_sd: standard deviation, in PSPI units, of the distribution that "regression" reports as `logits`.
        interval_temperature: `logits` are divided by it for the interval alone, above 0; calibration on validation data
            sets it.
        reference: "none", or "neutral": neutral pictures of the same person are encoded too, and every token of the
            frame attends to theirs.
        reference_encoder: "shared" (the backbone itself) or "own" (a second one of the same kind).
        reference_heads: heads of that attention; a divisor of D.
        reference_fallback: a learned token stands for the reference where there is none; False: that is an error.
        lambda_pspi: weight of the PSPI loss: cross-entropy, or mean squared error in PSPI units for "regression".
        lambda_au: weight of the mean squared AU error (equation 15).
        lambda_binary: weight of the binary heads' mean cross-entropy.
        id2label, label2id: names of the PSPI classes, one for each; default "PSPI 0" to "PSPI 16". `num_labels` can
            only repeat `num_pspi_classes`.

    Raises:
        ValueError: a value that is not allowed, with what is.
    """

    model_type = "vitpain"
    keys_to_ignore_at_inference = [  # noqa: RUF012 - what Trainer need not gather
        *("cls", "au_attention", "binary_logits", "hidden_states", "attentions")
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
    au_head: str = "query"
    au_hidden_size: int | None = None
    au_norm: bool = False
    au_activation: str = "relu"
    au_dropout: float = 0.0
    pspi_head: str = "classification"
    pspi_hidden_sizes: list[int] | tuple[int, ...] | None = None
    head_dropout: float = 0.1
    pspi_thresholds: list[int] | tuple[int, ...] | None = None
    regression_sd: float = 1.5
    interval_temperature: float = 1.0
    reference: str = "none"
    reference_encoder: str = "shared"
    reference_heads: int = 8
    reference_fallback: bool = True
    lambda_pspi: float = 1.0
    lambda_au: float = 1.0
    lambda_binary: float = 1.0

    def __post_init__(self, **kwargs):
        for kind, names in KINDS.items():
            for name in names:
                value = getattr(self, name)
                if not _is(value, kind) and (value is not None or name not in MAY_BE_NONE):
                    raise ValueError(f"{name} is {value!r}; allowed is {kind}")
        self.au_names = list(self.au_names or AU_NAMES)
        self.au_max = list(self.au_max or AU_MAX)
        self._name_classes(kwargs.pop("num_labels", None))
        if not __name__.startswith("transformers_modules"):
            # The installed package registers the pipeline itself. With this entry transformers would insist on running
            # the model directory's copy of it, and ask for trust_remote_code.
            kwargs.pop("custom_pipelines", None)
        super().__post_init__(**kwargs)
        self._check_backbone()
        width = self.backbone_config.hidden_size
        if self.pspi_hidden_sizes is None:
            usual = [512, 256, 128] if self.pspi_head == "regression" else [width // 2, width // 4]
            self.pspi_hidden_sizes = [min(size, width) for size in usual]
        self.pspi_hidden_sizes = list(self.pspi_hidden_sizes)
        self.pspi_thresholds = list(PSPI_THRESHOLDS if self.pspi_thresholds is None else self.pspi_thresholds)
        self.au_hidden_size = width // 2 if self.au_hidden_size is None else self.au_hidden_size
        self._check()

    def _check(self) -> None:
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is {getattr(self, name)!r}; allowed is {' or '.join(map(repr, allowed))}")
        if self.au_names != AU_NAMES:
            raise ValueError(f"au_names is {self.au_names}; the order is fixed: {AU_NAMES}")
        if self.au_max != AU_MAX:
            raise ValueError(f"au_max is {self.au_max}; the scales are fixed: {AU_MAX}")
        for name in ("head_dropout", "au_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; allowed is 0 to below 1")
        for name in ("lambda_pspi", "lambda_au", "lambda_binary"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is {getattr(self, name)}; allowed is 0 or more")
        for name in ("regression_sd", "interval_temperature"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} is {getattr(self, name)}; allowed is above 0")
        self._check_sizes()

    def _name_classes(self, num_labels: int | None) -> None:
        """Sets `id2label` and `label2id`: as they were given, else "PSPI 0" and so on."""
        classes = self.num_pspi_classes
        if num_labels not in (None, classes):
            raise ValueError(
                f"num_labels is {num_labels}; allowed is num_pspi_classes, {classes}: the classes are the PSPI scores"
            )
        names = self.id2label
        if names is None:
            names = {k: name for name, k in (self.label2id or {}).items()} or {k: f"PSPI {k}" for k in range(classes)}
        names = {int(k): name for k, name in names.items()}
        numbers = {name: k for k, name in names.items()}
        if sorted(names) != list(range(classes)) or len(numbers) != classes:
            raise ValueError(
                f"id2label names the classes {sorted(names)}; allowed is another name for each of 0 to {classes - 1}, "
                "the PSPI scores"
            )
        if self.label2id and {name: int(k) for name, k in self.label2id.items()} != numbers:
            raise ValueError(f"label2id is {self.label2id}; allowed is the inverse of id2label")
        self.id2label, self.label2id = names, numbers

    def _check_sizes(self) -> None:
        if self.num_pspi_classes < 2:
            raise ValueError(
                f"num_pspi_classes is {self.num_pspi_classes}; allowed is 2 or more (the scale has {PSPI_MAX + 1})"
            )
        if not self.pspi_hidden_sizes or min(*self.pspi_hidden_sizes, self.au_hidden_size) < 1:
            raise ValueError(
                f"pspi_hidden_sizes is {self.pspi_hidden_sizes} and au_hidden_size {self.au_hidden_size}; "
                "allowed are one or more positive widths, and one"
            )
        top, thresholds = self.num_pspi_classes - 1, self.pspi_thresholds
        if thresholds != sorted(set(thresholds)) or not all(1 <= t <= top for t in thresholds) or not thresholds:
            raise ValueError(f"pspi_thresholds is {thresholds}; allowed are whole scores from 1 to {top}, ascending")
        if self.reference == "neutral" and (self.reference_heads < 1 or self.hidden_size % self.reference_heads):
            raise ValueError(f"reference_heads is {self.reference_heads}; allowed are divisors of {self.hidden_size}")

    def _check_backbone(self) -> None:
        kind = self.backbone_config.model_type
        if kind not in CLASS_TOKEN_BACKBONES + PATCH_BACKBONES:
            raise ValueError(
                f"backbone_config is a {type(self.backbone_config).__name__} (model_type {kind!r}); allowed are "
                f"{', '.join(CLASS_TOKEN_BACKBONES)}, and with pooling='mean' also {', '.join(PATCH_BACKBONES)}"
            )
        if kind in PATCH_BACKBONES and self.pooling == "cls":
            raise ValueError(f"pooling is 'cls', but backbone {kind!r} has no class token; allowed is 'mean'")
        if self.backbone_positions == "none" and kind not in ROTARY_BACKBONES:
            raise ValueError(
                f"backbone_positions is 'none', backbone {kind!r}; allowed with {ROTARY_BACKBONES[0]!r} only"
            )
        if not self.backbone_registers and not getattr(self.backbone_config, "num_register_tokens", 0):
            raise ValueError(f"backbone_registers is False, but backbone {kind!r} has none; allowed is True")

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
        stale = {"num_pspi_classes": ("id2label", "label2id"), "id2label": ("label2id",), "label2id": ("id2label",)}
        dropped = {old for name in given for old in stale.get(name, ())} - given.keys()
        if isinstance(given.get("backbone_config"), dict):
            given["backbone_config"] = {**config_dict.get("backbone_config", {}), **given["backbone_config"]}
        kept = {name: value for name, value in config_dict.items() if name not in dropped}
        return super().from_dict({**kept, **given}, **kwargs)

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


def _is(value: object, kind: str) -> bool:
    """Whether a value is of one of KINDS. True and False are no numbers here, unlike in Python."""
    if kind == "True or False":
        return isinstance(value, bool)
    if kind == "a list of whole numbers":
        return isinstance(value, list | tuple) and all(_is(item, "a whole number") for item in value)
    return isinstance(value, int if kind == "a whole number" else int | float) and not isinstance(value, bool)


def _pair(size: int | list[int] | tuple[int, int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else tuple(size)


__all__ = ["ViTPainConfig"]
