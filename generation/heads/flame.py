"""People of FLAME (Li et al. 2017), from the model file that the user has the licence for, wrapped.

The file is read as data: a `.npz`, or the official `.pkl`, of which nothing is imported or called. Needed are
`v_template` (V, 3), `f` (T, 3) and `shapedirs` (V, 3, K), the first 300 of which are shapes.
"""

from pathlib import Path

import numpy as np

from dataset_script.array_files import DAMAGED_ARRAYS, read_arrays
from dataset_script.errors import InvalidInput

from .flame_pickle import read_pickled_arrays
from .own import about, find_eyes, in_frame, wrapped_mesh
from .wrapping.landmark_files import check_on_skin, read_landmarks
from .wrapping.parts import take_apart
from .wrapping.wrapped_head import OtherHead, WrappedHead

NEEDED = ("v_template", "f", "shapedirs")
MODES, LIMIT = 100, 2.0
"""How many shape parameters are drawn, and within how many standard deviations; the later ones hardly show."""
MOST_BYTES = 1 << 29
"""That the arrays needed may take; those of FLAME 2023 take 49 MB."""


def load(path: Path, landmarks: Path | None = None) -> WrappedHead:
    """The head of the model at `path`; its parameters are normal, cut at LIMIT.

    `landmarks`: 68 vertex numbers or points of the template, see `landmark_files.read_landmarks`; none are needed.

    Raises:
        InvalidInput: the file is missing or not a FLAME model, or its template no head.
    """
    arrays = read_model(path)
    mesh = take_apart(arrays["v_template"], arrays["f"])
    given = None
    if landmarks is not None:
        given = read_landmarks(landmarks, mesh.vertices, indexed=True)
        check_on_skin(landmarks, given, mesh.vertices[mesh.skin])
    found, to_head = wrapped_mesh(mesh, given)
    moved = to_head.scale * to_head.turn(arrays["shapedirs"][..., :MODES].transpose(2, 0, 1))  # (M, V, 3)
    eyes, balls, eye_modes = find_eyes(mesh, to_head, found), None, np.zeros((MODES, 0, 3))
    if eyes is not None:
        balls = in_frame(to_head, mesh.spheres[eyes])
        eye_modes = np.stack([moved[:, mesh.sphere_vertices[k]].mean(axis=1) for k in eyes], axis=1)
    return WrappedHead(
        OtherHead(
            name="flame",
            about=f"{path.name}: {about(mesh, eyes)}",
            triangles=mesh.triangles,
            wrap=found,
            eyes=balls,
            modes=moved[:, mesh.skin],
            eye_modes=eye_modes,
            limit=LIMIT,
        )
    )


def read_model(path: Path) -> dict[str, np.ndarray]:
    """The arrays NEEDED of a model file: float64 and int64.

    Raises:
        InvalidInput: no such file, not a FLAME model, or a pickle that holds what such a model does not.
    """
    if path.suffix.lower() not in (".npz", ".pkl"):
        raise InvalidInput(f"--head-file is {path}; a FLAME model must end in .npz or .pkl")
    if not path.is_file():
        raise InvalidInput(f"--head-file is {path}, which does not exist")
    try:
        if path.suffix.lower() == ".npz":
            arrays = read_arrays(path, MOST_BYTES, NEEDED)
        else:
            arrays = read_pickled_arrays(path, MOST_BYTES, NEEDED)
    except DAMAGED_ARRAYS as error:
        raise InvalidInput(f"--head-file {path} is not a FLAME model: {error}") from error
    vertices, faces, shapes = (arrays[name] for name in NEEDED)
    triples = all(array.ndim == 2 and array.shape[1] == 3 for array in (vertices, faces))
    modes = shapes.ndim == 3 and shapes.shape[:2] == vertices.shape and shapes.shape[2] >= MODES
    if not (triples and modes and all(array.dtype.kind in "fiu" for array in arrays.values())):
        shown = ", ".join(f"{name} {array.dtype} {array.shape}" for name, array in arrays.items())
        raise InvalidInput(
            f"--head-file {path} holds {shown}; "
            f"allowed are v_template (V, 3), f (T, 3), shapedirs (V, 3, {MODES} or more)"
        )
    return {
        "v_template": vertices.astype(np.float64),
        "f": faces.astype(np.int64),
        "shapedirs": shapes.astype(np.float64),
    }
