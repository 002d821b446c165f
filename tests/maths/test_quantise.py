"""Codes: the bits differ as angles do, the kernels count what numpy counts, bytes are near the floats."""

from __future__ import annotations

import numpy as np
import pytest

from semsearch.maths import quantise


def unit(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    rows = rng.standard_normal(shape).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("dim, bits", [(256, 512), (100, 256), (32, 64), (700, 512)])
def test_the_share_of_differing_bits_is_the_angle(dim: int, bits: int) -> None:
    vectors = unit(np.random.default_rng(1), (200, dim))
    signs = quantise.sign_bits(np.zeros(dim, np.float32))
    words = signs.encode(vectors)
    assert words.shape == (200, bits // 64)
    differing = np.unpackbits((words[:, None] ^ words[None]).view(np.uint8), axis=2).sum(axis=2)
    angles = np.arccos(np.clip(vectors @ vectors.T, -1, 1)) / np.pi
    # A share of n coin throws is off by 1 / (2 sqrt n) on average: four times that for the worst of many.
    assert np.abs(differing / bits - angles)[~np.eye(200, dtype=bool)].mean() < 1 / np.sqrt(bits)


@pytest.mark.parametrize("rows", [0, 1, 999, 60_000])
def test_candidates_are_the_nearest_by_bits(rows: int) -> None:
    rng = np.random.default_rng(2)
    words = rng.integers(0, 2**63, (rows, 3), dtype=np.uint64)
    query = rng.integers(0, 2**63, 3, dtype=np.uint64)
    distances = np.unpackbits((words ^ query).view(np.uint8), axis=1).sum(axis=1)
    for n in (1, 10, 2000):
        found = quantise.candidates(words, query, n)
        limit = np.sort(distances)[min(n, rows) - 1] if rows else 0
        assert found.tolist() == np.flatnonzero(distances <= limit).tolist()


def test_rotations_are_the_same_in_every_process() -> None:
    first, again = (quantise.sign_bits(np.zeros(40, np.float32)).rotation for _ in range(2))
    assert first.tobytes() == again.tobytes()
    assert first[:, :40].T @ first[:, :40] == pytest.approx(np.eye(40), abs=1e-5)  # float32


def test_bytes_are_near_the_floats_and_say_how_near() -> None:
    rng = np.random.default_rng(3)
    vectors = np.vstack([unit(rng, (500, 100)), np.zeros((1, 100), np.float32)])
    codes = quantise.ByteCodes.of(vectors)
    errors = codes.errors(vectors)
    query, rows = unit(rng, (1, 100))[0], rng.permutation(501)
    dots = codes.dots(query, rows)
    assert (np.abs(dots - (vectors @ query)[rows]) <= errors[rows] + 1e-6).all()
    assert errors.max() < 0.03 and errors[500] == 0
    halves = quantise.ByteCodes.joined([quantise.ByteCodes.of(vectors[:200]), quantise.ByteCodes.of(vectors[200:])])
    assert (halves.codes == codes.codes).all() and (halves.scales == codes.scales).all()
