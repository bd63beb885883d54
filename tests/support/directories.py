"""Comparing directories byte for byte."""

from pathlib import Path


def contents(directory: Path) -> dict[str, bytes]:
    """Every file below `directory`, hidden ones too: relative path -> bytes."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }
