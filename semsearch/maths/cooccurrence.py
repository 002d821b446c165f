"""Co-occurrence counts: how often two ids of a stream are within a window, as a sparse symmetric matrix.

The ids are words of sentences or nodes of walks. Positions are sorted by id, so that each row of the matrix is computed
at once: the neighbours of all positions of an id are added up in one dense row that fits the cache, from which the
entries are then collected. This needs no hash table and no sorting of pairs, and threads work on separate rows.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from semsearch.arrays import IntArray
from semsearch.errors import InputError
from semsearch.maths.jit import kernel
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
    separated = _with_boundaries(stream, starts)
    order, begins = _positions(separated, width)
    by_distance = np.ones(window) if weights == "flat" else 1 / np.arange(1, window + 1)
    # A row holds at most all neighbours of its positions, so blocks of rows are cut by the sum of these bounds.
    most = np.cumsum(np.minimum(np.diff(begins) * (2 * window), width))
    cuts = (
        np.searchsorted(most, np.arange(_BLOCK_PAIRS, int(most[-1]) + _BLOCK_PAIRS, _BLOCK_PAIRS))
        if width
        else np.zeros(0, int)
    )
    bounds = np.unique(np.concatenate([[0], np.minimum(cuts + 1, width), [width]])).tolist()

    def rows(first: int, last: int) -> tuple[Any, Any, Any]:
        room = int(most[last - 1] - (most[first - 1] if first else 0))
        indices, data = np.empty(room, np.int32), np.empty(room, np.float32)
        lengths = np.empty(last - first, np.int64)
        used = _count_rows((first, last), (separated, order, begins), by_distance, width, (indices, data, lengths))
        return indices[:used].copy(), data[:used].copy(), lengths

    parts = map_ranges(rows, bounds)
    return _stack_rows(parts, width)


def _with_boundaries(stream: Ids, starts: IntArray) -> Ids:
    """The stream with a boundary mark before, between and after its contexts."""
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


def _positions(separated: Ids, width: int) -> tuple[Ids, IntArray]:
    """Positions sorted by id, in order within each id, and the start of each id's positions (width + 1,)."""
    counts = np.bincount(separated + 1, minlength=width + 1)
    begins = np.concatenate([[0], np.cumsum(counts[1:])])
    order = np.empty(int(begins[-1]), np.int32)
    _sort_by_id(separated, begins[:-1].copy(), order)
    return order, begins


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
