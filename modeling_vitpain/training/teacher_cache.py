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

from pathlib import Path

import torch
from datasets import Dataset
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
from .content_hash import model_hash, pictures_hash

OUTPUTS = ("logits", "au", "cls")
_CHUNK = 256  # frames a file


def teacher_outputs(
    teacher: ViTPainForPainAssessment,
    processor: ViTPainImageProcessor,
    rows: Dataset,
    directory: Path,
    batch_size: int = 32,
    bf16: bool = False,
) -> TeacherOutputs:
    """A teacher's outputs on the heatmaps of `rows`, in their order, from the cache as far as it holds them.

    Args:
        teacher: in eval mode, on its device.
        processor: the teacher's.
        rows: a split from `open_split`.
        directory: of the cache; may also hold the outputs of other teachers and on other datasets.
        batch_size: heatmaps at a time.
        bf16: compute in bfloat16, as a teacher that runs in the steps of such a training does.

    Raises:
        InvalidInput: the teacher is in training mode.
        WorkFailed: a cached file is damaged, or its content does not match its name.
    """
    if teacher.training:
        raise InvalidInput("teacher is in training mode; allowed is eval mode, where its outputs are fixed")
    directory.mkdir(parents=True, exist_ok=True)
    identity = model_hash(teacher, teacher.config, processor) + (" bf16" if bf16 else "")
    frames = PainFrames(rows, processor, "heatmap")
    parts = []
    for start in tqdm(range(0, len(rows), _CHUNK), desc="teacher outputs", unit="chunk", disable=None):
        indices = range(start, min(start + _CHUNK, len(rows)))
        key = pictures_hash(rows.select(indices), "heatmap", identity)
        path = directory / f"{key}.safetensors"
        if not path.is_file():
            with torch.autocast(teacher.device.type, torch.bfloat16, enabled=bf16):
                outputs = _run(teacher, Subset(frames, indices), batch_size)
            write_atomically(path, save(outputs, metadata={"key": key}))
        parts.append(_read(path, key, len(indices)))
    return {name: torch.cat([part[name] for part in parts]) for name in OUTPUTS}


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
