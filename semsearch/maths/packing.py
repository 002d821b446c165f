"""Codes in few bits: each number as one of 2^bits equal steps between the least and the most that known codes have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semsearch.arrays import ByteArray, FloatArray
from semsearch.errors import InputError

MAX_CODE_BITS = 16


@dataclass(frozen=True)
class UniformQuantiser:
    """Where the steps begin and end, `low` and `high` (dim,) float32, which is told once for all codes; `bits` of each
    number."""

    low: FloatArray
    high: FloatArray
    bits: int

    @property
    def size(self) -> int:
        """Bytes of a packed code, the last one filled up with zeros."""
        return -(-len(self.low) * self.bits // 8)

    def pack(self, codes: FloatArray) -> ByteArray:
        """Codes (n, dim) as (n, size) bytes; a number beyond the last step becomes that."""
        top = (1 << self.bits) - 1
        share = np.clip((codes - self.low) / np.maximum(self.high - self.low, 1e-30), 0, 1)
        levels = np.rint(share * top).astype(np.uint16)
        places = np.arange(self.bits - 1, -1, -1, dtype=np.uint16)
        written = (levels[:, :, None] >> places & 1).astype(np.uint8)
        return np.packbits(written.reshape(len(codes), -1), axis=1)

    def unpack(self, packed: ByteArray) -> FloatArray:
        """The codes (n, dim) float32 that packed ones stand for, each off by half a step at most."""
        n, dim, top = len(packed), len(self.low), (1 << self.bits) - 1
        written = np.unpackbits(packed, axis=1, count=dim * self.bits).reshape(n, dim, self.bits)
        levels = written @ (1 << np.arange(self.bits - 1, -1, -1))
        return (self.low + (self.high - self.low) * (levels / top)).astype(np.float32)


def fit_quantiser(codes: FloatArray, bits: int) -> UniformQuantiser:
    """Steps that reach over all of these codes (n, dim). InputError for bits that cannot be, or no code."""
    if not 1 <= bits <= MAX_CODE_BITS:
        raise InputError(f"bits is {bits}: choose 1 to {MAX_CODE_BITS} for each number of a code")
    if not len(codes):
        raise InputError("There is no code to tell how far codes reach")
    return UniformQuantiser(codes.min(axis=0), codes.max(axis=0), bits)
