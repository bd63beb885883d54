"""The user's files that a head is made from.

Their content decides the bytes of a dataset, their paths do not (contract C3).
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from dataset_script.errors import InvalidInput


@dataclass(frozen=True)
class HeadFiles:
    """A head's file, and the file of its 68 landmarks where the user has one.

    `repair`: whether a few bad triangles of a mesh are mended. It does not enter the digest: a sound mesh is the same
    head with and without it, any other is a head with it alone.
    """

    file: Path
    landmarks: Path | None = None
    repair: bool = False

    def digest(self) -> str:
        """sha256 (hex) of the file's bytes; with landmarks, of the hex digests of both files, one after the other.

        Raises:
            InvalidInput: a file is missing.
        """
        digests = [_sha256(path) for path in (self.file, self.landmarks) if path is not None]
        return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InvalidInput(f"head file {path} cannot be read: {error.strerror}") from None
