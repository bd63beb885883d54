"""The sets of frames that a model is measured on: what each is of, and which frames it has.

All are of the same people with the same expressions, whom no training data have: people of seed `SEED`, one of each
age, ethnicity and gender twice. So a frame has the same name in all sets, and what a set takes from a model is seen on
pairs of frames.
"""

from dataclasses import dataclass, replace

from dataset_script.errors import InvalidInput
from dataset_script.spec import Spec
from dataset_script.vocabulary import EXPRESSIONS_PER_IDENTITY
from generation.plan import IdentityPlan, Plan

SEED = 9001
"""Of all sets. Seeds from 9,000 on belong to them: no model is trained on people of these seeds."""
PEOPLE = 48
FRONT_AND_SIDE = (0, 1)
HELD_OUT: tuple[str, ...] = (
    "oxygen_mask", "nasal_cannula", "head_bandage", "medical_cap",
    "dressing_forehead", "dressing_cheek", "dressing_nose", "dressing_chin",
)  # fmt: skip
"""What the people of `unseen` wear in turn: what wards put on faces, which the scene "studio" never has."""
SMILES = ("duchenne_smile", "social_smile")


@dataclass(frozen=True)
class ShiftSet:
    """A set of rendered frames.

    Attributes:
        what: what differs from `home`, in words.
        options: fields of `Spec` that differ from those of `home`.
        pain: how many expressions of pain each person has, of their ten.
        others: how many expressions that are no pain.
        smiles: both kinds of smiles are the first of these.
        alternate: one view of each person, in turn from the front and from the side; else both.
        people: the first so many alone.
        held_out: everybody wears one of HELD_OUT and nothing else.
        needs_ict: made from the ICT-FaceKit pack.
    """

    what: str
    options: tuple[tuple[str, object], ...] = ()
    pain: int = 3
    others: int = 0
    smiles: bool = False
    alternate: bool = False
    people: int = PEOPLE
    held_out: bool = False
    needs_ict: bool = False

    def spec(self, size: int, head_file: str | None = None) -> Spec:
        """What the frames are made from. `head_file`: sha256 of the ICT-FaceKit pack."""
        given = dict(self.options)
        if self.needs_ict:
            given["head_file"] = head_file
        return Spec(preset="balanced", identities=PEOPLE, size=size, seed=SEED, **given)

    def person(self, plan: Plan, identity_id: int) -> IdentityPlan:
        """A person of the plan with the expressions, the views and what is worn in this set alone."""
        whole = plan[identity_id]
        views = (FRONT_AND_SIDE[identity_id % 2],) if self.alternate else FRONT_AND_SIDE
        worn = (HELD_OUT[identity_id % len(HELD_OUT)],) if self.held_out else whole.accessories
        chosen = [*range(1 + self.pain), *self._others(whole)]
        return replace(
            whole,
            expressions=tuple(whole.expressions[k] for k in chosen),
            views=tuple(whole.views[k] for k in views),
            accessories=worn,
        )

    def _others(self, whole: IdentityPlan) -> list[int]:
        """Numbers of the expressions that are no pain: the first ones, after the smiles where they are wanted."""
        found = range(EXPRESSIONS_PER_IDENTITY, len(whole.expressions))
        smiling = [k for k in found if self.smiles and whole.expressions[k].name in SMILES]
        return sorted([*smiling, *(k for k in found if k not in smiling)][: self.others])


SETS: dict[str, ShiftSet] = {
    "home": ShiftSet("the default scene and renderer: what the others are compared with"),
    "cycles": ShiftSet("path-traced by Cycles", (("renderer", "cycles"),), pain=2, alternate=True, people=32),
    "ict": ShiftSet("heads of ICT-FaceKit", (("head", "ict"),), needs_ict=True),
    "clinical": ShiftSet("in beds and chairs of a ward", (("scene", "clinical"), ("others", 3)), others=1),
    "unseen": ShiftSet("masks, tubes, bandages and dressings in the default scene", held_out=True),
    "others": ShiftSet("smiles and one other movement that is no pain", (("others", 10),), 1, 3, smiles=True),
}
"""Name -> set, in the order of the tables."""


UNSHIFTED = ("home", "others")
"""Sets whose neutral and pain frames are those of `home`."""


def chosen(names: list[str] | None) -> dict[str, ShiftSet]:
    """The named sets, all where none are named. Raises InvalidInput on other names."""
    for name in names or ():
        if name not in SETS:
            raise InvalidInput(f"set {name!r} is not known; allowed: {', '.join(SETS)}")
    return {name: each for name, each in SETS.items() if not names or name in names}
