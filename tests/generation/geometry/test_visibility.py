import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generation.geometry.camera import PIVOT, Camera
from generation.geometry.shadows import ambient_occlusion, cast, light_frame
from generation.geometry.visibility import interpolate, rasterize
from generation.plan import ViewPlan

SIZE = 24


def by_rays(view: np.ndarray, triangles: np.ndarray, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Nearest front face along the ray through every pixel centre, by Moeller-Trumbore."""
    centre = (np.arange(camera.size) + 0.5 - camera.size / 2) / camera.focal
    rays = np.stack(np.broadcast_arrays(centre[None], -centre[:, None], 1.0), axis=2)
    ids, depth = np.full((camera.size,) * 2, -1), np.full((camera.size,) * 2, np.inf)
    for t, (a, b, c) in enumerate(view[triangles]):
        e1, e2 = b - a, c - a
        p = np.cross(rays, e2)
        det = p @ e1
        with np.errstate(divide="ignore", invalid="ignore"):
            u = (p @ -a) / det
            q = np.cross(-a, e1)
            v = (rays @ q) / det
            z = (e2 @ q) / det
        hit = (det != 0) & (u >= 0) & (v >= 0) & (u + v <= 1) & (z > 1) & (z < depth)
        facing = np.cross(e1, e2) @ a > 0  # the view is left-handed: depth grows away from the camera
        if facing:
            ids[hit], depth[hit] = t, z[hit]
    return ids, depth


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_every_pixel_sees_what_a_ray_through_it_sees(seed):
    rng = np.random.default_rng(seed)
    points = rng.normal(0, 60, (12, 3)) + PIVOT
    triangles = rng.integers(0, 12, (9, 3)).astype(np.int32)
    triangles = triangles[[len(set(t)) == 3 for t in triangles.tolist()]]
    triangles = triangles[np.unique(np.sort(triangles), axis=0, return_index=True)[1]]  # twins would tie
    camera = Camera.from_plan(ViewPlan(0, *rng.uniform(-30, 30, 3), 30, 1.0), SIZE)
    ids, depth, weights = rasterize(camera.project(points), triangles, 1, SIZE, True)
    expected, z = by_rays(camera.view(points), triangles, camera)
    agree = ids == expected
    assert agree.mean() > 0.98  # float32 against float64 on edges
    seen = agree & (ids >= 0)
    assert np.allclose(depth[seen], z[seen], rtol=1e-4)
    again = interpolate(ids, weights, triangles, camera.view(points)[:, 2].astype(np.float32))
    assert np.allclose(again[seen], z[seen], rtol=2e-4)  # weights are perspective-correct


def test_camera_agrees_with_its_intrinsics_and_conventions():
    camera = Camera.from_plan(ViewPlan(0, 30, 0, 0, 24, 1.0), 200)
    k = camera.as_row()["intrinsics"]
    point = np.array([[12.0, 40.0, 30.0]])
    x, y, z = camera.view(point)[0]
    assert np.allclose(camera.project(point)[0], [k["cx"] + k["fx"] * x / z, k["cy"] - k["fy"] * y / z, z], atol=1e-3)
    assert np.allclose(camera.project(PIVOT[None])[0, :2], 100)
    assert np.isclose(2 * np.degrees(np.arctan(100 / k["fx"])), 24)
    assert np.isclose(np.linalg.norm(camera.position - PIVOT), camera.distance)
    nose = np.array([[0.0, -22.0, 40.0]])

    def seen(**angles: float) -> np.ndarray:
        view = ViewPlan(0, **{"yaw": 0, "pitch": 0, "roll": 0} | angles, fov=24, framing=1.0)
        return Camera.from_plan(view, 200).project(nose)[0]

    assert seen(yaw=20)[0] > 110  # to image right
    assert seen(pitch=20)[1] < 90  # up
    crown = np.array([[0.0, 80.0, -45.0]])
    tilted = Camera.from_plan(ViewPlan(0, 0, 0, 20, 24, 1.0), 200).project(crown)[0]
    assert tilted[0] > 110  # clockwise


def test_supersampled_and_centre_passes_see_the_same_shape():
    rng = np.random.default_rng(3)
    points = rng.normal(0, 50, (30, 3)) + PIVOT
    triangles = rng.integers(0, 30, (20, 3)).astype(np.int32)
    camera = Camera.from_plan(ViewPlan(0, 0, 0, 0, 30, 1.0), 64)
    seen = camera.project(points)
    one, _, _ = rasterize(seen, triangles, 1, 64, False)
    two, _, _ = rasterize(seen, triangles, 2, 64, False)
    share = (two >= 0).reshape(64, 2, 64, 2).mean(axis=(1, 3))
    assert (one[share == 1] >= 0).mean() > 0.999 and (one[share == 0] < 0).mean() > 0.98


@pytest.mark.parametrize("direction", [(0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (0.6, 0.0, 0.8)])
def test_light_frame_measures_distance_along_the_light(direction):
    direction = np.array(direction)
    frame = light_frame(direction, np.zeros(3), 100, 50.0).astype(float)
    assert np.allclose(frame @ [0, 0, 0, 1], [50, 50, 0])
    nearer = frame @ np.append(10 * direction, 1)
    assert np.allclose(nearer[:2], 50) and np.isclose(nearer[2], -10)


def test_occlusion_is_low_in_a_pit_and_high_on_open_ground():
    side = np.linspace(-100, 100, 41)
    x, z = np.meshgrid(side, side)
    pit = (abs(x) < 20) & (abs(z) < 20)
    points = np.stack([x, np.where(pit, -60.0, 0.0), z], axis=2).reshape(-1, 3).astype(np.float32)
    index = np.arange(41 * 41).reshape(41, 41)
    quads = np.stack([index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]], axis=2).reshape(-1, 4)
    triangles = quads[:, [[0, 1, 2], [0, 2, 3]]].reshape(-1, 3).astype(np.int32)
    up = np.tile(np.array([0, 1, 0], np.float32), (len(points), 1))
    occlusion = ambient_occlusion(points, up, triangles, np.zeros(3))
    assert occlusion.reshape(41, 41)[20, 20] < 0.5
    assert occlusion.reshape(41, 41)[20, 5] > 0.8
    shadow = cast(points, triangles, light_frame(np.array([0.0, 1.0, 0.0]), np.zeros(3), 64, 110.0), 64)
    assert np.isfinite(shadow).any()
