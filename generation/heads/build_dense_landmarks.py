"""Chooses the dense landmarks on the MakeHuman head and writes them to `dataset_script/dense_landmarks.json`.

    python -m generation.heads.build_dense_landmarks

The first 68 are the iBUG landmarks. The others are chosen one by one, each the candidate that is farthest from all
before it; a millimetre counts for more where faces move and have detail. What is chosen on the right half of the face
is mirrored to the left. Candidates are skin of the face that the canonical head shows to a camera in front, beside or
below.
"""

import json

import numpy as np
from scipy.spatial import cKDTree

from ..geometry.camera import Camera
from ..geometry.visibility import rasterize
from ..plan import ViewPlan
from .base import SKIN, Topology

COUNT = 500
COUNTS = {
    "eye": 3.0,
    "lips": 3.0,
    "brow": 2.0,
    "glabella": 2.2,
    "nose": 2.0,
    "cheek": 1.3,
    "chin": 1.3,
    "forehead": 0.8,
}
"""What a millimetre counts in a region; 1 in the others."""
SEEN_FROM = ((0, 0), (35, 0), (-35, 0), (0, 30))
"""Yaw and pitch in degrees from which candidates are seen."""
MIDLINE_MM = 0.01
GLABELLA_MM = 15.0, (4.0, 34.0)
"""Half its width; its heights."""
JAW, BROWS, NOSE, EYES, LIPS = (slice(*span) for span in ((0, 17), (17, 27), (27, 36), (36, 48), (48, 68)))
NEAR_MM = {"eye": 11.0, "brow": 8.0, "nose": 17.0, "chin": 24.0, "jaw": 14.0}
"""How near to its iBUG landmarks a region reaches."""
SIDED = ("brow", "eye", "cheek", "jaw")
REGIONS = (
    "forehead",
    "glabella",
    *(f"{name}_{side}" for name in SIDED[:2] for side in ("right", "left")),
    "nose",
    *(f"cheek_{side}" for side in ("right", "left")),
    "lips",
    "chin",
    *(f"jaw_{side}" for side in ("right", "left")),
)
"""In the order in which they follow the iBUG landmarks."""


def choose(topology: Topology) -> dict[str, list | dict]:
    """Vertices, regions and mirror as `dataset_script.dense_landmarks` holds them."""
    points, ibug = topology.reference.astype(np.float64), topology.landmarks
    mirror_of = cKDTree(points).query(points * (-1, 1, 1))[1]
    vertices = [*ibug.tolist(), *_spread_out(topology, points, mirror_of)]
    mirrored = np.where(points[:, 0] > 0, mirror_of, np.arange(len(points)))  # both sides are judged on the right one
    named = [(_named(_region(topology, points, mirrored[v]), points[v, 0]), v) for v in vertices[len(ibug) :]]
    ordered, regions = list(vertices[: len(ibug)]), {"ibug": (0, len(ibug))}
    for name in REGIONS:
        members = [v for region, v in named if region == name]
        # from the top down in bands of 4 mm, from the midline outwards: both sides in the same order
        members.sort(key=lambda v: (-round(points[v, 1] / 4), round(abs(points[v, 0]), 2), points[v, 0]))
        regions[name] = (len(ordered), len(ordered) + len(members))
        ordered += members
    place = {v: k for k, v in enumerate(ordered)}
    mirror = [place[v if abs(points[v, 0]) < MIDLINE_MM else int(mirror_of[v])] for v in ordered]
    return {"vertices": ordered, "regions": regions, "mirror": mirror}


def _spread_out(topology: Topology, points: np.ndarray, mirror_of: np.ndarray) -> list[int]:
    """The vertices that follow the iBUG landmarks, in the order in which they are chosen."""
    right = np.array([v for v in _candidates(topology) if points[v, 0] < MIDLINE_MM])
    weight = np.array([COUNTS.get(_region(topology, points, v), 1.0) for v in right])
    at = points[right]
    far = cKDTree(points[topology.landmarks]).query(at)[0] * weight
    middle = np.abs(at[:, 0]) < MIDLINE_MM
    chosen: list[int] = []
    while (left := COUNT - len(topology.landmarks) - len(chosen)) > 0:
        best = int(np.where(middle | (left > 1), far, -1).argmax())  # no place for a pair: one of the midline
        v = int(right[best])
        added = [v] if middle[best] else [v, int(mirror_of[v])]
        near = np.linalg.norm(at[:, None] - points[added], axis=2).min(axis=1)
        chosen, far = chosen + added, np.minimum(far, near * weight)
    return chosen


def _candidates(topology: Topology) -> np.ndarray:
    """Vertices that are skin of the face and seen, in order."""
    seen = np.zeros(len(topology.reference), bool)
    for yaw, pitch in SEEN_FROM:
        camera = Camera.from_plan(ViewPlan(0, yaw, pitch, 0, 24, 1.0), 1024)
        ids = rasterize(camera.project(topology.reference.astype(np.float64)), topology.triangles, 1, 1024, True).ids
        seen[topology.triangles[np.unique(ids[ids >= 0])]] = True
    skin = np.zeros(len(seen), bool)
    skin[topology.triangles[topology.part == SKIN]] = True
    masks = topology.masks
    return np.flatnonzero(seen & skin & (masks["face"] > 0.5) & (masks["mouth"] < 0.02) & (masks["ears"] < 0.05))


def _region(topology: Topology, points: np.ndarray, vertex: int) -> str:
    """The region of a vertex, without its side, by the nearest of the iBUG landmarks."""
    x, y, _ = points[vertex]
    ibug = points[topology.landmarks]

    def near(span: slice) -> float:
        return float(np.linalg.norm(ibug[span] - points[vertex], axis=1).min())

    if topology.masks["lips"][vertex] > 0.3:
        return "lips"
    if abs(x) < GLABELLA_MM[0] and GLABELLA_MM[1][0] < y < GLABELLA_MM[1][1]:
        return "glabella"
    if min(near(EYES), near(BROWS)) < NEAR_MM["brow"] or near(EYES) < NEAR_MM["eye"]:
        return "eye" if near(EYES) <= near(BROWS) else "brow"
    if near(NOSE) < NEAR_MM["nose"]:
        return "nose"
    if y > ibug[BROWS, 1].min():
        return "forehead"
    if near(slice(7, 10)) < NEAR_MM["chin"]:
        return "chin"
    return "jaw" if near(JAW) < NEAR_MM["jaw"] else "cheek"


def _named(region: str, x: float) -> str:
    """A region with its side, where it has two."""
    return region if region not in SIDED else f"{region}_{'right' if x < 0 else 'left'}"


def main() -> None:
    """Writes the file."""
    from dataset_script.dense_landmarks import FILE

    from .makehuman import load

    FILE.write_text(json.dumps(choose(load().topology)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
