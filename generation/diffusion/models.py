"""Which models paint, on which device, and with which settings."""

import hashlib
import re
from dataclasses import dataclass, fields

from dataset_script.errors import InvalidInput

from .model_files import ModelFiles, model_files

OFFLOADS = ("none", "model", "sequential")
DTYPES = ("float32", "bfloat16", "float16")
_DEVICE = re.compile(r"cpu|mps|cuda(:\d+)?")
ROLES = ("diffusion", "controlnet", "prior", "inpaint")


@dataclass(frozen=True)
class Models:
    """Where the models are and how they are held in memory. Picklable; holds no weights.

    A model is a folder, or a name on the Hub: OWNER/NAME or OWNER/NAME@REVISION. Weights are read from safetensors
    files only. What of a Hub model is complete in the local cache is used as it is, without asking the network.

    diffusion: the pipeline that paints under a depth map, or the base model of `controlnet`.
    controlnet: a depth ControlNet for `diffusion`, where that does not take depth maps itself.
    prior: turns words into image embeddings, where `diffusion` or `inpaint` are led by such.
    inpaint: paints what is masked; None: the base model of `controlnet` does.
    device: "cuda", "cuda:1", "mps" or "cpu"; None: the first of cuda, mps, cpu that is there.
    offload: "none", or to keep in GPU memory only what runs: a whole "model" at a time, or "sequential" (part by part,
        slow). Pictures do not depend on it.
    slicing: attention is computed in slices.
    tiling: the VAE decodes in tiles: pictures larger than its own size change a little, so the digest tells.
    """

    diffusion: str
    controlnet: str | None = None
    prior: str | None = None
    inpaint: str | None = None
    device: str | None = None
    offload: str = "none"
    slicing: bool = False
    tiling: bool = False

    def __post_init__(self) -> None:
        for name in ROLES:
            if getattr(self, name) == "":
                raise InvalidInput(f"{name} model is empty; allowed is a folder or OWNER/NAME[@REVISION] on the Hub")
        if self.offload not in OFFLOADS:
            raise InvalidInput(f"offload is {self.offload!r}; allowed is {', '.join(OFFLOADS)}")
        if self.device is not None and not _DEVICE.fullmatch(self.device):
            raise InvalidInput(f"device is {self.device!r}; allowed is cuda, cuda:NUMBER, mps or cpu")

    def files(self, dtype: str) -> dict[str, ModelFiles]:
        """The files of every model that is named, by role; fetched from the Hub where the cache lacks them.

        Raises:
            InvalidInput: a name is neither a folder nor on the Hub; a model is pickled, or of an unknown kind.
            WorkFailed: files are missing or cut short, or cannot be fetched.
        """
        if dtype not in DTYPES:
            raise InvalidInput(f"dtype is {dtype!r}; allowed is {', '.join(DTYPES)}")
        variant = "fp16" if dtype == "float16" else None
        named = {role: getattr(self, role) for role in ROLES if getattr(self, role) is not None}
        return {role: model_files(role, name, variant) for role, name in named.items()}

    def digest(self, dtype: str) -> str:
        """SHA-256 (hex) of what decides the pictures beside the settings: the content of all files read, and `tiling`.

        The same files give the same digest from the cache of the Hub and from a folder. Raises as `files`.
        """
        lines = [
            f"{role} {name} {digest}"
            for role, files in self.files(dtype).items()
            for name, digest in files.digests().items()
        ]
        return hashlib.sha256("\n".join([*lines, f"tiling {self.tiling}"]).encode()).hexdigest()


KANDINSKY = Models(
    diffusion="kandinsky-community/kandinsky-2-2-controlnet-depth@08632524a2b7e3bed39a7901d92cdd07e37544d0",
    prior="kandinsky-community/kandinsky-2-2-prior",
    inpaint="kandinsky-community/kandinsky-2-2-decoder-inpaint",
)
"""Kandinsky 2.2. The main branch of the depth ControlNet has pickled weights only: the revision is that of its pull
request 5, which adds the same as safetensors."""


@dataclass(frozen=True)
class Settings:
    """What decides a picture beside models, words and seed.

    size: side of the pictures that the models paint, pixels, a multiple of 64.
    steps, prior_steps: denoising steps, 1-1000.
    guidance, prior_guidance: classifier-free guidance, 1-50; 1: none, and the negative words count for nothing.
    control_strength: weight of the ControlNet, 0-2; other than 1 only where the pipeline has one.
    side_strength: how far a side portrait leaves its initial picture, above 0 to 1: the share of the steps that is run.
    fill_strength: the same for a filled region; below 1 only where the pipeline can.
    dtype: numbers of the networks.
    """

    size: int = 768
    steps: int = 50
    prior_steps: int = 25
    guidance: float = 4.0
    prior_guidance: float = 4.0
    control_strength: float = 1.0
    side_strength: float = 0.6
    fill_strength: float = 1.0
    dtype: str = "float16"

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise InvalidInput(f"dtype is {self.dtype!r}; allowed is {', '.join(DTYPES)}")
        if not (isinstance(self.size, int) and 64 <= self.size <= 4096 and self.size % 64 == 0):
            raise InvalidInput(f"size is {self.size!r}; allowed is a multiple of 64 from 64 to 4096")
        for field in fields(self):
            if field.name in _RANGES:
                low, high, words = _RANGES[field.name]
                value = getattr(self, field.name)
                if not low <= value <= high or (field.type is int and not isinstance(value, int)):
                    raise InvalidInput(f"{field.name} is {value!r}; allowed is {words}")
        for name in ("side_strength", "fill_strength"):
            if int(self.steps * getattr(self, name)) < 1:  # that share of the steps is run
                raise InvalidInput(f"{name} is {getattr(self, name)}; allowed with steps {self.steps} is 1/steps to 1")


_RANGES = {
    "steps": (1, 1000, "a whole number from 1 to 1000"),
    "prior_steps": (1, 1000, "a whole number from 1 to 1000"),
    "guidance": (1, 50, "1 to 50"),
    "prior_guidance": (1, 50, "1 to 50"),
    "control_strength": (0, 2, "0 to 2"),
    "side_strength": (0, 1, "above 0 to 1"),
    "fill_strength": (0, 1, "above 0 to 1"),
}
