"""All pairs of near vectors, and the share of words that two texts have in common, without n² memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

from semsearch.arrays import FloatArray, IntArray
from semsearch.errors import InputError
from semsearch.maths.blas import one_thread
from semsearch.maths.jit import summing_kernel
from semsearch.maths.sparse import sp
from semsearch.stopping import check_stopped
from semsearch.threads import map_ranges, thread_count

Pairs: TypeAlias = tuple[IntArray, IntArray, FloatArray]

_DENSE_ROWS = 4000  # rows up to which all cosines are computed: faster than compiling a kernel
_STEP_DIMS = 64  # dimensions multiplied at a time: first the strongest, for all pairs, then more for candidates
_BLOCK_ROWS, _BLOCK_COLUMNS = 1024, 2048  # a block of products that fits the cache
_FIRST_CAPACITY = 1 << 16  # pairs that the buffer of a block holds at first
_TOLERANCE = 1e-4  # more than the rounding error of float32 sums of a few hundred products
_BATCH_PAIRS = 100_000  # pairs of texts compared at a time


def near_pairs(
    vectors: FloatArray,
    threshold: float,
    *,
    progress: Callable[[int, int], None] | None = None,
    most: int | None = None,
) -> Pairs:
    """Rows i < j of (n, dim) unit vectors whose cosine is at least `threshold`, with that cosine; exact.

    The dimensions with most energy are multiplied first. By Cauchy-Schwarz the others add at most the product of the
    remaining lengths of the two vectors, so that few pairs need more dimensions. Raises InputError as soon as there are
    more than `most` pairs.
    """
    n = len(vectors)
    result: list[Pairs] = []
    for done, parts in _dense_blocks(vectors, threshold) if n <= _DENSE_ROWS else _pruned_blocks(vectors, threshold):
        result += parts
        if progress is not None:
            progress(done, n)
        if most is not None and sum(len(part[0]) for part in result) > most:
            raise InputError(
                f"More than {most:,} pairs have a similarity of {threshold:g} or more: choose a higher threshold"
            )
    if not result:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)
    i, j, cosines = (np.concatenate(parts) for parts in zip(*result, strict=True))
    return i, j, cosines


def _dense_blocks(vectors: FloatArray, threshold: float) -> Iterator[tuple[int, list[Pairs]]]:
    for start in range(0, len(vectors), _BLOCK_ROWS):
        check_stopped()
        cosines = vectors[start : start + _BLOCK_ROWS] @ vectors.T
        i, j = np.nonzero(cosines >= threshold)
        later = j > i + start
        i, j = i[later], j[later]
        yield start, [(i + start, j, cosines[i, j])]


def _pruned_blocks(vectors: FloatArray, threshold: float) -> Iterator[tuple[int, list[Pairs]]]:
    """A block of rows per core; the BLAS has one thread for each, because several would wait for each other."""
    n = len(vectors)
    vectors = np.ascontiguousarray(vectors[:, np.argsort(-np.einsum("ij,ij->j", vectors, vectors))])
    tails = _tail_lengths(vectors)
    # One more column holds the remaining length, so that the product itself is the upper bound.
    bound = np.hstack([vectors[:, :_STEP_DIMS], tails[:, :1]])

    def of_rows(start: int, end: int) -> Pairs:
        parts = [
            _pairs_of_block(bound, vectors, tails, threshold, (start, end), (other, min(other + _BLOCK_COLUMNS, n)))
            for other in range(start, n, _BLOCK_COLUMNS)
        ]
        i, j, cosines = (np.concatenate(each) for each in zip(*parts, strict=True))
        return i, j, cosines

    bounds = [*range(0, n, _BLOCK_ROWS), n]
    with one_thread():
        for at in range(0, len(bounds) - 1, thread_count()):
            check_stopped()
            yield bounds[at], map_ranges(of_rows, bounds[at : at + thread_count() + 1])


def _tail_lengths(vectors: FloatArray) -> FloatArray:
    """The length of each row (n, dim) beyond the first step of dimensions, the second, … the last, where it is 0."""
    squares = np.add.reduceat(vectors**2, np.arange(0, vectors.shape[1], _STEP_DIMS), axis=1)
    lengths = np.sqrt(np.maximum(0, squares.sum(axis=1, keepdims=True) - np.cumsum(squares, axis=1)))
    lengths[:, -1] = 0
    return np.ascontiguousarray(lengths, np.float32)


def _pairs_of_block(
    bound: FloatArray,
    vectors: FloatArray,
    tails: FloatArray,
    threshold: float,
    rows: tuple[int, int],
    columns: tuple[int, int],
) -> Pairs:
    """The pairs of one block whose cosine reaches the threshold."""
    products = bound[rows[0] : rows[1]] @ bound[columns[0] : columns[1]].T
    room = _FIRST_CAPACITY
    while True:
        out = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.float32)
        n = write_near_pairs(products, vectors, tails, np.float32(threshold), (rows[0], columns[0]), out)
        if n <= room:
            return out[0][:n], out[1][:n], out[2][:n]
        room = n


@summing_kernel
def write_near_pairs(
    products: FloatArray,
    vectors: FloatArray,
    tails: FloatArray,
    threshold: float,
    starts: tuple[int, int],
    out: Pairs,
) -> int:
    """Write the pairs of a block whose cosine reaches the threshold; returns their number, even beyond the buffer.

    `products` (a, b) of the rows and columns from `starts` on are upper bounds of the cosines. The other dimensions are
    added step by step while the bound reaches the threshold.
    """
    n, dim = 0, vectors.shape[1]
    (first_row, first_column), (i, j, cosines) = starts, out
    least = threshold - np.float32(_TOLERANCE)
    for row in range(products.shape[0]):
        one = first_row + row
        for column in range(max(0, one + 1 - first_column), products.shape[1]):
            if products[row, column] < least:
                continue
            other = first_column + column
            total = products[row, column] - tails[one, 0] * tails[other, 0]
            for step in range(1, tails.shape[1]):
                part = np.float32(0)
                for at in range(step * _STEP_DIMS, min(dim, (step + 1) * _STEP_DIMS)):
                    part += vectors[one, at] * vectors[other, at]
                total += part
                if total + tails[one, step] * tails[other, step] < least:
                    break
            else:
                if total >= threshold:
                    if n < len(i):
                        i[n], j[n], cosines[n] = one, other, total
                    n += 1
    return n


def shared_words(counts: sp.csr_matrix, i: IntArray, j: IntArray) -> FloatArray:
    """(len(i),) float32, 0..1: the share of words that rows i and j of (n, n_words) counts have in common.

    It is twice the sum of the smaller counts over the number of words of both rows (Dice 1945): .9 for a copy with one
    word in ten changed, .89 for one cut to 80 %. Rows without words have nothing in common.
    """
    lengths = np.asarray(counts.sum(axis=1)).reshape(-1)
    shares = np.zeros(len(i), np.float32)
    for start in range(0, len(i), _BATCH_PAIRS):
        check_stopped()
        first, second = i[start : start + _BATCH_PAIRS], j[start : start + _BATCH_PAIRS]
        common = np.asarray(counts[first].minimum(counts[second]).sum(axis=1)).reshape(-1)
        shares[start : start + _BATCH_PAIRS] = 2 * common / np.maximum(1, lengths[first] + lengths[second])
    return shares
