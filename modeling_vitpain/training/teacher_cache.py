"""A teacher's outputs, computed once a frame and kept on disk.

A teacher is frozen and sees only the heatmap, so its outputs are a function of the frame. Without the cache it runs in
every step, on the heatmap augmented as the picture is. With the cache it sees the heatmap without augmentation: shift,
scale and mirror image change no label, so that its PSPI and AUs stay valid targets, and the student's CLS is drawn to
the CLS of the original frame whatever the augmentation.

- Frames are cached in chunks. The name of a chunk's file is the hash of everything that its content depends on: the
  teacher's weights, configuration and image processor, and each frame's id, heatmap bytes and face box. When one of
  them changes another file is looked for, and the old one is never read.
- Files are written under a temporary name and renamed, so that an interrupted run resumes where it stopped.
- A file whose content does not match its name is refused.
"""

import hashlib
import json
from pathlib import Path

import torch
from datasets import Dataset, Image
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor
from torch.utils.data import Subset
from tqdm import tqdm

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.storage import write_atomically

from ..frames.dataset import PainFrames, TeacherOutputs
from ..image_processing_vitpain import ViTPainImageProcessor
from ..modeling_vitpain import ViTPainForPainAssessment
from ..prediction.forward import run_frames

OUTPUTS = ("logits", "au", "cls")
_CHUNK = 256  # frames a file
_NOT_CONTENT = ("_name_or_path", "transformers_version", "architectures", "auto_map", "custom_pipelines", "dtype")


def teacher_outputs(
    teacher: ViTPainForPainAssessment,
    processor: ViTPainImageProcessor,
    rows: Dataset,
    directory: Path,
    batch_size: int = 32,
) -> TeacherOutputs:
    """A teacher's outputs on the heatmaps of `rows`, in their order, from the cache as far as it holds them.

    Args:
        teacher: in eval mode, on its device.
        processor: the teacher's.
        rows: a split from `open_split`.
        directory: of the cache; may also hold the outputs of other teachers and on other datasets.
        batch_size: heatmaps at a time.

    Raises:
        InvalidInput: the teacher is in training mode.
        WorkFailed: a cached file is damaged, or its content does not match its name.
    """
    if teacher.training:
        raise InvalidInput("teacher is in training mode; allowed is eval mode, where its outputs are fixed")
    directory.mkdir(parents=True, exist_ok=True)
    identity = teacher_hash(teacher, processor)
    frames = PainFrames(rows, processor, "heatmap")
    encoded = rows.select_columns(["frame_id", "face_box", "heatmap"]).cast_column("heatmap", Image(decode=False))
    parts = []
    for start in tqdm(range(0, len(rows), _CHUNK), desc="teacher outputs", unit="chunk", disable=None):
        indices = range(start, min(start + _CHUNK, len(rows)))
        key = _chunk_hash(identity, encoded.select(indices))
        path = directory / f"{key}.safetensors"
        if not path.is_file():
            outputs = _run(teacher, Subset(frames, indices), batch_size)
            write_atomically(path, save(outputs, metadata={"key": key}))
        parts.append(_read(path, key, len(indices)))
    return {name: torch.cat([part[name] for part in parts]) for name in OUTPUTS}


def teacher_hash(teacher: ViTPainForPainAssessment, processor: ViTPainImageProcessor) -> str:
    """SHA-256 of weights, configuration and image processor; where they were loaded from does not count."""
    digest = hashlib.sha256()
    for settings in (teacher.config.to_dict(), processor.to_dict()):
        content = {name: value for name, value in settings.items() if name not in _NOT_CONTENT}
        digest.update(json.dumps(content, sort_keys=True, default=str).encode())
    for name, tensor in sorted(teacher.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def _chunk_hash(identity: str, encoded: Dataset) -> str:
    digest = hashlib.sha256(identity.encode())
    for row in encoded:
        picture = row["heatmap"]["bytes"]
        if picture is None:  # a dataset of files, not of embedded bytes
            picture = Path(row["heatmap"]["path"]).read_bytes()
        digest.update(json.dumps([row["frame_id"], row["face_box"], len(picture)]).encode())
        digest.update(picture)
    return digest.hexdigest()


def _run(teacher: ViTPainForPainAssessment, frames: Subset, batch_size: int) -> TeacherOutputs:
    parts: dict[str, list[Tensor]] = {name: [] for name in OUTPUTS}
    for _, output in run_frames(teacher, frames, batch_size):
        for name in OUTPUTS:
            parts[name].append(output[name].float().cpu())
    return {name: torch.cat(tensors).contiguous() for name, tensors in parts.items()}


def _read(path: Path, key: str, count: int) -> TeacherOutputs:
    try:
        with safe_open(path, framework="pt") as file:
            stored_key = (file.metadata() or {}).get("key")
            found = {name: file.get_tensor(name) for name in OUTPUTS}
    except SafetensorError as error:
        raise WorkFailed(f"teacher cache {path} is damaged: {error}; delete it to compute it again") from error
    if stored_key != key or any(len(tensor) != count for tensor in found.values()):
        raise WorkFailed(
            f"teacher cache {path} is stale: made for {str(stored_key)[:12]}…; delete it to compute it again"
        )
    return found
