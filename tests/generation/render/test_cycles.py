"""`--renderer cycles`. What needs bpy is skipped without it; scenes and the protocol are tested everywhere."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from dataset_script.errors import WorkFailed
from dataset_script.spec import Spec
from dataset_script.vocabulary import SEGMENTS
from generation.appearance.places.light import Light
from generation.appearance.props.base import Finish
from generation.appearance.skin import SkinSurface
from generation.appearance.texture import NO_TEXELS
from generation.geometry.camera import Camera
from generation.geometry.noise import noise_tile
from generation.geometry.shadows import ShadowMaps
from generation.geometry.surface import unit
from generation.geometry.visibility import Samples
from generation.heads import makehuman
from generation.heads.base import EYE, SKIN
from generation.pipeline import FrameMaker
from generation.plan import Plan
from generation.render.base import HeadPose
from generation.render.cycles import renderer as cycles
from generation.render.cycles.paint import FineMesh, Painted, Vertices, paint_eyes, paint_skin, split
from generation.render.raster import renderer as raster
from generation.render.raster.mesh import Materials, PaintedMesh, Viewpoint
from generation.render.raster.scattering import Shaded
from generation.render.raster.shading import shade

SIZE = 64
SPEC = Spec(identities=24, preset="balanced", size=SIZE)


def has_bpy() -> bool:
    try:
        cycles.find_python()
    except WorkFailed:
        return False
    return True


needs_bpy = pytest.mark.skipif(not has_bpy(), reason="no environment with bpy: see docs/cycles.md")


@dataclasses.dataclass
class Sitting:
    """A person in pain, before a camera."""

    maker: FrameMaker
    person: object
    posed: raster.Posed
    camera: Camera


@pytest.fixture(scope="module")
def sitting():
    maker = FrameMaker(SPEC)
    plan = Plan(SPEC)[19]
    person, expression = maker.person(plan), max(plan.expressions, key=lambda e: e.pspi)
    control = maker.rig.pose(person.shape, np.array(expression.au, float), expression.extra_au, expression.asymmetry)
    posed = maker.renderer.pose(plan, person.look, HeadPose(control, person.shape.eyes, (3.0, 1.0)), SPEC.seed)
    return Sitting(maker, person, posed, Camera.from_plan(plan.views[1], SIZE))


@pytest.fixture(scope="module")
def fine(sitting):
    return FineMesh.of(sitting.maker.head.topology)


@pytest.fixture(scope="module")
def renderer():
    made = cycles.CyclesRenderer(raster.load(makehuman.load()), samples=4)
    yield made
    made.close()


# --- the finer mesh


def test_splitting_leaves_no_cracks_and_no_long_edges():
    rng = np.random.default_rng(0)
    side = np.arange(6)
    points = np.stack([*np.meshgrid(side, side), rng.random((6, 6))], axis=2).reshape(-1, 3).astype(float)
    corner = (6 * side[:-1, None] + side[None, :-1]).reshape(-1)
    triangles = np.concatenate([corner[:, None] + [0, 1, 7], corner[:, None] + [0, 7, 6]])
    limit = np.where(rng.random(len(triangles)) < 0.4, 0.6, np.inf)
    for _ in range(4):
        pairs, triangles, parent = split(points, triangles, limit)
        points, limit = np.concatenate([points, points[pairs].mean(axis=1)]), limit[parent]
    a, b, c = points[triangles].transpose(1, 0, 2)
    edges = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    used = np.unique(edges, axis=0, return_counts=True)[1]
    flat = np.cross(b - a, c - a)[:, 2]
    lengths = np.linalg.norm(np.stack([a - b, b - c, c - a]), axis=2)
    assert len(triangles) > 100 and set(used) == {1, 2}
    assert (flat > 0).all() and np.isclose(flat.sum() / 2, 25)  # same orientation, nothing lost, nothing twice
    assert (lengths <= limit).all()


def test_the_finer_mesh_is_the_same_surface(sitting, fine):
    topology = sitting.maker.head.topology
    points = fine.spread(topology.reference)

    def area(vertices, triangles):
        a, b, c = vertices[triangles].transpose(1, 0, 2).astype(float)
        return np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2

    assert np.array_equal(points[: len(topology.reference)], topology.reference)
    for part in range(4):
        whole = area(topology.reference, topology.triangles[topology.part == part])
        assert np.isclose(area(points, fine.triangles[fine.part == part]), whole, rtol=1e-5)
    face = fine.spread(topology.masks["face"])[fine.triangles].min(axis=1) > 0.5
    corners = points[fine.triangles[face & (fine.part == SKIN)]]
    assert np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max() < 1.31
    assert len(fine.triangles) < 500_000


def test_cycles_is_told_what_is_worn(sitting, fine):
    bare = cycles.describe(fine, sitting.posed, sitting.person.look, sitting.camera)
    assert not any(name.startswith("prop_") for name in bare)
    plan = dataclasses.replace(sitting.person.plan, accessories=("oxygen_mask",))
    look = sitting.maker.appearance.wear(plan, sitting.person.look, SPEC.seed)
    shape = sitting.person.shape
    posed = sitting.maker.renderer.pose(plan, look, HeadPose(shape.control, shape.eyes, (0.0, 0.0)), SPEC.seed)
    told = cycles.describe(fine, posed, look, sitting.camera)
    assert np.array_equal(told["prop_position"], posed.props.position)
    assert told["prop_triangles"].max() < len(told["prop_position"]) == len(told["prop_albedo"])
    per_triangle = {
        f"prop_{name}": values
        for name, values in zip(
            Finish._fields, zip(*(p.finish for p in look.props for _ in p.triangles), strict=True), strict=True
        )
    }
    for name, values in per_triangle.items():
        assert np.allclose(told[name], values), name


# --- the paint is that of the rasteriser's shader


def vertices_of(sitting: Sitting, fine: FineMesh) -> Vertices:
    look = sitting.person.look
    return Vertices(
        normal=unit(fine.spread(sitting.posed.normals)),
        canonical=fine.spread(look.canonical),
        albedo=fine.spread(look.skin.albedo),
        surface=SkinSurface(*map(fine.spread, look.skin.surface)),
        wrinkles=fine.spread(sitting.posed.wrinkles),
        picture=np.zeros((len(fine.of_part), 4), np.float32),
    )


def materials_of(sitting: Sitting) -> Materials:
    look = sitting.person.look
    undressed = look.garment._replace(neck=np.float32(-1e4))
    return Materials(look.skin.detail, sitting.posed.eyes, undressed, noise_tile(), NO_TEXELS)


def shaded_at(chosen: np.ndarray, sitting: Sitting, fine: FineMesh, occlusion: float):
    """`shading.shade` under a white sky at one corner of a triangle a pixel; returns its colour and skin albedo."""
    vertices = vertices_of(sitting, fine)
    side = int(np.ceil(np.sqrt(len(chosen))))
    home = np.zeros(len(fine.of_part), np.int64)
    home[fine.triangles] = np.arange(len(fine.triangles))[:, None]
    ids = np.zeros(side * side, np.int32)
    ids[: len(chosen)] = home[chosen]
    weights = np.zeros((side * side, 2), np.float32)
    weights[: len(chosen)] = (fine.triangles[home[chosen], :2] == chosen[:, None]).astype(np.float32)
    ids, weights = ids.reshape(side, side), weights.reshape(side, side, 2)
    twice = [np.repeat(np.repeat(values, 2, 0), 2, 1) for values in (ids, weights)]
    samples = Samples(twice[0], np.zeros((2 * side, 2 * side), np.float32), twice[1])
    mesh = PaintedMesh(
        triangles=fine.triangles,
        part=fine.part,
        eye=fine.eye[fine.triangles[:, 0]],
        position=fine.spread(sitting.posed.dressed),
        normal=vertices.normal,
        canonical=vertices.canonical,
        albedo=vertices.albedo,
        surface=vertices.surface._replace(occlusion=np.full(len(vertices.normal), occlusion, np.float32)),
        wrinkles=vertices.wrinkles,
        uv=np.full((len(fine.triangles), 3, 2), -1, np.float32),
    )
    ones, none = np.ones(3, np.float32), np.zeros((0, 3), np.float32)
    shadows = ShadowMaps(np.zeros((0, 1, 1), np.float32), np.zeros((0, 3, 4), np.float32))
    viewpoint = Viewpoint(sitting.camera.position.astype(np.float32), 0.7, sitting.camera.projection(2))
    shaded = Shaded.before(np.zeros((2 * side, 2 * side, 3), np.float32))
    light = Light.plain(none, none, ones, ones)
    shade(samples, mesh, materials_of(sitting), light, shadows, viewpoint, shaded)
    flat = shaded.colour[::2, ::2].reshape(-1, 3)[: len(chosen)]
    return flat, shaded.skin.albedo.reshape(-1, 3)[: len(chosen)]


def test_skin_is_painted_as_the_rasteriser_does(sitting, fine):
    materials = materials_of(sitting)
    chosen = np.random.default_rng(1).choice(np.flatnonzero(fine.of_part == SKIN), 2000, replace=False)
    vertices = vertices_of(sitting, fine).some(chosen)
    painted = Painted(np.zeros((2000, 3)), np.zeros((2000, 3)), np.zeros(2000), np.zeros(2000))
    paint_skin(vertices, materials.detail, materials.tile, painted)
    _, expected = shaded_at(chosen, sitting, fine, 1.0)
    assert np.abs(painted.albedo - expected).max() < 2e-4
    assert np.ptp(painted.albedo, axis=0).min() > 0.05 and painted.cavity.min() < 0.9  # lips, mottle; a wrinkled face
    assert np.allclose(np.linalg.norm(painted.relief, axis=1), 1, atol=1e-4)
    bent = (painted.relief * vertices.normal).sum(axis=1)
    assert 0.5 < bent.min() < 0.99


def test_irises_have_the_rasterisers_colours(sitting, fine):
    vertices = vertices_of(sitting, fine)
    ball = unit(vertices.canonical)
    near = np.flatnonzero((fine.of_part == EYE) & (ball[:, 2] > 0.85))
    albedo, unused = np.zeros((len(ball), 3), np.float32), np.zeros(len(ball), np.float32)
    painted = Painted(albedo, np.zeros_like(albedo), unused, unused)
    viewers = unit(sitting.camera.position - fine.spread(sitting.posed.dressed))
    paint_eyes(vertices.normal, ball, viewers, fine.eye, materials_of(sitting), painted)
    colour, _ = shaded_at(near, sitting, fine, 1e-4)  # so dim that the highlight vanishes; its lids' shade has no hue
    seen = albedo[near, 1] > 0.01  # not the pupil, where 1e-4 of highlight is not nothing
    hue = colour[seen] / colour[seen].sum(axis=1, keepdims=True)
    expected = albedo[near][seen] / albedo[near][seen].sum(axis=1, keepdims=True)
    assert np.abs(hue - expected).max() < 2e-3
    assert 0 <= albedo[near].min() < 0.01 and albedo[near].max() > 0.4  # pupil and white


def test_the_scene_is_complete_and_finite(sitting, fine):
    data = cycles.describe(fine, sitting.posed, sitting.person.look, sitting.camera)
    kinds = {name.removesuffix("_points").rstrip("0123456789") for name in data if name.endswith("_points")}
    assert kinds == {"hair", "brows", "lashes"}
    for k, strands in enumerate(sitting.posed.strands):  # a beard is hair, too, and replaces none
        name = f"{SEGMENTS[strands.code]}{k}"
        assert np.array_equal(data[f"{name}_points"], strands.points)
        assert np.allclose(data[f"{name}_radius"][:, 0], strands.width / 2)
        assert data[f"{name}_radius"].shape == strands.points.shape[:2]
    assert np.array_equal(data["position"][: len(sitting.posed.dressed)], sitting.posed.dressed)
    assert data["triangles"].max() < len(data["position"]) == len(data["albedo"]) == len(data["relief"])
    for name, values in data.items():
        assert np.isfinite(values).all(), name
    assert data["albedo"].min() > 0 and data["albedo"].max() < 1
    garment = sitting.person.look.garment
    assert np.array_equal(data["garment_colour"], garment.colour)
    assert (data["garment_weave"], data["garment_roughness"]) == (garment.weave, garment.roughness)
    clothed = data["below_neckline"] > 0
    assert 0.02 < clothed.mean() < 0.5


# --- the process


def fake_blender(directory: Path, script: str) -> str:
    """A program that stands in for the Python with bpy."""
    path = directory / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


HELLO = f"""echo '{{"bpy": "{cycles.BPY} LTS"}}'"""


def test_without_bpy_one_line_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(cycles.PYTHON_VARIABLE, raising=False)
    with pytest.raises(WorkFailed, match="pip install bpy==") as failure:
        cycles.CyclesRenderer(raster.load(makehuman.load()))
    assert "\n" not in str(failure.value)
    monkeypatch.setenv(cycles.PYTHON_VARIABLE, "/nowhere/python")
    with pytest.raises(WorkFailed, match="PAIN3D_BPY_PYTHON is /nowhere/python"):
        cycles.find_python()


def test_a_python_without_bpy_is_named():
    with pytest.raises(WorkFailed, match=r"No module named 'bpy'; to install bpy"):
        cycles.Worker(sys.executable)


def test_another_bpy_is_refused(tmp_path):
    with pytest.raises(WorkFailed, match=r"has bpy 5\.0\.1; the renderer cycles needs"):
        cycles.Worker(fake_blender(tmp_path, """echo '{"bpy": "5.0.1"}'; sleep 60"""))


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("read line; echo boom >&2; exit 3", "ended with code 3: boom"),
        ("read line; kill -9 $$", "ended with code -9: killed"),
        ("sleep 60", "no answer in 0.5 s"),
        ("""read line; echo '{"error": "RuntimeError: disk full"}'; sleep 60""", "disk full"),
    ],
)
def test_a_blender_that_fails_is_one_error_and_no_hang(tmp_path, script, message):
    worker = cycles.Worker(fake_blender(tmp_path, f"{HELLO}; {script}"))
    with pytest.raises(WorkFailed, match=message):
        worker.ask({}, 0.5)
    worker.close()
    assert worker.process.poll() is not None and not worker.directory.exists()
    with pytest.raises(WorkFailed, match="has ended"):
        worker.ask({}, 0.5)


# --- with Blender


@needs_bpy
def test_the_silhouette_is_that_of_the_annotations(renderer, sitting, fine):
    camera = dataclasses.replace(sitting.camera, size=96, focal=sitting.camera.focal * 96 / SIZE)
    bald = dataclasses.replace(sitting.posed, strands=())
    light = renderer.trace(cycles.describe(fine, bald, sitting.person.look, camera), 96)
    traced = light[..., 3] > 0.5
    drawn = sitting.maker.renderer.render(bald, sitting.person.look, camera, np.random.default_rng(0)).ids >= 0
    assert 0.2 < drawn.mean() < 0.8
    assert (traced & drawn).sum() / (traced | drawn).sum() > 0.99


@needs_bpy
def test_a_frame_is_the_same_again_and_its_annotations_are_the_rasterisers(renderer, sitting):
    person, camera = sitting.person, sitting.camera
    frames = [renderer.render(sitting.posed, person.look, camera, np.random.default_rng(5)) for _ in range(2)]
    again = cycles.CyclesRenderer(raster.load(makehuman.load()), samples=4)
    frames.append(again.render(sitting.posed, person.look, camera, np.random.default_rng(5)))
    again.close()
    for frame in frames[1:]:
        assert np.array_equal(frame.rgb, frames[0].rgb)
    plain = sitting.maker.renderer.render(sitting.posed, person.look, camera, np.random.default_rng(5))
    for name in ("ids", "depth", "weights", "segments"):
        assert np.array_equal(getattr(frames[0], name), getattr(plain, name))
    difference = np.abs(frames[0].rgb.astype(float) - plain.rgb).mean()
    assert 1 < difference < 25  # the same picture in another light transport: neither a copy nor another scene


@needs_bpy
def test_blender_ends_with_its_parent_even_in_the_middle_of_a_frame(tmp_path):
    script = (
        "import threading, time\n"
        "from generation.pipeline import FrameMaker\nfrom generation.plan import Plan\n"
        "from dataset_script.spec import Spec\n"
        "spec = Spec(identities=1, size=2048, renderer='cycles')\nmaker = FrameMaker(spec)\n"
        "worker = maker.renderer._worker\n"
        "print(worker.process.pid, worker.directory, flush=True)\n"
        "maker.make_frame(Plan(spec)[0], 0, 0)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        pid, directory = parent.stdout.readline().split()
        deadline = time.monotonic() + 40
        while not (Path(directory) / "scene.npz").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(2)  # into the frame
        assert parent.poll() is None
        os.kill(parent.pid, signal.SIGKILL)
    deadline = time.monotonic() + 15
    while _runs(int(pid)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _runs(int(pid)) and not Path(directory).exists()


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
