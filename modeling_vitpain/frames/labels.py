"""The labels of a dataset's rows as arrays, NaN where the source is silent."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from datasets import Dataset

from dataset_script.facs import AU_NAMES
from dataset_script.vocabulary import EXPRESSION_KINDS

UNKNOWN_PSPI = -1
"""The PSPI of frames from `open_stimuli`, which no loss takes."""


def pspi_array(values: Iterable[int | None]) -> np.ndarray:
    """PSPI `(n,)`, int64; `UNKNOWN_PSPI` where it is not known."""
    return np.array([UNKNOWN_PSPI if level is None else level for level in values], dtype=np.int64)


def au_array(values: Iterable[Sequence[float] | None]) -> np.ndarray:
    """Action units `(n, 6)`, float32; NaN in the rows of frames whose source gives PSPI alone."""
    unknown = [math.nan] * len(AU_NAMES)
    rows = [unknown if units is None else units for units in values]
    return np.array(rows, dtype=np.float32).reshape(-1, len(AU_NAMES))


def companion_array(rows: Dataset, names: Sequence[str]) -> np.ndarray:
    """Intensities of companions `(n, len(names))`, float32, from the column `extra_au`; NaN where it is silent."""
    if "extra_au" not in rows.column_names or not names:
        return np.full((len(rows), len(names)), math.nan, dtype=np.float32)
    values = [[(units or {}).get(name) for name in names] for units in rows["extra_au"][:]]
    return np.array(values, dtype=np.float32).reshape(-1, len(names))


def pain_array(rows: Dataset) -> np.ndarray:
    """`(n,)` float32: 1 for a face in pain, 0 for a neutral or another expression, NaN where the data do not tell."""
    if "expression_kind" not in rows.column_names:
        return np.full(len(rows), math.nan, dtype=np.float32)
    pain = EXPRESSION_KINDS.index("pain")
    kinds = rows["expression_kind"][:]
    return np.array([math.nan if kind is None else float(kind == pain) for kind in kinds], dtype=np.float32)
