"""Draws the sets: each a directory that `load_dataset` opens, made shard by shard and resumed where it was stopped."""

import time
from dataclasses import asdict
from pathlib import Path

from dataset_script.claim import claimed
from dataset_script.manifest import append_manifest, read_manifest
from dataset_script.progress import Progress
from dataset_script.shards import ShardWriter, shard_path
from dataset_script.spec import Spec
from generation.heads.files import HeadFiles
from generation.pipeline import FrameMaker
from generation.plan import Plan
from generation.run.chunks import make_identity

from .sets import ShiftSet

RECORD = "set.json"
SPLIT = "test"
PEOPLE_A_SHARD = 4


def make_set(directory: Path, name: str, each: ShiftSet, size: int, ict: HeadFiles | None) -> tuple[int, float]:
    """Draws a set into `directory`, or finishes it; returns the frames drawn now and the seconds they took.

    Args:
        ict: the ICT-FaceKit pack, for sets that need it.

    Raises:
        InvalidInput: the directory holds something else, or another specification of this set.
        WorkFailed: as `FrameMaker`; what is finished stays.
    """
    files = ict if each.needs_ict else None
    spec = each.spec(size, None if files is None else files.digest())
    with claimed(directory, RECORD, record_of(name, each, spec), "set"):
        return _finish(directory, spec, each, files)


def record_of(name: str, each: ShiftSet, spec: Spec) -> dict:
    """What decides the frames of a set: its specification, and which frames of whom there are."""
    chosen = {field: value for field, value in asdict(each).items() if field not in ("what", "options")}
    return {"set": name, "spec": spec.to_dict(), **chosen}


def frames_of(spec: Spec, each: ShiftSet) -> int:
    """How many frames the set has."""
    plan = Plan(spec)
    people = (each.person(plan, k) for k in range(each.people))
    return sum(len(person.expressions) * len(person.views) for person in people)


def _finish(directory: Path, spec: Spec, each: ShiftSet, files: HeadFiles | None) -> tuple[int, float]:
    done = {entry.path: entry.rows for entry in read_manifest(directory) if entry.has_file(directory)}
    count = -(-each.people // PEOPLE_A_SHARD)
    missing = [k for k in range(count) if shard_path("default", SPLIT, k, count) not in done]
    if not missing:
        return 0, 0.0
    plan, maker, total = Plan(spec), FrameMaker(spec, files), frames_of(spec, each)
    began, made, before = time.monotonic(), 0, sum(done.values())
    with Progress("frames") as progress:

        def count_one() -> None:
            nonlocal made
            made += 1
            progress(before + made, total)

        for k in missing:
            with ShardWriter(directory, "default", SPLIT, k, count) as writer:
                for identity_id in range(k * PEOPLE_A_SHARD, min((k + 1) * PEOPLE_A_SHARD, each.people)):
                    frames = make_identity(maker, each.person(plan, identity_id), count_one)
                    writer.write(frame.row for frame in frames)
                append_manifest(directory, [writer.commit(spec.hash)])
    return made, time.monotonic() - began
