"""Alias tables: draw an edge of a row by its weight in constant time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.maths.jit import kernel
from semsearch.maths.sparse import sp


def alias_tables(A: sp.csr_matrix) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]:
    """Walker's tables of each row (Vose 1991): keep slot e with `chance[e]`, else take the row's slot `other[e]`."""
    chance, other = np.empty(A.nnz, np.float32), np.empty(A.nnz, np.int32)
    _fill_alias(A.indptr.astype(np.int64), A.data.astype(np.float64), chance, other)
    return chance, other


@kernel
def _fill_alias(indptr: Any, weights: Any, chance: Any, other: Any) -> None:
    most = 0
    for row in range(len(indptr) - 1):
        most = max(most, indptr[row + 1] - indptr[row])
    shares, small, large = np.empty(most), np.empty(most, np.int32), np.empty(most, np.int32)
    for row in range(len(indptr) - 1):
        start = indptr[row]
        degree = indptr[row + 1] - start
        total = weights[start : start + degree].sum()
        n_small = n_large = 0
        for slot in range(degree):
            shares[slot] = weights[start + slot] / total * degree
            if shares[slot] < 1:
                small[n_small] = slot
                n_small += 1
            else:
                large[n_large] = slot
                n_large += 1
        while n_small and n_large:
            n_small -= 1
            less, more = small[n_small], large[n_large - 1]
            chance[start + less], other[start + less] = shares[less], more
            shares[more] -= 1 - shares[less]
            if shares[more] < 1:
                n_large -= 1
                small[n_small] = more
                n_small += 1
        for rest in range(n_small):  # 1 except for rounding
            chance[start + small[rest]], other[start + small[rest]] = 1, small[rest]
        for rest in range(n_large):
            chance[start + large[rest]], other[start + large[rest]] = 1, large[rest]
