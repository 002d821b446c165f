"""Vectors as short codes: sign bits to find candidates, bytes to rescore them.

The sign bits of a vector, after a fixed random rotation, differ from another's in about angle / π of the places
(Charikar, "Similarity estimation techniques from rounding algorithms", STOC 2002). The rotation is necessary: the first
dimensions of LSA carry most of a vector, and their signs alone say little. So is the centring: the component that all
vectors share would set the same bits in all. A million vectors of 512 bits are read in a few milliseconds, and their
floats in fifty. The few hundred nearest by bits are then scored again, by their floats or by one byte per number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray, IntArray
from semsearch.maths.jit import kernel, summing_kernel
from semsearch.threads import map_ranges, thread_count

Words = npt.NDArray[np.uint64]
Bytes = npt.NDArray[np.int8]

MAX_SIGN_BITS = 512  # bits per vector: more hardly improve recall and take longer to read
ROTATION_SEED = 2023  # the same rotation in every process, so that results are reproducible
_THREADED_ROWS = 400_000  # rows from which several threads are faster: waking one takes as long as half of fewer rows


@dataclass(frozen=True)
class SignBits:
    """Converts vectors to bits: subtract `centre` (dim,), apply `rotation` (dim, bits), take the signs."""

    centre: FloatArray
    rotation: FloatArray

    def encode(self, vectors: FloatArray) -> Words:
        """(n, bits / 64) uint64 of (n, dim) vectors."""
        rotated = (vectors - self.centre) @ self.rotation
        return np.packbits(rotated > 0, axis=1).view(np.uint64)


def bits_for(dim: int) -> int:
    """The default number of sign bits of a vector with `dim` numbers."""
    return min(MAX_SIGN_BITS, 64 * -(-2 * dim // 64))


def sign_bits(centre: FloatArray, bits: int | None = None) -> SignBits:
    """Sign bits for vectors around a centre (dim,): by default two per dimension, a multiple of 64 and at most 512.

    The rotation consists of orthogonal matrices side by side, because independent columns would be partly redundant.
    """
    dim = len(centre)
    bits = bits or bits_for(dim)
    rng = np.random.default_rng(ROTATION_SEED)
    blocks = [np.linalg.qr(rng.standard_normal((dim, dim)))[0] for _ in range(-(-bits // dim))]
    return SignBits(centre.astype(np.float32), np.hstack(blocks)[:, :bits].astype(np.float32))


@dataclass(frozen=True)
class ByteCodes:
    """Vectors with a byte per number: row i is about `codes[i] * scales[i]`, codes (n, dim) int8, scales (n,) float."""

    codes: Bytes
    scales: FloatArray

    @classmethod
    def of(cls, vectors: FloatArray) -> ByteCodes:
        """Codes of vectors (n, dim): each row is scaled so that its largest number is 127."""
        scales = np.abs(vectors).max(axis=1) / np.float32(127)
        scales[scales == 0] = 1
        return cls(np.rint(vectors / scales[:, None]).astype(np.int8), scales.astype(np.float32))

    @classmethod
    def joined(cls, parts: Sequence[ByteCodes]) -> ByteCodes:
        """The rows of all parts, in order."""
        return cls(np.concatenate([part.codes for part in parts]), np.concatenate([part.scales for part in parts]))

    def errors(self, vectors: FloatArray) -> FloatArray:
        """(n,) float32 the length of the error of each of the vectors (n, dim) that were encoded."""
        return np.linalg.norm(vectors - self.codes * self.scales[:, None], axis=1)

    def dots(self, vector: FloatArray, rows: IntArray) -> FloatArray:
        """(len(rows),) float32 approximate inner products of these rows with a vector (dim,)."""
        out = np.empty(len(rows), np.float32)
        dots_of_bytes(self.codes, self.scales, vector, rows, out)
        return out


def candidates(words: Words, query: Words, n: int) -> IntArray:
    """The n rows of `words` (m, w) that differ from `query` (w,) in the fewest bits, in row order.

    All rows that tie with the last one are included, so there may be more than n.
    """
    rows, most = len(words), 64 * words.shape[1]
    distances = np.empty(rows, np.uint16)
    parts = thread_count() if rows >= _THREADED_ROWS else 1
    bounds = np.linspace(0, rows, parts + 1).astype(int).tolist()

    def scan(start: int, end: int) -> IntArray:
        histogram = np.zeros(most + 1, np.int64)
        hamming(words, query, distances, start, end, histogram)
        return histogram

    total = np.cumsum(np.sum(map_ranges(scan, bounds), axis=0))
    limit = int(np.searchsorted(total, min(n, rows)))
    nearest = np.empty(total[limit], np.int64)
    write_rows_within(distances, limit, nearest)
    return nearest


@kernel
def hamming(
    words: Words, query: Words, distances: npt.NDArray[np.uint16], start: int, end: int, histogram: IntArray
) -> None:
    """Write the Hamming distance of each row from start to end, and count the rows of each distance."""
    for row in range(start, end):
        differing = 0
        for word in range(words.shape[1]):
            # The number of set bits; LLVM recognises the pattern and emits one instruction.
            x = words[row, word] ^ query[word]
            x = x - ((x >> np.uint64(1)) & np.uint64(0x5555555555555555))
            x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
            x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
            differing += np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))
        distances[row] = differing
        histogram[differing] += 1


@kernel
def write_rows_within(distances: npt.NDArray[np.uint16], limit: int, out: IntArray) -> None:
    """Write the rows whose distance is at most `limit`, in order; `out` has exactly their number of entries."""
    at = 0
    for row in range(len(distances)):
        if distances[row] <= limit:
            out[at] = row
            at += 1


@summing_kernel
def dots_of_bytes(codes: Bytes, scales: FloatArray, vector: FloatArray, rows: IntArray, out: FloatArray) -> None:
    """Write the inner products of the encoded rows with a vector of floats (dim,)."""
    for at in range(len(rows)):
        row = rows[at]
        total = np.float32(0)
        for column in range(codes.shape[1]):
            total += np.float32(codes[row, column]) * vector[column]
        out[at] = total * scales[row]
