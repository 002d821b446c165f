"""The truncated SVD: everything that factors a matrix calls it.

Block Krylov (block Lanczos with full reorthogonalisation) on the smaller of AᵀA and AAᵀ: Musco & Musco, "Randomized
Block Krylov Methods", NIPS 2015. Any block size up to k converges (Chen, Epperly, Meyer, Musco & Rao, arXiv
2508.06486), and small blocks are fastest. A symmetric matrix, indefinite or not, takes one product per step instead of
two. Products are float32, small matrices float64. Iteration stops on the Ritz residual.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.errors import out_of_range
from semsearch.maths import spmm
from semsearch.maths.blas import one_thread
from semsearch.maths.operator import Namespace, Operator, Tall, namespace_of

Array = npt.NDArray[Any]


class Matrix:
    """A dense or scipy-sparse matrix in memory, as an Operator."""

    def __init__(self, A: Any) -> None:
        self.A, self.shape, self.At = A, A.shape, A.T
        self._compiled = spmm.suits(A)

    def matmat(self, X: Array) -> Array:
        return spmm.matmat(self.A, X) if self._compiled else np.asarray(self.A @ X)

    def rmatmat(self, Y: Array) -> Array:
        return spmm.rmatmat(self.A, Y) if self._compiled else np.asarray(self.At @ Y)

    def energy(self) -> float:
        """‖A‖²_F, the sum of all squared singular values."""
        values = self.A.data if hasattr(self.A, "indptr") else np.asarray(self.A)
        return float(np.vdot(values, values))


def as_operator(A: Any) -> Any:
    """An Operator unchanged, or a matrix in memory as an Operator."""
    return A if hasattr(A, "matmat") else Matrix(A)


@dataclass(frozen=True)
class SVD:
    """A ≈ U diag(s) Vt: `U` (m, k), `s` (k,) float64 descending, `Vt` (k, n); k is at most the rank.

    `residual` is the mean over components of ‖AᵀA v − s² v‖ / s², 0 if exact; `steps` counts the products with AᵀA.
    """

    U: Array
    s: npt.NDArray[np.float64]
    Vt: Array
    residual: float
    steps: int


@dataclass(frozen=True)
class Eigen:
    """A ≈ Q diag(values) Qᵀ: `values` (k,) float64, either sign, largest magnitude first; `vectors` Q (n, k) float32.

    `residual` is the mean of ‖Av − λv‖ / |λ| before the last Rayleigh-Ritz, 0 if exact; `steps` counts the products.
    """

    values: npt.NDArray[np.float64]
    vectors: Array
    residual: float
    steps: int


@dataclass
class _Krylov:
    """An orthonormal basis K (d, used) and T = Kᵀ B K, grown a block at a time; B is AᵀA or AAᵀ."""

    xp: Namespace
    K: Tall
    T: npt.NDArray[np.float64]
    used: int
    residual_factor: Array  # R of the next block: B X = K H + X' R

    def add(self, X: Tall, product: Callable[[Tall], Tall]) -> Tall:
        """Add block X (d, b) to the basis, and return the part of B X orthogonal to it, (d, b)."""
        start, self.used = self.used, self.used + X.shape[1]
        if self.used > self.K.shape[1]:
            self._grow()
        self.K[:, start : self.used] = X
        W = product(X)
        # Only the last two blocks are not orthogonal to B X up to rounding: these first, then all. Twice is enough
        # (Giraud, Langou & Rozložník 2005).
        for near in (max(0, start - self.residual_factor.shape[1]), 0):
            basis = self.K[:, near : self.used]
            H = self.xp.inner(basis, W)
            self.T[near : self.used, start : self.used] += H
            self.xp.subtract(W, basis, H)
        return W

    def _grow(self) -> None:
        """Double the capacity. Most factorisations end long before the largest basis, which is costly to allocate."""
        held = self.K.shape[1]
        K = self.xp.room(self.K.shape[0], 2 * held)
        T = np.zeros((2 * held, 2 * held))
        K[:, :held], T[:held, :held] = self.K, self.T
        self.K, self.T = K, T

    @one_thread()
    def ritz(self, k: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """The k Ritz values of largest magnitude (descending), their vectors in the basis, and their residual norms."""
        T = self.T[: self.used, : self.used]
        values, vectors = np.linalg.eigh(np.triu(T) + np.triu(T, 1).T)
        order = np.argsort(-np.abs(values), kind="stable")[:k]
        values, vectors = values[order], vectors[:, order]
        last = vectors[self.used - self.residual_factor.shape[1] :]
        return values, vectors, np.linalg.norm(self.residual_factor @ last, axis=0)


@one_thread()
def _orthonormal(xp: Namespace, W: Tall, floor: float) -> tuple[Tall, npt.NDArray[np.float64]]:
    """W = Q R with orthonormal Q (d, r) and R (r, b), where r counts the directions longer than `floor`.

    By the eigenvectors of WᵀW in float64 instead of a Cholesky factor: at the same cost it works for a singular W.
    """
    lengths, Z = np.linalg.eigh(xp.gram(W))
    keep = lengths > floor**2
    roots = np.sqrt(lengths[keep])
    Q = xp.times(W, (Z[:, keep] / roots).astype(np.float32))
    return Q, roots[:, None] * Z[:, keep].T


def _fresh(krylov: _Krylov, width: int, rng: np.random.Generator) -> Tall:
    """Random directions (d, width) orthogonal to the basis, for when the Krylov space is exhausted."""
    basis = krylov.K[:, : krylov.used]
    X = krylov.xp.put(rng.standard_normal((len(basis), width)).astype(np.float32))
    for _ in range(2):
        X -= basis @ (basis.T @ X)
    X, _ = _orthonormal(krylov.xp, X, 1e-3)
    X -= basis @ (basis.T @ X)
    return _orthonormal(krylov.xp, X, 1e-3)[0]


def truncated_svd(
    operator: Operator,
    k: int,
    *,
    rng: np.random.Generator,
    tolerance: float = 0.02,
    block: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> SVD:
    """The k largest singular values and vectors of an (m, n) operator.

    `tolerance` bounds the mean relative Ritz residual; 0.02 misses about a thousandth of the best rank-k energy on flat
    text spectra. `block` defaults to 32 up to k = 128 and 64 above. Signs are fixed so that the largest entry of each
    right vector is positive. Memory: a basis of about 3 to 8 times k columns on the smaller side. Raises InputError if
    k is not positive.
    """
    if k < 1:
        raise out_of_range("The number of dimensions", k, least=1)
    m, n = operator.shape
    wide = m < n
    d = min(m, n)
    k = min(k, d)

    normal: Callable[[Tall], Tall] | None = getattr(operator, "normal", None)

    def product(X: Tall) -> Tall:
        if wide:
            return operator.matmat(operator.rmatmat(X))
        return operator.rmatmat(operator.matmat(X)) if normal is None else normal(X)

    how = (block or (32 if k <= 128 else 64), tolerance)
    vectors, residual, steps = _largest(namespace_of(operator), product, d, k, how, rng, progress)
    return _finish(operator, vectors, wide, residual, steps)


def _largest(
    xp: Namespace,
    product: Callable[[Tall], Tall],
    d: int,
    k: int,
    how: tuple[int, float],
    rng: np.random.Generator,
    progress: Callable[[int, int], None] | None,
) -> tuple[Tall, float, int]:
    """The k eigenvectors (d, k) of largest magnitude of a symmetric product, the mean relative residual, the steps."""
    block, tolerance = min(how[0], d), how[1]
    limit = min(d, max(12 * k, k + 8 * block))
    held = min(limit, 4 * k + block)
    krylov = _Krylov(xp, xp.room(d, held), np.zeros((held, held)), 0, np.empty((0, 0)))
    X, _ = _orthonormal(xp, xp.put(rng.standard_normal((d, block)).astype(np.float32)), 0.0)
    largest, steps, look, before = 0.0, 0, 0, (0, np.inf)
    while True:
        W = krylov.add(X, product)
        steps += 1
        largest = max(largest, float(np.abs(krylov.T[: krylov.used, krylov.used - X.shape[1] : krylov.used]).max()))
        X, krylov.residual_factor = _orthonormal(xp, W, 100 * float(np.finfo(np.float32).eps) * largest)
        room = limit - krylov.used
        closed = X.shape[1] == 0
        if closed and krylov.used < min(limit, k):
            X = _fresh(krylov, min(block, room), rng)
        X, done = X[:, :room], room == 0 or (closed and krylov.used >= k)
        if progress is not None:
            progress(krylov.used, limit)
        if done or (krylov.used >= 2 * k and steps >= look):
            values, vectors, residuals = krylov.ritz(k)
            exact = closed or krylov.used == d
            relative = 0.0 if exact else float(np.mean(residuals / np.maximum(np.abs(values), abs(values[0]) * 1e-6)))
            if done or relative <= tolerance:
                return krylov.K[:, : krylov.used] @ xp.put(vectors.astype(np.float32)), relative, steps
            look, before = _next_look(before, (steps, relative), tolerance), (steps, relative)


def _next_look(before: tuple[int, float], now: tuple[int, float], tolerance: float) -> int:
    """The step at which to compute the residual again, which costs as much as half a step.

    It is halfway to the step where the residual reaches the tolerance at its recent rate, but at most a quarter of the
    steps so far away.
    """
    (steps, residual), (earlier, was) = now, before
    if not (0 < tolerance < residual < was < np.inf):
        return steps + 1
    a_step = np.log(was / residual) / (steps - earlier)
    return steps + max(1, min(steps // 4, int(np.log(residual / tolerance) / a_step / 2)))


def truncated_eigen(
    A: Array | Operator | Any,
    k: int,
    *,
    rng: np.random.Generator,
    tolerance: float = 0.03,
    block: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Eigen:
    """The k eigenvalues of largest magnitude of a symmetric (n, n) matrix, and their eigenvectors.

    The matrix is dense, sparse or an Operator. It takes one product per step, where an SVD takes two. `tolerance`
    bounds the mean of ‖Av − λv‖ / |λ|; 0.03 loses nothing measurable on word vectors (benchmarks/words.py). Otherwise
    as `truncated_svd`.
    """
    if k < 1:
        raise out_of_range("The number of dimensions", k, least=1)
    matrix = as_operator(A)
    xp, n = namespace_of(matrix), A.shape[0]
    k = min(k, n)
    how = (block or (32 if k <= 128 else 64), tolerance)
    basis, residual, steps = _largest(xp, matrix.matmat, n, k, how, rng, progress)
    quotient = xp.exact_inner(basis, matrix.matmat(basis))
    values, Z = np.linalg.eigh((quotient + quotient.T) / 2)
    order = np.argsort(-np.abs(values), kind="stable")
    keep = order[np.abs(values[order]) > 1e-5 * np.abs(values[order[:1]])]
    vectors = xp.take(basis @ xp.put(Z[:, keep].astype(np.float32)))
    return Eigen(values[keep], vectors * fixed_signs(vectors), residual, steps)


@one_thread()
def _finish(operator: Operator, vectors: Tall, wide: bool, residual: float, steps: int) -> SVD:
    """From the singular vectors of one side to both: one more product, then Rayleigh-Ritz in float64."""
    xp = namespace_of(operator)
    image = operator.rmatmat(vectors) if wide else operator.matmat(vectors)
    squares, Z = np.linalg.eigh(xp.gram(image))
    s = np.sqrt(np.maximum(squares[::-1], 0))
    keep = s > 1e-5 * s[0] if len(s) and s[0] > 0 else np.zeros(len(s), bool)
    Z, s = Z[:, ::-1][:, keep].astype(np.float32), s[keep]
    near, far = xp.take(xp.times(vectors, Z)), xp.take(xp.times(image, Z / s.astype(np.float32)))
    U, V = (near, far) if wide else (far, near)
    signs = fixed_signs(V)
    return SVD(U * signs, s, (V * signs).T, residual, steps)


def fixed_signs(V: Array) -> Array:
    """(k,) ±1 that make the entry of largest magnitude in each column of V (n, k) positive."""
    largest = np.abs(V).argmax(axis=0) if V.size else np.zeros(0, int)
    return np.where(V[largest, np.arange(V.shape[1])] < 0, -1, 1).astype(V.dtype)
