"""The nearest rows by sign bits are those of all products, and every row gets its neighbours whatever the data."""

from __future__ import annotations

import numpy as np
import pytest

from semsearch.maths import neighbours
from semsearch.maths.neighbours import nearest_rows


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def grouped(n: int, dim: int = 24) -> np.ndarray:
    """Rows in groups of twenty around directions of their own."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((-(-n // 20), dim))
    return unit(centres[np.arange(n) % len(centres)] + 0.4 * rng.standard_normal((n, dim)))


def by_products(vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    products = vectors @ vectors.T
    np.fill_diagonal(products, -np.inf)
    order = np.argsort(-products, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(products, order, axis=1)


def test_few_rows_are_compared_exactly() -> None:
    vectors = grouped(300)
    numbers, cosines = nearest_rows(vectors, 7)
    expected, scores = by_products(vectors, 7)
    assert (numbers == expected).all() and cosines == pytest.approx(scores, abs=1e-6)


def test_sign_bits_find_the_nearest_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "EXACT_ROWS", 100)
    vectors = grouped(2_000)
    numbers, cosines = nearest_rows(vectors, 5)
    _, scores = by_products(vectors, 5)
    # Tie-aware: a neighbour counts if its cosine reaches that of the true fifth. Twenty rows of 2,000 are close.
    assert (cosines >= scores[:, -1:] - 1e-5).mean() > 0.98
    assert np.einsum("ij,ikj->ik", vectors, vectors[numbers]) == pytest.approx(cosines, abs=1e-5)
    assert not (numbers == np.arange(2_000)[:, None]).any() and (np.diff(cosines, axis=1) <= 0).all()


def test_some_rows_get_what_all_get(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "EXACT_ROWS", 100)
    vectors, some = grouped(1_500), np.array([3, 1_499, 700])
    assert (nearest_rows(vectors, 4, some)[0] == nearest_rows(vectors, 4)[0][some]).all()


def test_equal_rows_have_equal_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    """All rows are within any limit, more than the buffer holds, so their cosines are computed."""
    monkeypatch.setattr(neighbours, "EXACT_ROWS", 100)
    vectors = np.repeat(unit(np.ones((1, 8))), 900, axis=0)
    numbers, cosines = nearest_rows(vectors, 3)
    assert numbers[:2].tolist() == [[1, 2, 3], [0, 2, 3]] and cosines == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("n", "k", "width"), [(1, 5, 0), (3, 5, 2), (2, 1, 1), (0, 5, 0)])
def test_few_rows_have_fewer_neighbours(n: int, k: int, width: int) -> None:
    numbers, cosines = nearest_rows(grouped(n) if n else np.empty((0, 24), np.float32), k)
    assert numbers.shape == cosines.shape == (n, width)
