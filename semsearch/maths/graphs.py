"""A graph as an adjacency matrix, and products with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import IntArray
from semsearch.maths.sparse import sp
from semsearch.threads import map_ranges, thread_count

Array = npt.NDArray[Any]


def adjacency(source: IntArray, target: IntArray, weight: Array, n: int, *, directed: bool) -> sp.csr_matrix:
    """(n, n) float32 weights of the edges from row to column, indices sorted.

    The weights of repeated edges are added up; an undirected edge counts in both directions. Self-loops are left out,
    because they say nothing about neighbours, and so are edges of weight 0.
    """
    is_link = source != target
    source, target, weight = source[is_link], target[is_link], weight[is_link]
    if not directed:
        source, target = np.concatenate([source, target]), np.concatenate([target, source])
        weight = np.concatenate([weight, weight])
    A = sp.csr_matrix((np.asarray(weight, np.float64), (source, target)), shape=(n, n))
    A.sum_duplicates()
    A.eliminate_zeros()
    return A.astype(np.float32)


def multiply(A: sp.csr_matrix, X: Array) -> Array:
    """A X, (m, b) from a sparse (m, n) and a dense (n, b), computed on all cores."""
    out = np.empty((A.shape[0], X.shape[1]), np.result_type(A, X))
    cuts = np.searchsorted(A.indptr, np.linspace(0, A.nnz, 4 * thread_count() + 1))
    bounds = np.unique(np.concatenate([[0], cuts, [A.shape[0]]])).tolist()

    def rows(first: int, last: int) -> None:
        start, end = A.indptr[first], A.indptr[last]
        inside = (A.data[start:end], A.indices[start:end], A.indptr[first : last + 1] - start)
        out[first:last] = sp.csr_matrix(inside, shape=(last - first, A.shape[1])) @ X

    map_ranges(rows, bounds)
    return out
