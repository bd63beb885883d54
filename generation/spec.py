"""The specification of a dataset: everything that decides its bytes, and nothing else (no worker counts, no paths).

It is stored beside the data as `spec.json`; its hash stands in every line of the manifest.
"""

import hashlib
import json
import math
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from dataset_script.errors import InvalidInput, WorkFailed

GENERATOR_VERSION = 2
"""Raise it with every change that changes the pixels or labels of any frame."""

PRESETS: tuple[str, ...] = ("paper", "balanced")
HEADS: tuple[str, ...] = ("makehuman", "ict", "flame", "mesh")
HEADS_FROM_FILES: tuple[str, ...] = ("ict", "flame", "mesh")
"""Heads that are made from a file of the user's; the spec holds the file's sha256."""
RIGS: tuple[str, ...] = ("blendshapes", "neural")
LOOKS: tuple[str, ...] = ("procedural",)
RENDERERS: tuple[str, ...] = ("raster", "cycles")
PSPI_SAMPLINGS: tuple[str, ...] = ("uniform",)

_CHOICES = {
    "preset": PRESETS,
    "head": HEADS,
    "rig": RIGS,
    "look": LOOKS,
    "renderer": RENDERERS,
    "pspi": PSPI_SAMPLINGS,
}
_INTEGERS = {
    "identities": (1, 99_999),  # frame ids have five digits
    "size": (64, 2048),
    "seed": (0, 2**63 - 1),  # the row's `seed` is an int64
    "identities_per_shard": (1, 1000),
    "jpeg_quality": (1, 100),
    "version": (1, 2**31 - 1),
}
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MAX_HEATMAP_SCALE_MM = 100.0
_MAX_HEAD_MOTION = 2.0


@dataclass(frozen=True)
class Spec:
    """What to generate. Two equal specs give the same bytes on the same platform and lock file (contract C3).

    Raises:
        InvalidInput: a field out of range; the message names it, its value and what is allowed.
    """

    preset: str = "paper"  # demographics: the paper's Table 1, or every age x ethnicity x gender cell equally often
    identities: int = 2500  # 33 frames each: 11 expressions x 3 views
    size: int = 512  # pixels, width and height; even
    seed: int = 0
    head: str = "makehuman"
    rig: str = "blendshapes"
    look: str = "procedural"
    renderer: str = "raster"
    pspi: str = "uniform"  # how the PSPI of pain expressions is distributed
    geometry: bool = False  # also write depth, segments, per-AU heatmaps and mesh parameters
    identities_per_shard: int | None = None  # None: a hundredth of the identities, at least 4 and at most 16
    heatmap_scale_mm: float = 8.0  # displacement at which the heatmap saturates (255)
    jpeg_quality: int = 92
    head_motion: float = 1.0  # motion of the head between neutral and pain, relative to the usual; 0: pairs align
    head_file: str | None = None  # sha256 of the file that the head is made from; see `head_files.HeadFiles.digest`
    version: int = GENERATOR_VERSION

    def __post_init__(self) -> None:
        if self.identities_per_shard is None and _is_integer(self.identities):
            object.__setattr__(self, "identities_per_shard", min(max(math.ceil(self.identities / 100), 4), 16))
        for name, allowed in _CHOICES.items():
            value = getattr(self, name)
            if value not in allowed:
                raise InvalidInput(f"{name} is {value!r}; allowed: {', '.join(allowed)}")
        for name, (low, high) in _INTEGERS.items():
            value = getattr(self, name)
            if not _is_integer(value) or not low <= value <= high:
                raise InvalidInput(f"{name} is {value!r}; allowed: an integer from {low} to {high}")
        self._check_head_file()
        if self.size % 2:
            raise InvalidInput(f"size is {self.size}; allowed: an even number of pixels")
        if not isinstance(self.geometry, bool):
            raise InvalidInput(f"geometry is {self.geometry!r}; allowed: true or false")
        scale = self.heatmap_scale_mm
        if isinstance(scale, bool) or not isinstance(scale, int | float) or not 0 < scale <= _MAX_HEATMAP_SCALE_MM:
            raise InvalidInput(f"heatmap_scale_mm is {scale!r}; allowed: above 0, up to {_MAX_HEATMAP_SCALE_MM:g}")
        motion = self.head_motion
        if isinstance(motion, bool) or not isinstance(motion, int | float) or not 0 <= motion <= _MAX_HEAD_MOTION:
            raise InvalidInput(f"head_motion is {motion!r}; allowed: 0 to {_MAX_HEAD_MOTION:g}")
        for name in ("heatmap_scale_mm", "head_motion"):  # 8 and 8.0 are one spec, hence one hash
            object.__setattr__(self, name, float(getattr(self, name)))

    def _check_head_file(self) -> None:
        if self.head not in HEADS_FROM_FILES:
            if self.head_file is not None:
                raise InvalidInput(
                    f"head_file is {self.head_file!r}; allowed: null, as head {self.head!r} needs no file"
                )
        elif not isinstance(self.head_file, str) or not _SHA256.fullmatch(self.head_file):
            raise InvalidInput(
                f"head_file is {self.head_file!r}; allowed: the sha256 of the file of head {self.head!r}"
            )

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, no spaces, nothing that is null; equal specs give equal text."""
        values = {name: value for name, value in self.to_dict().items() if value is not None}
        return json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "Spec":
        """The spec that `to_json` wrote. Absent keys take their defaults; raises InvalidInput on unknown ones."""
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise InvalidInput(f"the spec is not JSON: {error}") from None
        if not isinstance(values, dict):
            raise InvalidInput(f"the spec is a {type(values).__name__}; it must be a JSON object")
        known = [field.name for field in fields(cls)]
        for name in values:
            if name not in known:
                raise InvalidInput(f"the spec has the unknown field {name!r}; allowed: {', '.join(known)}")
        return cls(**values)

    @classmethod
    def load(cls, path: str | Path) -> "Spec":
        """Reads a spec file, or the `spec.json` of a dataset directory.

        Raises:
            WorkFailed: there is no such file.
            InvalidInput: it does not hold a spec.
        """
        path = Path(path)
        file = path / "spec.json" if path.is_dir() else path
        try:
            text = file.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise WorkFailed(f"{path} is not a Pain3D dataset or spec: there is no {file}") from None
        except UnicodeDecodeError:
            raise InvalidInput(f"{file} is not a spec: it is not text") from None
        try:
            return cls.from_json(text)
        except InvalidInput as error:
            raise InvalidInput(f"{file}: {error}") from None

    @property
    def hash(self) -> str:
        """sha256 (hex) of the canonical JSON."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_dict(self) -> dict[str, str | int | float | bool | None]:
        """Every field and its value."""
        return asdict(self)

    def differences(self, other: "Spec") -> list[str]:
        """One "name: mine against theirs" for every field that differs."""
        mine, theirs = self.to_dict(), other.to_dict()
        return [f"{name}: {mine[name]!r} against {theirs[name]!r}" for name in mine if mine[name] != theirs[name]]


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
