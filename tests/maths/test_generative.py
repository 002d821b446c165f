"""Measures of what is made: closed forms, naive loops, and the failures that each is there to tell."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from semsearch.errors import InputError
from semsearch.maths.generative import frechet_distance, manifold_scores


def cloud(n: int, d: int, seed: int, shift: float = 0.0, scale: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, d)) * scale + shift


def test_frechet_distance_agrees_with_a_matrix_root() -> None:
    a, b = cloud(300, 5, 0) @ cloud(5, 5, 1), cloud(200, 5, 2, shift=1.0) @ cloud(5, 5, 3)
    A, B = np.cov(a.T), np.cov(b.T)
    naive = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(A + B - 2 * np.real(sqrtm(A @ B)))
    assert frechet_distance(a, b) == pytest.approx(naive, rel=1e-6)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-8)


def test_frechet_distance_of_moved_and_stretched_gaussians() -> None:
    a = cloud(20_000, 3, 0)
    assert frechet_distance(a, a + 2) == pytest.approx(12, rel=1e-6)  # 3 dimensions, 2² each
    assert frechet_distance(a, a * 3) == pytest.approx(4 * np.trace(np.cov(a.T)) + 4 * (a.mean(0) ** 2).sum(), rel=1e-6)


def naive_likeness(real: np.ndarray, made: np.ndarray, k: int) -> tuple[float, float, float, float]:
    def distance(one: np.ndarray, other: np.ndarray) -> float:
        return float(np.linalg.norm(one - other))

    def reach(items: np.ndarray) -> list[float]:
        return [sorted(distance(one, other) for other in items)[k] for one in items]

    real_reach, made_reach = reach(real), reach(made)
    inside = [[distance(r, m) <= limit for m in made] for r, limit in zip(real, real_reach, strict=True)]
    recalled = [any(distance(r, m) <= limit for m, limit in zip(made, made_reach, strict=True)) for r in real]
    columns = list(zip(*inside, strict=True))
    return (
        float(np.mean([any(column) for column in columns])), float(np.mean(recalled)),
        sum(map(sum, columns)) / (k * len(made)), float(np.mean([any(row) for row in inside])),
    )  # fmt: skip


def test_likeness_agrees_with_naive_loops() -> None:
    real, made = cloud(40, 2, 0), cloud(30, 2, 1, shift=0.7)
    found = manifold_scores(real, made, k=3)
    assert (found.precision, found.recall, found.density, found.coverage) == pytest.approx(
        naive_likeness(real, made, 3)
    )


def test_each_failure_is_told_by_its_measure() -> None:
    real = np.concatenate([cloud(300, 2, 0, shift=-5), cloud(300, 2, 1, shift=5)])
    fair = manifold_scores(real, np.concatenate([cloud(300, 2, 2, shift=-5), cloud(300, 2, 3, shift=5)]))
    one_mode, far = manifold_scores(real, cloud(600, 2, 4, shift=5)), manifold_scores(real, cloud(600, 2, 5, shift=50))
    assert min(fair.precision, fair.recall, fair.coverage) > 0.9 and fair.density == pytest.approx(1, abs=0.15)
    assert one_mode.precision > 0.9 and one_mode.recall < 0.6 and one_mode.coverage < 0.6
    assert far.precision == far.density == far.coverage == 0


def test_too_few_or_other_columns_are_refused() -> None:
    with pytest.raises(InputError, match="at least 6 of each"):
        manifold_scores(cloud(5, 2, 0), cloud(9, 2, 0))
    with pytest.raises(InputError, match="the same number of columns"):
        frechet_distance(cloud(5, 2, 0), cloud(5, 3, 0))
