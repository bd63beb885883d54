"""A picture: one row a unit at full intensity, each column a rig, on an unseen ICT head and on a MakeHuman head.

    python -m benchmarks.rig_picture --data ict_facekit.npz --weights rig.safetensors --out rigs.png

Columns on the left: ICT's neutral, truth, deformation transfer, neural. On the right: MakeHuman's neutral, blendshapes,
deformation transfer, neural. Skin only, flat grey, so that nothing but the geometry shows.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from PIL import Image, ImageDraw

from dataset_script.facs import AU_MAX, AU_NAMES, EXTRA_AU_NAMES
from generation.heads import HEADS, SKIN, Head, HeadShape
from generation.mesh import vertex_normals
from generation.render.visibility import rasterize
from generation.rigs.blendshapes import BlendshapeRig
from generation.rigs.deformation_transfer import DeformationTransfer, SourceFace
from generation.rigs.neural.channels import UNITS
from generation.rigs.neural.ict import HELD_OUT_FROM, load_ict
from generation.rigs.neural.rig import BoundFace, NeuralRig

LIGHTS = np.array([[0.35, 0.55, 0.75], [-0.75, 0.1, 0.65]]) * [[0.55], [0.25]]
CAMERA_MM, CENTRE_MM, ZOOM = 700.0, (0.0, -30.0), 4.4


def grey(vertices: np.ndarray, triangles: np.ndarray, size: int) -> Image.Image:
    """A frontal picture, from a little to the subject's left."""
    turn = np.deg2rad(-20)
    normals = vertex_normals(vertices.astype(np.float32), triangles.astype(np.int32))
    rotation = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    x, y, z = (vertices @ rotation.T).T
    depth = CAMERA_MM - z
    scale = ZOOM * size
    points = np.stack(
        [size / 2 + scale * (x - CENTRE_MM[0]) / depth, size / 2 - scale * (y - CENTRE_MM[1]) / depth, depth], axis=1
    ).astype(np.float32)
    ids, _, weights = rasterize(points, triangles.astype(np.int32), 2, size, True)
    corner = (normals @ rotation.T.astype(np.float32))[triangles[np.maximum(ids, 0)]]
    w = np.concatenate([weights, 1 - weights.sum(axis=2, keepdims=True)], axis=2)
    normal = np.einsum("yxk,yxkc->yxc", w, corner)
    normal /= np.maximum(np.linalg.norm(normal, axis=2, keepdims=True), 1e-6)
    shade = 0.05 + np.clip(normal @ LIGHTS.T, 0, None).sum(axis=2)
    picture = np.where(ids < 0, 1.0, np.clip(shade, 0, 1)) ** 0.7
    return Image.fromarray((255 * picture).astype(np.uint8)).resize((size, size), Image.Resampling.BOX)


def codes() -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names, intensities (R, 6) and (R, 7): every unit alone, then pain with open and with closed eyes."""
    names = [*UNITS, "pain", "pain, closed"]
    au, extra = np.zeros((len(names), len(AU_NAMES))), np.zeros((len(names), len(EXTRA_AU_NAMES)))
    for k, top in enumerate(AU_MAX):
        au[k, k] = top
    extra[len(AU_NAMES) : len(UNITS)] = 5 * np.eye(len(EXTRA_AU_NAMES))
    au[-2], au[-1] = (5, 4, 4, 4, 4, 0), (5, 4, 4, 4, 4, 1)
    return names, au, extra


def makehuman_skin() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Canonical control vertices, which of them are skin, its triangles in their numbering, and the 68 landmarks."""
    head = HEADS["makehuman"]()
    topology = head.topology
    quads = np.load(Path(__file__).parents[1] / "generation/heads/assets/makehuman_head.npz")
    skin = quads["quads"][quads["quad_part"] == list(quads["part_names"]).index("skin")].astype(np.int64)
    used, corners = np.unique(np.concatenate([skin[:, :3], skin[:, [0, 2, 3]]]), return_inverse=True)
    return head.canonical, used, corners.reshape(-1, 3), topology.reference[topology.landmarks]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", type=int, default=190)
    options = parser.parse_args()
    torch.set_num_threads(1)
    names, au, extra = codes()
    rig = NeuralRig.load(options.weights)
    ict = load_ict(options.data)
    transfer = DeformationTransfer(SourceFace(ict.mean, ict.triangles, ict.channels, ict.landmarks(ict.mean)))

    neutral = ict.neutral(HELD_OUT_FROM + 1)
    bound = [rig.bind(neutral, ict.triangles), transfer.bind(neutral, ict.triangles, ict.landmarks(neutral))]
    truth = BoundFace(neutral, ict.channels)
    left = [np.repeat(neutral[None], len(names), 0), *(face.pose(au, extra) for face in (truth, bound[1], bound[0]))]

    head = HEADS["makehuman"]()
    control, used, triangles, landmarks = makehuman_skin()
    shapes = BlendshapeRig(head)
    skin = control[used].astype(np.float64)
    bound = [transfer.bind(skin, triangles, landmarks), rig.bind(skin, triangles)]
    right = [np.repeat(skin[None], len(names), 0), *(face.pose(au, extra) for face in bound)]
    person = _canonical_shape(head)
    moved = [
        shapes.pose(person, a, dict(zip(EXTRA_AU_NAMES, e, strict=True)))[used] for a, e in zip(au, extra, strict=True)
    ]
    right.insert(1, np.stack(moved))
    refine, fine = _refined(head)
    right = [np.stack([refine(control, used, pose) for pose in column]) for column in right]

    titles = ["ICT neutral", "truth", "transfer", "neural", "MakeHuman", "blendshapes", "transfer", "neural"]
    size = options.size
    sheet = Image.new("L", (len(titles) * size, len(names) * size + 16), 255)
    draw = ImageDraw.Draw(sheet)
    for column, poses in enumerate(left + right):
        draw.text((column * size + 6, 2), titles[column], fill=0)
        for row, pose in enumerate(poses):
            picture = grey(pose, ict.triangles if column < len(left) else fine, size)
            sheet.paste(picture, (column * size, row * size + 16))
            if column == 0:
                draw.text((4, row * size + 20), names[row], fill=0)
    sheet.save(options.out)


def _canonical_shape(head: Head) -> HeadShape:
    """The canonical face as a person, of equal ancestries."""
    axes = ("african", "asian", "caucasian")
    return HeadShape(head.canonical, np.zeros((2, 4), np.float32), dict.fromkeys(axes, 1 / 3), {})


def _refined(head: Head):
    """A function from skin vertices to those of the render mesh, and its skin triangles."""
    operator = head.topology.refine
    skin = head.topology.triangles[head.topology.part == SKIN]

    def refine(control: np.ndarray, used: np.ndarray, pose: np.ndarray) -> np.ndarray:
        full = control.astype(np.float64).copy()
        full[used] = pose
        return operator @ full

    return refine, skin


if __name__ == "__main__":
    main()
