import numpy as np

from generation.baking.camera import SIDE_YAW, portrait_camera, tone_curve_undone
from generation.render.develop import develop


class Still:
    """No grain, in focus."""

    def standard_normal(self, shape, dtype):
        return np.zeros(shape, dtype)

    def beta(self, a, b):
        return 0.0


def test_undoing_the_tone_curve_gives_the_light_that_was_developed():
    light = np.geomspace(0.002, 3.5, 64, dtype=np.float32)
    samples = np.repeat(np.repeat(np.broadcast_to(light[:, None], (64, 64)), 2, axis=0), 2, axis=1)
    picture = develop(np.repeat(samples[..., None], 3, axis=2), 1.0, Still())
    found = tone_curve_undone(picture)[:, 5, 1]
    shown = picture[:, 5, 1]
    step = tone_curve_undone(np.minimum(shown + 1, 255)) - tone_curve_undone(shown - 1)
    between = (shown > 2) & (shown < 254)
    assert between.sum() > 40 and (np.abs(found - light) < 0.6 * step)[between].all()


def test_every_shown_value_comes_back():
    values = np.arange(256, dtype=np.uint8)[None].repeat(256, axis=0)
    light = tone_curve_undone(values)
    assert light.dtype == np.float32 and (np.diff(light[0]) > 0).all()
    samples = light.repeat(2, axis=0).repeat(2, axis=1)[..., None].repeat(3, axis=2)
    again = develop(samples, 1.0, Still())[..., 0].astype(int)
    assert np.abs(again - values).max() <= 1 and (again == values).mean() > 0.9


def test_portraits_from_the_sides_turn_the_face_to_them(head):
    nose = head.topology.reference[head.topology.landmarks[30:31]].astype(np.float64)
    front, left, right = (portrait_camera(256, yaw).project(nose)[0, 0] for yaw in (0, SIDE_YAW, -SIDE_YAW))
    assert abs(front - 128) < 2 and left > 150 and right < 106
