"""Which part of the person each pixel shows."""

from typing import NamedTuple

import numpy as np

from ...appearance.garment import under_rim
from ...heads.base import EYE, SKIN, TEETH
from ...kernels import kernel


class SegmentCodes(NamedTuple):
    """Index of each part in `dataset_script.features.SEGMENTS`; the background is 0, strands have their own."""

    skin: int
    lips: int
    eyes: int
    teeth: int
    mouth: int
    clothes: int


@kernel
def segment(samples, mesh, lips, mouth, garment, cover, codes):
    """Code of what every pixel shows, (S, S) uint8; strands count where they cover two of four samples.

    `samples`: one a pixel, of the `PaintedMesh`; `lips`, `mouth`: (V,) 0-1, on the lips and inside of the mouth;
    `cover`: (2S, 2S) uint8, code of the strands that cover a sample.
    """
    ids, weights = samples.ids, samples.weights
    triangles, part, canonical = mesh.triangles, mesh.part, mesh.canonical
    side = ids.shape[0]
    out = np.zeros((side, side), np.uint8)
    for row in range(side):
        for column in range(side):
            t = ids[row, column]
            code = 0
            if t >= 0:
                first, second = weights[row, column, 0], weights[row, column, 1]
                x = y = z = lip = inside = 0.0
                for corner in range(3):
                    v = triangles[t, corner]
                    w = first if corner == 0 else second if corner == 1 else 1 - first - second
                    x, y = x + w * canonical[v, 0], y + w * canonical[v, 1]
                    z = z + w * canonical[v, 2]
                    lip, inside = lip + w * lips[v], inside + w * mouth[v]
                if part[t] == EYE:
                    code = codes.eyes
                elif part[t] == TEETH:
                    code = codes.teeth
                elif part[t] != SKIN or (inside > 0.5 and z < 26):
                    code = codes.mouth
                elif under_rim(garment, (x, y, z)) > 0:
                    code = codes.clothes
                else:
                    code = codes.lips if lip > 0.5 else codes.skin
            strands = 0
            best = 0
            for k in range(4):
                c = cover[2 * row + k // 2, 2 * column + k % 2]
                if c > 0:
                    strands += 1
                    best = c
            out[row, column] = best if strands >= 2 else code
    return out
