"""Materials as Blender's shader nodes."""

import bpy
import numpy as np

SCATTER_MM = (1.5, 0.70, 0.42)
"""Mean free path of red, green and blue light in skin; the rasteriser's `scattering.SIGMA_MM`."""
SKIN_IOR = 1.4


class Graph:
    """A shader's node tree, built by naming inputs."""

    def __init__(self, owner) -> None:
        owner.use_nodes = True
        self.tree = owner.node_tree
        self.tree.nodes.clear()

    def add(self, kind: str, _set: dict | None = None, **inputs):
        """A node. `_set`: its properties; `inputs`: values, or outputs that feed them, by name with _ for a space."""
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


def skin_material(colour: np.ndarray, weave: float, roughness: float):
    """Skin with scattering, and cloth below the neckline: its linear `colour` (3,), the contrast of its threads, and
    its roughness."""
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
    threads = graph.add("ShaderNodeTexNoise", Vector=place, Scale=0.9, Detail=2.0).outputs[0]
    thread = graph.add("ShaderNodeMapRange", Value=threads, To_Min=1 - 2 * weave, To_Max=1 + 2 * weave)
    hem = graph.add("ShaderNodeMapRange", {"interpolation_type": "SMOOTHSTEP"}, Value=below, To_Min=0.72)
    hem.inputs["From Max"].default_value = 2.5
    shade = graph.add("ShaderNodeMath", {"operation": "MULTIPLY"})
    graph.feed(shade.inputs[0], thread.outputs[0])
    graph.feed(shade.inputs[1], hem.outputs[0])
    bump = graph.add("ShaderNodeBump", Strength=0.35, Distance=0.4, Height=threads)
    shaded = graph.scale(tuple(map(float, colour)), shade.outputs[0])
    fabric = graph.add(
        "ShaderNodeBsdfPrincipled", Base_Color=shaded, Roughness=roughness, Specular_IOR_Level=0.1,
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


def prop_material():
    """Plastic, glass, metal or cloth, by the attributes of a mesh. Glass and clear plastic are thin: light goes through
    them straight on."""
    material, graph = _new_material("prop")
    weave = graph.attribute("weave", "Fac")
    threads = graph.add("ShaderNodeTexNoise", Vector=graph.attribute("rest", "Vector"), Scale=1.1, Detail=1.0)
    centred = graph.add("ShaderNodeMath", {"operation": "MULTIPLY_ADD"})
    for socket, value in zip(centred.inputs, (threads.outputs[0], 2.0, -1.0), strict=True):
        graph.feed(socket, value)
    shade = graph.add("ShaderNodeMath", {"operation": "MULTIPLY_ADD"})
    for socket, value in zip(shade.inputs, (weave, centred.outputs[0], 1.0), strict=True):
        graph.feed(socket, value)
    bump = graph.add("ShaderNodeBump", Strength=weave, Distance=0.5, Height=threads.outputs[0])
    surface = graph.add(
        "ShaderNodeBsdfPrincipled", Base_Color=graph.scale(graph.attribute("albedo", "Color"), shade.outputs[0]),
        Roughness=graph.attribute("roughness", "Fac"), Metallic=graph.attribute("metal", "Fac"),
        Specular_IOR_Level=graph.attribute("specular", "Fac"), Normal=bump.outputs[0],
    )  # fmt: skip
    through = graph.add("ShaderNodeBsdfTransparent")
    both = graph.add("ShaderNodeMixShader", Fac=graph.attribute("opacity", "Fac"))
    graph.feed(both.inputs[1], through.outputs[0])
    graph.feed(both.inputs[2], surface.outputs[0])
    graph.finish("ShaderNodeOutputMaterial", both.outputs[0])
    return material
