"""Finding HDF5 files and the data sets in them, where their names are not quite those of the layout."""

import re
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from ..errors import InvalidInput, WorkFailed
from ..facs import AU_NAMES
from .hdf5_links import walk_links, whole_data

PATTERNS = {"frames": "frames*.h*5", "annotations": "annotations*.h*5", "folds": "*cvfolds*.h*5"}
LABELS = {name: f"label_AU_{name[2:]}" for name in AU_NAMES}

_ALSO = {
    "image": ("images", "frame", "frames", "face", "faces", "img", "picture", "pictures"),
    "index": ("indices", "idx", "frame_index"),
    "subject_name": ("subject", "subjects", "subject_names", "subject_id"),
    "label_pspi": ("pspi",),
}
"""Other names of a data set, as `_plain` writes them."""
ALLOWED = (*PATTERNS, *_ALSO, *LABELS.values())
_HOLDS = {
    "image": "the pictures, (F, H, W) or with channels",
    "index": "a whole number for each picture in frames (F,), and in annotations (N,) that of the picture of each row",
    "subject_name": "the name of the subject of each annotation, text (N,)",
    "label_pspi": "PSPI of each annotation, numbers (N,)",
    **{label: f"{name} of each annotation, numbers (N,)" for name, label in LABELS.items()},
}
"""What people are told of a data set that is missing."""
_PICTURE_AXES = (3, 4)
_MOST_SHOWN = 8


def files_like(root: Path, name: str) -> list[Path]:
    """The files of `root` that may be "frames", "annotations" or "folds", in letters of any case."""
    return sorted(file for file in root.iterdir() if fnmatch(file.name.lower(), PATTERNS[name]) and file.is_file())


def find_file(root: Path, name: str, chosen: Mapping[str, str]) -> Path | None:
    """The file of `root` that is "frames", "annotations" or "folds"; None where there is none.

    Args:
        chosen: names of files and data sets that the user gave.

    Raises:
        InvalidInput: there are several and none is chosen, or the chosen one does not exist.
    """
    if name in chosen:
        if not (root / chosen[name]).is_file():
            raise InvalidInput(f"hdf5 is {name}={chosen[name]}, and {root / chosen[name]} is not a file")
        return root / chosen[name]
    found = files_like(root, name)
    if len(found) > 1:
        names = ", ".join(file.name for file in found[:_MOST_SHOWN])
        raise InvalidInput(f"{root} holds several files like {PATTERNS[name]}: {names}; choose with --hdf5 {name}=FILE")
    return found[0] if found else None


def find_data_set(file: Any, name: str, chosen: Mapping[str, str], notes: list[str]) -> Any | None:
    """The data set `name` of an open HDF5 file; None where nothing is like it.

    It may lie in a group and have spaces, hyphens or capitals in its name; pictures may have any name, where nothing
    else of the file has three or four axes.

    Args:
        chosen: names of files and data sets that the user gave.
        notes: gets a line where the name is another.

    Raises:
        InvalidInput: several are like it and none is chosen, or the chosen one does not exist.
        WorkFailed: it is a link to what is not there, or lies in part in a file that is not there.
    """
    stored, broken = walk_links(file)
    wanted = chosen.get(name, name).strip("/")
    for path, why in broken.items():
        if path == wanted or (name not in chosen and _plain(path) in (_plain(name), *_others(name))):
            raise WorkFailed(f"{file.filename}: {why}")
    if name in chosen:
        if wanted not in stored:
            raise InvalidInput(f"hdf5 is {name}={chosen[name]}, and {file.filename} holds {_listed(stored)}")
        return whole_data(stored[wanted])
    if name in stored:
        return whole_data(stored[name])
    alike = {path: data for path, data in stored.items() if _plain(path) == _plain(name)}
    alike = alike or {path: data for path, data in stored.items() if _plain(path) in _others(name)}
    if name == "image" and not alike:
        alike = {path: data for path, data in stored.items() if data.ndim in _PICTURE_AXES}
    if len({*alike.values()}) > 1:  # links to one data set are not several
        raise InvalidInput(f"{file.filename}: {name} may be {_listed(alike)}; choose with --hdf5 {name}=NAME")
    for path, data in alike.items():
        notes.append(f"{name} is read from {path!r} of {Path(file.filename).name}")
        return whole_data(data)
    return None


def missing(file: Any, name: str) -> WorkFailed:
    """What to raise where `find_data_set` finds nothing: what is missing, and which data sets may be it."""
    stored, broken = walk_links(file)
    problem = f"{file.filename} has no {name}, which is {_HOLDS[name]}; it holds {_listed(stored)}"
    problem += "".join(f", and {why}" for why in list(broken.values())[:1])
    fitting = {path: data for path, data in stored.items() if _may_be(name, path, data)}
    if not fitting:
        return WorkFailed(f"{problem}: none of them can be {name}, so add it")
    return WorkFailed(f"{problem}: if it is {' or '.join(map(repr, fitting))}, say so with --hdf5 {name}=NAME")


def _may_be(name: str, path: str, data: Any) -> bool:
    """Whether an unknown data set may be `name`, by its axes and type."""
    if any(_plain(path) in (_plain(known), *_others(known)) for known in _HOLDS):
        return False
    if name == "image":
        return data.ndim in _PICTURE_AXES
    one_a_row = data.ndim == 1 or (data.ndim == 2 and 1 in data.shape)
    columns = data.ndim == 2 and name in LABELS.values()
    return (one_a_row or columns) and (data.dtype.kind in "OSU") == (name == "subject_name")


def _plain(path: str) -> str:
    """The last part of a path in small letters, with an underscore for anything that is no letter or digit."""
    return re.sub(r"[\W_]+", "_", path.rpartition("/")[2].lower()).strip("_")


def _others(name: str) -> tuple[str, ...]:
    unit = name.removeprefix("label_AU_")
    return _ALSO.get(name, (f"label_au{unit}", f"au_{unit}", f"au{unit}", f"label_au_{unit:0>2}", f"au{unit:0>2}"))


def _listed(stored: Mapping[str, Any]) -> str:
    shown = [f"{path!r} {data.shape}" for path, data in list(stored.items())[:_MOST_SHOWN]]
    more = f" and {len(stored) - _MOST_SHOWN} more" if len(stored) > _MOST_SHOWN else ""
    return (", ".join(shown) or "nothing") + more
