"""Datasets and models for training tests: bars as faces, two views a person, steps of milliseconds."""

import io
import itertools
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset, Features
from PIL import Image
from placements import IN_A_STUDIO, NOWHERE
from transformers import DINOv3ViTConfig, ViTConfig, ViTImageProcessorPil, ViTModel

from dataset_script.facs import AU_NAMES, EXTRA_AU_NAMES, pspi
from dataset_script.features import FEATURES
from dataset_script.vocabulary import EXPRESSION_KINDS, format_frame_id, kind_of
from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment, ViTPainImageProcessor
from modeling_vitpain.frames.dataset import open_split
from modeling_vitpain.training.options import RunOptions
from modeling_vitpain.training.run import build_trainer
from modeling_vitpain.training.starting_model import starting_model
from modeling_vitpain.training.trainers import ViTPainTrainer

SIZE = 32
BACKBONE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": SIZE, "patch_size": 8}


def draw(au: np.ndarray, identity: int, view: int, pixels: int = SIZE) -> np.ndarray:
    """(pixels, pixels), uint8: one bar a unit, as long as it is strong; grey level by person, offset by view."""
    image = np.full((pixels, pixels), 40 + 13 * identity % 80, dtype=np.uint8)
    height = pixels // 8
    for k, value in enumerate(np.asarray(au) / (5, 5, 5, 5, 5, 1)):
        top = (k + 1) * height
        image[top : top + height - 1, view : view + 1 + int(value * (pixels - 3))] = 150 + 15 * k
    return image


def au_of_pspi(score: int, random: np.random.Generator) -> np.ndarray:
    """Six intensities whose PSPI is `score`."""
    while True:
        au = random.integers(0, (6, 6, 6, 6, 6, 2))
        if pspi(au) == score:
            return au


def rows_of(identities: range, expressions: int, views: int = 2, pixels: int = SIZE, seed: int = 0) -> Dataset:
    """Neutral and `expressions - 1` expressions of each person, in each view; their PSPI runs through 1-16."""
    random = np.random.default_rng(seed)
    rows, scores = [], itertools.cycle(range(1, 17))
    for identity in identities:
        for expression in range(expressions):
            au = au_of_pspi(next(scores), random) if expression else np.zeros(6, dtype=int)
            rows += [_row(identity, expression, view, au, pixels) for view in range(views)]
    return Dataset.from_list(rows, features=FEATURES["default"])


def write_faces(directory: Path, identities: dict[str, int], expressions: int = 4) -> Path:
    """A dataset directory with so many people in each split."""
    (directory / "data").mkdir(parents=True)
    first = 0
    for split, count in identities.items():
        rows = rows_of(range(first, first + count), expressions)
        rows.to_parquet(str(directory / "data" / f"{split}-00000.parquet"))
        first += count
    return directory


_TWO_CONFIGURATIONS = """---
configs:
- config_name: default
  data_files: [{split: train, path: data/train-*}, {split: validation, path: data/validation-*}]
- config_name: geometry
  data_files: [{split: train, path: geometry/train-*}, {split: validation, path: geometry/validation-*}]
---
"""


def add_unit_heat(directory: Path) -> Path:
    """Gives the faces of `write_faces` the configuration `geometry`, with the heat of each unit alone."""
    features = Features({name: FEATURES["geometry"][name] for name in ("frame_id", "au_heatmaps")})
    splits = {
        name: open_split(directory, name).remove_columns(["image", "heatmap"]) for name in ("train", "validation")
    }
    (directory / "geometry").mkdir()
    for split, rows in splits.items():
        frames = [_unit_heat(row) for row in rows]
        path = directory / "geometry" / f"{split}-00000.parquet"
        Dataset.from_list(frames[::-1], features=features).to_parquet(str(path))  # in another order than the frames
    (directory / "README.md").write_text(_TWO_CONFIGURATIONS)
    return directory


def _unit_heat(row: dict) -> dict:
    place = row["identity_id"], row["view_id"]
    neutral, maps = draw(np.zeros(6), *place).astype(int), {}
    for k, name in enumerate(AU_NAMES):
        alone = draw(np.array(row["au"]) * (np.arange(6) == k), *place)
        maps[name] = {"bytes": png(np.abs(alone - neutral).astype(np.uint8)), "path": None}
    return {"frame_id": row["frame_id"], "au_heatmaps": maps}


def _row(identity: int, expression: int, view: int, au: np.ndarray, pixels: int) -> dict:
    neutral = draw(np.zeros(6), identity, view, pixels)
    picture = draw(au, identity, view, pixels)
    return {
        "frame_id": format_frame_id(identity, expression, view),
        "identity_id": identity,
        "expression_id": expression,
        "view_id": view,
        "image": {"bytes": png(picture), "path": None},
        "heatmap": {"bytes": png(np.abs(picture.astype(int) - neutral).astype(np.uint8)), "path": None},
        "au": au.astype(np.float32).tolist(),
        "pspi": int(pspi(au)),
        "extra_au": dict.fromkeys(EXTRA_AU_NAMES, 0.0),
        "age_group": identity % 2,
        "age": 30,
        "ethnicity": identity % 6,
        "gender": identity % 2,
        "prompt": "",
        **NOWHERE,
        "face_box": [0.0, 0.0, float(pixels), float(pixels)],
        "neutral_frame_id": format_frame_id(identity, 0, view),
        "expression_kind": kind_of(expression),
        "expression": EXPRESSION_KINDS[kind_of(expression)],
        **IN_A_STUDIO,
        "seed": 0,
        "renderer": "drawn",
        "rig": "drawn",
        "head": "drawn",
        "licence": "CC0-1.0",
    }


def png(levels: np.ndarray) -> bytes:
    """(H, W), uint8 -> a grey PNG."""
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "PNG")
    return buffer.getvalue()


def small_model(kind: str = "vit", **settings) -> ViTPainForPainAssessment:
    torch.manual_seed(0)
    backbone = {
        "vit": lambda: ViTConfig(**BACKBONE, intermediate_size=64),
        "dinov3": lambda: DINOv3ViTConfig(**BACKBONE, intermediate_size=64, num_register_tokens=2),
    }[kind]()
    return ViTPainForPainAssessment(ViTPainConfig(backbone_config=backbone, **settings))


def processor() -> ViTPainImageProcessor:
    return ViTPainImageProcessor(size={"height": SIZE, "width": SIZE})


def write_world(directory: Path) -> Path:
    """What the variants below start from: `pain3d` (data), `backbone` (a ViT), `teacher` and `config` (ViTPains)."""
    write_faces(directory / "pain3d", {"train": 3, "validation": 2, "test": 1})
    torch.manual_seed(1)
    ViTModel(ViTConfig(**BACKBONE, intermediate_size=64), add_pooling_layer=False).save_pretrained(
        directory / "backbone"
    )
    ViTImageProcessorPil(size={"height": SIZE, "width": SIZE}).save_pretrained(directory / "backbone")
    small_model().config.save_pretrained(directory / "config")
    small_model().save_pretrained(directory / "teacher")
    processor().save_pretrained(directory / "teacher")
    return directory


VARIANTS = {
    "scratch": {"config": "config"},
    "paper": {"backbone": "backbone"},
    "reference": {"config": "config", "reference": "neutral"},
    "reference, regression": {"backbone": "backbone", "reference": "neutral", "pspi_head": "regression"},
    "v5": {"backbone": "backbone", "preset": "v5"},
    "lora": {"backbone": "backbone", "lora_rank": 2},
    "balanced": {"config": "config", "sampler": "balanced"},
    "pain twice": {"config": "config", "sampler": "pain-twice"},
    "distillation": {"backbone": "backbone", "teacher": "teacher"},
    "distillation, cached": {"backbone": "backbone", "teacher": "teacher", "cache_teacher": "cache"},
}
"""Options of runs that differ in what must be resumed, optimised and restored."""


def options_of(variant: str, world: Path, **others) -> RunOptions:
    paths = ("config", "backbone", "teacher", "cache_teacher")
    settings = {k: str(world / v) if k in paths else v for k, v in VARIANTS[variant].items()}
    if "reference" in variant or variant == "v5":
        settings["reference_dropout"] = 0.5  # a batch of six has full and empty slots
    return RunOptions(**{"data": str(world / "pain3d"), "batch_size": 6, "epochs": 2, **settings, **others})


def trainer_of(options: RunOptions, out: Path, **others) -> ViTPainTrainer:
    """As `training.run.train` makes it, before the first step."""
    args = options.training_arguments(out, **others)
    torch.manual_seed(options.seed)
    model, own_processor = starting_model(options)
    splits = {name: open_split(options.data, name) for name in ("train", "validation")}
    return build_trainer(options, args, model, own_processor, splits)
