"""The chart of the shipped head."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from generation.baking.atlas import atlas_of
from generation.heads.base import SKIN
from generation.heads.makehuman import ASSET, fit_sphere
from generation.heads.texture_map import NOWHERE, refined, texture_map

SIDE = 1024


@pytest.fixture(scope="module")
def textured(head):
    return head.topology.uv[:, 0, 0] >= 0


def flat_areas(uv):
    a, b, c = (uv[:, k].astype(float) for k in range(3))
    return 0.5 * ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])


def test_skin_of_the_head_lies_in_the_square_and_nothing_else(head, textured):
    topology = head.topology
    inside = topology.uv[textured]
    assert inside.min() >= 0 and inside.max() <= 1
    assert (topology.uv[~textured] == NOWHERE).all()
    assert (topology.part[textured] == SKIN).all()
    face = (topology.masks["face"][topology.triangles] > 0.5).all(axis=1) & (topology.part == SKIN)
    assert textured[face].all()


def test_every_triangle_is_counter_clockwise_and_none_covers_another(head, textured):
    uv = head.topology.uv[textured]
    areas = flat_areas(uv)
    assert (areas > 0).all()
    atlas = atlas_of(head.topology, SIDE)
    covered = len(atlas.row) / SIDE**2
    assert covered == pytest.approx(areas.sum(), rel=2e-3)
    texels = np.bincount(atlas.triangle, minlength=len(head.topology.uv))[textured]
    large = areas * SIDE**2 > 25
    assert np.allclose(texels[large], areas[large] * SIDE**2, rtol=0.6)  # each shows all of itself


def test_left_and_right_mirror_each_other(head, textured):
    topology = head.topology
    at = topology.reference[topology.triangles[textured]].reshape(-1, 3)
    uv = topology.uv[textured].reshape(-1, 2)
    mouth = (topology.masks["mouth"] + topology.masks["lips"])[topology.triangles[textured]].reshape(-1)
    front = (at[:, 2] > -60) & (mouth < 0.05)  # on the cut, behind, and between closed lips a point has two places
    distance, twin = cKDTree(at[front]).query(at[front] * [-1, 1, 1])
    same = distance < 0.05
    assert same.mean() > 0.95
    mirrored = uv[front][twin] * [-1, 1] + [1, 0]
    assert np.abs(mirrored - uv[front])[same].max() < 4 / SIDE


def test_the_face_is_shown_by_three_texels_a_millimetre(head, textured):
    topology, masks = head.topology, head.topology.masks
    triangles = topology.triangles
    a, b, c = (topology.reference[triangles[:, k]].astype(float) for k in range(3))
    area = 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1)
    flat = SIDE**2 * np.abs(flat_areas(topology.uv))
    skin = textured & (masks["mouth"][triangles].max(axis=1) < 0.05) & (a[:, 2] > 0)
    face = skin & (masks["face"][triangles].min(axis=1) > 0.9)
    x, y = np.abs(a[:, 0]), a[:, 1]
    places = {
        "face": face,
        "eyes": skin & (masks["lids"][triangles].min(axis=1) > 0.5),
        "lips": skin & (masks["lips"][triangles].min(axis=1) > 0.5),
        "nose": face & (x < 15) & (y < 5) & (y > -50),
        "cheeks": face & (x > 20) & (x < 60) & (y < -10) & (y > -70),
    }
    density = {name: np.sqrt(flat[place].sum() / area[place].sum()) for name, place in places.items()}
    assert min(density.values()) > 3, density
    assert np.percentile(np.sqrt(flat / np.maximum(area, 1e-9))[face], 5) > 2.4  # the forehead has least


def test_the_map_made_anew_equals_that_of_the_asset():
    with np.load(ASSET) as asset:
        points, quads, part, uv = (asset[name] for name in ("vertices", "quads", "quad_part", "uv"))
        mouth = asset["masks"][:, list(asset["mask_names"]).index("mouth")] / 255
    eyes = np.stack([fit_sphere(points[np.unique(quads[part == k])]) for k in (1, 2)])
    assert np.allclose(texture_map(points.astype(float), quads[part == 0], mouth, eyes), uv, atol=1e-4)


def test_refining_keeps_corners_and_halves_edges():
    square = np.float32([[[0, 0], [1, 0], [1, 1], [0, 1]]])
    fine = refined(square)
    assert fine.shape == (8, 3, 2) and np.isclose(flat_areas(fine), 1 / 8).all()
    corners = {tuple(point) for point in fine.reshape(-1, 2).tolist()}
    assert corners == {(x / 2, y / 2) for x in range(3) for y in range(3)}
    assert (refined(np.full((1, 4, 2), NOWHERE)) == NOWHERE).all()
