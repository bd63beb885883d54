"""Do the AU queries look where the face moved: attention against the true heat of each action unit, patch by patch.

- The hot region of a frame and unit is the fewest patches that hold half of the unit's heat. A map's own region is as many
  patches, those where it is highest, so that all maps are judged at the same, mass-matched area.
- A score alone means little: faces are framed alike, and a blob in the middle hits something. So each stands beside
  `ROWS`, of which `training_heat` is the hardest: what a model could know of where a unit moves without looking.
- `other_units` asks whether the unit's own query is any better than those of the others.
"""

import math
from collections.abc import Mapping
from functools import cache

import numpy as np

from dataset_script.errors import InvalidInput
from dataset_script.facs import AU_NAMES

from ..statistics.bootstrap import ClusterBootstrap
from ..statistics.comparison import bootstrap_p

METRICS = ("energy", "pointing", "pointing_strict", "iou")
"""- energy: share of the map that lies in the hot region (Wang et al. 2020, "energy-based pointing game").
- pointing: the map's peak lies in the hot region or within `TOLERANCE` of it (Zhang et al. 2018, "pointing game").
- pointing_strict: the same without tolerance.
- iou: intersection over union of the two regions."""
ROWS = ("attention", "gradient", "other_units", "training_heat", "centre", "random")
"""- attention: the unit's own query; other_units: the mean score of the five others.
- gradient: what the unit's estimate hangs on, where it was computed (`modeling_vitpain.explanation.removal`).
- training_heat: the unit's mean heat over the training people, the same map for everyone.
- centre: a Gaussian about the picture's centre, its standard deviation a quarter of the side.
- random: the expected score of an order of the patches that is drawn at random."""
SHARE = 0.5
TOLERANCE = 15 / 224
"""Distance from the peak patch's centre to the hot region, in sides of the picture: Zhang et al.'s 15 pixels, of 224. Half a
patch where that is more: a map of patches has no finer peak."""


def agreement(
    attention: np.ndarray,
    heat: np.ndarray,
    present: np.ndarray,
    identities: np.ndarray,
    training_heat: np.ndarray,
    gradient: np.ndarray | None = None,
    resamples: int = 10_000,
    seed: int = 0,
) -> dict:
    """How well attention agrees with heat, over the frames in which a unit is present.

    Args:
        attention: `(n, 6, rows, columns)`, each map at least 0.
        heat: the same shape, at least 0, of each unit alone or of the whole expression.
        present: `(n, 6)`, which units to judge; a unit without heat in a frame is left out there.
        identities: `(n,)`.
        training_heat: `(6, rows, columns)`.
        gradient: as `attention`, or None.
        resamples, seed: of the bootstrap over people.

    Returns:
        `units`: AU -> {`frames`, `identities`, `region` (mean share of patches in the hot region), and metric -> row of
        `ROWS` (without gradient, where it is None) -> {value, interval_95, and but for attention: difference (attention minus it), difference_95, p}};
        `mean`: metric -> the same of the mean over units. A unit that is nowhere present is left out.

    Raises:
        InvalidInput: shapes that do not fit, values below 0 or not finite, no unit present.
    """
    _check(attention, heat, present, identities, training_heat, gradient)
    grid = attention.shape[2:]
    flat = (*attention.shape[:2], -1)
    attention, heat = attention.reshape(flat), heat.reshape(flat)
    gradient = None if gradient is None else gradient.reshape(flat)
    bootstrap = ClusterBootstrap(identities, resamples, seed)
    units, scores = {}, []
    for k, name in enumerate(AU_NAMES):
        member = present[:, k] & (heat[:, k].sum(axis=1) > 0)
        if not member.any():
            continue
        own_gradient = None if gradient is None else gradient[member, k]
        terms = unit_terms(attention[member], heat[member, k], k, training_heat[k].ravel(), grid, own_gradient)
        weighting = bootstrap.part(member)
        stacked = np.concatenate([np.ones((member.sum(), 1)), *terms.values()], axis=1)
        sums = weighting.sums(stacked)
        with np.errstate(invalid="ignore", divide="ignore"):  # a resample without anyone who shows the unit
            values = (sums[:, 1:] / sums[:, :1]).reshape(len(sums), len(terms), len(METRICS))
        scores.append(values)
        units[name] = {
            "frames": int(member.sum()),
            "identities": weighting.size,
            "region": float(hot_regions(heat[member, k]).mean()),
            **_summary(values, tuple(terms), bootstrap),
        }
    if not units:
        raise InvalidInput("no action unit is present with heat in any frame: nothing can be judged")
    return {"units": units, "mean": _summary(np.mean(scores, axis=0), tuple(terms), bootstrap)}


def unit_terms(
    attention: np.ndarray,
    heat: np.ndarray,
    unit: int,
    training_heat: np.ndarray,
    grid: tuple[int, int],
    gradient: np.ndarray | None = None,
) -> Mapping[str, np.ndarray]:
    """Row of `ROWS` -> score of each frame in `METRICS`, `(m, 4)`.

    `attention` `(m, 6, P)` of frames that show `unit`, its `heat` and `gradient` `(m, P)`, `training_heat` `(P,)`.
    """
    regions = hot_regions(heat)
    near = regions @ within_tolerance(*grid).T > 0
    others = [map_terms(attention[:, j], regions, near) for j in range(len(AU_NAMES)) if j != unit]
    return {
        "attention": map_terms(attention[:, unit], regions, near),
        **({} if gradient is None else {"gradient": map_terms(gradient, regions, near)}),
        "other_units": np.mean(others, axis=0),
        "training_heat": map_terms(np.broadcast_to(training_heat, heat.shape), regions, near),
        "centre": map_terms(np.broadcast_to(centre_map(*grid).ravel(), heat.shape), regions, near),
        "random": random_terms(regions, near),
    }


def hot_regions(heat: np.ndarray) -> np.ndarray:
    """`(m, P)` heat -> mask of the fewest patches that hold `SHARE` of a row's heat; of equal ones the earlier."""
    order = np.argsort(-heat, axis=1, kind="stable")
    running = np.cumsum(np.take_along_axis(heat, order, axis=1), axis=1, dtype=np.float64)
    needed = 1 + (running < SHARE * running[:, -1:]).sum(axis=1, keepdims=True)
    return ranks(order) < needed


def map_terms(maps: np.ndarray, regions: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Scores of maps `(m, P)` in `METRICS`, `(m, 4)`; equal peaks share the point."""
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
    """The place of each column in `order` `(m, P)`, whose rows list columns."""
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


def _summary(values: np.ndarray, rows: tuple[str, ...], bootstrap: ClusterBootstrap) -> dict[str, dict[str, dict]]:
    """Metric -> row -> entry, from `(1 + resamples, rows, metrics)`, the first of everyone."""
    result = {}
    for m, metric in enumerate(METRICS):
        result[metric] = {}
        for r, row in enumerate(rows):
            entry = with_interval(values[:, r, m], bootstrap)
            if r:
                entry |= difference_of(values[:, 0, m] - values[:, r, m], bootstrap)
            result[metric][row] = entry
    return result


def with_interval(values: np.ndarray, bootstrap: ClusterBootstrap) -> dict:
    """{value, interval_95} of a score and its replicates."""
    return {"value": None if np.isnan(values[0]) else float(values[0]), "interval_95": bootstrap.interval(values[1:])}


def difference_of(values: np.ndarray, bootstrap: ClusterBootstrap) -> dict:
    """{difference, difference_95, p} of a difference and its replicates; p is two-sided."""
    found = with_interval(values, bootstrap)
    p = None if bootstrap.size < 2 else bootstrap_p(values[1:])
    return {"difference": found["value"], "difference_95": found["interval_95"], "p": p}


def _check(
    attention: np.ndarray,
    heat: np.ndarray,
    present: np.ndarray,
    identities: np.ndarray,
    training_heat: np.ndarray,
    gradient: np.ndarray | None,
) -> None:
    if attention.ndim != 4 or attention.shape[1] != len(AU_NAMES) or not len(attention):
        raise InvalidInput(f"attention has shape {attention.shape}; allowed is (n, {len(AU_NAMES)}, rows, columns)")
    frames, units, *grid = attention.shape
    expected = {
        "heat": (heat, (frames, units, *grid)),
        "present": (present, (frames, units)),
        "identities": (identities, (frames,)),
        "training_heat": (training_heat, (units, *grid)),
    }
    maps = {"attention": attention, "heat": heat, "training_heat": training_heat}
    if gradient is not None:
        expected["gradient"] = (gradient, attention.shape)
        maps["gradient"] = gradient
    for name, (array, shape) in expected.items():
        if array.shape != shape:
            raise InvalidInput(f"{name} has shape {array.shape}; allowed is {shape}")
    for name, values in maps.items():
        if not np.isfinite(values).all() or (values < 0).any():
            raise InvalidInput(f"{name} holds a value below 0 or not finite; allowed is 0 and up")
        if name in ("attention", "gradient") and (values.sum(axis=(2, 3)) <= 0).any():
            raise InvalidInput(f"{name} holds an empty map; allowed is a sum above 0")
