"""Hashes of what the outputs of a model depend on: they name cached outputs, so that others are never read for them."""

import hashlib
import json
from pathlib import Path

import torch
from datasets import Dataset, Image
from torch import nn
from transformers import PreTrainedConfig

from ..image_processing_vitpain import ViTPainImageProcessor

_NOT_CONTENT = ("_name_or_path", "transformers_version", "architectures", "auto_map", "custom_pipelines", "dtype")


def model_hash(model: nn.Module, config: PreTrainedConfig, processor: ViTPainImageProcessor) -> str:
    """SHA-256 of weights, configuration and image processor; where they were loaded from does not count."""
    digest = hashlib.sha256()
    for settings in (config.to_dict(), processor.to_dict()):
        content = {name: value for name, value in settings.items() if name not in _NOT_CONTENT}
        digest.update(json.dumps(content, sort_keys=True, default=str).encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def pictures_hash(rows: Dataset, column: str, start: str) -> str:
    """SHA-256 of `start` and, of each row, its id, its face box and the bytes of its picture in `column`."""
    digest = hashlib.sha256(start.encode())
    for row in rows.select_columns(["frame_id", "face_box", column]).cast_column(column, Image(decode=False)):
        picture = row[column]["bytes"]
        if picture is None:  # a dataset of files, not of embedded bytes
            picture = Path(row[column]["path"]).read_bytes()
        digest.update(json.dumps([row["frame_id"], row["face_box"], len(picture)]).encode())
        digest.update(picture)
    return digest.hexdigest()
