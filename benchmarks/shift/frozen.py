"""Features of a pretrained backbone that nobody tuned."""

from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from transformers import AutoConfig, AutoModel

from dataset_script.errors import InvalidInput
from dataset_script.progress import Progress
from modeling_vitpain.frames.images import ImageColumn, Normaliser
from modeling_vitpain.image_processing_vitpain import ViTPainImageProcessor

BATCH = 16


class FrozenBackbone:
    """The first `layers` layers of a backbone with a class token, which sees pictures as `processor` gives them."""

    def __init__(self, directory: Path, layers: int, processor: ViTPainImageProcessor) -> None:
        config = AutoConfig.from_pretrained(directory)
        if not 1 <= layers <= config.num_hidden_layers:
            raise InvalidInput(f"--layers is {layers}; allowed: 1 to {config.num_hidden_layers}, those of {directory}")
        config.num_hidden_layers = layers
        self._network = AutoModel.from_pretrained(directory, config=config).eval()
        self._normaliser = Normaliser(processor)

    def features(self, rows: Dataset) -> np.ndarray:
        """(n, 2 D) float32: the class token and the mean of the patches, after the last norm."""
        pictures, found = ImageColumn(rows, "image", self._normaliser, keep=False), []
        with Progress("frames for the frozen backbone") as progress, torch.inference_mode():
            for k in range(0, len(rows), BATCH):
                part = range(k, min(k + BATCH, len(rows)))
                tokens = self._network(torch.stack([pictures.tensor(i, None) for i in part])).last_hidden_state
                patches = tokens[:, 1 + getattr(self._network.config, "num_register_tokens", 0) :]
                found.append(torch.cat([tokens[:, 0], patches.mean(dim=1)], dim=1).numpy())
                progress(part.stop, len(rows))
        return np.concatenate(found)
