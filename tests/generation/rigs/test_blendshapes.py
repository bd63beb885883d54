"""Action units as FACS describes them: what each one moves, in which direction, and how much more at every level."""

import numpy as np
import pytest

from dataset_script.facs import AU_MAX, AU_NAMES
from dataset_script.spec import Spec
from generation.plan import Plan

PLAN = Plan(Spec(identities=48, preset="balanced", size=64))
PEOPLE = (0, 5, 17, 24, 33, 46)
LIPS_MM = 0.2
"""How far the lips may run into each other."""

REGIONS = {  # x and y between, on either side, canonical mm
    "brows": (4, 60, 6, 34),
    "lids": (14, 50, -13, 13),
    "cheeks": (18, 68, -45, -6),
    "nose": (0, 22, -50, 8),
    "mouth": (0, 34, -95, -44),
    "forehead": (0, 60, 34, 80),
    "jaw": (0, 80, -130, -88),
}
ACTS_ON = {
    "AU4": ("brows",),
    "AU6": ("cheeks", "lids"),
    "AU7": ("lids",),
    "AU9": ("nose", "brows", "mouth", "cheeks"),
    "AU10": ("mouth", "nose"),
    "AU43": ("lids",),
}


def moved(rig, shape, name: str, level: float) -> np.ndarray:
    """Displacement (W, 3) mm by one unit alone."""
    au = np.array([level if n == name else 0.0 for n in AU_NAMES])
    return rig.pose(shape, au, {}) - shape.control


def energies(head, displacement: np.ndarray) -> dict[str, float]:
    """Share of the displacement energy of the skin in each region; regions overlap a little."""
    energy = (displacement**2).sum(axis=1) * head.skin_control * (head.canonical[:, 2] > -20)
    x, y, _ = head.canonical.T
    return {
        name: float(energy[(abs(x) >= left) & (abs(x) <= right) & (y >= low) & (y <= high)].sum() / energy.sum())
        for name, (left, right, low, high) in REGIONS.items()
    }


@pytest.mark.parametrize("name", AU_NAMES)
def test_a_unit_moves_its_region_and_little_else(head, rig, name):
    x, y, _ = head.canonical.T
    inside = np.zeros(len(x), bool)
    for left, right, low, high in (REGIONS[region] for region in ACTS_ON[name]):
        inside |= (abs(x) >= left) & (abs(x) <= right) & (y >= low) & (y <= high)
    for i in PEOPLE:
        shape = head.shape(PLAN[i], 0)
        displacement = moved(rig, shape, name, AU_MAX[AU_NAMES.index(name)])
        energy = (displacement**2).sum(axis=1) * head.skin_control
        assert energy[inside].sum() > 0.75 * energy.sum(), i
        share = energies(head, displacement)
        assert max(share["jaw"], share["forehead"]) < 0.10, i
        assert max(share, key=share.get) in ACTS_ON[name], i


@pytest.mark.parametrize(("name", "top"), list(zip(AU_NAMES, AU_MAX, strict=True)))
def test_every_level_moves_more_than_the_one_below(head, rig, name, top):
    for i in PEOPLE:
        shape = head.shape(PLAN[i], 0)
        energy = [float((moved(rig, shape, name, level) ** 2).sum()) for level in range(top + 1)]
        assert energy[0] == 0
        steps = np.diff(np.sqrt(energy))
        assert steps.min() > 0.5 * steps.max(), i  # graded evenly, no level that is hard to tell from its neighbour


def test_directions_are_those_of_facs(head, rig):
    points = head.topology.landmarks
    rows = head.topology.refine[points]
    for i in PEOPLE:
        shape = head.shape(PLAN[i], 0)
        shift = {n: rows @ moved(rig, shape, n, m) for n, m in zip(AU_NAMES, AU_MAX, strict=True)}
        inner_brows, nose, upper_lip, upper_lid, lower_lid = (
            [21, 22],
            [31, 35],
            [50, 51, 52],
            [37, 38, 43, 44],
            [40, 41, 46, 47],
        )
        assert (shift["AU4"][inner_brows, 1] < -2).all()  # lowered
        assert shift["AU4"][21, 0] > 0.5 and shift["AU4"][22, 0] < -0.5  # and drawn together
        assert (shift["AU7"][lower_lid, 1] > 0.8).all() and (shift["AU7"][upper_lid, 1] < 0).all()
        assert (shift["AU6"][lower_lid, 1] > 0).all() and (np.abs(shift["AU6"][upper_lid, 1]) < 0.8).all()
        assert (shift["AU9"][nose, 1] > 1).all() and (shift["AU10"][upper_lip, 1] > 1.5).all()
        assert (shift["AU43"][upper_lid, 1] < -4).all() and (np.abs(shift["AU43"][lower_lid, 1]) < 1).all()


def test_raised_cheeks_are_told_from_tight_lids_by_the_cheek(head, rig):
    x, y, _ = head.canonical.T
    cheek = (np.abs(np.abs(x) - 40) < 14) & (np.abs(y + 22) < 9) & head.skin_control & (head.canonical[:, 2] > 0)
    for i in PEOPLE:
        shape = head.shape(PLAN[i], 0)
        raised, tight = (moved(rig, shape, n, 5)[cheek].mean(axis=0) for n in ("AU6", "AU7"))
        assert raised[1] > 3 and raised[2] > 1, i  # up and out, mm
        assert np.linalg.norm(tight) < 0.35 * np.linalg.norm(raised), i


def test_lips_do_not_run_into_each_other(head, rig):
    rows = head.topology.refine[head.topology.landmarks]
    upper, lower = [61, 62, 63], [67, 66, 65]
    for i in range(48):
        shape = head.shape(PLAN[i], 0)
        for expression in PLAN[i].expressions[1:]:
            au = np.array(expression.au, float)
            points = rows @ rig.pose(shape, au, expression.extra_au, expression.asymmetry)
            assert (points[upper, 1] - points[lower, 1]).min() > -LIPS_MM, (i, expression)
