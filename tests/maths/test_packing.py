"""Codes in few bits come back within half a step, in as many bytes as they say."""

from __future__ import annotations

import numpy as np
import pytest

from semsearch.errors import InputError
from semsearch.maths.packing import fit_quantiser


@pytest.mark.parametrize("bits", [1, 3, 8, 13, 16])
def test_codes_come_back_within_half_a_step(bits: int) -> None:
    codes = np.random.default_rng(0).standard_normal((50, 5)).astype(np.float32) * [1, 10, 100, 0.01, 0]
    steps = fit_quantiser(codes.astype(np.float32), bits)
    kept = steps.pack(codes.astype(np.float32))
    assert kept.dtype == np.uint8 and kept.shape == (50, steps.size) == (50, -(-5 * bits // 8))
    half = (codes.max(axis=0) - codes.min(axis=0)) / (2**bits - 1) / 2
    assert (np.abs(steps.unpack(kept) - codes) <= half * 1.001 + 1e-5).all()  # and float32's own grain
    assert (steps.pack(steps.unpack(kept)) == kept).all()


def test_what_lies_beyond_the_known_codes_becomes_the_last_step() -> None:
    steps = fit_quantiser(np.array([[0, 0], [1, 2]], np.float32), 8)
    assert steps.unpack(steps.pack(np.array([[-9, 9]], np.float32))).tolist() == [[0, 2]]


def test_bits_that_cannot_be() -> None:
    for bits in (0, 17):
        with pytest.raises(InputError, match="--bits must be between 1 and 16, not"):
            fit_quantiser(np.ones((2, 2), np.float32), bits)
    with pytest.raises(InputError, match="no code"):
        fit_quantiser(np.ones((0, 2), np.float32), 8)
