"""Latent codes in few bits: each number is rounded to one of 2^bits equidistant levels between known bounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semsearch.arrays import ByteArray, FloatArray
from semsearch.errors import InputError, out_of_range

MAX_CODE_BITS = 16  # bits per number of a code


@dataclass(frozen=True)
class UniformQuantiser:
    """A uniform quantiser; all codes share its bounds."""

    low: FloatArray  # (dim,) float32, the lowest level of each number
    high: FloatArray  # (dim,) float32, the highest level
    bits: int  # per number

    @property
    def size(self) -> int:
        """Bytes of a packed code; the last one is padded with zero bits."""
        return -(-len(self.low) * self.bits // 8)

    def pack(self, codes: FloatArray) -> ByteArray:
        """Codes (n, dim) as (n, size) bytes; a number beyond the bounds becomes the nearest level."""
        top = (1 << self.bits) - 1
        share = np.clip((codes - self.low) / np.maximum(self.high - self.low, 1e-30), 0, 1)
        levels = np.rint(share * top).astype(np.uint16)
        places = np.arange(self.bits - 1, -1, -1, dtype=np.uint16)
        digits = (levels[:, :, None] >> places & 1).astype(np.uint8)
        return np.packbits(digits.reshape(len(codes), -1), axis=1)

    def unpack(self, packed: ByteArray) -> FloatArray:
        """The codes (n, dim) float32 of packed ones, with errors of at most half a step."""
        n, dim, top = len(packed), len(self.low), (1 << self.bits) - 1
        digits = np.unpackbits(packed, axis=1, count=dim * self.bits).reshape(n, dim, self.bits)
        levels = digits @ (1 << np.arange(self.bits - 1, -1, -1))
        return (self.low + (self.high - self.low) * (levels / top)).astype(np.float32)


def fit_quantiser(codes: FloatArray, bits: int) -> UniformQuantiser:
    """A quantiser whose bounds cover these codes (n, dim). Raises InputError for invalid bits and for no codes."""
    if not 1 <= bits <= MAX_CODE_BITS:
        raise out_of_range("--bits", bits, least=1, most=MAX_CODE_BITS)
    if not len(codes):
        raise InputError("There are no codes to take the bounds from: at least 1 is needed")
    return UniformQuantiser(codes.min(axis=0), codes.max(axis=0), bits)
