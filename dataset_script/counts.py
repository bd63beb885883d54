"""How much a dataset directory holds: counted from its rows, set against what it should hold when it is complete."""

from collections import Counter
from pathlib import Path
from typing import Any, TypedDict

from .directory import DatasetDirectory
from .facs import PSPI_MAX
from .vocabulary import AGE_GROUPS, ETHNICITIES, GENDERS, SPLITS, STIMULI

LABELS: dict[str, tuple[str, ...]] = {"age_group": AGE_GROUPS, "ethnicity": ETHNICITIES, "gender": GENDERS}
UNKNOWN = "unknown"
SCENE = ("scene", "posture")


class Made(TypedDict):
    """How many there are, and how many there will be; None where nothing in the directory tells."""

    made: int
    planned: int | None


class SplitCounts(TypedDict):
    """Of one split."""

    identities: int
    frames: int


class DatasetCounts(TypedDict):
    """What `count_dataset` found, as plain JSON values.

    kind: "generated" or "imported".
    spec: `spec.json` as it is; None where there is none. spec_hash: its hash, or that of the import.
    source: what was imported, of imported data.
    complete: None where nothing in the directory tells.
    configs: configuration -> rows.
    demographics: attribute -> label -> identities; those that have none count as "unknown".
    scenes: "studio, upright", "clinical, lying", … -> identities; empty where the rows do not tell.
    expressions: "neutral", "pain" and each expression that is neither -> frames; {} where the rows do not tell.
    pspi: frames with PSPI 0, 1, … 16. stimulus: frames at each level of `STIMULI`, of data that are labelled so.
    """

    kind: str
    spec: dict[str, Any] | None
    spec_hash: str | None
    source: str | None
    complete: bool | None
    identities: Made
    frames: Made
    bytes: int
    configs: dict[str, int]
    splits: dict[str, SplitCounts]
    demographics: dict[str, dict[str, int]]
    scenes: dict[str, int]
    expressions: dict[str, int]
    pspi: list[int]
    stimulus: list[int]


def count_dataset(directory: str | Path) -> DatasetCounts:
    """Counts a dataset, complete or not, whoever made it.

    Raises:
        InvalidInput: no dataset there.
        WorkFailed: a shard or another file is damaged or missing.
    """
    found = DatasetDirectory.open(directory)
    frames, levels, stimuli = Counter[str](), Counter[int](), Counter[int]()
    expressions = Counter[tuple[int, str]]()
    people: dict[str, dict[int, tuple]] = {split: {} for split in SPLITS}
    places: dict[int, str] = {}
    columns = ("identity_id", "pspi", "stimulus", "expression_kind", "expression", *SCENE, *LABELS)
    for shard, table in found.read(columns, needed=("identity_id", "pspi")):
        rows = {name: table[name].to_pylist() for name in table.column_names}
        frames[shard.split] += table.num_rows
        levels.update(rows["pspi"])
        stimuli.update(rows.get("stimulus", ()))
        told = zip(rows.get("expression_kind", ()), rows.get("expression", ()), strict=True)
        expressions.update((kind, name) for kind, name in told if kind is not None and name is not None)
        unlabelled = [None] * table.num_rows
        labels = zip(*(rows.get(name, unlabelled) for name in LABELS), strict=True)
        people[shard.split].update(zip(rows["identity_id"], labels, strict=True))
        seen = zip(rows["identity_id"], *(rows.get(name, unlabelled) for name in SCENE), strict=True)
        places.update({person: ", ".join(where) for person, *where in seen if None not in where})
    everyone = [labels for members in people.values() for labels in members.values()]
    configs = {config: sum(map(found.num_rows, found.of_config(config))) for config in found.configs}
    planned = found.planned_rows()
    return {
        "kind": "imported" if found.is_imported else "generated",
        "spec": found.spec,
        "spec_hash": found.origin,
        "source": (found.record or found.import_report()).get("source"),
        "complete": _is_complete(found, configs, planned),
        "identities": {"made": len(everyone), "planned": found.planned_identities()},
        "frames": {"made": frames.total(), "planned": planned.get("default")},
        "bytes": sum(map(found.num_bytes, found.shards)),
        "configs": configs,
        "splits": {split: {"identities": len(people[split]), "frames": frames[split]} for split in SPLITS},
        "demographics": {name: _tally(name, [labels[k] for labels in everyone]) for k, name in enumerate(LABELS)},
        "scenes": dict(sorted(Counter(places.values()).items())),
        "expressions": {name: count for (_, name), count in sorted(expressions.items())},
        "pspi": [levels[level] for level in range(PSPI_MAX + 1)],
        "stimulus": [stimuli[level] for level in range(len(STIMULI))] if stimuli else [],
    }


def _is_complete(found: DatasetDirectory, made: dict[str, int], planned: dict[str, int]) -> bool | None:
    if found.missing_shards():
        return False
    if not planned:
        return False if found.record is not None else None  # an import writes its report at the end
    return all(made.get(config, 0) >= rows for config, rows in planned.items())


def _tally(attribute: str, codes: list[int | None]) -> dict[str, int]:
    counts = {label: codes.count(code) for code, label in enumerate(LABELS[attribute])}
    unknown = len(codes) - sum(counts.values())
    return counts | ({UNKNOWN: unknown} if unknown else {})
