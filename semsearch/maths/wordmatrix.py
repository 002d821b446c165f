"""A text as the matrix of its words' vectors: the mean of the rows, and their principal components.

    A           the unit vectors of its distinct words, (m, k), with weights a_i that add up to 1
    mean        m = Σ a_i w_i
    components  the eigenvectors of Σ a_i (w_i - m)(w_i - m)ᵀ: directions along which the text's words differ most

There is one small eigenproblem per text. They are solved in batches of texts of similar length, by a few steps of
Lanczos (Golub & Van Loan, "Matrix Computations", 10.1), in which a matrix is only multiplied.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray, IntArray
from semsearch.maths.blas import gram, one_thread
from semsearch.maths.sparse import sp
from semsearch.maths.spmm import COMPILED_ENTRIES, matmat
from semsearch.threads import map_ranges

Array = npt.NDArray[Any]

_BASE_STEPS, _STEPS_PER_DIRECTION = 6, 4  # Lanczos steps
_BATCH_NUMBERS = 4 << 20  # numbers in a batch: 16 MB of float32
_NEGLIGIBLE = 1e-6  # a standard deviation below this is rounding error
_SIGN_TIE = 0.999  # share of the largest entry: entries above it may differ by rounding only


def shares(counts: sp.csr_matrix, weights: FloatArray) -> sp.csr_matrix:
    """(n, v) each word's count times its weight, over the number of words in the text; rows without words stay zero."""
    shared = counts.copy()
    totals = np.asarray(counts.sum(axis=1)).reshape(-1)
    shared.data *= weights[shared.indices] / np.repeat(np.maximum(totals, 1), np.diff(shared.indptr)).astype(np.float32)
    return shared


def means(shared: sp.csr_matrix, words: FloatArray) -> FloatArray:
    """(n, k) float32, the sum of the vectors (v, k) of each text's words by their shares (n, v)."""
    if shared.nnz >= COMPILED_ENTRIES:
        return matmat(shared, words)
    return np.asarray(shared @ words, np.float32)


def common_direction(vectors: FloatArray) -> FloatArray:
    """(k,) the first right singular vector of (n, k) vectors: the direction that they have most in common."""
    direction: FloatArray = np.linalg.eigh(gram(vectors))[1][:, -1].astype(np.float32)
    return direction


def principal_components(
    shared: sp.csr_matrix, words: FloatArray, n: int, *, progress: Callable[[int, int], None] | None = None
) -> FloatArray:
    """(texts, n, k) float32: the first n principal components of each text's words; zero where there are fewer.

    The length of a component is the standard deviation along it. The sign is fixed by making the first of its largest
    entries positive; entries that differ by rounding count as equal, so that the order of words does not matter.
    """
    lengths = np.diff(shared.indptr)
    out = np.zeros((shared.shape[0], n, words.shape[1]), np.float32)
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 1]

    def work(first: int, last: int) -> None:
        out[order[first:last]] = _of_batch(shared, words, order[first:last], n)
        if progress is not None:
            progress(last, len(order))

    with one_thread():
        map_ranges(work, _batches(lengths[order], words.shape[1]))
    return out


def _batches(lengths: IntArray, k: int) -> list[int]:
    """Bounds of batches of texts, sorted by length, so that each batch, padded to its longest text, fits its buffer."""
    bounds = [0]
    while bounds[-1] < len(lengths):
        start = bounds[-1]
        fits = np.arange(1, len(lengths) - start + 1) * lengths[start:] * k <= _BATCH_NUMBERS
        is_similar = lengths[start:] <= 1.2 * lengths[start] + 1
        bounds.append(start + max(1, int(np.argmin(np.append(fits & is_similar, False)))))
    return bounds


def _of_batch(shared: sp.csr_matrix, words: FloatArray, rows: IntArray, n: int) -> FloatArray:
    starts, lengths = shared.indptr[rows], np.diff(shared.indptr)[rows]
    inside = np.arange(lengths.max()) < lengths[:, None]
    at = np.where(inside, starts[:, None] + np.arange(lengths.max()), starts[:, None])
    a = np.where(inside, shared.data[at], 0)
    a /= a.sum(axis=1, keepdims=True)
    A = words[shared.indices[at]]
    A -= np.matmul(a[:, None], A)
    A *= np.sqrt(a)[:, :, None]
    values, vectors = _lanczos(A, min(_BASE_STEPS + _STEPS_PER_DIRECTION * n, int(lengths.max()), words.shape[1]))
    n_found = min(n, values.shape[1])
    values, vectors = values[:, ::-1][:, :n_found], vectors[:, ::-1][:, :n_found]
    sizes = np.abs(vectors)
    first = (sizes >= _SIGN_TIE * sizes.max(axis=2, keepdims=True)).argmax(axis=2)
    largest = np.take_along_axis(vectors, first[:, :, None], axis=2)
    deviations = np.sqrt(np.maximum(values, 0))[:, :, None]
    result = np.zeros((len(rows), n, words.shape[1]), np.float32)
    result[:, :n_found] = np.where(deviations > _NEGLIGIBLE, vectors * np.sign(largest) * deviations, 0)
    return result


def _lanczos(A: FloatArray, steps: int) -> tuple[Array, Array]:
    """The Ritz values (b, steps) of each AᵀA, ascending, and their vectors (b, steps, k); A is (b, m, k).

    It starts from the longest row of each A. If a Krylov space is exhausted early, further vectors and values are zero.
    """
    b, _, k = A.shape
    squares = np.einsum("bmk,bmk->bm", A, A)
    v = np.take_along_axis(A, squares.argmax(axis=1)[:, None, None], axis=1)
    K = np.zeros((b, steps, k), np.float32)
    T = np.zeros((b, steps, steps))
    smallest = _NEGLIGIBLE * np.sqrt(np.maximum(squares.sum(axis=1), 1e-30))
    for step in range(steps):
        length = np.linalg.norm(v, axis=2, keepdims=True)
        K[:, step] = np.where(length > smallest[:, None, None], v / np.maximum(length, 1e-30), 0)[:, 0]
        basis = K[:, : step + 1]
        v = np.matmul(np.matmul(K[:, step : step + 1], A.transpose(0, 2, 1)), A)
        for _ in range(2):  # twice is enough, as in maths.factor
            H = np.matmul(v, basis.transpose(0, 2, 1))
            T[:, step, : step + 1] += H[:, 0]
            v -= np.matmul(H, basis)
    values, Z = np.linalg.eigh(np.tril(T) + np.tril(T, -1).transpose(0, 2, 1))
    return values, np.matmul(Z.transpose(0, 2, 1).astype(np.float32), K)
