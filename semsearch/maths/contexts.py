"""Rows of a sparse matrix of counts as bytes, so that each can be stored and read by itself.

Column numbers are stored as differences and counts as multiples of a unit, both as LEB128 (as in protocol buffers):
seven bits per byte, low bits first, with the eighth bit set if more bytes follow. Most pairs of words co-occur once and
with frequent words, whose numbers are small. So an entry takes 2.5 bytes, and 8 in memory.
"""

from __future__ import annotations

from math import lcm
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import IntArray
from semsearch.maths.jit import kernel
from semsearch.maths.sparse import sp

_FINEST = 2520  # the least common multiple of 1..10: harmonic counts are exact up to a window of ten


def unit_of(weights: str, window: int) -> float:
    """The unit of counts: 1 for flat weights, else a unit of which 1/distance is a multiple up to distance 10."""
    return 1.0 if weights == "flat" else 1 / min(_FINEST, lcm(*range(1, max(1, window) + 1)))


def pack_rows(counts: sp.csr_matrix, unit: float) -> list[bytes]:
    """Each row of a CSR matrix with sorted indices, its counts rounded to multiples of `unit`."""
    numbers = np.rint(counts.data.astype(np.float64) / unit).astype(np.int64)
    out = np.empty(int(20 * np.diff(counts.indptr).max(initial=0)), np.uint8)
    packed = []
    for row in range(counts.shape[0]):
        start, end = int(counts.indptr[row]), int(counts.indptr[row + 1])
        used = _pack(counts.indices[start:end], numbers[start:end], out)
        packed.append(out[:used].tobytes())
    return packed


@kernel
def _pack(columns: Any, numbers: Any, out: Any) -> Any:
    used, before = 0, 0
    for at in range(len(columns)):
        for value in (np.int64(columns[at]) - before, np.int64(numbers[at])):
            rest = value
            while rest >= 128:
                out[used] = 128 | (rest & 127)
                rest >>= 7
                used += 1
            out[used] = rest
            used += 1
        before = np.int64(columns[at])
    return used


def unpack_row(packed: bytes, unit: float) -> tuple[IntArray, npt.NDArray[np.float64]]:
    """The column numbers of a row, ascending, and their counts."""
    content = np.frombuffer(packed, np.uint8)
    ends = np.flatnonzero(content < 128) + 1
    if not len(ends):
        return np.zeros(0, np.int64), np.zeros(0)
    starts = np.concatenate([[0], ends[:-1]])
    places = np.arange(len(content)) - np.repeat(starts, ends - starts)
    values = np.add.reduceat((content & 127).astype(np.int64) << (7 * places), starts)
    return np.cumsum(values[0::2]), values[1::2] * unit
