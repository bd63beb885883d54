"""Which layout a path has."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import InvalidInput
from .files import only
from .frame import Source

ALLOWED = (
    "UNBC-McMaster (Images/ and Frame_Labels/), its HDF5 form (frames*.hdf5 and annotations*.hdf5), 3DPain "
    "(meshes_inpainted/ and annotations/), tar shards of it, BioVid (samples.csv and video/), or a CSV file that names "
    "pictures"
)
_TAR = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


@dataclass(frozen=True)
class LayoutOptions:
    """Options that one layout takes; None: its default.

    Attributes:
        split_csv: of 3DPain, the split file, where it does not lie beside the data.
        clip_frames: of BioVid, how many frames of each clip are used.
    """

    split_csv: Path | None = None
    clip_frames: int | None = None


DEFAULTS = LayoutOptions()
_OF_LAYOUT = {"split_csv": "3DPain", "clip_frames": "BioVid"}


def find_source(path: Path, options: LayoutOptions = DEFAULTS, pictures_checked: bool = False) -> Source:
    """The importer of what lies at `path`.

    Args:
        options: of its layout.
        pictures_checked: every picture will be decoded, so none needs to be left out by its name.

    Raises:
        InvalidInput: no layout fits, or an option does not fit the layout.
        WorkFailed: a file is damaged.
    """
    path = path.absolute()
    split_csv = options.split_csv
    if split_csv is not None and not split_csv.is_file():
        raise InvalidInput(f"split-csv is {split_csv}, which is not a file")
    make, taken = _layout(path, options, pictures_checked)
    for name, layout in _OF_LAYOUT.items():
        if getattr(options, name) is not None and name != taken:
            raise InvalidInput(f"{name.replace('_', '-')} is for {layout}; {path} has another layout")
    return make()


def _layout(path: Path, options: LayoutOptions, pictures_checked: bool) -> tuple[Callable[[], Source], str | None]:
    """What makes the importer, and which of the options it takes."""
    from .biovid import BioVid, is_biovid
    from .release import ReleaseFolder, ReleaseShards
    from .table import Table
    from .unbc import Unbc
    from .unbc_hdf5 import PATTERNS, UnbcHdf5

    if path.is_file() and _is_tar(path):
        return lambda: ReleaseShards([path], options.split_csv), "split_csv"
    if path.is_file() and path.suffix.lower() == ".csv":
        return lambda: Table(path), None
    if path.is_dir():
        if (path / "Images").is_dir() and (path / "Frame_Labels").is_dir():
            return lambda: Unbc(path, pictures_checked), None
        if any(path.glob(PATTERNS["frames"])) and any(path.glob(PATTERNS["annotations"])):
            return lambda: UnbcHdf5(path), None
        if (path / "meshes_inpainted").is_dir() and (path / "annotations").is_dir():
            return lambda: ReleaseFolder(path, options.split_csv), "split_csv"
        if is_biovid(path):
            return lambda: BioVid(path, options.clip_frames), "clip_frames"
        if shards := sorted(file for file in path.iterdir() if file.is_file() and _is_tar(file)):
            return lambda: ReleaseShards(shards, options.split_csv), "split_csv"
        if (table := only(path, "*.csv")) is not None:
            return lambda: Table(table), None
    raise InvalidInput(f"source is {path}; allowed is a data set: {ALLOWED}")


def _is_tar(path: Path) -> bool:
    return path.name.lower().endswith(_TAR)
