"""Who appears near whom: how often two ids of a stream stand within a window, as a sparse symmetric matrix.

The ids are words of sentences or nodes of walks. Apart from counts.py, which counts words in documents and would pass
the house's size with this.

Positions are sorted by id, so that each row of the matrix is made at once: the neighbours of all of an id's positions
are added into one dense row that fits the cache, and what was touched is taken out. No hash table, no sorting of
pairs, and rows go to threads of their own.
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
WHOLE = 0  # the window that is a whole sentence, document or walk
_BLOCK = 1 << 21  # pairs looked at for one block of rows: its buffers stay at 24 MB
_SCAN = 64  # a row with more than a 64th of all ids is put in order by a pass over its sums rather than by sorting
_END = -1  # stands between two stretches


def cooccurrences(
    stream: Ids,
    starts: IntArray,
    width: int,
    *,
    window: int,
    weights: Weights = "flat",
) -> sp.csr_matrix:
    """(width, width) float32 counts of the pairs of positions at most `window` apart within one stretch.

    `stream` (n,) ids below `width`, `starts` (m + 1,) where each sentence, document or walk begins. Weights: `flat`, 1
    a pair, or `harmonic`, 1/distance (Pennington, Socher & Manning, "GloVe", 2014). With window WHOLE the matrix is
    XᵀX, X how often each id stands in each stretch: a position then meets itself too, and weights are flat.
    Symmetric, indices sorted; sums are made in float64. Raises InputError for a window below 0 or ids out of range.
    """
    if window < 0:
        raise InputError(f"the window is {window}: choose 1 or more, or 0 for whole sentences or documents")
    if len(stream) and not 0 <= stream.min() <= stream.max() < width:
        raise InputError(f"ids are from {stream.min()} to {stream.max()}, not from 0 to {width - 1}")
    if window == WHOLE:
        return _together(stream, starts, width)
    stretches = _apart(stream, starts)
    order, begins = _positions(stretches, width)
    by_distance = np.ones(window) if weights == "flat" else 1 / np.arange(1, window + 1)
    # A row can hold no more than all neighbours of its positions: blocks of rows with a bounded sum of those.
    most = np.cumsum(np.minimum(np.diff(begins) * (2 * window), width))
    cuts = np.searchsorted(most, np.arange(_BLOCK, int(most[-1]) + _BLOCK, _BLOCK)) if width else np.zeros(0, int)
    bounds = np.unique(np.concatenate([[0], np.minimum(cuts + 1, width), [width]])).tolist()

    def rows(first: int, last: int) -> tuple[Any, Any, Any]:
        room = int(most[last - 1] - (most[first - 1] if first else 0))
        indices, data = np.empty(room, np.int32), np.empty(room, np.float32)
        lengths = np.empty(last - first, np.int64)
        used = _count_rows((first, last), (stretches, order, begins), by_distance, width, (indices, data, lengths))
        return indices[:used].copy(), data[:used].copy(), lengths

    parts = map_ranges(rows, bounds)
    return _joined(parts, width)


def _apart(stream: Ids, starts: IntArray) -> Ids:
    """The stream with an end mark before, between and behind its stretches."""
    apart = np.empty(len(stream) + len(starts), np.int32)
    _set_apart(stream, starts, apart)
    return apart


@kernel
def _set_apart(stream: Any, starts: Any, apart: Any) -> None:
    apart[0] = _END
    for stretch in range(len(starts) - 1):
        for at in range(starts[stretch], starts[stretch + 1]):
            apart[at + stretch + 1] = stream[at]
        apart[starts[stretch + 1] + stretch + 1] = _END


def _positions(stretches: Ids, width: int) -> tuple[Ids, IntArray]:
    """Positions by id, each id's in order, and where each id's begin, (width + 1,)."""
    counts = np.bincount(stretches + 1, minlength=width + 1)
    begins = np.concatenate([[0], np.cumsum(counts[1:])])
    order = np.empty(int(begins[-1]), np.int32)
    _sort_by_id(stretches, begins[:-1].copy(), order)
    return order, begins


@kernel
def _sort_by_id(stretches: Any, at: Any, order: Any) -> None:
    for position in range(len(stretches)):
        one = stretches[position]
        if one >= 0:
            order[at[one]] = position
            at[one] += 1


@kernel
def _count_rows(rows: Any, where: Any, by_distance: Any, width: Any, out: Any) -> Any:
    """Fill (indices, data, lengths) for rows first..last; how many entries there are."""
    first, last = rows
    stretches, order, begins = where
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
                    other = stretches[near]
                    if other < 0:
                        break
                    if sums[other] == 0:
                        indices[used] = other
                        used += 1
                    sums[other] += by_distance[distance]
        if (used - start) * _SCAN > width:
            indices[start:used] = np.flatnonzero(sums)
        else:
            indices[start:used].sort()
        for entry in range(start, used):
            data[entry] = sums[indices[entry]]
            sums[indices[entry]] = 0
        lengths[row - first] = used - start
    return used


def _joined(parts: list[tuple[Any, Any, Any]], width: int) -> sp.csr_matrix:
    if not parts:
        return sp.csr_matrix((width, width), dtype=np.float32)
    indices, data, lengths = (np.concatenate(part) for part in zip(*parts, strict=True))
    return sp.csr_matrix((data, indices, np.concatenate([[0], np.cumsum(lengths)])), shape=(width, width))


def _together(stream: Ids, starts: IntArray, width: int) -> sp.csr_matrix:
    ones = np.ones(len(stream), np.float64)
    X = sp.csr_matrix((ones, stream, starts), shape=(len(starts) - 1, width))
    X.sum_duplicates()
    counts = (X.T @ X).tocsr().astype(np.float32)
    counts.sort_indices()
    return counts
