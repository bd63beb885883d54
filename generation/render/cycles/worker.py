"""Renders scenes with Blender's Cycles. Runs alone, in the Python of an environment that has bpy (see docs/cycles.md).

It imports only bpy, numpy and the standard library: bpy is under the GPL and wants numpy < 2, so it shares neither
process nor environment with the rest of the package. `renderer.py` starts it as `PYTHON -I worker.py DIRECTORY`.

Protocol, JSON lines: it says {"bpy": version} once; then each request on stdin {"scene": FILE.npz, "pixels": FILE.npy,
"size", "samples", "seed", "denoise"} is answered on stdout by {"done": FILE.npy} or {"error": line}. The answer is
(size, size, 4) float32, linear, colour premultiplied by the alpha, first row on top. DIRECTORY goes when stdin ends.
"""

import json
import os
import queue
import shutil
import sys
import threading
from pathlib import Path

ANSWERS = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)  # Blender talks on stdout: keep it out of the protocol

import bpy  # noqa: E402
import numpy as np  # noqa: E402
from mathutils import Matrix  # noqa: E402  (a part of bpy)

SUN_DEGREES = (9.0, 30.0, 14.0)
"""Apparent diameter of the key, fill and rim light: soft boxes, not points."""
SCATTER_MM = (1.5, 0.70, 0.42)
"""Mean free path of red, green and blue light in skin; the rasteriser's `scattering.SIGMA_MM`."""
SKIN_IOR = 1.4


def main() -> None:
    requests: queue.SimpleQueue = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    _answer({"bpy": bpy.app.version_string})
    while True:
        request = requests.get()
        try:
            render(request)
            _answer({"done": request["pixels"]})
        except (RuntimeError, OSError, MemoryError) as error:  # Blender refuses, a full disk; the rest is a bug: die
            _answer({"error": f"{type(error).__name__}: {error}".splitlines()[0]})


def _listen(requests: queue.SimpleQueue) -> None:
    """Ends the process with its parent, even in the middle of a frame."""
    for line in sys.stdin:
        requests.put(json.loads(line))
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    os._exit(0)


def _answer(value: dict) -> None:
    print(json.dumps(value), file=ANSWERS)


def render(request: dict) -> None:
    """One frame, from nothing: no frame depends on the one before."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    data = np.load(request["scene"], allow_pickle=False)
    scene = bpy.context.scene
    materials = [skin_material(data["cloth"]), eye_material(), wet_material(0.30, 0.4), wet_material(0.42, 0.6)]
    add_mesh(scene, data, materials)
    for name in sorted(k.removesuffix("_points") for k in data.files if k.endswith("_points")):
        add_strands(scene, name, data[f"{name}_points"], data[f"{name}_tint"], data[f"{name}_radius"])
    for direction, colour, degrees in zip(data["light_direction"], data["light_colour"], SUN_DEGREES, strict=True):
        add_sun(scene, direction, colour, degrees)
    add_world(scene, data["sky"], data["ground"])
    add_camera(scene, data["camera_matrix"], float(data["fov"]))
    configure(scene, request)
    picture = Path(request["pixels"]).with_suffix(".exr")
    scene.render.filepath = str(picture)
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(str(picture))
    size = request["size"]
    pixels = np.empty(4 * size * size, np.float32)
    image.pixels.foreach_get(pixels)
    np.save(request["pixels"], pixels.reshape(size, size, 4)[::-1])
    picture.unlink()


def configure(scene, request: dict) -> None:
    """Everything that decides the pixels, so that they are the same again: CPU, fixed seed, fixed samples."""
    scene.render.engine = "CYCLES"
    scene.render.resolution_x = scene.render.resolution_y = request["size"]
    scene.render.resolution_percentage = 100
    scene.render.film_transparent = True
    scene.render.use_compositing = scene.render.use_sequencer = False
    settings = scene.render.image_settings
    settings.file_format, settings.color_mode, settings.color_depth = "OPEN_EXR", "RGBA", "32"
    scene.render.threads_mode = "FIXED"
    scene.render.threads = int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)
    cycles = scene.cycles
    cycles.device, cycles.feature_set = "CPU", "SUPPORTED"
    cycles.samples, cycles.seed = request["samples"], request["seed"]
    cycles.use_adaptive_sampling = cycles.use_animated_seed = False
    cycles.use_denoising = request["denoise"]
    cycles.denoiser, cycles.denoising_input_passes = "OPENIMAGEDENOISE", "RGB_ALBEDO_NORMAL"
    cycles.denoising_prefilter, cycles.denoising_use_gpu = "ACCURATE", False
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces, cycles.transmission_bounces = 8, 3, 3, 8
    cycles.sample_clamp_indirect = 4.0
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.filter_width = 1.2
    scene.cycles_curves.shape, scene.cycles_curves.subdivisions = "RIBBONS", 3


def add_mesh(scene, data, materials: list):
    """The refined head: `position` (V, 3) mm, `triangles` (T, 3), `part` (T,) index into `materials`."""
    position, triangles = data["position"], data["triangles"]
    mesh = bpy.data.meshes.new("head")
    mesh.vertices.add(len(position))
    mesh.vertices.foreach_set("co", position.ravel())
    mesh.loops.add(triangles.size)
    mesh.loops.foreach_set("vertex_index", triangles.ravel())
    mesh.polygons.add(len(triangles))
    mesh.polygons.foreach_set("loop_start", np.arange(0, triangles.size, 3, dtype=np.int32))
    for material in materials:
        mesh.materials.append(material)
    mesh.polygons.foreach_set("material_index", data["part"].astype(np.int32))
    opaque = np.ones((len(position), 1), np.float32)
    set_attribute(mesh, "albedo", "FLOAT_COLOR", "POINT", np.concatenate([data["albedo"], opaque], axis=1))
    for name in ("relief", "canonical"):
        set_attribute(mesh, name, "FLOAT_VECTOR", "POINT", data[name])
    for name in ("specular", "roughness", "below_neckline"):
        set_attribute(mesh, name, "FLOAT", "POINT", data[name])
    mesh.update()
    scene.collection.objects.link(bpy.data.objects.new("head", mesh))


def add_strands(scene, name: str, points: np.ndarray, tint: np.ndarray, radius: np.ndarray) -> None:
    """Strands (S, P, 3) mm of colour `tint` (S, 3); `radius` (2,) mm at root and tip."""
    count, each = points.shape[:2]
    curves = bpy.data.hair_curves.new(name)
    curves.add_curves([each] * count)
    curves.attributes["position"].data.foreach_set("vector", points.ravel())
    taper = np.linspace(radius[0], radius[1], each, dtype=np.float32)
    set_attribute(curves, "radius", "FLOAT", "POINT", np.tile(taper, count))
    set_attribute(curves, "tint", "FLOAT_COLOR", "CURVE", np.concatenate([tint, np.ones((count, 1))], axis=1))
    curves.materials.append(hair_material())
    scene.collection.objects.link(bpy.data.objects.new(name, curves))


def set_attribute(owner, name: str, kind: str, domain: str, values: np.ndarray) -> None:
    attribute = owner.attributes.get(name) or owner.attributes.new(name, kind, domain)
    field = {"FLOAT_COLOR": "color", "FLOAT_VECTOR": "vector", "FLOAT": "value"}[kind]
    attribute.data.foreach_set(field, np.ascontiguousarray(values, np.float32).ravel())


def add_sun(scene, direction: np.ndarray, colour: np.ndarray, degrees: float) -> None:
    """The rasteriser's light of colour c shows white paper facing it as c; that is an irradiance of pi c."""
    light = bpy.data.lights.new("light", "SUN")
    strength = float(colour.max())
    light.energy, light.angle = np.pi * strength, np.radians(degrees)
    light.color = (colour / max(strength, 1e-6)).tolist()
    lamp = bpy.data.objects.new("light", light)
    back = direction / np.linalg.norm(direction)  # lamps shine along their -z
    right = np.cross([0.0, 1.0, 0.0] if abs(back[1]) < 0.9 else [1.0, 0.0, 0.0], back)
    right /= np.linalg.norm(right)
    lamp.matrix_world = _matrix(np.stack([right, np.cross(back, right), back], axis=1), np.zeros(3))
    scene.collection.objects.link(lamp)


def _matrix(rotation: np.ndarray, place: np.ndarray):
    return Matrix(np.block([[rotation, place[:, None]], [np.zeros((1, 3)), np.ones((1, 1))]]).tolist())


def add_camera(scene, matrix: np.ndarray, fov: float) -> None:
    """`matrix` (3, 4): columns right, up, back and the pinhole, mm; `fov` in degrees."""
    camera = bpy.data.cameras.new("camera")
    camera.sensor_fit, camera.angle = "HORIZONTAL", np.radians(fov)
    camera.clip_start, camera.clip_end = 1.0, 20_000.0
    holder = bpy.data.objects.new("camera", camera)
    holder.matrix_world = _matrix(matrix[:, :3], matrix[:, 3])
    scene.collection.objects.link(holder)
    scene.camera = holder


def add_world(scene, sky: np.ndarray, ground: np.ndarray) -> None:
    """Half a sphere of `sky` above half a sphere of `ground`: what the rasteriser's ambient term integrates."""
    scene.world = bpy.data.worlds.new("world")
    graph = Graph(scene.world)
    up = graph.add("ShaderNodeSeparateXYZ", Vector=graph.add("ShaderNodeTexCoord").outputs["Generated"]).outputs["Y"]
    share = graph.ramp(up, -0.25, 0.25)
    colour = graph.mix(share, (*ground, 1.0), (*sky, 1.0))
    surface = graph.add("ShaderNodeBackground", Color=colour)
    graph.finish("ShaderNodeOutputWorld", surface.outputs[0])


class Graph:
    """A shader's node tree, built by naming inputs."""

    def __init__(self, owner) -> None:
        owner.use_nodes = True
        self.tree = owner.node_tree
        self.tree.nodes.clear()

    def add(self, kind: str, _set: dict | None = None, **inputs):
        """A node. `_set` are its properties; `inputs` by name (_ for a space) are values or the outputs that feed
        it."""
        node = self.tree.nodes.new(kind)
        for name, value in (_set or {}).items():
            setattr(node, name, value)
        for name, value in inputs.items():
            self.feed(node.inputs[name.replace("_", " ")], value)
        return node

    def feed(self, socket, value) -> None:
        if isinstance(value, bpy.types.NodeSocket):
            self.tree.links.new(value, socket)
        else:
            socket.default_value = value

    def attribute(self, name: str, output: str):
        return self.add("ShaderNodeAttribute", {"attribute_name": name}).outputs[output]

    def normal(self, name: str):
        """A vector attribute as a unit normal."""
        vector = self.attribute(name, "Vector")
        return self.add("ShaderNodeVectorMath", {"operation": "NORMALIZE"}, Vector=vector).outputs[0]

    def ramp(self, value, low: float, high: float):
        """0 below `low`, 1 above `high`, smooth between."""
        node = self.add("ShaderNodeMapRange", {"interpolation_type": "SMOOTHSTEP"}, Value=value)
        node.inputs["From Min"].default_value, node.inputs["From Max"].default_value = low, high
        return node.outputs["Result"]

    def scale(self, colour, factor):
        node = self.add("ShaderNodeVectorMath", {"operation": "SCALE"}, Scale=factor)
        self.feed(node.inputs[0], colour)
        return node.outputs[0]

    def mix(self, factor, a, b):
        node = self.add("ShaderNodeMix", {"data_type": "RGBA"})
        for index, value in ((0, factor), (6, a), (7, b)):
            self.feed(node.inputs[index], value)
        return node.outputs[2]

    def finish(self, kind: str, shader) -> None:
        self.tree.links.new(shader, self.add(kind).inputs["Surface"])


def _new_material(name: str):
    material = bpy.data.materials.new(name)
    return material, Graph(material)


def skin_material(cloth: np.ndarray):
    """Skin with scattering, and cloth below the neckline. `cloth` (21,): see `render.cloth.COLUMNS`."""
    material, graph = _new_material("skin")
    skin = graph.add(
        "ShaderNodeBsdfPrincipled", {"subsurface_method": "RANDOM_WALK"},
        Base_Color=graph.attribute("albedo", "Color"), Normal=graph.normal("relief"), IOR=SKIN_IOR,
        Roughness=graph.attribute("roughness", "Fac"), Specular_IOR_Level=graph.attribute("specular", "Fac"),
        Coat_Weight=0.22, Coat_Roughness=0.28, Coat_IOR=1.4, Coat_Normal=graph.normal("relief"),
        Subsurface_Weight=1.0, Subsurface_Radius=SCATTER_MM, Subsurface_Scale=1.0,
    )  # fmt: skip
    below = graph.attribute("below_neckline", "Fac")
    place = graph.attribute("canonical", "Vector")
    weave = graph.add("ShaderNodeTexNoise", Vector=place, Scale=0.9, Detail=2.0).outputs[0]
    thread = graph.add("ShaderNodeMapRange", Value=weave, To_Min=1 - 2 * cloth[6], To_Max=1 + 2 * cloth[6])
    hem = graph.add("ShaderNodeMapRange", {"interpolation_type": "SMOOTHSTEP"}, Value=below, To_Min=0.72)
    hem.inputs["From Max"].default_value = 2.5
    shade = graph.add("ShaderNodeMath", {"operation": "MULTIPLY"})
    graph.feed(shade.inputs[0], thread.outputs[0])
    graph.feed(shade.inputs[1], hem.outputs[0])
    bump = graph.add("ShaderNodeBump", Strength=0.35, Distance=0.4, Height=weave)
    colour = graph.scale(tuple(map(float, cloth[:3])), shade.outputs[0])
    fabric = graph.add(
        "ShaderNodeBsdfPrincipled", Base_Color=colour, Roughness=float(cloth[7]), Specular_IOR_Level=0.1,
        Sheen_Weight=0.03, Normal=bump.outputs[0],
    )  # fmt: skip
    both = graph.add("ShaderNodeMixShader", Fac=graph.ramp(below, 0.0, 0.4))
    graph.feed(both.inputs[1], skin.outputs[0])
    graph.feed(both.inputs[2], fabric.outputs[0])
    graph.finish("ShaderNodeOutputMaterial", both.outputs[0])
    return material


def eye_material():
    """Painted ball under a wet, bulging cornea."""
    material, graph = _new_material("eye")
    cornea = graph.normal("relief")
    ball = graph.add(
        "ShaderNodeBsdfPrincipled", Base_Color=graph.attribute("albedo", "Color"), Roughness=0.12, Normal=cornea,
        Subsurface_Weight=0.25, Subsurface_Radius=(1.0, 0.6, 0.5), Subsurface_Scale=1.0,
        Coat_Weight=1.0, Coat_IOR=1.376, Coat_Roughness=0.08, Coat_Normal=cornea,
    )  # fmt: skip
    graph.finish("ShaderNodeOutputMaterial", ball.outputs[0])
    return material


def wet_material(roughness: float, scatter: float):
    """Teeth and tongue."""
    material, graph = _new_material("wet")
    surface = graph.add(
        "ShaderNodeBsdfPrincipled", Base_Color=graph.attribute("albedo", "Color"), Roughness=roughness,
        Subsurface_Weight=scatter, Subsurface_Radius=(1.0, 0.7, 0.5), Subsurface_Scale=1.0,
    )  # fmt: skip
    graph.finish("ShaderNodeOutputMaterial", surface.outputs[0])
    return material


def hair_material():
    """A glossy opaque cylinder. Blender's hair BSDF bleaches dark hair: too few strands, each too thick, shade it."""
    material, graph = _new_material("hair")
    strand = graph.add(
        "ShaderNodeBsdfPrincipled", Base_Color=graph.attribute("tint", "Color"), Roughness=0.38,
        Specular_IOR_Level=0.1,
    )  # fmt: skip
    graph.finish("ShaderNodeOutputMaterial", strand.outputs[0])
    return material


if __name__ == "__main__":
    main()
