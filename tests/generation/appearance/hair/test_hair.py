"""Hair: what must hold for every style, and for who gets which."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.spatial import cKDTree

from dataset_script.spec import Spec
from generation.appearance.hair.guides import BareHead, Body, Roots
from generation.appearance.hair.strands import FACE_TOP, dye, grow_hair, take_root
from generation.appearance.hair.styles import STYLES, HairPaint, choose_style, hair_colour, scalp_mask
from generation.geometry.mesh import vertex_normals
from generation.plan import Plan
from generation.render.raster.strand_shadows import shadow_strands

PLAN = Plan(Spec(identities=240, preset="balanced"))
BROWN = np.array([0.07, 0.04, 0.02])


def grow(head, style: str, identity: int, grey: float = 0.0, up: tuple[float, float, float] = (0.0, 1.0, 0.0)):
    """Hair of a planned person whatever style they would have, their vertices (V, 3) and normals."""
    shape = head.shape(PLAN[identity], 0)
    vertices = head.vertices(shape.control, shape.eyes)
    normals = vertex_normals(vertices, head.topology.triangles)
    scalp = scalp_mask(head.topology, 0.0)
    bare = BareHead(head.topology, vertices, normals)
    return grow_hair(PLAN[identity], bare, scalp, style, HairPaint("brown", BROWN, grey), 0, up), vertices, normals


@pytest.mark.parametrize("style", STYLES)
def test_hair_stays_out_of_the_body_and_off_the_face(head, style):
    for identity in (3, 8):
        hair, vertices, normals = grow(head, style, identity)
        points = hair.points[::7, hair.points.shape[1] // 3 :].reshape(-1, 3)
        assert np.isfinite(hair.points).all() and (hair.tint >= 0).all() and (hair.width > 0).all()
        assert ((hair.buried >= 0) & (hair.buried <= 1)).all()
        skin = Body(BareHead(head.topology, vertices, normals))
        nearest = skin.tree.query(points)[1]
        outside = ((points - skin.points[nearest]) * skin.normals[nearest]).sum(axis=1)
        assert (outside < -5).mean() < 0.03
        x, y, z = points.T
        over_eyes_and_brows = (np.abs(x) < 48) & (y < FACE_TOP) & (y > -75) & (z > 2)
        assert not over_eyes_and_brows.any()


def test_the_same_person_has_the_same_hair_and_another_one_does_not(head):
    first, again, other = (grow(head, "long", i)[0] for i in (3, 3, 8))
    assert np.array_equal(first.points, again.points) and np.array_equal(first.tint, again.tint)
    assert not np.array_equal(first.points, other.points)


def test_scissors_end_hair_at_one_height(head):
    for style in ("bob", "long"):
        tips = grow(head, style, 4)[0].points[:, -1, 1]
        middle = np.median(tips)
        assert abs(middle - STYLES[style].cut) < 30
        assert (np.abs(tips - middle) < 30).mean() > 0.6, style


def test_tied_hair_lies_flat_and_comes_together(head):
    for style in ("bun", "ponytail", "braid"):
        hair, vertices, _ = grow(head, style, 4)
        rooted = cKDTree(vertices).query(hair.points[:, 0])[0] < 4  # the others are the tail
        near = cKDTree(vertices).query(hair.points[rooted, hair.points.shape[1] // 2])[0]
        assert np.median(near) < 16, style
        parallel = np.median(hair.points[:, -1], axis=0)
        loose = grow(head, "swept", 4)[0].points[:, -1]
        tips = np.linalg.norm(hair.points[:, -1] - parallel, axis=1)
        assert np.quantile(tips, 0.5) < 0.5 * np.quantile(np.linalg.norm(loose - np.median(loose, axis=0), axis=1), 0.5)


def test_baldness_goes_from_the_temples_to_the_crown_and_leaves_a_fringe(head):
    x, y, z = head.topology.reference.T
    masks = [scalp_mask(head.topology, recede) for recede in (0.0, 12.0, 40.0, 80.0)]
    assert all((b <= a + 1e-6).all() for a, b in pairwise(masks))
    temple = (np.abs(np.abs(x) - 45) < 8) & (y > 55) & (y < 75) & (z > -15)
    crown = (np.abs(x) < 20) & (y > 105)
    fringe = (np.abs(y - 10) < 12) & (z < -105)
    assert masks[1][temple].mean() < 0.6 * masks[0][temple].mean() and masks[1][crown].min() > 0.9
    assert masks[3][crown].max() < 0.1 and masks[3][fringe].min() > 0.9


def test_the_edge_of_the_scalp_is_soft_and_uneven(head):
    mask, (x, y, z) = scalp_mask(head.topology, 0.0), head.topology.reference.T
    front = (np.abs(x) < 30) & (z > 0) & (y > 50) & (mask > 0) & (mask < 1)
    assert front.sum() > 10 and np.ptp(y[front]) > 8


def test_grey_comes_first_at_the_temples():
    rng = np.random.default_rng(0)
    place = np.repeat([[62.0, 30.0, -45.0], [0.0, 110.0, -100.0]], 4000, axis=0)
    roots = Roots(place, place, place, np.ones(len(place)))
    tint = dye(roots, np.zeros(len(place), int), BROWN, 0.3, rng).mean(axis=1)
    assert tint[:4000].mean() > 1.3 * tint[4000:].mean()
    black = dye(roots, np.zeros(len(place), int), BROWN, 0.0, rng)
    assert np.median(black, axis=0) == pytest.approx(BROWN, rel=0.35)


def test_roots_are_dense_where_the_scalp_is(head):
    shape = head.shape(PLAN[0], 0)
    vertices = head.vertices(shape.control, shape.eyes)
    normals = vertex_normals(vertices, head.topology.triangles)
    roots = take_root(
        BareHead(head.topology, vertices, normals), scalp_mask(head.topology, 0.0), 4000, np.random.default_rng(0)
    )
    assert (roots.density > 0).all() and (roots.density > 0.5).mean() > 0.8
    assert np.allclose(np.linalg.norm(roots.normal, axis=1), 1)


def test_who_has_which_hair():
    styles = [(person, *choose_style(person, 0)) for person in PLAN]
    assert {name for _, name, _ in styles} <= {*STYLES, "bald"}
    assert len({name for _, name, _ in styles}) > 12
    old = [recede for p, _, recede in styles if p.gender == "man" and p.age > 64]
    young = [recede for p, _, recede in styles if p.gender == "man" and p.age < 30]
    women = [recede for p, _, recede in styles if p.gender == "woman"]
    assert np.median(old) > 3 * np.median(young) and max(old) > 45 and max(women) <= 6
    greys = {
        group: np.mean([hair_colour(p, 0).grey for p in PLAN if p.age_group == group]) for group in ("young", "elderly")
    }
    assert greys["young"] < 0.05 and greys["elderly"] > 0.4


def test_the_shadow_of_hair_has_a_soft_edge_no_gaps_and_no_single_hairs():
    frame = np.eye(3, 4, dtype=np.float32)
    rows = np.array([y for y in range(10, 40) if y % 6], np.float32)  # every sixth row is empty
    comb = np.zeros((len(rows), 2, 3), np.float32)
    comb[:, 0, 0], comb[:, 1, 0], comb[:, :, 1], comb[:, :, 2] = 10, 40, rows[:, None] + 0.5, 5
    single = np.array([[[50, 5, 5], [50, 60, 5]]], np.float32)
    shadow = np.full((64, 64), np.inf, np.float32)
    shadow_strands(np.concatenate([comb, single]), frame, shadow, 1)
    inner = shadow[16:34, 16:34]
    assert np.isfinite(inner).all() and np.allclose(inner, 5)
    assert np.isinf(shadow[:, 46:]).all()
    across = np.isfinite(shadow[16:34]).reshape(6, 3, 64).mean(axis=(0, 1))  # of rows that the 3 x 3 screen evens out
    edge = [across[x : x + 3].mean() for x in range(0, 17)]
    assert edge == sorted(edge) and len(set(np.round(edge, 2))) > 4


@pytest.mark.parametrize("style", ["bob", "long", "wavy", "curly"])
def test_long_hair_covers_the_upper_half_of_the_ears(head, style):
    hair, vertices, normals = grow(head, style, 10)
    body = Body(BareHead(head.topology, vertices, normals))
    ear = body.ears[body.ears[:, 0] > 0]
    tips = ear[ear[:, 0] > np.quantile(ear[:, 0], 0.9)]
    points = hair.points.reshape(-1, 3)
    beside = np.linalg.norm(points[:, None, 1:] - tips[None, :, 1:], axis=2) < 3
    over = [points[near, 0].max() > tip[0] for near, tip in zip(beside.T, tips, strict=True) if near.sum() > 20]
    assert over and np.mean(over) > 0.9


def test_sideburns_reach_into_a_beard(head):
    (x, y, z), topology = head.topology.reference.T, head.topology
    shaven, bearded = scalp_mask(topology, 0.0), scalp_mask(topology, 0.0, True)
    sideburn = (np.abs(z + 51) < 6) & (y > -16) & (y < -8) & (np.abs(x) > 55) & (topology.masks["ears"] < 0.05)
    assert sideburn.sum() > 3 and bearded[sideburn].mean() > shaven[sideburn].mean() + 0.3
    assert (bearded >= shaven - 1e-6).all()


def test_a_hairline_fades_in_count_length_and_width(head):
    reference, scalp = head.topology.reference, scalp_mask(head.topology, 0.0)
    for style in ("swept", "bob", "coils"):
        found = []
        for identity in (3, 8):
            hair, vertices, _ = grow(head, style, identity)
            nearest = cKDTree(vertices).query(hair.points[:, 0])[1]
            root = reference[nearest]
            front = (np.abs(root[:, 0]) < 40) & (root[:, 2] > -10) & (root[:, 1] > 50)
            length = np.linalg.norm(np.diff(hair.points, axis=1), axis=2).sum(axis=1)
            found.append(np.stack([scalp[nearest], length, hair.width])[:, front])
        density, length, width = np.concatenate(found, axis=1)
        bands = [(density > low) & (density <= high) for low, high in ((0.0, 0.35), (0.35, 0.8), (0.8, 1.0))]
        assert all(band.sum() > 20 for band in bands), style
        widths = [width[band].mean() for band in bands]
        lengths = [np.median(length[band]) for band in bands]
        assert widths == sorted(widths) and widths[0] < 0.8 * widths[2], (style, widths)
        assert lengths[0] < 0.95 * min(lengths[1:]), (style, lengths)


def test_the_front_edge_of_the_scalp_is_wide_and_goes_one_way(head):
    mask, (x, y, z) = scalp_mask(head.topology, 0.0), head.topology.reference.T
    middle = (np.abs(x) < 25) & (z > -5)
    heights = np.arange(58.0, 86.0, 4.0)
    means = [mask[middle & (np.abs(y - height) < 4)].mean() for height in heights]
    assert means == sorted(means)
    assert sum(0.05 < value < 0.95 for value in means) >= 2


@pytest.mark.parametrize("style", ["long", "curly", "chin_bob", "ponytail", "parted"])
@pytest.mark.parametrize("up", [(0.0, 0.0, 1.0), (0.8, 0.0, 0.6), (-0.8, 0.0, 0.6)], ids=["back", "right", "left"])
def test_hair_of_a_head_that_lies_falls_against_its_up(head, style, up):
    """The person of one seed has the same roots, whichever way their head is held."""
    hair, vertices, normals = grow(head, style, 4, up=up)
    fallen, hanging, against = hair.points, grow(head, style, 4)[0].points, np.array(up)
    pillow = Body(BareHead(head.topology, vertices, normals)).floor(against)

    def offset(points):
        return (points[:, -1] - points[:, 0]).mean(axis=0).astype(float)

    assert offset(fallen) @ against < min(offset(hanging) @ against, 0.0) - (4 if STYLES[style].cut else 0)
    x, y, z = fallen.reshape(-1, 3).T
    assert not ((np.abs(x) < 48) & (y < FACE_TOP) & (y > -75) & (z > 2)).any()
    assert (fallen.reshape(-1, 3) @ against).min() > pillow - 8


def test_hair_stays_off_the_ears_where_it_is_short(head):
    for style in ("short", "quiff", "swept", "pixie"):
        hair, vertices, normals = grow(head, style, 8)
        body = Body(BareHead(head.topology, vertices, normals))
        assert (cKDTree(body.ears).query(hair.points[:, 1:-1].reshape(-1, 3))[0] < 2.0).mean() < 0.01, style


def test_a_fringe_ends_above_the_brows(head):
    fringed = 0
    for identity in range(0, 30):
        if PLAN[identity].gender != "woman":
            continue
        hair = grow(head, "bob", identity)[0]
        x, y, z = np.moveaxis(hair.points, -1, 0)
        before = (np.abs(x) < 45) & (z > 10) & (y < 70)
        if before[:, -1].sum() < 500:  # hair that only passes the temples is no fringe
            continue
        fringed += 1
        assert np.quantile(y[:, -1][before[:, -1]], 0.02) > FACE_TOP, identity
        if fringed == 4:
            return
    assert fringed


def test_ropes_are_thin_and_apart(head):
    hair = grow(head, "locs", 4)[0]
    tips = hair.points[:, -4]
    near = cKDTree(tips).query(tips, k=20)[0][:, -1]
    assert np.median(near) < STYLES["locs"].rope
