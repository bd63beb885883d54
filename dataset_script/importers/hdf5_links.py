"""What an HDF5 file holds, in itself and in the files that it links to."""

from pathlib import Path
from typing import Any

from ..errors import WorkFailed


def walk_links(file: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """All data sets of an open file, also those behind soft and external links, and the links that lead nowhere.

    Returns:
        path in the file -> data set, and path of a broken link -> what it is and where it leads.
    """
    found: dict[str, Any] = {}
    broken: dict[str, str] = {}
    _walk(file, "", [file["/"]], found, broken)
    return found, broken


def whole_data(data: Any) -> Any:
    """`data`, a data set. Raises WorkFailed where a file with a part of it is not there: HDF5 reads zeros then."""
    folder = Path(data.file.filename).parent
    parts = [source.file_name for source in data.virtual_sources()] if data.is_virtual else []
    parts += [name for name, *_ in data.external or ()]
    absent = [part for part in dict.fromkeys(parts) if part != "." and not (folder / part).exists()]
    if absent:
        more = f" (and {len(absent) - 1} more files)" if absent[1:] else ""
        raise WorkFailed(f"{data.file.filename}: {data.name} lies in part in {absent[0]}{more}, which is not there")
    return data


def _walk(group: Any, path: str, above: list[Any], found: dict[str, Any], broken: dict[str, str]) -> None:
    for name in group:
        here = f"{path}/{name}".lstrip("/")
        try:
            item = group[name]
        except (KeyError, OSError):
            broken[here] = _broken(here, group.get(name, getlink=True))
            continue
        if hasattr(item, "dtype"):
            found[here] = item
        elif hasattr(item, "keys") and item not in above:  # links may lead in circles
            _walk(item, here, [*above, item], found, broken)


def _broken(path: str, link: Any) -> str:
    leads = f"{link.path!r}" + (f" of {link.filename}" if hasattr(link, "filename") else "")
    return f"its link {path!r} leads to {leads}, which is not there or cannot be read"
