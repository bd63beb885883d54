"""The skin of the MakeHuman control mesh, which is wrapped around other heads: what of it shows, and its stiffness."""

import functools
from dataclasses import dataclass

import numpy as np
import robust_laplacian
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from ..base import EYE
from ..lids import SEAM, Eye, control_edges, find_lids
from ..makehuman import MakeHumanHead, load

FACE_Y, FACE_Z = (-100.0, 60.0), -45.0
"""The face on the canonical head, mm: from the chin to the hair line, in front of the ears."""


@dataclass(frozen=True)
class Template:
    """W control vertices of the head, S of them skin; mm on the canonical face.

    Attributes:
        head: the MakeHuman head.
        skin: (S,) control vertices; skin arrays below are in this order.
        triangles: (F, 3) of the skin control mesh, indices into `skin`.
        points: (S, 3) canonical.
        area: (S,) mm^2 of each vertex.
        bending: (S, S) sparse: the bilaplacian energy of functions on the canonical skin.
        shown: (S,) 0-1, how much a vertex has a counterpart on another head's skin: 0 in the mouth and the eye sockets.
        ears: (S,) 0-1.
        face: (S,) bool, what fits are measured on.
        landmark_rows: (68, S) sparse, from skin control vertices to landmarks.
        lids: the loops around the left and the right eye (control vertices).
        sockets: control vertices behind the seam of each eye.
        balls: (2, 4) centre and radius of the canonical eyeballs.
    """

    head: MakeHumanHead
    skin: np.ndarray
    triangles: np.ndarray
    points: np.ndarray
    area: np.ndarray
    bending: sparse.csr_matrix
    shown: np.ndarray
    ears: np.ndarray
    face: np.ndarray
    landmark_rows: sparse.csr_matrix
    lids: tuple[Eye, Eye]
    sockets: tuple[np.ndarray, np.ndarray]
    balls: np.ndarray

    def within_skin(self, control_vertices: np.ndarray) -> np.ndarray:
        """Indices into `skin` of control vertices that are skin."""
        return np.searchsorted(self.skin, control_vertices)


@functools.cache
def template() -> Template:
    """The template, made once a process."""
    head = load()
    topology = head.topology
    skin = np.flatnonzero(head.skin_control)
    quads = topology.triangles[topology.part != EYE].reshape(-1, 8, 3)[:, ::2, 0]  # refinement puts them there
    quads = quads[head.skin_control[quads].all(axis=1)]
    triangles = np.searchsorted(skin, quads[:, [[0, 1, 2], [0, 2, 3]]].reshape(-1, 3))
    points = head.canonical[skin].astype(np.float64)
    laplacian, mass = robust_laplacian.mesh_laplacian(points, triangles)
    area = mass.diagonal()
    bending = (laplacian @ sparse.diags(1 / area) @ laplacian).tocsr()
    edges = control_edges(head)
    lids = (find_lids(head, edges, 0), find_lids(head, edges, 1))
    outer, sockets = _split_at_seams(head, edges, lids)
    size = len(head.canonical)
    mouth, ears = topology.masks["mouth"][:size][skin], topology.masks["ears"][:size][skin]
    shown = outer[skin] * (mouth < 0.5)
    _, y, z = points.T
    face = (shown > 0.9) & (ears < 0.1) & (y > FACE_Y[0]) & (y < FACE_Y[1]) & (z > FACE_Z)
    balls = [topology.reference[ball].astype(np.float64) for ball in topology.eyeballs]
    centres = [ball.mean(axis=0) for ball in balls]
    radii = [np.linalg.norm(ball - c, axis=1).mean() for ball, c in zip(balls, centres, strict=True)]
    return Template(
        head=head,
        skin=skin,
        triangles=triangles,
        points=points,
        area=area,
        bending=bending,
        shown=shown,
        ears=ears,
        face=face,
        landmark_rows=topology.refine[topology.landmarks][:, skin].tocsr(),
        lids=lids,
        sockets=sockets,
        balls=np.column_stack([centres, radii]),
    )


def _split_at_seams(head: MakeHumanHead, edges: sparse.csr_matrix, lids: tuple[Eye, Eye]):
    """(W,) bool, the outer skin, and the control vertices of each eye socket: what the seams cut off from it."""
    seams = [eye.loops[SEAM] for eye in lids]
    kept = head.skin_control.copy()
    kept[np.concatenate(seams)] = False
    cut = sparse.diags(kept.astype(float)) @ (edges > 0).astype(float) @ sparse.diags(kept.astype(float))
    _, label = connected_components(cut, directed=False)
    nose = int(np.argmax(np.where(head.skin_control, head.canonical[:, 2], -np.inf)))
    sockets = tuple(np.flatnonzero(kept & (label == label[eye.loops[SEAM - 1][0]])) for eye in lids)
    return kept & (label == label[nose]), sockets
