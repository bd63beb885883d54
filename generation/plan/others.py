"""Expressions that are no pain: how often, and how a face moves in them.

Units that Pain3D has no shape for (AU5, AU11, AU14-18, AU22-24) are left out; docs/others.md says where they belong.
What PSPI counts (AU6 of a smile, AU43 of a blink) is counted: that PSPI above 0 need not be pain is what these are for.
Where AU9 or AU10 raise the upper lip, AU25 is at least as high, as in pain.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from dataset_script.facs import AU_NAMES, EXTRA_AU_NAMES, pspi, with_parted_lips
from dataset_script.spec import Spec
from dataset_script.vocabulary import EXPRESSIONS_PER_IDENTITY

from ..streams import stream
from .manner import MAX_ASYMMETRY, gaze_of, head_motion
from .records import ExpressionPlan


class Unit(NamedTuple):
    """Intensity of a unit: the whole numbers from `low` to `high`, each as often; `share`: how often it is there."""

    low: int
    high: int
    share: float = 1.0


class Other(NamedTuple):
    """A kind of expression that is no pain.

    Attributes:
        ways: its units, in each of the ways in which it comes, each as often.
        source: who says that these units belong to it.
        asymmetry: greatest difference of the halves of the face.
        motion: of the head, relative to that of pain.
    """

    ways: tuple[Mapping[str, Unit], ...]
    source: str
    asymmetry: float = MAX_ASYMMETRY
    motion: float = 1.0


_DU = "Du, Tao & Martinez 2014, PNAS 111:E1454"

OTHERS: dict[str, Other] = {
    "duchenne_smile": Other(
        ({"AU6": Unit(1, 4), "AU12": Unit(2, 5), "AU7": Unit(1, 2, 0.3), "AU25": Unit(1, 4, 0.7)},),
        "AU6+12: Ekman, Davidson & Friesen 1990, J Pers Soc Psychol 58:342; AU25: " + _DU,
    ),
    "social_smile": Other(
        ({"AU12": Unit(1, 4), "AU25": Unit(1, 3, 0.5)},),
        "AU12 without AU6, and less symmetric: Ekman, Hager & Friesen 1981, Psychophysiology 18:101",
        asymmetry=0.25,
    ),
    "surprise": Other(
        (
            {"AU1": Unit(2, 5), "AU2": Unit(2, 5), "AU25": Unit(2, 4), "AU26": Unit(2, 5)},
            {"AU1": Unit(3, 5), "AU2": Unit(3, 5), "AU25": Unit(3, 5), "AU27": Unit(2, 4)},
        ),
        "AU1+2+5+26 or 27: Ekman, Friesen & Hager 2002, FACS Investigator's Guide; AU25: " + _DU,
    ),
    "speech": Other(
        (
            {"AU25": Unit(2, 4), "AU26": Unit(1, 4), "AU1": Unit(1, 2, 0.15), "AU2": Unit(1, 2, 0.15)},  # open vowels
            {"AU20": Unit(1, 3), "AU25": Unit(1, 3), "AU12": Unit(1, 2, 0.3), "AU4": Unit(1, 2, 0.1)},  # ee, s
            {"AU25": Unit(1, 3), "AU26": Unit(0, 2), "AU10": Unit(1, 1, 0.3), "AU1": Unit(1, 3, 0.2)},  # eh, n, t
        ),
        "units by eye, of three visemes; brows that stress words: Ekman 1979, in Human Ethology (Cambridge), 169-202",
        motion=1.5,
    ),
    "sadness": Other(
        ({"AU1": Unit(2, 5), "AU4": Unit(1, 4), "AU6": Unit(1, 2, 0.5), "AU20": Unit(1, 2, 0.2)},),
        "AU1+4+15, with AU6, 11, 17 and 20 in some: " + _DU,
    ),
    "yawn": Other(
        (
            {
                "AU27": Unit(3, 5),
                "AU25": Unit(4, 5),
                "AU43": Unit(1, 1, 0.6),
                "AU7": Unit(1, 3, 0.6),
                "AU4": Unit(1, 3, 0.4),
                "AU10": Unit(1, 2, 0.2),
            },
        ),
        "gaping mouth and eyes that close: Provine 1986, Ethology 72:109; intensities by eye",
        motion=1.5,
    ),
    "squint": Other(
        ({"AU7": Unit(2, 5), "AU6": Unit(1, 4, 0.8), "AU4": Unit(1, 4, 0.8), "AU9": Unit(1, 1, 0.15)},),
        "bright light makes the muscle around the eye contract: Stringham, Fuld & Wenzel 2003, J Opt Soc Am A 20:1852; "
        "intensities by eye",
    ),
    "blink": Other(
        ({"AU43": Unit(1, 1), "AU7": Unit(1, 1, 0.1)},),
        "AU45 of FACS, which in one frame looks like AU43: Ekman, Friesen & Hager 2002, FACS Manual",
    ),
    "disgust": Other(
        (
            {
                "AU9": Unit(1, 5),
                "AU10": Unit(1, 4),
                "AU4": Unit(1, 3, 0.31),
                "AU7": Unit(1, 3, 0.3),
            },
        ),
        "AU9+10+17, with AU4 in 31 %: " + _DU + "; AU7 by eye",
    ),
    "chewing": Other(
        ({"AU26": Unit(1, 3), "AU25": Unit(1, 2, 0.35), "AU12": Unit(1, 1, 0.25), "AU20": Unit(1, 1, 0.15)},),
        "by eye: the jaw, to one side",
        asymmetry=0.3,
        motion=1.2,
    ),
}
"""What a face does without pain; each comes equally often."""


def other_expressions(spec: Spec, identity_id: int) -> tuple[ExpressionPlan, ...]:
    """Expressions 11 to 10 + `spec.others` of a person.

    All kinds are dealt out in one seeded order, which starts again at its end, person after person: over any number of
    people each kind comes equally often, give or take one, and nobody has a kind twice before having all.
    """
    order = stream(spec.seed, "plan.others", None).permutation(len(OTHERS)).tolist()
    names = [list(OTHERS)[k] for k in order]
    first = identity_id * spec.others
    return tuple(
        _other(spec, identity_id, EXPRESSIONS_PER_IDENTITY + k, names[(first + k) % len(names)])
        for k in range(spec.others)
    )


def _other(spec: Spec, identity_id: int, expression_id: int, name: str) -> ExpressionPlan:
    other, rng = OTHERS[name], stream(spec.seed, "plan.other", identity_id, expression_id)
    units = _draw(other.ways[rng.integers(len(other.ways))], rng)
    au = tuple(units.get(unit, 0) for unit in AU_NAMES)
    return ExpressionPlan(
        expression_id=expression_id,
        au=au,
        pspi=int(pspi(au)),
        extra_au=with_parted_lips(au, {unit: units.get(unit, 0) for unit in EXTRA_AU_NAMES}),
        asymmetry=float(rng.uniform(-other.asymmetry, other.asymmetry)),
        gaze=gaze_of(rng),
        head_motion=head_motion(spec, identity_id, expression_id, other.motion),
        kind="other",
        name=name,
    )


def _draw(way: Mapping[str, Unit], rng: np.random.Generator) -> dict[str, int]:
    """Intensity of each unit of a way that is there."""
    drawn = {}
    for name, unit in way.items():
        there, intensity = rng.random() < unit.share, rng.integers(unit.low, unit.high, endpoint=True)
        if there:
            drawn[name] = int(intensity)
    return drawn
