"""The records of a study, read back: what has been run, and nothing else."""

from dataclasses import dataclass, field
from functools import cached_property

from evaluation.statistics.bootstrap import ClusterBootstrap
from evaluation.statistics.measures import Predictions

from .measures import Values, measures, values_of
from .pieces import seeds
from .record_files import read_predictions, read_record
from .rows import Row, rows
from .work import Study


@dataclass
class RowRecords:
    """What was run of a row.

    Attributes:
        row: the row.
        wanted: how many seeds it has in the whole study.
        records: of the seeds that were run, in their order.
        predictions: of these.
        resamples: of the people.
    """

    row: Row
    wanted: int
    records: list[dict] = field(default_factory=list)
    predictions: list[Predictions] = field(default_factory=list)
    resamples: int = 1000

    @cached_property
    def values(self) -> tuple[Values, ClusterBootstrap]:
        """MEASURES of each seed, under the same resamples of the test people. There must be a record."""
        return values_of(self.predictions, measures, self.resamples)


def read_rows(study: Study) -> dict[str, RowRecords]:
    """Key -> what was run of each row. Raises WorkFailed where a record is damaged or its predictions are missing."""
    found = {}
    for key, row in rows(study.scale).items():
        of_row = RowRecords(row, len(seeds(row, study.scale)), resamples=study.scale.resamples)
        for seed in seeds(row, study.scale):
            record = study.record(f"{key}-{seed}")
            if record.is_file():
                of_row.records.append(read_record(record))
                of_row.predictions.append(read_predictions(record))
        found[key] = of_row
    return found
