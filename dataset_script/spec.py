"""The specification of a dataset: everything that decides its bytes, and nothing else (no worker counts, no paths).

It is stored beside the data as `spec.json`; its hash is in every line of the manifest.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from .errors import InvalidInput, WorkFailed
from .spec_rules import Choice, Digest, Flag, Name, Real, Rule, Whole
from .storage import canonical_json
from .strict_json import parse_json
from .vocabulary import MAX_OTHERS, MAX_REFERENCES

GENERATOR_VERSION = 4
"""Raise it with every change that changes the pixels or labels of any frame."""

SPEC = "spec.json"
"""Name of the file in a dataset directory."""

PRESETS: tuple[str, ...] = ("paper", "balanced")
SCENES: tuple[str, ...] = ("studio", "clinical", "mixed")
PSPI_SAMPLINGS: tuple[str, ...] = ("uniform", "clinical", "dementia")
BACKGROUNDS: tuple[str, ...] = ("identity", "frame")
DIFFUSION_DTYPES: tuple[str, ...] = ("float16", "bfloat16", "float32")


def _ruled(default: Any, rule: Rule, help: str = "") -> Any:
    """A field with its rule; one with `help` is an option of `pain3d generate`."""
    return field(default=default, metadata={"rule": rule, "help": help})


@dataclass(frozen=True)
class Spec:
    """What to generate. Two equal specs give the same bytes on the same platform and lock file (contract C3).

    The options of `pain3d generate` and the arguments of `Pain3D` are made from these fields.

    Raises:
        InvalidInput: a field out of range; the message names it, its value and what is allowed.
    """

    preset: str = _ruled(
        "paper",
        Choice(PRESETS),
        "demographics: the paper's Table 1, or every age x ethnicity x gender cell equally often",
    )
    identities: int = _ruled(2500, Whole(1, 99_999), "people, 33 frames each")  # frame ids have five digits
    size: int = _ruled(512, Whole(64, 2048, even=True), "width and height of the pictures in pixels")
    seed: int = _ruled(0, Whole(0, 2**63 - 1), "another seed, other people")  # the row's `seed` is an int64
    head: str = _ruled("makehuman", Name(), "what shapes the face")
    rig: str = _ruled("blendshapes", Name(), "what moves the face")
    look: str = _ruled("procedural", Name(), "what gives skin, hair, clothes and light")
    renderer: str = _ruled("raster", Name(), "what draws the pictures")
    pspi: str = _ruled(
        "uniform",
        Choice(PSPI_SAMPLINGS),
        "PSPI and units of pain: each level as often, or as found in people with shoulder pain or dementia",
    )
    others: int = _ruled(
        0,
        Whole(0, MAX_OTHERS),
        "more expressions of each person that are no pain: smiles, speech, yawns; 3 frames each",
    )
    references: int = _ruled(
        0, Whole(0, MAX_REFERENCES), "more neutral pictures of each person: other days, light, places, clothes, poses"
    )
    scene: str = _ruled(
        "studio",
        Choice(SCENES),
        "where people are seen: upright in studios, rooms and the open air; in beds and chairs of a ward; or half of "
        "them each",
    )
    geometry: bool = _ruled(False, Flag(), "also depth, normals, segments, UV maps, dense landmarks, heatmaps per AU")
    mesh: bool = _ruled(False, Flag(), "with the geometry, the mesh of every frame as binary glTF")
    identities_per_shard: int | None = _ruled(
        None,
        Whole(1, 1000),
        "people in a shard; by default a hundredth of them, at least 4 and at most 16",
    )
    heatmap_scale_mm: float = _ruled(8.0, Real(0, 100, above=True), "displacement in mm at which the heatmap saturates")
    jpeg_quality: int = _ruled(92, Whole(1, 100), "1-100; cameras compress up to 14 more")
    head_motion: float = _ruled(
        1.0,
        Real(0, 2),
        "motion of the head between neutral and pain, relative to the usual few degrees; 0: pairs align",
    )
    background: str | None = _ruled(
        None,
        Choice(BACKGROUNDS),
        "of a look that diffusion models paint: what is behind is painted once for an identity's three views "
        "(identity, the default), or with the hair for every frame",
    )
    side_portraits: bool | None = _ruled(
        None, Flag(), "of such a look: also paint the head from both sides, begun from what the portrait shows"
    )
    diffusion_size: int | None = _ruled(
        None, Whole(64, 2048, even=True), "of such a look: width and height of the portraits, a multiple of 64 (768)"
    )
    diffusion_steps: int | None = _ruled(None, Whole(1, 1000), "of such a look: denoising steps (50)")
    guidance: float | None = _ruled(None, Real(1, 50), "of such a look: classifier-free guidance (4)")
    diffusion_dtype: str | None = _ruled(
        None, Choice(DIFFUSION_DTYPES), "of such a look: numbers of the networks (float16; float32 for a CPU)"
    )
    diffusion_models: str | None = _ruled(None, Digest())  # of their files; see `diffusion.models.Models.digest`
    head_file: str | None = _ruled(None, Digest())  # of the file that the head is made from; see `HeadFiles.digest`
    version: int = _ruled(GENERATOR_VERSION, Whole(1, 2**31 - 1))

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name == "identities_per_shard" and value is None:  # identities come before and are checked
                value = min(max(math.ceil(self.identities / 100), 4), 16)
            if value is None and each.default is None:
                continue  # it does not apply, or its part of the generator has a default
            object.__setattr__(self, each.name, each.metadata["rule"].check(each.name, value))
        if self.mesh and not self.geometry:
            raise InvalidInput("mesh is True; allowed: only where geometry is True too, in whose rows it is")

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, no spaces, nothing that is null; equal specs give equal text."""
        return canonical_json(self.to_dict())

    @classmethod
    def from_json(cls, text: str) -> "Spec":
        """The spec that `to_json` wrote. Absent keys take their defaults; raises InvalidInput on unknown ones."""
        try:
            values = parse_json(text)
        except ValueError as error:
            raise InvalidInput(f"the spec is not JSON: {error}") from None
        if not isinstance(values, dict):
            raise InvalidInput(f"the spec is a {type(values).__name__}; it must be a JSON object")
        return cls.from_dict(values)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Spec":
        """The spec with these fields. Absent ones take their defaults; raises InvalidInput on unknown ones."""
        known = [each.name for each in fields(cls)]
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
        file = path / SPEC if path.is_dir() else path
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


PAINTED_ONLY = (
    "background", "side_portraits", "diffusion_size", "diffusion_steps", "guidance", "diffusion_dtype",
    "diffusion_models",
)  # fmt: skip
"""Fields that only looks painted by diffusion models have."""


def check_version(version: object) -> None:
    """Raises WorkFailed where another version of the generator made something: this one would make other pictures."""
    if version != GENERATOR_VERSION:
        raise WorkFailed(f"generator version {version} made it, this is version {GENERATOR_VERSION}")
