"""A picture: a row for each unit at full intensity, a column for each rig, on an unseen ICT and on a MakeHuman head.

    python -m benchmarks.rig_picture --data ict_facekit.npz [--weights rig.safetensors] --out rigs.png

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

from dataset_script.facs import AU_MAX, AU_NAMES, EXTRA_AU_MAX, EXTRA_AU_NAMES
from generation.geometry.mesh import vertex_normals
from generation.geometry.visibility import rasterize
from generation.heads import makehuman
from generation.heads.base import SKIN, Head, HeadShape
from generation.populations import ANCESTRY_AXES
from generation.rigs.blendshapes import BlendshapeRig
from generation.rigs.deformation_transfer import DeformationTransfer, SourceFace
from generation.rigs.neural.channels import UNITS
from generation.rigs.neural.head_rig import SHIPPED_WEIGHTS, NeuralHeadRig
from generation.rigs.neural.ict import HELD_OUT_FROM, load_ict
from generation.rigs.neural.makehuman import skin_mesh
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
    au[: len(AU_NAMES)] = np.diag(AU_MAX)
    extra[len(AU_NAMES) : len(UNITS)] = EXTRA_AU_MAX * np.eye(len(EXTRA_AU_NAMES))
    au[-2], au[-1] = (5, 4, 4, 4, 4, 0), (5, 4, 4, 4, 4, 1)
    return names, au, extra


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, default=SHIPPED_WEIGHTS)
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

    head, (skin, triangles) = makehuman.load(), skin_mesh()
    person = _canonical_shape(head)
    landmarks = head.topology.reference[head.topology.landmarks]
    moved = transfer.bind(person.control[skin], triangles, landmarks).pose(au, extra)
    transferred = np.repeat(person.control[None].astype(np.float64), len(names), 0)
    transferred[:, skin] = moved
    rigs = BlendshapeRig(head), NeuralHeadRig(head, rig)
    shapes, neural = (
        [found.pose(person, a, dict(zip(EXTRA_AU_NAMES, e, strict=True))) for a, e in zip(au, extra, strict=True)]
        for found in rigs
    )
    fine = head.topology.triangles[head.topology.part == SKIN]
    right = [
        [head.topology.refine @ pose for pose in column]
        for column in ([person.control] * len(names), shapes, transferred, neural)
    ]

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
    balls = [head.topology.reference[part] for part in head.topology.eyeballs]
    eyes = [[*ball.mean(axis=0), np.ptp(ball[:, 0]) / 2] for ball in balls]
    return HeadShape(head.canonical, np.array(eyes, np.float32), dict.fromkeys(ANCESTRY_AXES, 1 / 3), {})


if __name__ == "__main__":
    main()
