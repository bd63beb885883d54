"""Which part of the person each pixel shows."""

import numpy as np

from ...appearance.garment import under_rim
from ...heads.base import EYE, SKIN, TEETH
from ...kernels import kernel


@kernel
def segment(ids, weights, triangles, part, paint, lips, mouth, cloth, cover):
    """Index into `SEGMENTS` of every pixel, (S, S) uint8; strands count where they cover two of four samples."""
    side = ids.shape[0]
    out = np.zeros((side, side), np.uint8)
    for row in range(side):
        for column in range(side):
            t = ids[row, column]
            code = 0
            if t >= 0:
                x = y = z = lip = inside = 0.0
                for corner in range(3):
                    v = triangles[t, corner]
                    w = (
                        weights[row, column, corner]
                        if corner < 2
                        else 1 - weights[row, column, 0] - weights[row, column, 1]
                    )
                    x, y, z = x + w * paint[v, 0], y + w * paint[v, 1], z + w * paint[v, 2]
                    lip, inside = lip + w * lips[v], inside + w * mouth[v]
                if part[t] == EYE:
                    code = 3
                elif part[t] == TEETH:
                    code = 6
                elif part[t] != SKIN or (inside > 0.5 and z < 26):
                    code = 7
                elif under_rim(cloth, x, y, z) > 0:
                    code = 9
                else:
                    code = 2 if lip > 0.5 else 1
            strands = 0
            best = 0
            for k in range(4):
                c = cover[2 * row + k // 2, 2 * column + k % 2]
                if c > 0:
                    strands += 1
                    best = c
            out[row, column] = best if strands >= 2 else code
    return out
