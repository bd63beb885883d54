"""ViTPain: a ViT backbone, used as it is, with a PSPI branch on CLS and an AU branch on the patches (paper, section 4).

- The backbone comes from `AutoModel` and its forward is never re-implemented: positions and registers are its business.
- Shapes: B images, N patches, width D, 6 action units, 17 PSPI classes.
- This file is Hub remote code: it imports torch, transformers and its own configuration, nothing else.
"""

import inspect
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PreTrainedModel
from transformers import initialization as init
from transformers.utils import ModelOutput, can_return_tuple

from .configuration_vitpain import ViTPainConfig
from .pipeline_vitpain import PainAssessmentPipeline  # what this file imports is saved with it


@dataclass
class ViTPainOutput(ModelOutput):
    """What ViTPain returns.

    Attributes:
        loss: (), when `labels` or `au_labels` were given: lambda_pspi * cross-entropy + lambda_au * MSE.
        logits: (B, 17), of the PSPI classes 0-16.
        pspi: (B,), float32, 0-16: the expectation over the classes.
        au: (B, 6), intensities in the order AU4, AU6, AU7, AU9, AU10, AU43; 0 and up, trained on 0-5 (AU43 0-1).
        cls: (B, D), the CLS token.
        au_attention: (B, 6, N), rows sum to 1, patches in raster order; only with `output_attentions=True` and au_head "query".
    """

    loss: Tensor | None = None
    logits: Tensor | None = None
    pspi: Tensor | None = None
    au: Tensor | None = None
    cls: Tensor | None = None
    au_attention: Tensor | None = None


def pspi_expectation(logits: Tensor) -> Tensor:
    """Mean of the class distribution: `logits` (B, C) -> (B,), float32, 0 to C-1."""
    probabilities = logits.float().softmax(dim=-1)
    return probabilities @ torch.arange(logits.shape[-1], dtype=torch.float32, device=logits.device)


def pspi_interval(logits: Tensor, level: float = 0.9) -> tuple[Tensor, Tensor]:
    """The central interval of the class distribution: `logits` (B, C) -> lowest and highest class (B,), integers.

    At most (1 - level) / 2 of the probability lies below it, and as much above. It is about the score of this picture,
    a whole number; in a very skewed distribution the mean (`pspi`) may lie outside of it.
    """
    cumulative = logits.double().softmax(dim=-1).cumsum(dim=-1)
    tail = (1 - level) / 2
    low = (cumulative <= tail).sum(dim=-1)
    high = (cumulative < 1 - tail).sum(dim=-1)
    return low, high.clamp(max=logits.shape[-1] - 1)


class AUHead(nn.Module):
    """Equations 4-8: a learned query a unit, single-head attention over the patches, then Linear-ReLU-Linear-ReLU.

    The two linear layers are shared by the units: what tells them apart is where they look. With au_head "cls" there
    are no queries, and the layers map the CLS token to all six at once.
    """

    def __init__(self, config: ViTPainConfig):
        super().__init__()
        count, width = len(config.au_names), config.hidden_size
        self.queries = nn.Parameter(torch.empty(count, width)) if config.au_head == "query" else None
        self.hidden = nn.Linear(width, config.au_hidden_size)
        self.out = nn.Linear(config.au_hidden_size, 1 if config.au_head == "query" else count)

    def forward(self, cls: Tensor, patches: Tensor) -> tuple[Tensor, Tensor | None]:
        """`cls` (B, D) and `patches` (B, N, D) -> intensities (B, 6) and attention (B, 6, N)."""
        if self.queries is None:
            return self.out(self.hidden(cls).relu()).relu(), None
        scores = self.queries @ patches.transpose(1, 2) / patches.shape[-1] ** 0.5  # (B, 6, N), equation 4
        attention = scores.softmax(dim=-1)  # equation 5
        features = attention @ patches  # (B, 6, D), equation 6
        return self.out(self.hidden(features).relu()).relu().squeeze(-1), attention


class PSPIHead(nn.Sequential):
    """Equations 9-12: LayerNorm, two blocks of Linear, GELU, Dropout of decreasing width, Linear. (B, D) -> (B, 17)."""

    def __init__(self, config: ViTPainConfig):
        width, (first, second) = config.hidden_size, config.pspi_hidden_sizes
        super().__init__(
            nn.LayerNorm(width),
            nn.Linear(width, first),
            nn.GELU(),
            nn.Dropout(config.head_dropout),
            nn.Linear(first, second),
            nn.GELU(),
            nn.Dropout(config.head_dropout),
            nn.Linear(second, config.num_pspi_classes),
        )


class ViTPainPreTrainedModel(PreTrainedModel):
    """What transformers needs to know of the family."""

    config_class = ViTPainConfig
    base_model_prefix = "backbone"
    main_input_name = "pixel_values"
    input_modalities = ("image",)
    supports_gradient_checkpointing = True
    accepts_loss_kwargs = False  # the loss is a mean over the batch: Trainer must scale it when it accumulates
    _supports_sdpa = True
    _supports_flash_attn = True
    _supports_flex_attn = True
    _supports_attention_backend = True

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        """The heads only; the backbone initialises itself."""
        if isinstance(module, nn.Linear):
            # 0.02, the backbones' own, would leave these few narrow layers with almost no signal.
            init.kaiming_uniform_(module.weight, nonlinearity="relu")
            init.zeros_(module.bias)
        elif isinstance(module, nn.LayerNorm):
            init.ones_(module.weight)
            init.zeros_(module.bias)
        if isinstance(module, AUHead):
            # After the final ReLU a negative output has no gradient: begin with every unit above zero, near its mean.
            init.normal_(module.out.weight, std=0.02)
            init.ones_(module.out.bias)
            if module.queries is not None:
                # Patches leave the backbone's norm with unit variance, so that scores get unit variance too: neither
                # uniform attention, where the units could not be told apart, nor saturated.
                init.normal_(module.queries, std=1.0)

    def save_pretrained(self, save_directory, **kwargs) -> None:
        """As transformers', with two differences.

        - Tensors keep the names they have in memory. The default writes the pre-5.x names of the ViT's tensors; `Trainer`
          reloads checkpoints by plain `load_state_dict` with strict=False, so most would silently not be loaded.
        - The whole family is named for remote code, pipeline included; by itself transformers names the class it saves.
        """
        self.config.auto_map = {
            "AutoConfig": "configuration_vitpain.ViTPainConfig",
            "AutoModel": "modeling_vitpain.ViTPainForPainAssessment",
            "AutoModelForImageClassification": "modeling_vitpain.ViTPainForPainAssessment",
            "AutoImageProcessor": "image_processing_vitpain.ViTPainImageProcessor",
        }
        self.config.custom_pipelines = {
            "pain-assessment": {
                "impl": f"pipeline_vitpain.{PainAssessmentPipeline.__name__}",
                "pt": ["AutoModel"],
                "type": "image",
            }
        }
        super().save_pretrained(save_directory, **{"save_original_format": False, **kwargs})


class ViTPainForPainAssessment(ViTPainPreTrainedModel):
    """PSPI and six action units from the picture of a face."""

    pspi_interval = staticmethod(pspi_interval)

    def __init__(self, config: ViTPainConfig):
        super().__init__(config)
        self.backbone = _without_unused_parts(AutoModel.from_config(config.backbone_config))
        self.au_head = AUHead(config)
        self.pspi_head = PSPIHead(config)
        self.post_init()

    @classmethod
    def from_backbone(cls, name_or_path: str, **config_kwargs) -> "ViTPainForPainAssessment":
        """New heads on a pretrained backbone, a Hub name or a directory. `config_kwargs` go to ViTPainConfig."""
        backbone = AutoModel.from_pretrained(name_or_path)
        model = cls(ViTPainConfig(backbone_config=AutoConfig.from_pretrained(name_or_path), **config_kwargs))
        model.backbone.load_state_dict(_without_unused_parts(backbone).state_dict())
        return model

    @can_return_tuple
    def forward(
        self,
        pixel_values: Tensor,
        reference_pixel_values: Tensor | None = None,
        labels: Tensor | None = None,
        au_labels: Tensor | None = None,
        output_attentions: bool | None = None,
        interpolate_pos_encoding: bool = False,
    ) -> ViTPainOutput:
        """Equations 4-12, and the supervised part of 15.

        Args:
            pixel_values: (B, 3, H, W) from the image processor; H and W are the configured size, or any multiple of the
                patch with `interpolate_pos_encoding=True`.
            reference_pixel_values: reserved for the variant with a neutral reference.
            labels: (B,), integers, the PSPI, 0-16.
            au_labels: (B, 6), AU intensities, 0-5 (AU43 0-1).
            output_attentions: also return `au_attention`.

        Raises:
            ValueError: a label out of range; a reference given to a model that takes none.
        """
        if reference_pixel_values is not None:
            raise ValueError("reference_pixel_values was given, but this model has reference='none'")
        tokens = self.backbone(pixel_values, **self._size_arguments(interpolate_pos_encoding)).last_hidden_state
        cls, patches = tokens[:, 0], tokens[:, -self._num_patches(pixel_values) :]  # registers lie between the two

        logits = self.pspi_head(cls)
        au, attention = self.au_head(cls, patches)
        return ViTPainOutput(
            loss=self._loss(logits, au, labels, au_labels),
            logits=logits,
            pspi=pspi_expectation(logits),
            au=au,
            cls=cls,
            au_attention=attention if output_attentions else None,
        )

    def _size_arguments(self, interpolate: bool) -> dict[str, bool]:
        """ViT must be told to interpolate its positions; DINOv2 and DINOv3 take any size, and no such argument."""
        if interpolate and "interpolate_pos_encoding" in inspect.signature(self.backbone.forward).parameters:
            return {"interpolate_pos_encoding": True}
        return {}

    def _num_patches(self, pixel_values: Tensor) -> int:
        rows, columns = self.config.patch_grid(*pixel_values.shape[-2:])
        return rows * columns

    def _loss(self, logits: Tensor, au: Tensor, labels: Tensor | None, au_labels: Tensor | None) -> Tensor | None:
        loss = None
        if labels is not None:
            _check_range("labels (PSPI)", labels, torch.tensor(self.config.num_pspi_classes - 1))
            loss = self.config.lambda_pspi * nn.functional.cross_entropy(logits.float(), labels.long())
        if au_labels is not None:
            _check_range("au_labels", au_labels, torch.tensor(self.config.au_max))
            au_loss = self.config.lambda_au * nn.functional.mse_loss(au.float(), au_labels.float())
            loss = au_loss if loss is None else loss + au_loss
        return loss


def _check_range(name: str, values: Tensor, top: Tensor) -> None:
    if torch.compiler.is_compiling():  # a check that depends on data cannot be in a graph
        return
    bad = ~((values >= 0) & (values <= top.to(values.device)))  # also catches NaN
    if bad.any():
        raise ValueError(f"{name} holds {values[bad][0].item():g}; allowed is 0 to {top.tolist()}")


def _without_unused_parts(backbone: PreTrainedModel) -> PreTrainedModel:
    """Drops the pooler and freezes the mask token: nothing reads them, so they would never get a gradient."""
    if getattr(backbone, "pooler", None) is not None:
        backbone.pooler = None
    for name, parameter in backbone.named_parameters():
        if name.endswith("mask_token"):
            parameter.requires_grad_(False)
    return backbone


__all__ = ["ViTPainForPainAssessment", "ViTPainOutput", "ViTPainPreTrainedModel", "pspi_expectation", "pspi_interval"]
