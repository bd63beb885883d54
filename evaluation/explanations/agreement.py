"""Do the AU queries look where the face moved: attention against the true heat of each action unit, patch by patch.

- The hot region of a frame and unit is the fewest patches that hold half of the unit's heat. A map's own region is as
  many patches, those where it is highest, so that all maps are judged at the same area.
- A score alone means little: faces are framed alike, and any map with a peak in the middle scores above 0. So `ROWS`
  are scored too, of which `training_heat` is the hardest to beat: the mean of where a unit moves, without the picture.
- `other_units` tells whether the unit's own query is better than those of the others.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from dataset_script.errors import InvalidInput
from dataset_script.facs import AU_NAMES

from ..statistics.bootstrap import ClusterBootstrap
from ..statistics.comparison import paired_difference
from .results import Agreement, MapScores

METRICS = ("energy", "pointing", "pointing_strict", "iou")
"""- energy: share of the map that lies in the hot region (Wang et al. 2020, "energy-based pointing game").
- pointing: the map's peak lies in the hot region or within `TOLERANCE` of it (Zhang et al. 2018, "pointing game").
- pointing_strict: the map's peak lies in the hot region.
- iou: intersection over union of the two regions."""
ROWS = ("attention", "gradient", "other_units", "training_heat", "centre", "random")
"""- attention: the unit's own query; other_units: the mean score of the five others.
- gradient: what the predicted intensity depends on, where it was computed (`modeling_vitpain.explanation.gradients`).
- training_heat: the unit's mean heat over the training people, the same map for everyone.
- centre: a Gaussian about the picture's centre, its standard deviation a quarter of the side.
- random: the expected score of a random order of the patches."""
SHARE = 0.5
TOLERANCE = 15 / 224
"""Distance from the peak patch's centre to the hot region, in sides of the picture: Zhang et al.'s 15 pixels, of 224.
Half a patch where that is more: a map of patches has no finer peak."""


@dataclass(frozen=True)
class UnitMaps:
    """The maps of each action unit in n frames, in patches.

    Attributes:
        attention: `(n, 6, rows, columns)`, each map at least 0 and not empty.
        heat: the same shape, at least 0, the true heat of each unit alone or of the whole expression.
        present: `(n, 6)`, which units to judge; a unit without heat in a frame is left out there.
        identities: `(n,)`.
        training_heat: `(6, rows, columns)`, the mean heat of the training people.
        gradient: as `attention`, or None.

    Raises:
        InvalidInput: shapes that do not fit, values below 0 or not finite, an empty map.
    """

    attention: np.ndarray
    heat: np.ndarray
    present: np.ndarray
    identities: np.ndarray
    training_heat: np.ndarray
    gradient: np.ndarray | None = None

    def __post_init__(self) -> None:
        shape = self.attention.shape
        if len(shape) != 4 or shape[1] != len(AU_NAMES) or not shape[0]:
            raise InvalidInput(f"attention has shape {shape}; allowed is (n, {len(AU_NAMES)}, rows, columns)")
        shapes = {"heat": shape, "present": shape[:2], "identities": shape[:1], "training_heat": shape[1:]}
        shapes |= {} if self.gradient is None else {"gradient": shape}
        for name, expected in shapes.items():
            if getattr(self, name).shape != expected:
                raise InvalidInput(f"{name} has shape {getattr(self, name).shape}; allowed is {expected}")
        for name in ("attention", "heat", "training_heat", "gradient"):
            values = getattr(self, name)
            if values is None:
                continue
            if not np.isfinite(values).all() or (values < 0).any():
                raise InvalidInput(f"{name} holds a value below 0 or not finite; allowed is 0 and up")
            if name in ("attention", "gradient") and (values.sum(axis=(2, 3)) <= 0).any():
                raise InvalidInput(f"{name} holds an empty map; allowed is a sum above 0")

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        return self.attention.shape[2:]


def agreement(maps: UnitMaps, resamples: int = 10_000, seed: int = 0) -> Agreement:
    """How well attention agrees with heat, over the frames in which a unit is present.

    `resamples` and `seed` are of the bootstrap over people. Without gradients there is no row "gradient"; a unit that
    is present nowhere is left out. Differences are attention minus the row.

    Raises:
        InvalidInput: no unit is present with heat.
    """
    bootstrap = ClusterBootstrap(maps.identities, resamples, seed)
    units, scores, rows = {}, [], ()
    for k, name in enumerate(AU_NAMES):
        member = maps.present[:, k] & (maps.heat[:, k].sum(axis=(1, 2)) > 0)
        if not member.any():
            continue
        weighting = bootstrap.part(member)
        terms = unit_terms(maps, k, member)
        rows = tuple(terms)
        sums = weighting.sums(np.concatenate([np.ones((member.sum(), 1)), *terms.values()], axis=1))
        with np.errstate(invalid="ignore", divide="ignore"):  # a resample without anyone who shows the unit
            values = (sums[:, 1:] / sums[:, :1]).reshape(len(sums), len(rows), len(METRICS))
        scores.append(values)
        units[name] = {
            "frames": int(member.sum()),
            "identities": weighting.size,
            "region": float(hot_regions(_flat(maps.heat[member, k])).mean()),
            **_summary(values, rows, bootstrap),
        }
    if not units:
        raise InvalidInput("no action unit is present with heat in any frame: nothing can be judged")
    return {"units": units, "mean": _summary(np.mean(scores, axis=0), rows, bootstrap)}


def unit_terms(maps: UnitMaps, unit: int, member: np.ndarray) -> Mapping[str, np.ndarray]:
    """Row of `ROWS` -> the scores in `METRICS` of each frame of `member` `(n,)`, `(m, 4)`; these must show `unit`."""
    attention, heat = maps.attention[member], _flat(maps.heat[member, unit])
    regions = hot_regions(heat)
    near = regions @ within_tolerance(*maps.grid).T > 0

    def same_for_all(map_: np.ndarray) -> np.ndarray:
        return map_terms(np.broadcast_to(map_.ravel(), heat.shape), regions, near)

    gradient = {}
    if maps.gradient is not None:
        gradient = {"gradient": map_terms(_flat(maps.gradient[member, unit]), regions, near)}
    others = [map_terms(_flat(attention[:, j]), regions, near) for j in range(len(AU_NAMES)) if j != unit]
    return {
        "attention": map_terms(_flat(attention[:, unit]), regions, near),
        **gradient,
        "other_units": np.mean(others, axis=0),
        "training_heat": same_for_all(maps.training_heat[unit]),
        "centre": same_for_all(centre_map(*maps.grid)),
        "random": random_terms(regions, near),
    }


def _flat(maps: np.ndarray) -> np.ndarray:
    """Maps `(m, rows, columns)` as `(m, P)`."""
    return maps.reshape(len(maps), -1)


def hot_regions(heat: np.ndarray) -> np.ndarray:
    """`(m, P)` heat -> mask of the fewest patches that hold `SHARE` of a row's heat; of equal ones the earlier."""
    order = np.argsort(-heat, axis=1, kind="stable")
    running = np.cumsum(np.take_along_axis(heat, order, axis=1), axis=1, dtype=np.float64)
    needed = 1 + (running < SHARE * running[:, -1:]).sum(axis=1, keepdims=True)
    return ranks(order) < needed


def map_terms(maps: np.ndarray, regions: np.ndarray, near: np.ndarray) -> np.ndarray:
    """The scores in `METRICS` of maps `(m, P)`, `(m, 4)`; of equal peaks each counts its share.

    `regions` and `near` `(m, P)`: the patches of the hot region, and those within tolerance of it.
    """
    peaks = maps == maps.max(axis=1, keepdims=True)
    own = ranks(np.argsort(-maps, axis=1, kind="stable")) < regions.sum(axis=1, keepdims=True)
    pointing, strict = ((peaks & hit).sum(axis=1) / peaks.sum(axis=1) for hit in (near, regions))
    energy = (maps * regions).sum(axis=1) / maps.sum(axis=1)
    iou = (own & regions).sum(axis=1) / (own | regions).sum(axis=1)
    return np.column_stack([energy, pointing, strict, iou])


def random_terms(regions: np.ndarray, near: np.ndarray) -> np.ndarray:
    """The expected scores of a random order of the patches, of which one is the peak: `(m, 4)`."""
    share, hot = regions.mean(axis=1), regions.sum(axis=1)
    iou = [_expected_iou(regions.shape[1], int(count)) for count in hot]
    return np.column_stack([share, near.mean(axis=1), share, iou])


def ranks(order: np.ndarray) -> np.ndarray:
    """The rank of each column, `(m, P)`, where each row of `order` `(m, P)` lists the columns from first to last."""
    places = np.empty_like(order)
    np.put_along_axis(places, order, np.broadcast_to(np.arange(order.shape[1]), order.shape), axis=1)
    return places


def centre_map(rows: int, columns: int) -> np.ndarray:
    """A Gaussian about the centre, `(rows, columns)`; its standard deviation is a quarter of the side."""
    y, x = ((np.arange(count) + 0.5) / count - 0.5 for count in (rows, columns))
    return np.exp(-0.5 * (y[:, None] ** 2 + x**2) / 0.25**2)


@cache
def within_tolerance(rows: int, columns: int) -> np.ndarray:
    """`(P, P)` mask: the centre of patch p is within `TOLERANCE`, or half a patch, of some point of patch q."""
    gaps = []
    for count in (rows, columns):
        places = np.arange(count) / count
        gaps.append(np.maximum(np.abs(places[:, None] - places) - 0.5 / count, 0))
    distance = np.hypot(gaps[0][:, None, :, None], gaps[1][None, :, None, :])
    tolerance = max(TOLERANCE, 0.5 / min(rows, columns)) + 1e-9
    return (distance <= tolerance).reshape(rows * columns, rows * columns)


@cache
def _expected_iou(patches: int, count: int) -> float:
    """Mean IoU of two sets of `count` of `patches`, one of them drawn at random: the overlap is hypergeometric."""
    overlaps = range(max(0, 2 * count - patches), count + 1)
    ways = [math.comb(count, k) * math.comb(patches - count, count - k) for k in overlaps]
    total = math.comb(patches, count)
    return sum(k / (2 * count - k) * (way / total) for k, way in zip(overlaps, ways, strict=True))


def _summary(values: np.ndarray, rows: tuple[str, ...], bootstrap: ClusterBootstrap) -> MapScores:
    """Metric -> row -> score, from `(1 + resamples, rows, metrics)`; the first row is attention."""
    result = {}
    for m, metric in enumerate(METRICS):
        result[metric] = {}
        for r, row in enumerate(rows):
            entry = bootstrap.estimate(values[:, r, m])
            if r:
                entry |= paired_difference(values[:, 0, m] - values[:, r, m], bootstrap)
            result[metric][row] = entry
    return result
