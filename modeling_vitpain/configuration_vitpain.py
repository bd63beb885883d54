"""Configuration of ViTPain (design contract C6).

- One flat class: the backbone's own configuration inside, the heads' sizes and the loss weights beside it.
- AU names and ranges are repeated here, because this file also travels alone as Hub remote code;
  `dataset_script.facs` stays the source, and a test holds the two equal.
- A value that is not implemented is refused here, when the configuration is made, not later in the forward pass.
"""

from transformers import AutoConfig, PreTrainedConfig, ViTConfig
from transformers.configuration_utils import SubConfigSpec

AU_NAMES = ["AU4", "AU6", "AU7", "AU9", "AU10", "AU43"]
AU_MAX = [5, 5, 5, 5, 5, 1]


class ViTPainConfig(PreTrainedConfig):
    """What it takes to build a ViTPain.

    Args:
        backbone_config: configuration (or its dict, with `model_type`) of any ViT-like transformers model: ViT, DINOv2,
            DINOv3, … Default: the paper's ViT-L/16 at 224 px.
        num_pspi_classes: PSPI classes, 0 to 16.
        au_names: order of the action units in every output; fixed (contract C1).
        au_max: top of each unit's scale: 5 for FACS A-E, 1 for AU43 (eyes closed).
        au_head: "query" (equations 4-8: one learned query a unit, attending to the patches) or "cls" (Table 2's baseline: the
            same head on the CLS token).
        pspi_head: "classification" (equations 9-12).
        reference: "none".
        pspi_hidden_sizes: widths of the two hidden layers of the PSPI branch; default D/2 and D/4.
        au_hidden_size: width of the AU branch's hidden layer; default D/2.
        head_dropout: dropout of the PSPI branch, 0 to 1.
        lambda_pspi, lambda_au: weights of the cross-entropy and of the mean squared AU error (equation 15).

    Raises:
        ValueError: a value that is not allowed, with what is.
    """

    model_type = "vitpain"
    keys_to_ignore_at_inference = ["cls", "au_attention"]  # noqa: RUF012 - what Trainer need not gather
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
    num_pspi_classes: int = 17
    au_names: list[str] | tuple[str, ...] | None = None
    au_max: list[int] | tuple[int, ...] | None = None
    au_head: str = "query"
    pspi_head: str = "classification"
    reference: str = "none"
    pspi_hidden_sizes: list[int] | tuple[int, int] | None = None
    au_hidden_size: int | None = None
    head_dropout: float = 0.1
    lambda_pspi: float = 1.0
    lambda_au: float = 1.0

    def __post_init__(self, **kwargs):
        self.au_names = list(self.au_names or AU_NAMES)
        self.au_max = list(self.au_max or AU_MAX)
        self.id2label = {k: f"PSPI {k}" for k in range(self.num_pspi_classes)}
        self.label2id = {name: k for k, name in self.id2label.items()}
        kwargs.pop("num_labels", None)
        if not __name__.startswith("transformers_modules"):
            # The installed package registers the pipeline itself. With this entry transformers would insist on running
            # the model directory's copy of it, and ask for trust_remote_code.
            kwargs.pop("custom_pipelines", None)
        super().__post_init__(**kwargs)
        width = self.backbone_config.hidden_size
        self.pspi_hidden_sizes = list(self.pspi_hidden_sizes or (width // 2, width // 4))
        self.au_hidden_size = self.au_hidden_size or width // 2
        self._check()

    def _check(self) -> None:
        for name, allowed in {
            "au_head": ("query", "cls"),
            "pspi_head": ("classification",),
            "reference": ("none",),
        }.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is {getattr(self, name)!r}; allowed is {' or '.join(map(repr, allowed))}")
        if self.au_names != AU_NAMES:
            raise ValueError(f"au_names is {self.au_names}; the order is fixed: {AU_NAMES}")
        if self.au_max != AU_MAX:
            raise ValueError(f"au_max is {self.au_max}; the scales are fixed: {AU_MAX}")
        if self.num_pspi_classes < 2:
            raise ValueError(f"num_pspi_classes is {self.num_pspi_classes}; allowed is 2 or more (the scale has 17)")
        if len(self.pspi_hidden_sizes) != 2 or min(*self.pspi_hidden_sizes, self.au_hidden_size) < 1:
            raise ValueError(
                f"pspi_hidden_sizes is {self.pspi_hidden_sizes} and au_hidden_size {self.au_hidden_size}; "
                "allowed are two positive widths and one"
            )
        if not 0 <= self.head_dropout < 1:
            raise ValueError(f"head_dropout is {self.head_dropout}; allowed is 0 to below 1")
        for name in ("lambda_pspi", "lambda_au"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is {getattr(self, name)}; allowed is 0 or more")

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
        """For CPUs, trained from scratch in minutes: 112 px, 49 patches of 16 px, D = 96, 4 layers; 0.5 M parameters."""
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
