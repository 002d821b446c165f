"""NetMF: the matrix that DeepWalk factorises implicitly, in closed form.

Qiu, Dong, Ma, Li, Wang & Tang, "Network Embedding as Matrix Factorization" (WSDM 2018). With window T, b negative
samples, degrees D and vol = Σ A, skip-gram on infinitely many and long walks factorises

    M = ln⁺( vol / (b T) · (Σ_{r=1..T} P^r) D⁻¹ ),   P = D⁻¹A, ln⁺ x = ln max(x, 1)

For a large window the powers follow from h eigenpairs of S = D^-½ A D^-½ ≈ U Λ Uᵀ (their algorithm 4):

    Σ_r P^r D⁻¹ = D^-½ (Σ_r S^r) D^-½ ≈ D^-½ U (Σ_r Λ^r)⁺ Uᵀ D^-½

M is symmetric and, except for small windows, dense: its n² float32 numbers limit n.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray
from semsearch.maths.factor import Matrix, truncated_eigen
from semsearch.maths.graphs import multiply
from semsearch.maths.operator import Operator
from semsearch.maths.sparse import sp
from semsearch.threads import map_ranges

_BLOCK_ROWS = 512  # rows of M computed at a time


def netmf_exact(A: sp.csr_matrix, window: int, *, negative: float = 1.0) -> FloatArray:
    """The exact M (n, n) float32, by T - 1 products of the graph with a dense matrix. `A` is undirected."""
    root, S = _normalised(A)
    power = S.toarray()
    total = power.copy()
    for _ in range(window - 1):
        power = multiply(S, power)
        total += power
    scale = float(A.sum(dtype=np.float64)) / (negative * window)
    bounds = [*range(0, len(total), _BLOCK_ROWS), len(total)]

    def logarithm(first: int, last: int) -> None:
        part = total[first:last]
        part *= (scale * root[first:last, None] * root).astype(np.float32)
        np.log(np.maximum(part, 1, out=part), out=part)

    map_ranges(logarithm, bounds)
    return total


def netmf_edges(A: sp.csr_matrix, *, negative: float = 1.0) -> sp.csr_matrix:
    """The exact M (n, n) float32 for a window of 1: it has entries at edges only. `A` is undirected."""
    root, S = _normalised(A)
    M = S.copy()
    rows = np.repeat(np.arange(S.shape[0]), np.diff(S.indptr))
    scale = float(A.sum(dtype=np.float64)) / negative
    M.data = np.log(np.maximum(S.data * scale * root[rows] * root[S.indices], 1)).astype(np.float32)
    M.eliminate_zeros()
    return M


def netmf_approximated(
    A: sp.csr_matrix,
    window: int,
    *,
    rank: int = 256,
    negative: float = 1.0,
    rng: np.random.Generator,
    operator: Callable[[Any], Operator] = Matrix,
) -> FloatArray:
    """M (n, n) float32 from the `rank` eigenpairs of largest magnitude. `A` is undirected."""
    root, S = _normalised(A)
    eigen = truncated_eigen(operator(S), rank, rng=rng)
    values = np.clip(eigen.values, -1, 1)
    summed = np.maximum(sum(values**r for r in range(1, window + 1)) / window, 0)
    scale = float(A.sum(dtype=np.float64)) / negative
    half = (np.sqrt(scale * summed) * eigen.vectors * root[:, None]).astype(np.float32)
    M = np.empty((len(half), len(half)), np.float32)

    def block(first: int, last: int) -> None:
        np.matmul(half[first:last], half.T, out=M[first:last])
        np.log(np.maximum(M[first:last], 1, out=M[first:last]), out=M[first:last])

    map_ranges(block, [*range(0, len(half), _BLOCK_ROWS), len(half)])
    return M


def _normalised(A: sp.csr_matrix) -> tuple[npt.NDArray[np.float64], sp.csr_matrix]:
    """D^-½ as (n,), 0 for nodes without edges, and S."""
    degrees = np.asarray(A.sum(axis=1, dtype=np.float64)).reshape(-1)
    root = np.where(degrees > 0, 1 / np.sqrt(np.maximum(degrees, 1e-300)), 0)
    S = A.astype(np.float64)
    S.data *= np.repeat(root, np.diff(A.indptr)) * root[A.indices]
    return root, sp.csr_matrix(S.astype(np.float32))
