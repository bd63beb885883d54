"""The picture of docs/annotations.md: what a frame's rows say of where things are, drawn over the frame.

    python -m benchmarks.annotations_picture --out docs/annotations.jpg

Left to right: 68 landmarks (red) and dense ones (by region; hollow where hidden); axes of the head (x red, y green, z
blue) and of the room (thin, white), projected with the camera of the row; a chessboard looked up by the UV map; the
mesh.
"""

import argparse
import colorsys
import io

import numpy as np
from PIL import Image, ImageDraw

from dataset_script.dense_landmarks import DENSE_REGIONS
from dataset_script.spec import Spec
from generation.frame import Frame
from generation.geometry.mesh import vertex_normals
from generation.geometry.mesh_formats.glb import read_glb
from generation.geometry.visibility import interpolate, rasterize
from generation.pipeline import FrameMaker
from generation.plan import Plan

SIZE = 512
FRAMES = ((2, 4, 0), (5, 7, 1))
"""Identity, expression and view."""
AXIS_MM = 70.0
SQUARES = 40
COLOURS = ((235, 60, 60), (60, 200, 60), (70, 110, 255))


def pixels(picture: dict) -> np.ndarray:
    """The pixels of a picture of a row."""
    return np.asarray(Image.open(io.BytesIO(picture["bytes"])))


def project(camera: dict, points: np.ndarray) -> np.ndarray:
    """(N, 2) pixels of points (N, 3) mm in the room."""
    k = camera["intrinsics"]
    x, y, z = np.array(camera["rotation"]) @ points.T + np.array(camera["translation"])[:, None]
    return np.stack([k["fx"] * x / z + k["cx"], k["fy"] * y / z + k["cy"]], axis=1)


def in_room(pose: dict, points: np.ndarray) -> np.ndarray:
    """Points (N, 3) mm in the axes of the head, in the room."""
    return points @ np.array(pose["rotation"]).T + pose["translation"]


def landmarks(frame: Frame) -> Image.Image:
    """Landmarks over the frame."""
    sheet = Image.fromarray(pixels(frame.row["image"]))
    draw = ImageDraw.Draw(sheet)
    for number, (first, end) in enumerate(DENSE_REGIONS.values()):
        hue = (0.12 + 0.37 * number) % 1
        colour = COLOURS[0] if first == 0 else tuple(int(255 * c) for c in colorsys.hsv_to_rgb(hue, 0.75, 1))
        for k in range(first, end):
            x, y = frame.geometry["dense_landmarks"][k]
            radius = 2.6 if first == 0 else 1.7
            box = (x - radius, y - radius, x + radius, y + radius)
            if frame.geometry["dense_landmarks_visible"][k]:
                draw.ellipse(box, fill=colour)
            else:
                draw.ellipse(box, outline=colour)
    return sheet


def axes(frame: Frame) -> Image.Image:
    """Axes of the head and of the room over the frame."""
    sheet = Image.fromarray(pixels(frame.row["image"]))
    draw = ImageDraw.Draw(sheet)
    ends = np.concatenate([np.zeros((1, 3)), AXIS_MM * np.eye(3)])
    start, *tips = project(frame.row["camera"], ends).tolist()
    for tip in tips:
        draw.line([tuple(start), tuple(tip)], (255, 255, 255), 2)
    start, *tips = project(frame.row["camera"], in_room(frame.row["head_pose"], ends)).tolist()
    for tip, colour in zip(tips, COLOURS, strict=True):
        draw.line([tuple(start), tuple(tip)], colour, 4)
    return sheet


def chessboard(frame: Frame) -> Image.Image:
    """The frame with a chessboard in its texture."""
    u, v = (pixels(frame.geometry["uv"][axis]).astype(float) for axis in "uv")
    dark = (np.floor((u - 1) / 65532 * SQUARES) + np.floor((v - 1) / 65532 * SQUARES)) % 2
    board = np.stack([90 + 120 * dark, 60 + 90 * u / 65535 * 2, 200 - 120 * dark], axis=2)
    image = pixels(frame.row["image"]).astype(float)
    mixed = np.where((u > 0)[..., None], 0.45 * image + 0.55 * board, image)
    return Image.fromarray(mixed.clip(0, 255).astype(np.uint8))


def mesh(frame: Frame) -> Image.Image:
    """The mesh of the frame under a lamp beside the camera."""
    points, triangles = read_glb(frame.geometry["mesh"])
    points, triangles = in_room(frame.row["head_pose"], 1000 * points), triangles.astype(np.int32)
    camera = frame.row["camera"]
    depth = points @ np.array(camera["rotation"])[2] + camera["translation"][2]
    seen = np.column_stack([project(camera, points), depth]).astype(np.float32)
    samples = rasterize(seen, triangles, 2, SIZE, True)
    normals = vertex_normals(points.astype(np.float32), triangles) @ np.array(camera["rotation"]).T
    light = (normals @ np.array([-0.45, -0.4, -0.8])).clip(0).astype(np.float32)
    shade = interpolate(samples.ids, samples.weights, triangles, np.ascontiguousarray(light))
    grey = np.where(samples.ids >= 0, 40 + 190 * shade, 245).reshape(SIZE, 2, SIZE, 2).mean(axis=(1, 3))
    return Image.fromarray(grey.astype(np.uint8)).convert("RGB")


def main() -> None:
    """Writes the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, metavar="FILE", help="where to put the picture")
    args = parser.parse_args()
    spec = Spec(identities=24, preset="balanced", size=SIZE, geometry=True, mesh=True)
    maker, plan = FrameMaker(spec), Plan(spec)
    sheet = Image.new("RGB", (4 * SIZE, len(FRAMES) * SIZE))
    for row, (person, expression, view) in enumerate(FRAMES):
        frame = maker.make_frame(plan[person], expression, view)
        for column, drawn in enumerate((landmarks, axes, chessboard, mesh)):
            sheet.paste(drawn(frame), (column * SIZE, row * SIZE))
    sheet.save(args.out, quality=88)


if __name__ == "__main__":
    main()
