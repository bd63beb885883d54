"""The head that goes out, and the maps that come back: on its own places or unwrapped anew, and refused if unfit."""

import numpy as np
import pytest
import stand_in_painter as stand_in

from dataset_script.errors import InvalidInput
from generation.baking.atlas import atlas_of
from generation.geometry.mesh import vertex_normals
from generation.geometry.mesh_formats.glb import read_glb
from generation.heads.base import SKIN
from generation.photoreal.hunyuan.exchange import UNITS_PER_MM, charted, head_glb, maps_of

SIDE = 128


@pytest.fixture(scope="module")
def topology(head):
    return head.topology


@pytest.fixture(scope="module")
def vertices(topology):
    return topology.reference


@pytest.fixture(scope="module")
def given(topology, vertices):
    return head_glb(topology, vertices)


@pytest.fixture(scope="module")
def atlas(topology):
    return atlas_of(topology, SIDE)


def test_the_head_goes_out_without_shoulders_and_split_at_seams(given, topology, vertices):
    places, triangles = read_glb(given)
    kept = (topology.part != SKIN) | charted(topology)
    corners = places[triangles]
    assert np.allclose(corners, UNITS_PER_MM * vertices[topology.triangles[kept]], atol=1e-5)
    assert np.ptp(places[:, 0]) < UNITS_PER_MM * 250 < UNITS_PER_MM * np.ptp(vertices[:, 0])
    _, texture, again = stand_in.read(given)
    uv = topology.uv[kept]
    here = uv[:, 0, 0] >= 0
    assert np.allclose(texture[again][here], np.stack([uv[here][..., 0], 1 - uv[here][..., 1]], axis=2), atol=1e-6)
    assert len(places) > len(np.unique(topology.triangles[kept]))  # some are split
    assert texture.min() >= 0 and texture.max() <= 1


def test_normals_are_those_of_the_whole_head(given, topology, vertices):
    content = given[given.index(b"BIN\0") + 4 :]
    count = len(read_glb(given)[0])
    normals = np.frombuffer(content, "<f4", 3 * count, 12 * count).reshape(-1, 3)
    kept = (topology.part != SKIN) | charted(topology)
    triangles = read_glb(given)[1]
    wanted = vertex_normals(vertices, topology.triangles)[topology.triangles[kept]]
    assert np.allclose(normals[triangles], wanted, atol=1e-6)


def test_maps_on_the_places_that_were_given_come_back_as_they_are(given, topology, vertices, atlas):
    maps = maps_of(stand_in.answer("kept", given), topology, vertices, SIDE)
    at = atlas.row, atlas.column
    assert maps.albedo.shape == (SIDE, SIDE, 3) and maps.albedo.dtype == np.uint8
    assert np.abs(maps.albedo[at].astype(int) - stand_in.gradient(SIDE, SIDE)[at]).max() <= 1
    assert (maps.material[at] == (0, stand_in.ROUGHNESS, stand_in.METALLIC)).all()
    off = np.ones((SIDE, SIDE), bool)
    off[at] = False
    assert off.any() and not maps.albedo[off].any() and not maps.material[off].any()


@pytest.mark.parametrize("side", [128, 1024])
def test_maps_of_a_mesh_unwrapped_anew_land_where_they_were_painted(side, given, topology, vertices):
    """Triangles come back in another order, turned, and on places of their own; a chart may be coarser than the map."""
    maps, atlas = maps_of(stand_in.answer("anew", given), topology, vertices, side), atlas_of(topology, side)
    wanted = stand_in.colours(UNITS_PER_MM * atlas.spread(topology.triangles, vertices))
    off = np.abs(maps.albedo[atlas.row, atlas.column].astype(int) - wanted).max(axis=1)
    assert np.median(off) <= 2 and np.quantile(off, 0.999) <= 12


@pytest.mark.parametrize("size", [(700, 300), (64, 2048)])
def test_maps_may_have_any_size(size, given, topology, vertices, atlas):
    images = [stand_in.png(stand_in.gradient(*size)), stand_in.png(stand_in.packed(100, 90))]
    maps = maps_of(stand_in.painted(*stand_in.read(given), images), topology, vertices, SIDE)
    at = atlas.row, atlas.column
    off = np.abs(maps.albedo[at].astype(int) - stand_in.gradient(SIDE, SIDE)[at])
    assert off.max() <= 3 and np.median(off) <= 1


def test_factors_scale_roughness_and_metallic(given, topology, vertices, atlas):
    images = [stand_in.png(stand_in.gradient(64, 64)), stand_in.png(stand_in.packed())]
    content = stand_in.painted(*stand_in.read(given), images, roughnessFactor=0.5, metallicFactor=0)
    maps = maps_of(content, topology, vertices, SIDE)
    assert (maps.material[atlas.row, atlas.column] == (0, stand_in.ROUGHNESS // 2, 0)).all()


GREY = np.full((64, 64), 90, np.uint8)
DEEP = np.full((64, 64), 90, np.uint16)
SMALL = stand_in.gradient(32, 32)


@pytest.mark.parametrize(
    ("albedo", "message"),
    [
        (stand_in.png(GREY), "mode L; allowed is RGB"),
        (stand_in.png(DEEP), "mode I;16; allowed is RGB"),
        (stand_in.png(SMALL), "baseColorTexture of 32 x 32 pixels; allowed are 64 to 8192"),
        (stand_in.png(np.full((64, 64, 3), 90, np.uint8)), "one colour all over the head"),
        (stand_in.png(stand_in.gradient(64, 64))[:60], "baseColorTexture that cannot be read"),
        (np.frombuffer(b"no picture at all", np.uint8), "baseColorTexture that cannot be read"),
    ],
)
def test_unfit_pictures_are_named(albedo, message, given, topology, vertices):
    content = stand_in.painted(*stand_in.read(given), [albedo, stand_in.png(stand_in.packed())])
    with pytest.raises(InvalidInput, match=message):
        maps_of(content, topology, vertices, SIDE)


def test_linear_colours_are_refused(given, topology, vertices):
    from PIL import PngImagePlugin

    chunk = PngImagePlugin.PngInfo()
    chunk.add(b"gAMA", (100_000).to_bytes(4, "big"))
    images = [stand_in.png(stand_in.gradient(64, 64), pnginfo=chunk), stand_in.png(stand_in.packed())]
    with pytest.raises(InvalidInput, match=r"gamma of 1\.0; allowed is that of sRGB"):
        maps_of(stand_in.painted(*stand_in.read(given), images), topology, vertices, SIDE)


@pytest.mark.parametrize(
    ("material", "message"),
    [
        ({"metallicRoughnessTexture": {"index": 1, "texCoord": 1}}, "other texture coordinates"),
        ({"baseColorTexture": {"index": 0, "texCoord": 1}, "metallicRoughnessTexture": {"index": 1, "texCoord": 1}},
         "no TEXCOORD_1"),
        ({"baseColorFactor": [0.5, 1, 1, 1]}, r"baseColorFactor of \[0.5, 1, 1, 1\]; allowed is 1"),
        ({"baseColorTexture": {"index": 0, "extensions": {"KHR_texture_transform": {}}}}, "KHR_texture_transform"),
        ({"baseColorTexture": {"index": 7}}, "cannot be read as glb"),
    ],
)  # fmt: skip
def test_unfit_materials_are_named(material, message, given, topology, vertices):
    images = [stand_in.png(stand_in.gradient(64, 64)), stand_in.png(stand_in.packed())]
    with pytest.raises(InvalidInput, match=message):
        maps_of(stand_in.painted(*stand_in.read(given), images, **material), topology, vertices, SIDE)


@pytest.mark.parametrize("missing", ["baseColorTexture", "metallicRoughnessTexture"])
def test_a_missing_map_is_named(missing, given, topology, vertices):
    content = stand_in.answer("kept", given).replace(missing.encode(), b"x" * len(missing))
    with pytest.raises(InvalidInput, match=f"no {missing}"):
        maps_of(content, topology, vertices, SIDE)


def _moved(vertices, places, triangles):
    return 1.01 * vertices, places, triangles


def _decimated(vertices, places, triangles):
    return vertices, places, triangles[::2]


def _outside(vertices, places, triangles):
    return vertices, places + 0.7, triangles


def _nowhere(vertices, places, triangles):
    return vertices, np.where(places > 0.5, np.nan, places), triangles


def _empty(vertices, places, triangles):
    return vertices, places, np.zeros_like(triangles[:1])


@pytest.mark.parametrize(
    ("spoilt", "message"),
    [
        (_moved, "lacks .* of the 35,296 triangles of the head: .*use_remesh=False"),
        (_decimated, "lacks 17,648 of the 35,296 triangles"),
        (_outside, "texture coordinates of 1.*; allowed are 0 to 1"),
        (_nowhere, "texture coordinates of nan; allowed are 0 to 1"),
        (_empty, "no triangles"),
    ],
)
def test_another_mesh_is_refused(spoilt, message, given, topology, vertices):
    images = [stand_in.png(stand_in.gradient(64, 64)), stand_in.png(stand_in.packed())]
    with pytest.raises(InvalidInput, match=message):
        maps_of(stand_in.painted(*spoilt(*stand_in.read(given)), images), topology, vertices, SIDE)


@pytest.mark.parametrize("content", [b"", b"rubbish" * 100, b"glTF" + bytes(60)])
def test_rubbish_is_refused(content, topology, vertices):
    with pytest.raises(InvalidInput, match="cannot be read as glb"):
        maps_of(content, topology, vertices, SIDE)


def test_a_file_that_is_cut_short_is_refused(given, topology, vertices):
    with pytest.raises(InvalidInput, match="cut short"):
        maps_of(stand_in.answer("kept", given)[:-1000], topology, vertices, SIDE)
