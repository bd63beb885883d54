"""Differential operators of a triangle mesh, the inputs of DiffusionNet and of the Poisson solve.

Lengths are in whatever unit the vertices have: mass and areas in its square, eigenvalues in its inverse square,
gradients in its inverse.
"""

import hashlib
import io
import os
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import robust_laplacian
import torch
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, eigsh

from dataset_script.array_files import DAMAGED_ARRAYS, read_arrays
from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.storage import write_atomically

from ...geometry.checks import check_surface
from ...geometry.mesh import vertex_normals
from ...geometry.solvers import factorise
from ...streams import stream

VERSION = 1
"""Part of the cache key; goes up when a number below changes."""
MOST_BYTES = 1 << 33
"""That a file of the cache may take: two million triangles with 128 eigenpairs take 1.5 GB."""
SHIFT = 1e-8
"""Shift-invert looks for the eigenvalues nearest to minus this, in units of the inverse mean vertex area."""


@dataclass(frozen=True)
class MeshOperators:
    """Operators of a surface with V vertices, F triangles and k eigenpairs; float64.

    Attributes:
        vertices, faces: (V, 3) and (F, 3) int64 of the surface.
        mass: (V,) lumped vertex areas.
        eigenvalues: (k,) of the Laplacian, ascending from 0.
        eigenvectors: (V, k), orthonormal under `mass`.
        gradient_x, gradient_y: (V, V) sparse, the tangent-plane gradient of a vertex function in the vertex's frame.
        normals: (V, 3) unit, area-weighted.
        face_gradient: (3 F, V) sparse; rows 3 f to 3 f + 2 give the 3-D gradient of a vertex function on triangle f.
        face_area: (F,).
    """

    vertices: np.ndarray
    faces: np.ndarray
    mass: np.ndarray
    eigenvalues: np.ndarray
    eigenvectors: np.ndarray
    gradient_x: sparse.csr_matrix
    gradient_y: sparse.csr_matrix
    normals: np.ndarray
    face_gradient: sparse.csr_matrix
    face_area: np.ndarray


def mesh_operators(vertices: np.ndarray, faces: np.ndarray, k: int = 128, cache: Path | None = None) -> MeshOperators:
    """All operators of a surface, read from `cache` (a directory) when it holds them, and written there when not.

    The Laplacian and the mass are those of Sharp & Crane 2020 (robust-laplacian: intrinsic Delaunay cotangents).

    Raises:
        InvalidInput: a surface that `check_surface` refuses, or `k` out of 1 to V - 2.
        WorkFailed: a file of the cache cannot be read or written.
    """
    vertices, faces = check_surface(vertices, faces)
    if not 1 <= k <= len(vertices) - 2:
        raise InvalidInput(f"k is {k}; allowed is 1 to {len(vertices) - 2}, the number of vertices less 2")
    file = None if cache is None else cache / f"{content_hash(vertices, faces, k)}.npz"
    if file is not None and file.is_file():
        return _read(file)
    laplacian, mass_matrix = robust_laplacian.mesh_laplacian(vertices, faces)
    mass = mass_matrix.diagonal()
    eigenvalues, eigenvectors = eigenbasis(laplacian, mass, k)
    normals = vertex_normals(vertices, faces).astype(np.float64)
    gradient_x, gradient_y = tangent_gradients(vertices, faces, tangent_frames(normals))
    face_gradient, face_area = face_gradients(vertices, faces)
    operators = MeshOperators(
        vertices, faces, mass, eigenvalues, eigenvectors, gradient_x, gradient_y, normals, face_gradient, face_area
    )
    if file is not None:
        cache.mkdir(parents=True, exist_ok=True)
        _write(file, operators)
    return operators


def default_cache() -> Path:
    """Where operators are kept between processes: `pain3d/operators` under XDG_CACHE_HOME or `~/.cache`."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "pain3d" / "operators"


def content_hash(vertices: np.ndarray, faces: np.ndarray, k: int) -> str:
    """32 hex digits of the vertices, faces and k: the key of the operators in the cache."""
    digest = hashlib.blake2b(repr((VERSION, k, vertices.shape, faces.shape)).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(vertices, np.float64).tobytes())
    digest.update(np.ascontiguousarray(faces, np.int64).tobytes())
    return digest.hexdigest()


def eigenbasis(laplacian: sparse.spmatrix, mass: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k smallest eigenvalues (k,) and their vectors (V, k) of `laplacian` x = eigenvalue `mass` x.

    Shift-invert Lanczos from a fixed start vector; every eigenvector points to the side of that vector, so that the
    same mesh gives the same signs.
    """
    size = len(mass)
    shift = SHIFT / mass.mean()
    solver = factorise(laplacian + sparse.diags(shift * mass))

    def solve(right: np.ndarray) -> np.ndarray:
        right = np.ascontiguousarray(right, np.float64).reshape(size, -1)
        solution = np.zeros_like(right)
        solver.solve(right, solution)
        return solution

    start = stream(0, "rig.eigenbasis", None).standard_normal(size)
    inverse = LinearOperator((size, size), matvec=solve, matmat=solve, dtype=np.float64)
    values, vectors = eigsh(laplacian, k, M=sparse.diags(mass), sigma=-shift, OPinv=inverse, v0=start)
    order = np.argsort(values, kind="stable")
    values, vectors = np.clip(values[order], 0, None), vectors[:, order]
    side = np.sign(start @ (mass[:, None] * vectors))
    return values, vectors * np.where(side == 0, 1, side)


def torch_sparse(matrix: sparse.spmatrix, dtype: torch.dtype, device: torch.device | str = "cpu") -> torch.Tensor:
    """`matrix` as a coalesced sparse tensor."""
    entries = matrix.tocoo()
    index = torch.from_numpy(np.stack([entries.row, entries.col]).astype(np.int64))
    values = torch.from_numpy(entries.data).to(dtype)
    return torch.sparse_coo_tensor(index, values, entries.shape, check_invariants=True).coalesce().to(device)


def tangent_frames(normals: np.ndarray) -> np.ndarray:
    """(V, 2, 3): two unit axes in the tangent plane of every unit normal (V, 3); right-handed with it."""
    helper = np.eye(3)[np.abs(normals).argmin(axis=1)]
    first = helper - (helper * normals).sum(axis=1, keepdims=True) * normals
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    return np.stack([first, np.cross(normals, first)], axis=1)


def tangent_gradients(
    vertices: np.ndarray, faces: np.ndarray, frames: np.ndarray
) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """The gradient at a vertex along the two axes of its frame, (V, V) each: a least-squares fit over its edges.

    Sharp et al. 2022, section 3.4: the linear function in the tangent plane that explains the differences to the
    neighbours best, edges projected into the plane.
    """
    size = len(vertices)
    directed = np.concatenate(
        [faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), faces[:, [1, 0, 2, 1, 0, 2]].reshape(-1, 2)]
    )
    start, end = np.unique(directed, axis=0).T
    edge = np.einsum("eij,ej->ei", frames[start], vertices[end] - vertices[start])  # (E, 2)
    normal = np.zeros((size, 2, 2))
    np.add.at(normal, start, edge[:, :, None] * edge[:, None, :])
    # A vertex whose edges are nearly in one line has no slope across it: the small ridge makes it zero.
    ridge = 1e-6 * np.trace(normal, axis1=1, axis2=2)
    inverse = np.linalg.inv(normal + ridge[:, None, None] * np.eye(2))
    share = np.einsum("eij,ej->ie", inverse[start], edge)  # (2, E)
    here = np.stack([-np.bincount(start, part, size) for part in share])
    row, column = np.append(start, np.arange(size)), np.append(end, np.arange(size))
    x, y = (sparse.csr_matrix((np.append(share[i], here[i]), (row, column)), shape=(size, size)) for i in range(2))
    return x, y


def face_gradients(vertices: np.ndarray, faces: np.ndarray) -> tuple[sparse.csr_matrix, np.ndarray]:
    """(3 F, V) gradient of piecewise linear functions, and the areas (F,) of the triangles."""
    corners = vertices[faces]  # (F, 3, 3)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    double_area = np.linalg.norm(normal, axis=1)
    opposite = corners[:, [2, 0, 1]] - corners[:, [1, 2, 0]]  # the edge across from each corner
    slope = np.cross((normal / double_area[:, None])[:, None], opposite) / double_area[:, None, None]  # (F, corner, 3)
    row = np.broadcast_to(np.arange(3 * len(faces)).reshape(-1, 1, 3), slope.shape)
    column = np.broadcast_to(faces[:, :, None], slope.shape)
    shape = (3 * len(faces), len(vertices))
    return sparse.csr_matrix((slope.ravel(), (row.ravel(), column.ravel())), shape=shape), double_area / 2


def _write(file: Path, operators: MeshOperators) -> None:
    arrays = {}
    for field in fields(operators):
        value = getattr(operators, field.name)
        if sparse.issparse(value):
            arrays |= {f"{field.name}.{part}": getattr(value, part) for part in ("data", "indices", "indptr", "shape")}
        else:
            arrays[field.name] = value
    content = io.BytesIO()
    np.savez(content, **arrays)
    write_atomically(file, content.getvalue())


def _read(file: Path) -> MeshOperators:
    try:
        stored = read_arrays(file, MOST_BYTES)
        values = {}
        for field in fields(MeshOperators):
            if f"{field.name}.data" in stored:
                data, indices, indptr, shape = (
                    stored[f"{field.name}.{part}"] for part in ("data", "indices", "indptr", "shape")
                )
                values[field.name] = sparse.csr_matrix((data, indices, indptr), shape=tuple(shape))
            else:
                values[field.name] = stored[field.name]
        return MeshOperators(**values)
    except DAMAGED_ARRAYS as error:
        raise WorkFailed(f"operator cache {file} cannot be read ({error}); delete it and run again") from error
