"""People of FLAME (Li et al. 2017), from the model file that the user has the licence for, wrapped.

The file is read as data: a `.npz` without pickles, or the official `.pkl`, whose classes are never imported. Needed are
`v_template` (V, 3), `f` (T, 3) and `shapedirs` (V, 3, K), the first 300 of which are shapes.
"""

import io
import pickle
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from dataset_script.errors import InvalidInput

from .own import about, find_eyes, in_frame, wrapped_mesh
from .wrapping.landmark_files import check_on_skin, read_landmarks
from .wrapping.parts import take_apart
from .wrapping.wrapped_head import OtherHead, WrappedHead

NEEDED = ("v_template", "f", "shapedirs")
MODES, LIMIT = 100, 2.0
"""How many shape parameters are drawn, and within how many standard deviations; the later ones hardly show."""


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
        content = _read_npz(path) if path.suffix.lower() == ".npz" else _read_pickle(path)
        arrays = {name: np.asarray(content[name]) for name in NEEDED}
    except (OSError, ValueError, KeyError, TypeError, BadZipFile, EOFError, pickle.UnpicklingError) as error:
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


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in NEEDED}


def _read_pickle(path: Path) -> Any:
    with path.open("rb") as file:
        return _Arrays(io.BytesIO(file.read()), encoding="latin1").load()


_NUMPY = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    **{
        (f"numpy.{core}.multiarray", name): getattr(np._core.multiarray, name)
        for core in ("core", "_core")
        for name in ("_reconstruct", "scalar")
    },
}
"""What makes NumPy arrays, under the names of NumPy 1 and 2."""


class _Plain:
    """In place of an object whose class is not imported, such as a sparse matrix: keeps at most one plain array."""

    def __init__(self, *_: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        """A `chumpy.Ch` has its array as `x`; nothing else is kept."""
        self.x = state.get("x") if isinstance(state, dict) else None

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if not isinstance(getattr(self, "x", None), np.ndarray):
            raise ValueError("an array in it is of a class that holds no plain array")
        return self.x if dtype is None else self.x.astype(dtype)


class _Arrays(pickle.Unpickler):
    """Imports only what makes NumPy arrays; objects of chumpy and SciPy become `_Plain`; all else is refused."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _NUMPY:
            return _NUMPY[module, name]
        if module in ("builtins", "__builtin__") and name in ("set", "object"):  # in the state of a `chumpy.Ch`
            return set if name == "set" else object
        if module.split(".")[0] in ("chumpy", "scipy"):
            return _Plain
        if (module, name) in (("_codecs", "encode"), ("copy_reg", "_reconstructor"), ("copyreg", "_reconstructor")):
            return _encode if name == "encode" else _Plain
        raise pickle.UnpicklingError(f"it names {module}.{name}, which a FLAME model does not hold")


def _encode(text: str, encoding: str) -> bytes:
    """How pickles of Python 2 hold bytes under the newer protocols."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it holds bytes in the encoding {encoding!r}")
    return text.encode("latin1")
