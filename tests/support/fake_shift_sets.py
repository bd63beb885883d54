"""The sets of `benchmarks.shift`, of eight people and with blocks of colour instead of faces."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fake_maker import FakeMaker

from benchmarks.shift import __main__ as command
from benchmarks.shift import making, sets
from generation.frame import Frame
from generation.plan import IdentityPlan

PEOPLE = 8


class ChosenFrames(FakeMaker):
    """Makes the frames of a person of whom some expressions and views are left out."""

    def __init__(self, spec, files=None):
        super().__init__(spec)

    def make_identity(self, plan: IdentityPlan) -> Iterator[Frame]:
        expressions, views = ({getattr(e, key): e for e in of} for of, key in _parts(plan))
        whole = replace(plan, expressions=expressions, views=views)
        for expression in expressions:
            for view in views:
                yield self.make_frame(whole, expression, view)


def _parts(plan: IdentityPlan):
    return (plan.expressions, "expression_id"), (plan.views, "view_id")


@pytest.fixture(scope="session")
def shift_sets(tmp_path_factory) -> Iterator[Path]:
    """All sets but `cycles`, drawn by the command. While the fixture lives, sets have eight people."""
    folder = tmp_path_factory.mktemp("shift")
    pack = folder / "ict.npz"
    pack.write_bytes(b"a pack")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making, "FrameMaker", ChosenFrames)
        for name, each in sets.SETS.items():
            patch.setitem(sets.SETS, name, replace(each, people=PEOPLE))
        names = [name for name in sets.SETS if name != "cycles"]
        assert command.main(["make", str(folder / "sets"), *names, "--ict", str(pack), "--size", "64"]) == 0
        yield folder / "sets"
