"""Which layout a path has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InvalidInput
from .files import TABLES, tables_in
from .frame import Source

ALLOWED = (
    "UNBC-McMaster (Images/ or aligned/, and Frame_Labels/), its HDF5 form (a folder with frames*.hdf5 and "
    "annotations*.hdf5), 3DPain (meshes_inpainted/ and annotations/), tar shards of it, BioVid (samples.csv and "
    "video/), or a CSV file with pictures"
)
_DEPTH = 2
"""How far below the given folder a data set is looked for: archives are unpacked into folders of their own name."""
_PASSED_OVER = ("__MACOSX",)
_HDF5 = (".hdf5", ".h5")
_PACKED = (".zip", ".7z", ".rar", ".gz", ".bz2", ".xz", ".zst", ".001", ".z01")
_SHEETS = (".xlsx", ".xlsm", ".xls", ".ods")
_TAR = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


@dataclass(frozen=True)
class LayoutOptions:
    """Options that one layout takes; None or empty: its default.

    Attributes:
        split_csv: of 3DPain, the split file, where it does not lie beside the data.
        clip_frames: of BioVid, how many frames of each clip are used.
        clip_pictures: of BioVid, which set of pictures is used: its folder, as `biovid_pictures.py` names it.
        hdf5: of UNBC-McMaster in HDF5, names of files and data sets, where they are not those of the layout:
            {"image": "faces/crops"}; see `UnbcHdf5`.
    """

    split_csv: Path | None = None
    clip_frames: int | None = None
    clip_pictures: str | None = None
    hdf5: Mapping[str, str] = field(default_factory=dict)


DEFAULTS = LayoutOptions()
_OF_LAYOUT = {"split_csv": "3DPain", "clip_frames": "BioVid", "clip_pictures": "BioVid", "hdf5": "HDF5 files"}


def find_source(path: Path, options: LayoutOptions = DEFAULTS, pictures_checked: bool = False) -> tuple[Source, Path]:
    """The importer of what lies at `path`, or in the one folder below it that holds a data set; and that place.

    Args:
        options: of its layout.
        pictures_checked: every picture will be decoded, so none needs to be left out by its name.

    Raises:
        InvalidInput: no layout fits, several folders below `path` do, or an option does not fit the layout.
        WorkFailed: a file is damaged.
    """
    path = path.absolute()
    split_csv = options.split_csv
    if split_csv is not None and not split_csv.is_file():
        raise InvalidInput(f"split-csv is {split_csv}, which is not a file")
    layout = _find(path, options, pictures_checked)
    for name, whose in _OF_LAYOUT.items():
        if getattr(options, name) not in (None, {}) and name not in layout.options:
            raise InvalidInput(f"{name.replace('_', '-')} is for {whose}; {layout.place} has another layout")
    return layout.make(), layout.place


@dataclass(frozen=True)
class _Layout:
    """A data set at `place`: what makes its source, and which of `LayoutOptions` it takes."""

    place: Path
    make: Callable[[], Source]
    options: tuple[str, ...] = ()


def _find(path: Path, options: LayoutOptions, pictures_checked: bool) -> _Layout:
    if (found := _layout(path, options, pictures_checked)) is not None:
        return found
    level = [path] if path.is_dir() else []
    for _ in range(_DEPTH):
        level = [folder for above in level for folder in _folders(above)]
        found = [found for folder in level if (found := _layout(folder, options, pictures_checked)) is not None]
        if len(found) > 1:
            places = ", ".join(str(layout.place) for layout in found[:4])
            raise InvalidInput(f"source is {path}, which holds {len(found)} data sets: {places}; name one of them")
        if found:
            return found[0]
    if path.suffix.lower() in _HDF5 and path.is_file():
        raise InvalidInput(f"source is {path}; name the folder that holds it and the other HDF5 files")
    tables = tables_in(path) if path.is_dir() else []
    if len(tables) > 1:
        names = ", ".join(table.name for table in tables[:4])
        joined = "; or join them into one, with a column `split` to keep the splits" * _are_splits(tables)
        raise InvalidInput(f"source is {path}, which holds several CSV files: {names}; name one of them{joined}")
    raise InvalidInput(f"source is {path}{_cure(path)}; allowed is a data set: {ALLOWED}")


def _are_splits(tables: list[Path]) -> bool:
    from .labels import split_named

    return sum(split_named(table.stem) is not None for table in tables) > 1


def _cure(path: Path) -> str:
    """What must be done first with archives and spreadsheets; empty where there are none."""
    files, sheets = [path], (*_SHEETS, ".txt")
    if path.is_dir():
        files, sheets = sorted(entry for entry in path.iterdir() if entry.is_file()), _SHEETS
    for suffixes, cure in ((_PACKED, "packed; unpack {} first"), (sheets, "no CSV; save {} as CSV")):
        names = [
            file.name for file in files if file.suffix.lower() in suffixes and not file.name.startswith((".", "~$"))
        ]
        if names:
            holds = "which is" if path.is_file() else f"which holds {', '.join(names[:3])}{', …' * (len(names) > 3)},"
            return f", {holds} {cure.format('it' if len(names) == 1 else 'them')}"
    return ""


def _layout(path: Path, options: LayoutOptions, pictures_checked: bool) -> _Layout | None:
    """What lies at `path` itself; None where no layout fits."""
    from .biovid import BioVid, is_biovid
    from .release import ReleaseFolder, ReleaseShards
    from .table import Table
    from .unbc import Unbc
    from .unbc_files import is_unbc
    from .unbc_hdf5 import UnbcHdf5, is_unbc_hdf5

    if path.is_file() and _is_tar(path):
        return _Layout(path, lambda: ReleaseShards([path], options.split_csv), ("split_csv",))
    if path.is_file() and path.suffix.lower() in TABLES:
        return _Layout(path, lambda: Table(path))
    if path.is_dir():
        if is_unbc(path):
            return _Layout(path, lambda: Unbc(path, pictures_checked))
        if is_unbc_hdf5(path, options.hdf5):
            return _Layout(path, lambda: UnbcHdf5(path, options.hdf5), ("hdf5",))
        if (path / "meshes_inpainted").is_dir() and (path / "annotations").is_dir():
            return _Layout(path, lambda: ReleaseFolder(path, options.split_csv), ("split_csv",))
        if is_biovid(path):
            chosen = options.clip_frames, options.clip_pictures
            return _Layout(path, lambda: BioVid(path, *chosen), ("clip_frames", "clip_pictures"))
        if shards := sorted(file for file in path.iterdir() if file.is_file() and _is_tar(file)):
            return _Layout(path, lambda: ReleaseShards(shards, options.split_csv), ("split_csv",))
        if len(tables := tables_in(path)) == 1:
            return _Layout(path, lambda: Table(tables[0]))
    return None


def _folders(path: Path) -> list[Path]:
    return sorted(
        entry
        for entry in path.iterdir()
        if entry.is_dir() and not entry.name.startswith(".") and entry.name not in _PASSED_OVER
    )


def _is_tar(path: Path) -> bool:
    return path.name.lower().endswith(_TAR)
