"""A small stand-in for the ICT-FaceKit pack: the same arrays and numbering, a bent sheet for a face."""

from pathlib import Path

import numpy as np

ROWS, COLUMNS = 148, 76  # as many vertices as the region "head" has
SIZE = ROWS * COLUMNS
COUNT = 26719
EYE_ROW, EYE_COLUMNS = 80, ((26, 33), (42, 49))
MOUTH_ROW, MOUTH_COLUMNS = 46, (31, 44)


def write(path: Path) -> Path:
    """Writes the pack: eyes that eyeBlink closes exactly, lips that touch at rest, smooth random identities."""
    rng = np.random.default_rng(0)
    face = _face()
    vertices = np.zeros((COUNT, 3), np.float32)
    vertices[:SIZE] = face
    vertices[21451:23021], vertices[23021:24591] = (3.2, 0, 0), (-3.2, 0, 0)
    expressions = {
        **{f"{name}_{side}": _bump(face, *bump, side) for name, bump in BUMPS.items() for side in "LR"},
        **{f"eyeBlink_{side}": _closing(face, side) for side in "LR"},
        "browInnerUp": _bump(face, (0, 3.5), 1.5, (0, 0.6, 0), "LR"),
        "jawOpen": _jaw(face),
    }
    np.savez(
        path,
        V=vertices,
        F=_quads().astype(np.int32),
        I=np.stack([_padded(_identity(face, rng, k)) for k in range(40)]).astype(np.float16),
        E=np.stack([_padded(offset) for offset in expressions.values()]).astype(np.float16),
        ex=np.array(list(expressions)),
    )
    return path


BUMPS = {
    "browDown": ((3, 3), 1.2, (-0.1, -0.6, 0.1)),
    "browOuterUp": ((5, 3), 1.2, (0, 0.7, 0)),
    "cheekRaiser": ((4, -2), 1.5, (0, 0.5, 0.2)),
    "eyeSquint": ((3, -1), 1.0, (0, 0.3, 0)),
    "noseSneer": ((1, -2), 0.8, (0, 0.8, 0.1)),
    "mouthUpperUp": ((1.5, -5), 1.0, (0, 0.7, 0)),
    "mouthLowerDown": ((1.5, -7.5), 1.0, (0, -0.6, 0)),
    "mouthSmile": ((2.5, -6), 1.2, (0.6, 0.8, 0)),
    "mouthStretch": ((2.5, -6.5), 1.2, (0.8, 0, -0.2)),
}


def _face() -> np.ndarray:
    """(11248, 3) cm: a sheet around the front of a cylinder; its rows leave a gap at the eyes and none at the mouth."""
    height = np.linspace(-13, 12, ROWS)
    height[EYE_ROW + 1 :] += 0.6
    height[MOUTH_ROW + 1] = height[MOUTH_ROW] + 0.05
    angle = np.linspace(-2.6, 2.6, COLUMNS)
    y, a = np.meshgrid(height, angle, indexing="ij")
    radius = 7.5 + 1.2 * np.exp(-((a / 0.15) ** 2) - ((y + 2.5) / 1.5) ** 2)
    return np.stack([radius * np.sin(a), y, radius * np.cos(a) - 7.0], axis=2).reshape(-1, 3)


def _quads() -> np.ndarray:
    row, column = (part.ravel() for part in np.mgrid[: ROWS - 1, : COLUMNS - 1])
    hole = (row == MOUTH_ROW) & (column >= MOUTH_COLUMNS[0]) & (column < MOUTH_COLUMNS[1])
    for first, last in EYE_COLUMNS:
        hole |= (row == EYE_ROW) & (column >= first) & (column < last)
    start = (row * COLUMNS + column)[~hole]
    return np.stack([start, start + 1, start + COLUMNS + 1, start + COLUMNS], axis=1)


def _bump(face: np.ndarray, centre: tuple, radius: float, move: tuple, sides: str) -> np.ndarray:
    offset = np.zeros_like(face)
    for sign in [{"L": 1, "R": -1}[side] for side in sides]:
        distance = (face[:, 0] - sign * centre[0]) ** 2 + (face[:, 1] - centre[1]) ** 2
        offset += (np.exp(-distance / radius**2) * (face[:, 2] > -3))[:, None] * np.array(move) * (sign, 1, 1)
    return offset


def _closing(face: np.ndarray, side: str) -> np.ndarray:
    """The upper rim of an eye comes down on the lower one, and the lid above follows."""
    offset = np.zeros((ROWS, COLUMNS, 3))
    grid = face.reshape(ROWS, COLUMNS, 3)
    low, high = EYE_ROW, EYE_ROW + 1
    first, last = EYE_COLUMNS["RL".index(side)]
    for column in range(first + 1, last):
        for row in range(high, high + 8):
            offset[row, column] = (grid[low, column] - grid[high, column]) * (1 - (row - high) / 8)
    return offset.reshape(-1, 3)


def _jaw(face: np.ndarray) -> np.ndarray:
    below = (np.arange(SIZE) // COLUMNS <= MOUTH_ROW)[:, None]
    near = np.exp(-((face[:, :1] / 4) ** 2) - ((face[:, 1:2] + 7) / 4) ** 2) * (face[:, 2:] > -3)
    return below * near * np.array([0, -2.5, -0.5])


def _identity(face: np.ndarray, rng: np.random.Generator, mode: int) -> np.ndarray:
    wave = np.sin(face @ rng.normal(scale=0.12, size=(3, 3)) + rng.uniform(0, 6, 3))
    return 0.5 / (1 + mode) * wave


def _padded(offset: np.ndarray) -> np.ndarray:
    return np.concatenate([offset, np.zeros((COUNT - len(offset), 3))])
