"""What a ViTPain's configuration may hold: the units and their scales, the allowed values, and the checks of them.

AU names, their ranges and the PSPI's are repeated here, because this file also travels alone as Hub remote code;
`dataset_script.facs` stays the source, and a test holds the two equal.
"""

from transformers import PreTrainedConfig

AU_NAMES = ["AU4", "AU6", "AU7", "AU9", "AU10", "AU43"]
AU_MAX = [5, 5, 5, 5, 5, 1]
COMPANION_NAMES = ["AU1", "AU2", "AU12", "AU20", "AU25", "AU26", "AU27"]
"""Units that may accompany pain, and never count in the PSPI."""
COMPANION_MAX = 5
SMILE = ("AU6", "AU12")
"""What makes a smile that reaches the eyes, the one that is taken for pain."""
PSPI_MAX = 16
PSPI_THRESHOLDS = [1, 2, 3]
CHOICES = {
    "au_head": ("query", "cls"),
    "au_activation": ("relu", "gelu"),
    "pspi_head": ("classification", "regression"),
    "reference": ("none", "neutral"),
    "reference_encoder": ("shared", "own"),
    "reference_fusion": ("attention", "difference"),
    "backbone_positions": ("own", "none"),
    "pooling": ("cls", "mean", "cls+mean"),
    "pspi_reads": ("face", "face+units"),
    "au_output": ("shared", "own"),
    "au_error": ("intensity", "scale"),
}
KINDS = {
    "True or False": ("backbone_registers", "reference_fallback", "au_spread", "expression_head"),
    "a whole number": (
        *("num_pspi_classes", "au_hidden_size", "au_queries", "reference_heads", "expression_hidden_size"),
    ),
    "a number": (
        *("head_dropout", "au_dropout", "regression_sd", "interval_temperature"),
        *("lambda_pspi", "lambda_au", "lambda_binary", "lambda_expression", "smile_weight"),
    ),
    "a list of whole numbers": ("pspi_hidden_sizes", "pspi_thresholds"),
    "a list of numbers": ("au_interval_scale",),
}
MAY_BE_NONE = ("au_hidden_size", "pspi_hidden_sizes", "pspi_thresholds", "au_interval_scale")
"""Fields that may be None: the default then depends on the rest."""
ROTARY_BACKBONES = ("dinov3_vit",)
CLASS_TOKEN_BACKBONES = (
    *("beit", "clip_vision_model", "data2vec-vision", "deit", "dinov2", "dinov2_with_registers", "dinov3_vit"),
    *("vit", "vit_msn"),
)
"""Model types whose first token is the class token, and whose last tokens are the patches in raster order."""
PATCH_BACKBONES = ("ijepa", "siglip_vision_model")
"""Model types whose tokens are the patches in raster order, without a class token."""


def tops(au_names: list[str]) -> list[int]:
    """Top of the scale of each unit: the six of the PSPI, and companions after them."""
    return AU_MAX + [COMPANION_MAX] * (len(au_names) - len(AU_NAMES))


def class_names(config: PreTrainedConfig, num_labels: int | None) -> tuple[dict[int, str], dict[str, int]]:
    """`id2label` and `label2id` of a ViTPainConfig: as they were given, else "PSPI 0" and so on.

    Raises ValueError where these or `num_labels` do not fit the classes.
    """
    classes = config.num_pspi_classes
    if num_labels not in (None, classes):
        raise ValueError(
            f"num_labels is {num_labels}; allowed is num_pspi_classes, {classes}: the classes are the PSPI scores"
        )
    names, label2id = config.id2label, config.label2id
    if names is None:
        names = {k: name for name, k in (label2id or {}).items()} or {k: f"PSPI {k}" for k in range(classes)}
    names = {int(k): name for k, name in names.items()}
    numbers = {name: k for k, name in names.items()}
    if sorted(names) != list(range(classes)) or len(numbers) != classes:
        raise ValueError(
            f"id2label names the classes {sorted(names)}; allowed is another name for each of 0 to {classes - 1}, "
            "the PSPI scores"
        )
    if label2id and {name: int(k) for name, k in label2id.items()} != numbers:
        raise ValueError(f"label2id is {label2id}; allowed is the inverse of id2label")
    return names, numbers


def check_kinds(config: PreTrainedConfig) -> None:
    """Raises ValueError for a field of a ViTPainConfig that is no value of its kind."""
    for kind, names in KINDS.items():
        for name in names:
            value = getattr(config, name)
            if not _is(value, kind) and (value is not None or name not in MAY_BE_NONE):
                raise ValueError(f"{name} is {value!r}; allowed is {kind}")


def check_backbone(config: PreTrainedConfig) -> None:
    """Raises ValueError for a backbone that is not known, or settings that it cannot have."""
    kind = config.backbone_config.model_type
    if kind not in CLASS_TOKEN_BACKBONES + PATCH_BACKBONES:
        raise ValueError(
            f"backbone_config is a {type(config.backbone_config).__name__} (model_type {kind!r}); allowed are "
            f"{', '.join(CLASS_TOKEN_BACKBONES)}, and with pooling='mean' also {', '.join(PATCH_BACKBONES)}"
        )
    if kind in PATCH_BACKBONES and config.pooling != "mean":
        raise ValueError(f"pooling is {config.pooling!r}, but backbone {kind!r} has no class token; allowed is 'mean'")
    if config.backbone_positions == "none" and kind not in ROTARY_BACKBONES:
        raise ValueError(f"backbone_positions is 'none', backbone {kind!r}; allowed with {ROTARY_BACKBONES[0]!r} only")
    if not config.backbone_registers and not getattr(config.backbone_config, "num_register_tokens", 0):
        raise ValueError(f"backbone_registers is False, but backbone {kind!r} has none; allowed is True")


def check_values(config: PreTrainedConfig) -> None:
    """Raises ValueError for a field of a ViTPainConfig that holds what is not allowed, defaults filled in."""
    for name, allowed in CHOICES.items():
        if getattr(config, name) not in allowed:
            raise ValueError(f"{name} is {getattr(config, name)!r}; allowed is {' or '.join(map(repr, allowed))}")
    _check_units(config)
    for name in ("head_dropout", "au_dropout"):
        if not 0 <= getattr(config, name) < 1:
            raise ValueError(f"{name} is {getattr(config, name)}; allowed is 0 to below 1")
    for name in ("lambda_pspi", "lambda_au", "lambda_binary", "lambda_expression", "smile_weight"):
        if not getattr(config, name) >= 0:
            raise ValueError(f"{name} is {getattr(config, name)}; allowed is 0 or more")
    for name in ("regression_sd", "interval_temperature"):
        if not 0 < getattr(config, name) < float("inf"):
            raise ValueError(f"{name} is {getattr(config, name)}; allowed is above 0")
    _check_sizes(config)


def _check_units(config: PreTrainedConfig) -> None:
    names, scale = config.au_names, config.au_interval_scale
    if names != AU_NAMES + [name for name in COMPANION_NAMES if name in names]:
        raise ValueError(
            f"au_names is {names}; the order is fixed: {AU_NAMES}, and after them any of {COMPANION_NAMES}, in order"
        )
    if config.au_max != tops(names):
        raise ValueError(f"au_max is {config.au_max}; the scales are fixed: {tops(names)}")
    if config.smile_weight != 1 and SMILE[1] not in names:
        raise ValueError(f"smile_weight is {config.smile_weight}, and au_names lacks {SMILE[1]}; allowed is 1")
    if scale is None:
        return
    if not config.au_spread:
        raise ValueError(f"au_interval_scale is {scale} with au_spread=False; allowed is None")
    if len(scale) != len(names) or not all(0 < factor < float("inf") for factor in scale):
        raise ValueError(f"au_interval_scale is {scale}; allowed is a number above 0 for each of {len(names)} units")


def _check_sizes(config: PreTrainedConfig) -> None:
    if config.num_pspi_classes < 2:
        raise ValueError(
            f"num_pspi_classes is {config.num_pspi_classes}; allowed is 2 or more (the scale has {PSPI_MAX + 1})"
        )
    if config.au_queries < 1 or (config.au_queries > 1 and config.au_head != "query"):
        raise ValueError(
            f"au_queries is {config.au_queries} with au_head {config.au_head!r}; allowed is 1, or more with 'query'"
        )
    if config.expression_hidden_size < 0:
        raise ValueError(f"expression_hidden_size is {config.expression_hidden_size}; allowed is 0 or more")
    if not config.pspi_hidden_sizes or min(*config.pspi_hidden_sizes, config.au_hidden_size) < 1:
        raise ValueError(
            f"pspi_hidden_sizes is {config.pspi_hidden_sizes} and au_hidden_size {config.au_hidden_size}; "
            "allowed are one or more positive widths, and one"
        )
    top, thresholds = config.num_pspi_classes - 1, config.pspi_thresholds
    if thresholds != sorted(set(thresholds)) or not all(1 <= t <= top for t in thresholds) or not thresholds:
        raise ValueError(f"pspi_thresholds is {thresholds}; allowed are whole scores from 1 to {top}, ascending")
    if config.reference == "neutral" and (config.reference_heads < 1 or config.hidden_size % config.reference_heads):
        raise ValueError(f"reference_heads is {config.reference_heads}; allowed are divisors of {config.hidden_size}")


def _is(value: object, kind: str) -> bool:
    """Whether a value is of one of KINDS. True and False are no numbers here, unlike in Python."""
    if kind == "True or False":
        return isinstance(value, bool)
    if kind.startswith("a list of "):
        item = {"whole numbers": "a whole number", "numbers": "a number"}[kind.removeprefix("a list of ")]
        return isinstance(value, list | tuple) and all(_is(each, item) for each in value)
    return isinstance(value, int if kind == "a whole number" else int | float) and not isinstance(value, bool)


__all__ = [
    "AU_NAMES",
    "PSPI_MAX",
    "PSPI_THRESHOLDS",
    "check_backbone",
    "check_kinds",
    "check_values",
    "class_names",
    "tops",
]
