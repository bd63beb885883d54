"""The authors' released checkpoint -> a ViTPain directory with safetensors, LoRA merged in.

The result gives the release's own outputs, and so has its properties: no rotary positions, no register tokens
(`backbone_positions`, `backbone_registers`), and a neutral reference that must be given (`reference_fallback`).
"""

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor
from transformers.image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.restricted_pickle import Inert, one_line
from dataset_script.storage import reporting_write_errors, temporary_path

from ..configuration_vitpain import ViTPainConfig
from ..image_processing_vitpain import ViTPainImageProcessor
from ..modeling_vitpain import ViTPainForPainAssessment
from .authors_layout import IMAGE_SIZE, Parts, check, infer_config, plain_parts, source_of
from .torch_archive import StoredTensor, TorchArchive

RECORD = "conversion.json"
LORA_ALPHA = 16.0
"""The release's, for every rank."""
LICENCE = (
    "DINOv3 License (https://ai.meta.com/resources/models-and-libraries/dinov3-license/): the backbone's weights are a "
    "derivative of DINOv3. For the rest, the terms under which the authors published the checkpoint."
)
_HYPER_PARAMETERS = ("model_name", "lora_rank", "lora_alpha", "dropout_rate", "use_neutral_reference")


@dataclass(frozen=True)
class Conversion:
    """What was converted, as `conversion.json` has it.

    Attributes:
        source: file name of the checkpoint.
        sha256, bytes: of that file.
        layout: what it was recognised as.
        parameters: numbers in the written model.
        lora_layers: how many layers had LoRA; merged as W + alpha / rank * B A.
        lora_ranks: the ranks that occur.
        lora_alpha: the alpha used.
        reference_encoder: "own", "shared" (also when the second encoder equals the first), or None without references.
        hyper_parameters: of the checkpoint's training, those that are plain numbers and short strings.
        notes: what a user of the model has to know.
        licence: of the result.
    """

    source: str
    sha256: str
    bytes: int
    layout: str
    parameters: int
    lora_layers: int
    lora_ranks: list[int]
    lora_alpha: float
    reference_encoder: str | None
    hyper_parameters: dict[str, str | int | float | bool]
    notes: list[str]
    licence: str = LICENCE


def convert_authors_checkpoint(
    source: Path, out: Path, lora_alpha: float | None = None, attention_heads: int | None = None
) -> Conversion:
    """Writes `out`: weights, configuration, image processor, remote code, `conversion.json`. Executes nothing it reads.

    Args:
        source: the authors' Lightning checkpoint (`.ckpt`), or a bare state dict of the same names saved by torch.save.
        out: the model directory; must not exist.
        lora_alpha: scale of LoRA, above 0; None: 16, the release's.
        attention_heads: of the backbone; None: one for each 64 of its width, as DINOv3 has.

    Raises:
        InvalidInput: not such a checkpoint (all that is missing, extra or of another size is named), or `out` exists.
        WorkFailed: the file is damaged, or `out` cannot be written.
    """
    if out.exists():
        raise InvalidInput(f"out is {out}, which exists; allowed is a new directory")
    if lora_alpha is not None and not 0 < lora_alpha < float("inf"):
        raise InvalidInput(f"lora-alpha is {lora_alpha}; allowed is above 0")
    with TorchArchive(source) as archive:
        stored, about = _state_dict(archive), _hyper_parameters(archive.content)
        alpha = _lora_alpha(about, lora_alpha)
        parts = plain_parts(list(stored))
        sizes = {name: tensor.size for name, tensor in stored.items()}
        plain_sizes = {plain: sizes[part.names["weight"]] for plain, part in parts.items() if "weight" in part.names}
        config = infer_config(plain_sizes, attention_heads)
        check(parts, sizes, _wanted(config))
        _check_biases(config, parts)
        tensors = _read(archive, stored, parts, config, alpha)
    config, tensors = _without_equal_encoder(config, tensors)
    model = _empty_model(config)
    model.load_state_dict(tensors, assign=True)
    record = _record(source, model, stored, parts, alpha, about)
    _write(model, record, out)
    return record


def _state_dict(archive: TorchArchive) -> dict[str, StoredTensor]:
    """The tensors by name, of a Lightning checkpoint or of a bare state dict."""
    content = archive.content
    state = content.get("state_dict", content) if isinstance(content, dict) else None
    if not isinstance(state, dict) or not state:
        raise InvalidInput(f"{archive.path} holds no state_dict; allowed is a Lightning checkpoint or a state dict")
    wrong = [name for name, value in state.items() if not (isinstance(name, str) and isinstance(value, StoredTensor))]
    if wrong:
        value = state[wrong[0]]
        kind = one_line(value.name) if isinstance(value, Inert) else type(value).__name__
        raise InvalidInput(
            f"{archive.path}: state_dict holds {one_line(str(wrong[0]))!r}, a {kind} and no tensor "
            f"({len(wrong)} such); nothing of it was run"
        )
    for tensor in state.values():
        archive.check(tensor)
    return state


def _hyper_parameters(content: dict) -> dict[str, str | int | float | bool]:
    """The hyper-parameters stored in the checkpoint, as far as they are short text and plain numbers."""
    stored = content.get("hyper_parameters")
    stored = {name: stored[name] for name in _HYPER_PARAMETERS if name in stored} if isinstance(stored, dict) else {}
    texts = {name: one_line(value) for name, value in stored.items() if isinstance(value, str)}
    numbers = {name: v for name, v in stored.items() if isinstance(v, int | float) and abs(v) < 1e9}
    return texts | numbers


def _lora_alpha(about: dict[str, Any], given: float | None) -> float:
    """The alpha given, or 16. Raises InvalidInput where none is given and the checkpoint has another one."""
    stored = about.get("lora_alpha", LORA_ALPHA)
    if given is None and stored != LORA_ALPHA:
        raise InvalidInput(
            f"lora-alpha is not given: the release has {LORA_ALPHA:g}, this checkpoint says {stored!r}; give it"
        )
    return LORA_ALPHA if given is None else given


def _empty_model(config: ViTPainConfig) -> ViTPainForPainAssessment:
    """The model without memory for its tensors."""
    with torch.device("meta"):
        return ViTPainForPainAssessment(config)


def _targets(config: ViTPainConfig) -> dict[str, Tensor]:
    """The model's tensors that the checkpoint has to give: all but the mask token, which nothing reads."""
    state = _empty_model(config).state_dict()
    return {name: tensor for name, tensor in state.items() if not name.endswith("mask_token") and tensor.numel()}


def _wanted(config: ViTPainConfig) -> dict[str, tuple[int, ...]]:
    """Sizes by plain name; q, k and v lie in one tensor of three times the rows."""
    sizes = {}
    for name, tensor in _targets(config).items():
        plain, third = source_of(name)
        rows, *rest = tensor.shape
        sizes[plain] = tuple(tensor.shape) if third is None else (3 * rows, *rest)
    return sizes


def _check_biases(config: ViTPainConfig, parts: dict[str, Parts]) -> None:
    """Where q and v have biases, timm multiplies by the bare weight, past PEFT's layer: LoRA there has no effect."""
    adapted = [plain for plain, part in parts.items() if plain.endswith(".attn.qkv.weight") and part.has_lora]
    if config.backbone_config.query_bias and adapted:
        raise InvalidInput(f"{adapted[0]} has LoRA and its layer has q_bias; allowed is one of the two")


def _read(
    archive: TorchArchive, stored: dict[str, StoredTensor], parts: dict[str, Parts], config: ViTPainConfig, alpha: float
) -> dict[str, Tensor]:
    """This model's tensors, float32, by its own names."""
    tensors, merged = {}, ("", torch.empty(0))
    for name, tensor in _empty_model(config).state_dict().items():
        if name.endswith("mask_token") or not tensor.numel():
            tensors[name] = torch.zeros(tensor.shape)
            continue
        plain, third = source_of(name)
        if merged[0] != plain:  # q, k and v follow each other, and share one
            merged = (
                plain,
                _merged({role: archive.load(stored[key]) for role, key in parts[plain].names.items()}, alpha),
            )
        tensors[name] = merged[1] if third is None else merged[1].chunk(3)[third].clone()
    return tensors


def _merged(part: dict[str, Tensor], alpha: float) -> Tensor:
    """W + alpha / r * B A. Of a convolution, A has the kernel and B one pixel: flattened, it is the same product."""
    weight = part["weight"].float()
    if "A" not in part:
        return weight
    a, b = part["A"].double().flatten(1), part["B"].double().flatten(1)
    return (weight.double() + (alpha / len(a)) * (b @ a).view_as(weight)).float()


def _without_equal_encoder(
    config: ViTPainConfig, tensors: dict[str, Tensor]
) -> tuple[ViTPainConfig, dict[str, Tensor]]:
    """Drops the second encoder where it equals the first."""
    own = {name for name in tensors if name.startswith("reference_backbone.")}
    if not own or not all(torch.equal(tensors[name], tensors[name.removeprefix("reference_")]) for name in own):
        return config, tensors
    config.reference_encoder = "shared"
    return config, {name: tensor for name, tensor in tensors.items() if name not in own}


def _record(
    source: Path,
    model: ViTPainForPainAssessment,
    stored: dict[str, StoredTensor],
    parts: dict[str, Parts],
    alpha: float,
    about: dict[str, Any],
) -> Conversion:
    config = model.config
    ranks = [stored[part.names["A"]].size[0] for part in parts.values() if part.has_lora]
    notes = [
        "The release's forward left out the backbone's rotary positions and register tokens; this model does too, so "
        "as to give its outputs: the order of the patches has no influence.",
        "`logits` and the interval are a normal distribution around the score; its regression_sd is not calibrated.",
    ]
    if config.reference == "neutral":
        notes += [
            "A neutral picture of the same person must be given: the release has no learned stand-in for it.",
            "Of several references the attention's outputs are averaged; the release averaged the predictions.",
        ]
    with open(source, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Conversion(
        source=source.name,
        sha256=digest,
        bytes=source.stat().st_size,
        layout="TaatiTeam/Pain-in-3D, ViTPain with a timm DINOv3 and LoRA by PEFT",
        parameters=model.num_parameters(),
        lora_layers=len(ranks),
        lora_ranks=sorted(set(ranks)),
        lora_alpha=alpha,
        reference_encoder=config.reference_encoder if config.reference == "neutral" else None,
        hyper_parameters=about,
        notes=notes,
    )


def _write(model: ViTPainForPainAssessment, record: Conversion, out: Path) -> None:
    """All of `out`, or nothing: written beside it, then renamed."""
    processor = ViTPainImageProcessor(
        size={"height": IMAGE_SIZE, "width": IMAGE_SIZE},
        image_mean=IMAGENET_DEFAULT_MEAN,
        image_std=IMAGENET_DEFAULT_STD,
    )
    temporary = temporary_path(out)
    with reporting_write_errors(out):
        try:
            temporary.mkdir(parents=True)
            model.save_pretrained(temporary)
            processor.save_pretrained(temporary)
            (temporary / RECORD).write_text(json.dumps(asdict(record), indent=1) + "\n", encoding="utf-8")
            os.rename(temporary, out)
        except SafetensorError as error:  # how safetensors reports a full disk
            raise WorkFailed(f"cannot write {out}: {error}") from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
