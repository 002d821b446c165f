"""Co-occurrence counts: how often two ids of a stream are within a window, as a sparse symmetric matrix.

The ids are words of sentences or nodes of walks. Positions are sorted by id, so that each row of the matrix is computed
at once: the neighbours of all positions of an id are added up in one dense row that fits the cache, from which the
entries are then collected. This needs no hash table and no sorting of pairs, and threads work on separate rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from semsearch.arrays import IntArray
from semsearch.errors import InputError
from semsearch.maths.jit import kernel
from semsearch.maths.sparse import sp
from semsearch.threads import map_ranges

Ids: TypeAlias = npt.NDArray[np.int32]
Weights = Literal["flat", "harmonic"]
WHOLE_CONTEXT = 0  # the window that means the whole sentence, document or walk
_BLOCK_PAIRS = 1 << 21  # pairs in one block of rows, so that its buffers stay at 24 MB
_SORT_BELOW = (
    64  # a row with more than a 64th of all ids is put in order by a pass over its sums rather than by sorting
)
_BOUNDARY = -1  # separates two contexts in the stream


def cooccurrences(
    stream: Ids,
    starts: IntArray,
    width: int,
    *,
    window: int,
    weights: Weights = "flat",
) -> sp.csr_matrix:
    """(width, width) float32 counts of the pairs of positions at most `window` apart within one context.

    `stream` (n,) holds ids below `width`, `starts` (m + 1,) the start of each sentence, document or walk. Weights are
    `flat`, 1 per pair, or `harmonic`, 1/distance (Pennington, Socher & Manning, "GloVe", 2014). With WHOLE_CONTEXT the
    matrix is XᵀX, where X counts each id in each context: every position then also pairs with itself, and weights are
    flat. Symmetric, with sorted indices; sums are float64. Raises InputError for a window below 0 and for ids out of
    range.
    """
    if window < 0:
        raise InputError(f"The window must be at least 1, or 0 for whole sentences or documents, not {window}")
    if len(stream) and not 0 <= stream.min() <= stream.max() < width:
        raise InputError(f"ids are from {stream.min()} to {stream.max()}: 0 to {width - 1} are needed")
    if window == WHOLE_CONTEXT:
        return _whole_context_counts(stream, starts, width)
    where = occurrences(with_boundaries(stream, starts), width)
    by_distance = distance_weights(window, weights)
    most = where.most_neighbours(window)

    def rows(first: int, last: int) -> tuple[Any, Any, Any]:
        room = int(most[first:last].sum())
        indices, data = np.empty(room, np.int32), np.empty(room, np.float32)
        lengths = np.empty(last - first, np.int64)
        used = _count_rows((first, last), where.arrays, by_distance, width, (indices, data, lengths))
        return indices[:used].copy(), data[:used].copy(), lengths

    parts = map_ranges(rows, row_bounds(most))
    return _stack_rows(parts, width)


@dataclass(frozen=True)
class Occurrences:
    """Where each id occurs in a stream.

    separated  (s + m + 1,) int32 ids, with a boundary mark before, between and after the m contexts
    order      (s,) positions in `separated`, sorted by id
    begins     (width + 1,) where the positions of each id begin in `order`
    """

    separated: Ids
    order: npt.NDArray[np.integer[Any]]
    begins: IntArray

    @property
    def arrays(self) -> tuple[Ids, npt.NDArray[np.integer[Any]], IntArray]:
        """All three, as the kernels take them."""
        return self.separated, self.order, self.begins

    def most_neighbours(self, window: int) -> IntArray:
        """(width,) the largest possible number of distinct neighbours of each id."""
        return np.minimum(np.diff(self.begins) * (2 * window), len(self.begins) - 1)


def distance_weights(window: int, weights: Weights) -> npt.NDArray[np.float64]:
    """(window,) the weight of a pair at each distance."""
    return np.ones(window) if weights == "flat" else 1 / np.arange(1, window + 1)


def row_bounds(most: IntArray) -> list[int]:
    """Bounds between rows, so that each block holds about _BLOCK_PAIRS pairs; `most` (n,) bounds the pairs of a row."""
    sums = np.cumsum(most)
    ends = np.arange(_BLOCK_PAIRS, int(sums[-1]) + _BLOCK_PAIRS, _BLOCK_PAIRS) if len(most) else np.zeros(0, int)
    cuts = np.minimum(np.searchsorted(sums, ends) + 1, len(most))
    bounds: list[int] = np.unique(np.concatenate([[0], cuts, [len(most)]])).astype(int).tolist()
    return bounds


def with_boundaries(stream: Ids, starts: IntArray) -> Ids:
    """(n + m + 1,) the stream (n,) with a boundary mark before, between and after its m contexts."""
    separated = np.empty(len(stream) + len(starts), np.int32)
    _write_boundaries(stream, starts, separated)
    return separated


@kernel
def _write_boundaries(stream: Any, starts: Any, separated: Any) -> None:
    separated[0] = _BOUNDARY
    for context in range(len(starts) - 1):
        for at in range(starts[context], starts[context + 1]):
            separated[at + context + 1] = stream[at]
        separated[starts[context + 1] + context + 1] = _BOUNDARY


def occurrences(separated: Ids, width: int) -> Occurrences:
    """The positions of each id, in order, in a stream `with_boundaries` of ids below `width`."""
    counts = np.zeros(width, np.int64)
    _count_ids(separated, counts)
    begins = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    kind: type = np.int32 if len(separated) < np.iinfo(np.int32).max else np.int64
    order: npt.NDArray[np.integer[Any]] = np.empty(int(begins[-1]), kind)
    _sort_by_id(separated, begins[:-1].copy(), order)
    return Occurrences(separated, order, begins)


@kernel
def _count_ids(separated: Any, counts: Any) -> None:
    for number in separated:
        if number >= 0:
            counts[number] += 1


@kernel
def _sort_by_id(separated: Any, at: Any, order: Any) -> None:
    for position in range(len(separated)):
        number = separated[position]
        if number >= 0:
            order[at[number]] = position
            at[number] += 1


@kernel
def _count_rows(rows: Any, where: Any, by_distance: Any, width: Any, out: Any) -> Any:
    """Fill (indices, data, lengths) for rows first..last; returns the number of entries."""
    first, last = rows
    separated, order, begins = where
    indices, data, lengths = out
    sums = np.zeros(width)
    used = 0
    for row in range(first, last):
        start = used
        for at in range(begins[row], begins[row + 1]):
            position = order[at]
            for step in (-1, 1):
                near = position
                for distance in range(len(by_distance)):
                    near += step
                    other = separated[near]
                    if other < 0:
                        break
                    if sums[other] == 0:
                        indices[used] = other
                        used += 1
                    sums[other] += by_distance[distance]
        if (used - start) * _SORT_BELOW > width:
            indices[start:used] = np.flatnonzero(sums)
        else:
            indices[start:used].sort()
        for entry in range(start, used):
            data[entry] = sums[indices[entry]]
            sums[indices[entry]] = 0
        lengths[row - first] = used - start
    return used


def _stack_rows(parts: list[tuple[Any, Any, Any]], width: int) -> sp.csr_matrix:
    if not parts:
        return sp.csr_matrix((width, width), dtype=np.float32)
    indices, data, lengths = (np.concatenate(part) for part in zip(*parts, strict=True))
    return sp.csr_matrix((data, indices, np.concatenate([[0], np.cumsum(lengths)])), shape=(width, width))


def _whole_context_counts(stream: Ids, starts: IntArray, width: int) -> sp.csr_matrix:
    ones = np.ones(len(stream), np.float64)
    X = sp.csr_matrix((ones, stream, starts), shape=(len(starts) - 1, width))
    X.sum_duplicates()
    counts = (X.T @ X).tocsr().astype(np.float32)
    counts.sort_indices()
    return counts
