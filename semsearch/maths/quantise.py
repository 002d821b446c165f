"""Vectors as short codes: sign bits to find candidates by, bytes to rescore them by.

The sign bits of a vector, after a fixed random rotation, differ from another's in about angle / π of the places
(Charikar, "Similarity estimation techniques from rounding algorithms", STOC 2002). The rotation is not optional: LSA's
first directions carry most of a vector, and their signs alone say little. Neither is the centring: what all vectors
have in common would set the same bits in all. A million vectors of 512 bits are read in a few milliseconds where their
floats take fifty; the few hundred nearest by bits are then scored again, by their floats or by a byte a number.
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

MAX_SIGN_BITS = 512  # more find hardly more, and take longer to read
ROTATION_SEED = 2023  # of the rotation: the same in every process, so that answers are
_THREADED_ROWS = 400_000  # rows from which a second thread pays: below, waking it takes as long as its half


@dataclass(frozen=True)
class SignBits:
    """How vectors of some dim become bits: `centre` (dim,) is taken away, then `rotation` (dim, bits) applied."""

    centre: FloatArray
    rotation: FloatArray

    def encode(self, vectors: FloatArray) -> Words:
        """(n, bits / 64) uint64 of (n, dim) vectors."""
        turned = (vectors - self.centre) @ self.rotation
        return np.packbits(turned > 0, axis=1).view(np.uint64)


def sign_bits(centre: FloatArray, bits: int | None = None) -> SignBits:
    """Bits for vectors around a centre (dim,): by default two for each dimension, a multiple of 64 and at most 512.

    The rotation is made of orthogonal matrices side by side: independent columns would say some things twice.
    """
    dim = len(centre)
    bits = bits or min(MAX_SIGN_BITS, 64 * -(-2 * dim // 64))
    rng = np.random.default_rng(ROTATION_SEED)
    blocks = [np.linalg.qr(rng.standard_normal((dim, dim)))[0] for _ in range(-(-bits // dim))]
    return SignBits(centre.astype(np.float32), np.hstack(blocks)[:, :bits].astype(np.float32))


@dataclass(frozen=True)
class ByteCodes:
    """Vectors as a byte a number: row i is about `codes[i] * scales[i]`; codes (n, dim) int8, scales (n,) float32."""

    codes: Bytes
    scales: FloatArray

    @classmethod
    def of(cls, vectors: FloatArray) -> ByteCodes:
        """Each row scaled so that its largest number is 127."""
        scales = np.abs(vectors).max(axis=1) / np.float32(127)
        scales[scales == 0] = 1
        return cls(np.rint(vectors / scales[:, None]).astype(np.int8), scales.astype(np.float32))

    @classmethod
    def joined(cls, parts: Sequence[ByteCodes]) -> ByteCodes:
        """The rows of all parts."""
        return cls(np.concatenate([part.codes for part in parts]), np.concatenate([part.scales for part in parts]))

    def errors(self, vectors: FloatArray) -> FloatArray:
        """The length of what the codes leave out of each of the vectors that they were made of, (n,) float32."""
        return np.linalg.norm(vectors - self.codes * self.scales[:, None], axis=1)

    def dots(self, vector: FloatArray, rows: IntArray) -> FloatArray:
        """About the inner products of these rows with a vector (dim,), (len(rows),) float32."""
        out = np.empty(len(rows), np.float32)
        dots_of_bytes(self.codes, self.scales, vector, rows, out)
        return out


def candidates(words: Words, query: Words, n: int) -> IntArray:
    """At least the n rows of `words` (m, w) that differ from `query` (w,) in the fewest bits, in the order of rows.

    More than n where several differ in as many bits as the last: which of them came would be chance.
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
    found = np.empty(total[limit], np.int64)
    write_rows_within(distances, limit, found)
    return found


@kernel
def hamming(
    words: Words, query: Words, distances: npt.NDArray[np.uint16], start: int, end: int, histogram: IntArray
) -> None:
    """Write in how many bits each row from start to end differs, and count the rows of each distance."""
    for row in range(start, end):
        differing = 0
        for word in range(words.shape[1]):
            # The number of set bits; LLVM knows the pattern and makes one instruction of it.
            x = words[row, word] ^ query[word]
            x = x - ((x >> np.uint64(1)) & np.uint64(0x5555555555555555))
            x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
            x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
            differing += np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))
        distances[row] = differing
        histogram[differing] += 1


@kernel
def write_rows_within(distances: npt.NDArray[np.uint16], limit: int, found: IntArray) -> None:
    """Write the rows whose distance is at most `limit`, in order; `found` has the room for exactly all of them."""
    at = 0
    for row in range(len(distances)):
        if distances[row] <= limit:
            found[at] = row
            at += 1


@summing_kernel
def dots_of_bytes(codes: Bytes, scales: FloatArray, vector: FloatArray, rows: IntArray, out: FloatArray) -> None:
    """Inner products of some rows, as the bytes have them, with a vector of floats."""
    for at in range(len(rows)):
        row = rows[at]
        total = np.float32(0)
        for column in range(codes.shape[1]):
            total += np.float32(codes[row, column]) * vector[column]
        out[at] = total * scales[row]
