"""What a dataset directory holds: counted from its rows, not from its specification."""

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .errors import WorkFailed
from .facs import PSPI_MAX
from .features import AGE_GROUPS, ETHNICITIES, GENDERS, SPLITS
from .manifest import read_manifest

_LABELS = {"age_group": AGE_GROUPS, "ethnicity": ETHNICITIES, "gender": GENDERS}


def describe(directory: str | Path) -> dict[str, Any]:
    """Counts of a dataset, complete or not, as plain JSON values.

    Returns:
        `spec`, `complete`, `identities` and `frames` (each `made` and `planned`), `bytes`, `configs` (rows of each),
        `splits` (identities and frames of each), `demographics` (attribute -> label -> identities), `pspi` (frames
        with PSPI 0, 1, … 16).

    Raises:
        WorkFailed: no dataset there, or a shard that cannot be read.
    """
    from generation.plan import Plan
    from generation.run.chunks import FRAMES_PER_IDENTITY, shard_names

    from .spec import Spec

    directory = Path(directory)
    spec = Spec.load(directory)
    entries = read_manifest(directory)
    planned = {name for chunk in Plan(spec).chunks() for name in shard_names(spec, chunk).values()}
    frames = Counter[str]()
    people: dict[str, set[tuple[int, ...]]] = {split: set() for split in SPLITS}
    levels = Counter[int]()
    for entry in entries:
        if entry.config != "default":
            continue
        table = _read_labels(directory / entry.path)
        frames[entry.split] += table.num_rows
        levels.update(table["pspi"].to_pylist())
        people[entry.split].update(zip(*(table[name].to_pylist() for name in ("identity_id", *_LABELS)), strict=True))
    everyone = [person for members in people.values() for person in members]
    configs = Counter[str]()
    for entry in entries:
        configs[entry.config] += entry.rows
    return {
        "spec": spec.to_dict(),
        "spec_hash": spec.hash,
        "complete": planned <= {entry.path for entry in entries},
        "identities": {"made": len(everyone), "planned": spec.identities},
        "frames": {"made": frames.total(), "planned": spec.identities * FRAMES_PER_IDENTITY},
        "bytes": sum(entry.bytes for entry in entries),
        "configs": dict(configs),
        "splits": {split: {"identities": len(people[split]), "frames": frames[split]} for split in SPLITS},
        "demographics": {
            name: {label: sum(person[k] == code for person in everyone) for code, label in enumerate(labels)}
            for k, (name, labels) in enumerate(_LABELS.items(), start=1)
        },
        "pspi": [levels[level] for level in range(PSPI_MAX + 1)],
    }


def _read_labels(path: Path) -> pa.Table:
    try:
        return pq.read_table(path, columns=["identity_id", "pspi", *_LABELS])
    except FileNotFoundError:
        raise WorkFailed(f"{path} is missing; `pain3d verify` lists all that is wrong") from None
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise WorkFailed(f"{path} cannot be read: {reason}; `pain3d verify` lists all that is wrong") from None
