"""The strongest co-occurrences of each id: a bounded number per row, counted without holding all pairs.

Long random walks on a large graph let each node meet thousands of others, most of them once. All pairs then take more
memory than the graph by three orders of magnitude. Here each row is counted, weighted by its expected counts, and cut
to its strongest entries before the next one. The expected counts need the sums of all rows, which follow from the
positions of the ids alone: a position has as many neighbours as its window holds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import IntArray
from semsearch.maths.cooccurrence import Ids, Occurrences, Weights, distance_weights, row_bounds
from semsearch.maths.jit import kernel
from semsearch.maths.sparse import sp
from semsearch.threads import map_ranges, thread_count

Doubles = npt.NDArray[np.float64]


def cooccurrence_totals(where: Occurrences, *, window: int, weights: Weights = "flat") -> Doubles:
    """(width,) the sum of each row of the co-occurrence counts, without counting a pair."""
    totals = np.zeros(len(where.begins) - 1)
    reach = np.concatenate([[0.0], np.cumsum(distance_weights(window, weights))])
    _add_reaches(where.separated, reach, totals)
    return totals


def strongest_cooccurrences(
    where: Occurrences, scales: Doubles, floors: Doubles, *, window: int, keep: int, weights: Weights = "flat"
) -> tuple[sp.csr_matrix, int]:
    """(width, width) float32 counts of at most `keep` pairs per row, and the number of pairs counted before the cut.

    A row keeps its pairs of largest count · scale among those above its floor; `scales` and `floors` are (width,). So a
    row of the result need not be the column: `in_either_row` makes it symmetric. Of equal pairs those met first in the
    stream are kept. Indices are sorted, sums are float64.
    """
    width = len(where.begins) - 1
    most = where.most_neighbours(window)
    starts = np.concatenate([[0], np.cumsum(np.minimum(most, keep))])
    indices, data = np.empty(int(starts[-1]), np.int32), np.empty(int(starts[-1]), np.float32)
    lengths, by_distance = np.zeros(width, np.int64), distance_weights(window, weights)

    def rows(first: int, last: int) -> int:
        room = int(most[first:last].max(initial=0))
        held = (np.zeros(width), np.empty(room, np.int32), np.empty(room, np.float64))
        return int(
            _keep_strongest(
                (first, last), where.arrays, (by_distance, scales, floors, keep), held, (indices, data, starts, lengths)
            )
        )

    counted = sum(map_ranges(rows, row_bounds(most)))
    _close_gaps(indices, data, starts, lengths)
    ends = np.concatenate([[0], np.cumsum(lengths)])
    return _matrix(data[: ends[-1]], indices[: ends[-1]], ends, width), counted


def in_either_row(counts: sp.csr_matrix) -> sp.csr_matrix:
    """The symmetric matrix of the pairs (i, j) that row i or row j of `counts` (n, n) holds, indices sorted."""
    n = counts.shape[0]
    turned = counts.T.tocsr()
    lengths = np.empty(n, np.int64)
    inner = np.searchsorted(counts.indptr, np.linspace(0, counts.nnz, 4 * thread_count() + 1)[1:-1])
    bounds = np.unique(np.concatenate([[0], inner, [n]])).tolist()
    sides = (counts.indptr, counts.indices, counts.data, turned.indptr, turned.indices, turned.data)
    map_ranges(lambda first, last: _union_lengths((first, last), sides, lengths), bounds)
    ends = np.concatenate([[0], np.cumsum(lengths)])
    indices, data = np.empty(int(ends[-1]), np.int32), np.empty(int(ends[-1]), np.float32)
    map_ranges(lambda first, last: _union_rows((first, last), sides, (ends, indices, data)), bounds)
    return _matrix(data, indices, ends, n)


def _matrix(data: Any, indices: Ids, ends: IntArray, width: int) -> sp.csr_matrix:
    matrix = sp.csr_matrix((data, indices, ends), shape=(width, width))
    matrix.has_canonical_format = True  # otherwise scipy checks it
    return matrix


@kernel
def _add_reaches(separated: Any, reach: Any, totals: Any) -> None:
    """Add for each position the weights of the neighbours within its context; `reach[d]` is that of d to one side."""
    window = len(reach) - 1
    start = 1  # of the context
    while start < len(separated):
        end = start
        while separated[end] >= 0:
            end += 1
        for at in range(start, end):
            totals[separated[at]] += reach[min(at - start, window)] + reach[min(end - 1 - at, window)]
        start = end + 1


@kernel
def _add_neighbours(separated: Any, position: Any, by_distance: Any, sums: Any, near: Any, n: Any) -> Any:
    """Add the weights of the neighbours of a position to `sums`, list new ones in `near`; returns how many it holds."""
    for step in (-1, 1):
        beside = position
        for distance in range(len(by_distance)):
            beside += step
            other = separated[beside]
            if other < 0:
                break
            if sums[other] == 0:
                near[n] = other
                n += 1
            sums[other] += by_distance[distance]
    return n


@kernel
def _keep_strongest(rows: Any, where: Any, how: Any, held: Any, out: Any) -> Any:
    """Fill `out` for rows first..last; returns the number of pairs counted. `held` is (sums, near, keys), sums zero."""
    first, last = rows
    separated, order, begins = where
    by_distance, scales, floors, keep = how
    sums, near, keys = held
    indices, data, starts, lengths = out
    counted = 0
    for row in range(first, last):
        n = 0
        for at in range(begins[row], begins[row + 1]):
            n = _add_neighbours(separated, order[at], by_distance, sums, near, n)
        counted += n
        strong = 0
        for entry in range(n):
            key = sums[near[entry]] * scales[near[entry]]
            if key > floors[row]:
                keys[strong] = key
                strong += 1
        least, ties = _cut(keys[:strong], keep, floors[row])
        used = starts[row]
        for entry in range(n):
            key = sums[near[entry]] * scales[near[entry]]
            tied = key == least and ties > 0
            ties -= tied
            if key > least or tied:
                indices[used] = near[entry]
                used += 1
        indices[starts[row] : used].sort()
        for entry in range(starts[row], used):
            data[entry] = sums[indices[entry]]
        sums[near[:n]] = 0
        lengths[row] = used - starts[row]
    return counted


@kernel
def _cut(keys: Any, keep: Any, floor: Any) -> Any:
    """The key above which all pairs are kept, and how many of those that have this key."""
    if len(keys) <= keep:
        return floor, 0
    least = np.partition(keys, len(keys) - keep)[len(keys) - keep]
    ties = keep
    for key in keys:
        ties -= key > least
    return least, ties


@kernel
def _close_gaps(indices: Any, data: Any, starts: Any, lengths: Any) -> None:
    """Move the rows, which begin at `starts`, next to each other."""
    used = 0
    for row in range(len(lengths)):
        for at in range(starts[row], starts[row] + lengths[row]):
            indices[used], data[used] = indices[at], data[at]
            used += 1


@kernel
def _union_lengths(rows: Any, sides: Any, lengths: Any) -> None:
    """Write the number of distinct columns that each row has in either matrix."""
    indptr, indices, _, others, turned, _ = sides
    for row in range(rows[0], rows[1]):
        one, other, n = indptr[row], others[row], 0
        while one < indptr[row + 1] and other < others[row + 1]:
            a, b = indices[one], turned[other]
            one += a <= b
            other += b <= a
            n += 1
        lengths[row] = n + indptr[row + 1] - one + others[row + 1] - other


@kernel
def _union_rows(rows: Any, sides: Any, out: Any) -> None:
    """Merge the rows of both matrices; where both have an entry, it is the same count."""
    indptr, indices, data, others, turned, values = sides
    ends, columns, counts = out
    for row in range(rows[0], rows[1]):
        one, other = indptr[row], others[row]
        for at in range(ends[row], ends[row + 1]):
            left = one < indptr[row + 1]
            right = other < others[row + 1]
            if left and (not right or indices[one] <= turned[other]):
                columns[at], counts[at] = indices[one], data[one]
                other += right and indices[one] == turned[other]
                one += 1
            else:
                columns[at], counts[at] = turned[other], values[other]
                other += 1
