from dataclasses import replace

import numpy as np
import pytest
from demo_parts import PAIN, portrait

from dataset_script.errors import InvalidInput
from dataset_script.spec import Spec
from generation.pipeline import FrameMaker
from generation.sheets.portrait import render_portrait
from model_cards.demo.live_faces import LiveFaces


def test_a_face_is_that_of_render_whatever_was_drawn_before(faces):
    """The person is kept from an earlier face, of another expression and camera."""
    faces.render(portrait(yaw=-20.0), 128)
    wanted = portrait(PAIN, yaw=15.0)
    expected, _ = render_portrait(FrameMaker(Spec(identities=1, size=128)), wanted)
    np.testing.assert_array_equal(np.asarray(faces.render(wanted, 128).picture), expected)


def test_a_person_is_made_once(monkeypatch):
    made = []
    monkeypatch.setattr(
        FrameMaker, "person", lambda self, plan, make=FrameMaker.person: made.append(1) or make(self, plan)
    )
    faces = LiveFaces()
    for face in (portrait(), portrait(PAIN), portrait(yaw=10.0), portrait()):
        faces.render(face, 64)
    assert len(made) == 1
    faces.render(portrait(age=41), 64)
    assert len(made) == 2


def test_a_face_at_rest_has_no_heat_and_one_in_pain_has(faces):
    assert faces.render(portrait(), 64).most_mm < 0.01
    assert faces.render(portrait(PAIN), 64).most_mm > 3
    assert faces.render(portrait(PAIN), 64).heat.size == (64, 64)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [({"age": 17}, "age is 17"), ({"person": -1}, "person is -1"), ({"au": (6.0, 0, 0, 0, 0, 0)}, "AU4 is 6")],
)
def test_what_is_out_of_range_is_named(faces, wrong, named):
    with pytest.raises(InvalidInput, match=named):
        faces.render(replace(portrait(), **wrong), 64)
