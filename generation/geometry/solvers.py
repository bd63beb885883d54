"""Sparse linear systems that are solved many times."""

import cholespy
import numpy as np
import torch
from scipy import sparse


def factorise(matrix: sparse.spmatrix, device: torch.device | None = None) -> cholespy.CholeskySolverD:
    """Sparse Cholesky factor, float64, of a symmetric positive definite matrix; for tensors on `device`, if any."""
    rows = matrix.tocsr()
    rows.sort_indices()
    parts = [rows.indptr.astype(np.int32), rows.indices.astype(np.int32), rows.data.astype(np.float64)]
    if device is not None:
        parts = [torch.from_numpy(part).to(device) for part in parts]
    return cholespy.CholeskySolverD(rows.shape[0], *parts, cholespy.MatrixType.CSR)
