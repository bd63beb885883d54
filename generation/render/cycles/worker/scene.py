"""A scene of `renderer.describe`, handed to Blender: mesh, strands, lights, camera and settings."""

import os
from pathlib import Path

import bpy
import numpy as np
from materials import Graph, eye_material, hair_material, prop_material, skin_material, wet_material
from mathutils import Matrix  # a part of bpy

SUN_DEGREES = (9.0, 30.0, 14.0)
"""Apparent diameter of the key, fill and rim light: soft boxes, not points."""


BPY = bpy.app.version_string


def render(request: dict) -> None:
    """One frame, from nothing: no frame depends on the one before. `request`: see `__main__`."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    build(scene, np.load(request["scene"], allow_pickle=False))
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


def build(scene, data) -> None:
    """Fills an empty scene with `data`, the entries of `renderer.describe` by name."""
    skin = skin_material(data["garment_colour"], float(data["garment_weave"]), float(data["garment_roughness"]))
    add_mesh(scene, data, [skin, eye_material(), wet_material(0.30, 0.4), wet_material(0.42, 0.6)])
    if "prop_position" in data.files:
        add_props(scene, data)
    for name in sorted(k.removesuffix("_points") for k in data.files if k.endswith("_points")):
        add_strands(scene, name, data[f"{name}_points"], data[f"{name}_tint"], data[f"{name}_radius"])
    for direction, colour, degrees in zip(data["light_direction"], data["light_colour"], SUN_DEGREES, strict=True):
        add_sun(scene, direction, colour, degrees)
    add_world(scene, data["world"])
    add_camera(scene, data["camera_matrix"], float(data["fov"]))


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
    position = data["position"]
    mesh = new_mesh("head", position, data["triangles"])
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


def new_mesh(name: str, position: np.ndarray, triangles: np.ndarray):
    """A mesh without materials of `position` (V, 3) mm and `triangles` (T, 3)."""
    mesh = bpy.data.meshes.new(name)
    mesh.vertices.add(len(position))
    mesh.vertices.foreach_set("co", position.ravel())
    mesh.loops.add(triangles.size)
    mesh.loops.foreach_set("vertex_index", triangles.ravel())
    mesh.polygons.add(len(triangles))
    mesh.polygons.foreach_set("loop_start", np.arange(0, triangles.size, 3, dtype=np.int32))
    return mesh


def add_props(scene, data) -> None:
    """What is worn or lies around the head: `prop_position` (P, 3) mm, `prop_triangles` (Q, 3), the colour of vertices
    and the finish of triangles."""
    position = data["prop_position"]
    mesh = new_mesh("props", position, data["prop_triangles"])
    mesh.materials.append(prop_material())
    mesh.shade_smooth()
    opaque = np.ones((len(position), 1), np.float32)
    set_attribute(mesh, "albedo", "FLOAT_COLOR", "POINT", np.concatenate([data["prop_albedo"], opaque], axis=1))
    set_attribute(mesh, "rest", "FLOAT_VECTOR", "POINT", data["prop_rest"])
    for name in ("roughness", "specular", "metal", "opacity", "weave"):
        set_attribute(mesh, name, "FLOAT", "FACE", data[f"prop_{name}"])
    mesh.update()
    scene.collection.objects.link(bpy.data.objects.new("props", mesh))


def add_strands(scene, name: str, points: np.ndarray, tint: np.ndarray, radius: np.ndarray) -> None:
    """Strands (S, P, 3) mm of colour `tint` (S, 3) and `radius` (S, P) mm."""
    count, each = points.shape[:2]
    curves = bpy.data.hair_curves.new(name)
    curves.add_curves([each] * count)
    curves.attributes["position"].data.foreach_set("vector", points.ravel())
    set_attribute(curves, "radius", "FLOAT", "POINT", radius)
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


def add_world(scene, panorama: np.ndarray) -> None:
    """Surroundings (H, W, 3), as `renderer.panorama` gives them."""
    rows, columns = panorama.shape[:2]
    image = bpy.data.images.new("world", columns, rows, float_buffer=True, is_data=True)
    opaque = np.ones((rows, columns, 1), np.float32)
    image.pixels.foreach_set(np.concatenate([panorama, opaque], axis=2).ravel())
    scene.world = bpy.data.worlds.new("world")
    graph = Graph(scene.world)
    colour = graph.add("ShaderNodeTexEnvironment", {"image": image}).outputs["Color"]
    surface = graph.add("ShaderNodeBackground", Color=colour)
    graph.finish("ShaderNodeOutputWorld", surface.outputs[0])
