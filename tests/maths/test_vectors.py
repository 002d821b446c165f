"""Small arithmetic against the plain way."""

from __future__ import annotations

import numpy as np
import pytest

from semsearch.maths.vectors import apart_from, as_cosine, dots_of_rows


def test_dots_of_rows_are_those_of_a_product() -> None:
    rng = np.random.default_rng(7)
    vectors, vector = rng.standard_normal((50, 37)).astype("f4"), rng.standard_normal(37).astype("f4")
    rows = np.array([49, 0, 7, 7], np.int64)
    out = np.empty(4, np.float32)
    dots_of_rows(vectors, vector, rows, out)
    exact = vectors[rows].astype(float) @ vector.astype(float)
    assert np.allclose(out, exact, atol=1e-5)  # float32 sums of 37 numbers of size 1, in any order
    assert out[2] == out[3]


def test_a_cosine_is_within_its_bounds_and_has_the_digits_of_float32() -> None:
    assert as_cosine(1.0000001192092896) == 1.0 and as_cosine(-1.0000001192092896) == -1.0
    assert as_cosine(0.8372915387153625) == 0.837292
    assert str(as_cosine(-1e-9)) == "0.0"


def test_the_part_apart_from_others_is_orthogonal_to_them() -> None:
    rng = np.random.default_rng(0)
    vector, others = rng.standard_normal(8).astype(np.float32), rng.standard_normal((3, 8)).astype(np.float32)
    rest = apart_from(vector, others)
    assert np.abs(others @ rest).max() < 1e-5
    assert np.linalg.norm(rest) < np.linalg.norm(vector)
    twice = apart_from(vector, np.concatenate([others, others]))  # one direction, given twice, is one
    assert twice.tolist() == pytest.approx(rest.tolist(), abs=1e-5)
    assert np.linalg.norm(apart_from(others[0], others)) < 1e-5
