"""Which layout a path has."""

from collections.abc import Callable
from pathlib import Path

from ..errors import InvalidInput
from .files import only
from .frame import Source

ALLOWED = (
    "UNBC-McMaster (Images/ and Frame_Labels/), its HDF5 form (frames*.hdf5 and annotations*.hdf5), 3DPain "
    "(meshes_inpainted/ and annotations/), tar shards of it, or a CSV file that names pictures"
)
_TAR = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


def find_source(path: Path, split_csv: Path | None = None, pictures_checked: bool = False) -> Source:
    """The importer of what lies at `path`.

    Args:
        split_csv: split file of 3DPain, where it does not lie beside the data.
        pictures_checked: every picture will be decoded, so none needs to be left out by its name.

    Raises:
        InvalidInput: no layout fits, or an option does not fit the layout.
        WorkFailed: a file is damaged.
    """
    path = path.absolute()
    if split_csv is not None and not split_csv.is_file():
        raise InvalidInput(f"split-csv is {split_csv}, which is not a file")
    make, takes_split_csv = _layout(path, split_csv, pictures_checked)
    if split_csv is not None and not takes_split_csv:
        raise InvalidInput("split-csv is for 3DPain; the other layouts have no split file")
    return make()


def _layout(path: Path, split_csv: Path | None, pictures_checked: bool) -> tuple[Callable[[], Source], bool]:
    from .release import ReleaseFolder, ReleaseShards
    from .table import Table
    from .unbc import Unbc
    from .unbc_hdf5 import PATTERNS, UnbcHdf5

    if path.is_file() and _is_tar(path):
        return lambda: ReleaseShards([path], split_csv), True
    if path.is_file() and path.suffix.lower() == ".csv":
        return lambda: Table(path), False
    if path.is_dir():
        if (path / "Images").is_dir() and (path / "Frame_Labels").is_dir():
            return lambda: Unbc(path, pictures_checked), False
        if any(path.glob(PATTERNS["frames"])) and any(path.glob(PATTERNS["annotations"])):
            return lambda: UnbcHdf5(path), False
        if (path / "meshes_inpainted").is_dir() and (path / "annotations").is_dir():
            return lambda: ReleaseFolder(path, split_csv), True
        if shards := sorted(file for file in path.iterdir() if file.is_file() and _is_tar(file)):
            return lambda: ReleaseShards(shards, split_csv), True
        if (table := only(path, "*.csv")) is not None:
            return lambda: Table(table), False
    raise InvalidInput(f"source is {path}; allowed is a data set: {ALLOWED}")


def _is_tar(path: Path) -> bool:
    return path.name.lower().endswith(_TAR)
