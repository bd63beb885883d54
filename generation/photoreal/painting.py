"""What a look that diffusion models paint is made with besides its specification: models, and where pictures are."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.spec import Spec

from ..diffusion.models import Models, Settings
from ..worker import worker_number
from .program import Program

FOLDER = "portraits"
"""Of a dataset directory, where the painted pictures are kept."""
MAPS = ("albedo", "material")
"""What a program paints on the mesh, by the name of the picture that is kept of it."""


@dataclass(frozen=True)
class Painting:
    """Picklable.

    Attributes:
        models: None where every picture is there already.
        folder: where they are kept; None: nowhere.
        devices: one for each worker in turn, as `Models.device`; none: the first that is there.
        program: what paints the mesh of a look that has maps; None where all maps are there already.
        read_only: what is painted is not kept.
    """

    models: Models | None = None
    folder: Path | None = None
    devices: tuple[str, ...] = ()
    program: Program | None = None
    read_only: bool = False

    @property
    def my_device(self) -> str | None:
        """The device of this worker process; None where none is named."""
        return self.devices[worker_number() % len(self.devices)] if self.devices else None

    def on_my_device(self) -> Models | None:
        """The models, on the device of this worker process."""
        if self.models is None or self.my_device is None:
            return self.models
        return dataclasses.replace(self.models, device=self.my_device)


def settings_of(spec: Spec) -> Settings:
    """How the pictures of a specification are painted. Raises InvalidInput for what the models do not take."""
    given = {
        "size": spec.diffusion_size,
        "steps": spec.diffusion_steps,
        "prior_steps": None if spec.diffusion_steps is None else max(2, spec.diffusion_steps // 2),
        "guidance": spec.guidance,
        "prior_guidance": spec.guidance,
        "dtype": spec.diffusion_dtype,
    }
    return Settings(**{name: value for name, value in given.items() if value is not None})


def painted_names(spec: Spec, identity_id: int, maps: bool = False) -> list[str]:
    """The pictures kept of an identity, relative to the dataset directory; `maps`: whether its look has some."""
    kinds = ["front", *(MAPS if maps else ())]
    if spec.side_portraits:
        kinds += ["left", "right"]
    if background_of(spec) == "identity":
        kinds.append("background")
    return [f"{FOLDER}/{identity_id:05d}-{kind}.png" for kind in kinds]


def background_of(spec: Spec) -> str:
    """How what is behind is painted."""
    return spec.background or "identity"


def check_models(spec: Spec, models: Models) -> None:
    """Raises InvalidInput where the models are not those of the specification."""
    if (found := models.digest(settings_of(spec).dtype)) != spec.diffusion_models:
        raise InvalidInput(
            f"diffusion_models is {spec.diffusion_models} in the spec; the models given have {found}: they are others"
        )


def no_program(what: str) -> WorkFailed:
    """The error for a map that has to be painted where no program was given."""
    return WorkFailed(f"{what} is not painted yet, and no program was given: --hunyuan names it")


def missing(what: str) -> WorkFailed:
    """The error for a picture that has to be painted where no models were given."""
    return WorkFailed(f"{what} is not painted yet, and no models were given to paint it")
