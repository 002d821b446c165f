"""Count numbers in consecutive ranges of a stream, such as words in documents: one sparse row per range."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import IntArray
from semsearch.maths.jit import kernel
from semsearch.maths.sparse import sp
from semsearch.threads import map_ranges, thread_count

Array = npt.NDArray[Any]

_ONE, _SIX, _TWELVE = (np.uint64(number) for number in (1, 6, 12))
_LAST = np.uint64(63)
_TURN = np.uint64(0x022FDD63CC95386D)  # de Bruijn sequence: its upper six bits differ for each left shift
_SHIFTS = np.argsort([int(_TURN) << shift >> 58 & 63 for shift in range(64)])  # the shift that brings a number there
_COMPILED_NUMBERS = 1 << 20  # numbers from which kernels are loaded; scipy counts fewer in less time


def documents_with(stream: Array, starts: IntArray, column: Array, width: int) -> IntArray:
    """(width,) the number of ranges that hold each column; arguments as in `tally`."""
    if len(stream) <= (0 if count_documents.ready else _COMPILED_NUMBERS):
        return np.bincount(_tally_with_scipy(stream, starts, column, width).indices, minlength=width)

    column = _with_spare_column(column, width)

    def work(first: int, last: int) -> Array:
        result = np.full((width + 1, 2), (0, -1), np.int32)
        count_documents(stream, starts[first : last + 1], column, result)
        return result[:-1, 0]

    result: IntArray = np.sum(map_ranges(work, _balanced_bounds(starts)), axis=0, dtype=np.int64)
    return result


def number_counts(stream: Array, starts: IntArray, numbers: int) -> IntArray:
    """(numbers,) the count of each number in the stream."""
    if len(stream) <= (0 if count_numbers.ready else _COMPILED_NUMBERS):
        return np.bincount(stream, minlength=numbers)

    def work(first: int, last: int) -> Array:
        result = np.zeros(numbers, np.int64)
        count_numbers(stream[starts[first] : starts[last]], result)
        return result

    result: IntArray = np.sum(map_ranges(work, _balanced_bounds(starts)), axis=0)
    return result


def tally(stream: Array, starts: IntArray, column: Array, width: int) -> sp.csr_matrix:
    """(n, width) float32 counts of `column[number]` over the numbers of each range, columns in order.

    Range i is `stream[starts[i]:starts[i + 1]]`. Numbers with a negative column are ignored.
    """
    if len(stream) <= (0 if count_rows.ready else _COMPILED_NUMBERS):
        return _tally_with_scipy(stream, starts, column, width)

    column = _with_spare_column(column, width)

    def work(first: int, last: int) -> tuple[Array, Array, Array]:
        rows = starts[first : last + 1]
        room = int(rows[-1] - rows[0])
        columns, counts, ends = np.empty(room, np.int32), np.empty(room, np.float32), np.empty(last - first, np.int64)
        used = count_rows(stream, rows, column, _row_buffers(width), (columns, counts, ends))
        return columns[:used], counts[:used], ends

    result = map_ranges(work, _balanced_bounds(starts))
    befores = np.cumsum([0] + [len(columns) for columns, _, _ in result])
    pointers = [ends + before for (_, _, ends), before in zip(result, befores[:-1], strict=True)]
    columns, counts = (np.concatenate([parts[side] for parts in result]) for side in (0, 1))
    kind = np.int32 if befores[-1] < np.iinfo(np.int32).max else np.int64
    indptr = np.concatenate([[0], *pointers]).astype(kind)
    matrix = sp.csr_matrix((counts, columns.astype(kind, copy=False), indptr), shape=(len(starts) - 1, width))
    matrix.has_canonical_format = True  # otherwise scipy checks it
    return matrix


def _with_spare_column(column: Array, width: int) -> Array:
    """The columns with -1 mapped to an extra column, so that the kernels need no branch per number."""
    return np.where(column < 0, width, column).astype(np.int32)


def _row_buffers(width: int) -> tuple[Array, Array, Array]:
    """The zeroed buffers of `count_rows` for one row, with one extra column."""
    sizes = ((np.int32, width + 1), (np.uint64, (width >> 6) + 1), (np.uint64, (width >> 12) + 1))
    times, bits, groups = (np.zeros(size, kind) for kind, size in sizes)
    return times, bits, groups


def _tally_with_scipy(stream: Array, starts: IntArray, column: Array, width: int) -> sp.csr_matrix:
    columns = column[stream] if len(column) else stream
    keep = columns >= 0
    ends = np.concatenate([[0], np.cumsum(keep)])[starts]
    kept = columns[keep]
    matrix = sp.csr_matrix((np.ones(len(kept), np.float32), kept, ends), shape=(len(starts) - 1, width))
    matrix.sum_duplicates()
    return matrix


def _balanced_bounds(starts: IntArray) -> list[int]:
    """Bounds between rows that give every thread about the same number of numbers."""
    inner = np.searchsorted(starts, np.linspace(0, starts[-1], thread_count() + 1)[1:-1])
    return [0, *inner.tolist(), len(starts) - 1]


@kernel
def count_numbers(stream: Array, found: Array) -> None:
    """Add the count of each number in the stream to `found`."""
    for number in stream:
        found[np.uint64(number)] += 1


@kernel
def count_documents(stream: Array, starts: Array, column: Array, found: Array) -> None:
    """Add the number of ranges with each column to `found[:, 0]`. `found[:, 1]` holds its last range, at first -1."""
    for row in range(len(starts) - 1):
        for at in range(starts[row], starts[row + 1]):
            which = np.uint64(column[stream[at]])
            found[which, 0] += found[which, 1] != row  # no branch: half of the words stand there already
            found[which, 1] = row


@kernel
def count_rows(
    stream: Array, starts: Array, column: Array, held: tuple[Array, Array, Array], out: tuple[Array, Array, Array]
) -> int:
    """Write the distinct columns of each range in order, their counts, and the row ends; returns the number of entries.

    `out` is (columns, counts, ends). The last column is not written. `held` is (times, bits, groups), zero before and
    after: the count of each column in the row, one bit per column with a count, and one bit per 64-bit word of `bits`
    that is not zero. Bits are read from the lowest, which gives the columns in order.
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
                result = bits[word]
                bits[word] = 0
                while result:
                    which = word << _SIX | _lowest(result)
                    result &= result - _ONE
                    columns[n], counts[n], times[which] = which, times[which], 0
                    n += 1
        ends[row] = n
    return n


@kernel
def _lowest(bits: Any) -> Any:
    """The position of the lowest set bit."""
    return np.uint64(_SHIFTS[(bits & (~bits + _ONE)) * _TURN >> np.uint64(58)])
