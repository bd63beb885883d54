"""Pain heatmaps (paper, section 3): how far the pain expression moved each point of the skin.

The paper uses "both the distances between corresponding vertices and the displacements of vertices". Here a vertex'
heat is the mean of two lengths between the neutral and the pain mesh: its displacement |d|, and the part of it along
the neutral surface normal |d . n|. The first sees sliding skin (a brow pulled down), the second bulging and creasing.
Both in millimetres, over one fixed scale for the whole dataset: a value means the same on every face. Only skin has
heat; eyeballs, teeth and tongue stay cold.
"""

import numpy as np

from .heads.base import SKIN, Topology


def vertex_heat(neutral: np.ndarray, pain: np.ndarray, neutral_normals: np.ndarray, topology: Topology) -> np.ndarray:
    """Millimetres (V,) float32 of heat between render vertices `neutral` and `pain` (V, 3)."""
    moved = pain - neutral
    heat = 0.5 * np.linalg.norm(moved, axis=1) + 0.5 * np.abs((moved * neutral_normals).sum(axis=1))
    skin = np.zeros(len(heat), bool)
    skin[topology.triangles[topology.part == SKIN]] = True
    return np.where(skin, heat, 0).astype(np.float32)


def to_bytes(heat_mm: np.ndarray, scale_mm: float) -> np.ndarray:
    """Heat in mm to 0-255 (uint8); `scale_mm` and beyond is 255."""
    return np.round(np.clip(heat_mm / scale_mm, 0, 1) * 255).astype(np.uint8)
