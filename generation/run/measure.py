"""How long each stage of making frames takes, on all processors at once, and how long the whole dataset would."""

import contextlib
import math
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dataset_script.errors import WorkFailed
from dataset_script.processes import working
from dataset_script.spec import Spec

from ..frame import Frame
from ..pipeline import FrameMaker, Person
from ..plan import Chunk, IdentityPlan, Plan
from .chunks import write_chunk
from .job import frames_per_identity

PERSON, POSE, RENDER, HEATMAP, LABELS, SHARDS = (
    "person: shape, skin, hair, clothes",
    "pose: action units, gaze",
    "render",
    "heatmap",
    "labels and encoding",
    "plan and shards",
)
STAGES = (PERSON, POSE, RENDER, HEATMAP, LABELS, SHARDS)


@dataclass(frozen=True)
class Measured:
    """What was measured.

    Attributes:
        workers: processes that worked at once.
        frames: made by all of them, reference pictures too.
        seconds: stage -> CPU seconds a frame.
        start_seconds: CPU seconds of a worker before its first frame was there; kernels are compiled in them once.
        megabytes: the most memory that a worker had (resident).
        bytes_a_frame: of the files.
    """

    workers: int
    frames: int
    seconds: dict[str, float]
    start_seconds: float
    megabytes: float
    bytes_a_frame: float

    @property
    def seconds_a_frame(self) -> float:
        """CPU seconds."""
        return sum(self.seconds.values())


@dataclass(frozen=True)
class Projected:
    """The whole dataset on some machines: `cores` together, `hours` until the last has ended, `cost` of all."""

    name: str
    cores: int
    hours: float
    cost: float


def measure(spec: Spec, people: int, workers: int) -> Measured:
    """Makes so many people in each of `workers` processes at once, and writes them as shards somewhere temporary.

    Raises:
        WorkFailed: a worker was killed.
    """
    people = min(people, math.ceil(spec.identities / workers))
    tasks = [(spec, tuple((worker * people + k) % spec.identities for k in range(people))) for worker in range(workers)]
    try:
        with working(workers, _ready, (), _measure, tasks) as futures:
            results = [future.result() for future in futures]
    except BrokenProcessPool:
        raise WorkFailed("a worker process was killed (out of memory?): run it again with fewer workers") from None
    frames = sum(result["frames"] for result in results)
    return Measured(
        workers,
        frames,
        {stage: sum(result["seconds"][stage] for result in results) / frames for stage in STAGES},
        max(result["start"] for result in results),
        max(result["megabytes"] for result in results),
        sum(result["bytes"] for result in results) / frames,
    )


def project(measured: Measured, spec: Spec, name: str, cores: int, price: float) -> Projected:
    """The time of the whole dataset on `cores` like those that were measured, and what it costs.

    A core makes one shard after the other, so that no more cores help than there are shards.

    Args:
        price: of a core for an hour.
    """
    chunks = Plan(spec).chunks()
    largest = max(len(chunk.identities) for chunk in chunks) * frames_per_identity(spec) * measured.seconds_a_frame
    hours = math.ceil(len(chunks) / cores) * largest / 3600
    return Projected(name, cores, hours, hours * cores * price)


class Stopwatch:
    """Adds up CPU seconds by stage; a stage inside another does not count for that one."""

    def __init__(self, outside: str) -> None:
        self.seconds: Counter[str] = Counter()
        self._stages, self._since = [outside], time.process_time()

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """What runs inside counts for `name`."""
        self.lap()
        self._stages.append(name)
        try:
            yield
        finally:
            self.lap()
            self._stages.pop()

    def lap(self) -> None:
        """Counts what went by since the last call."""
        now = time.process_time()
        self.seconds[self._stages[-1]] += now - self._since
        self._since = now


class TimedMaker(FrameMaker):
    """A `FrameMaker` that counts where its time goes."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.watch = Stopwatch(SHARDS)

    def person(self, plan: IdentityPlan) -> Person:
        with self.watch.stage(PERSON):
            return super().person(plan)

    def _pose(self, *args: Any) -> Any:
        with self.watch.stage(POSE):
            return super()._pose(*args)

    def _render(self, *args: Any) -> Any:
        with self.watch.stage(RENDER):
            return super()._render(*args)

    def _heat(self, *args: Any) -> np.ndarray:
        with self.watch.stage(HEATMAP):
            return super()._heat(*args)

    def _frame(self, *args: Any) -> Frame:
        with self.watch.stage(LABELS):
            return super()._frame(*args)


def _ready() -> None:
    """Nothing has to be there before the first task."""


def _measure(spec: Spec, people: tuple[int, ...]) -> dict[str, Any]:
    """One worker's share of the measurement."""
    plan, maker = Plan(spec), TimedMaker(spec)
    maker.make_frame(plan[people[0]], 1, 0)
    start = time.process_time()
    maker.watch = Stopwatch(SHARDS)
    with tempfile.TemporaryDirectory(prefix="pain3d-") as folder:
        chunk = Chunk(plan.split_of(people[0]), 0, 1, people)
        entries = write_chunk(Path(folder), spec, plan, chunk, maker, lambda: None)
    maker.watch.lap()
    return {
        "seconds": maker.watch.seconds,
        "start": start,
        "frames": len(people) * frames_per_identity(spec),
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,  # kilobytes on Linux
        "bytes": sum(entry.bytes for entry in entries),
    }
