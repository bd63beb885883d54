"""The high-end renderer: the rasteriser's meshes, cameras, looks and annotations, path-traced by Blender's Cycles.

Blender runs in a process and an environment of its own (`worker/`, docs/cycles.md). Annotations come from the
rasteriser's pass, so that they are the same whatever made the colours; the mesh handed to Cycles is the same surface.
"""

import contextlib
import dataclasses
import functools
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import weakref
from pathlib import Path

import numpy as np

from dataset_script.errors import WorkFailed
from dataset_script.vocabulary import SEGMENTS

from ...appearance.base import Look
from ...appearance.places.light import Light
from ...appearance.props.base import Finish, PropMesh
from ...appearance.skin import SkinSurface
from ...appearance.texture import texels_at, texels_for
from ...geometry.camera import Camera
from ...geometry.noise import noise_tile
from ...geometry.sphere import mirrored_from
from ...geometry.surface import unit
from ...heads.base import Head
from ...other_python import find_other_python
from ...plan import IdentityPlan
from ..background import background
from ..base import HeadPose, RenderedView
from ..develop import develop, look_exposure
from ..raster import renderer as raster
from ..raster.mesh import Materials
from .paint import FACE_EDGE_MM, FineMesh, Vertices, below_neckline, paint_vertices

BPY = "4.5.15"
SAMPLES = 32
"""A pixel. With 16, the denoiser melts hair."""
SEED = 1
WORLD_ROWS = 64
PYTHON_VARIABLE = "PAIN3D_BPY_PYTHON"
LOCAL_PYTHON = Path(".venv-cycles/bin/python")
INSTALL = f"python3.11 -m venv .venv-cycles && .venv-cycles/bin/pip install bpy=={BPY}"
START_SECONDS = 120
TINT_GAMMA = 0.88
"""Lightens dark strands: they shade each other here, which the rasteriser's tints leave out of account."""


def find_python() -> str:
    """The Python that has bpy: $PAIN3D_BPY_PYTHON, else `.venv-cycles` in the current directory.

    Raises WorkFailed, with the line that installs it, where there is none.
    """
    return find_other_python(
        PYTHON_VARIABLE,
        LOCAL_PYTHON,
        "the renderer cycles needs a Python 3.11 with bpy",
        f"to install it: {INSTALL}",
    )


def seconds_allowed(size: int, samples: int) -> float:
    """After this a frame counts as hung: some 20 times what it takes one core."""
    return 300 + 600 * (size / 512) ** 2 * samples / 16


class Worker:
    """The Blender process. It ends with this one, however that ends."""

    def __init__(self, python: str) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="pain3d-cycles-"))
        self._log = self.directory / "log.txt"
        program = Path(__file__).with_name("worker")
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [python, "-I", str(program), str(self.directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=log, text=True, start_new_session=True,  # Ctrl-C is for this process; its end reaches the other
            )  # fmt: skip
        self.close = weakref.finalize(self, _close, self.process, self.directory)
        try:
            version = self._read(START_SECONDS)["bpy"]
        except WorkFailed as failure:
            raise WorkFailed(f"{python}: {failure}; to install bpy: {INSTALL}") from None
        if version.split()[0] != BPY:
            self.close()
            raise WorkFailed(f"{python} has bpy {version}; the renderer cycles needs {BPY}: {INSTALL}")

    def ask(self, request: dict, seconds: float) -> dict:
        """Sends a request and waits for its answer.

        Raises WorkFailed where Blender refuses, dies or takes longer than `seconds`.
        """
        if not self.close.alive:
            raise WorkFailed("Cycles has ended: it was closed, or the frame before this one failed")
        with contextlib.suppress(BrokenPipeError):  # it died: reading says so
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        answer = self._read(seconds)
        if "error" in answer:
            raise WorkFailed(f"Cycles failed: {answer['error']}")
        return answer

    def _read(self, seconds: float) -> dict:
        late = threading.Event()

        def stop() -> None:
            late.set()
            _kill(self.process)  # which ends the wait below

        timer = threading.Timer(seconds, stop)
        timer.daemon = True
        timer.start()
        try:
            line = self.process.stdout.readline()
        finally:
            timer.cancel()
        if line.endswith("\n"):
            return json.loads(line)
        code = self.process.wait()
        said = self._log.read_text(errors="replace").strip().splitlines()
        self.close()
        if late.is_set():
            raise WorkFailed(f"Cycles gave no answer in {seconds:g} s and was stopped")
        raise WorkFailed(f"Cycles ended with code {code}: {said[-1] if said else 'killed (out of memory?)'}")


def _kill(process: subprocess.Popen) -> None:
    """Ends it and what it started: it leads a process group of its own."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def _close(process: subprocess.Popen, directory: Path) -> None:
    _kill(process)  # it holds nothing worth saving
    process.wait()
    with contextlib.suppress(BrokenPipeError):  # what was still to be written
        process.stdin.close()
    process.stdout.close()
    shutil.rmtree(directory, ignore_errors=True)


class CyclesRenderer:
    """A `Renderer` that path-traces. `samples`: a pixel; without `denoise` the picture is grainy."""

    name = "cycles"

    def __init__(self, renderer: raster.RasterRenderer, samples: int = SAMPLES, denoise: bool = True) -> None:
        self._raster, self.samples, self.denoise = renderer, samples, denoise
        self._worker = Worker(find_python())
        self._fine = FineMesh.of(renderer.head.topology)

    def close(self) -> None:
        """Ends Blender; no frame can be made after this. Without it, Blender ends with this object or process."""
        self._worker.close()

    def pose(self, plan: IdentityPlan, look: Look, pose: HeadPose, seed: int) -> raster.Posed:
        """What all views of an expression share."""
        return self._raster.pose(plan, look, pose, seed)

    def render(self, posed: raster.Posed, look: Look, camera: Camera, noise: np.random.Generator) -> RenderedView:
        """One view: annotations by the rasteriser, colours by Cycles. `noise` gives the sensor noise."""
        annotated = self._raster.render(posed, look, camera, noise)
        light = self.trace(describe(self._fine, posed, look, camera), camera.size)
        seen = light[..., :3] + (1 - light[..., 3:]) * background(look.scene, camera, camera.size)
        twice = np.repeat(np.repeat(seen, 2, axis=0), 2, axis=1)  # `develop` averages 2 x 2
        return dataclasses.replace(annotated, rgb=develop(twice, look_exposure(look), noise, camera.plan.camera))

    def trace(self, scene: dict[str, np.ndarray], size: int) -> np.ndarray:
        """A scene of `describe` as (size, size, 4) float32, linear and premultiplied by its alpha."""
        directory = self._worker.directory
        request = {
            "scene": str(directory / "scene.npz"),
            "pixels": str(directory / "pixels.npy"),
            "size": size,
            "samples": self.samples,
            "seed": SEED,
            "denoise": self.denoise,
        }
        try:
            np.savez(request["scene"], **scene)
        except OSError as error:
            raise WorkFailed(f"cannot write {request['scene']}: {error.strerror}") from None
        self._worker.ask(request, seconds_allowed(size, self.samples))
        return np.load(request["pixels"])


def describe(fine: FineMesh, posed: raster.Posed, look: Look, camera: Camera) -> dict[str, np.ndarray]:
    """Everything that Cycles is told, as arrays: the refined and painted mesh, strands, lights and the camera.

    World mm and linear light; `worker/scene.py` reads the entries by their names.
    """
    texels = texels_for(look.texture, FACE_EDGE_MM)
    vertices = Vertices(
        normal=unit(fine.spread(posed.normals)),
        canonical=fine.spread(look.canonical),
        albedo=fine.spread(look.skin.albedo),
        surface=SkinSurface(*map(fine.spread, look.skin.surface)),
        wrinkles=fine.spread(posed.wrinkles),
        picture=texels_at(texels, fine.places),
    )
    materials = Materials(look.skin.detail, posed.eyes, look.garment, noise_tile(), texels)
    position = fine.spread(posed.dressed)
    painted = paint_vertices(fine, vertices, materials, unit(camera.position - position))
    light, garment = look.scene.light, look.garment
    data = {
        "position": position,
        "triangles": fine.triangles,
        "part": fine.part,
        "albedo": np.clip(painted.albedo, 0.001, 0.95),
        "relief": painted.relief,
        "canonical": vertices.canonical,
        "specular": 0.5 * vertices.surface.specular,
        "roughness": np.clip(painted.roughness, 0.2, 0.9),
        "below_neckline": below_neckline(vertices.canonical, garment),
        "garment_colour": garment.colour,
        "garment_weave": garment.weave,
        "garment_roughness": garment.roughness,
        "light_direction": light.direction,
        "light_colour": light.colour,
        "world": panorama(light),
        "camera_matrix": np.column_stack([camera.rotation.T, camera.position]),
        "fov": np.array(camera.plan.fov),
    }
    if posed.props is not None:
        data |= describe_props(posed.props)
    for k, strands in enumerate(posed.strands):
        name = f"{SEGMENTS[strands.code]}{k}"  # a beard is hair, too
        data |= {
            f"{name}_points": strands.points,
            f"{name}_tint": strands.tint**TINT_GAMMA,
            f"{name}_radius": strand_radius(strands),
        }
    return data


def panorama(light: Light) -> np.ndarray:
    """(WORLD_ROWS, 2 WORLD_ROWS, 3) float32 radiance of the surroundings around the head, as Blender reads an image of
    a world: columns run around the axis z, rows from -z to z."""
    around = np.pi * (1 - (np.arange(2 * WORLD_ROWS) + 0.5) / WORLD_ROWS)
    up = np.pi * ((np.arange(WORLD_ROWS) + 0.5) / WORLD_ROWS - 0.5)[:, None]
    directions = np.stack([np.cos(up) * np.cos(around), np.cos(up) * np.sin(around), np.sin(up) + 0 * around], axis=2)
    towards = (directions @ light.axes.T).reshape(-1, 3)
    seen = [mirrored_from(light.mirrored, direction, 0.0) for direction in towards]
    return np.float32(seen).reshape(WORLD_ROWS, 2 * WORLD_ROWS, 3)


def describe_props(props: PropMesh) -> dict[str, np.ndarray]:
    """The entries of `describe` for what is worn or lies around the head; the numbers of a finish are per triangle."""
    finish = dict(zip(Finish._fields, props.finish[props.which].T, strict=True))
    return {
        "prop_position": props.position,
        "prop_triangles": props.triangles,
        "prop_albedo": np.clip(props.albedo, 0.001, 0.95),
        "prop_rest": props.rest,
        **{f"prop_{name}": values for name, values in finish.items()},
    }


def strand_radius(strands: raster.Strands) -> np.ndarray:
    """(S, P) float32 mm, from the root to the tip, as the rasteriser draws strands."""
    share = np.linspace(0, 1, strands.points.shape[1], dtype=np.float32)
    return 0.5 * strands.width[:, None] * (1 - (1 - strands.tip) * share**2)


@functools.cache
def load(head: Head) -> CyclesRenderer:
    """The renderer of a head, with its Blender process, once a process."""
    return CyclesRenderer(raster.load(head))
