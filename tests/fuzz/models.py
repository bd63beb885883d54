"""Models of others: checkpoints, configurations, weights, and the folders of diffusion models."""

import json
import pickle
from pathlib import Path

import torch
from assessing_models import save_assessing_model
from authors_checkpoint import random_state, save_checkpoint
from parser import Parser

from dataset_script.restricted_pickle import read_pickle
from evaluation.provenance import weight_hashes
from generation.diffusion.model_files import model_files
from generation.rigs.neural.model import NetworkConfig, NeuralRigNetwork
from generation.rigs.neural.rig import NeuralRig
from model_cards.model_card import build_model_card
from modeling_vitpain.conversion.torch_archive import StoredTensor, TorchArchive
from modeling_vitpain.prediction.load import load_model


def vitpain(folder: Path) -> None:
    save_assessing_model(folder / "model", 64)
    for path in (folder / "model").glob("*.py"):
        path.unlink()


def checkpoint(folder: Path) -> None:
    save_checkpoint({k: v for k, v in list(random_state().items())[:4]}, folder / "a.ckpt")
    torch.save({"state_dict": {"a": torch.nn.Parameter(torch.ones(3))}, "x": [1, (2, None), {3.5}]}, folder / "b.pt")


def read_checkpoint(path: Path) -> None:
    with TorchArchive(path) as archive:
        for stored in _tensors(archive.content):
            archive.load(stored)


def _tensors(content: object):
    waiting, seen = [content], 0
    while waiting and seen < 1000:
        each, seen = waiting.pop(), seen + 1
        if isinstance(each, StoredTensor):
            yield each
        elif isinstance(each, dict):
            waiting += each.values()
        elif isinstance(each, list | tuple):
            waiting += each


def pickled(folder: Path) -> None:
    value = {"a": [1, 2.5, "x", None, True, b"y", 10**30], "b": ({"c": set()}, (), [[]]), "d": complex}
    for protocol in range(6):
        (folder / f"{protocol}.bin").write_bytes(pickle.dumps(value, protocol))


def rig(folder: Path) -> None:
    config = NetworkConfig(width=8, blocks=1, eigenvectors=8, identity=4, decoder_width=8, decoder_layers=1)
    NeuralRig(NeuralRigNetwork(config)).save(folder / "a.safetensors")


def diffusion(folder: Path) -> None:
    from safetensors.torch import save_file

    root = folder / "model"
    parts = {"unet": "UNet2DConditionModel", "scheduler": "DDIMScheduler", "vae": "AutoencoderKL"}
    for name in parts:
        (root / name).mkdir(parents=True)
    index = {"_class_name": "StableDiffusionPipeline"} | {name: ["diffusers", kind] for name, kind in parts.items()}
    (root / "model_index.json").write_text(json.dumps(index))
    (root / "scheduler" / "scheduler_config.json").write_text("{}")
    for name in ("unet", "vae"):
        (root / name / "config.json").write_text(json.dumps({"cross_attention_dim": 32}))
        save_file({"a": torch.ones(3)}, root / name / "diffusion_pytorch_model.safetensors")


def read_diffusion(path: Path) -> None:
    found = model_files("diffusion", str(path), None)
    found.digests()
    for component in ("unet", "vae"):
        found.tensor_count(component)


def card(folder: Path) -> None:
    vitpain(folder)
    record = {"context": {"weights": weight_hashes(folder / "model")}, "metrics": {}}
    (folder / "model" / "fairness.json").write_text(json.dumps(record))


PARSERS = [
    Parser("models.vitpain", "ViTPain directories", vitpain, load_model, 0.1, ("*.json", "*.safetensors")),
    Parser(
        "models.card", "ViTPain directories, for their card", card, build_model_card, 0.4, ("*.json", "*.safetensors")
    ),
    Parser("models.pickle", "pickles of checkpoints", pickled, lambda p: read_pickle(p.read_bytes(), {}, id), 8),
    Parser("models.checkpoint", "PyTorch checkpoints", checkpoint, read_checkpoint, 3),
    Parser("models.rig", "neural rigs", rig, NeuralRig.load, 2),
    Parser("models.diffusion", "folders of diffusion models", diffusion, read_diffusion, 2),
]
