"""ViTPain: a ViT backbone, used as it is, with a PSPI branch on CLS and an AU branch on the patches (paper, section 4).

- The backbone comes from `AutoModel` and its forward is never re-implemented, positions and registers included.
- With `reference="neutral"` (the paper's later versions) neutral pictures of the same person are encoded, too. The
  tokens of the frame attend to theirs before the heads read them, or the heads read differences from them. A learned
  token, or difference, takes the place of a missing picture.
- Shapes: B images, R references, T tokens (CLS, registers, patches), N patches, width D, U action units (the six of the
  PSPI, then companions, as configured), 17 PSPI classes.
- This file is Hub remote code: it imports torch, transformers and its neighbours, nothing else.
"""

import math
from typing import Unpack

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers import initialization as init
from transformers.modeling_outputs import BaseModelOutput
from transformers.utils import can_return_tuple

from .backbone_vitpain import (
    encoded_by,
    face_and_patches,
    freeze_unread,
    make_backbone,
    pretrained_backbone,
    wanted_of_backbone,
)
from .configuration_vitpain import ViTPainConfig
from .heads_vitpain import (
    SD_AT_START,
    AUHead,
    BinaryHeads,
    ExpressionHead,
    PSPIHead,
    au_interval,
    pspi_distribution,
    pspi_expectation,
    pspi_interval,
)
from .losses_vitpain import LossWeights, MoreLabels, check_labels, supervised_terms, total_loss
from .output_vitpain import ViTPainOutput
from .pipeline_vitpain import PainAssessmentPipeline  # what this file imports is saved with it
from .reference_vitpain import ReferenceAttention, ReferenceDifference, ReferenceToken, as_slots


class ViTPainPreTrainedModel(PreTrainedModel):
    """What transformers needs to know of the family."""

    config_class = ViTPainConfig
    base_model_prefix = "backbone"
    main_input_name = "pixel_values"
    input_modalities = ("image",)
    supports_gradient_checkpointing = True
    accepts_loss_kwargs = False  # the loss is a mean over the batch: Trainer must scale it when it accumulates
    _no_split_modules = ["AUHead", "ReferenceAttention", "ReferenceDifference"]  # noqa: RUF012 - they use parameters of their own beside layers
    _supports_sdpa = True
    _supports_flash_attn = True
    _supports_flex_attn = True
    _supports_attention_backend = True

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        """The heads and the reference's attention; the backbones initialise themselves. Parts come before the whole."""
        if isinstance(module, nn.Linear):
            # 0.02, the backbones' own, would leave these few narrow layers with almost no signal.
            init.kaiming_uniform_(module.weight, nonlinearity="relu")
            init.zeros_(module.bias)
        elif isinstance(module, nn.LayerNorm):
            init.ones_(module.weight)
            init.zeros_(module.bias)
        elif isinstance(module, ReferenceAttention):
            init.xavier_uniform_(module.in_proj_weight)
            init.zeros_(module.in_proj_bias)
            # Almost nothing is added at first, so that fine-tuning begins with the tokens of the trained backbone.
            init.normal_(module.out_proj.weight, std=0.02)
        elif isinstance(module, ReferenceToken):
            init.normal_(module.weight, std=0.02)
        elif isinstance(module, ReferenceDifference):
            init.normal_(module.missing, std=0.02)
        if isinstance(module, AUHead):
            # After the final ReLU a negative output has no gradient: begin with every unit above zero, near its mean.
            init.normal_(module.out.weight, std=0.02)
            init.ones_(module.out.bias)
            if module.spread is not None:
                init.normal_(module.spread.weight, std=0.02)
                init.constant_(module.spread.bias, SD_AT_START)
            if module.queries is not None:
                # Patches leave the backbone's norm with unit variance, so that scores get unit variance too: attention
                # is neither uniform, where all units would be equal, nor saturated.
                init.normal_(module.queries, std=1.0)

    def save_pretrained(self, save_directory, **kwargs) -> None:
        """As transformers', with two differences.

        - Tensors keep the names they have in memory. The default writes the pre-5.x names of the ViT's tensors; most of
          them `Trainer` would silently skip, which reloads checkpoints by `load_state_dict` with strict=False.
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
    """PSPI and action units from the picture of a face, alone or beside neutral pictures of the same person."""

    def __init__(self, config: ViTPainConfig):
        super().__init__(config)
        self.backbone = make_backbone(config)
        self.au_head = AUHead(config)
        self.pspi_head = PSPIHead(config)
        self.binary_heads = BinaryHeads(config) if config.pspi_head == "regression" else None
        self.expression_head = ExpressionHead(config) if config.expression_head else None
        self.reference_backbone = self.reference_attention = self.reference_norm = self.reference_token = None
        self.face_difference = None
        if config.reference == "neutral":
            self.reference_backbone = make_backbone(config) if config.reference_encoder == "own" else None
            self._add_comparison(config)
        self.post_init()

    def _add_comparison(self, config: ViTPainConfig) -> None:
        """What compares a frame with its references."""
        width = config.hidden_size
        if config.reference_fusion == "attention":
            self.reference_attention = ReferenceAttention(width, config.reference_heads)
            self.reference_norm = nn.LayerNorm(width)
            self.reference_token = ReferenceToken(width) if config.reference_fallback else None
        else:
            self.face_difference = ReferenceDifference(config.pooled_size)  # the AU head has its own

    @classmethod
    def from_backbone(
        cls, name_or_path: str, layers: int | None = None, size: int | None = None, **config_kwargs
    ) -> "ViTPainForPainAssessment":
        """New heads on a pretrained backbone, a Hub name or a directory. `config_kwargs` go to ViTPainConfig.

        An own encoder for references begins with the same weights. `layers` keeps the backbone's first ones only;
        `size`, pixels a side, has its positions interpolated once, here; None: all, and its own size.
        """
        backbone_config, weights = pretrained_backbone(name_or_path, layers, size)
        model = cls(ViTPainConfig(backbone_config=backbone_config, **config_kwargs))
        for encoder in filter(None, (model.backbone, model.reference_backbone)):
            encoder.load_state_dict({name: weights[name] for name in encoder.state_dict()})
        return model

    @classmethod
    def from_pretrained(cls, *args, **kwargs):
        """As transformers', but tensors that are never read are frozen, as in a new model."""
        loaded = super().from_pretrained(*args, **kwargs)
        model = loaded[0] if isinstance(loaded, tuple) else loaded
        for encoder in filter(None, (model.backbone, model.reference_backbone)):
            freeze_unread(encoder, model.config)
        return loaded

    @can_return_tuple
    def forward(
        self,
        pixel_values: Tensor | None = None,
        reference_pixel_values: Tensor | None = None,
        reference_mask: Tensor | None = None,
        labels: Tensor | None = None,
        au_labels: Tensor | None = None,
        output_attentions: bool | None = None,
        interpolate_pos_encoding: bool = False,
        output_hidden_states: bool | int | list[int] | None = None,
        output_au_attention: bool | None = None,
        tokens: Tensor | None = None,
        reference_tokens: Tensor | None = None,
        **more: Unpack[MoreLabels],
    ) -> ViTPainOutput:
        """Equations 4-12, and the supervised part of 15.

        Args:
            pixel_values: (B, 3, H, W) from the image processor; H and W are the configured size, or any multiple of the
                patch with `interpolate_pos_encoding=True`.
            reference_pixel_values: (B, 3, H, W), or (B, R, 3, H, W) for R neutral pictures of each person, in any
                order; only for a model with reference "neutral". Without it the learned fallback is used. A first
                dimension of 1 stands for references that all B frames share.
            reference_mask: (B, R), bool, False where that slot of `reference_pixel_values` is empty; default all True.
                A row without any reference uses the learned fallback.
            labels: (B,), the observed PSPI, 0-16; whole numbers, unless pspi_head is "regression".
            au_labels: (B, U), the observed AU intensities, 0-5 (AU43 0-1).
            output_attentions: also return the backbone's `attentions`, and `au_attention`; default: as configured.
            output_hidden_states: also return the backbone's `hidden_states`; default: as configured.
            output_au_attention: also return `au_attention`; default: as `output_attentions`.
            pain_labels: (B,), 1 for a face in pain, 0 for a neutral one or another expression, NaN where that is not
                known; a model without an expression head has no use for them.
            tokens: (B, T, D), in place of pixel_values: what the backbone made of frames of the configured size.
            reference_tokens: (B, R, T, D), in place of reference_pixel_values.

        Raises:
            ValueError: both or neither of pixel_values and tokens are given; a label out of range; labels or references
                of another shape; references given to a model that takes none, or none to one without a fallback.
        """
        with_attentions = self.config.output_attentions if output_attentions is None else output_attentions
        with_au_attention = with_attentions if output_au_attention is None else output_au_attention
        wanted = wanted_of_backbone(self.backbone, self.config, with_attentions, output_hidden_states)
        if (pixel_values is None) == (tokens is None):
            raise ValueError("pixel_values and tokens are both given, or neither; allowed is one of them")
        encoded = BaseModelOutput(last_hidden_state=tokens)
        if pixel_values is not None:
            encoded = encoded_by(self.backbone, pixel_values, interpolate_pos_encoding, **wanted)
        tokens = encoded.last_hidden_state
        references = None
        if self.config.reference == "neutral":
            references, reference_mask = self._references(
                tokens, reference_pixel_values, reference_tokens, reference_mask, interpolate_pos_encoding
            )
            if self.reference_attention is not None:
                tokens = self._fuse(tokens, references, reference_mask)
        elif not all(given is None for given in (reference_pixel_values, reference_mask, reference_tokens)):
            raise ValueError(
                "reference_pixel_values, reference_tokens or reference_mask was given, but this model has "
                "reference='none'"
            )
        size = self.config.image_size if pixel_values is None else pixel_values.shape[-2:]
        count, of_references = math.prod(self.config.patch_grid(*size)), None
        face, patches = face_and_patches(tokens, count, self.config.pooling)
        if self.face_difference is not None:
            of_faces, of_references = face_and_patches(references, count, self.config.pooling)
            face = self.face_difference(face, of_faces, reference_mask)

        au, au_sd, attention, hidden = self.au_head(face, patches, of_references, reference_mask)
        features = face if self.config.pspi_reads == "face" else torch.cat([face, hidden.flatten(1)], dim=-1)
        logits, pspi, binary_logits = self._assess(features)
        output = ViTPainOutput(
            logits=logits,
            pspi=pspi,
            au=au,
            cls=face,
            au_attention=attention if with_au_attention else None,
            binary_logits=binary_logits,
            au_sd=au_sd,
            pain_logits=None if self.expression_head is None else self.expression_head(features).squeeze(-1),
            hidden_states=encoded.hidden_states if "output_hidden_states" in wanted else None,
            attentions=encoded.attentions if "output_attentions" in wanted else None,
        )
        return self._with_loss(output, labels, au_labels, **more)

    def pspi_interval(self, logits: Tensor, level: float = 0.9) -> tuple[Tensor, Tensor]:
        """Lowest and highest PSPI, (B,) each, of the central interval at `level`, calibrated by the configuration."""
        return pspi_interval(logits, level, self.config.interval_temperature)

    def au_interval(self, au: Tensor, au_sd: Tensor, level: float = 0.9) -> tuple[Tensor, Tensor]:
        """Lowest and highest intensity, (B, U) each, of the central interval at `level`, calibrated as configured."""
        return au_interval(au, au_sd, level, self.config.au_interval_scale, self.config.au_max)

    def _with_loss(
        self,
        output: ViTPainOutput,
        labels: Tensor | None,
        au_labels: Tensor | None,
        pain_labels: Tensor | None = None,
    ) -> ViTPainOutput:
        """The output with the supervised part of the loss, if there are labels that the model has a use for.

        Here, unlike in `ViTPainTrainer`, every PSPI and AU must be known.
        """
        if self.expression_head is None:
            pain_labels = None
        if labels is None and au_labels is None and pain_labels is None:
            return output
        check_labels(labels, au_labels, pain_labels, self.config, len(output.pspi))
        config = self.config
        weights = LossWeights(config.lambda_pspi, config.lambda_binary, config.lambda_au, config.lambda_expression)
        terms = supervised_terms(output, labels, au_labels, pain_labels, config)
        return ViTPainOutput(loss=total_loss(terms, weights), **output)

    def _references(
        self, tokens: Tensor, pixel_values: Tensor | None, given: Tensor | None, mask: Tensor | None, interpolate: bool
    ) -> tuple[Tensor, Tensor]:
        """Tokens (B, R, S, D) of the references to frames of `tokens` (B, T, D), and which slots hold one, (B, R).

        Where there is none, one empty slot.
        """
        batch = tokens.shape[0]
        if given is not None:
            references, present = given, torch.ones(given.shape[:2], dtype=torch.bool, device=given.device)
            mask = present if mask is None else mask
        elif pixel_values is None:
            if mask is not None:
                raise ValueError("reference_mask was given without reference_pixel_values")
            references = tokens.new_zeros(batch, 1, 1, tokens.shape[-1])
            mask = torch.zeros(batch, 1, dtype=torch.bool, device=tokens.device)
        else:
            pictures, mask = as_slots(pixel_values, mask, batch)
            encoder = self.backbone if self.reference_backbone is None else self.reference_backbone
            references = encoded_by(encoder, pictures.flatten(0, 1), interpolate).last_hidden_state
            references = references.unflatten(0, pictures.shape[:2]).expand(batch, -1, -1, -1)
        if not self.config.reference_fallback and not torch.compiler.is_compiling() and not mask.any(dim=1).all():
            raise ValueError(
                "a frame has no reference_pixel_values; with reference_fallback=False every frame needs one"
            )
        return references, mask

    def _fuse(self, tokens: Tensor, references: Tensor, mask: Tensor) -> Tensor:
        """LayerNorm(x + the mean over the references of MHA(x, reference, reference)): (B, T, D) -> (B, T, D)."""
        if self.reference_token is not None:
            references = self.reference_token(references, mask)
        return self.reference_norm(tokens + self.reference_attention(tokens, references, mask))

    def _assess(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Features of the face (B, F) -> class logits (B, C), PSPI (B,) and binary logits (B, 3) or None."""
        scores = self.pspi_head(features)
        if self.binary_heads is None:
            return scores, pspi_expectation(scores), None
        classes = self.config.num_pspi_classes
        pspi = (classes - 1) * scores.float().sigmoid().squeeze(-1)
        return pspi_distribution(pspi, self.config.regression_sd, classes), pspi, self.binary_heads(features)


__all__ = ["ViTPainForPainAssessment", "ViTPainPreTrainedModel"]
