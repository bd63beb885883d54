"""What a protocol does in a fold: trains a ViTPain on the training people, and predicts frames of the people tested.

Nested: the checkpoint is chosen, the PSPI interval is calibrated and the decision thresholds are set on the fold's
validation people, who are taken out of the training folds. The people tested are seen once, by `predict_people`.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.facs import PAIN_THRESHOLDS
from modeling_vitpain.frames.dataset import open_splits
from modeling_vitpain.frames.labels import au_array
from modeling_vitpain.prediction.splits import predict_people
from modeling_vitpain.training.options import RunOptions
from modeling_vitpain.training.record import RECORD, TrainingRecord
from modeling_vitpain.training.run import train

from ..statistics.measures import Predictions, TrainingLabels
from .splits import Population, Split

SOURCE_FOLDS = "folds.json"


@dataclass(frozen=True)
class Labels:
    """The labels of all frames of a dataset, whatever split they are in.

    Attributes:
        identities: `(n,)` the person of each frame.
        pspi: `(n,)` int.
        au: `(n, 6)`, NaN where the source gives PSPI alone.
        population: who there is.
    """

    identities: np.ndarray
    pspi: np.ndarray
    au: np.ndarray
    population: Population

    @classmethod
    def read(cls, data: str | Path) -> "Labels":
        """No picture is read. Raises as `open_splits`, and WorkFailed where `folds.json` is damaged."""
        splits = open_splits(data)
        columns = {
            column: [value for rows in splits.values() for value in rows[column][:]]
            for column in ("identity_id", "pspi", "au")
        }
        own_split = {name: np.unique(rows["identity_id"][:]).tolist() for name, rows in splits.items()}
        number_of = {}
        for rows in splits.values():
            if "subject_id" in rows.column_names:
                number_of |= zip(rows["subject_id"][:], rows["identity_id"][:], strict=True)
        identities = np.array(columns["identity_id"], dtype=np.int64)
        population = Population(np.unique(identities).tolist(), own_split, _source_folds(Path(data), number_of))
        return cls(identities, np.array(columns["pspi"], dtype=np.int64), au_array(columns["au"]), population)

    def of(self, people: Sequence[int]) -> TrainingLabels:
        """The labels of the frames of `people`."""
        chosen = np.isin(self.identities, people)
        return TrainingLabels(self.pspi[chosen], self.au[chosen].astype(np.float64))

    def check_thresholds_can_be_set(self, splits: Sequence[Split]) -> None:
        """Raises InvalidInput, before anything is trained, where no validation frame of a fold shows pain."""
        for split in splits:
            strongest = self.of(split.validation).pspi.max()
            if strongest < max(PAIN_THRESHOLDS):
                raise InvalidInput(
                    f"{split.name} sets its thresholds on {len(split.validation)} people "
                    f"whose PSPI reaches {strongest}; it must reach {max(PAIN_THRESHOLDS)}: "
                    "choose more people with --validation, or another protocol"
                )


@dataclass(frozen=True)
class TrainedFolds:
    """A `fold_runs.Run`: trains and predicts, and goes on with what an earlier call began.

    Attributes:
        options: of every fold's training.
        splits: of the protocol.
        directory: holds a model directory for each fold.
        workers: loader processes.
        keep_models: keep the weights there; else only `training.json` stays.
    """

    options: RunOptions
    splits: Sequence[Split]
    directory: Path
    workers: int = 0
    keep_models: bool = False

    def __call__(self, split: Split) -> tuple[Predictions, Predictions]:
        self.remove_weights(before=self.splits.index(split))
        model = self.model_of(split)
        people = {"train": split.train, "validation": split.validation}
        train(self.options, model, resume=True, workers=self.workers, people=people)
        test, calibration = (
            predict_people(model, self.options.data, chosen, self.options.input)
            for chosen in (split.test, split.validation)
        )
        return test, calibration

    def model_of(self, split: Split) -> Path:
        """The model directory of a fold."""
        return self.directory / f"fold-{self.splits.index(split):03d}"

    def record_of(self, split: Split) -> TrainingRecord:
        """The fold's `training.json`. Raises WorkFailed where it is missing or damaged."""
        path = self.model_of(split) / RECORD
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise WorkFailed(f"cannot read the record of {split.name} in {path}: {error}") from None

    def remove_weights(self, before: int | None = None) -> None:
        """Removes all but `training.json` of the folds before index `before`; None: of all folds.

        Their predictions are kept in `fold_runs`' files.
        """
        for split in () if self.keep_models else self.splits[:before]:
            for path in self.model_of(split).glob("*"):
                if path.is_dir():
                    shutil.rmtree(path)
                elif path.name != RECORD:
                    path.unlink()


def _source_folds(data: Path, number_of: dict[str, int]) -> list[list[int]]:
    """The groups of people that the source of imported data holds out; empty where it names none."""
    path = data / SOURCE_FOLDS
    if not path.is_file():
        return []
    try:
        folds = json.loads(path.read_text(encoding="utf-8"))["folds"]
        return [[number_of[name] for name in fold["validation_subjects"]] for fold in folds]
    except (ValueError, KeyError, TypeError) as error:
        raise WorkFailed(f"{path} is damaged: {error!r}") from None
