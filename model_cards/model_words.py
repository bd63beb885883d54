"""What a model card says of the model itself, from `config.json`, the image processor and the records of training."""

from pathlib import Path

from dataset_script.facs import PAIN_THRESHOLDS, PSPI_CLASSES

APACHE_BACKBONES = ("google/vit-", "facebook/dinov2-")
DINOV2 = ("dinov2-small", "dinov2-base", "dinov2-large", "dinov2-giant")
"""Names of `facebook/dinov2-*` in a directory of the user's."""
PAPER_BACKBONE = "google/vit-large-patch16-224-in21k"
PRESET_BACKBONES = {"paper": PAPER_BACKBONE, "v5": "facebook/dinov3-vitl16-pretrain-lvd1689m"}
"""Preset -> the backbone that training starts from, where no backbone, configuration or model was named."""


_AU_HEADS = {"query": "one learned query each over the patches", "cls": "the same"}
_POOLED = {
    "cls": "the CLS token",
    "mean": "the mean of the patch tokens",
    "cls+mean": "the CLS token and the mean of the patch tokens",
}


def architecture(config: dict, training: dict | None) -> str:
    """Sentences on the network: how many parameters, which backbone, which heads."""
    backbone = config["backbone_config"]
    size = f"{training['parameters']:,} parameters; b" if training else "B"
    heatmaps = training is not None and training["options"]["input"] == "heatmap"
    return (
        ("**A teacher: it sees displacement heatmaps, not pictures.** " if heatmaps else "")
        + f"{size}ackbone {backbone['model_type']}, {backbone['num_hidden_layers']} layers of width "
        f"{backbone['hidden_size']}, {backbone['image_size']} px, patches of {backbone['patch_size']} px; "
        f"{_pspi(config)}, from {_POOLED[config.get('pooling', 'cls')]}"
        + (" and the features of the action units" if config.get("pspi_reads") == "face+units" else "")
        + f"; action units from {_au_head(config)}."
        + _reference(config)
        + _left_out(config)
    )


def _au_head(config: dict) -> str:
    queries = config.get("au_queries", 1)
    return f"{queries} learned queries each over the patches" if queries > 1 else _AU_HEADS[config["au_head"]]


def _pspi(config: dict) -> str:
    if config.get("pspi_head", "classification") == "classification":
        return f"PSPI by classification, as the mean of {PSPI_CLASSES} classes"
    thresholds = ", ".join(str(threshold) for threshold in config.get("pspi_thresholds", PAIN_THRESHOLDS))
    return f"PSPI by regression, and one binary head each for pain at PSPI >= {thresholds}"


def _reference(config: dict) -> str:
    if config.get("reference", "none") == "none":
        return ""
    encoder = {"own": "an encoder of their own", "shared": "the same encoder"}[
        config.get("reference_encoder", "shared")
    ]
    if config.get("reference_fusion") == "difference":
        return f" Its branches also read how far a frame is from neutral frames of the same person, from {encoder}."
    heads = config.get("reference_heads", 8)
    return (
        f" The tokens of a frame attend ({heads} heads) to those of neutral frames of the same person, from {encoder}."
    )


def _left_out(config: dict) -> str:
    """What a converted model does without, because its weights were trained without."""
    without = []
    if config.get("backbone_positions", "own") == "none":
        without.append("position information")
    if not config.get("backbone_registers", True):
        without.append("register tokens")
    return f" Its backbone runs without {' and '.join(without)}, as it was trained." if without else ""


def framing(processor: dict | None) -> str:
    """How large the face must be in the picture."""
    if processor is None:
        return "The framing of its pictures is not recorded."
    crop = processor.get("face_crop")
    if crop is None:
        return (
            "It sees whole pictures, squeezed into a square, framed as its training data: in Pain3D's frames the side "
            "is about 1.7 times the face's height, forehead to chin."
        )
    return (
        f"It sees a square around the face whose side is {crop:g} times the longer side of the face's box, forehead to "
        "chin. Name the face, `processor(images, boxes=…)` or `pain3d predict … --boxes faces.csv`, or have it found, "
        '`--find-faces`; or cut pictures so, and say so: `processor(images, boxes="whole")`.'
    )


def neutral_frames(name: str, config: dict) -> str:
    """A section on giving neutral frames, for a model that takes them; else nothing."""
    if config.get("reference", "none") == "none":
        return ""
    fallback = (
        "Without one, a learned fallback takes its place: expect larger errors."
        if config.get("reference_fallback", True)
        else "It has no fallback: without one it refuses to run."
    )
    return f"""## Neutral frames

Give one or more pictures of the same person at rest, framed as the others; several are averaged. {fallback} A picture
must never be its own reference.

```python
neutral = processor(["rest-1.jpg", "rest-2.jpg"], boxes="whole", return_tensors="pt").pixel_values
model(**processor("pain.jpg", boxes="whole", return_tensors="pt"), reference_pixel_values=neutral[None])
```

    pain3d predict visit.mp4 --model {name} --reference rest-1.jpg rest-2.jpg
    pain3d predict visit.mp4 --model {name} --neutral-from-lowest 5  # no such picture: the lowest-scoring frames

The second form supposes that the person is at rest somewhere in the video; where that is not so, scores come out too
low.

"""


def intervals(config: dict, calibration: dict | None) -> str:
    """What `pspi_interval` is, and how often it held the true score."""
    if config.get("pspi_head", "classification") == "classification":
        source = "the class distribution"
    else:
        source = f"a normal distribution around the score, standard deviation {config.get('regression_sd', 1.5):.3g}"
    text = f"`model.pspi_interval(logits)` gives the central 90 % of {source}, in whole scores. "
    if calibration is None and config.get("interval_temperature", 1.0) != 1.0:
        return f"{text}Its temperature is {config['interval_temperature']:.3g}; how that was found is not recorded."
    if calibration is None:
        return text + "It was not calibrated: do not rely on its level."
    fitted = (
        f"temperature {calibration['temperature']:.3g}"
        if "temperature" in calibration
        else f"{calibration['sd']:.3g} PSPI"
    )
    return (
        f"{text}It was calibrated on the validation people ({fitted}): at the level of {calibration['level']:.0%} it "
        f"held {calibration['coverage_before']:.1%} of their true scores before and "
        f"{calibration['coverage_after']:.1%} after. "
        "On other people, and on real faces, that share can be another."
    )


def conversion_words(conversion: dict | None, config: dict) -> str:
    """Where converted weights come from; without a record, that there is none."""
    if conversion is None:
        return "Not recorded."
    ranks = ", ".join(str(rank) for rank in conversion["lora_ranks"])
    lora = (
        f" LoRA of {conversion['lora_layers']} layers (rank {ranks}, alpha {conversion['lora_alpha']:g}) "
        "was merged into the weights."
        if conversion["lora_layers"]
        else ""
    )
    notes = "".join(f"\n- {note}" for note in conversion["notes"])
    return (
        f"Not trained here: converted from `{conversion['source']}` ({conversion['layout']}, sha256 "
        f"`{conversion['sha256']}`), {conversion['parameters']:,} parameters.{lora}" + (f"\n{notes}" if notes else "")
    )


def licence(training: dict | None, conversion: dict | None) -> tuple[str, str]:
    """The Hub's identifier, and a sentence."""
    if conversion is not None:
        return "other", conversion["licence"]
    if training is None:
        return "other", "Not recorded: how these weights were made is not known."
    options, data = training["options"], _data(training)
    if options.get("start"):
        return _licence_of_start(options["start"], data, training.get("start"))
    backbone = _backbone(options, training.get("preset"))
    if backbone is None:
        return "apache-2.0", f"Apache-2.0; the weights were trained from scratch on {data}."
    if backbone.startswith(APACHE_BACKBONES):
        return "apache-2.0", f"Apache-2.0, as the backbone `{backbone}`; fine-tuned on {data}."
    if Path(backbone).name in DINOV2:
        return (
            "apache-2.0",
            f"Apache-2.0, as the backbone, DINOv2 (Meta AI) as redistributed: `{Path(backbone).name}` was a copy on "
            f"disk, of which is not recorded whether it is unchanged. Fine-tuned on {data}.",
        )
    return (
        "other",
        f"The licence of the backbone `{Path(backbone).name}` holds for these weights; read it before use. Fine-tuned "
        f"on {data}.",
    )


def _data(training: dict) -> str:
    """What trained the weights, with the licences of its frames; those of records of earlier versions are not known."""
    data = training["data"]
    recorded, generated = data.get("licences"), data.get("spec_hash")
    if not recorded:
        return "synthetic faces (3DPain, CC-BY-4.0)" if generated else "data with their own licence"
    licences = "; ".join("frames without a licence" if licence is None else licence for licence in recorded)
    return f"synthetic faces (3DPain, {licences})" if generated else f"data with their own licence ({licences})"


def _licence_of_start(start: str, data: str, record: dict | None) -> tuple[str, str]:
    """As `licence`, of a model that continues another, of whose training there is a record or not."""
    if record is not None:
        identifier, words = licence(record, None)
        return identifier, f"{words.removesuffix('.')}; then trained further, on {data}."
    if not Path(start).is_dir():
        from modeling_vitpain import SHIPPED  # torch: only where a name must be looked up

        if start in SHIPPED:
            return "apache-2.0", f"Apache-2.0, as `{start}` of Pain3D, which training began with; trained on {data}."
    return (
        "other",
        f"The licence of the model that training began with, `{Path(start).name}`, holds; read it. Trained on {data}.",
    )


def _backbone(options: dict, preset: str | None) -> str | None:
    """The pretrained backbone of a run; None: from scratch."""
    if options["backbone"] is not None:
        return options["backbone"]
    if options["config"] == "large":
        return PAPER_BACKBONE
    return PRESET_BACKBONES.get(preset) if options["config"] is None else None
