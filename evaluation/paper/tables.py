"""Tables 2 and 3 of the paper with an evaluation's own rows beside them, as data; `report.py` writes them.

The paper's numbers are copied from arXiv:2509.16727 and marked as the paper's. They were measured on its own pictures
and on UNBC-McMaster; rows of other data cannot be ranked with them, and every table says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dataset_script.facs import PAIN_THRESHOLDS, PSPI_CLASSES

from ..markdown import pain_words, sample_size
from ..protocols.results import CrossValidation
from ..results import Estimate
from ..split.results import Evaluation
from ..statistics.fold_mean import FoldScores
from ..statistics.thresholds import pain_key

PAPER = "arXiv:2509.16727"
ALL_PAIN_UNBC = {1: 0.295, 2: 0.203, 3: 0.121}
"""PSPI threshold -> F1 of calling all 48,398 frames of UNBC-McMaster pain: 2 p / (1 + p), from its label counts."""

ROW_KINDS = ("paper", "trivial", "ours")
TRIVIAL_NAMES = {"majority": "commonest PSPI of the training frames", "prior": "drawn as trained", "mean": "mean PSPI"}
TRIVIAL_DETECTION = {"all_pain": "everything is pain", "coin": "a coin"}
_TABLE_2_METRICS = ("macro_auroc_16", "accuracy", "accuracy_within_1", "accuracy_within_2")


@dataclass(frozen=True)
class Cell:
    """A number; `interval` is at 95 %, None where there is none; `places` are its decimals."""

    value: float
    interval: tuple[float, float] | None = None
    places: int = 3

    def texts(self) -> list[str]:
        """The value, and where there is an interval its two bounds, as text."""
        return [f"{number:.{self.places}f}" for number in (self.value, *(self.interval or ()))]


@dataclass(frozen=True)
class Row:
    """A line: whose it is (of `ROW_KINDS`), of what, on which data, and for each column a cell or None."""

    kind: str
    name: str
    data: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True)
class Table:
    """A table of the paper: its number there, title, column heads, rows, and a note on how to read them."""

    number: int
    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    note: str


def tables_of_split(metrics: Evaluation) -> list[Table]:
    """Both tables, with the scores of a model."""
    context, pspi = metrics["context"], metrics["pspi"]
    where = f"{context['data']}, {context['split']}"
    trivial = [
        Row("trivial", TRIVIAL_NAMES[name], where, tuple(_plain(values[m]) for m in _TABLE_2_METRICS))
        for name, values in metrics["trivial"].items()
    ]
    ours = Row("ours", context["model"], where, tuple(_of_entry(pspi[m]) for m in _TABLE_2_METRICS))
    detection = []
    for name, entry in metrics["detection"].items():
        threshold, model = pain_words(name), entry["model"]
        cells = _of_entry(model["auroc"]), _of_entry(model["f1"])
        detection.append(Row("ours", f"{context['model']}, {threshold}", where, cells))
        for row, words in TRIVIAL_DETECTION.items():
            if row in entry:  # a coin has the frequencies of training frames
                cells = _plain(entry[row]["auroc"]), _plain(entry[row]["f1"])
                detection.append(Row("trivial", f"{words}, {threshold}", where, cells))
    size, interval = f"{where} ({sample_size(context)})", "95 % over identities, resampled"
    return [table_2([*trivial, ours], size, interval), table_3(detection, size, interval)]


def tables_of_folds(found: CrossValidation) -> list[Table]:
    """Both tables, with means over the folds of a protocol."""
    context, folds = found["context"], found["folds"]
    where = f"{context['data']}, {context['protocol']}"
    trivial = [
        Row("trivial", TRIVIAL_NAMES[name], where, tuple(_plain(values[m]["mean"]) for m in _TABLE_2_METRICS))
        for name, values in found["trivial"]["folds"].items()
    ]
    ours = Row("ours", context["model"], where, tuple(_of_folds(folds[m]) for m in _TABLE_2_METRICS))
    detection = []
    for t in PAIN_THRESHOLDS:
        entry, threshold = found["detection"][pain_key(t)], pain_words(pain_key(t))
        cells = _of_folds(folds[f"auroc_pspi_{t}"]), _of_folds(folds[f"f1_pspi_{t}"])
        detection.append(Row("ours", f"{context['model']}, {threshold}", where, cells))
        for row, words in TRIVIAL_DETECTION.items():
            cells = Cell(0.5), _plain(entry[row]["folds"]["mean"])
            detection.append(Row("trivial", f"{words}, {threshold}", where, cells))
    size, interval = f"{where} ({sample_size(context)})", "Student's 95 % over folds"
    return [table_2([*trivial, ours], size, interval), table_3(detection, size, interval)]


def table_2(rows: Sequence[Row], where: str, interval: str) -> Table:
    """The paper's ablations, and `rows` beside them."""
    columns = ("macro AUROC ↑", "accuracy ↑", "within ±1 ↑", "within ±2 ↑")
    paper = {
        "ViTPain baseline": ("3DPain RGB", 0.81, 0.24, 0.60, 0.79),
        "ViTPain + AU query": ("3DPain RGB", 0.82, 0.24, 0.61, 0.81),
        "ViTPain + AU query + heatmap": ("3DPain RGB", 0.85, 0.25, 0.63, 0.83),
        "ViTPain teacher": ("3DPain heatmaps", 0.96, 0.67, 0.96, 0.99),
    }
    note = (
        f"Rows of the paper: {PAPER}, Table 2, on its own 3DPain pictures and 16 classes (PSPI 0-15). "
        f"Others: on {where}; macro AUROC over PSPI 0-15 too, accuracies over all {PSPI_CLASSES} classes; "
        f"in brackets {interval}. Other pictures: read down a block, not across blocks."
    )
    return Table(2, "PSPI in classes", columns, (*_paper_rows(paper), *rows), note)


def table_3(rows: Sequence[Row], where: str, interval: str) -> Table:
    """The paper's detection on UNBC-McMaster, and `rows` beside it."""
    on_unbc, later = "UNBC-McMaster, 5 folds", "UNBC-McMaster, 5 folds; later version"
    paper = {
        "SVM": (on_unbc, 0.84, None),
        "CNN-LSTM (not 5 folds)": ("UNBC-McMaster", 0.93, None),
        "Deep Face Recognition": (on_unbc, None, 0.59),
        "SVR with DCT features": (on_unbc, None, 0.48),
        "AFAR": (on_unbc, None, 0.59),
        "AFAR (mean subtracted)": (on_unbc, None, 0.59),
        "Pairwise Contrastive Learning": (on_unbc, 0.86, 0.56),
        "ViTPain baseline": (on_unbc, 0.83, None),
        "ViTPain with 3DPain": (on_unbc, 0.90, None),
        "ViTPain with 3DPain + heatmap, PSPI ≥ 3": (on_unbc, 0.91, 0.54),
        "the same, PSPI ≥ 2 (section 5)": (on_unbc, 0.87, None),
        "ViTPain with a neutral reference, PSPI ≥ 1": (later, 0.86, None),
        "ViTPain with a neutral reference, PSPI ≥ 3": (later, 0.89, None),
    }
    floors = [
        Row("trivial", f"everything is pain, PSPI ≥ {t}", "UNBC-McMaster, all frames", (Cell(0.5), Cell(f1)))
        for t, f1 in ALL_PAIN_UNBC.items()
    ]
    note = (
        f"Rows of the paper: {PAPER}, Table 3, with earlier works as quoted there; where no threshold is named, "
        "and for every F1, it states none. “Everything is pain” on UNBC-McMaster: from its label counts. "
        f"Others: on {where}; in brackets {interval}; "
        "the decision threshold of F1 comes from people who are not scored. "
        "Comparable with the paper only on UNBC-McMaster under the same protocol."
    )
    return Table(3, "Pain against no pain", ("AUROC ↑", "F1 ↑"), (*_paper_rows(paper), *floors, *rows), note)


def _paper_rows(rows: dict[str, tuple]) -> list[Row]:
    return [
        Row("paper", name, data, tuple(None if value is None else Cell(value, places=2) for value in values))
        for name, (data, *values) in rows.items()
    ]


def _plain(value: float | None) -> Cell | None:
    return None if value is None else Cell(value)


def _of_entry(entry: Estimate) -> Cell | None:
    """A score with its interval over identities."""
    bounds = entry["interval_95"]
    return None if entry["value"] is None else Cell(entry["value"], tuple(bounds) if bounds else None)


def _of_folds(entry: FoldScores) -> Cell | None:
    """A mean over folds with its t-interval."""
    bounds = entry["interval"]
    return None if entry["mean"] is None else Cell(entry["mean"], tuple(bounds) if bounds else None)
