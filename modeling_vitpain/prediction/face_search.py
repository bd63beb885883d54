"""Faces of any tilt, size and brightness, found by YuNet in a picture.

YuNet was trained on heads that are upright, lit, and 10 to 300 pixels high, and its points lean towards upright: it is
shown the picture at several sizes, in the dark with its grey levels stretched, and turned where nothing was found
upright. Each face is then seen again, alone, at one size and upright, which gives its score, box and pose.
Where all faces are wanted, it is shown turned in any case, for those who lie beside those who stand, and the tiles of a
large picture are searched too, each as a picture of its own.
"""

import itertools
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from .face_levels import CROP, FACE, Levels, Place
from .face_tiles import Tile, tiles_of
from .faces import Face, NoFace, by_prominence
from .media import InputImage
from .yunet import Sighting, YuNet

_FACE_SCORE = 0.75
"""An upright face scores .93, textures and objects up to .7 (`python -m benchmarks.face_finder`)."""

_SURELY = 0.85
"""Of a face that is turned where others are upright: what is drawn on cloth and cups is seen turned, too."""

_SURE = 0.9
"""Above this a face is turned by less than half a right angle, or stands on its head."""

_ROUNDS, _STILL = 8, 2.0
"""A face is turned upright until the turn left is below so many degrees, at most so many times."""

_UPRIGHT = 20.0
"""Degrees within which the points of a face say how wide it is."""

BOX_WIDTH = 0.7
"""Of a `face_box`, in units of its height: .68 seen from the front, .71 from the side."""

_SAME = 0.5
"""Two faces whose centres are nearer than this, in sides of the larger, are one."""

_CROWD = 5000
"""Candidates in a picture of which all faces are wanted: otherwise 100, which are those of about 25 faces."""


class YuNetFaces:
    """The faces that YuNet finds.

    Args:
        weights: its ONNX file.
        all_faces: whether the small faces of a large picture, and of a crowd, are wanted too, which takes longer; the
            main face is found without.

    Raises:
        InvalidInput: the weights are of something else.
    """

    def __init__(self, weights: Path, all_faces: bool = False):
        self._all_faces = all_faces
        self._net = YuNet(weights, _CROWD) if all_faces else YuNet(weights)

    def find(self, picture: InputImage) -> list[Face]:
        """See `FaceFinder`."""
        image = picture.image
        faces = self._of_whole(image)
        if self._all_faces:
            for tile in tiles_of(image.size):
                faces += self._of_tile(image, tile, faces)
        if not faces:
            raise NoFace("no face found")
        return by_prominence(faces, image.size)

    def _of_whole(self, image: Image.Image) -> list[Face]:
        levels = Levels(image)
        for equalised, places in self._places(levels):
            seen = [face for place in places if (face := self._seen_again(levels, place, equalised)) is not None]
            if seen:
                return _distinct(seen + self._turned_beside(levels, seen, equalised) if self._all_faces else seen)
        return []

    def _turned_beside(self, levels: Levels, known: list[Face], equalised: bool) -> list[Face]:
        """The faces that are seen in the turned picture alone, surely ones."""
        places = self._turned_places(levels, (320, 640), equalised)
        seen = [self._seen_again(levels, place, equalised) for place in places if _is_new(place, known)]
        return [face for face in seen if face is not None and face.score >= _SURELY]

    def _of_tile(self, image: Image.Image, tile: Tile, known: list[Face]) -> list[Face]:
        """The upright faces that belong to a tile, without those that are `known`."""
        levels = Levels(image.crop(tile.box))
        seen = []
        for place in self._upright_places(levels, (640,)):
            there = replace(place, x=place.x + tile.box[0], y=place.y + tile.box[1])
            if tile.holds(there.x, there.y, there.side) and _is_new(there, known):
                face = self._seen_again(levels, place, False)
                seen += [face.moved(tile.box[0], tile.box[1])] if face is not None else []
        return [face for face in _distinct(seen) if _is_new(face, known)]

    def _places(self, levels: Levels):
        """Where faces may be, one way of looking after the other: whether levels are equalised, and the places."""
        yield False, self._upright_places(levels, (320, 640))
        yield False, self._turned_places(levels, (320,), False)
        yield True, self._upright_places(levels, (320, 640), True)
        yield True, self._turned_places(levels, (320,), True)
        yield False, self._upright_places(levels, (1280,))

    def _upright_places(self, levels: Levels, sides: tuple[int, ...], equalised: bool = False) -> list[Place]:
        found: list[Place] = []
        for side in {min(side, levels.stored) for side in sides}:
            pixels, scale = levels.at(side, equalised)
            found += [
                Place(seen.x / scale, seen.y / scale, seen.side / scale, 0.0, seen.score)
                for seen in self._net.see(pixels)
            ]
        return _distinct(found)

    def _turned_places(self, levels: Levels, sides: tuple[int, ...], equalised: bool) -> list[Place]:
        found: list[Place] = []
        for side, quarters in itertools.product({min(side, levels.stored) for side in sides}, (1, 2, 3)):
            pixels, scale = levels.at(side, equalised)
            height, width = pixels.shape[:2]
            for seen in self._net.see(np.rot90(pixels, quarters)):  # against the clock, as faces turned with it need
                x, y = seen.x, seen.y
                x, y = {1: (width - y, x), 2: (width - x, height - y), 3: (y, height - x)}[quarters]
                found.append(Place(x / scale, y / scale, seen.side / scale, 90.0 * quarters, seen.score))
        return _distinct(found)

    def _seen_again(self, levels: Levels, place: Place, equalised: bool) -> Face | None:
        """The face at a place, seen alone, upright and at one size; None where it is none."""
        if place.score < _SURE:
            turns = [replace(place, tilt=place.tilt + turn) for turn in range(0, 360, 45)]
            scored = [(self._nearest(levels, turn, equalised), turn) for turn in turns]
            place = max(scored, key=lambda pair: pair[0].score if pair[0] else 0.0)[1]
        place, seen = self._settled(levels, place, equalised)
        if seen is None:
            return None
        on_its_head = replace(place, tilt=place.tilt + 180)
        other = self._nearest(levels, on_its_head, equalised)
        if other is not None and other.score > seen.score:
            turned, again = self._settled(levels, on_its_head, equalised)
            place, seen = (turned, again) if again is not None else (place, seen)
        if seen.score < _FACE_SCORE:
            return None
        half, across = place.side / 2, BOX_WIDTH * place.side / 2
        tilt = (place.tilt + 180.0) % 360.0 - 180.0
        box = (place.x - across, place.y - half, place.x + across, place.y + half)
        reach = self._reach(levels, place, equalised)
        return Face(box, tilt, seen.score, float(seen.pose[0]), float(seen.pose[1]), tilt, reach)

    def _reach(self, levels: Levels, place: Place, equalised: bool) -> tuple[float, float] | None:
        """How far a face near the picture's edge reaches from the middle of its box; None: not seen, or not near.

        It is seen without the black around the picture, which moves the points that tell.
        """
        if levels.holds(place):
            return None
        quarters = round(place.tilt / 90)
        if abs(place.tilt - 90 * quarters) > _UPRIGHT:
            return None
        pixels, (x, y), zoom = levels.inside(place, equalised)
        height, width = pixels.shape[:2]
        x, y = ((x, y), (y, width - x), (width - x, height - y), (height - y, x))[quarters % 4]
        found = self._net.see(np.rot90(pixels, quarters % 4))
        seen = next((seen for seen in found if math.hypot(seen.x - x, seen.y - y) < FACE / 2), None)
        if seen is None:
            return None
        left, right = seen.reach
        return (left + x - seen.x) / zoom, (right + seen.x - x) / zoom

    def _settled(self, levels: Levels, place: Place, equalised: bool) -> tuple[Place, Sighting | None]:
        """A place, moved and turned until the face in it is upright in the middle, and what is seen there last."""
        for _ in range(_ROUNDS):
            seen = self._nearest(levels, place, equalised)
            if seen is None:
                return place, None
            place = _moved(place, seen)
            if abs(seen.pose[2]) < _STILL:
                break
        return place, seen

    def _nearest(self, levels: Levels, place: Place, equalised: bool) -> Sighting | None:
        """The surest face in the middle of what is around a place."""
        pixels = levels.around(place, equalised)
        middle = CROP / 2
        found = self._net.see(pixels)
        return next((seen for seen in found if math.hypot(seen.x - middle, seen.y - middle) < FACE / 2), None)


def _moved(place: Place, seen: Sighting) -> Place:
    """A place, corrected by what was seen in the crop around it."""
    unit = place.side / FACE
    x, y = (seen.x - CROP / 2) * unit, (seen.y - CROP / 2) * unit
    sine, cosine = math.sin(math.radians(place.tilt)), math.cos(math.radians(place.tilt))
    return Place(
        place.x + cosine * x - sine * y,
        place.y + sine * x + cosine * y,
        seen.side * unit,
        place.tilt + float(seen.pose[2]),
        seen.score,
    )


def _distinct(found: list) -> list:
    """Places or faces without those that are another's, the surest kept."""
    kept: list = []
    for one in sorted(found, key=lambda one: -one.score):
        if _is_new(one, kept):
            kept.append(one)
    return kept


def _is_new(one: Place | Face, known: list) -> bool:
    return all(_apart(one, other) for other in known)


def _apart(one, other) -> bool:
    (x, y), (u, v) = (_middle(one), _middle(other))
    return math.hypot(x - u, y - v) > _SAME * max(one.side, other.side)


def _middle(one: Place | Face) -> tuple[float, float]:
    return one.centre if isinstance(one, Face) else (one.x, one.y)
