"""Which layout a path has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import InvalidInput
from .files import only
from .frame import Source

ALLOWED = (
    "UNBC-McMaster (Images/ or aligned/, and Frame_Labels/), its HDF5 form (a folder with frames*.hdf5 and "
    "annotations*.hdf5), 3DPain (meshes_inpainted/ and annotations/), tar shards of it, or a CSV file with pictures"
)
_DEPTH = 2
"""How far below the given folder a data set is looked for: archives are unpacked into folders of their own name."""
_PASSED_OVER = ("__MACOSX",)
_HDF5 = (".hdf5", ".h5")
_TABLES = (".csv", ".tsv")
_TAR = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


def find_source(
    path: Path, split_csv: Path | None = None, pictures_checked: bool = False, hdf5: Mapping[str, str] | None = None
) -> tuple[Source, Path]:
    """The importer of what lies at `path`, or in the one folder below it that holds a data set; and that place.

    Args:
        split_csv: split file of 3DPain, where it does not lie beside the data.
        pictures_checked: every picture will be decoded, so none needs to be left out by its name.
        hdf5: names of HDF5 files and data sets, where they are not those of the layout; see `UnbcHdf5`.

    Raises:
        InvalidInput: no layout fits, several folders below `path` do, or an option does not fit the layout.
        WorkFailed: a file is damaged.
    """
    path = path.absolute()
    if split_csv is not None and not split_csv.is_file():
        raise InvalidInput(f"split-csv is {split_csv}, which is not a file")
    found = _find(path, split_csv, pictures_checked, hdf5 or {})
    if split_csv is not None and "split-csv" not in found.options:
        raise InvalidInput("split-csv is for 3DPain; the other layouts have no split file")
    if hdf5 and "hdf5" not in found.options:
        raise InvalidInput("hdf5 is for HDF5 files; the other layouts have none")
    return found.make(), found.place


@dataclass(frozen=True)
class _Layout:
    """A data set at `place`: what makes its source, and which options it takes."""

    place: Path
    make: Callable[[], Source]
    options: tuple[str, ...] = ()


def _find(path: Path, *options) -> _Layout:
    if (found := _layout(path, *options)) is not None:
        return found
    level = [path] if path.is_dir() else []
    for _ in range(_DEPTH):
        level = [folder for above in level for folder in _folders(above)]
        found = [layout for folder in level if (layout := _layout(folder, *options)) is not None]
        if len(found) > 1:
            places = ", ".join(str(layout.place) for layout in found[:4])
            raise InvalidInput(f"source is {path}, which holds {len(found)} data sets: {places}; name one of them")
        if found:
            return found[0]
    if path.suffix.lower() in _HDF5 and path.is_file():
        raise InvalidInput(f"source is {path}; name the folder that holds it and the other HDF5 files")
    tables = sorted(file.name for file in path.glob("*.csv")) if path.is_dir() else []
    if len(tables) > 1:
        raise InvalidInput(
            f"source is {path}, which holds several CSV files: {', '.join(tables[:4])}; name one of them"
        )
    raise InvalidInput(f"source is {path}; allowed is a data set: {ALLOWED}")


def _layout(path: Path, split_csv: Path | None, pictures_checked: bool, hdf5: Mapping[str, str]) -> _Layout | None:
    """What lies at `path` itself; None where no layout fits."""
    from .release import ReleaseFolder, ReleaseShards
    from .table import Table
    from .unbc import Unbc
    from .unbc_files import is_unbc
    from .unbc_hdf5 import UnbcHdf5, is_unbc_hdf5

    if path.is_file() and _is_tar(path):
        return _Layout(path, lambda: ReleaseShards([path], split_csv), ("split-csv",))
    if path.is_file() and path.suffix.lower() in _TABLES:
        return _Layout(path, lambda: Table(path))
    if path.is_dir():
        if is_unbc(path):
            return _Layout(path, lambda: Unbc(path, pictures_checked))
        if is_unbc_hdf5(path, hdf5):
            return _Layout(path, lambda: UnbcHdf5(path, hdf5), ("hdf5",))
        if (path / "meshes_inpainted").is_dir() and (path / "annotations").is_dir():
            return _Layout(path, lambda: ReleaseFolder(path, split_csv), ("split-csv",))
        if shards := sorted(file for file in path.iterdir() if file.is_file() and _is_tar(file)):
            return _Layout(path, lambda: ReleaseShards(shards, split_csv), ("split-csv",))
        if (table := only(path, "*.csv")) is not None:
            return _Layout(path, lambda: Table(table))
    return None


def _folders(path: Path) -> list[Path]:
    return sorted(
        entry
        for entry in path.iterdir()
        if entry.is_dir() and not entry.name.startswith(".") and entry.name not in _PASSED_OVER
    )


def _is_tar(path: Path) -> bool:
    return path.name.lower().endswith(_TAR)
