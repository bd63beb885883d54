"""The functions of `pytorch3d._C` that the renderer calls, in torch, for a pytorch3d installed without its extension.

Signatures are those of pytorch3d 0.7.9. Of the rasteriser: one mesh, a square picture, the nearest face per pixel, no
blur. Faces are found by trying all pixels of their bounding boxes at once, which on a CPU is far quicker than the
compiled function, which tries every face at every pixel.
"""

from typing import NamedTuple

import torch

MAX_UINT, EPS = 2**32 - 1, 1e-5
"""Defaults of pytorch3d's point renderer, which reads them when it is imported."""
AREA_EPS = 1e-8
"""pytorch3d adds it to the doubled area of a face."""
CANDIDATES = 4_000_000
"""Pairs of a face and a pixel that are tried at once."""


class Asked(NamedTuple):
    """Arguments of `rasterize_meshes`, in pytorch3d's order; bins do not matter here.

    Attributes:
        face_verts: (F, 3, 3), x to the left and y up from -1 to 1, and depth.
        first_face, faces_per_mesh: (M,) int64, where the faces of each mesh begin and how many they are.
        clipped_neighbours: (F,) int64, the other half of a face that was cut in two, -1 where none was.
        image_size: height and width.
    """

    face_verts: torch.Tensor
    first_face: torch.Tensor
    faces_per_mesh: torch.Tensor
    clipped_neighbours: torch.Tensor
    image_size: tuple[int, int]
    blur_radius: float
    faces_per_pixel: int
    bin_size: int
    max_faces_per_bin: int
    perspective_correct: bool
    clip_barycentric: bool
    cull_backfaces: bool


def rasterize_meshes(*arguments) -> tuple[torch.Tensor, ...]:
    """Nearest face (1, S, S, 1) int64 of every pixel, its depth, weights (..., 3) and signed squared distance.

    Takes what `Asked` lists. Empty pixels hold -1. Raises NotImplementedError for what is not done here.
    """
    asked = Asked(*arguments)
    meshes, (height, width) = len(asked.faces_per_mesh), asked.image_size
    if meshes != 1 or height != width or asked.blur_radius != 0 or asked.faces_per_pixel != 1:
        raise NotImplementedError(
            f"{meshes} meshes, {height} x {width} pixels, blur {asked.blur_radius:g}, {asked.faces_per_pixel} faces a "
            "pixel; allowed without pytorch3d's compiled part: 1 mesh, a square picture, no blur, 1 face"
        )
    if not asked.perspective_correct or asked.clip_barycentric or (asked.clipped_neighbours >= 0).any():
        raise NotImplementedError("without pytorch3d's compiled part cameras are perspective and faces are not clipped")
    with torch.no_grad():
        face = nearest_faces(asked.face_verts, width, asked.cull_backfaces)
        found = _surface(asked.face_verts, face)
    face = face.reshape(1, width, width, 1)
    return face, *(values.reshape(*face.shape, *values.shape[1:]) for values in found)


def rasterize_meshes_backward(
    face_verts, pix_to_face, grad_zbuf, grad_bary, grad_dists, perspective_correct, clip_barycentric
):
    """Gradient (F, 3, 3) of what `rasterize_meshes` returned, by autograd through its formulas."""
    with torch.enable_grad():
        corners = face_verts.detach().requires_grad_()
        found = _surface(corners, pix_to_face.reshape(-1))
        given = grad_zbuf.reshape(-1), grad_bary.reshape(-1, 3), grad_dists.reshape(-1)
        return torch.autograd.grad(found, corners, given)[0]


def interp_face_attrs_forward(pix_to_face, weights, attributes):
    """Attributes (F, 3, D) at the pixels (P,) with weights (P, 3): (P, D), 0 where there is no face."""
    seen = (pix_to_face >= 0)[:, None]
    return torch.where(seen, (weights[..., None] * attributes[pix_to_face.clamp(min=0)]).sum(1), 0)


def interp_face_attrs_backward(pix_to_face, weights, attributes, grad):
    """Gradients of `interp_face_attrs_forward` with respect to weights and attributes."""
    with torch.enable_grad():
        inputs = weights.detach().requires_grad_(), attributes.detach().requires_grad_()
        return torch.autograd.grad(interp_face_attrs_forward(pix_to_face, *inputs), inputs, grad)


def nearest_faces(face_verts: torch.Tensor, side: int, cull: bool) -> torch.Tensor:
    """The nearest of the faces (F, 3, 3) at each of `side` x `side` pixels, row by row from the top: (S * S,), -1."""
    x, y, depth = face_verts.unbind(-1)
    column, row = ((1 - v) * (side / 2) - 0.5 for v in (x, y))  # of pixel centres
    low = torch.stack([column.amin(1), row.amin(1)], 1).ceil().clamp(min=0).long()
    high = torch.stack([column.amax(1), row.amax(1)], 1).floor().clamp(max=side - 1).long()
    extent = (high - low + 1).clamp(min=0)
    area = _cross(face_verts[:, 2], face_verts[:, 0], face_verts[:, 1])
    usable = (depth.amin(1) >= AREA_EPS) & (extent.amin(1) > 0) & ((area > AREA_EPS) | (area < -AREA_EPS))
    if cull:
        usable &= area > 0
    faces = usable.nonzero()[:, 0]
    longest = extent[faces].amax(1)
    pixels, owners, depths = [], [], []
    smaller = 0
    while smaller < side:
        box = min(max(4, 2 * smaller), side)
        steps = torch.arange(box, device=x.device)
        for some in faces[(longest > smaller) & (longest <= box)].split(max(1, CANDIDATES // box**2)):
            columns = (low[some, 0, None, None] + steps).expand(-1, box, -1)
            rows = (low[some, 1, None, None] + steps[:, None]).expand(-1, -1, box)
            inside = (columns < side) & (rows < side)
            pixel, owner = (rows * side + columns)[inside], some[:, None, None].expand_as(inside)[inside]
            near, weights = _at(face_verts[owner], _centres(pixel, side, face_verts))
            hit = (weights > 0).all(1)
            pixels.append(pixel[hit])
            owners.append(owner[hit])
            depths.append(near[hit])
        smaller = box
    nearest = torch.full((side * side,), torch.inf, dtype=depth.dtype, device=depth.device)
    none = len(face_verts)
    face = torch.full((side * side,), none, dtype=torch.long, device=depth.device)
    if pixels:
        pixel, owner, near = torch.cat(pixels), torch.cat(owners), torch.cat(depths)
        nearest.scatter_reduce_(0, pixel, near, "amin")
        mine = near == nearest[pixel]
        face.scatter_reduce_(0, pixel[mine], owner[mine], "amin")
    return torch.where(face == none, -1, face)


def _centres(pixel: torch.Tensor, side: int, like: torch.Tensor) -> torch.Tensor:
    """Places (P, 2) of the pixels (P,) numbered row by row from the top left, x to the left and y up."""
    place = torch.stack([pixel % side, pixel // side], 1).to(like.dtype)
    return 1 - (2 * place + 1) / side


def _surface(face_verts: torch.Tensor, face: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Depth (P,), weights (P, 3) and signed squared distance (P,) where the pixels see `face` (P,); -1 elsewhere."""
    side = int(len(face) ** 0.5 + 0.5)
    seen = face >= 0
    pixel = seen.nonzero()[:, 0]
    corners, place = face_verts[face[seen]], _centres(pixel, side, face_verts)
    depth, weights = _at(corners, place)
    distance = _edge_distance(corners[..., :2], place)
    there = depth, weights, torch.where((weights > 0).all(1), -distance, distance)
    return tuple(
        torch.full((len(face), *values.shape[1:]), -1.0, dtype=values.dtype, device=values.device).index_put(
            (pixel,), values
        )
        for values in there
    )


def _at(corners: torch.Tensor, place: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Depth (P,) and perspective-correct weights (P, 3) of faces (P, 3, 3) at places (P, 2)."""
    a, b, c = corners.unbind(1)
    area = _cross(c, a, b) + AREA_EPS
    flat = torch.stack([_cross(place, b, c), _cross(place, c, a), _cross(place, a, b)], 1) / area[:, None]
    depth = corners[..., 2]
    over = flat * depth.roll(1, 1) * depth.roll(2, 1)
    weights = over / over.sum(1, keepdim=True)
    return (weights * depth).sum(1), weights


def _edge_distance(ends: torch.Tensor, place: torch.Tensor) -> torch.Tensor:
    """Squared distance (P,) of places (P, 2) from the nearest edge of triangles with the corners `ends` (P, 3, 2)."""
    edge, from_start = ends.roll(-1, 1) - ends, place[:, None] - ends
    along = (edge * from_start).sum(-1) / (edge * edge).sum(-1).clamp(min=1e-16)
    off = from_start - along.clamp(0, 1)[..., None] * edge
    return (off * off).sum(-1).amin(1)


def _cross(p: torch.Tensor, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Twice the signed area (P,) of the triangles p, a, b, of which x and y count."""
    return (p[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1]) - (p[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
