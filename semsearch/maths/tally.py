"""Counting numbers in stretches: a sparse row for each."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from semsearch.arrays import IntArray
from semsearch.maths.jit import kernel, spread, threads

Array = npt.NDArray[Any]

_ENOUGH = 1 << 20  # numbers: fewer are counted by scipy in less time than it takes to load numba


def documents_with(stream: Array, starts: IntArray, column: Array, width: int) -> IntArray:
    """(width,) in how many of the stretches each column stands; arguments as for `tally`."""
    if len(stream) <= (0 if count_documents.ready else _ENOUGH):
        return np.bincount(_plain(stream, starts, column, width).indices, minlength=width)

    def work(first: int, last: int) -> Array:
        found = np.zeros(width, np.int64)
        count_documents(stream, starts[first : last + 1], column, np.full(width, -1, np.int64), found)
        return found

    found: IntArray = np.sum(spread(work, _shares(starts)), axis=0)
    return found


def tally(stream: Array, starts: IntArray, column: Array, width: int) -> sp.csr_matrix:
    """(n, width) float32 counts of `column[number]` for the numbers of each stretch, columns in order.

    Stretch i is `stream[starts[i]:starts[i + 1]]`; numbers whose column is negative are left out.
    """
    if len(stream) <= (0 if count_rows.ready else _ENOUGH):
        return _plain(stream, starts, column, width)

    def work(first: int, last: int) -> tuple[Array, Array, Array]:
        rows = starts[first : last + 1]
        room = int(rows[-1] - rows[0])
        columns, counts, ends = np.empty(room, np.int32), np.empty(room, np.float32), np.empty(last - first, np.int64)
        used = count_rows(stream, rows, column, np.full(width, -1, np.int64), (columns, counts, ends))
        return columns[:used].copy(), counts[:used].copy(), ends

    found = spread(work, _shares(starts))
    befores = np.cumsum([0] + [len(columns) for columns, _, _ in found])
    pointers = [ends + before for (_, _, ends), before in zip(found, befores[:-1], strict=True)]
    columns, counts = (np.concatenate([parts[side] for parts in found]) for side in (0, 1))
    kind = np.int32 if befores[-1] < np.iinfo(np.int32).max else np.int64
    indptr = np.concatenate([[0], *pointers]).astype(kind)
    matrix = sp.csr_matrix((counts, columns.astype(kind, copy=False), indptr), shape=(len(starts) - 1, width))
    matrix.has_canonical_format = True  # or scipy would look
    return matrix


def _plain(stream: Array, starts: IntArray, column: Array, width: int) -> sp.csr_matrix:
    columns = column[stream] if len(column) else stream
    keep = columns >= 0
    ends = np.concatenate([[0], np.cumsum(keep)])[starts]
    kept = columns[keep]
    matrix = sp.csr_matrix((np.ones(len(kept), np.float32), kept, ends), shape=(len(starts) - 1, width))
    matrix.sum_duplicates()
    return matrix


def _shares(starts: IntArray) -> list[int]:
    """Bounds between rows that give every thread about as many numbers."""
    inner = np.searchsorted(starts, np.linspace(0, starts[-1], threads() + 1)[1:-1])
    return [0, *inner.tolist(), len(starts) - 1]


@kernel
def count_documents(stream: Array, starts: Array, column: Array, last: Array, found: Array) -> None:
    """Add to `found` (width,) the stretches each column stands in. `last` (width,) holds -1, then rows."""
    for row in range(len(starts) - 1):
        for at in range(starts[row], starts[row + 1]):
            which = column[stream[at]]
            if which >= 0 and last[which] != row:
                last[which] = row
                found[which] += 1


@kernel
def count_rows(stream: Array, starts: Array, column: Array, place: Array, out: tuple[Array, Array, Array]) -> int:
    """Write each stretch's distinct columns in order and how often they stand in it; where rows end; how many entries.

    `place` (width,) holds -1, then where a column was counted last. `out` is (columns, counts, ends).
    """
    columns, counts, ends = out
    n = 0
    for row in range(len(starts) - 1):
        begin = n
        for at in range(starts[row], starts[row + 1]):
            which = column[stream[at]]
            if which < 0:
                continue
            if place[which] >= begin:
                counts[place[which]] += 1
            else:
                place[which], columns[n], counts[n] = n, which, 1
                n += 1
        held = counts[begin:n].copy()
        columns[begin:n].sort()
        for at in range(begin, n):
            counts[at], place[columns[at]] = held[place[columns[at]] - begin], -1
        ends[row] = n
    return n
