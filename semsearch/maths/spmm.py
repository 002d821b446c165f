"""Products of a sparse with a dense matrix, on all cores."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.maths.jit import kernel
from semsearch.maths.sparse import sp
from semsearch.threads import map_ranges, thread_count

Array = npt.NDArray[Any]

# Stored entries from which the kernels are loaded. Whether they are loaded already must not matter: the two ways differ
# in the last bits, and results must be reproducible.
COMPILED_ENTRIES = 2_000_000


def suits(A: Any) -> bool:
    """Whether A is a large CSR matrix of float32."""
    return sp.issparse(A) and A.format == "csr" and A.dtype == np.float32 and A.nnz >= COMPILED_ENTRIES


def matmat(A: sp.csr_matrix, X: Array) -> Array:
    """A X, (m, b) float32 from (n, b)."""
    X = np.ascontiguousarray(X, np.float32)
    out = np.empty((A.shape[0], X.shape[1]), np.float32)
    map_ranges(
        lambda first, last: gather(A.indptr[first : last + 1], A.indices, A.data, X, out[first:last]),
        _balanced_bounds(A),
    )
    return out


def rmatmat(A: sp.csr_matrix, Y: Array) -> Array:
    """Aᵀ Y, (n, b) float32 from (m, b). Allocates (n, b) per thread."""
    Y = np.ascontiguousarray(Y, np.float32)

    def work(first: int, last: int) -> Array:
        out = np.zeros((A.shape[1], Y.shape[1]), np.float32)
        scatter(A.indptr[first : last + 1], A.indices, A.data, Y[first:last], out)
        return out

    out, *others = map_ranges(work, _balanced_bounds(A))
    for other in others:
        out += other
    return out


def _balanced_bounds(A: sp.csr_matrix) -> list[int]:
    """Bounds between rows that give every thread about the same number of entries."""
    inner = np.searchsorted(A.indptr, np.linspace(0, A.nnz, thread_count() + 1)[1:-1])
    return [0, *inner.tolist(), A.shape[0]]


@kernel
def gather(indptr: Array, indices: Array, data: Array, X: Array, out: Array) -> None:
    """Write to each row of `out` the sum of the row's entries times their rows of X.

    Four entries at a time take seven tenths of the time: a row of `out` is read and written a quarter as often, and the
    waits for four rows of X overlap.
    """
    for row in range(len(indptr) - 1):
        out[row] = 0
        at, last = indptr[row], indptr[row + 1]
        while at + 4 <= last:
            a, b, c, d = data[at], data[at + 1], data[at + 2], data[at + 3]
            i, j, k, m = indices[at], indices[at + 1], indices[at + 2], indices[at + 3]
            for place in range(X.shape[1]):
                out[row, place] += a * X[i, place] + b * X[j, place] + c * X[k, place] + d * X[m, place]
            at += 4
        while at < last:
            value, column = data[at], indices[at]
            for place in range(X.shape[1]):
                out[row, place] += value * X[column, place]
            at += 1


@kernel
def scatter(indptr: Array, indices: Array, data: Array, Y: Array, out: Array) -> None:
    """Add each row of Y, times each entry of its row of A, to the row of `out` of that entry's column."""
    for row in range(len(indptr) - 1):
        for at in range(indptr[row], indptr[row + 1]):
            value, column = data[at], indices[at]
            for place in range(Y.shape[1]):
                out[column, place] += value * Y[row, place]
