"""A trained network as a rig: bind a neutral face once, then pose it by action units."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.storage import write_atomically
from dataset_script.strict_json import parse_json

from ...geometry.surface import Surface
from ...geometry.torch_threads import one_torch_thread
from ...heads.wrapping.align import check_fit, check_slits
from ...heads.wrapping.template import template
from ...heads.wrapping.wrap import wrap
from .channels import CHANNELS, gates
from .model import NetworkConfig, NeuralRigNetwork, RigMesh
from .operators import mesh_operators
from .rims import find_rims, sealed

_LARGEST, _MOST_LAYERS = 1024, 64
"""Largest numbers in the configuration of a network that is read: the widths of ours are 128 and 256."""
_OTHER_VALUES = (RuntimeError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError)
"""What values of other names or types than those of a configuration raise."""


class BoundFace:
    """A neutral face (V, 3) float64 mm and the displacements (21, V, 3) of every channel at full share."""

    def __init__(self, neutral: np.ndarray, channels: np.ndarray) -> None:
        self.neutral, self.channels = neutral, channels

    def pose(self, au: np.ndarray, extra_au: np.ndarray | None = None) -> np.ndarray:
        """Vertices (..., V, 3) mm under intensities (..., 6) in C1 order and (..., 7) extra ones.

        Zero everywhere gives the neutral exactly. Raises InvalidInput on intensities out of range.
        """
        return self.neutral + np.tensordot(gates(au, extra_au), self.channels, axes=1)


class NeuralRig:
    """Binds faces of any topology, in millimetres, origin between the eyes, y up, z to the front."""

    def __init__(self, network: NeuralRigNetwork) -> None:
        if not network.config.linear:
            raise InvalidInput("linear is False; a rig needs a network that is linear in its channels")
        self.network = network.eval()

    def bind(
        self,
        vertices: np.ndarray,
        faces: np.ndarray,
        cache: Path | None = None,
        landmarks: np.ndarray | None = None,
        seal: bool = True,
    ) -> BoundFace:
        """Runs the network and the Poisson solve once, on one thread.

        Args:
            vertices, faces: (V, 3) mm and (F, 3) of the skin alone, see `checks.check_surface`.
            cache: where the operators are kept, see `mesh_operators`.
            landmarks: (68, 3) mm, iBUG order, on the face; None to find them by `landmarks_by_wrapping`.
            seal: whether closed lids are made to meet, see `rims.sealed`; needs a mouth and eyes that are slits.

        Raises:
            InvalidInput: a surface that the rig cannot work on.
        """
        config = self.network.config
        mesh = RigMesh(mesh_operators(vertices, faces, config.eigenvectors, cache), config.screen_mm)
        with one_torch_thread(), torch.no_grad():
            channels = self.network.channels(mesh).displacements(mesh).double().numpy()
        vertices, faces = np.asarray(vertices, np.float64), np.asarray(faces)
        if seal:
            landmarks = (
                landmarks_by_wrapping(vertices, faces) if landmarks is None else np.asarray(landmarks, np.float64)
            )
            check_slits(vertices, faces, landmarks)
            channels = sealed(vertices, faces, channels, find_rims(landmarks, vertices, faces))
        return BoundFace(vertices, channels)

    def save(self, path: Path) -> None:
        """Weights and sizes as one safetensors file."""
        about = {"config": asdict(self.network.config), "channels": CHANNELS}  # one entry: their order is not fixed
        write_atomically(path, save(self.network.state_dict(), {"rig": json.dumps(about)}))

    @classmethod
    def load(cls, path: Path) -> "NeuralRig":
        """Raises WorkFailed when the file is missing, damaged or of another set of channels."""
        try:
            with safe_open(path, "pt") as stored:
                metadata = stored.metadata() or {}
                weights = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        except (OSError, SafetensorError) as error:
            raise WorkFailed(f"weights {path} cannot be read: {error}") from error
        try:
            about = parse_json(metadata.get("rig", "{}"))
            if tuple(about.get("channels", ())) != CHANNELS:
                raise WorkFailed(f"weights {path} are not of a rig with the channels {', '.join(CHANNELS)}")
            for name, value in about["config"].items():  # before memory is taken for it
                if value > (most := _MOST_LAYERS if name in ("blocks", "decoder_layers") else _LARGEST):
                    raise WorkFailed(f"weights {path} have {name} {value:,}; allowed are up to {most:,}")
            network = NeuralRigNetwork(NetworkConfig(**about["config"]))
            network.load_state_dict(weights)
        except WorkFailed:
            raise
        except _OTHER_VALUES as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise WorkFailed(f"weights {path} do not fit what they say of themselves: {reason}") from None
        return cls(network)


def landmarks_by_wrapping(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(68, 3) mm: the landmarks of a skin in the head frame, found by wrapping the MakeHuman head around it.

    Takes some seconds. Raises InvalidInput when it is not a head.
    """
    found = wrap(template(), Surface(vertices, faces), None)
    check_fit(template(), found)
    return template().landmark_rows @ found.points
