"""Counting numbers in stretches: a sparse row for each."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from semsearch.arrays import IntArray
from semsearch.maths.jit import kernel
from semsearch.threads import map_ranges, thread_count

Array = npt.NDArray[Any]

_ONE, _SIX, _TWELVE = (np.uint64(number) for number in (1, 6, 12))
_LAST = np.uint64(63)
_TURN = np.uint64(0x022FDD63CC95386D)  # de Bruijn: its upper six bits are another number after each shift to the left
_SHIFTS = np.argsort([int(_TURN) << shift >> 58 & 63 for shift in range(64)])  # which shift brings a number there
_ENOUGH = 1 << 20  # numbers: fewer are counted by scipy in less time than it takes to load numba


def documents_with(stream: Array, starts: IntArray, column: Array, width: int) -> IntArray:
    """(width,) in how many of the stretches each column stands; arguments as for `tally`."""
    if len(stream) <= (0 if count_documents.ready else _ENOUGH):
        return np.bincount(_plain(stream, starts, column, width).indices, minlength=width)

    column = _spared(column, width)

    def work(first: int, last: int) -> Array:
        found = np.full((width + 1, 2), (0, -1), np.int32)
        count_documents(stream, starts[first : last + 1], column, found)
        return found[:-1, 0]

    found: IntArray = np.sum(map_ranges(work, _shares(starts)), axis=0, dtype=np.int64)
    return found


def times(stream: Array, starts: IntArray, numbers: int) -> IntArray:
    """(numbers,) how often each number stands in the stream."""
    if len(stream) <= (0 if count_numbers.ready else _ENOUGH):
        return np.bincount(stream, minlength=numbers)

    def work(first: int, last: int) -> Array:
        found = np.zeros(numbers, np.int64)
        count_numbers(stream[starts[first] : starts[last]], found)
        return found

    found: IntArray = np.sum(map_ranges(work, _shares(starts)), axis=0)
    return found


def tally(stream: Array, starts: IntArray, column: Array, width: int) -> sp.csr_matrix:
    """(n, width) float32 counts of `column[number]` for the numbers of each stretch, columns in order.

    Stretch i is `stream[starts[i]:starts[i + 1]]`; numbers whose column is negative are left out.
    """
    if len(stream) <= (0 if count_rows.ready else _ENOUGH):
        return _plain(stream, starts, column, width)

    column = _spared(column, width)

    def work(first: int, last: int) -> tuple[Array, Array, Array]:
        rows = starts[first : last + 1]
        room = int(rows[-1] - rows[0])
        columns, counts, ends = np.empty(room, np.int32), np.empty(room, np.float32), np.empty(last - first, np.int64)
        used = count_rows(stream, rows, column, _empty(width), (columns, counts, ends))
        return columns[:used], counts[:used], ends

    found = map_ranges(work, _shares(starts))
    befores = np.cumsum([0] + [len(columns) for columns, _, _ in found])
    pointers = [ends + before for (_, _, ends), before in zip(found, befores[:-1], strict=True)]
    columns, counts = (np.concatenate([parts[side] for parts in found]) for side in (0, 1))
    kind = np.int32 if befores[-1] < np.iinfo(np.int32).max else np.int64
    indptr = np.concatenate([[0], *pointers]).astype(kind)
    matrix = sp.csr_matrix((counts, columns.astype(kind, copy=False), indptr), shape=(len(starts) - 1, width))
    matrix.has_canonical_format = True  # or scipy would look
    return matrix


def _spared(column: Array, width: int) -> Array:
    """The columns, those left out being one more, which saves the kernels a guess for every number."""
    return np.where(column < 0, width, column).astype(np.int32)


def _empty(width: int) -> tuple[Array, Array, Array]:
    """What `count_rows` holds of a row, with a column to spare: nothing yet."""
    sizes = ((np.int32, width + 1), (np.uint64, (width >> 6) + 1), (np.uint64, (width >> 12) + 1))
    times, bits, groups = (np.zeros(size, kind) for kind, size in sizes)
    return times, bits, groups


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
    inner = np.searchsorted(starts, np.linspace(0, starts[-1], thread_count() + 1)[1:-1])
    return [0, *inner.tolist(), len(starts) - 1]


@kernel
def count_numbers(stream: Array, found: Array) -> None:
    """Add to `found` how often each number stands in the stream."""
    for number in stream:
        found[np.uint64(number)] += 1


@kernel
def count_documents(stream: Array, starts: Array, column: Array, found: Array) -> None:
    """Add to `found[:, 0]` in how many stretches each column stands. `found[:, 1]` holds -1, then where it was last."""
    for row in range(len(starts) - 1):
        for at in range(starts[row], starts[row + 1]):
            which = np.uint64(column[stream[at]])
            found[which, 0] += found[which, 1] != row  # no branch: half of the words stand there already
            found[which, 1] = row


@kernel
def count_rows(
    stream: Array, starts: Array, column: Array, held: tuple[Array, Array, Array], out: tuple[Array, Array, Array]
) -> int:
    """Write each stretch's distinct columns in order and how often they stand in it; where rows end; how many entries.

    `out` is (columns, counts, ends). The last column is left out. `held` is (times, bits, groups), zeros before and
    after: how often each column stands in the row, a bit for each that does, and a bit for each 64 bits not all zero;
    read from the lowest they are in order.
    """
    columns, counts, ends = out
    times, bits, groups = held
    spare = np.uint64(len(times) - 1)
    n = 0
    for row in range(len(starts) - 1):
        for at in range(starts[row], starts[row + 1]):
            which = np.uint64(column[stream[at]])
            times[which] += 1
            bits[which >> _SIX] |= _ONE << (which & _LAST)
            groups[which >> _TWELVE] |= _ONE << (which >> _SIX & _LAST)
        times[spare] = 0
        bits[spare >> _SIX] &= ~(_ONE << (spare & _LAST))
        for group in range(len(groups)):
            some = groups[group]
            groups[group] = 0
            while some:
                word = np.uint64(group) << _SIX | _lowest(some)
                some &= some - _ONE
                found = bits[word]
                bits[word] = 0
                while found:
                    which = word << _SIX | _lowest(found)
                    found &= found - _ONE
                    columns[n], counts[n], times[which] = which, times[which], 0
                    n += 1
        ends[row] = n
    return n


@kernel
def _lowest(bits: Any) -> Any:
    """The place of the lowest bit that is set."""
    return np.uint64(_SHIFTS[(bits & (~bits + _ONE)) * _TURN >> np.uint64(58)])
