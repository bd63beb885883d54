"""Reads a mesh with the pictures of its material (albedo, metallic and roughness) from binary glTF."""

import base64
import io
import struct
from dataclasses import dataclass

import numpy as np
from PIL import Image

from dataset_script.errors import InvalidInput
from dataset_script.rows import DAMAGED_PICTURE, why_damaged

from .accessors import Arrays
from .glb import Piece, open_glb, pieces

SIDES = (64, 8192)
"""Fewest and most pixels along each side of a map."""
GAMMA = 1 / 2.2
"""What a PNG of sRGB says of itself, if it says anything."""
_OUTSIDE = 1e-3


@dataclass(frozen=True)
class PaintedMesh:
    """A mesh and its maps; row 0 of a map is its top.

    Attributes:
        corners: (T, 3, 3) of each triangle, in scene coordinates.
        places: (T, 3, 2) float32 of these in the maps: 0-1, x to the right and y up.
        albedo: (H, W, 3) uint8 sRGB.
        roughness, metallic: (H', W') uint8, linear.
    """

    corners: np.ndarray
    places: np.ndarray
    albedo: np.ndarray
    roughness: np.ndarray
    metallic: np.ndarray


def read_painted_glb(content: bytes) -> PaintedMesh:
    """The mesh of a file, which has one material.

    Raises InvalidInput where the file is no such mesh, or a map is missing, of another size or another colour space;
    the message goes on after "the file".
    """
    try:
        scene, arrays = open_glb(content)
        found = list(pieces(scene, arrays))
        if not sum(len(piece.triangles) for piece in found):
            raise InvalidInput("has no triangles")
        colour, material = _textures(scene, found)
        places = np.concatenate([_places(piece, colour, arrays) for piece in found])
        albedo = _picture(scene, arrays, colour, "baseColorTexture")
        packed = _picture(scene, arrays, material["metallicRoughnessTexture"], "metallicRoughnessTexture")
    except InvalidInput:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, struct.error) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InvalidInput(f"cannot be read as glb: {reason}") from error
    corners = np.concatenate([piece.vertices[piece.triangles] for piece in found])
    roughness = (packed[..., 1] * float(material.get("roughnessFactor", 1))).round().astype(np.uint8)
    metallic = (packed[..., 2] * float(material.get("metallicFactor", 1))).round().astype(np.uint8)
    return PaintedMesh(corners, places, albedo, roughness, metallic)


def _textures(scene: dict, found: list[Piece]) -> tuple[dict, dict]:
    """The base colour's texture, and the description of the material that all pieces share."""
    numbers = {piece.primitive.get("material") for piece in found}
    if len(numbers) > 1 or None in numbers:
        raise InvalidInput(f"has {len(numbers - {None})} materials and parts without one; allowed is one for all parts")
    material = scene["materials"][numbers.pop()].get("pbrMetallicRoughness", {})
    for name in ("baseColorTexture", "metallicRoughnessTexture"):
        if name not in material:
            raise InvalidInput(f"has no {name}")
        if "KHR_texture_transform" in material[name].get("extensions", {}):
            raise InvalidInput(f"moves its {name} (KHR_texture_transform): export it without")
    colour, packed = material["baseColorTexture"], material["metallicRoughnessTexture"]
    if colour.get("texCoord", 0) != packed.get("texCoord", 0):
        raise InvalidInput("has other texture coordinates for its colours than for its roughness")
    if (factor := material.get("baseColorFactor", [1, 1, 1, 1])) != [1, 1, 1, 1]:
        raise InvalidInput(f"has a baseColorFactor of {factor}; allowed is 1 throughout: the map is the albedo")
    return colour, material


def _places(piece: Piece, texture: dict, arrays: Arrays) -> np.ndarray:
    """(T, 3, 2) float32 where the corners of a piece lie in the maps, y up."""
    name = f"TEXCOORD_{texture.get('texCoord', 0)}"
    if name not in piece.primitive["attributes"]:
        raise InvalidInput(f"has no {name}: its maps have no place on the mesh")
    places = arrays.floats(piece.primitive["attributes"][name])
    wrong = ~((places >= -_OUTSIDE) & (places <= 1 + _OUTSIDE))
    if wrong.any():
        raise InvalidInput(f"has texture coordinates of {places[wrong][0]:g}; allowed are 0 to 1")
    return np.column_stack([places[:, 0], 1 - places[:, 1]])[piece.triangles].astype(np.float32)


def _picture(scene: dict, arrays: Arrays, texture: dict, name: str) -> np.ndarray:
    """(H, W, 3) uint8 of a texture."""
    image = scene["images"][scene["textures"][texture["index"]]["source"]]
    if "bufferView" in image:
        content = arrays.view(image["bufferView"])
    elif image.get("uri", "").startswith("data:"):
        content = base64.b64decode(image["uri"].partition(",")[2])
    else:
        raise InvalidInput(f"keeps its {name} in another file: export it as one .glb")
    try:
        with Image.open(io.BytesIO(content)) as picture:
            wide, high = picture.size
            if not (SIDES[0] <= min(wide, high) and max(wide, high) <= SIDES[1]):
                raise InvalidInput(
                    f"has a {name} of {wide} x {high} pixels; allowed are {SIDES[0]} to {SIDES[1]} along each side"
                )
            if picture.mode not in ("RGB", "RGBA"):
                raise InvalidInput(f"has a {name} of mode {picture.mode}; allowed is RGB of 8 bits")
            if abs(picture.info.get("gamma", GAMMA) - GAMMA) > 0.01:
                raise InvalidInput(f"has a {name} with a gamma of {picture.info['gamma']}; allowed is that of sRGB")
            return np.asarray(picture.convert("RGB"))
    except InvalidInput:
        raise
    except DAMAGED_PICTURE as error:
        raise InvalidInput(f"has a {name} that cannot be read: {why_damaged(error)}") from None
