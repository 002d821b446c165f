"""Matrices on a GPU, for the truncated SVD of maths/factor.py, which needs products only.

The basis stays on the device, and so does everything with tall matrices. Only blocks of a basis times a basis, some
hundred rows, are copied back, in float64 where Rayleigh-Ritz needs it. A sparse matrix is stored twice, as CSR of
itself and of its transpose, because a product with a transposed CSR is several times slower. Products are full float32:
TF32 has three digits. Everything here also runs on torch's CPU, where it is tested.
"""

from __future__ import annotations

import warnings
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
import torch

from semsearch.arrays import FloatArray
from semsearch.errors import CapabilityError
from semsearch.nets.device import place
from semsearch.records import Device

Array = npt.NDArray[Any]
Tall: TypeAlias = torch.Tensor
BLOCK_ROWS = 1 << 16  # rows converted to float and centred at once
MAX_MATRIX_SHARE = 0.7  # of the free memory; the rest is for the basis


class OnDevice:
    """The operations of maths/factor.py on tall matrices (its Namespace), on one device; small matrices are numpy's."""

    def __init__(self, where: torch.device) -> None:
        self.where = where

    def room(self, rows: int, columns: int) -> Tall:
        """An uninitialised (rows, columns) float32 matrix, column-major."""
        return torch.empty((columns, rows), dtype=torch.float32, device=self.where).T

    def put(self, small: Array) -> Tall:
        """An array on the device."""
        return torch.from_numpy(np.ascontiguousarray(small)).to(self.where)

    def take(self, tall: Tall) -> Array:
        """The inverse of `put`."""
        return tall.cpu().numpy()

    def inner(self, A: Tall, B: Tall) -> Array:
        """AᵀB, (a, b) from (n, a) and (n, b)."""
        return self.take(A.T @ B)

    def exact_inner(self, A: Tall, B: Tall) -> npt.NDArray[np.float64]:
        """AᵀB in float64, in blocks of rows: a float64 copy of A would have twice its size."""
        total = torch.zeros((A.shape[1], B.shape[1]), dtype=torch.float64, device=self.where)
        for a, b in zip(A.split(BLOCK_ROWS), B.split(BLOCK_ROWS), strict=True):
            total += a.double().T @ b.double()
        return self.take(total)

    def gram(self, W: Tall) -> npt.NDArray[np.float64]:
        """WᵀW in float64."""
        return self.exact_inner(W, W)

    def times(self, W: Tall, Z: Array) -> Tall:
        """W Z, (n, b) from (n, a) and (a, b)."""
        return W @ self.put(Z)

    def subtract(self, W: Tall, K: Tall, H: Array) -> None:
        """W -= K H in place."""
        W.addmm_(K, self.put(H), alpha=-1)


class MatrixOnDevice:
    """A dense or scipy-sparse matrix as an Operator on the device. Raises CapabilityError if it does not fit."""

    def __init__(self, A: Any, device: Device) -> None:
        where = place(device)
        self.xp, self.shape = OnDevice(where), (A.shape[0], A.shape[1])
        if sp.issparse(A):
            rows = sp.csr_matrix(A, dtype=np.float32)
            _check_room(2 * (rows.data.nbytes + rows.indices.nbytes), where)
            self._A, self._At = _sparse(rows, where), _sparse(sp.csr_matrix(rows.T), where)
        else:
            dense = np.asarray(A, np.float32)
            _check_room(dense.nbytes, where)
            self._A = self.xp.put(dense)
            self._At = self._A.T
        self._values = self._A.values() if sp.issparse(A) else self._A

    def matmat(self, X: Tall) -> Tall:
        """A X, (m, b) from (n, b)."""
        return self._A @ X.contiguous()

    def rmatmat(self, Y: Tall) -> Tall:
        """Aᵀ Y, (n, b) from (m, b)."""
        return self._At @ Y.contiguous()

    def energy(self) -> float:
        """‖A‖²_F, the sum of all squared singular values."""
        return float(torch.linalg.vector_norm(self._values, dtype=torch.float64)) ** 2


class CentredOnDevice:
    """(X - mean) · unit as an Operator on the device, X (n, d) of bytes or floats, stored in their own type."""

    def __init__(self, X: Array, unit: float, device: Device) -> None:
        where = place(device)
        _check_room(X.nbytes, where)
        self.xp, self.unit, self.shape = OnDevice(where), unit, (X.shape[0], X.shape[1])
        self._X = self.xp.put(X)
        exact = torch.float64 if self._X.is_floating_point() else torch.int64
        self._mean = (self._X.sum(dim=0, dtype=exact).double() / max(1, len(X))).float()
        self.mean: FloatArray = self.xp.take(self._mean)

    def _blocks(self) -> Any:
        for rows in self._X.split(BLOCK_ROWS):
            yield (rows.float() - self._mean) * self.unit

    def matmat(self, V: Tall) -> Tall:
        """A V, (n, b) from (d, b)."""
        return torch.cat([block @ V for block in self._blocks()])

    def rmatmat(self, Y: Tall) -> Tall:
        """Aᵀ Y, (d, b) from (n, b)."""
        total = torch.zeros((self.shape[1], Y.shape[1]), device=self.xp.where)
        for block, part in zip(self._blocks(), Y.split(BLOCK_ROWS), strict=True):
            total += block.T @ part
        return total

    def normal(self, V: Tall) -> Tall:
        """Aᵀ A V, (d, b): both products, with each block of rows centred once."""
        total = torch.zeros((self.shape[1], V.shape[1]), device=self.xp.where)
        for block in self._blocks():
            total += block.T @ (block @ V)
        return total

    def energy(self) -> float:
        """The sum of squares of all centred values: n times the total variance."""
        return float(sum(float((block.double() ** 2).sum()) for block in self._blocks()))


def _sparse(rows: sp.csr_matrix, where: torch.device) -> Tall:
    """A CSR matrix on the device, with its own index type."""
    parts = (torch.from_numpy(part).to(where) for part in (rows.indptr, rows.indices, rows.data))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse (CSR tensor|invariant)")  # "in beta", unchecked
        return torch.sparse_csr_tensor(*parts, size=rows.shape, device=where, check_invariants=False)


def _check_room(needed: int, where: torch.device) -> None:
    """Raises CapabilityError if a matrix of this many bytes leaves too little GPU memory for the basis."""
    if where.type != "cuda":
        return
    free, _ = torch.cuda.mem_get_info(where)
    if needed > MAX_MATRIX_SHARE * free:
        raise CapabilityError(
            f"The matrix takes {needed / 1e9:,.1f} GB on the GPU, which has {free / 1e9:,.1f} GB free:"
            " leave out --device cuda, or free GPU memory"
        )
