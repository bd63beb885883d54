"""A small dataset of drawn faces: not pretty, but what the AUs do is there to be seen, and heatmaps show it."""

import io
from pathlib import Path

import numpy as np
import pytest
from datasets import Dataset, DatasetDict
from PIL import Image, ImageDraw
from placements import IN_A_STUDIO, NOWHERE

from dataset_script.facs import EXTRA_AU_NAMES, pspi
from dataset_script.features import FEATURES
from dataset_script.vocabulary import EXPRESSION_KINDS, format_frame_id, kind_of

SIZE = 64


def draw_face(au: np.ndarray, skin: tuple[int, int, int], wide: float, shift: float) -> Image.Image:
    """A cartoon of a face with intensities `au` (6,): brows, lids, cheeks, nose, lip and eyes follow them."""
    au4, au6, au7, au9, au10, au43 = au
    image = Image.new("RGB", (SIZE, SIZE), (90, 110, 130))
    pen = ImageDraw.Draw(image)
    pen.ellipse((32 - 26 * wide + shift, 4, 32 + 26 * wide + shift, 62), fill=skin)
    for side in (-1, 1):
        x = 32 + shift + side * 11 * wide
        pen.line((x - side * 6, 16 + 1.6 * au4, x + side * 6, 15), fill=(40, 25, 20), width=2)
        height = 0.5 if au43 else 4.5 - 0.7 * au7
        pen.ellipse((x - 5, 25 - height, x + 5, 25 + height), fill=(255, 255, 255))
        pen.ellipse((x - 2, 25 - min(height, 2), x + 2, 25 + min(height, 2)), fill=(20, 20, 20))
        if au6:
            pen.line((x - 6, 36 - au6, x + 6, 34 - au6), fill=(120, 60, 50), width=1 + int(au6 // 3))
    for k in range(int(au9)):
        pen.line((29 + shift, 30 - 1.8 * k, 35 + shift, 30 - 1.8 * k), fill=(100, 50, 40))
    pen.rectangle((24 + shift, 50 - 1.4 * au10, 40 + shift, 52), fill=(170, 60, 60))
    return image


def write_dataset(directory: Path, identities: dict[str, int], expressions: int = 5, seed: int = 0) -> Path:
    """`identities` of each split, one neutral and `expressions - 1` pain frames each, as parquet files."""
    random = np.random.default_rng(seed)
    identity_id, splits = 0, {}
    for split, count in identities.items():
        rows = []
        for _ in range(count):
            skin = tuple(int(v) for v in random.integers((150, 100, 80), (235, 180, 150)))
            wide, shift = random.uniform(0.85, 1.0), random.uniform(-3, 3)
            neutral = np.asarray(draw_face(np.zeros(6), skin, wide, shift), dtype=np.int16)
            for expression_id in range(expressions):
                au = random.integers(0, (6, 6, 6, 6, 6, 2)) if expression_id else np.zeros(6, dtype=int)
                image = draw_face(au, skin, wide, shift)
                change = np.abs(np.asarray(image, dtype=np.int16) - neutral).max(axis=2).astype(np.uint8)
                rows.append(_row(identity_id, expression_id, image, Image.fromarray(change), au))
            identity_id += 1
        splits[split] = Dataset.from_list(rows, features=FEATURES["default"])
    (directory / "data").mkdir(parents=True)
    for split, rows in DatasetDict(splits).items():
        rows.to_parquet(str(directory / "data" / f"{split}-00000.parquet"))
    return directory


def _row(identity_id: int, expression_id: int, image: Image.Image, heatmap: Image.Image, au: np.ndarray) -> dict:
    return {
        "frame_id": format_frame_id(identity_id, expression_id, 0),
        "identity_id": identity_id,
        "expression_id": expression_id,
        "view_id": 0,
        "image": {"bytes": encode(image), "path": None},
        "heatmap": {"bytes": encode(heatmap), "path": None},
        "au": au.astype(np.float32).tolist(),
        "pspi": int(pspi(au)),
        "extra_au": {name: 0.0 for name in EXTRA_AU_NAMES},
        "age_group": identity_id % 2,
        "age": 30 + identity_id,
        "ethnicity": identity_id % 6,
        "gender": identity_id % 2,
        "prompt": "",
        **NOWHERE,
        "face_box": [0.0, 0.0, float(SIZE), float(SIZE)],
        "neutral_frame_id": format_frame_id(identity_id, 0, 0),
        "expression_kind": kind_of(expression_id),
        "expression": EXPRESSION_KINDS[kind_of(expression_id)],
        **IN_A_STUDIO,
        "seed": 0,
        "renderer": "drawn",
        "rig": "drawn",
        "head": "drawn",
        "licence": "CC0-1.0",
    }


def encode(image: Image.Image, **kwargs) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **kwargs)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def faces(tmp_path_factory) -> Path:
    """A dataset directory: 6, 2 and 2 identities of 5 frames."""
    return write_dataset(tmp_path_factory.mktemp("faces") / "pain3d", {"train": 6, "validation": 2, "test": 2})


@pytest.fixture(autouse=True, scope="session")
def own_caches(tmp_path_factory):
    """Datasets prepared for the tests go away with them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path_factory.mktemp("datasets-cache"))
        yield
