"""Comparing directories, and prefixes of object stores, byte for byte."""

from pathlib import Path

import fsspec


def contents(directory: Path) -> dict[str, bytes]:
    """Every file below `directory`, hidden ones too: relative path -> bytes."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


def objects(url: str) -> dict[str, bytes]:
    """Every object below a URL: relative name -> bytes."""
    files, prefix = fsspec.core.url_to_fs(url)
    files.invalidate_cache()
    return {name.removeprefix(f"{prefix}/"): files.cat_file(name) for name in files.find(prefix)}
