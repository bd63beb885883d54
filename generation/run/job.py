"""What an executor is given to do, and what all executors share."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from dataset_script.errors import InvalidInput
from dataset_script.features import rows_per_identity
from dataset_script.manifest import Entry
from dataset_script.outputs import Output
from dataset_script.spec import Spec

from ..plan import Chunk, Plan
from .chunks import Maker, MakerFactory, file_names, paint_chunk, picture_names, write_chunk
from .kernels import noticing_compilation
from .share import Share

STARTING = "starting"

Tell = Callable[[int, str], None]
"""Called with the number of finished frames of all chunks, and what the work waits for, if it does."""


@dataclass(frozen=True)
class Part:
    """What of a dataset is made; by default all of it.

    Attributes:
        portraits_only: paint what diffusion models paint and make no frame; progress is then in people.
        share: only the shards of this share.
    """

    portraits_only: bool = False
    share: Share | None = None


WHOLE = Part()


@dataclass(frozen=True)
class Job:
    """What every worker needs to know."""

    out: Output
    spec: Spec
    maker_factory: MakerFactory
    part: Part = WHOLE

    @property
    def steps_an_identity(self) -> int:
        """What is counted: frames, or people where none are made."""
        return 1 if self.part.portraits_only else frames_per_identity(self.spec)

    def chunks(self, plan: Plan) -> list[Chunk]:
        """The chunks of this part of the dataset."""
        chunks = plan.chunks()
        return chunks if self.part.share is None else self.part.share.of(chunks)

    def files_of(self, chunk: Chunk) -> set[str]:
        """Paths of the files that the work on a chunk makes."""
        return set(picture_names(self.spec, chunk)) if self.part.portraits_only else file_names(self.spec, chunk)


def frames_per_identity(spec: Spec) -> int:
    """Pictures that are rendered of a person, reference pictures too."""
    rows = rows_per_identity(spec.to_dict())
    return rows["default"] + rows.get("references", 0)


class Worker:
    """Works on one chunk after the other in one process.

    The plan and the maker are made with the first, so that their errors are those of a chunk.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._plan: Plan | None = None
        self._maker: Maker | None = None

    def open(self, compiling: Callable[[bool], None]) -> None:
        """Makes the plan and the maker, if that has not been done; `compiling` as for `work`."""
        if self._maker is None:
            with noticing_compilation(compiling):
                self._plan, self._maker = Plan(self._job.spec), self._job.maker_factory(self._job.spec)

    def work(self, chunk: Chunk, made: Callable[[], None], compiling: Callable[[bool], None]) -> list[Entry]:
        """Makes a chunk; its files are in the output when this returns.

        Args:
            made: called after each frame.
            compiling: called with True when kernels begin to be compiled, and with False when that has ended.
        """
        job = self._job
        self.open(compiling)
        with noticing_compilation(compiling), job.out.workspace() as folder:
            work_on = paint_chunk if job.part.portraits_only else write_chunk
            return work_on(folder, job.spec, self._plan, chunk, self._maker, made)


class Executor(Protocol):
    """Where the chunks are worked on. The files do not depend on it."""

    def check(self, job: Job) -> None:
        """Raises InvalidInput where it cannot do this job, before anything is written."""

    def run(self, job: Job, chunks: list[Chunk], tell: Tell) -> Iterator[list[Entry]]:
        """Works on the chunks in whatever order; yields the manifest lines of each once its files are in the output."""


def check_reaches(job: Job, executor: str) -> None:
    """Raises InvalidInput where workers in other processes would not write where this one reads."""
    if job.out.is_of_one_process:
        raise InvalidInput(
            f"out is {job.out.name}, which only this process sees; allowed with {executor}: a directory or an "
            "object store"
        )
